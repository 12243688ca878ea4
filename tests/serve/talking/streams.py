"""Audio whose loudness says what is heard in it, for tests of listening in which words must be exact."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from serve.engines.faster_whisper import Piece, Transcript
from serve.engines.voice_activity import WINDOW
from serve.hearing import Listen, Understood
from serve.talking.listening import Failed, Heard, Listener, Nothing, Started, Stopped, Utterance

RATE = 16000
_STEP = 0.005
_COUGH = 0.002


class Levels:
    """A voice activity that takes whatever is not silent for speech."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._rest = np.zeros(0, np.float32)

    def push(self, audio: np.ndarray) -> np.ndarray:
        samples = np.concatenate((self._rest, audio))
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:]
        return (np.abs(samples[:whole].reshape(-1, WINDOW)).max(axis=1) > 0.001).astype(np.float32)


class Script:
    """Audio of words, and the recogniser that hears them again."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self.asked: list[tuple[int, Listen]] = []  # windows of audio, and how
        self.running = self.most_running = 0
        self.errors: list[Exception] = []  # raised first, one a request
        self.language = "en"
        self.takes_ms = 0.0  # as it tells
        self.gate = asyncio.Event()
        self.gate.set()

    def say(self, text: str, windows: int = 8) -> np.ndarray:
        """Each word lasts so many windows of 32 ms."""
        parts = []
        for word in text.split():
            self._words.append(word)
            parts.append(np.full(windows * WINDOW, len(self._words) * _STEP, np.float32))
        return np.concatenate(parts)

    def cough(self, windows: int = 5) -> np.ndarray:
        """A voice without words."""
        return np.full(windows * WINDOW, _COUGH, np.float32)

    async def hear(self, recording: bytes, listen: Listen) -> Understood:
        samples = np.frombuffer(recording, "<i2")
        self.asked.append((round(len(samples) / WINDOW), listen))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if self.errors:
                raise self.errors.pop(0)
        finally:
            self.running -= 1
        levels = np.round(samples / 32768 / _STEP).astype(int)
        found = [levels[at] for at in np.flatnonzero(np.diff(levels, prepend=0)) if levels[at]]
        text = " ".join(self._words[level - 1] for level in found)
        seconds = len(samples) / RATE
        pieces = (Piece(text, 0.0, seconds, 0.0, 0.9),) if text else ()
        return Understood(
            transcript=Transcript(text, pieces, 0.0, self.language, 1.0, seconds), timings_ms={"stt": self.takes_ms}
        )


def silence(windows: int) -> np.ndarray:
    return np.zeros(windows * WINDOW, np.float32)


async def told(listener: Listener, audio: np.ndarray, sizes: Sequence[int] = (320,)) -> list[Heard]:
    """All that is told of ``audio``, which comes as fast as it is heard and is committed at its end."""

    async def feed() -> None:
        at = number = 0
        while at < len(audio):
            size = sizes[number % len(sizes)]
            while listener.waiting_s * RATE + size > 16 * RATE:
                await asyncio.sleep(0)
            listener.push(audio[at : at + size])
            at, number = at + size, number + 1
        listener.commit()

    feeding, found = asyncio.create_task(feed()), list[Heard]()
    async for event in listener.events():
        last = feeding.done() and not listener.waiting_s and isinstance(event, Utterance | Nothing | Failed)
        if last:
            await listener.close()
        if not (last and isinstance(event, Nothing)):  # the answer to the commit
            found.append(event)
    await feeding
    return found


def settled(events: Sequence[Heard]) -> list[tuple[Any, ...]]:
    """What does not depend on how fast the recogniser is."""
    found = list[tuple[Any, ...]]()
    for event in events:
        if isinstance(event, Started | Stopped):
            found.append((type(event).__name__, round(event.audio_ms)))
        elif isinstance(event, Utterance):
            found.append(("Utterance", event.text, round(event.endpoint_ms)))
        elif isinstance(event, Nothing):
            found.append(("Nothing", event.reason))
        elif isinstance(event, Failed):
            found.append(("Failed", event.error.code))
    return found
