"""A recording heard while it comes in, over WS /v1/realtime: what was said so far, and all of it soon after its end.

Where that cannot be done the caller asks for the whole recording's transcript instead; nothing is said here of why.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rottie.talk.line import Line, opened
from schemas.errors import RottieError
from serve.api.doors import read_key
from serve.engines.samples import RATE

END_S = 30.0
"""For the transcript, once the recording has ended."""
LONGEST_S = 25.0
"""A session cuts what is longer into several turns."""
_WORDS = "conversation.item.input_audio_transcription"


class Following:
    """One recording. ``close`` it in the end, however that comes."""

    def __init__(self, address: str, key_file: Path, language: str | None) -> None:
        self._address, self._key_file, self._language = address, key_file, language
        self._stack = AsyncExitStack()
        self._line: Line | None = None
        self._reading: asyncio.Task[None] | None = None
        self.stable = ""
        """What was said so far and will hardly change."""
        self._pushed = 0  # bytes
        self._committed = False
        self._text = ""
        self._over = asyncio.Event()  # nothing more will be known
        self._failed = False

    async def begin(self) -> None:
        heard: dict[str, Any] = {"transcription": {}, "turn_detection": None, "format": {"type": "audio/pcm", "rate": RATE}}
        heard["transcription"] |= {"language": self._language} if self._language else {}
        own = {"events": ["rottie.partial_transcript"]}
        try:
            key = read_key(self._key_file)
            self._line = await self._stack.enter_async_context(opened(self._address, key, "?intent=transcription"))
            session = {"type": "transcription", "audio": {"input": heard}, "rottie": own}
            await self._line.send("session.update", session=session)
            self._reading = asyncio.create_task(self._read(self._line))
        except RottieError:
            self._fail()

    async def push(self, samples: bytes) -> None:
        """16-bit samples at 16,000 Hz."""
        self._pushed += len(samples)
        if self._pushed > LONGEST_S * RATE * 2:
            self._fail()
        if self._line is not None and not self._failed and samples:
            await self._line.hear(samples)

    async def finish(self) -> str | None:
        """All that was said; None where it could not be followed to its end."""
        if self._line is None or self._failed:
            return None
        self._committed = True
        await self._line.send("input_audio_buffer.commit")
        try:
            async with asyncio.timeout(END_S):
                await self._over.wait()
        except TimeoutError:
            return None
        return None if self._failed else self._text

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._stack.aclose()

    async def _read(self, line: Line) -> None:
        try:
            async for event in line.events():
                self._happened(event)
        except (RottieError, json.JSONDecodeError):
            pass
        if not self._over.is_set():
            self._fail()

    def _happened(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "rottie.partial_transcript":
                self.stable = event["stable"]
            case kind if kind == f"{_WORDS}.completed" and self._committed:
                self._text = event["transcript"]
                self._over.set()
            case kind if kind in ("error", f"{_WORDS}.completed", f"{_WORDS}.failed"):
                self._fail()
            case _:
                return

    def _fail(self) -> None:
        self._failed = True
        self._over.set()
