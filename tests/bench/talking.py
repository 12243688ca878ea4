"""Recordings told to a conversation as a microphone would, and when what came of it came. Shared by benchmarks that speak."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schemas.events import ActionDone, ReplyReady, TierAnswered
from schemas.talking import AudioMade, ClauseBegun, ReplyMade, StageDown, TalkEvent, TurnCommitted, TurnDropped, Waterfall
from serve.engines.samples import RATE
from serve.talking.session import Options, Session
from tests.household import Household
from tests.said import FRAME, Recording

FRAME_S = FRAME / RATE
PATIENCE_S = 6.0
"""After the end of speech, for all of the reply."""
_AFTER_S = 2.0  # of quiet behind a recording that comes all at once: more than ends any turn
SPOKEN = Options(rate=RATE)


@dataclass
class Told:
    """What came of one recording. ``first_ms``: from the end of speech to the first sound; None where there was none.

    ``spoken``: the words that the voice was given; ``loudest``: of its samples, 0 to 1. ``stages_ms``: the waterfall. ``calls``:
    that were done, by name; ``confirm``: some wait for a yes; ``failed``: stages that failed.
    """

    text: str
    heard: str = ""
    reply: str = ""
    spoken: str = ""
    tier: str = ""
    first_ms: float | None = None
    audio_ms: float = 0.0
    loudest: float = 0.0
    stages_ms: dict[str, float] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    confirm: bool = False
    failed: list[str] = field(default_factory=list)

    def note(self, event: TalkEvent, ends: float) -> None:
        if isinstance(event, AudioMade):
            self.first_ms = self.first_ms or (time.monotonic() - ends) * 1000
            self.loudest = max(self.loudest, float(np.abs(np.frombuffer(event.pcm, "<i2")).max(initial=0)) / 32768)
        elif isinstance(event, ClauseBegun):
            self.spoken += event.text
        elif isinstance(event, TurnCommitted):
            self.heard = event.text
        elif isinstance(event, ReplyMade):
            self.audio_ms = event.audio_ms
            self.reply = self.reply or event.text
        elif isinstance(event, Waterfall):
            self.stages_ms = event.stages_ms
        elif isinstance(event, StageDown):
            self.failed.append(event.stage)
        elif event.type == "assisted":
            inner = event.event
            if isinstance(inner, ReplyReady):
                self.reply = inner.text
            elif isinstance(inner, TierAnswered):
                self.tier = inner.tier
            elif isinstance(inner, ActionDone):
                self.calls.append(inner.action.name)
                self.confirm = self.confirm or inner.action.confirmation_needed is not None


async def told(session: Session, recording: Recording, real_time: bool = True) -> Told:
    """``recording`` and the quiet behind it, until the turn's waterfall has come or patience ends."""
    began = time.monotonic()
    listening, over = _listening(session, Told(recording.text), began + recording.end_ms / 1000)
    for number, frame in enumerate(recording.frames(PATIENCE_S if real_time else _AFTER_S)):
        if real_time:
            await asyncio.sleep(max(0.0, began + FRAME_S * (number + 1) - time.monotonic()))
            if over.is_set():
                break
        session.push(frame)
    return await _heard_out(listening)


async def typed(session: Session, text: str) -> Told:
    listening, _ = _listening(session, Told(text), time.monotonic())
    session.ask(text)
    return await _heard_out(listening)


def _listening(session: Session, found: Told, ends: float) -> tuple[asyncio.Task[Told], asyncio.Event]:
    """What notes the events of one turn, and whether it is over."""
    over = asyncio.Event()

    async def listen() -> Told:
        try:
            async with contextlib.aclosing(session.events()) as events:
                async for event in events:
                    found.note(event, ends)
                    if isinstance(event, Waterfall) or (isinstance(event, TurnDropped) and not found.heard):
                        break
        except asyncio.CancelledError:
            pass  # what has come by now is what came
        over.set()
        return found

    return asyncio.create_task(listen()), over


async def _heard_out(listening: asyncio.Task[Told]) -> Told:
    await asyncio.wait([listening], timeout=PATIENCE_S)
    listening.cancel()
    return await listening


def through(house: Household, **only: Any) -> Callable[[Recording], Awaitable[Told]]:
    """A conversation of its own for each recording. ``only``: see Household.only."""

    async def side(recording: Recording) -> Told:
        house.only(**only)
        async with house.parlour.session(SPOKEN) as session:
            return await told(session, recording)

    return side
