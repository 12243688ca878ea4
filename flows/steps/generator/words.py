"""The words of each part of the generated data: what one part says, no other part does.

An entry belongs to the part that a stable hash of its text gives: 80% train, 8% validation, 12% test. Plain nouns and everyday
rooms are shared, since a home cannot be said without them; a name made of shared words alone has the part of the whole name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeVar
from zlib import crc32

from flows.steps.generator.lexicons import words
from flows.steps.generator.lexicons.abroad import COMPOUNDING, RARE, TONGUES, Tongue
from flows.steps.generator.lexicons.items import ITEMS, QUALITIES, TASKS
from flows.steps.generator.lexicons.media import ARTISTS, FILMS, GENRES, SONGS, STATIONS, TITLE_ADJECTIVES, TITLE_NOUNS
from flows.steps.generator.lexicons.qualifiers import MAKERS, MODIFIERS, PEOPLE, PETS, PLAIN
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
    """One part's words. ``everyday`` rooms and ``plain`` qualities are shared by all parts; all else is this part's alone."""

    part: Part
    everyday: tuple[str, ...]
    plain: tuple[str, ...]
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
    title_nouns: tuple[str, ...]
    title_adjectives: tuple[str, ...]
    tongues: tuple[Tongue, ...]


def _split(part: Part) -> Words:
    tongues = tuple(
        Tongue(of_part(tongue.rooms, part), tongue.things, tongue.joined, name in COMPOUNDING)
        for name, tongue in TONGUES.items()
        for _ in range(1 if name in RARE else 4)
    )
    return Words(
        part=part,
        everyday=EVERYDAY,
        plain=PLAIN,
        areas=of_part((area for area in AREAS if area not in EVERYDAY), part),
        floors=of_part(FLOORS, part),
        modifiers=of_part((word for word in MODIFIERS if word not in PLAIN), part),
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
        title_nouns=of_part(TITLE_NOUNS, part),
        title_adjectives=of_part(TITLE_ADJECTIVES, part),
        tongues=tongues,
    )


@cache
def words_of(part: Part) -> Words:
    return _split(part)


@cache
def _shared() -> frozenset[str]:
    nouns = (noun for kind in KINDS for noun in (*kind.nouns, *kind.generic))
    abroad = (noun for tongue in TONGUES.values() for group in tongue.things.values() for noun in group)
    rooms = ("room", "bedroom", "office", "study")
    return frozenset(word for entry in (*EVERYDAY, *PLAIN, *rooms, *nouns, *abroad) for word in entry.split())


def _names_of(words: Words) -> frozenset[str]:
    """Every single word of the entries that names of this part are made of."""
    found = (
        *words.areas, *words.floors, *words.modifiers, *words.people, *words.pets, *words.makers, *words.lists, *words.timers,
        *words.scenes, *words.scripts, *words.weather, *(room for tongue in words.tongues for room in tongue.rooms),
    )  # fmt: skip
    return frozenset(word for entry in found for word in entry.split())


@cache
def _owners() -> dict[str, Part | None]:
    """Every word that names are made of: the part that alone says it, None where several do."""
    owners: dict[str, Part | None] = dict.fromkeys(sorted(_shared()))
    said = {part: _names_of(words_of(part)) for part in PARTS}
    for part in PARTS:
        for word in sorted(said[part]):
            alone = word not in _shared() and not any(word in said[other] for other in PARTS if other != part)
            owners[word] = part if alone else None
    return owners


def owner(word: str) -> Part | None:
    """The part that alone says a lower-case ``word``; None for one that all may say. A word of no list has its hash's part."""
    owners = _owners()
    bare = word.removesuffix("'s")
    if bare in owners or bare.isdecimal():
        return owners.get(bare)
    return part_of(bare)


def admissible(part: Part, name: str) -> bool:
    """Whether a lower-case ``name`` is one of ``part``: by its words, or by the whole name where all may say each of them."""
    owners = {found for word in name.split() if (found := owner(word))}
    return owners == {part} if owners else part_of(name) == part


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
        if part_of(word) == part and word not in _owners():
            return word


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


def title(rng: Random, part: Part) -> str:
    """Of a song or film: ``broken radio``, ``queen of the motel``; one in four from the lists."""
    said, kind = words_of(part), rng.random()
    if kind < 0.25:
        return pick(rng, said.songs if kind < 0.17 else said.films)
    noun = pick(rng, said.title_nouns)
    if kind < 0.55:
        return f"{pick(rng, said.title_adjectives)} {noun}"
    if kind < 0.7:
        return f"{noun} {pick(rng, ('of', 'in', 'on', 'without', 'by'))} the {pick(rng, said.title_nouns)}"
    if kind < 0.8:
        return f"{invented(rng, part)} {noun}"
    return f"the {pick(rng, said.title_adjectives)} {noun}" if kind < 0.9 else f"{noun} and {pick(rng, said.title_nouns)}"


def artist(rng: Random, part: Part) -> str:
    """A band or a musician: ``the broken mirrors``, ``carla velmar``."""
    said, kind = words_of(part), rng.random()
    if kind < 0.3:
        return pick(rng, said.artists)
    if kind < 0.6:
        return f"the {pick(rng, said.title_adjectives)} {pick(rng, said.title_nouns)}s"
    return f"{pick(rng, said.people)} {invented(rng, part) if kind < 0.85 else pick(rng, said.title_nouns)}"
