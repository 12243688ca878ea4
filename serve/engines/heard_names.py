"""Names of the home in what was heard: a run of words that sounds nearly like one of them becomes it.

For recognisers that cannot be told what to expect. Works on sound-alike letters, not on sounds: a name in a language that is
spelled unlike English is found only where it was misheard as it is written. Does not cover which name was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from serve.spelling import written

_MOST, _LONGEST = 400, 60  # names; letters of one
_PROMPT = 600  # letters of a hint
_SHORTEST = 3  # of a sound: "hall" is like "all", and half of what people say would be heard as such a name
FAR = 0.25
"""The share of letters that may differ; above 0.3 more is spoilt than mended."""
_ALIKE = [(re.compile(pattern), put) for pattern, put in (
    (r"ph|gh(?=t|$)", "f"), (r"[cq](?![h])|ck", "k"), (r"x", "ks"), (r"z", "s"), (r"tch|ch|sh", "j"), (r"w(?=r)|k(?=n)|h", ""),
    (r"([a-z])\1", r"\1"), (r"[aeiouy]+", "a"), (r"d(?=\b)", "t"),
)]  # fmt: skip


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
    def _sounds(self) -> list[_Sound]:
        return [known for name in self._names if (known := _Sound.of(name)).length >= _SHORTEST]

    def corrected(self, text: str) -> str:
        """``text`` with what sounds like a name written as that name; a run that is a name already is left alone."""
        return " ".join(put for _, _, put in self.runs(text.split())) if self._names else text

    def runs(self, words: list[str]) -> list[tuple[int, int, str]]:
        """What ``corrected`` makes of ``words``, in order: from where, to where, and what is written for them. A word that stays
        is a run of its own."""
        taken = self._said(words)
        chosen: dict[int, tuple[int, str]] = {}
        for _, at, end, name in sorted(self._alike(words, taken)):
            if not any(taken[at:end]):
                taken[at:end] = [True] * (end - at)
                chosen[at] = (end, name)
        at, found = 0, []
        while at < len(words):
            end, put = chosen.get(at, (at + 1, words[at]))
            found.append((at, end, put))
            at = end
        return found

    def _said(self, words: list[str]) -> list[bool]:
        """Which words belong to a name that was heard as it is."""
        taken = [False] * len(words)
        for name in self._names:
            parts = name.split()
            for at in range(len(words) - len(parts) + 1):
                if words[at] == parts[0] and words[at : at + len(parts)] == parts:
                    taken[at : at + len(parts)] = [True] * len(parts)
        return taken

    def _alike(self, words: list[str], taken: list[bool]) -> Iterator[tuple[float, int, int, str]]:
        """How far, from where to where, and which name: for every run of words that sounds like one."""
        longest = max((each.words for each in self._sounds), default=0) + 1
        runs: dict[int, list[tuple[int, str]]] = {}
        for count in range(1, min(longest, len(words)) + 1):
            free = [at for at in range(len(words) - count + 1) if not any(taken[at : at + count])]
            runs[count] = [(at, sound(" ".join(words[at : at + count]))) for at in free]
        for each in self._sounds:
            for count in {max(1, each.words - 1), each.words, each.words + 1}:
                for at, heard in runs.get(count, ()):
                    if (far := each.distance(heard)) < FAR:
                        yield far, at, at + count, each.name


@dataclass(frozen=True)
class _Sound:
    """A name as it sounds. ``places`` has a bit set for each place of a letter: Myers 1999, "A fast bit-vector algorithm"."""

    name: str
    words: int
    length: int
    places: dict[str, int]

    @classmethod
    def of(cls, name: str) -> _Sound:
        heard, places = sound(name), {}
        for place, letter in enumerate(heard):
            places[letter] = places.get(letter, 0) | 1 << place
        return cls(name, len(name.split()), len(heard), places)

    def distance(self, heard: str) -> float:
        """Levenshtein's over the longer length; 1 where the lengths alone are too far apart."""
        longer = max(self.length, len(heard))
        if not self.length or abs(self.length - len(heard)) >= FAR * longer:
            return 1.0
        every, last, score = (1 << self.length) - 1, 1 << self.length - 1, self.length
        up, down = every, 0
        for letter in heard:
            same = self.places.get(letter, 0)
            across = (((same & up) + up) ^ up) | same | down
            right, left = down | ~(across | up), up & across
            score += bool(right & last) - bool(left & last)
            right, left = right << 1 | 1, left << 1
            steady = same | down
            up, down = (left | ~(steady | right)) & every, right & steady & every
        return score / longer


@lru_cache(maxsize=4096)
def sound(text: str) -> str:
    """``text`` in letters that stand for alike sounds: vowels are one, doubles single, silent ones gone."""
    for pattern, put in _ALIKE:
        text = pattern.sub(put, text)
    return text.replace(" ", "")
