"""Items of a Realtime conversation: what clients put into one, and one as it stands, in its order.

What a user said as sound is kept as its words alone. Does not cover what is remembered beyond a connection: see
serve/conversing.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from schemas.conversation import FunctionCall, Message, ToolCall
from schemas.errors import RequestError
from serve.api.realtime.faults import Refused
from serve.api.response_memory import newest
from serve.api.wire import Body

ROOT = "root"
MOST_ITEMS = 1000
MOST_CHARACTERS = 1_000_000
"""Of all items of a conversation together; more is refused."""
ItemId = Annotated[str, Field(min_length=1, max_length=64)]
Status = Literal["in_progress", "completed", "incomplete"]


class InputText(Body):
    type: Literal["input_text"]
    text: str


class InputAudio(Body):
    """As the session's input is set to."""

    type: Literal["input_audio"]
    audio: str = Field(repr=False)
    transcript: str | None = Field(default=None, description="Shown, and not believed: what is heard counts.")


class OutputText(Body):
    type: Literal["output_text"]
    text: str


class OutputAudio(Body):
    """What was said aloud before, as a client tells it; its transcript is what counts."""

    type: Literal["output_audio"]
    transcript: str
    audio: str | None = Field(default=None, repr=False, description="Taken and without effect.")


class _Given(Body):
    id: ItemId | None = None
    object: Literal["realtime.item"] | None = None
    status: Status | None = None


class SystemMessage(_Given):
    type: Literal["message"]
    role: Literal["system"]
    content: tuple[InputText, ...] = Field(min_length=1, max_length=64)


class UserMessage(_Given):
    type: Literal["message"]
    role: Literal["user"]
    content: tuple[Annotated[InputText | InputAudio, Field(discriminator="type")], ...] = Field(min_length=1, max_length=64)


class AssistantMessage(_Given):
    type: Literal["message"]
    role: Literal["assistant"]
    content: tuple[Annotated[OutputText | OutputAudio, Field(discriminator="type")], ...] = Field(min_length=1, max_length=64)


class CallGiven(_Given):
    type: Literal["function_call"]
    name: str = Field(max_length=64)
    arguments: str
    call_id: ItemId | None = None


class CallOutput(_Given):
    type: Literal["function_call_output"]
    call_id: ItemId
    output: str


class Reference(Body):
    """An item that is there already."""

    type: Literal["item_reference"]
    id: ItemId


def _kind(item: Any) -> str | None:
    found = item.get if isinstance(item, dict) else lambda name: getattr(item, name, None)
    kind = found("type")
    return f"{found('role')}" if kind == "message" else kind if isinstance(kind, str) else None


_ITEMS = (
    Annotated[SystemMessage, Tag("system")]
    | Annotated[UserMessage, Tag("user")]
    | Annotated[AssistantMessage, Tag("assistant")]
    | Annotated[CallGiven, Tag("function_call")]
    | Annotated[CallOutput, Tag("function_call_output")]
)
GivenItem = Annotated[_ITEMS, Discriminator(_kind)]
ReferredItem = Annotated[_ITEMS | Annotated[Reference, Tag("item_reference")], Discriminator(_kind)]
AnyGiven = SystemMessage | UserMessage | AssistantMessage | CallGiven | CallOutput


def fresh(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(10)}"


@dataclass
class Part:
    """``text`` of a part with sound is its transcript; None until it is known."""

    sound: bool
    text: str | None


@dataclass
class Item:
    """``role`` call: a function that the model wants called; result: what came of it. ``asked``: a response has answered it.
    ``error``: why what was said in it could not be heard, as a failed response tells it.

    Of a reply: ``inference_id``, and ``audio_ms`` that were sent of it.
    """

    role: Literal["system", "user", "assistant", "call", "result"]
    id: str = field(default_factory=lambda: fresh("item"))
    status: Status = "completed"
    parts: list[Part] = field(default_factory=list)
    name: str = ""
    call_id: str = ""
    arguments: str = ""
    asked: bool = False
    error: dict[str, Any] | None = None
    inference_id: str = ""
    audio_ms: float = 0.0

    @property
    def text(self) -> str:
        return " ".join(part.text for part in self.parts if part.text)

    @property
    def is_known(self) -> bool:
        """Whether all that was said in it has been heard."""
        return all(part.text is not None for part in self.parts)

    @property
    def size(self) -> int:
        return len(self.text) + len(self.arguments) + 100

    def shown(self) -> dict[str, Any]:
        head: dict[str, Any] = {"id": self.id, "object": "realtime.item", "status": self.status}
        if self.role == "call":
            return {**head, "type": "function_call", "name": self.name, "call_id": self.call_id, "arguments": self.arguments}
        if self.role == "result":
            return {**head, "type": "function_call_output", "call_id": self.call_id, "output": self.text}
        return {**head, "type": "message", "role": self.role, "content": [self._shown(part) for part in self.parts]}

    def _shown(self, part: Part) -> dict[str, Any]:
        way = "output" if self.role == "assistant" else "input"
        return {"type": f"{way}_audio", "transcript": part.text} if part.sound else {"type": f"{way}_text", "text": part.text}

    def message(self) -> Message | None:
        """As the model reads it; None where it says nothing."""
        if self.role == "call":
            return Message(role="assistant", tool_calls=(self.call(),))
        if self.role == "result":
            return Message(role="tool", content=self.text, tool_call_id=self.call_id)
        return Message(role=self.role, content=self.text) if self.text else None

    def call(self) -> ToolCall:
        return ToolCall(id=self.call_id, function=FunctionCall(name=self.name, arguments=self.arguments or "{}"))


def item_of(given: AnyGiven) -> Item:
    """The sound of an InputAudio is not in it: its transcript is not known yet. Raises RequestError."""
    item = Item(role="user", id=given.id or fresh("item"))
    if isinstance(given, CallGiven):
        item.role, item.name, item.arguments = "call", given.name, given.arguments
        item.call_id = given.call_id or fresh("call")
        try:
            item.call()
        except ValueError:
            raise RequestError("the call's name or arguments cannot be used", where="item") from None
    elif isinstance(given, CallOutput):
        item.role, item.call_id, item.parts = "result", given.call_id, [Part(False, given.output)]
    else:
        item.role = given.role
        item.parts = [_part(part) for part in given.content]
    return item


def _part(given: InputText | InputAudio | OutputText | OutputAudio) -> Part:
    if isinstance(given, InputAudio):
        return Part(True, None)
    return Part(True, given.transcript) if isinstance(given, OutputAudio) else Part(False, given.text)


class Items:
    """The items of one conversation, in order. The oldest give way to what is said; a client that adds too many is refused."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __iter__(self) -> Any:
        return iter(self._items)

    def find(self, name: str) -> Item | None:
        return next((item for item in self._items if item.id == name), None)

    def the(self, name: str, doing: str) -> Item:
        """Raises Refused where there is none."""
        if (item := self.find(name)) is None:
            raise Refused(f"item_{doing}_invalid_item_id", "there is no item with this id", "item_id")
        return item

    def give(self, item: Item, after: str | None = None) -> str | None:
        """Put in what a client made, after the item ``after``; the id of the one before it. Raises Refused, RequestError."""
        if self.find(item.id) is not None:
            raise Refused("item_create_duplicate_item_id", "there is an item with this id", "item.id")
        if after not in (None, ROOT) and self.find(str(after)) is None:
            raise Refused("item_create_invalid_previous_item_id", "there is no item with this id", "previous_item_id")
        if len(self._items) >= MOST_ITEMS or sum(each.size for each in self._items) + item.size > MOST_CHARACTERS:
            raise RequestError("the conversation is too long", where="item", hint="Delete items, or connect again.")
        place = len(self._items) if after is None else 0 if after == ROOT else self._place(str(after)) + 1
        self._items.insert(place, item)
        return self._items[place - 1].id if place else None

    def add(self, item: Item) -> str | None:
        """Put in what was said; the id of the one before it."""
        while len(self._items) >= MOST_ITEMS:
            self._items.pop(0)
        self._items.append(item)
        return self._items[-2].id if len(self._items) > 1 else None

    def drop(self, item: Item) -> None:
        self._items.remove(item)

    def before(self, item: Item) -> str | None:
        place = self._place(item.id)
        return self._items[place - 1].id if place > 0 else None

    def unanswered(self) -> list[Item]:
        """What the user said since the last response."""
        return [item for item in self._items if item.role == "user" and not item.asked]

    def _place(self, name: str) -> int:
        return next((place for place, item in enumerate(self._items) if item.id == name), -1)


def messages_of(items: Iterable[Item], most: int) -> tuple[Message, ...]:
    """As the model reads them, the newest ``most`` at most; calls that follow each other are one message."""
    found: list[Message] = []
    for item in items:
        message = item.message()
        if message is None or item.status == "in_progress":
            continue
        if item.role == "call" and found and found[-1].role == "assistant":
            found[-1] = found[-1].model_copy(update={"tool_calls": (*found[-1].tool_calls, *message.tool_calls)})
        else:
            found.append(message)
    return newest(found, most, images=0) if found else ()


def referred(given: Sequence[Any], items: Items) -> list[Item]:
    """Raises Refused for an item that is not there, or that brings sound: that has not been heard."""
    found = []
    for one in given:
        if isinstance(one, Reference):
            found.append(items.the(one.id, "reference"))
        else:
            found.append(item_of(one))
            if not found[-1].is_known:
                raise Refused("invalid_value", "sound comes in by conversation.item.create", "response.input")
    return found
