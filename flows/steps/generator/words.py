"""The words of each part of the generated data: what one part says, no other part does.

An entry belongs to the part that a stable hash of its text gives: 80% train, 8% validation, 12% test. Plain nouns and everyday
rooms are shared, since a home cannot be said without them; a name made of shared words alone has the part of the whole name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from random import Random
from typing import TypeVar
from zlib import crc32

from flows.steps.generator.lexicons import words
from flows.steps.generator.lexicons.abroad import TONGUES, Tongue
from flows.steps.generator.lexicons.items import ITEMS, QUALITIES, TASKS
from flows.steps.generator.lexicons.media import ARTISTS, FILMS, GENRES, SONGS, STATIONS
from flows.steps.generator.lexicons.qualifiers import MAKERS, MODIFIERS, PEOPLE, PETS
from flows.steps.generator.lexicons.rooms import AREAS, EVERYDAY, FLOORS
from flows.steps.generator.lexicons.things import KINDS
from flows.steps.generator.lexicons.wholes import LISTS, SCENES, SCRIPTS, TIMERS, WEATHER
from schemas.pipeline import Part

PARTS: tuple[Part, ...] = ("train", "validation", "test")
_VALIDATION, _TEST = 80, 88  # of a hundred, where these parts begin

Entry = TypeVar("Entry")


def _hash(text: str) -> int:
    """The same on every machine and Python; multiplied, since a CRC of short texts is not spread over its low bits."""
    return crc32(text.encode()) * 2654435761 >> 9 & 0x7FFFFF


def part_of(text: str) -> Part:
    """The part that a text belongs to by itself."""
    share = _hash(text) % 100
    return "train" if share < _VALIDATION else "validation" if share < _TEST else "test"


def of_part(entries: Iterable[str], part: Part) -> tuple[str, ...]:
    """The entries of ``part``, in their order: at least one, whatever the hashes say. Raises ValueError under three entries."""
    found = tuple(dict.fromkeys(entries))
    if len(found) < len(PARTS):
        raise ValueError(f"{len(found)} entries cannot be split into {len(PARTS)} parts")
    parts = {entry: part_of(entry) for entry in found}
    for missing in PARTS:
        if missing not in parts.values():
            counts = {p: sum(q == p for q in parts.values()) for p in PARTS}
            largest = max(PARTS, key=lambda p: counts[p])
            parts[min((e for e in found if parts[e] == largest), key=lambda e: (_hash(e), e))] = missing
    return tuple(entry for entry in found if parts[entry] == part)


@dataclass(frozen=True, eq=False)
class Words:
    """One part's words. ``everyday`` rooms are shared by all parts; all else is this part's alone."""

    part: Part
    everyday: tuple[str, ...]
    areas: tuple[str, ...]
    floors: tuple[str, ...]
    modifiers: tuple[str, ...]
    people: tuple[str, ...]
    pets: tuple[str, ...]
    makers: tuple[str, ...]
    lists: tuple[str, ...]
    timers: tuple[str, ...]
    scenes: tuple[str, ...]
    scripts: tuple[str, ...]
    weather: tuple[str, ...]
    items: tuple[str, ...]
    qualities: tuple[str, ...]
    tasks: tuple[str, ...]
    songs: tuple[str, ...]
    artists: tuple[str, ...]
    stations: tuple[str, ...]
    genres: tuple[str, ...]
    films: tuple[str, ...]
    tongues: tuple[Tongue, ...]

    @cached_property
    def own(self) -> frozenset[str]:
        """Single words that only this part says."""
        return _spoken(self) - _SHARED - frozenset().union(*(_spoken(words_of(p)) for p in PARTS if p != self.part))


def _split(part: Part) -> Words:
    tongues = tuple(Tongue(of_part(t.rooms, part), t.things, t.joined) for t in TONGUES.values())
    return Words(
        part=part,
        everyday=EVERYDAY,
        areas=of_part((area for area in AREAS if area not in EVERYDAY), part),
        floors=of_part(FLOORS, part),
        modifiers=of_part(MODIFIERS, part),
        people=of_part(PEOPLE, part),
        pets=of_part(PETS, part),
        makers=of_part(MAKERS, part),
        lists=of_part(LISTS, part),
        timers=of_part(TIMERS, part),
        scenes=of_part(SCENES, part),
        scripts=of_part(SCRIPTS, part),
        weather=of_part(WEATHER, part),
        items=of_part(ITEMS, part),
        qualities=of_part(QUALITIES, part),
        tasks=of_part(TASKS, part),
        songs=of_part(SONGS, part),
        artists=of_part(ARTISTS, part),
        stations=of_part(STATIONS, part),
        genres=of_part(GENRES, part),
        films=of_part(FILMS, part),
        tongues=tongues,
    )


@cache
def words_of(part: Part) -> Words:
    return _split(part)


_SHARED = frozenset(
    word
    for entry in (
        *EVERYDAY,
        *(noun for kind in KINDS for noun in (*kind.nouns, *kind.generic)),
        *(noun for tongue in TONGUES.values() for nouns in tongue.things.values() for noun in nouns),
    )
    for word in entry.split()
)


@cache
def _spoken(part: Words) -> frozenset[str]:
    """Every single word that names of this part may hold, shared ones left out."""
    entries = (
        *part.areas, *part.modifiers, *part.people, *part.pets, *part.makers, *part.lists, *part.timers,
        *part.scenes, *part.scripts, *part.weather, *(room for tongue in part.tongues for room in tongue.rooms),
    )  # fmt: skip
    return frozenset(word for entry in entries for word in entry.split())


def admissible(part: Part, name: str) -> bool:
    """Whether a lower-case ``name`` is one of ``part``: by a word that only it says, or else by the whole name's hash."""
    own = words_of(part).own
    return any(word in own for word in name.split()) or part_of(name) == part


_ONSETS: tuple[str, ...] = words("b br ch d dr f fl g gl h j k kl l m n p pl r s sk st t tr v w z")
_VOWELS: tuple[str, ...] = words("a e i o u ai ee oo")
_CODAS: tuple[str, ...] = (*words("n r l s m x k th nd rn"), *("",) * 6)


def pick(rng: Random, entries: Sequence[Entry]) -> Entry:
    """``rng.choice``, three times as fast."""
    return entries[int(rng.random() * len(entries))]


def invented(rng: Random, part: Part) -> str:
    """A pronounceable word of two or three syllables that no list holds and no other part makes up."""
    while True:
        count = 2 if rng.random() < 0.7 else 3
        word = "".join(pick(rng, _ONSETS) + pick(rng, _VOWELS) + pick(rng, _CODAS) for _ in range(count))
        if part_of(word) == part and word not in _known():
            return word


@cache
def _known() -> frozenset[str]:
    return _SHARED.union(*(_spoken(words_of(part)) for part in PARTS))


def model_number(rng: Random, part: Part) -> str:
    """Such as ``h4``, ``gu10`` or ``x200``."""
    while True:
        letters = "".join(pick(rng, "abcdefghklmnprstvwxz") for _ in range(1 if rng.random() < 0.6 else 2))
        text = letters + str(int(10 ** (1 + 2 * rng.random())) - (1 if rng.random() < 0.3 else 0))
        if part_of(text) == part:
            return text


def items(rng: Random, part: Part) -> str:
    """Something to put on a list: ``oat milk``, ``two lemons``, ``call the plumber``."""
    said = words_of(part)
    kind = rng.random()
    if kind < 0.12:
        return pick(rng, said.tasks)
    thing = pick(rng, said.items)
    if kind < 0.25:
        return f"{invented(rng, part)} {thing}"
    return f"{pick(rng, said.qualities)} {thing}" if kind < 0.5 else thing
