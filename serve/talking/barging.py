"""Who speaks into a reply: the reply itself, as the microphone hears it, somebody who only agrees, or somebody who wants a word.

The reply's own sound comes back late, coloured and blurred by the room, so loudness in bands of a few milliseconds is compared,
not samples. Does not take the echo out of what is heard, and does not know who is speaking.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from schemas.talking import OUT_RATE
from serve.engines.samples import RATE
from serve.talking.playback import Playback

LATEST_MS = 600
"""By which the reply may reach the microphone later than it was sent."""
HOP_MS, WINDOW_MS = 10, 30
_EDGES = np.geomspace(150, 6000, 19)
_ALIKE = 0.6  # correlation of two patterns of loudness from which on they are of the same sound

_WORDS = {
    "en": "uhhuh mhm mmhm mm hm hmm ah aha oh uh um er ok okay okey yeah yep yup right alright cool wow huh really nice great",
    "de": "mhm mm hm hmm ah aha ach oh äh ähm ok okay okey ja jaja jo joa jep genau gut klar stimmt aso achso schön echt",
}
_PHRASES = {
    "en": ("uh huh", "mm hm", "i see", "got it", "oh i see", "all right", "sounds good", "go on"),
    "de": ("ach so", "alles klar", "ich verstehe", "na gut", "sehr gut", "na klar", "red weiter"),
}
_MOST_WORDS = 4
_NOISE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
_STRETCHED = re.compile(r"(\w)\1{2,}")


class OwnVoice:
    """Whether what the microphone hears is the reply of ``playback``. Not safe in threads."""

    def __init__(self, playback: Playback | None = None) -> None:
        self._playback = playback

    def follow(self, playback: Playback) -> None:
        """From here on it is this reply that plays, in the same room."""
        self._playback = playback

    def __call__(self, audio: NDArray[np.float32]) -> bool:
        """``audio``: the last 0.1 s or more, mono at 16 kHz. False as well where nothing has played of late."""
        if self._playback is None:
            return False
        heard = loudness(audio, RATE)
        played = loudness(self._playback.reference(len(audio) / RATE * 1000 + LATEST_MS), OUT_RATE)
        return bool(alike(heard, played).max() >= _ALIKE)


def is_backchannel(text: str, language: str) -> bool:
    """Whether ``text`` only says that one listens ("uh-huh", "okay"), or nothing at all, as a cough does."""
    plain = _NOISE.sub(" ", text.lower()).replace("-", " ")
    plain = " ".join(_STRETCHED.sub(r"\1\1", word) for word in re.findall(r"\w+(?:['’]\w+)*", plain))
    if not plain:
        return True
    kind = language[:2].lower()
    for phrase in _PHRASES.get(kind, ()):
        plain = re.sub(rf"\b{phrase}\b", "hm", plain)
    words = plain.split()
    known = set(_WORDS.get(kind, _WORDS["en"]).split())
    return len(words) <= _MOST_WORDS and all(word in known or _STRETCHED.sub(r"\1", word) in known for word in words)


def loudness(audio: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """(frames, bands): power in each band, a frame every HOP_MS, the last one ending with the audio."""
    hop, window, shape = rate * HOP_MS // 1000, rate * WINDOW_MS // 1000, _bands(rate)
    if len(audio) < window:
        return np.zeros((0, shape.shape[1]), np.float32)
    begin = (len(audio) - window) % hop
    frames = np.lib.stride_tricks.sliding_window_view(audio[begin:], window)[::hop] * np.hanning(window).astype(np.float32)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    return (power.astype(np.float32) @ shape) / np.float32(window**2)


def alike(heard: NDArray[np.float32], played: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of the loudness that was heard with that which was played, for each delay in frames, from 0 on."""
    size = len(heard)
    if size < 2 or len(played) < size:
        return np.zeros(1, np.float32)
    ours = _pattern(heard[None])
    theirs = _pattern(np.lib.stride_tricks.sliding_window_view(played, size, axis=0)[::-1].transpose(0, 2, 1))
    both = np.linalg.norm(ours) * np.linalg.norm(theirs, axis=1)
    return (theirs @ ours[0]) / np.maximum(both, 1e-9)


def _pattern(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """(windows, frames, bands) of power to what is compared: compressed, each band about its own mean."""
    compressed = np.maximum(power, 1e-10) ** 0.25
    return (compressed - compressed.mean(1, keepdims=True)).reshape(len(power), -1)


@cache
def _bands(rate: int) -> NDArray[np.float32]:
    """(frequencies, bands): ones where a frequency lies in a band."""
    at = np.fft.rfftfreq(rate * WINDOW_MS // 1000, 1 / rate)
    return ((at[:, None] >= _EDGES[:-1]) & (at[:, None] < _EDGES[1:])).astype(np.float32)
