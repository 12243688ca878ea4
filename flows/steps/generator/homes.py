"""Random homes: floors, areas, things of every domain that the simulated home runs, with states, aliases and habits of naming.

Most homes are small. What their people do they do throughout: capitals, another language, "<area> light" in every room.
No two things of a home are called the same, case and spaces aside. Does not cover devices, nor things of the same name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from random import Random

from flows.steps.generator.lexicons.abroad import Tongue
from flows.steps.generator.lexicons.things import KINDS, Kind
from flows.steps.generator.names import Named, name_of, nouns_with, odd
from flows.steps.generator.places import Place, folded, lowered
from flows.steps.generator.states import scene_states, script_steps, state_of
from flows.steps.generator.words import admissible, invented, pick, words_of
from schemas.inventory import Area, Entity, Floor, Inventory
from schemas.pipeline import Part

SMALLEST, LARGEST = 1, 60  # entities
_TRIES = 12
_ROOMS = ("room", "bedroom", "office", "room", "study")
_SERIES = frozenset({"light", "plug", "blind", "shutter", "speaker", "heating", "window_contact", "valve"})
_ACRONYMS = {
    "tv": "TV",
    "ac": "AC",
    "led": "LED",
    "leds": "LEDs",
    "co2": "CO2",
    "pc": "PC",
    "nas": "NAS",
    "wc": "WC",
    "trv": "TRV",
}


def make_home(rng: Random, part: Part, size: tuple[int, int] | None = None) -> Place:
    """A home with as many entities as ``size`` (least, most) says: 1 to 60, few most often, when it says nothing.

    A function of ``rng`` alone, the same on every Python.
    """
    return _Builder(rng, part, size).build()


@dataclass
class _Builder:
    """``capitals``: none, each name's first letter, or each word's. ``habits``: the one noun for a kind in a regular home."""

    rng: Random
    part: Part
    size: tuple[int, int] | None
    capitals: int = 0
    tongue: Tongue | None = None
    regular: bool = False
    strange: float = 0.0
    areas: tuple[Area, ...] = ()
    taken: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    habits: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    nouns: dict[str, str] = field(default_factory=dict)
    entities: list[Entity] = field(default_factory=list)

    def build(self) -> Place:
        rng = self.rng
        low, high = self.size or (SMALLEST, LARGEST)
        wanted = min(high, max(low, round(rng.lognormvariate(2.25, 0.65))))
        self.capitals = 0 if rng.random() < 0.6 else 1 if rng.random() < 0.6 else 2
        self.tongue = pick(rng, words_of(self.part).tongues) if rng.random() < 0.12 else None
        self.regular = rng.random() < 0.15
        self.strange = 0.3 if rng.random() < 0.06 else 0.0
        floors = self._floors(wanted)
        self.areas = self._areas(wanted, floors)
        for _ in range(3 * wanted):
            if len(self.entities) >= wanted:
                break
            kind = rng.choices(KINDS, cum_weights=_weights())[0]
            area = pick(rng, self.areas) if kind.placed and rng.random() < 0.97 else None
            if kind.key in _SERIES and wanted - len(self.entities) > 2 and rng.random() < 0.08:
                self._series(kind, area, min(wanted - len(self.entities), 2 + int(rng.random() * 3)))
            else:
                self._add(kind, area)
        self._wire()
        inventory = Inventory.model_construct(floors=floors, areas=self.areas, devices=(), entities=tuple(self.entities))
        return Place(self.part, inventory, self.kinds, self.nouns, self.capitals > 0)

    def _floors(self, wanted: int) -> tuple[Floor, ...]:
        if self.rng.random() > (0.15 if wanted < 10 else 0.5):
            return ()
        found = []
        for level in range(2 if self.rng.random() < 0.6 else 3):
            if name := self._free(lambda: pick(self.rng, words_of(self.part).floors)):
                aliases = self._aliases(lambda: pick(self.rng, words_of(self.part).floors))
                floor = Floor.model_construct(id=self._id("", name), name=self._spelled(name), aliases=aliases, level=level)
                found.append(floor)
        return tuple(found)

    def _areas(self, wanted: int, floors: tuple[Floor, ...]) -> tuple[Area, ...]:
        rng, found = self.rng, []
        count = max(1, min(16, round(wanted / (1.5 + 2.5 * rng.random()))))
        for _ in range(count):
            if name := self._free(self._area_name):
                aliases = self._aliases(self._area_name)
                floor = pick(rng, floors).id if floors and rng.random() < 0.9 else None
                spelled = self._spelled(name)
                found.append(Area.model_construct(id=self._id("", name), name=spelled, aliases=aliases, floor=floor))
        return tuple(found)

    def _area_name(self) -> str:
        rng, words = self.rng, words_of(self.part)
        if self.tongue is not None and rng.random() < 0.85:
            return pick(rng, self.tongue.rooms)
        share = rng.random()
        # Outside training, "<area> light" is seldom a name of the part where the area is everyone's.
        if share < (0.2 if self.regular and self.part != "train" else 0.5):
            return pick(rng, words.everyday)
        if share < 0.86:
            return pick(rng, words.areas)
        if share < 0.95:
            return f"{pick(rng, words.people)}'s {pick(rng, _ROOMS)}"
        return f"{invented(rng, self.part)} room"

    def _add(self, kind: Kind, area: Area | None) -> None:
        where = lowered(area.name) if area else None
        for attempt in range(_TRIES):
            named = (self._habitual(kind, where) or self._akin(kind)) if attempt == 0 else None
            named = named or name_of(self.rng, self.part, kind, where, self.tongue)
            if self._take(named.name):
                self._put(kind, named, area)
                return

    def _habitual(self, kind: Kind, where: str | None) -> Named | None:
        """ "<area> <noun>" with the home's own noun for the kind, in a home that names so."""
        if not self.regular or where is None or kind.named or self.rng.random() < 0.1:
            return None
        nouns = nouns_with(self.part, where, kind)
        noun = self.habits.setdefault(kind.key, pick(self.rng, nouns or kind.nouns))
        return Named(f"{where} {noun}", noun) if noun in nouns else None

    def _akin(self, kind: Kind) -> Named | None:
        """Named after something else that is there: "velvet fan" beside "velvet lamp"."""
        if kind.named or not self.entities or self.rng.random() > 0.1:
            return None
        other = pick(self.rng, self.entities)
        name, noun = lowered(other.name), self.nouns[other.id]
        mine = pick(self.rng, kind.nouns)
        if not noun or not name.endswith(f" {noun}") or not name.islower():
            return None
        name = f"{name.removesuffix(noun)}{mine}"
        return Named(name, mine) if admissible(self.part, name) else None

    def _series(self, kind: Kind, area: Area | None, count: int) -> None:
        """ "spot 1", "spot 2", "spot 3": names that differ in a number or a letter."""
        named = name_of(self.rng, self.part, kind, lowered(area.name) if area else None, self.tongue)
        letters = self.rng.random() < 0.15
        for number in range(count):
            name = f"{named.name} {'abcde'[number] if letters else number + 1}"
            if admissible(self.part, name) and self._take(name):
                self._put(kind, Named(name, named.noun), area)

    def _put(self, kind: Kind, named: Named, area: Area | None) -> None:
        name, noun = named.name, named.noun
        if self.strange and self.rng.random() < self.strange:
            name = odd(self.rng, name)
            noun = noun if noun in name else ""
            if not self._take(name):
                name, noun = named.name, named.noun
        state, attributes = state_of(self.rng, self.part, kind)
        entity = Entity.model_construct(
            id=self._id(kind.domain, name),
            name=self._spelled(name),
            area=area.id if area else None,
            device=None,
            aliases=self._aliases(lambda: self._alias(kind, area)),
            state=state,
            attributes=attributes,
        )
        self.entities.append(entity)
        self.kinds[entity.id], self.nouns[entity.id] = kind, noun

    def _alias(self, kind: Kind, area: Area | None) -> str:
        """What else it is called: mostly a plainer name, sometimes a name of its own."""
        if self.rng.random() < 0.25 and not kind.named:
            return invented(self.rng, self.part)
        return name_of(self.rng, self.part, kind, lowered(area.name) if area and self.rng.random() < 0.3 else None).name

    def _wire(self) -> None:
        """Give scenes and scripts something to do with what the home has."""
        for entity in self.entities:
            if entity.domain == "scene":
                entity.attributes["states"] = scene_states(self.rng, self.entities)
            elif entity.domain == "script":
                entity.attributes["sequence"] = script_steps(self.rng, self.entities)

    def _aliases(self, make: Callable[[], str]) -> tuple[str, ...]:
        if self.rng.random() > 0.2:
            return ()
        found = [name for _ in range(1 if self.rng.random() < 0.85 else 2) if (name := self._free(make))]
        return tuple(self._spelled(name) for name in found)

    def _free(self, make: Callable[[], str]) -> str | None:
        for _ in range(_TRIES):
            name = make()
            if self._take(name):
                return name
        return None

    def _take(self, name: str) -> bool:
        """Whether nothing was called so, spaces aside; it is from now on."""
        key = folded(name).replace(" ", "")
        if key in self.taken:
            return False
        self.taken.add(key)
        return True

    def _id(self, domain: str, name: str) -> str:
        plain = name if name.isascii() else unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        slug = "_".join(_WORD.findall(plain.lower())) or "thing"
        base = f"{domain}.{slug}" if domain else slug
        made, number = base, 2
        while made in self.ids:
            made, number = f"{base}_{number}", number + 1
        self.ids.add(made)
        return made

    def _spelled(self, name: str) -> str:
        if self.capitals == 0 or not name.islower():
            return name
        words = [_ACRONYMS.get(word, word) for word in name.split(" ")]
        if self.capitals == 2:
            return " ".join(word[:1].upper() + word[1:] for word in words)
        return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


_WORD = re.compile(r"[a-z0-9]+")


@cache
def _weights() -> tuple[float, ...]:
    return tuple(accumulate(kind.weight for kind in KINDS))
