"""Who answers a Realtime session: the assistant, which acts in its home, or the model with the client's own tools.

The assistant has its own instructions, remembers its own turns and believes nothing that a client says it has said. The model
alone has the client's instructions and the items of the connection, and does nothing here: its calls are the client's to do.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from schemas.conversation import Message
from schemas.errors import RequestError
from schemas.events import (
    AssistEvent,
    AssistFinished,
    CallsReady,
    ReplyDelta,
    ReplyReady,
    TierAnswered,
    TurnEvent,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from schemas.talking import TurnCommitted
from schemas.text import one_line
from serve.api.assist import LONGEST_TEXT, AssistRequest, Desk, in_time
from serve.api.bodies import close_all
from serve.api.faults import error_from
from serve.api.realtime.items import Item, Items, messages_of
from serve.api.realtime.replying import Spent
from serve.api.realtime.settings import Course
from serve.api.talking import Spoken
from serve.api.wire import Turn
from serve.assisting import Turns
from serve.engines.protocol import Sampling
from serve.voicing import NOTHING_HEARD

_MOST_SPENT = 64


@dataclass
class _Counted:
    """``serve.assisting.Turns`` that notes what they took."""

    turns: Turns
    spent: Spent

    async def stream(self, turn: Turn) -> AsyncGenerator[list[TurnEvent], None]:
        bundles = self.turns.stream(turn)
        try:
            async for bundle in bundles:
                for event in bundle:
                    if isinstance(event, TurnFinished):
                        self.spent.note(event)
                yield bundle
        finally:
            await close_all(bundles)


class Answers(Spoken):
    """One connection. ``model``: as turns name it. ``course`` tells how a turn is to be answered; ``items`` what was said, and
    ``spoken`` which of them a turn is, once it is there.
    """

    def __init__(self, desk: Desk, items: Items, model: str, course: Callable[[int], Course]) -> None:
        super().__init__(desk)
        self._items, self._model, self._course = items, model, course
        self.spoken: dict[int, Item] = {}
        self._spent = OrderedDict[str, Spent]()

    def begin(self, text: str) -> None:
        if self._course(0).acts:
            super().begin(text)

    async def answer(self, committed: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
        course, mine = self._course(committed.turn), self.spoken.get(committed.turn)
        pending = [item for item in self._items.unanswered() if item is not mine]
        for item in [*pending, *([mine] if mine else [])]:
            item.asked = True
        if course.acts:
            said = [item.text for item in pending] if committed.seconds else []
            events = self._acting(" ".join(filter(None, [*said, committed.text])), course)
        else:
            more = [Message(role="user", content=committed.text)] if committed.seconds and mine is None else []
            events = self.alone(course, more)
        try:
            async for event in events:
                yield event
        finally:
            self.ahead.drop()
            await close_all(events)

    async def _acting(self, text: str, course: Course) -> AsyncGenerator[AssistEvent, None]:
        """The assistant's answer. Raises what Desk.answer raises."""
        if not one_line(text):
            async for event in _nothing():
                yield event
            return
        if len(text) > LONGEST_TEXT:
            raise RequestError(f"over {LONGEST_TEXT} characters were said at once", where="item")
        spent, settings = Spent(), self._desk.settings
        most = min(settings.manner.max_tokens, course.most_tokens or settings.manner.max_tokens)
        manner = replace(settings.manner, max_tokens=most, model=self._model)
        desk = replace(self._desk, turns=_Counted(self._desk.turns, spent), settings=replace(settings, manner=manner))
        wanted = AssistRequest(text=text, area=self.area, stream=True)
        async for event in self._noted(desk.answer(wanted, self.conversation), spent):
            yield event

    async def alone(self, course: Course, more: list[Message]) -> AsyncGenerator[AssistEvent | CallsReady, None]:
        """The model's answer to the items of the connection, or of the response, and ``more``."""
        limits = self._desk.settings.limits
        said = messages_of(self._items if course.input is None else course.input, limits.messages)
        system = [Message(role="system", content=course.instructions)] if course.instructions else []
        messages = (*system, *said, *more)
        if not messages:
            raise RequestError("there is nothing to answer", where="response", hint="Create an item first, or give instructions.")
        most = min(limits.max_tokens, course.most_tokens or limits.max_tokens)
        turn = Turn(
            model=self._model,
            messages=messages,
            tools=course.tools,
            tool_choice=course.choice,
            sampling=Sampling(max_tokens=most),
        )
        spent = Spent()
        events = in_time(_told(_Counted(self._desk.turns, spent), turn), limits, self._desk.metrics)
        async for event in self._noted(events, spent):
            yield event

    async def trim(self, inference_id: str, heard: str) -> None:
        for item in self._items:
            if item.role == "assistant" and item.inference_id == inference_id:
                item.parts[0].text = heard
        await super().trim(inference_id, heard)

    def spent_by(self, inference_id: str) -> Spent:
        return self._spent.pop(inference_id, None) or Spent()

    async def _noted(self, events: AsyncIterator[Any], spent: Spent) -> AsyncGenerator[Any, None]:
        noted = False
        try:
            async for event in events:
                if not noted:
                    noted = True
                    self._spent[event.inference_id] = spent
                    while len(self._spent) > _MOST_SPENT:
                        self._spent.popitem(last=False)
                yield event
        finally:
            await close_all(events)


async def _nothing() -> AsyncGenerator[AssistEvent, None]:
    stamp: dict[str, Any] = {"inference_id": uuid.uuid4().hex, "at_ms": 0}
    yield TierAnswered(**stamp, tier="none")
    yield ReplyReady(**stamp, text=NOTHING_HEARD)
    yield AssistFinished(**stamp, timings_ms={})


async def _told(turns: _Counted, turn: Turn) -> AsyncGenerator[Any, None]:
    """A turn of the model as the events of an answer, CallsReady among them."""
    began, text, name = time.monotonic(), "", uuid.uuid4().hex

    def stamp() -> dict[str, Any]:
        return {"inference_id": name, "at_ms": (time.monotonic() - began) * 1000}

    bundles = turns.stream(turn)
    try:
        async for bundle in bundles:
            for event in bundle:
                if isinstance(event, TurnStarted):
                    name = event.inference_id
                    yield TierAnswered(**stamp(), tier="model", model=event.model)
                elif isinstance(event, ReplyDelta):
                    text += event.text
                    yield ReplyDelta(**stamp(), text=event.text)
                elif isinstance(event, CallsReady):
                    yield event
                elif isinstance(event, TurnFailed):
                    raise error_from(event.error)
    finally:
        await close_all(bundles)
    yield ReplyReady(**stamp(), text=text)
    yield AssistFinished(**stamp(), timings_ms={"model": round(stamp()["at_ms"], 3)})
