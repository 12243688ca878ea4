"""Things that a request does not call by their names, put in the home's own words: entity linking.

"The heater in the bathroom" becomes "the bath radiator", "the pumkin lamp" "the kitchen pumpkin lamp", where nothing else in the
home can be meant: all words of a mention must be in the thing's name or aliases, name its place, or say what it is. Anything less
clear stays as it is said. What is found is the same however the home's states are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA

from schemas.conversation import Message
from schemas.home_lines import Line, parse_line
from serve.actions.matching import fold
from serve.actions.sentences import Linking
from serve.actions.sentences import language as known_of

HOMES = 64  # that are kept ready
LONGEST = 60  # words; what is longer is no request for a thing
MOST = 500  # things; a home of more takes too long to look through for what is misspelt
_WINDOW = 6  # words of a misspelt name
_SHORTEST = 5  # letters of a name that may be misspelt
_LONG = 9  # letters of a name that may have two mistakes
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_MARKS = re.compile(r"[^\w\s'’-]")
_BETWEEN = re.compile(r"[\s_-]*")
# Their names are wholes of their own, or many things have them.
_READ = frozenset({"sensor", "binary_sensor"})
_UNLINKED = frozenset({"person", "timer", "weather", "zone", "sun"})


@dataclass(frozen=True)
class Thing:
    """``names`` begin with the name itself; ``places`` are what its area and floor are called."""

    names: tuple[str, ...]
    domain: str
    device_class: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Word:
    said: str
    start: int
    end: int


@dataclass(frozen=True)
class _Known:
    """A name as it stands in a text: of the things numbered ``things``, or of the place ``place``."""

    start: int
    end: int
    things: frozenset[int] = frozenset()
    place: str | None = None


@dataclass
class _Index:
    """Which things, by number, a word may be of. ``heads``: what a mention of the thing may end with."""

    words: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    places: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    heads: list[frozenset[str]] = field(default_factory=list)
    around: list[frozenset[str]] = field(default_factory=list)


class Linker:
    """A language's words over the things of one home."""

    def __init__(self, things: Iterable[Thing], places: Iterable[Sequence[str]], known: Linking) -> None:
        """``places`` are the areas and floors, each with its name first."""
        self._known = known
        self._things = [thing for thing in things if _words(thing.names[0])]
        if len(self._things) > MOST:
            self._things = []
        called = [fold(thing.names[0]) for thing in self._things]
        self._alone = [
            called.count(name) == 1 and thing.domain not in _UNLINKED for name, thing in zip(called, self._things, strict=True)
        ]
        self._names: dict[tuple[str, ...], set[int]] = defaultdict(set)
        self._placed: dict[tuple[str, ...], str] = {}
        for names in places:
            self._placed.update({_words(name): names[0] for name in names if _words(name)})
        self._index = self._indexed()
        self._longest = max(map(len, (*self._names, *self._placed)), default=0)
        self._squeezed = [(short, said) for said in (*self._names, *self._placed) if len(short := "".join(said)) >= _SHORTEST]
        self._spelt = [short for short, _ in self._squeezed]

    def _indexed(self) -> _Index:
        index = _Index()
        for number, thing in enumerate(self._things):
            own = [_words(name) for name in thing.names]
            for said in own:
                self._names[said].add(number)
            if thing.domain in _UNLINKED:
                own = []
            nouns = [_words(noun) for noun in self._known.nouns(thing.domain, thing.device_class, own)]
            around = [_words(place) for place in thing.places if own]
            for said in (*own, *nouns, *around):
                for word in said:
                    index.words[word].add(number)
            for said in around:
                index.places[" ".join(said)].add(number)
            index.heads.append(frozenset(said[-1] for said in (*own, *nouns) if said))
            index.around.append(frozenset(word for said in around for word in said))
        return index

    def link(self, text: str) -> str:
        """``text`` with the names of the things that are meant; the same where nothing is found, or nothing is surely meant."""
        words = [_Word(fold(found[0]), *found.span()) for found in _WORD.finditer(text)]
        if not self._alone or not words or len(words) > LONGEST:
            return text
        made, last = [], 0
        for start, end, name in self._mentions(text, words):
            made += [text[last : words[start].start], name]
            last = words[end - 1].end
        return "".join([*made, text[last:]])

    def meant(self, text: str) -> frozenset[str]:
        """The names in ``text``, once it is linked, where no word of it may mean another thing; empty otherwise."""
        words = [_Word(fold(found[0]), *found.span()) for found in _WORD.finditer(text)]
        if not self._alone or len(words) > LONGEST:
            return frozenset()
        named = [one for one in self._known_in(text, words).values() if one.things]
        inside = {at for one in named for at in range(one.start, one.end)}
        rest = {word.said for at, word in enumerate(words) if at not in inside}
        if rest & (self._known.pointing | self._known.things):
            return frozenset()
        return frozenset(self._things[number].names[0] for one in named for number in one.things)

    def _mentions(self, text: str, words: Sequence[_Word]) -> list[tuple[int, int, str]]:
        """Runs of words, from the first up to the last excluded, with the name that each stands for."""
        known = self._known_in(text, words)
        idioms = self._idioms(words)
        found: list[tuple[int, int, str]] = []
        at = 0
        while at < len(words):
            mention = None if at in idioms else self._mention(text, words, at, known)
            if mention is None:
                at = known[at].end if at in known else at + 1
                continue
            if mention[2] is not None:
                found.append((mention[0], mention[1], mention[2]))
            at = mention[1]
        return found

    def _idioms(self, words: Sequence[_Word]) -> frozenset[int]:
        """Words that mean no thing where they stand: "pull the plug on the lamp"."""
        said = [word.said for word in words]
        found = [
            range(at, at + len(idiom))
            for idiom in self._known.idioms
            for at in range(len(said) - len(idiom) + 1)
            if tuple(said[at : at + len(idiom)]) == idiom
        ]
        return frozenset(at for one in found for at in one)

    def _known_in(self, text: str, words: Sequence[_Word]) -> dict[int, _Known]:
        """Names of the home by where they begin, the longest first: as they are written, or with a mistake."""
        found: dict[int, _Known] = {}
        at = 0
        while at < len(words):
            known = self._exactly(text, words, at)
            if known:
                found[at] = known
            at = known.end if known else at + 1
        for at, word in enumerate(words):
            inside = any(known.start <= at < known.end for known in found.values())
            if not inside and self._is_strange(word.said) and (known := self._nearly(text, words, at, found)):
                for other in [one for one in found.values() if known.start <= one.start < known.end]:
                    del found[other.start]
                found[known.start] = known
        return found

    def _exactly(self, text: str, words: Sequence[_Word], at: int) -> _Known | None:
        for size in range(min(self._longest, len(words) - at), 0, -1):
            said = tuple(word.said for word in words[at : at + size])
            if not (said in self._names or said in self._placed) or not _is_whole(text, words[at : at + size]):
                continue
            if size == 1 and said[0] in self._known.closed:
                continue
            return _Known(at, at + size, frozenset(self._names.get(said, ())), self._placed.get(said))
        return None

    def _nearly(self, text: str, words: Sequence[_Word], at: int, found: dict[int, _Known]) -> _Known | None:
        """The one name that the words around ``at`` are a mistake or two away from; one of ``found`` is in it whole or not."""
        near: list[tuple[int, int, _Known]] = []
        for start in range(max(0, at - _WINDOW + 1), at + 1):
            for end in range(at + 1, min(len(words), start + _WINDOW) + 1):
                part = words[start:end]
                short = "".join(word.said for word in part)
                if len(short) < _SHORTEST or part[0].said in self._known.articles or not _is_whole(text, part):
                    continue
                if any(one.start < start < one.end or one.start < end < one.end for one in found.values()):
                    continue
                most = 2 if len(short) >= _LONG else 1
                for _, away, number in process.extract(short, self._spelt, scorer=OSA.distance, score_cutoff=most, limit=4):
                    said = self._squeezed[number][1]
                    known = _Known(start, end, frozenset(self._names.get(said, ())), self._placed.get(said))
                    near.append((int(away), start - end, known))
        if not near:
            return None
        away, _, first = min(near, key=lambda one: one[:2])
        others = {(one[2].things, one[2].place) for one in near if one[:2] == (away, first.start - first.end)}
        doubtful = first.end - first.start == 1 and not self._begins(text, words, first.start, len(words[at].said) <= _LONG)
        return None if len(others) > 1 or doubtful else first

    def _is_strange(self, word: str) -> bool:
        """Whether nothing of the home is called so, nor anything else that is known."""
        known = self._known
        return len(word) > 2 and not word.isdigit() and word not in self._index.words and word not in known.words

    def _mention(
        self, text: str, words: Sequence[_Word], start: int, known: dict[int, _Known]
    ) -> tuple[int, int, str | None] | None:
        """The longest run of words of the home from ``start`` on: what it stands for, None where it may stay; None for no run."""
        one = known.get(start)
        if one is None and words[start].said in self._known.before and not self._is_told(words, start):
            return None  # "light the fireplace"
        runs = list(self._runs(text, words, start, known))
        for end, said in reversed(runs):
            meant = self._meant_from(text, words, start, end, said, known)
            if meant is None or not self._ends(text, words, meant[0], said[-1], meant[1]):
                continue
            if one and meant[1] in one.things and self._known.things.issuperset(w.said for w in words[one.end : meant[0]]):
                break  # "the wedding list" is called wedding
            if not self._begins(text, words, start, strictly=len(said) == 1):
                return None
            return start, meant[0], self._things[meant[1]].names[0]
        if one:
            return start, one.end, self._name_of(one, text, words)
        return (start, runs[-1][0], None) if runs else None

    def _runs(
        self, text: str, words: Sequence[_Word], start: int, known: dict[int, _Known]
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Runs of words of the home that begin at ``start``, each longer than the one before it: where it ends, and its words."""
        said: list[str] = []
        end = start
        while end < len(words) and (end == start or _BETWEEN.fullmatch(text, words[end - 1].end, words[end].start)):
            if end in known:
                name = known[end]
                said += self._written(name) or [word.said for word in words[end : name.end]]
                end = name.end
            elif word := self._word(words[end].said):
                said.append(word)
                end += 1
            else:
                return
            yield end, tuple(said)

    def _meant_from(
        self, text: str, words: Sequence[_Word], start: int, end: int, said: Sequence[str], known: dict[int, _Known]
    ) -> tuple[int, int] | None:
        """Where the mention ends, with its place where it tells one, and the thing that it means."""
        place, last = self._place_behind(text, words, end, known)
        if place is not None and (number := self._meant(said, place)) is not None:
            return last, number
        named = start in known and known[start].end == end  # a name, with or without a mistake
        if named or place is not None or self._is_elsewhere(words, end):
            return None
        number = self._meant(said, None)
        return None if number is None else (end, number)

    def _is_elsewhere(self, words: Sequence[_Word], end: int) -> bool:
        """Whether a place follows, "in the ...", that this home does not have. "In ten minutes" is no place."""
        behind = [word.said for word in words[end : end + 2]]
        return len(behind) == 2 and behind[0] in self._known.within and not behind[1].isdigit()

    def _ends(self, text: str, words: Sequence[_Word], last: int, head: str, number: int) -> bool:
        """Whether nothing of the thing's name can follow: "the navy" of "the navy curtain" is no navy blind."""
        if last == len(words) or not _BETWEEN.fullmatch(text, words[last - 1].end, words[last].start):
            return True
        return words[last].said in self._known.after or head in self._index.heads[number]

    def _word(self, word: str) -> str | None:
        """A word of the home, without a mistake in it; None for any other."""
        known = self._known
        for form in (word, re.sub("['’]s$", "", word)):
            if form not in known.closed and (form in self._index.words or form in known.things):
                return form
        if len(word) < _SHORTEST or not self._is_strange(word):
            return None
        most = 2 if len(word) >= _LONG else 1
        near = process.extract(word, list(self._index.words), scorer=OSA.distance, score_cutoff=most, limit=2)
        alone = len(near) == 1 or (len(near) > 1 and near[0][1] < near[1][1])
        return near[0][0] if alone and len(near[0][0]) >= _SHORTEST and near[0][0] not in known.closed else None

    def _place_behind(self, text: str, words: Sequence[_Word], at: int, known: dict[int, _Known]) -> tuple[str | None, int]:
        """The place that follows, as in "in the hall", and where it ends; None and ``at`` where none does."""
        here = at
        if here < len(words) and words[here].said in self._known.inside and _is_whole(text, words[here - 1 : here + 1]):
            here += 1
            while here < len(words) and words[here].said in self._known.articles:
                here += 1
            if here in known and known[here].place is not None and _is_whole(text, words[at : known[here].end]):
                return known[here].place, known[here].end
        return None, at

    def _meant(self, said: Sequence[str], place: str | None) -> int | None:
        """The one thing that all of ``said`` may be of, in ``place`` where there is one."""
        index = self._index
        sets = [index.words.get(word, set()) for word in said]
        if place is not None:
            sets.append(index.places.get(" ".join(_words(place)), set()))
        there = set.intersection(*sets)
        there = {number for number in there if self._is_telling(said, number)}
        if len(said) == 1 and said[0] in self._known.several:
            return None
        if len(there) > 1:
            there = {number for number in there if said[-1] in index.heads[number]}
        number = next(iter(there)) if len(there) == 1 else None
        return number if number is not None and self._alone[number] else None

    def _is_telling(self, said: Sequence[str], number: int) -> bool:
        """Whether ``said`` has more than what things are asked for and where they are."""
        own = [word for word in said if word not in self._index.around[number]]
        if any(word not in self._known.vague for word in own):
            return True
        return len(own) > 1 and self._things[number].domain not in _READ

    def _begins(self, text: str, words: Sequence[_Word], start: int, strictly: bool) -> bool:
        """Whether a thing may be named from ``start`` on. ``strictly``: something must stand before it that says so."""
        if start == 0 or not _BETWEEN.fullmatch(text, words[start - 1].end, words[start].start):
            return not strictly
        return self._is_told(words, start) or words[start - 1].said in self._known.before

    def _is_told(self, words: Sequence[_Word], start: int) -> bool:
        return start > 0 and words[start - 1].said in self._known.articles

    def _written(self, known: _Known) -> list[str]:
        """The words of a name, as the home has them."""
        if known.place is not None and not known.things:
            return list(_words(known.place))
        number = min(known.things)
        return list(_words(self._things[number].names[0])) if len(known.things) == 1 else []

    def _name_of(self, known: _Known, text: str, words: Sequence[_Word]) -> str | None:
        """What a name is written as; None where it is so already, or means several."""
        name = None
        if not known.things:
            name = known.place
        elif known.place is None and len(known.things) == 1:
            (number,) = known.things
            name = self._things[number].names[0] if self._alone[number] else None
        said = text[words[known.start].start : words[known.end - 1].end]
        return None if name is None or fold(_MARKS.sub("", name)) == fold(said) else name


def _words(text: str) -> tuple[str, ...]:
    return tuple(map(fold, _WORD.findall(text)))


def _is_whole(text: str, words: Sequence[_Word]) -> bool:
    """Whether nothing but blanks, hyphens and underscores stands between ``words``."""
    return all(_BETWEEN.fullmatch(text, one.end, two.start) for one, two in pairwise(words))


def linked(messages: Iterable[Message], lines: Sequence[str], language: str) -> tuple[Message, ...]:
    """``messages`` of which the user's call things by the names that ``lines`` of a home give them (schemas.home_lines)."""
    linker = linker_of(lines, language)
    return tuple(
        message.model_copy(update={"content": linker.link(message.content)})
        if linker and message.role == "user" and message.content
        else message
        for message in messages
    )


def linker_of(lines: Sequence[str], language: str) -> Linker | None:
    """For the home that ``lines`` tell of; None for no home, and for a language of which nothing is known."""
    if not lines:
        return None
    known = known_of(language).linking
    read = (parse_line(line) for line in lines)
    return _linker_of(tuple(replace(line, state="") for line in read if line), known) if known.kinds else None


@lru_cache(maxsize=HOMES)
def _linker_of(lines: tuple[Line, ...], known: Linking) -> Linker:
    floors = {line.area[0]: line.floor for line in lines if line.area and line.floor}
    areas: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if line.area:
            areas[line.area[0]] = max(areas.get(line.area[0], ()), line.area, key=len)
    things = []
    for line in lines:
        place = areas[line.area[0]] if line.area else ()
        floor = (floors[place[0]],) if place and place[0] in floors else ()
        things.append(Thing(line.names, line.domain, line.device_class, (*place, *floor)))
    return Linker(things, [*areas.values(), *((floor,) for floor in dict.fromkeys(floors.values()))], known)
