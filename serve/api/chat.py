"""POST /v1/chat/completions: OpenAI's request, checked and made into turns.

Keys that only describe the caller (user, metadata, ...) are accepted and dropped; settings that no engine here has are
accepted at their neutral value. Does not cover the replies (replies.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from schemas.assistant import Limits
from schemas.conversation import FunctionCall, Message, Tool, ToolCall, ToolName
from schemas.errors import RequestError
from serve.api import declared, replies
from serve.api.bodies import read_body
from serve.api.describing import answers
from serve.api.metrics import Metrics
from serve.api.parts import Detail, Text, check_images, joined
from serve.api.running import Runner
from serve.api.wire import TOP_LOGPROBS, Body, PenalisedSampling, Turn, Where, checked, repeated, sampling_of
from serve.engines.grammar import ToolChoice

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

PATH = "/v1/chat/completions"
Choice = Literal["auto", "none", "required"]
MOST_ALLOWED = 1024
STRICT = (
    "Accepted; arguments always follow their schema, but for what a grammar does not say: pattern, format, multipleOf, not, the"
    " length of strings, and several schemas at once."
)


class TextPart(Text):
    type: Literal["text"]


class ImageUrl(Body):
    url: str = Field(description="A data URL of a PNG, JPEG or WebP image in base64; no address is fetched.")
    detail: Detail | None = Field(default=None, description="Accepted; the model's projector decides.")


class ImagePart(Body):
    """Of a user's message, for a model with a projector."""

    type: Literal["image_url"]
    image_url: ImageUrl

    @property
    def said(self) -> str:
        return ""

    @property
    def shown(self) -> str:
        return self.image_url.url


class ChatFunctionCall(Body):
    name: str
    arguments: str
    parsed_arguments: Any = Field(default=None, description="What the official client adds to a reply; dropped.")


class ChatToolCall(Body):
    id: str = ""
    type: Literal["function"] = "function"
    function: ChatFunctionCall
    index: int | None = None


class ChatMessage(Body):
    """A message as clients send it; the last fields come back from replies and must be null here."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[Annotated[TextPart | ImagePart, Field(discriminator="type")], ...] | None = None
    tool_calls: tuple[ChatToolCall, ...] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: None = None
    annotations: tuple[Any, ...] | None = None
    audio: None = None
    function_call: None = None
    parsed: Any = Field(default=None, description="What the official client adds to a reply; dropped.")

    def message(self, limits: Limits, where: str) -> Message:
        calls = tuple(
            ToolCall(id=item.id, function=FunctionCall(name=item.function.name, arguments=item.function.arguments or "{}"))
            for item in self.tool_calls or ()
        )
        text, images = joined(self.content, limits, f"{where}.content")
        return Message(
            role="system" if self.role == "developer" else self.role,
            content=text,
            tool_calls=calls,
            tool_call_id=self.tool_call_id,
            name=self.name,
            images=images,
        )


class ChatFunction(Body):
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = Field(default=None, description="JSON schema of an object; absent for no arguments.")
    strict: bool | None = Field(default=None, description=STRICT)


class ChatTool(Body):
    type: Literal["function"] = "function"
    function: ChatFunction


class NamedFunction(Body):
    name: str


class NamedTool(Body):
    type: Literal["function"] = "function"
    function: NamedFunction


class AllowedTools(Body):
    mode: Literal["auto", "required"] = "auto"
    tools: tuple[NamedTool, ...] = Field(min_length=1, max_length=MOST_ALLOWED)


class AllowedToolsChoice(Body):
    """Some of the declared tools; the prompt shows all of them, so that it stays the same from request to request."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


class StreamOptions(Body):
    include_usage: bool | None = False
    include_obfuscation: bool | None = None


class TextFormat(Body):
    type: Literal["text"]


class JsonObjectFormat(Body):
    type: Literal["json_object"]


class NamedSchema(Body):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = Field(default=None, description="Accepted; the reply always follows the schema.")


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    json_schema: NamedSchema


ResponseFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class ChatRequest(PenalisedSampling):
    model: str = Field(
        default="champion", description="champion, a registered model's name, name/version; each also with :adapter."
    )
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    tools: tuple[ChatTool, ...] | None = Field(default=None, description="Absent: the tools the model was trained with.")
    tool_choice: Choice | NamedTool | AllowedToolsChoice | None = None
    parallel_tool_calls: bool | None = Field(default=None, description="False: one call at most.")
    response_format: ResponseFormat | None = None
    home: tuple[str, ...] | None = Field(
        default=None, description="Extension: the home's lines, one an entity. Absent: the assistant's own home."
    )
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=TOP_LOGPROBS)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # Accepted at their neutral value only.
    modalities: tuple[Literal["text"], ...] | None = None
    reasoning_effort: Literal["none"] | None = None
    verbosity: Literal["medium"] | None = None
    # About the caller: accepted and dropped.
    user: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def choice(self, tools: tuple[Tool, ...]) -> ToolChoice:
        """Raises RequestError for a tool that is not among ``tools``."""
        asked, several = self.tool_choice, self.parallel_tool_calls
        if isinstance(asked, NamedTool):
            return declared.choice("named", asked.function.name, None, several, tools)
        if isinstance(asked, AllowedToolsChoice):
            only = [tool.function.name for tool in asked.allowed_tools.tools]
            return declared.choice(asked.allowed_tools.mode, None, only, several, tools)
        return declared.choice(asked or "auto", None, None, several, tools)

    def schema_of_reply(self) -> dict[str, Any] | None:
        if isinstance(self.response_format, JsonObjectFormat):
            return {"type": "object"}
        if isinstance(self.response_format, JsonSchemaFormat):
            return self.response_format.json_schema.schema_
        return None


BODIES = {("post", PATH): ChatRequest}


def parse(raw: bytes, limits: Limits) -> ChatRequest:
    """The request in ``raw``; RequestError names the first key that does not fit, never its value."""
    request = checked(ChatRequest, raw)
    if len(request.messages) > limits.messages:
        raise RequestError(f"more than {limits.messages} messages", where="messages")
    check_images((message.content for message in request.messages), limits, "messages")
    if request.tools and len(request.tools) > limits.tools:
        raise RequestError(f"more than {limits.tools} tools", where="tools")
    if request.top_logprobs is not None and not request.logprobs:
        raise RequestError("top_logprobs needs logprobs", where="top_logprobs")
    return request


def turn(request: ChatRequest, limits: Limits) -> Turn:
    """The turn that ``request`` asks for. Longer replies than the assistant allows are cut to its limit."""
    messages = []
    for index, item in enumerate(request.messages):
        with Where(f"messages.{index}"):
            messages.append(item.message(limits, f"messages.{index}"))
    tools = declared.all_different(
        declared.tool(tool.name, tool.description, tool.parameters, tool.strict, f"tools.{index}.function")
        for index, tool in enumerate(item.function for item in request.tools or ())
    )
    choice = request.choice(tools)
    schema = request.schema_of_reply()
    if schema is not None:
        declared.in_order(schema, "response_format.json_schema.schema")
    asked = request.max_completion_tokens or request.max_tokens or limits.max_tokens
    return Turn(
        model=request.model,
        messages=tuple(messages),
        tools=None if request.tools is None else tools,
        home=request.home,
        tool_choice=choice,
        reply_schema=schema,
        sampling=sampling_of(request, min(asked, limits.max_tokens), (request.top_logprobs or 0) if request.logprobs else None),
    )


def add_chat(app: FastAPI, turns: Turns, settings: Settings, metrics: Metrics) -> None:
    described = answers(replies.ChatCompletion, 400, 404, 413, 503, 504, events="Chunks, as `chat.completion.chunk`.")

    @app.post(PATH, responses=described)
    async def chat(request: Request) -> Response:
        """One turn of a conversation, or ``n`` at once, plain or as server-sent events."""
        runner = Runner(turns, settings, metrics)
        asked = parse(await read_body(request, settings.limits.request_bytes), settings.limits)
        wanted = repeated(turn(asked, settings.limits), asked.choices)
        if asked.stream:
            chunks = replies.Chunks(len(wanted), asked.wants_usage, bool(asked.logprobs))
            return await runner.stream(request, wanted, chunks, replies.failed)
        return JSONResponse(replies.completion(await runner.whole(request, wanted), bool(asked.logprobs)))
