"""Waiting for the wake word on this machine: until it is heard, nothing leaves it."""

from __future__ import annotations

from schemas.talking import OUT_RATE
from serve.engines.samples import RATE
from serve.engines.wake_word import WakeWord
from serve.speech_models import STARTER, wake_folder
from serve.talking.intake import Intake

AWAKE_S = 8.0
"""How long it listens after the wake word, and after each reply, for somebody to speak."""
BEHIND_S = 0.2
"""Sound before a detection that is let pass with what follows: the phrase is known for sure some 0.2 to 0.27 s after its end,
and a request in the same breath has begun by then."""
_BYTES = OUT_RATE * 2  # of a second


class Gate:
    """Lets sound pass while ``awake``."""

    def __init__(self, model: str = STARTER) -> None:
        """Raises ModelUnusable."""
        word = WakeWord(wake_folder(model))
        self.phrase = word.about.phrase
        self._stream, self._intake = word.listen(), Intake(OUT_RATE)
        self._left = 0
        self._kept = b""
        self._heard_s = 0.0  # by the stream, since it began anew

    @property
    def awake(self) -> bool:
        return self._left > 0

    def stay(self) -> None:
        """Somebody speaks, or is spoken to."""
        self._left = int(AWAKE_S * _BYTES)

    def push(self, pcm: bytes) -> bytes:
        """What of all that came may be sent now: ``pcm``, nothing, or what was said right behind the phrase."""
        if self.awake:
            self._left -= len(pcm)
            return pcm
        samples = self._intake.push(pcm)
        self._heard_s += len(samples) / RATE
        self._kept = (self._kept + pcm)[-_BYTES - len(pcm) :]
        found = self._stream.push(samples)
        if not found:
            return b""
        behind = self._kept[-2 * round((self._heard_s - found[0].at_s + BEHIND_S) * OUT_RATE) :]
        self._stream.reset()
        self._heard_s, self._kept = 0.0, b""
        self.stay()
        return behind
