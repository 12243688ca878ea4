"""One response as Realtime events: created, what is said or called, done.

A response has one message at most, whose only part is a text or sound with its transcript, and the calls that follow it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.conversation import ToolCall
from schemas.events import TurnFinished
from schemas.talking import OUT_RATE
from serve.api.realtime.items import Item, Items, Part, Status, fresh
from serve.api.realtime.outgoing import Outgoing
from serve.api.realtime.settings import VOICE, Course

Event = dict[str, Any]
End = Literal["completed", "cancelled", "failed", "incomplete"]


def event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": fresh("event"), **fields}


@dataclass
class Spent:
    """Tokens that the model took for one response, over all its rounds; none where it was not asked."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0
    cut: bool = False

    def note(self, end: TurnFinished) -> None:
        self.prompt += end.prompt_tokens
        self.cached += end.cached_tokens
        self.completion += end.completion_tokens
        self.cut = end.finish_reason == "length"

    def shown(self) -> Event:
        cached = {"text_tokens": self.cached, "audio_tokens": 0, "image_tokens": 0}
        return {
            "total_tokens": self.prompt + self.completion,
            "input_tokens": self.prompt,
            "output_tokens": self.completion,
            "input_token_details": {
                "text_tokens": self.prompt,
                "audio_tokens": 0,
                "image_tokens": 0,
                "cached_tokens": self.cached,
                "cached_tokens_details": cached,
            },
            "output_token_details": {"text_tokens": self.completion, "audio_tokens": 0},
        }


@dataclass
class Reply:
    """``turn``: of the session's events, once it is known. ``end``: how it ended; what comes afterwards is no part of it."""

    course: Course
    items: Items
    conversation: str
    turn: int | None = None
    inference_id: str = ""
    spent: Spent = field(default_factory=Spent)
    error: Event | None = None
    end: End | None = None

    def __post_init__(self) -> None:
        self.id = fresh("resp")
        self.message: Item | None = None
        self._output: list[Item] = []
        self._outgoing = Outgoing(self.course.format)
        self._open = False

    @property
    def text(self) -> str:
        return self.message.text if self.message else ""

    def begun(self) -> list[Event]:
        return [event("response.created", response=self._body("in_progress"))]

    def say(self, text: str) -> list[Event]:
        """More of what is said, as it is written."""
        if not text:
            return []
        told = self._speaking()
        assert self.message is not None
        part = self.message.parts[0]
        part.text = (part.text or "") + text
        return [*told, self._part(f"response.output_{'audio_transcript' if self.course.speak else 'text'}.delta", delta=text)]

    def sound(self, pcm: bytes) -> list[Event]:
        """More of it as sound: 16-bit mono samples at OUT_RATE. It may go on after the end: see ReplyResumed."""
        told = self._speaking() if self.end is None else []
        if self.message is not None:
            self.message.audio_ms += len(pcm) / 2 / OUT_RATE * 1000
        return told + self._sounds(self._outgoing.push(pcm))

    def resume(self, played_ms: float) -> None:
        """What was not played is sent again."""
        if self.message is not None:
            self.message.audio_ms = played_ms
        if self.end is not None:
            self._outgoing = Outgoing(self.course.format)

    def call(self, calls: tuple[ToolCall, ...]) -> list[Event]:
        return [*self._quiet("completed"), *(one for call in calls for one in self._called(call))]

    def finish(self, end: End, reason: str | None = None) -> list[Event]:
        """The end, once."""
        if self.end is not None:
            return []
        told = self._quiet("completed" if end in ("completed", "failed") else "incomplete")
        self.end = end
        return [*told, event("response.done", response=self._body(end, reason))]

    def _speaking(self) -> list[Event]:
        """The message begins, unless it has."""
        if self.message is not None:
            return []
        self.message = Item(role="assistant", status="in_progress", inference_id=self.inference_id)
        self._open = True
        told = self._added(self.message)
        self.message.parts = [Part(self.course.speak, "")]
        empty = {"type": "audio", "transcript": ""} if self.course.speak else {"type": "text", "text": ""}
        return [*told, self._part("response.content_part.added", part=empty)]

    def _quiet(self, status: Status) -> list[Event]:
        """The message ends, if one has begun."""
        if self.message is None or not self._open:
            return []
        self._open = False
        self.message.status = status
        text = self.text
        if self.course.speak:
            told = self._sounds(self._outgoing.finish())
            told += [
                self._part("response.output_audio.done"),
                self._part("response.output_audio_transcript.done", transcript=text),
            ]
            part: Event = {"type": "audio", "transcript": text}
        else:
            told, part = [self._part("response.output_text.done", text=text)], {"type": "text", "text": text}
        return [*told, self._part("response.content_part.done", part=part), *self._done(self.message)]

    def _called(self, call: ToolCall) -> list[Event]:
        item = Item(
            role="call",
            status="in_progress",
            name=call.function.name,
            call_id=call.id or fresh("call"),
            inference_id=self.inference_id,
        )
        told = self._added(item)
        item.arguments, item.status = call.function.arguments, "completed"
        place = {"response_id": self.id, "item_id": item.id, "output_index": len(self._output) - 1, "call_id": item.call_id}
        told.append(event("response.function_call_arguments.delta", **place, delta=item.arguments))
        told.append(event("response.function_call_arguments.done", **place, name=item.name, arguments=item.arguments))
        return told + self._done(item)

    def _added(self, item: Item) -> list[Event]:
        self._output.append(item)
        told = [event("response.output_item.added", **self._place(item), item=item.shown())]
        if self.course.kept:
            before = self.items.add(item)
            told.append(event("conversation.item.added", previous_item_id=before, item=item.shown()))
        return told

    def _done(self, item: Item) -> list[Event]:
        told = [event("response.output_item.done", **self._place(item), item=item.shown())]
        if self.course.kept:
            told.insert(0, event("conversation.item.done", previous_item_id=self.items.before(item), item=item.shown()))
        return told

    def _sounds(self, data: bytes) -> list[Event]:
        return [self._part("response.output_audio.delta", delta=base64.b64encode(data).decode())] if data else []

    def _part(self, kind: str, **fields: Any) -> Event:
        assert self.message is not None
        return event(
            kind,
            response_id=self.id,
            item_id=self.message.id,
            output_index=self._output.index(self.message),
            content_index=0,
            **fields,
        )

    def _place(self, item: Item) -> Event:
        return {"response_id": self.id, "output_index": self._output.index(item)}

    def _body(self, status: str, reason: str | None = None) -> Event:
        details: Event | None = None
        if status in ("cancelled", "incomplete"):
            details = {"type": status, "reason": reason}
        elif status == "failed":
            details = {"type": status, "error": self.error}
        course = self.course
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [item.shown() for item in self._output],
            "conversation_id": self.conversation if course.kept else None,
            "output_modalities": ["audio" if course.speak else "text"],
            "max_output_tokens": course.most_tokens or "inf",
            "audio": {"output": {"format": course.format.model_dump(), "voice": VOICE}},
            "usage": None if status == "in_progress" else self.spent.shown(),
            "metadata": course.metadata,
        }
