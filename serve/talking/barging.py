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

HOP_MS, WINDOW_MS = 10, 30
TAPS = 70
"""Frames of HOP_MS within which the reply reaches the microphone: on its way through the client, and as the room's echo."""
KEPT, WARM = 200, 150
"""Frames to learn from, and how many it takes before anything is told from the reply."""
SURE = 10.0
"""Decibels above all that the reply explains, the mean over bands summed over frames, from which on somebody else speaks."""
_USUAL_DB, _MOST_DB = 0.8, 8.0  # of a frame: what the reply itself comes to; of a band in it: beyond what it counts no more
_REMEMBERED = 1.3 * SURE  # so that who falls silent is soon forgotten
_EDGES = np.geomspace(150, 6000, 19)  # Hz
_BANDS = len(_EDGES) - 1
_FLOOR = np.float32(1e-9)  # power of what is silence
_LOUDEST = 4  # times its mean power, in a band and frame: as loud as noise is now and then
_BLUR = np.array((0.05, 0.05, 0.05, 0.7, 0.05, 0.05, 0.05), np.float32)  # by how many frames a new reply may come otherwise
_SWING = 3.0  # by which one step of learning may change anything
_SHIFT, _SHIFT_NEW = 2, 3  # frames by which a reply may be earlier or later than what was learnt, the second while it is new
_EVERY, _SOON = 8, 2  # frames between two steps, the second while the room or the reply is new

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
    """Whether the microphone of one conversation hears nothing but its reply. Not safe in threads.

    Power heard in a band is what was played there some time ago, weakened, and noise: ``heard[t] = gain * sum(delayed[k] *
    played[t - k]) + noise``. All three are learnt while replies play, by multiplicative steps to the smallest Itakura-Saito
    divergence (Févotte, Bertin and Durrieu 2009), so that neither loudness nor delay need be known. What is heard above that is
    evidence of somebody else: a cumulative sum that never falls below nothing (Page 1954, "Continuous inspection schemes"), which
    a loud voice raises within few frames and a soft one in more.
    """

    def __init__(self, playback: Playback | None = None) -> None:
        self._playback = playback
        self._rest = np.zeros(0, np.float32)  # samples of an unfinished frame
        self._played = np.zeros((TAPS, _BANDS), np.float32)  # the newest frame last
        self._delayed = np.full(TAPS, 1 / TAPS, np.float32)
        self._gain = np.ones(_BANDS, np.float32)
        self._noise = np.full(_BANDS, _FLOOR, np.float32)
        self._ours = np.zeros((KEPT, _BANDS), np.float32)  # what was heard while something played,
        self._theirs = np.zeros((KEPT, TAPS, _BANDS), np.float32)  # and what was played until then, the newest first
        self._learnt = self._stepped = 0  # frames
        self._evidence = 0.0
        self._new = 0  # frames of this reply

    def follow(self, playback: Playback) -> None:
        """From here on it is this reply that plays, in the same room."""
        self._playback, self._new = playback, 0
        # Learning multiplies: what has become nothing would stay nothing.
        delayed = np.convolve(self._delayed, _BLUR, "same")
        self._delayed = delayed / delayed.sum()

    def learn_anew(self) -> None:
        """Nobody spoke where the last answer was that somebody does: the room, or the loudness, is another one."""
        self._learnt = self._stepped = 0

    def hear(self, audio: NDArray[np.float32]) -> None:
        """All that the microphone hears, as it comes: mono at 16 kHz, ending about now."""
        heard = np.concatenate((self._rest, audio[-RATE:]))
        hop, window = RATE * HOP_MS // 1000, RATE * WINDOW_MS // 1000
        frames = (len(heard) - window) // hop + 1
        if frames < 1 or self._playback is None:
            self._rest = heard[-window:]
            return
        reference = self._playback.reference(len(heard) / RATE * 1000)
        self._rest, heard = heard[frames * hop :], heard[: window + (frames - 1) * hop]
        if not self._played.any() and not reference.any():
            self._evidence = 0.0
            return
        played = loudness(reference[: len(heard) * OUT_RATE // RATE], OUT_RATE)
        self._follow(loudness(heard, RATE) + _FLOOR, played)

    def __call__(self, audio: NDArray[np.float32] | None = None) -> bool:
        """What was heard last. False as well where nothing has played of late; True while too little was heard to tell.

        ``audio`` is not looked at: it was heard.
        """
        return bool(self._played.any()) and (self._learnt < WARM or self._evidence < SURE)

    def _follow(self, heard: NDArray[np.float32], played: NDArray[np.float32]) -> None:
        """Frames of both, at the same times."""
        both = np.concatenate((self._played, played))
        self._played = both[-TAPS:]
        before = np.lib.stride_tricks.sliding_window_view(both, TAPS, axis=0)[1:, :, ::-1].transpose(0, 2, 1)
        expected = self._gain * np.tensordot(self._delayed, before, (0, 1)) + self._noise
        for above in (10 * np.log10(heard / self._most(before))).clip(0, _MOST_DB).mean(1):
            self._evidence = min(max(0.0, self._evidence + float(above) - _USUAL_DB), _REMEMBERED)
        if self._learnt >= WARM:
            heard = np.minimum(heard, 4 * expected)  # whoever speaks into the reply is not learnt as its echo
        playing = self._playback is not None and self._playback.playing  # one that stops may stop earlier than it seems
        for ours, theirs in zip(heard, before, strict=True):
            if playing and theirs.any():
                at = self._learnt % KEPT
                self._ours[at], self._theirs[at] = ours, theirs
                self._learnt += 1
        new = self._learnt < 2 * WARM or self._new < WARM
        if self._learnt - self._stepped >= (_SOON if new else _EVERY):
            self._stepped = self._learnt
            self._step()

    def _most(self, before: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the reply may be heard as: a little earlier, later or, while it is new, louder than the last one was."""
        louder, shift = (2, _SHIFT_NEW) if self._new < WARM else (1, _SHIFT)
        self._new += int(before.any((1, 2)).sum())
        padded = np.pad(self._delayed, 2 * shift)
        shifted = np.stack([padded[at : at + TAPS] for at in range(shift, 3 * shift + 1)])
        return self._gain * louder * np.tensordot(shifted, before, (1, 1)).max(0) + _LOUDEST * self._noise

    def _step(self) -> None:
        ours, theirs = self._ours[: self._learnt], self._theirs[: self._learnt]
        arrived = np.tensordot(self._delayed, theirs, (0, 1))
        expected = self._gain * arrived + self._noise
        less, more = 1 / expected, ours / expected**2
        self._gain = self._gain * _ratio((arrived * more).sum(0), (arrived * less).sum(0))
        self._noise = np.maximum(self._noise * _ratio(more.sum(0), less.sum(0)), _FLOOR)
        weights = np.stack((self._gain * more, self._gain * less))
        above, below = np.einsum("tkb,stb->sk", theirs, weights, optimize=True)
        self._delayed = self._delayed * _ratio(above, below)
        whole = self._delayed.sum()
        self._delayed, self._gain = self._delayed / whole, self._gain * whole


def is_backchannel(text: str, language: str | None) -> bool:
    """Whether ``text`` only says that one listens ("uh-huh", "okay"), or nothing at all, as a cough does. ``language`` None: in
    any that is known."""
    plain = _NOISE.sub(" ", text.lower()).replace("-", " ")
    plain = " ".join(_STRETCHED.sub(r"\1\1", word) for word in re.findall(r"\w+(?:['’]\w+)*", plain))
    return not plain or any(_agrees(plain, kind) for kind in ([language[:2].lower()] if language else _WORDS))


def _agrees(plain: str, kind: str) -> bool:
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


def _ratio(above: NDArray[np.float32], below: NDArray[np.float32]) -> NDArray[np.float32]:
    return (above / np.maximum(below, 1e-20)).clip(1 / _SWING, _SWING).astype(np.float32)


@cache
def _bands(rate: int) -> NDArray[np.float32]:
    """(frequencies, bands): ones where a frequency lies in a band."""
    at = np.fft.rfftfreq(rate * WINDOW_MS // 1000, 1 / rate)
    return ((at[:, None] >= _EDGES[:-1]) & (at[:, None] < _EDGES[1:])).astype(np.float32)
