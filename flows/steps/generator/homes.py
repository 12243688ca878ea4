"""Random homes: floors, areas, things of every domain that the simulated home runs, with states, aliases and habits of naming.

Most homes are small; what a home's people do, they do throughout: capitals, another language, "<area> light" in every room.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from random import Random

from flows.steps.generator.lexicons.abroad import Tongue
from flows.steps.generator.lexicons.things import KINDS, Kind
from flows.steps.generator.names import Named, name_of
from flows.steps.generator.states import state_of
from flows.steps.generator.words import invented, pick, words_of
from schemas.inventory import Area, Entity, Floor, Inventory
from schemas.pipeline import Part

SMALLEST, LARGEST = 1, 60  # entities
_TRIES = 12


@dataclass(frozen=True, eq=False)
class Place:
    """A home and what the generator knows of it beyond its inventory.

    ``kinds`` and ``nouns`` are by entity id: what a thing is, and the noun in its name (empty for a name like "dusty").
    ``capitals``: names are written with capitals here, which people leave out when they speak.
    """

    part: Part
    inventory: Inventory
    kinds: dict[str, Kind]
    nouns: dict[str, str]
    capitals: bool = False

    @cached_property
    def areas(self) -> dict[str, Area]:
        return {area.id: area for area in self.inventory.areas}

    @cached_property
    def by_domain(self) -> dict[str, tuple[Entity, ...]]:
        """Entities by domain, in the home's order."""
        found: dict[str, list[Entity]] = {}
        for entity in self.inventory.entities:
            found.setdefault(entity.domain, []).append(entity)
        return {domain: tuple(entities) for domain, entities in found.items()}

    @cached_property
    def by_area(self) -> dict[str, dict[str, tuple[Entity, ...]]]:
        """For the id of each area that is not empty: its entities by domain."""
        found: dict[str, dict[str, list[Entity]]] = {}
        for entity in self.inventory.entities:
            if entity.area is not None:
                found.setdefault(entity.area, {}).setdefault(entity.domain, []).append(entity)
        return {area: {domain: tuple(e) for domain, e in there.items()} for area, there in found.items()}

    @cached_property
    def by_floor(self) -> dict[str, tuple[Entity, ...]]:
        """For the id of each floor that is not empty: its entities."""
        floors = {area.id: area.floor for area in self.inventory.areas}
        found: dict[str, list[Entity]] = {}
        for entity in self.inventory.entities:
            floor = floors.get(entity.area or "")
            if floor is not None:
                found.setdefault(floor, []).append(entity)
        return {floor: tuple(entities) for floor, entities in found.items()}

    def area_of(self, entity: Entity) -> Area | None:
        return self.areas.get(entity.area) if entity.area else None

    def taken(self, text: str) -> bool:
        """Whether something in the home, an area or a floor is called so."""
        return folded(text) in self.names

    @cached_property
    def names(self) -> frozenset[str]:
        """All names and aliases, folded."""
        home = self.inventory
        return frozenset(
            folded(name) for item in (*home.entities, *home.areas, *home.floors) for name in (item.name, *item.aliases)
        )


def folded(text: str) -> str:
    """As names are compared where they are looked up: without regard to case, spaces and Unicode form."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def make_home(rng: Random, part: Part, size: tuple[int, int] | None = None) -> Place:
    """A home with as many entities as ``size`` (least, most) says: 1 to 60, few most often, when it says nothing."""
    return _Builder(rng, part, size).build()


@dataclass
class _Builder:
    rng: Random
    part: Part
    size: tuple[int, int] | None
    names: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)

    def build(self) -> Place:
        rng = self.rng
        wanted = self._wanted()
        capitals = 0 if rng.random() < 0.6 else 1 if rng.random() < 0.6 else 2  # none, the first letter, every word's
        tongue = pick(rng, words_of(self.part).tongues) if rng.random() < 0.12 else None
        floors = self._floors(wanted, capitals)
        areas = self._areas(wanted, capitals, tongue, floors)
        kinds: dict[str, Kind] = {}
        nouns: dict[str, str] = {}
        entities: list[Entity] = []
        regular = self._regular()
        for _ in range(wanted):
            kind = _drawn_kind(rng)
            area = pick(rng, areas) if kind.placed and areas and not (kind.named and rng.random() < 0.5) else None
            named = self._name(kind, area, tongue, regular)
            if named is None:
                continue
            entity = self._entity(kind, named, area, capitals)
            entities.append(entity)
            kinds[entity.id], nouns[entity.id] = kind, named.noun
        inventory = Inventory.model_construct(floors=floors, areas=areas, devices=(), entities=tuple(entities))
        return Place(self.part, inventory, kinds, nouns, capitals > 0)

    def _wanted(self) -> int:
        low, high = self.size or (SMALLEST, LARGEST)
        return min(high, max(low, round(self.rng.lognormvariate(2.2, 0.65))))

    def _floors(self, wanted: int, capitals: int) -> tuple[Floor, ...]:
        if self.rng.random() > (0.15 if wanted < 10 else 0.5):
            return ()
        found = []
        for level in range(2 if self.rng.random() < 0.6 else 3):
            name = self._free(lambda: pick(self.rng, words_of(self.part).floors))
            if name:
                found.append(Floor.model_construct(id=self._id("", name), name=_spelled(name, capitals), aliases=(), level=level))
        return tuple(found)

    def _areas(self, wanted: int, capitals: int, tongue: Tongue | None, floors: tuple[Floor, ...]) -> tuple[Area, ...]:
        rng = self.rng
        count = max(1, min(16, round(wanted / (1.5 + 2.5 * rng.random()))))
        found = []
        for _ in range(count):
            name = self._free(lambda: self._area_name(tongue))
            if name:
                found.append(
                    Area.model_construct(
                        id=self._id("", name),
                        name=_spelled(name, capitals),
                        aliases=self._aliases(lambda: self._area_name(None), capitals),
                        floor=pick(rng, floors).id if floors and rng.random() < 0.9 else None,
                    )
                )
        return tuple(found)

    def _area_name(self, tongue: Tongue | None) -> str:
        rng, words = self.rng, words_of(self.part)
        if tongue is not None and rng.random() < 0.85:
            return pick(rng, tongue.rooms)
        share = rng.random()
        if share < 0.45:
            return pick(rng, words.everyday)
        if share < 0.85:
            return pick(rng, words.areas)
        if share < 0.95:
            return f"{pick(rng, words.people)}'s {pick(rng, ('room', 'bedroom', 'office', 'room', 'study'))}"
        return f"{invented(rng, self.part)} room"

    def _regular(self) -> float:
        """How often a thing is called by its area and a noun alone: nearly always in homes that name throughout."""
        return 0.8 if self.rng.random() < 0.15 else 0.0

    def _name(self, kind: Kind, area: Area | None, tongue: Tongue | None, regular: float) -> Named | None:
        where = folded(area.name) if area else None
        for _ in range(_TRIES):
            named = name_of(self.rng, self.part, kind, where, tongue)
            if self._take(named.name):
                return named
        return None

    def _entity(self, kind: Kind, named: Named, area: Area | None, capitals: int) -> Entity:
        state, attributes = state_of(self.rng, self.part, kind)
        return Entity.model_construct(
            id=self._id(kind.domain, named.name),
            name=_spelled(named.name, capitals),
            area=area.id if area else None,
            device=None,
            aliases=self._aliases(lambda: name_of(self.rng, self.part, kind, None).name, capitals),
            state=state,
            attributes=attributes,
        )

    def _aliases(self, make: Callable[[], str], capitals: int) -> tuple[str, ...]:
        if self.rng.random() > 0.2:
            return ()
        name = self._free(make)
        return (_spelled(name, capitals),) if name else ()

    def _free(self, make: Callable[[], str]) -> str | None:
        for _ in range(_TRIES):
            name = make()
            if self._take(name):
                return name
        return None

    def _take(self, name: str) -> bool:
        """Whether nothing was called so, spaces aside; it is from now on."""
        key = folded(name).replace(" ", "")
        if key in self.names:
            return False
        self.names.add(key)
        return True

    def _id(self, domain: str, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() if not name.isascii() else name
        slug = "_".join("".join(c if c.isalnum() else " " for c in plain.lower()).split()) or "thing"
        base = f"{domain}.{slug}" if domain else slug
        made, number = base, 2
        while made in self.ids:
            made, number = f"{base}_{number}", number + 1
        self.ids.add(made)
        return made


@cache
def _weights() -> tuple[float, ...]:
    return tuple(accumulate(kind.weight for kind in KINDS))


def _drawn_kind(rng: Random) -> Kind:
    return rng.choices(KINDS, cum_weights=_weights())[0]


def _spelled(name: str, capitals: int) -> str:
    if capitals == 0:
        return name
    return name[:1].upper() + name[1:] if capitals == 1 else " ".join(word[:1].upper() + word[1:] for word in name.split(" "))
