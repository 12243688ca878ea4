"""Items of the Responses interface: what comes in as messages of a conversation, what a turn said as items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from schemas.assistant import Limits
from schemas.conversation import FunctionCall, Message, ToolCall
from serve.api.parts import Detail, Text, check_images, joined
from serve.api.replies import TokenChosen, shown
from serve.api.running import Whole
from serve.api.wire import Body, Where

Status = Literal["in_progress", "completed", "incomplete"]


class TextPart(Text):
    """Of a request, or one that was a reply before."""

    type: Literal["input_text", "output_text"]
    annotations: tuple[Any, ...] | None = None
    logprobs: tuple[Any, ...] | None = None
    parsed: Any = Field(default=None, description="What the official client adds to a reply; dropped.")


class ImagePart(Body):
    """Of a user's message, for a model with a projector."""

    type: Literal["input_image"]
    image_url: str = Field(description="A data URL of a PNG, JPEG or WebP image in base64; no address is fetched.")
    detail: Detail | None = Field(default=None, description="Accepted; the model's projector decides.")
    file_id: None = None

    @property
    def said(self) -> str:
        return ""

    @property
    def shown(self) -> str:
        return self.image_url


class _Item(Body):
    id: str | None = None
    status: Status | None = None


class MessageItem(_Item):
    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | tuple[Annotated[TextPart | ImagePart, Field(discriminator="type")], ...]
    phase: None = None

    def message(self, limits: Limits, where: str) -> Message:
        text, images = joined(self.content, limits, f"{where}.content")
        return Message(role="system" if self.role == "developer" else self.role, content=text, images=images)


class CallItem(_Item):
    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    parsed_arguments: Any = Field(default=None, description="What the official client adds to a reply; dropped.")

    def call(self) -> ToolCall:
        return ToolCall(id=self.call_id, function=FunctionCall(name=self.name, arguments=self.arguments or "{}"))


class CallOutputItem(_Item):
    type: Literal["function_call_output"]
    call_id: str
    output: str | tuple[TextPart, ...]

    def message(self, limits: Limits, where: str) -> Message:
        return Message(role="tool", content=joined(self.output, limits, where)[0], tool_call_id=self.call_id)


def _kind(item: Any) -> str | None:
    return item.get("type", "message") if isinstance(item, dict) else getattr(item, "type", None)


InputItem = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[CallItem, Tag("function_call")]
    | Annotated[CallOutputItem, Tag("function_call_output")],
    Discriminator(_kind),
]


class OutputText(Body):
    type: Literal["output_text"]
    text: str
    annotations: tuple[Any, ...]
    logprobs: tuple[TokenChosen, ...]


class SaidItem(Body):
    id: str
    type: Literal["message"]
    status: Status
    role: Literal["assistant"]
    content: tuple[OutputText, ...]


class CalledItem(Body):
    id: str
    type: Literal["function_call"]
    status: Status
    call_id: str
    name: str
    arguments: str


OutputItem = Annotated[SaidItem | CalledItem, Field(discriminator="type")]


class InputText(Body):
    type: Literal["input_text"]
    text: str


class InputImage(Body):
    type: Literal["input_image"]
    image_url: str
    detail: Detail


class GivenItem(Body):
    id: str
    type: Literal["message"]
    status: Status
    role: Literal["user", "system", "developer"]
    content: tuple[Annotated[InputText | InputImage, Field(discriminator="type")], ...]


class GivenOutputItem(Body):
    id: str
    type: Literal["function_call_output"]
    status: Status
    call_id: str
    output: str


class ItemPage(Body):
    object: Literal["list"]
    data: tuple[GivenItem | SaidItem | CalledItem | GivenOutputItem, ...]
    first_id: str
    last_id: str
    has_more: bool


def messages_of(given: str | Sequence[MessageItem | CallItem | CallOutputItem], limits: Limits) -> list[Message]:
    """A conversation; calls that follow each other are one message. RequestError names the item that does not fit."""
    if isinstance(given, str):
        return [Message(role="user", content=given)]
    check_images((item.content for item in given if isinstance(item, MessageItem)), limits, "input")
    found: list[Message] = []
    for number, item in enumerate(given):
        with Where(f"input.{number}"):
            if not isinstance(item, CallItem):
                found.append(item.message(limits, f"input.{number}"))
            elif found and found[-1].role == "assistant":
                found[-1] = found[-1].model_copy(update={"tool_calls": (*found[-1].tool_calls, item.call())})
            else:
                found.append(Message(role="assistant", tool_calls=(item.call(),)))
    return found


def given_items(given: str | Sequence[MessageItem | CallItem | CallOutputItem], inference_id: str) -> list[dict[str, Any]]:
    """Bodies of what a request gave, in its order, each with an id."""
    items = [MessageItem(role="user", content=given)] if isinstance(given, str) else given
    return [_given_item(item, f"{inference_id}_in{number}") for number, item in enumerate(items)]


def _given_item(item: MessageItem | CallItem | CallOutputItem, name: str) -> dict[str, Any]:
    status = item.status or "completed"
    if isinstance(item, CallItem):
        head = {"id": item.id or f"fc_{name}", "type": item.type, "status": status, "call_id": item.call_id}
        return {**head, "name": item.name, "arguments": item.arguments}
    if isinstance(item, CallOutputItem):
        head = {"id": item.id or f"fco_{name}", "type": item.type, "status": status, "call_id": item.call_id}
        return {**head, "output": item.output if isinstance(item.output, str) else "".join(part.said for part in item.output)}
    given = (TextPart(type="input_text", text=item.content),) if isinstance(item.content, str) else item.content
    parts = [text_part(part.said) if item.role == "assistant" else _given_part(part) for part in given]
    return {"id": item.id or f"msg_{name}", "type": "message", "status": status, "role": item.role, "content": parts}


def _given_part(part: TextPart | ImagePart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "input_text", "text": part.text}
    return {"type": "input_image", "image_url": part.shown, "detail": part.detail or "auto"}


def said_item(inference_id: str, text: str, status: Status, tokens: Sequence[Any] = ()) -> dict[str, Any]:
    """The body of a SaidItem; one that has just begun has no content yet."""
    content = [] if status == "in_progress" else [text_part(text, tokens)]
    return {"id": f"msg_{inference_id}", "type": "message", "status": status, "role": "assistant", "content": content}


def text_part(text: str, tokens: Sequence[Any] = ()) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": [shown(token) for token in tokens]}


def called_item(inference_id: str, number: int, call: ToolCall, status: Status) -> dict[str, Any]:
    """The body of a CalledItem; one that has just begun has no arguments yet."""
    arguments = "" if status == "in_progress" else call.function.arguments
    head = {"id": f"fc_{inference_id}_{number}", "type": "function_call", "status": status, "call_id": call.id}
    return {**head, "name": call.function.name, "arguments": arguments}


def output_of(whole: Whole) -> list[dict[str, Any]]:
    """What was said, where anything was or nothing was called; then the calls."""
    status: Status = "incomplete" if whole.end.finish_reason == "length" else "completed"
    items = [called_item(whole.inference_id, i, call, "completed") for i, call in enumerate(whole.calls)]
    if whole.text or not items:
        items.insert(0, said_item(whole.inference_id, whole.text, status, whole.logprobs))
    return items


def remembered(whole: Whole) -> Message:
    """The answer as a message of the conversation that goes on."""
    return Message(role="assistant", content=whole.text if whole.text or not whole.calls else None, tool_calls=whole.calls)
