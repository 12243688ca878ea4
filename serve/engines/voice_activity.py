"""Is somebody speaking? Silero's network, whose weights come with faster-whisper, fed as audio comes.

Gives a probability for each 32 ms. Does not cover when a turn ends (endpointing), nor who speaks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from serve.engines.samples import checked

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE = 16000
WINDOW = 512
"""Samples a probability stands for."""
_CONTEXT = 64
_STATE = (1, 1, 128)


class SileroVad:
    """One stream of audio. Not safe in threads; streams share the weights."""

    def __init__(self) -> None:
        """Raises ModelUnusable where the weights are not installed."""
        self._session = _session()
        self.reset()

    def reset(self) -> None:
        self._state = (np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32))
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)

    def push(self, audio: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities of the windows that ``audio`` completes, often none. Raises AudioUnusable."""
        samples = np.concatenate((self._rest, checked(audio)))
        count = len(samples) // WINDOW
        self._rest = samples[count * WINDOW :]
        if count == 0:
            return np.zeros(0, np.float32)
        windows = samples[: count * WINDOW].reshape(count, WINDOW)
        contexts = np.concatenate((self._context[None], windows[:-1, -_CONTEXT:]))
        self._context = windows[-1, -_CONTEXT:]
        inputs = {"input": np.concatenate((contexts, windows), axis=1), "h": self._state[0], "c": self._state[1]}
        output, *state = self._session.run(None, inputs)
        self._state = (np.asarray(state[0]), np.asarray(state[1]))
        return np.asarray(output, np.float32).reshape(-1)


@cache
def _session() -> InferenceSession:
    from faster_whisper.utils import get_assets_path

    from serve.engines.samples import open_session

    return open_session(Path(get_assets_path()) / "silero_vad_v6.onnx")
