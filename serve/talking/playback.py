"""How much of a reply has been heard by now: what was sent plays on in real time, unless the client says how far it got.

Does not cover sending, nor what made the audio. What was played long ago is forgotten, so that memory stays small.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.talking import OUT_RATE

KEPT_MS = 5000
"""Of what was played: as far back as a client may say that it is, and still get all of the rest again."""
_A_MS = 2 * OUT_RATE / 1000  # bytes
_CHARACTER_S = 0.065  # as the starter voice speaks


@dataclass
class _Clause:
    text: str
    bytes: int = 0
    ended: bool = False

    @property
    def length(self) -> int:
        """In bytes; a guess until all of it was made."""
        return self.bytes if self.ended else max(self.bytes, 2 * int(len(self.text) * _CHARACTER_S * OUT_RATE))


@dataclass
class _Stretch:
    """Bytes of the reply from ``first`` on, audible from ``began`` on; up to ``stop``, or to all that there is."""

    began: float
    first: int
    stop: int | None = None


@dataclass
class _Held:
    clause: int
    pcm: bytes = field(repr=False)


class Playback:
    """One reply. ``now`` gives seconds on any clock that never goes backwards. Not safe in threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clauses: dict[int, _Clause] = {}
        self._held: list[_Held] = []
        self._forgotten = self._total = 0  # bytes before those held, and all that there were
        self._stretches: list[_Stretch] = []
        self._paused: int | None = None  # bytes that had been played

    def sent(self, clause: int, text: str, pcm: bytes) -> None:
        """More audio (16-bit at OUT_RATE) of a clause, in order; none for a clause that is only shown. It is audible as soon
        as all before it was, or after ``resume``. ``text`` counts the first time."""
        if len(pcm) % 2:
            raise ValueError("half a sample")
        one = self._clauses.setdefault(clause, _Clause(text))
        if not pcm:
            return
        if self._paused is None and not self.playing:
            self._stretch(self._total)
        one.bytes += len(pcm)
        self._total += len(pcm)
        self._held.append(_Held(clause, pcm))
        self._forget()

    def ended(self, clause: int) -> None:
        """All of the clause was sent."""
        if one := self._clauses.get(clause):
            one.ended = True

    @property
    def clauses(self) -> int:
        """How many there are."""
        return len(self._clauses)

    @property
    def played_ms(self) -> float:
        return self._played() / _A_MS

    @property
    def sent_ms(self) -> float:
        return self._total / _A_MS

    @property
    def playing(self) -> bool:
        """Something of it is audible now. Not where it is paused, nor where all that was sent is over."""
        return self._paused is None and self._played() < self._total

    def pause(self) -> None:
        """It stops where it is. What is sent from here on waits."""
        if self._paused is None:
            self._paused = self._played()
            if self._stretches:
                self._stretches[-1].stop = self._paused

    def resume(self) -> list[tuple[int, bytes]]:
        """It goes on from there: what was not played, to be given to the client again. Counts as sent already."""
        if self._paused is not None:
            at, self._paused = self._paused, None
            if at < self._total:
                self._stretch(at)
        return self._rest(self._played())

    def told(self, ms: float) -> None:
        """The client says how much of it was played, which is believed, within what was sent."""
        at = 2 * int(min(max(ms, 0.0) * _A_MS, self._total) / 2)
        if self._paused is not None:
            self._paused = at
        elif self._stretches:
            self._stretches = [_Stretch(self._now() - at / _A_MS / 1000, 0)]

    def heard(self) -> str:
        """The text that was played: whole clauses, and of the last one whole words in proportion."""
        left, parts = self._played(), list[str]()
        for clause in self._clauses.values():
            if left < clause.length:
                parts.append(_share(clause.text, left / clause.length))
                break
            parts.append(clause.text)
            left -= clause.bytes
        return "".join(parts).strip()

    def reference(self, ms: float) -> NDArray[np.float32]:
        """What was audible in the last ``ms``, at OUT_RATE in [-1, 1], silence where nothing was: the newest sample last."""
        now, size = self._now(), int(ms * _A_MS / 2)
        samples = np.zeros(size, np.float32)
        for stretch in self._stretches:
            begin = size - round((now - stretch.began) * OUT_RATE)  # in samples of what is asked for
            first, stop = (stretch.first // 2, (stretch.stop if stretch.stop is not None else self._total) // 2)
            skip = max(0, -begin, self._forgotten // 2 - first)
            count = min(stop - first, size - begin) - skip
            if count > 0:
                samples[begin + skip : begin + skip + count] = self._samples(first + skip, count)
        return samples / np.float32(32768)

    def _played(self) -> int:
        if self._paused is not None:
            return self._paused
        if not self._stretches:
            return 0
        last = self._stretches[-1]
        return min(self._total, last.first + 2 * round((self._now() - last.began) * OUT_RATE))

    def _stretch(self, first: int) -> None:
        if self._stretches and self._stretches[-1].stop is None:
            self._stretches[-1].stop = first
        self._stretches.append(_Stretch(self._now(), first))

    def _forget(self) -> None:
        oldest = self._played() - int(KEPT_MS * _A_MS)
        while len(self._held) > 1 and self._forgotten + len(self._held[0].pcm) <= oldest:
            self._forgotten += len(self._held.pop(0).pcm)
        while len(self._stretches) > 1 and self._stretches[0].stop is not None and self._stretches[0].stop <= self._forgotten:
            self._stretches.pop(0)

    def _samples(self, first: int, count: int) -> NDArray[np.int16]:
        """Of those that are held."""
        begin, found = self._forgotten, b""
        for part in self._held:
            found += part.pcm[max(0, 2 * first - begin) : max(0, 2 * (first + count) - begin)]
            begin += len(part.pcm)
            if begin >= 2 * (first + count):
                break
        return np.frombuffer(found, "<i2")

    def _rest(self, at: int) -> list[tuple[int, bytes]]:
        rest, begin = list[tuple[int, bytes]](), self._forgotten
        for part in self._held:
            if left := part.pcm[max(0, at - begin) :]:
                rest.append((part.clause, left))
            begin += len(part.pcm)
        return rest


def _share(text: str, share: float) -> str:
    """The whole words within the first part of ``text``."""
    whole = re.match(r".*\s", text[: int(len(text.rstrip()) * share) + 1], re.DOTALL)
    return whole[0] if whole else ""
