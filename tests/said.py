"""Requests that somebody says: recordings by the starter voice and by voices of espeak-ng, with the time at which speech ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from flows.steps.speech.augment import resample, set_peak
from flows.steps.speech.espeak import Synthesizer
from serve.engines.piper import PiperEngine
from serve.engines.samples import RATE
from serve.speech_models import STARTER, voice_file

PEAK = 0.5
BEFORE_S = 0.4  # of quiet before the first word
_HISS = 1e-4  # no microphone gives zeros
_FRAME = RATE // 100
FRAME = RATE // 50
"""Samples of a frame of 20 ms."""


@dataclass(frozen=True)
class Recording:
    """``pcm``: 16-bit mono samples at RATE, up to some 10 ms after the last sound, which ends at ``end_ms``."""

    text: str
    voice: str
    pcm: bytes = field(repr=False)
    end_ms: float

    def frames(self, after_s: float, rate: int = RATE) -> list[bytes]:
        """Frames of 20 ms at ``rate``, and as many of quiet afterwards as ``after_s`` needs."""
        whole = self.pcm + quiet(after_s + 0.02)
        if rate != RATE:
            samples = resample(np.frombuffer(whole, "<i2").astype(np.float32), RATE, rate)
            whole = samples.clip(-32768, 32767).round().astype("<i2").tobytes()
        size = rate // 50 * 2
        return [whole[at : at + size] for at in range(0, len(whole) - size + 1, size)]


def quiet(seconds: float) -> bytes:
    samples = np.random.default_rng(0).normal(0, _HISS, int(seconds * RATE))
    return (samples * 32767).round().astype("<i2").tobytes()


def recording(text: str, voice: str, audio: np.ndarray, rate: int) -> Recording:
    """``audio`` levelled, with quiet before it; its end is the last hundredth of a second above 1 % of the loudest one."""
    spoken = set_peak(resample(audio, rate, RATE), PEAK)
    frames = spoken[: len(spoken) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.sqrt((frames**2).mean(axis=1))
    end = (int(np.flatnonzero(power > 0.01 * power.max())[-1]) + 1) * _FRAME
    pcm = quiet(BEFORE_S) + (spoken[:end].clip(-1, 1) * 32767).round().astype("<i2").tobytes()
    return Recording(text, voice, pcm, len(pcm) / 2 / RATE * 1000)


class Speakers:
    """All voices. Blocks while they speak, some hundredths of a second a sentence; not inside a running event loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._piper = PiperEngine(voice_file(STARTER))
        self._espeak = Synthesizer()

    def __enter__(self) -> Speakers:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()
        self._piper.close()
        self._espeak.close()

    def say(self, text: str, voice: str = STARTER) -> Recording:
        """``voice``: the starter's, or one that flows.steps.speech.espeak.voices lists."""
        if voice == STARTER:
            return recording(text, voice, self._runner.run(self._said(text)), self._piper.rate)
        spoken = self._espeak.say(text, voice)
        return recording(text, voice, spoken.audio, spoken.rate)

    def all(self, texts: Iterable[str], voices: Sequence[str]) -> list[Recording]:
        """Each text once, by the voices in turn."""
        return [self.say(text, voices[number % len(voices)]) for number, text in enumerate(texts)]

    async def _said(self, text: str) -> np.ndarray:
        return np.concatenate([piece async for piece in self._piper.speak(text)])
