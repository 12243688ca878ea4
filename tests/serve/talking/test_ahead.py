"""Words that are made before it is certain that they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from schemas.conversation import Message
from schemas.errors import EngineError, HomeDown
from schemas.events import ReplyDelta, TurnEvent
from serve.api.wire import Turn
from serve.talking.ahead import Ahead


def asked(text: str) -> Turn:
    return Turn(model="champion", messages=(Message(role="user", content=text),))


class Model:
    """Says the request again, a word a bundle, and counts what it was asked and what was closed."""

    def __init__(self, fails: bool = False) -> None:
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.fails = fails

    async def stream(self, turn: Turn) -> AsyncGenerator[list[TurnEvent], None]:
        text = turn.messages[-1].content or ""
        self.asked.append(text)
        try:
            for word in text.split():
                await asyncio.sleep(0)
                if self.fails:
                    raise EngineError("lost")
                yield [ReplyDelta(inference_id="i", at_ms=0, text=word)]
        finally:
            self.closed.append(text)


async def prepared(text: str) -> Turn:
    return asked(text)


async def words(ahead: Ahead, text: str) -> list[str]:
    return [event.text async for bundle in ahead.stream(asked(text)) for event in bundle if isinstance(event, ReplyDelta)]


async def test_what_was_made_ahead_is_used_once() -> None:
    model = Model()
    ahead = Ahead(model, prepared)
    ahead.begin("good day")
    ahead.begin("good day")
    await asyncio.sleep(0.01)
    assert model.closed == ["good day"]  # made before anybody asked
    assert await words(ahead, "good day") == ["good", "day"]
    assert model.asked == ["good day"]
    assert await words(ahead, "good day") == ["good", "day"]
    assert model.asked == ["good day", "good day"]


async def test_another_turn_is_asked_anew() -> None:
    model = Model()
    ahead = Ahead(model, prepared)
    ahead.begin("good")
    ahead.begin("good day to you")
    assert await words(ahead, "good day") == ["good", "day"]
    await ahead.close()
    assert model.asked[-1] == "good day"
    assert sorted(model.closed) == sorted(model.asked)  # nothing goes on behind anybody's back


async def test_a_failure_ahead_is_told_to_whoever_asks_and_one_in_preparing_is_not() -> None:
    ahead = Ahead(Model(fails=True), prepared)
    ahead.begin("good day")
    with pytest.raises(EngineError):
        await words(ahead, "good day")

    async def cannot(text: str) -> Any:
        raise HomeDown("gone")

    ahead = Ahead(Model(), cannot)
    ahead.begin("good day")
    assert await words(ahead, "good day") == ["good", "day"]


async def test_a_reader_that_leaves_ends_what_was_begun() -> None:
    model = Model()
    ahead = Ahead(model, prepared)
    ahead.begin("one two three")
    stream = ahead.stream(asked("one two three"))
    await anext(stream)
    await stream.aclose()
    assert model.closed == ["one two three"]
