"""Names of the home in what was heard: a run of words that sounds nearly like one of them becomes it.

For recognisers that cannot be told what to expect. Works on sound-alike letters, not on sounds: a name in a language that is
spelled unlike English is found only where it was misheard as it is written. Does not cover which name was meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from serve.spelling import written

_MOST, _LONGEST = 400, 60  # names; letters of one
_PROMPT = 600  # letters of a hint
FAR = 0.34
"""The share of letters that may differ."""
_ALIKE = (
    (r"ph|gh(?=t|$)", "f"), (r"[cq](?![h])|ck", "k"), (r"x", "ks"), (r"z", "s"), (r"tch|ch|sh", "j"), (r"w(?=r)|k(?=n)|h", ""),
    (r"([a-z])\1", r"\1"), (r"[aeiouy]+", "a"), (r"d(?=\b)", "t"),
)  # fmt: skip


class Names:
    def __init__(self, names: Sequence[str]) -> None:
        """Those that can be written in the recogniser's form; beyond 400, and longer than 60 letters, they are left out."""
        plain = dict.fromkeys(text for name in names[: 4 * _MOST] if len(name) <= _LONGEST and (text := written(name)))
        self._names = list(plain)[:_MOST]

    @property
    def prompt(self) -> str | None:
        """The names as a hint for a Whisper, as many as fit; None without any."""
        hint = ""
        for name in self._names:
            if len(hint) + len(name) + 2 > _PROMPT:
                break
            hint = f"{hint}, {name}" if hint else name
        return hint or None

    @cached_property
    def _sounds(self) -> list[tuple[str, str, int]]:
        """Name, its sound, its number of words; the longest first, since a short one may be a part of it."""
        return sorted(((name, sound(name), len(name.split())) for name in self._names), key=lambda known: -len(known[1]))

    def corrected(self, text: str) -> str:
        """``text`` with what sounds like a name written as that name; a run that is a name already is left alone."""
        if not self._names:
            return text
        words, done = text.split(), [False] * len(text.split())
        for name in sorted(self._names, key=len, reverse=True):
            _mark(words, done, name.split())
        while found := self._nearest(words, done):
            at, count, name = found
            put = name.split()
            words[at : at + count] = put
            done[at : at + count] = [True] * len(put)
        return " ".join(words)

    def _nearest(self, words: list[str], done: list[bool]) -> tuple[int, int, str] | None:
        """Where a run begins, how long it is, and the name that it is nearest to."""
        best: tuple[float, int, int, str] | None = None
        for name, heard, size in self._sounds:
            for count in {max(1, size - 1), size, size + 1}:
                for at in range(len(words) - count + 1):
                    if any(done[at : at + count]):
                        continue
                    far = _distance(heard, sound(" ".join(words[at : at + count])), FAR if best is None else best[0])
                    if far is not None and (best is None or far < best[0]):
                        best = (far, at, count, name)
        return best[1:] if best else None


def sound(text: str) -> str:
    """``text`` in letters that stand for alike sounds: vowels are one, doubles single, silent ones gone."""
    for pattern, put in _ALIKE:
        text = re.sub(pattern, put, text)
    return text.replace(" ", "")


def _mark(words: list[str], done: list[bool], name: list[str]) -> None:
    for at in range(len(words) - len(name) + 1):
        if words[at : at + len(name)] == name:
            done[at : at + len(name)] = [True] * len(name)


def _distance(a: str, b: str, most: float) -> float | None:
    """Levenshtein's over the longer length; None at or above ``most``."""
    longer = max(len(a), len(b))
    if not longer or abs(len(a) - len(b)) >= most * longer:
        return None
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
        if min(row) >= most * longer:
            return None
    return row[-1] / longer if row[-1] < most * longer else None
