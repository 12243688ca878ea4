"""/v1/responses: OpenAI's newer interface. A response may go on from one that is remembered (response_memory.py)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from schemas.assistant import Limits
from schemas.conversation import Message, ToolName
from schemas.errors import RequestError, ResponseMissing, RottieError
from serve.api import declared
from serve.api.bodies import read_body
from serve.api.chat import Choice, JsonObjectFormat, TextFormat
from serve.api.describing import answers
from serve.api.metrics import Metrics
from serve.api.response_events import Events
from serve.api.response_items import InputItem, OutputItem, messages_of, output_of, remembered
from serve.api.response_memory import Kept, Memory, newest
from serve.api.running import Runner, Whole
from serve.api.wire import TOP_LOGPROBS, Body, Sampling, Turn, checked, sampling_of

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

PATH = "/v1/responses"


class FunctionTool(Body):
    type: Literal["function"]
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = Field(default=None, description="Accepted; arguments always follow their schema.")


class NamedTool(Body):
    type: Literal["function"]
    name: str


class JsonSchemaFormat(Body):
    type: Literal["json_schema"]
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


Format = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class TextSettings(Body):
    format: Format | None = None
    verbosity: Literal["medium"] | None = None


class Reasoning(Body):
    """No engine here has a setting for it."""

    effort: Literal["none"] | None = None
    summary: None = None


class EventOptions(Body):
    include_obfuscation: bool | None = None


class ResponseRequest(Sampling):
    model: str = Field(default="champion", description="See /v1/chat/completions.")
    input: str | Annotated[tuple[InputItem, ...], Field(min_length=1)]
    instructions: str | None = Field(default=None, description="A system text for this response only.")
    tools: tuple[FunctionTool, ...] | None = Field(default=None, description="Absent: the tools the model was trained with.")
    tool_choice: Choice | NamedTool | None = None
    parallel_tool_calls: bool | None = Field(default=None, description="False: one call at most.")
    text: TextSettings | None = None
    max_output_tokens: int | None = Field(default=None, ge=1)
    previous_response_id: str | None = Field(default=None, description="Goes on from that response, where it is remembered.")
    store: bool | None = Field(default=None, description="False: not remembered. Memory is bounded and ends with the process.")
    stream: bool | None = False
    stream_options: EventOptions | None = None
    include: tuple[Literal["message.output_text.logprobs", "reasoning.encrypted_content"], ...] | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=TOP_LOGPROBS)
    # Accepted at their neutral value only.
    truncation: Literal["auto"] | None = Field(default=None, description="The oldest turns give way where they do not fit.")
    reasoning: Reasoning | None = None
    background: Literal[False] | None = None
    # About the caller: accepted and dropped.
    metadata: dict[str, str] | None = None
    user: str | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None

    @property
    def logprobs(self) -> int | None:
        wanted = "message.output_text.logprobs" in (self.include or ()) or bool(self.top_logprobs)
        return (self.top_logprobs or 0) if wanted else None

    def choice(self) -> str:
        return self.tool_choice.name if isinstance(self.tool_choice, NamedTool) else self.tool_choice or "auto"

    def schema_of_reply(self) -> dict[str, Any] | None:
        wanted = self.text.format if self.text else None
        if isinstance(wanted, JsonObjectFormat):
            return {"type": "object"}
        return wanted.schema_ if isinstance(wanted, JsonSchemaFormat) else None


class CachedTokens(Body):
    cached_tokens: int
    cache_write_tokens: int


class ReasoningTokens(Body):
    reasoning_tokens: int


class ResponseUsage(Body):
    input_tokens: int
    input_tokens_details: CachedTokens
    output_tokens: int
    output_tokens_details: ReasoningTokens
    total_tokens: int


class ResponseFault(Body):
    code: str
    message: str


class WhyIncomplete(Body):
    reason: Literal["max_output_tokens"]


class ResponseBody(Body):
    id: str
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    error: ResponseFault | None
    incomplete_details: WhyIncomplete | None
    instructions: str | None
    max_output_tokens: int | None
    model: str
    output: tuple[OutputItem, ...]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: Reasoning
    store: bool
    temperature: float
    text: dict[str, Any]
    tool_choice: str | dict[str, Any]
    tools: tuple[dict[str, Any], ...]
    top_logprobs: int
    top_p: float
    truncation: Literal["auto"]
    usage: ResponseUsage | None
    user: str | None
    metadata: dict[str, str]
    background: Literal[False]


class Forgotten(Body):
    id: str
    object: Literal["response"]
    deleted: Literal[True]


BODIES = {("post", PATH): ResponseRequest}


@dataclass
class _Asked:
    """One request, with the conversation that it goes on from."""

    request: ResponseRequest
    limits: Limits
    memory: Memory
    conversation: list[Message]
    created: int = field(default_factory=lambda: int(time.time()))

    def turn(self) -> Turn:
        request = self.request
        tools = declared.all_different(
            declared.tool(tool.name, tool.description, tool.parameters, tool.strict, f"tools.{number}")
            for number, tool in enumerate(request.tools or ())
        )
        choice = request.choice()
        if isinstance(request.tool_choice, NamedTool) and choice not in {tool.function.name for tool in tools}:
            raise RequestError("tool_choice names a tool that is not in tools", where="tool_choice")
        if (schema := request.schema_of_reply()) is not None:
            declared.in_order(schema, "text.format.schema")
        system = [Message(role="system", content=request.instructions)] if request.instructions else []
        return Turn(
            model=request.model,
            messages=(*system, *self.conversation),
            tools=None if request.tools is None else tools,
            tool_choice=choice,
            several_calls=request.parallel_tool_calls is not False,
            reply_schema=schema,
            max_tokens=min(request.max_output_tokens or self.limits.max_tokens, self.limits.max_tokens),
            logprobs=request.logprobs,
            **sampling_of(request),
        )

    def begun(self, model: str, inference_id: str) -> dict[str, Any]:
        request = self.request
        shown = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {
            "id": f"resp_{inference_id}",
            "object": "response",
            "created_at": self.created,
            "completed_at": None,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "model": model,
            "output": [],
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "reasoning": {"effort": None, "summary": None},
            "store": request.store is not False,
            "temperature": request.temperature or 0.0,
            "text": {"format": shown.get("text", {}).get("format", {"type": "text"})},
            "tool_choice": shown.get("tool_choice", "auto"),
            "tools": [{"parameters": None, "strict": None, **tool} for tool in shown.get("tools", [])],
            "top_logprobs": request.top_logprobs or 0,
            "top_p": 1.0 if request.top_p is None else request.top_p,
            "truncation": "auto",
            "usage": None,
            "user": request.user,
            "metadata": request.metadata or {},
            "background": False,
        }

    def finished(self, whole: Whole) -> dict[str, Any]:
        """The body of the whole response, which is remembered from now on unless the request forbids it."""
        cut = whole.end.finish_reason == "length"
        body = {
            **self.begun(whole.model, whole.inference_id),
            "completed_at": int(time.time()),
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output_of(whole),
            "usage": _usage(whole),
        }
        if body["store"]:
            messages = newest([*self.conversation, remembered(whole)], self.limits.messages)
            self.memory.keep(body["id"], Kept(body, messages))
        return body

    def failed(self, model: str, inference_id: str, error: RottieError) -> dict[str, Any]:
        fault = {"code": "server_error", "message": f"{error.message}. {error.hint}"}
        return {**self.begun(model, inference_id), "status": "failed", "error": fault}


def _usage(whole: Whole) -> dict[str, Any]:
    end = whole.end
    return {
        "input_tokens": end.prompt_tokens,
        "input_tokens_details": {"cached_tokens": end.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": end.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": end.prompt_tokens + end.completion_tokens,
    }


def _asked(raw: bytes, limits: Limits, memory: Memory) -> _Asked:
    request = checked(ResponseRequest, raw)
    if not isinstance(request.input, str) and len(request.input) > limits.messages:
        raise RequestError(f"more than {limits.messages} items", where="input")
    if request.tools and len(request.tools) > limits.tools:
        raise RequestError(f"more than {limits.tools} tools", where="tools")
    given = messages_of(request.input)
    if request.previous_response_id is None:
        return _Asked(request, limits, memory, given)
    if (before := memory.find(request.previous_response_id)) is None:
        hint = "Send the conversation as input: responses are kept in memory only, and not for ever."
        raise RequestError("that response is not remembered", where="previous_response_id", hint=hint)
    return _Asked(request, limits, memory, [*before.messages, *given])


def add_responses(app: FastAPI, turns: Turns, settings: Settings, metrics: Metrics) -> None:
    memory = Memory()
    described = answers(
        ResponseBody,
        400,
        404,
        413,
        503,
        504,
        events="Events of the Responses interface, such as `response.output_text.delta` and `response.completed`.",
    )

    @app.post(PATH, responses=described)
    async def respond(request: Request) -> Response:
        """One turn, plain or as typed server-sent events."""
        runner = Runner(turns, settings, metrics)
        asked = _asked(await read_body(request, settings.limits.request_bytes), settings.limits, memory)
        wanted = [asked.turn()]
        if asked.request.stream:
            events = Events(asked.begun, asked.finished, asked.failed)
            return await runner.stream(request, wanted, events, events.failed)
        return JSONResponse(asked.finished((await runner.whole(request, wanted))[0]))

    @app.get(PATH + "/{response_id}", responses=answers(ResponseBody, 404))
    async def again(response_id: str) -> dict[str, Any]:
        """A response that is remembered."""
        if (kept := memory.find(response_id)) is None:
            raise _missing()
        return kept.body

    @app.delete(PATH + "/{response_id}", responses=answers(Forgotten, 404))
    async def forget(response_id: str) -> dict[str, Any]:
        """What is forgotten cannot be gone on from."""
        if not memory.forget(response_id):
            raise _missing()
        return {"id": response_id, "object": "response", "deleted": True}


def _missing() -> ResponseMissing:
    return ResponseMissing("that response is not remembered", where="response_id")
