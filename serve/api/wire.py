"""The OpenAI-shaped request and reply of /v1/chat/completions, and their translation to and from turns.

Unknown keys are refused by name: a setting that is silently ignored would be worse. Keys that only describe the caller
(user, metadata, ...) are accepted and dropped; settings that no engine here has are accepted at their neutral value.
Does not cover the route itself (routes.py) or server-sent events (streaming.py).
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from schemas.assistant import Limits
from schemas.conversation import FunctionCall, Message, Tool, ToolCall
from schemas.errors import RequestError


def _text(value: Any) -> Any:
    """A list of text parts as one string; anything else is left to the field's own check."""
    if not isinstance(value, list):
        return value
    parts = []
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise ValueError("only parts of type text are understood")
        parts.append(part["text"])
    return "".join(parts)


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else (value or [])


Text = Annotated[str, BeforeValidator(_text)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChatFunctionCall(_Request):
    name: str
    arguments: str


class ChatToolCall(_Request):
    id: str = ""
    type: Literal["function"] = "function"
    function: ChatFunctionCall
    index: int | None = None


class ChatMessage(_Request):
    """A message as clients send it; the last fields come back from replies and must be null here."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | None = None
    tool_calls: tuple[ChatToolCall, ...] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: None = None
    annotations: list[Any] | None = None
    audio: None = None
    function_call: None = None

    def message(self) -> Message:
        calls = tuple(
            ToolCall(id=item.id, function=FunctionCall(name=item.function.name, arguments=item.function.arguments or "{}"))
            for item in self.tool_calls or ()
        )
        return Message(
            role="system" if self.role == "developer" else self.role,
            content=self.content,
            tool_calls=calls,
            tool_call_id=self.tool_call_id,
            name=self.name,
        )


class ChatFunction(_Request):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChatTool(_Request):
    type: Literal["function"] = "function"
    function: ChatFunction

    def tool(self) -> Tool:
        return Tool.model_validate({"function": self.function.model_dump(exclude_none=True)})


class NamedFunction(_Request):
    name: str


class NamedTool(_Request):
    type: Literal["function"] = "function"
    function: NamedFunction


class StreamOptions(_Request):
    include_usage: bool | None = False
    include_obfuscation: bool | None = None


class TextFormat(_Request):
    type: Literal["text"] = "text"


class ChatRequest(_Request):
    model: str = Field(default="champion", description="champion, a registered model's name, or name/version.")
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    tools: tuple[ChatTool, ...] | None = Field(default=None, description="Absent: the tools the model was trained with.")
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    home: tuple[str, ...] | None = Field(
        default=None, description="Extension: the home's lines, one an entity. Absent: the assistant's own home."
    )
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stop: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = Field(default=(), max_length=4)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # Accepted at their neutral value only.
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    frequency_penalty: Literal[0] | None = None
    presence_penalty: Literal[0] | None = None
    response_format: TextFormat | None = None
    modalities: tuple[Literal["text"], ...] | None = None
    # About the caller: accepted and dropped.
    user: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    parallel_tool_calls: bool | None = None

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)

    def choice(self) -> str:
        """auto, none, required, or the name of the one tool to call."""
        if isinstance(self.tool_choice, NamedTool):
            return self.tool_choice.function.name
        return self.tool_choice or "auto"


class Turn(BaseModel):
    """What travels from the gateway to a replica of the model: a checked request, without the wire's spellings.

    ``tool_choice`` is auto, none, required, or a declared tool's name. ``home_now`` to ``earlier``: see TurnRequest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] | None = None
    home: tuple[str, ...] | None = None
    home_now: tuple[str, ...] | None = None
    home_tools: tuple[Tool, ...] | None = None
    earlier: int | Literal["trained", "all"] = "all"
    tool_choice: str = "auto"
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


Shape = TypeVar("Shape", bound=BaseModel)


def checked(kind: type[Shape], raw: bytes) -> Shape:
    """The body ``raw`` as a ``kind``; RequestError names the first key that does not fit, never its value."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        # Escapes may form half of a character pair, which no tokenizer can take.
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise RequestError("the body is not valid UTF-8", where="body") from error
    except json.JSONDecodeError as error:
        raise RequestError(f"the body is not JSON: {error.msg} at character {error.pos}", where="body") from None
    except (RecursionError, ValueError) as error:
        raise RequestError("the body is not JSON that can be read here", where="body") from error
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise _refusal(error) from None


def parse(raw: bytes, limits: Limits) -> ChatRequest:
    """The request in ``raw``; RequestError names the first key that does not fit, never its value."""
    request = checked(ChatRequest, raw)
    if len(request.messages) > limits.messages:
        raise RequestError(f"more than {limits.messages} messages", where="messages")
    if request.tools and len(request.tools) > limits.tools:
        raise RequestError(f"more than {limits.tools} tools", where="tools")
    return request


def turn(request: ChatRequest, limits: Limits) -> Turn:
    """The turn that ``request`` asks for. Longer replies than the assistant allows are cut to its limit."""
    asked = request.max_completion_tokens or request.max_tokens or limits.max_tokens
    messages, tools = [], []
    for index, item in enumerate(request.messages):
        with _Where(f"messages.{index}"):
            messages.append(item.message())
    for index, item in enumerate(request.tools or ()):
        with _Where(f"tools.{index}"):
            tools.append(item.tool())
    choice = request.choice()
    if isinstance(request.tool_choice, NamedTool) and choice not in {tool.function.name for tool in tools}:
        raise RequestError("tool_choice names a tool that is not in tools", where="tool_choice")
    return Turn(
        model=request.model,
        messages=tuple(messages),
        tools=None if request.tools is None else tuple(tools),
        home=request.home,
        tool_choice=choice,
        max_tokens=min(asked, limits.max_tokens),
        temperature=request.temperature or 0.0,
        top_p=1.0 if request.top_p is None else request.top_p,
        seed=request.seed,
        stop=request.stop,
    )


class _Where:
    """Turns a validation error inside its block into a RequestError at ``place``."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValidationError):
            raise _refusal(error, self.place) from None


def _refusal(error: ValidationError, prefix: str = "") -> RequestError:
    """The first problem as a RequestError. Input values stay out: they are the user's words."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in (prefix, *first["loc"]) if part != "")
    return RequestError(f"{key or 'body'}: {first['msg']}", where=key or "body")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
