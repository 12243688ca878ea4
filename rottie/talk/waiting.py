"""Waiting for the wake word on this machine: until it is heard, nothing leaves it."""

from __future__ import annotations

from schemas.talking import OUT_RATE
from serve.engines.wake_word import WakeWord
from serve.speech_models import STARTER, wake_folder
from serve.talking.intake import Intake

AWAKE_S = 8.0
"""How long it listens after the wake word, and after each reply, for somebody to speak."""


class Gate:
    """Lets sound pass while ``awake``."""

    def __init__(self, model: str = STARTER) -> None:
        """Raises ModelUnusable."""
        word = WakeWord(wake_folder(model))
        self.phrase = word.about.phrase
        self._stream, self._intake = word.listen(), Intake(OUT_RATE)
        self._left = 0

    @property
    def awake(self) -> bool:
        return self._left > 0

    def stay(self) -> None:
        """Somebody speaks, or is spoken to."""
        self._left = int(AWAKE_S * OUT_RATE * 2)

    def push(self, pcm: bytes) -> bytes:
        """What of ``pcm`` may be sent: all of it, or nothing."""
        if self.awake:
            self._left -= len(pcm)
            return pcm
        if self._stream.push(self._intake.push(pcm)):
            self._stream.reset()
            self.stay()
        return b""
