"""Somebody who talks to ``WS /v1/realtime`` with a microphone: recordings in, as fast as they are spoken, and what comes back.

For tests and benchmarks that need a whole server; the official client has tests of its own.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from schemas.talking import OUT_RATE
from tests.said import Recording

FRAME_S, AFTER_S = 0.02, 0.3
OWN = ("rottie.waterfall", "rottie.action", "rottie.stage_down")


@dataclass
class Answered:
    """What came of one recording. Times in seconds of time.monotonic(); ``seen``: types of events, in order."""

    ends: float
    heard: str | None = None
    reply: str = ""
    first: float | None = None
    audio_ms: float = 0.0
    loudest: float = 0.0
    status: str = ""
    stages_ms: dict[str, float] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)
    down: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def first_ms(self) -> float | None:
        return None if self.first is None else (self.first - self.ends) * 1000

    @property
    def over(self) -> bool:
        """A reply was made and its waterfall told, or what was heard was nothing."""
        return bool(self.status and self.stages_ms) or self.heard == ""

    def note(self, event: dict[str, Any]) -> None:
        self.seen.append(event["type"])
        match event["type"]:
            case "response.output_audio.delta":
                self.first = self.first or time.monotonic()
                samples = np.frombuffer(base64.b64decode(event["delta"]), "<i2")
                self.audio_ms += len(samples) / OUT_RATE * 1000
                self.loudest = max(self.loudest, float(np.abs(samples.astype(np.int32)).max(initial=0)) / 32768)
            case "response.output_audio_transcript.done":
                self.reply += event["transcript"]
            case "conversation.item.input_audio_transcription.completed":
                self.heard = event["transcript"]
            case "response.done":
                self.status = event["response"]["status"]
            case "rottie.waterfall":
                self.stages_ms = event["stages_ms"]
            case "rottie.action":
                self.actions.append(event["action"])
            case "rottie.stage_down":
                self.down.append(event["stage"])


class RealtimeVoice:
    """One connection, on which turns follow each other: nobody speaks before the reply has played."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._played = 0.0

    async def say(
        self, recording: Recording, patience_s: float, real_time: bool = True, watch: Callable[[str], None] = lambda _: None
    ) -> Answered:
        """Until its turn is over, or ``patience_s`` after the end of speech. ``watch`` is told each event's type as it comes.

        Raises ConnectionClosed where the server leaves.
        """
        await asyncio.sleep(max(0.0, self._played - time.monotonic()))
        began = time.monotonic()
        found = Answered(began + recording.end_ms / 1000)
        reading = asyncio.create_task(self._read(found, watch))
        try:
            for number, frame in enumerate(recording.frames(patience_s, OUT_RATE)):
                if real_time:
                    await asyncio.sleep(max(0.0, began + FRAME_S * (number + 1) - time.monotonic()))
                elif (number + 1) * FRAME_S * 1000 > recording.end_ms + 2000:
                    break
                if reading.done():
                    break
                await self._tell("input_audio_buffer.append", audio=base64.b64encode(frame).decode())
            async with asyncio.timeout(patience_s):
                await reading
        except TimeoutError:
            pass
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._played = (found.first or 0.0) + found.audio_ms / 1000 + AFTER_S
        return found

    async def _read(self, found: Answered, watch: Callable[[str], None]) -> None:
        while not found.over:
            event = json.loads(await self._socket.recv())
            watch(event["type"])
            found.note(event)

    async def _tell(self, kind: str, **fields: Any) -> None:
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def _until(self, kind: str) -> None:
        async with asyncio.timeout(30):
            while json.loads(await self._socket.recv())["type"] != kind:
                pass

    async def begin(self) -> None:
        await self._until("session.created")
        session = {
            "type": "realtime",
            "audio": {"input": {"transcription": {"model": "whisper-1"}}},
            "rottie": {"events": OWN},
        }
        await self._tell("session.update", session=session)
        await self._until("session.updated")


@asynccontextmanager
async def realtime_voice(url: str, key: str) -> AsyncIterator[RealtimeVoice]:
    """``url``: of the API, such as http://127.0.0.1:8000. A session in which the end of a turn is found by voice."""
    address = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=gpt-realtime"
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(address, additional_headers=headers, max_size=2**24, proxy=None, open_timeout=30) as socket:
        voice = RealtimeVoice(socket)
        await voice.begin()
        yield voice
