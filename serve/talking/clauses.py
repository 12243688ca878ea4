"""A reply, as it streams, cut into clauses: each as soon as it is sure to be over, the first one short so that sound comes early.

The clauses together are the reply, character for character, and are the same however it was chunked. Does not cover how a
clause is read aloud (reading.py) nor pieces of a text that is there as a whole (serve/engines/spoken_pieces.py).
"""

from __future__ import annotations

import re

SHORT, LONG, LONGEST = 15, 60, 140
"""Characters from which on the first clause may end at a comma, from which on others may, and beyond which all end at a space."""
UNBROKEN = 1000
"""Characters without a space that are cut anywhere."""
_FENCE = "```"
_STOPS, _COMMAS = "!?…。！？", ",;:،؛，；：、—–"
_CLOSERS = "\"'”’»)]*_」』）"
# A place where a clause may end is sure only with the character that follows.
_PLACE = re.compile(r"\s+(?=\S)|[。！？，；：、][”’」』）]*\s*(?=[^\s”’」』）])")
_LAST_WORD = re.compile(r"([\w.]*)\.$")
_WORD_MOST = 14  # characters of the next word that are waited for

_NEVER = {  # abbreviations that end no sentence
    "en": "dr mr mrs ms prof vs approx e.g i.e eg ie mt gen st",
    "de": "dr hr prof bzw ca ggf inkl tel vgl z.b z.t d.h u.a evtl sog st str",
}
_BEFORE_CAPITALS = {  # those that end one where a capital follows
    "en": "etc a.m p.m am pm inc ltd co jr sr min max temp ave rd sec hr hrs jan feb mar apr jun jul aug sept sep oct nov dec",
    "de": "usw etc u.s.w min max mind std sek",
}
_BEFORE_DIGITS = frozenset(("no", "nos", "nr", "fig", "p", "pp", "vol"))  # those that are one only before a digit
_JOINING = {  # words that a first clause ends before where no comma comes
    "en": "and or but because so while when which who since until although though unless before after if",
    "de": "und oder aber weil denn sodass während wenn dass bis obwohl bevor nachdem sondern",
}
_MONTHS = "januar februar märz april mai juni juli august september oktober november dezember"


class Clauses:
    """One reply after another, never two at once."""

    def __init__(self, language: str = "en") -> None:
        self._language = language[:2].lower()
        self._begin()

    def add(self, text: str) -> list[str]:
        """The clauses that ``text`` brings to their end, each with the space behind it."""
        self._held += text
        return self._cut(over=False)

    def finish(self) -> list[str]:
        """What is left, since nothing follows."""
        found = self._cut(over=True)
        found += [self._held] if self._held else []
        self._begin()
        return found

    def _begin(self) -> None:
        self._held, self._first = "", True
        self._from(0)

    def _from(self, at: int) -> None:
        self._held = self._held[at:]
        self._looked = self._space = 0  # as far as no clause ends; the last space before that

    def _cut(self, over: bool) -> list[str]:
        found: list[str] = []
        while end := self._end(over):
            found.append(self._held[:end])
            self._from(end)
            self._first = False
        return found

    def _end(self, over: bool) -> int:
        """Where the first clause of what is held ends; 0 where that is not sure yet."""
        held = self._held
        while place := _PLACE.search(held, self._looked):
            end = place.end()
            fenced = held.count(_FENCE, 0, end) % 2 == 1
            if end > LONGEST and self._space:
                return self._space
            if end > UNBROKEN and not fenced:
                return UNBROKEN
            ends = not fenced and self._ends(end, over)
            if ends is None:
                return 0
            if ends:
                return end
            self._looked = end
            if not fenced and any(map(str.isalnum, held[:end])):
                self._space = end
        return UNBROKEN if len(held) > UNBROKEN and held.count(_FENCE) % 2 == 0 and not self._space else 0

    def _ends(self, end: int, over: bool) -> bool | None:
        """Whether a clause ends there; None where more of the text is needed to tell."""
        before, after = self._held[:end].rstrip(), self._held[end:]
        if not any(map(str.isalnum, before)):
            return False
        if "\n" in self._held[len(before) : end]:
            return True
        mark = before.rstrip(_CLOSERS)
        if mark.endswith(tuple(_STOPS)):
            return True
        if mark.endswith("."):
            return self._stops(mark, after, over)
        if mark.endswith(tuple(_COMMAS)):
            return end >= (SHORT if self._first else LONG)
        if not self._first or end <= LONG // 2:
            return False
        word = _next_word(after, over)
        return None if word is None else word.lower() in self._words(_JOINING)

    def _stops(self, before: str, after: str, over: bool) -> bool | None:
        """Whether the full stop that ``before`` ends with ends a sentence."""
        last = _LAST_WORD.search(before)
        word = last[1].lower() if last else ""
        if word.isdigit():
            return self._counts(word, before, after, over)
        if word in self._words(_NEVER):
            return False
        if word in _BEFORE_DIGITS:
            return not after[0].isdigit()
        if word in self._words(_BEFORE_CAPITALS) or re.fullmatch(r"(\w\.)+\w", word):
            return after[0].isupper()
        return len(word) != 1 or not word.isalpha()  # an initial

    def _counts(self, digits: str, before: str, after: str, over: bool) -> bool | None:
        """As _stops, behind digits: "1. Buy milk" and "am 3. Mai" go on."""
        if not any(map(str.isalnum, before[: -1 - len(digits)])):
            return False
        if self._language != "de" or len(digits) > 2:
            return True
        word = _next_word(after, over)
        return None if word is None else not (word[:1].islower() or word.lower() in _MONTHS.split())

    def _words(self, table: dict[str, str]) -> list[str]:
        return table.get(self._language, "").split()


def _next_word(after: str, over: bool) -> str | None:
    """The word that ``after`` begins with, empty for a longer one than any that matters; None where it may go on."""
    word = re.match(r"\w*", after)
    assert word is not None
    if word.end() == len(after) and len(after) < _WORD_MOST and not over:
        return None
    return word[0] if word.end() < _WORD_MOST else ""
