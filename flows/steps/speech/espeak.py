"""Speech of many voices with the time of every sound in it, from espeak-ng in processes of its own.

The teacher of the starter models: about a thousand times as fast as it is spoken. Does not cover noise, rooms or other
rates (see augment), nor what is worth saying (see the generator).
"""

from __future__ import annotations

import queue
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from schemas.errors import EngineError, SpeechMissing, TextUnspeakable
from schemas.pipeline import Part
from serve.piping import Helper, HelperLost

RATE = 22050
MAX_TEXT = 2000
TIMEOUT_S = 30.0
CHILD = Path(__file__).with_name("espeak_process.py")

ACCENTS = ("en-us", "en", "en-us-nyc", "en-029", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd")
# Timbres. Whole ones are held out, with every accent, so that a held-out voice is a stranger. Left out of all: the clearly
# inhuman ones (UniRobot, robosoft, Demonic, ...), and those whose pitch cannot be found in whispering or creaking.
_HELD_OUT: dict[str, tuple[str, ...]] = {
    "validation": ("f5", "m2", "Michael", "steph", "john", "aunty"),
    "test": ("f3", "m7", "Andy", "linda", "paul", "Alex", "grandma", "victor", "Reed", "belinda"),
}
_TRAIN = (
    *("", "f1", "f2", "f4", "m1", "m3", "m4", "m5", "m6", "m8", "Alicia", "Andrea", "Annie", "Denis", "Diogo", "Gene", "Gene2"),
    *("Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Mike", "Mr serious", "Nguyen", "RicishayMax", "RicishayMax2"),
    *("adam", "anika", "announcer", "antonio", "benjamin", "boris", "croak", "david", "ed", "edward", "gustave", "ian", "iven"),
    *("iven2", "iven3", "iven4", "kaukovalta", "klatt", "klatt3", "klatt4", "klatt5", "klatt6", "marcelo", "max", "michel"),
    *("miguel", "mike2", "norbert", "pablo", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph2", "steph3"),
    *("travis", "zac", "grandpa", "whisper", "whisperf"),
)


@dataclass(frozen=True)
class Spoken:
    """``audio`` is float32 in [-1, 1] at ``rate`` Hz. ``phonemes`` are (IPA symbol with its stress mark, first sample), in order
    of time; an empty symbol is a pause. ``words`` are the first samples of words ("on the" may be one), ``letters`` where each of
    them begins in the text that was spoken, from 0. ``sentences`` are Piper's phonemes of each sentence, where they were asked
    for."""

    audio: np.ndarray
    phonemes: tuple[tuple[str, int], ...]
    words: tuple[int, ...] = ()
    sentences: tuple[tuple[str, ...], ...] = ()
    rate: int = RATE
    letters: tuple[int, ...] = ()

    @property
    def seconds(self) -> float:
        return len(self.audio) / self.rate


def voices(part: Part) -> list[str]:
    """Accents with timbres. No timbre of one part occurs in another."""
    timbres = _TRAIN if part == "train" else _HELD_OUT[part]
    return [f"{accent}+{timbre}" if timbre else accent for accent in ACCENTS for timbre in timbres]


def cleaned(text: str) -> str:
    """``text`` on one line, composed, without control characters. Raises TextUnspeakable where nothing is left, or too much."""
    if len(text) > MAX_TEXT:
        raise TextUnspeakable(f"the text has {len(text)} characters; {MAX_TEXT} can be spoken at once")
    plain = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in unicodedata.normalize("NFC", text))
    if not (words := " ".join(plain.split())):
        raise TextUnspeakable("the text has nothing to say")
    return words


class Synthesizer:
    """A pool of ``workers`` processes, started when first needed and again when they die. Safe in threads.

    The same words are not the same samples twice: espeak-ng goes on where its noise and its phase were.
    """

    def __init__(self, workers: int = 1) -> None:
        self._idle: queue.LifoQueue[Helper | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._workers = workers

    def __enter__(self) -> Synthesizer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def say(
        self,
        text: str,
        voice: str = "en-us",
        rate_wpm: int = 175,
        pitch: int = 50,
        pitch_range: int = 50,
        phonemize: bool = False,
    ) -> Spoken:
        """Speak ``text`` in ``voice``, numbers too as espeak-ng reads them.

        ``rate_wpm`` is 80 to 450, ``pitch`` and ``pitch_range`` 0 to 99. At most three minutes; what is beyond is cut. Raises
        TextUnspeakable, SpeechMissing without the voice packages, and EngineError for an unknown voice or a process that was
        lost twice over the same text.
        """
        request = {
            "text": cleaned(text),
            "voice": voice,
            "rate": min(450, max(80, rate_wpm)),
            "pitch": min(99, max(0, pitch)),
            "range": min(99, max(0, pitch_range)),
            "phonemize": phonemize,
        }
        helper, kept = self._idle.get(), None
        try:
            kept, told, raw = _asked(helper, request)
        finally:  # one that was interrupted is not used again: its answer is still to come
            self._idle.put(kept)
        if "error" in told:
            raise _refused(told["error"], voice)
        audio = np.frombuffer(raw, "<i2").astype(np.float32) / 32768.0
        phonemes = tuple((symbol, at) for symbol, at in told["phonemes"])
        sentences = tuple(tuple(sentence) for sentence in told.get("sentences", ()))
        return Spoken(audio, phonemes, tuple(told["words"]), sentences, told["rate"], tuple(told["letters"]))

    def close(self) -> None:
        """End the processes; waits for those that are speaking. Speaking afterwards starts them again."""
        for helper in [self._idle.get() for _ in range(self._workers)]:
            if helper is not None:
                helper.close()
            self._idle.put(None)


def _asked(helper: Helper | None, request: dict[str, Any]) -> tuple[Helper, dict[str, Any], bytes]:
    try:
        helper = helper or _started()
        return helper, *helper.ask(request, TIMEOUT_S)
    except HelperLost:
        try:
            helper = _started()
            return helper, *helper.ask(request, TIMEOUT_S)
        except HelperLost as error:
            raise EngineError("espeak-ng was lost twice over the same text", where=str(request["voice"])) from error


def _started() -> Helper:
    """A process that is ready. Raises SpeechMissing, HelperLost."""
    helper = Helper(CHILD)
    told, _ = helper.receive(TIMEOUT_S)
    if "error" in told:
        helper.close()
        raise _refused(told["error"], "")
    return helper


def _refused(kind: str, voice: str) -> EngineError | SpeechMissing:
    if kind == "missing":
        return SpeechMissing("the packages that speak are not installed")
    return EngineError("espeak-ng does not have this voice", where=voice, hint="Choose one that `voices` lists.")
