"""Spoken conversations with the assistant: a Session joined to the desk where requests are answered, whichever door it is for.

Does not cover the doors (serve/api/realtime) nor the conversation itself (serve/talking).
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.assistant import Talk
from schemas.conversation import Message
from schemas.errors import Overloaded, RottieError
from schemas.events import AssistEvent, CallsReady
from schemas.settings import Home
from schemas.talking import TurnCommitted
from schemas.text import one_line
from serve.api.assist import LONGEST_TEXT, AssistRequest, Desk
from serve.api.bodies import close_all
from serve.api.wire import Turn
from serve.assisting import Asked, turn_of
from serve.conversing import Said
from serve.engines.encoding import wav_header
from serve.engines.samples import RATE
from serve.talking.ahead import Ahead
from serve.talking.session import Options, Parts, Session
from serve.voicing import names_of


class Parlour:
    """The spoken conversations of one gateway: at most ``talk.sessions`` at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: set[Session] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def desk(self) -> Desk:
        return self._desk

    def full(self) -> Overloaded | None:
        """Why no more conversations can begin now, where that is so."""
        most = self._desk.settings.talk.sessions
        return Overloaded(f"{most} spoken conversations are open") if len(self._open) >= most else None

    @asynccontextmanager
    async def session(self, options: Options, spoken: Spoken | None = None, talk: Talk | None = None) -> AsyncIterator[Session]:
        """One conversation; when the block ends nothing of it is left. ``talk``: how it listens, None: as the assistant does.
        Raises Overloaded."""
        settings = self._desk.settings
        if refusal := self.full():
            raise refusal
        spoken = spoken or Spoken(self._desk)
        parts = Parts(
            ears=self._desk.speech.ears if settings.stt else None,
            voice=self._desk.speech.voice if settings.tts else None,
            second=self._desk.speech.second_voice if settings.tts else None,
            answer=spoken.answer,
            names=lambda: names_of(self._desk.home),
            trim=spoken.trim,
            begin=spoken.begin,
            keep=spoken.keep,
            timed=self._desk.metrics.spoken,
        )
        if settings.stt is not None:
            options = replace(options, confidence=options.confidence or settings.stt.confidence)
        session = Session(parts, talk or settings.talk, options)
        self._open.add(session)
        try:
            async with session:
                yield session
        finally:
            self._open.discard(session)
            await spoken.ahead.close()


class Spoken:
    """How the turns of one spoken conversation are answered: by the assistant. ``conversation``: the one that it goes on with,
    which is begun where it is not there. ``area``: where who speaks is."""

    def __init__(self, desk: Desk, conversation: str | None = None, area: str | None = None) -> None:
        self.ahead = Ahead(desk.turns, self._prepared)
        self.conversation, self.area = conversation or uuid.uuid4().hex, area
        self._desk = replace(desk, turns=self.ahead)

    def begin(self, text: str) -> None:
        """The model may begin on what will probably be said."""
        self.ahead.begin(text)

    async def answer(self, committed: TurnCommitted) -> AsyncGenerator[AssistEvent | CallsReady, None]:
        wanted = AssistRequest(text=committed.text[:LONGEST_TEXT], area=self.area, stream=True)
        events = self._desk.answer(wanted, self.conversation)
        try:
            async for event in events:
                yield event
        finally:
            self.ahead.drop()
            await close_all(events)

    async def trim(self, inference_id: str, heard: str) -> None:
        if self._desk.talks is not None:
            await self._desk.talks.trim(self.conversation, self._desk.manner, inference_id, heard)

    async def keep(self, turn: int, audio: NDArray[np.float32]) -> None:
        await asyncio.to_thread(_write, Home.current().root / "recordings" / self.conversation, turn, audio)

    async def _prepared(self, text: str) -> Turn:
        """What the model would be asked if ``text`` were said now."""
        manner, text = self._desk.manner, one_line(text)
        if not manner.tiers.model:
            raise _NoModel("the model is off")
        present, earlier = await asyncio.gather(self._desk.home.present(), self._earlier(text))
        return turn_of([*earlier, Message(role="user", content=text)], present, manner)

    async def _earlier(self, text: str) -> tuple[Message, ...]:
        if self._desk.talks is None:
            return ()
        said = Said(Asked(text=text), self.conversation, begin=True)
        return await self._desk.talks.recall(said, self._desk.manner)


class _NoModel(RottieError):
    """Never told: it only ends what was begun ahead."""


def _write(folder: Path, turn: int, audio: NDArray[np.float32]) -> None:
    """Whole or not at all, for the owner of the files alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    raw = (audio.clip(-1.0, 1.0) * 32767).round().astype("<i2").tobytes()
    file = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{turn:04}.wav"
    building = file.with_name(f".{file.name}")
    building.write_bytes(wav_header(RATE, len(raw)) + raw)
    building.chmod(0o600)
    building.rename(file)
