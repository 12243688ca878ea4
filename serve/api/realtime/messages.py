"""Messages of Realtime clients, checked. Unknown types and keys are refused by name."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from schemas.errors import RequestTooLarge
from serve.api.realtime.items import GivenItem, ItemId, ReferredItem
from serve.api.realtime.shapes import (
    LONGEST_TEXT,
    Format,
    FunctionTool,
    Modalities,
    MostTokens,
    Reasoning,
    SessionShape,
    ToolChoice,
    VoiceId,
)
from serve.api.wire import Body, checked

MOST_AUDIO = 15 * 2**20
"""Characters of base64 in one message."""
LONGEST = MOST_AUDIO + 65_536
"""Bytes of a message."""
_BEARING_AUDIO = frozenset({"input_audio_buffer.append", "conversation.item.create"})


class _Message(Body):
    event_id: str | None = Field(default=None, max_length=512)


class SessionUpdate(_Message):
    type: Literal["session.update"]
    session: SessionShape


class Append(_Message):
    type: Literal["input_audio_buffer.append"]
    audio: str = Field(max_length=MOST_AUDIO, repr=False)


class Commit(_Message):
    type: Literal["input_audio_buffer.commit"]


class Clear(_Message):
    type: Literal["input_audio_buffer.clear"]


class ItemCreate(_Message):
    type: Literal["conversation.item.create"]
    item: GivenItem
    previous_item_id: ItemId | None = Field(default=None, description="`root`: before all others. Absent: after all.")


class ItemRetrieve(_Message):
    type: Literal["conversation.item.retrieve"]
    item_id: ItemId


class ItemDelete(_Message):
    type: Literal["conversation.item.delete"]
    item_id: ItemId


class ItemTruncate(_Message):
    type: Literal["conversation.item.truncate"]
    item_id: ItemId
    content_index: int = Field(ge=0, le=1000)
    audio_end_ms: int = Field(ge=0, le=86_400_000)


class ResponseOutput(Body):
    format: Format | None = None
    voice: Annotated[str, Field(max_length=64)] | VoiceId | None = None


class ResponseAudio(Body):
    output: ResponseOutput | None = None


class ResponseWish(Body):
    """One response, where it shall differ from what the session is set to."""

    conversation: Literal["auto", "none"] = Field(default="auto", description="none: nothing of it is remembered.")
    input: tuple[ReferredItem, ...] | None = Field(default=None, description="What the model sees in place of the conversation.")
    instructions: str | None = Field(default=None, max_length=LONGEST_TEXT)
    output_modalities: Modalities | None = None
    audio: ResponseAudio | None = None
    tools: tuple[FunctionTool, ...] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: MostTokens | None = None
    metadata: (
        Annotated[
            dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
            Field(max_length=16),
        ]
        | None
    ) = None
    reasoning: Reasoning | None = None
    prompt: None = None


class ResponseCreate(_Message):
    type: Literal["response.create"]
    response: ResponseWish = ResponseWish()


class ResponseCancel(_Message):
    type: Literal["response.cancel"]
    response_id: ItemId | None = None


Message = (
    SessionUpdate
    | Append
    | Commit
    | Clear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
)


class RealtimeMessage(RootModel[Annotated[Message, Field(discriminator="type")]]):
    """What a client sends, as JSON texts. Events come back as OpenAI's interface has them."""


def message_of(raw: bytes, most: int) -> Message:
    """Raises RequestError; RequestTooLarge for one over ``most`` bytes that brings no audio."""
    message = checked(RealtimeMessage, raw).root
    if len(raw) > most and message.type not in _BEARING_AUDIO:
        raise RequestTooLarge(f"the message is longer than {most} bytes", where="message")
    return message


def id_of(raw: bytes) -> str | None:
    """The event_id of a message that cannot be used, for the error that tells so."""
    try:
        found: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    name = found.get("event_id") if isinstance(found, dict) else None
    return name[:512] if isinstance(name, str) else None
