"""Is somebody speaking, and have they ended? Fed as audio comes, a probability for each 32 ms.

Silero's network, whose weights come with faster-whisper; loudness above the background where these are missing. Does not
cover whether a sentence is finished, which the caller tells, nor who speaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ConfigError, ModelUnusable
from serve.engines.samples import RATE, checked, open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WINDOW = 512
"""Samples a probability stands for."""
WINDOW_S = WINDOW / RATE
_CONTEXT = 64
_STATE = (1, 1, 128)


class VoiceActivity(Protocol):
    """One stream of audio at 16 kHz. Not safe in threads."""

    def push(self, audio: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities of speech in the windows that ``audio`` completes, often none. Raises AudioUnusable."""
        ...

    def reset(self) -> None:
        """Forget everything heard."""
        ...


def open_voice_activity() -> VoiceActivity:
    """Silero's network where it is installed, or else loudness."""
    try:
        return SileroVad()
    except ModelUnusable:
        return EnergyVad()


class SileroVad:
    """Silero VAD 6: streams share the weights, each has its own state."""

    def __init__(self) -> None:
        """Raises ModelUnusable where the weights are not installed."""
        self._session = _session()
        self.reset()

    def reset(self) -> None:
        self._state = (np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32))
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)

    def push(self, audio: NDArray[Any]) -> NDArray[np.float32]:
        windows, self._rest = _windows(self._rest, audio)
        if len(windows) == 0:
            return np.zeros(0, np.float32)
        contexts = np.concatenate((self._context[None], windows[:-1, -_CONTEXT:]))
        self._context = windows[-1, -_CONTEXT:]
        inputs = {"input": np.concatenate((contexts, windows), axis=1), "h": self._state[0], "c": self._state[1]}
        output, *state = self._session.run(None, inputs)
        self._state = (np.asarray(state[0]), np.asarray(state[1]))
        return np.asarray(output, np.float32).reshape(-1)


class EnergyVad:
    """How far a window stands above the quietest of late: steady noise counts as speech for its first seconds only."""

    _SILENT_DB, _RISE_DB = -55.0, 0.15  # below the first all is silence; the background may rise by the second a window
    _HALF_DB, _SLOPE_DB = 12.0, 2.0

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._background = self._SILENT_DB
        self._rest = np.zeros(0, np.float32)

    def push(self, audio: NDArray[Any]) -> NDArray[np.float32]:
        windows, self._rest = _windows(self._rest, audio)
        return np.array([self._probability(window) for window in windows], np.float32)

    def _probability(self, window: NDArray[np.float32]) -> float:
        loudness = 20 * math.log10(float(window.std()) + 1e-6)  # of what swings: an offset is not sound
        self._background = max(self._SILENT_DB, min(loudness, self._background + self._RISE_DB))
        if loudness <= self._SILENT_DB:
            return 0.0
        return 1 / (1 + math.exp((self._HALF_DB - (loudness - self._background)) / self._SLOPE_DB))


@dataclass(frozen=True)
class Endpointing:
    """Silence of ``floor_ms`` ends a turn that is finished, silence of ``cap_ms`` any turn. Speech is what lasts ``start_ms``."""

    floor_ms: int = 300
    cap_ms: int = 1200
    start_ms: int = 96
    threshold: float = 0.5
    release: float = 0.35
    """Below the threshold, so that a weak syllable does not count as silence."""

    def __post_init__(self) -> None:
        if not 0 < self.floor_ms <= self.cap_ms <= 60_000 or not 0 < self.start_ms <= 10_000:
            raise ConfigError("the end of a turn needs 0 < floor_ms <= cap_ms <= 60000 and 0 < start_ms <= 10000")
        if not 0 < self.release <= self.threshold < 1:
            raise ConfigError("the end of a turn needs 0 < release <= threshold < 1")


@dataclass(frozen=True)
class Speech:
    """``at_s`` is the time in the stream at which speech began or ended; ``told_s`` is when that was certain."""

    kind: Literal["started", "ended"]
    at_s: float
    told_s: float


class Endpointer:
    """When a speaker begins and ends, in one stream. ``finished`` is asked after ``floor_ms`` of silence, once a window."""

    def __init__(
        self, settings: Endpointing, voice: VoiceActivity | None = None, finished: Callable[[], bool] = lambda: True
    ) -> None:
        self._settings, self._finished = settings, finished
        self._voice = voice or open_voice_activity()
        self.reset()

    @property
    def speaking(self) -> bool:
        return self._speaking

    @property
    def silence(self) -> int:
        """Windows of silence since the last speech; 0 while nobody has begun."""
        return self._run if self._speaking else 0

    def end(self) -> Speech:
        """Whoever speaks has ended, whatever is heard: at the last speech. What goes on is a new beginning."""
        return self._turned("ended")

    def reset(self) -> None:
        self._voice.reset()
        self._windows = 0
        self._speaking = False
        self._run = 0  # windows of speech before it has started, of silence after

    def push(self, audio: NDArray[Any]) -> list[Speech]:
        """What ``audio`` makes certain, oldest first. Raises AudioUnusable."""
        return [event for value in self._voice.push(audio).tolist() if (event := self._next(value)) is not None]

    def _next(self, probability: float) -> Speech | None:
        self._windows += 1
        settings = self._settings
        speech = probability >= (settings.release if self._speaking else settings.threshold)
        self._run = self._run + 1 if speech != self._speaking else 0
        lasted_ms = 1000 * WINDOW_S * self._run
        if self._speaking:
            ended = lasted_ms >= settings.cap_ms or (lasted_ms >= settings.floor_ms and self._finished())
            return self._turned("ended") if ended else None
        return self._turned("started") if lasted_ms >= settings.start_ms else None

    def _turned(self, kind: Literal["started", "ended"]) -> Speech:
        event = Speech(kind, (self._windows - self._run) * WINDOW_S, self._windows * WINDOW_S)
        self._speaking, self._run = kind == "started", 0
        return event


def _windows(rest: NDArray[np.float32], audio: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Whole windows (count, WINDOW), and what is left."""
    samples = np.concatenate((rest, checked(audio)))
    whole = len(samples) // WINDOW * WINDOW
    return samples[:whole].reshape(-1, WINDOW), samples[whole:]


@cache
def _session() -> InferenceSession:
    try:
        from faster_whisper.utils import get_assets_path
    except ImportError as error:
        raise ModelUnusable("faster-whisper, which brings Silero's weights, is not installed") from error
    return open_session(Path(get_assets_path()) / "silero_vad_v6.onnx")
