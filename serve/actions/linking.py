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
_READ = frozenset({"sensor", "binary_sensor"})
# Their names are wholes of their own, or many things have them.
_UNLINKED = frozenset({"person", "timer", "weather", "zone", "sun"})
_LISTS = "todo"


@dataclass(frozen=True)
class Thing:
    """``names`` begin with the name itself; ``places`` are what its area and floor are called."""

    names: tuple[str, ...]
    domain: str
    device_class: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Name:
    """A name as it stands in a text, with or without a mistake: of the things numbered ``things``, or of the place ``place``."""

    start: int
    end: int
    things: frozenset[int] = frozenset()
    place: str | None = None


class _Text:
    """A request in ``words``, folded. Runs of words are from the first up to the last excluded."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = list(_WORD.finditer(text))
        self.words = tuple(fold(word[0]) for word in found)
        self._spans = [word.span() for word in found]
        self.names: dict[int, _Name] = {}
        """Names of the home, by where they begin; no two in one place."""

    def __len__(self) -> int:
        return len(self.words)

    def is_whole(self, start: int, end: int) -> bool:
        """Whether nothing but blanks, hyphens and underscores stands between the words."""
        return all(self._is_joined(at) for at in range(start + 1, end))

    def begins(self, at: int) -> bool:
        """Whether a sentence or a part of one begins here."""
        return at == 0 or not self._is_joined(at)

    def ends(self, at: int) -> bool:
        """Whether a sentence or a part of one is over before the word ``at``."""
        return at == len(self) or not self._is_joined(at)

    def written(self, start: int, end: int) -> str:
        return self.text[self._spans[start][0] : self._spans[end - 1][1]]

    def replaced(self, parts: Iterable[tuple[int, int, str]]) -> str:
        """The text with other words for some runs, which come in their order."""
        made, last = [], 0
        for start, end, name in parts:
            made += [self.text[last : self._spans[start][0]], name]
            last = self._spans[end - 1][1]
        return "".join([*made, self.text[last:]])

    def _is_joined(self, at: int) -> bool:
        return _BETWEEN.fullmatch(self.text, self._spans[at - 1][1], self._spans[at][0]) is not None


@dataclass
class _Index:
    """Which things, by number, a word may be of, and which are in a place; and of each thing two sets of words.

    ``heads`` are what a mention of it may end with, ``around`` the words of its places.
    """

    words: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    places: dict[tuple[str, ...], set[int]] = field(default_factory=lambda: defaultdict(set))
    heads: list[frozenset[str]] = field(default_factory=list)
    around: list[frozenset[str]] = field(default_factory=list)


class Linker:
    """A language's words over the things of one home."""

    def __init__(self, things: Iterable[Thing], places: Iterable[Sequence[str]], known: Linking) -> None:
        """``places`` are the areas and floors, each with its name first. Nothing is linked where ``known`` tells no kinds."""
        self._known = known
        self._things = [thing for thing in things if known.kinds and _words(thing.names[0])]
        if len(self._things) > MOST:
            self._things = []
        self._names: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for number, thing in enumerate(self._things):
            for name in thing.names:
                self._names[_words(name)].add(number)
        self._names.pop((), None)
        self._places = {said: names[0] for names in places for name in names if (said := _words(name))}
        self._alone = [self._is_alone(thing) for thing in self._things]
        self._index = self._indexed()
        self._vocabulary = list(self._index.words)
        self._longest = max(map(len, (*self._names, *self._places)), default=0)
        self._squeezed = [(short, said) for said in (*self._names, *self._places) if len(short := "".join(said)) >= _SHORTEST]
        self._spelt = [short for short, _ in self._squeezed]

    def _is_alone(self, thing: Thing) -> bool:
        """Whether its name means nothing else: no other thing, and no place."""
        name = _words(thing.names[0])
        return thing.domain not in _UNLINKED and len(self._names[name]) == 1 and name not in self._places

    def _indexed(self) -> _Index:
        index = _Index()
        for number, thing in enumerate(self._things):
            linked = thing.domain not in _UNLINKED
            own = [_words(name) for name in thing.names if linked]
            nouns = [_words(noun) for noun in self._known.nouns(thing.domain, thing.device_class, own)]
            around = [_words(place) for place in thing.places if linked]
            for said in (*own, *nouns, *around):
                for word in said:
                    index.words[word].add(number)
            for said in around:
                index.places[said].add(number)
            index.heads.append(frozenset(said[-1] for said in (*own, *nouns) if said))
            index.around.append(frozenset(word for said in around for word in said))
        return index

    def link(self, text: str) -> str:
        """``text`` with the names of the things that are meant; the same where nothing is found, or nothing is surely meant."""
        linked = self._once(text)
        # What then reads as something else again was not clear.
        return linked if linked == text or self._once(linked) == linked else text

    def _once(self, text: str) -> str:
        said = _Text(text)
        if not self._alone or not said or len(said) > LONGEST:
            return text
        said.names = self._names_in(said)
        return said.replaced(self._mentions(said))

    def meant(self, text: str) -> frozenset[str]:
        """The names in ``text``, once it is linked, where no word of it may mean another thing; empty otherwise.

        A list may be meant without a word of it ("buy milk"): where no list is named, all of them are among the names.
        """
        said = _Text(text)
        if not self._alone or len(said) > LONGEST:
            return frozenset()
        named = [name for name in self._names_in(said).values() if name.things]
        numbers = frozenset(number for name in named for number in name.things)
        inside = {at for name in named for at in range(name.start, name.end)}
        rest = {word for at, word in enumerate(said.words) if at not in inside}
        if not numbers or any(self._may_mean_another(word, numbers) for word in rest):
            return frozenset()
        lists = frozenset(number for number, thing in enumerate(self._things) if thing.domain == _LISTS)
        return frozenset(self._things[number].names[0] for number in numbers | (frozenset() if numbers & lists else lists))

    def _may_mean_another(self, word: str, named: frozenset[int]) -> bool:
        """Whether a word beside the names may mean a thing that is not ``named``."""
        known = self._known
        if word in known.pointing or word in known.things:
            return True
        domains = known.telling.get(word, frozenset())
        if domains and all(self._things[number].domain not in domains for number in named):
            return True  # "turn off the Hall lamp and the music"
        idle = word in known.closed or word in known.vague or word.isdigit()
        things = () if idle else self._index.words.get(word, ())
        return bool(things) and named.isdisjoint(things)

    def _mentions(self, said: _Text) -> Iterator[tuple[int, int, str]]:
        """Runs of words with the name that each stands for, in their order."""
        idioms = self._idioms(said.words)
        at = 0
        while at < len(said):
            end, name = (at, None) if at in idioms else self._mention(said, at)
            if name is not None:
                twice = self._is_told(said, at) and _words(name)[0] in self._known.articles  # "the The On Air sign"
                yield at - twice, end, name
            at = max(end, said.names[at].end if at in said.names else at + 1)

    def _idioms(self, words: tuple[str, ...]) -> frozenset[int]:
        """Words that mean no thing where they stand: "pull the plug on the lamp"."""
        return frozenset(
            at
            for idiom in self._known.idioms
            for start in range(len(words) - len(idiom) + 1)
            if words[start : start + len(idiom)] == idiom
            for at in range(start, start + len(idiom))
        )

    # Names that are in the text, whole.

    def _names_in(self, said: _Text) -> dict[int, _Name]:
        """Names of the home by where they begin, the longest first: as they are written, or with a mistake."""
        found: dict[int, _Name] = {}
        at = 0
        while at < len(said):
            name = self._exactly(said, at)
            if name:
                found[at] = name
            at = name.end if name else at + 1
        for at, word in enumerate(said.words):
            inside = any(name.start <= at < name.end for name in found.values())
            if not inside and self._is_strange(word) and (name := self._nearly(said, at, found)):
                found = {start: other for start, other in found.items() if not name.start <= start < name.end}
                found[name.start] = name
        return found

    def _exactly(self, said: _Text, at: int) -> _Name | None:
        for end in range(min(at + self._longest, len(said)), at, -1):
            words = said.words[at:end]
            if not (words in self._names or words in self._places) or not said.is_whole(at, end):
                continue
            if len(words) == 1 and (words[0] in self._known.closed or words[0].isdigit()):
                continue
            return self._named(at, end, words)
        return None

    def _nearly(self, said: _Text, at: int, found: dict[int, _Name]) -> _Name | None:
        """The one name that the words around ``at`` are a mistake or two away from; one of ``found`` is in it whole or not."""
        near: list[tuple[int, int, _Name]] = []
        for start in range(max(0, at - _WINDOW + 1), at + 1):
            for end in range(at + 1, min(len(said), start + _WINDOW) + 1):
                cut = any(one.start < start < one.end or one.start < end < one.end for one in found.values())
                if cut or not said.is_whole(start, end):
                    continue
                for away, number in _misspelt("".join(said.words[start:end]), self._spelt):
                    words = self._squeezed[number][1]
                    if self._known.closed.isdisjoint({said.words[start], said.words[end - 1]} - set(words)):
                        near.append((away, start - end, self._named(start, end, words)))
        if not near:
            return None
        least, size, first = min(near, key=lambda one: one[:2])
        others = {(one.things, one.place) for *how, one in near if how == [least, size]}
        short = len(said.words[at]) <= _LONG
        clear = size < -1 or self._is_led(said, first.start) or (said.begins(first.start) and not short)
        return first if clear and len(others) == 1 else None

    def _named(self, start: int, end: int, words: tuple[str, ...]) -> _Name:
        return _Name(start, end, frozenset(self._names.get(words, ())), self._places.get(words))

    def _is_strange(self, word: str) -> bool:
        """Whether nothing of the home is called so, nor anything else that is known."""
        known = self._known
        return len(word) > 2 and not word.isdigit() and word not in self._index.words and word not in known.words

    # Mentions: words of a thing's names, of its places, and of what it is.

    def _mention(self, said: _Text, start: int) -> tuple[int, str | None]:
        """Where the longest run of words of the home from ``start`` on ends, and what it stands for: None where it may stay.

        ``start`` for no run.
        """
        name = said.names.get(start)
        if name is None and said.words[start] in self._known.before and not self._is_told(said, start):
            return start, None  # "light the fireplace"
        runs = list(self._runs(said, start))
        for run, words in reversed(runs):
            end, number = self._meant_from(said, start, run, words)
            if number is None or not self._ends(said, end, words, number, placed=end > run):
                continue
            if name and number in name.things and self._known.things.issuperset(said.words[name.end : end]):
                break  # "the wedding list" is called wedding
            if self._begins(said, start, words, placed=end > run) and not self._is_item(said, end, number):
                return end, self._things[number].names[0]
            return start, None
        if name:
            return name.end, self._name_of(said, name)
        return (runs[-1][0] if runs else start), None

    def _runs(self, said: _Text, start: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Runs of words of the home that begin at ``start``, each longer than the one before it: where it ends, and its words."""
        words: tuple[str, ...] = ()
        end = start
        while end < len(said) and said.is_whole(start, end + 1):
            if end in said.names:
                name = said.names[end]
                words += self._own_words(name) or said.words[end : name.end]
                end = name.end
            elif word := self._word(said.words[end]):
                words += (word,)
                end += 1
            else:
                return
            yield end, words

    def _own_words(self, name: _Name) -> tuple[str, ...]:
        """The words of a name, as the home has them; none where several things have it."""
        if name.place is not None and not name.things:
            return _words(name.place)
        return _words(self._things[min(name.things)].names[0]) if len(name.things) == 1 else ()

    def _word(self, word: str) -> str | None:
        """A word of the home, without a mistake in it; None for any other."""
        known = self._known
        for form in (word, re.sub("['’]s$", "", word)):
            if form not in known.closed and (form in self._index.words or form in known.things):
                return form
        if not self._is_strange(word):
            return None
        near = sorted(_misspelt(word, self._vocabulary))[:2]
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return None
        meant = self._vocabulary[near[0][1]]
        return meant if len(meant) >= _SHORTEST and meant not in known.closed else None

    def _meant_from(self, said: _Text, start: int, end: int, words: Sequence[str]) -> tuple[int, int | None]:
        """Where the mention ends, with its place where it tells one, and the thing that it means."""
        place, last = self._place_behind(said, end)
        if place is not None and (number := self._meant(words, place)) is not None:
            return last, number
        named = start in said.names and said.names[start].end == end  # a name, with or without a mistake
        number = None if named or place is not None else self._meant(words, None)
        return end, None if number is None or self._is_elsewhere(said, start, end, number) else number

    def _place_behind(self, said: _Text, at: int) -> tuple[str | None, int]:
        """The place that follows, as in "in the hall", and where it ends; None and ``at`` where none does."""
        if at < len(said) and not said.ends(at) and said.words[at] in self._known.inside:
            name = said.names.get(self._behind_articles(said, at + 1))
            if name and name.place is not None and said.is_whole(at, name.end):
                return name.place, name.end
        return None, at

    def _is_elsewhere(self, said: _Text, start: int, end: int, number: int) -> bool:
        """Whether a place is told, before an order or behind the thing, that the thing is not in. "In ten minutes" may be one."""
        known = self._known
        for at in range(start):
            leads = said.begins(at) or said.words[at - 1] in known.closed  # "in the kitchen turn off the tv"
            if leads and said.words[at] in known.within and self._is_outside(said, at, number):
                return True
        if not said.ends(end) and said.words[end] in known.inside and self._behind_articles(said, end + 1) > end + 1:
            return self._is_outside(said, end, number)
        while not said.ends(end) and said.words[end] not in known.orders:
            if said.words[end] in known.within and self._is_outside(said, end, number):
                return True  # "set the heating to 21 in the cellar"
            end += 1
        return False

    def _is_outside(self, said: _Text, at: int, number: int) -> bool:
        """Whether what follows the preposition ``at`` is no place of the thing."""
        at = self._behind_articles(said, at + 1)
        if at == len(said) or said.words[at].isdigit():
            return False
        name = said.names.get(at)
        return name is None or name.place is None or number not in self._index.places.get(_words(name.place), ())

    def _behind_articles(self, said: _Text, at: int) -> int:
        while at < len(said) and said.words[at] in self._known.articles:
            at += 1
        return at

    def _meant(self, words: Sequence[str], place: str | None) -> int | None:
        """The one thing that all of ``words`` may be of, in ``place`` where there is one."""
        index = self._index
        if len(words) == 1 and words[0] in self._known.several:
            return None
        sets = [index.words.get(word, set[int]()) for word in words]
        if place is not None:
            sets.append(index.places.get(_words(place), set()))
        there = {number for number in set.intersection(*sets) if self._is_telling(words, number)}
        if len(there) > 1:
            there = {number for number in there if words[-1] in index.heads[number]}
        number = next(iter(there)) if len(there) == 1 else None
        return number if number is not None and self._alone[number] else None

    def _is_telling(self, words: Sequence[str], number: int) -> bool:
        """Whether ``words`` have more than what things are asked for and where they are, and how many."""
        own = [word for word in words if word not in self._index.around[number]]
        if any(not self._is_vague(word) for word in own):
            return True
        return sum(not word.isdigit() for word in own) > 1 and self._things[number].domain not in _READ

    def _is_vague(self, word: str) -> bool:
        return word in self._known.vague or word in self._known.parts or word.isdigit()

    # What stands around a mention.

    def _begins(self, said: _Text, start: int, words: Sequence[str], *, placed: bool) -> bool:
        """Whether a thing may be meant from ``start`` on: by one word alone, only where something before it says so."""
        if len(words) > 1:
            return said.begins(start) or self._is_led(said, start)
        return self._is_led(said, start) and (placed or self._is_asked(said, start))

    def _is_led(self, said: _Text, start: int) -> bool:
        """Whether an article, an order or a preposition is before the word."""
        return not said.begins(start) and (self._is_told(said, start) or said.words[start - 1] in self._known.before)

    def _is_asked(self, said: _Text, start: int) -> bool:
        """Whether an order or a preposition is before a thing and its article: "play the radio" may be a song."""
        while self._is_told(said, start):
            start -= 1
        return said.begins(start) or said.words[start - 1] in self._known.before

    def _is_told(self, said: _Text, start: int) -> bool:
        return start > 0 and said.words[start - 1] in self._known.articles

    def _ends(self, said: _Text, end: int, words: Sequence[str], number: int, *, placed: bool) -> bool:
        """Whether no more of a name can follow: in "the navy curtain" is no navy blind, and in "the radio edit" no radio."""
        if said.ends(end) or said.words[end] in self._known.after:
            return True
        bare = len(words) == 1 and not placed and words[0] in self._known.things
        return not bare and words[-1] in self._index.heads[number]

    def _is_item(self, said: _Text, end: int, number: int) -> bool:
        """Whether what is mentioned goes on a list: "put the lamp on the shopping list"."""
        if self._things[number].domain == _LISTS:
            return False
        while not said.ends(end) and said.words[end] in self._known.closed - self._known.orders:
            end += 1
        nouns = self._known.nouns(_LISTS, None, ())
        if any(word in nouns for word in said.words[end : end + 3]):
            return True
        return end in said.names and any(self._things[each].domain == _LISTS for each in said.names[end].things)

    def _name_of(self, said: _Text, name: _Name) -> str | None:
        """What a name is written as; None where it is so already, means several, or may be another word: "I study a lot"."""
        own = None
        if name.place is not None and not name.things:
            own = name.place if _words(name.place) not in self._names else None
        elif name.place is None and len(name.things) == 1:
            (number,) = name.things
            own = self._things[number].names[0] if self._alone[number] and not self._is_item(said, name.end, number) else None
        written = said.written(name.start, name.end)
        if own is None or fold(_MARKS.sub("", own)) == fold(written):
            return None
        word = said.words[name.start]
        if name.end - name.start > 1:
            return own
        told = self._is_led(said, name.start) and self._is_asked(said, name.start)
        return own if told and not self._is_vague(word) else None


def _words(text: str) -> tuple[str, ...]:
    return tuple(map(fold, _WORD.findall(text)))


def _misspelt(word: str, known: Sequence[str]) -> list[tuple[int, int]]:
    """How many mistakes ``word`` is away from some of ``known``, and their numbers. What begins otherwise is another word."""
    if len(word) < _SHORTEST:
        return []
    most = 2 if len(word) >= _LONG else 1
    near = process.extract(word, known, scorer=OSA.distance, score_cutoff=most, limit=4)
    return [(int(away), number) for name, away, number in near if name[0] in word[:2] and word[0] in name[:2]]


@dataclass(frozen=True)
class Linked:
    """``meant``: the things that the newest request can mean, by name; empty where it may mean any."""

    messages: tuple[Message, ...]
    meant: frozenset[str] = frozenset()


def linked(messages: Iterable[Message], lines: Sequence[str], language: str) -> Linked:
    """``messages`` of which the user's call things by the names that ``lines`` of a home give them (schemas.home_lines).

    After a tool's result, anything may be meant.
    """
    if not lines:
        return Linked(tuple(messages))
    linker = _linker_of(tuple(line for line in map(_stateless, lines) if line), known_of(language).linking)
    found = tuple(
        message.model_copy(update={"content": linker.link(message.content)})
        if message.role == "user" and message.content
        else message
        for message in messages
    )
    newest = found[-1].content if found and found[-1].role == "user" else None
    return Linked(found, linker.meant(newest) if newest else frozenset())


@lru_cache(maxsize=4096)
def _stateless(text: str) -> Line | None:
    line = parse_line(text)
    return replace(line, state="") if line else None


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
