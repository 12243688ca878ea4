"""A generated home with what the generator knows of it beyond its inventory: kinds, nouns, and what else sounds like what."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

from flows.steps.generator.lexicons.things import Kind
from schemas.inventory import Area, Entity, Floor, Inventory
from schemas.pipeline import Part


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """As names are compared where they are looked up: without regard to case, spaces and Unicode form."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def lowered(text: str) -> str:
    """As names are said and typed: without capitals, their letters kept ("ß" stays what it is, unlike in ``folded``)."""
    return " ".join(text.lower().split())


def stems(text: str) -> list[str]:
    """The words of a folded text without what plural and possession add, so that "kitchen lights" is near "kitchen light"."""
    found = [word.removesuffix("'s").removesuffix("'") for word in text.replace("-", " ").replace("_", " ").split()]
    return [word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in found]


@dataclass(frozen=True, eq=False)
class Place:
    """``kinds`` and ``nouns`` are by entity id: what a thing is, and the noun in its name (empty for a name like "dusty").

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

    def meant(self, text: str) -> tuple[Entity, ...]:
        """All that ``text`` may mean: entities of which every word of it is said, in name, alias, area or as what they are."""
        words = stems(folded(text))
        return tuple(entity for entity, bag in self._bags if all(word in bag for word in words))

    def overlapped(self, text: str) -> bool:
        """Whether some name is all in ``text``: "old desk lamp" where there is a "desk lamp"."""
        words = frozenset(stems(folded(text)))
        return any(name <= words for name in self._name_words)

    def near(self, text: str, item: Entity | Area | Floor | None = None) -> bool:
        """Whether something but ``item`` has a name at most one edit away from ``text``, spaces aside."""
        squashed = folded(text).replace(" ", "")
        own = item.id if item else None
        shortest, longest = len(squashed) - 1, len(squashed) + 1
        return any(
            shortest <= len(name) <= longest and owner != own and one_edit_apart(squashed, name) for name, owner in self._squashed
        )

    @cached_property
    def _bags(self) -> tuple[tuple[Entity, frozenset[str]], ...]:
        return tuple((entity, self._bag(entity)) for entity in self.inventory.entities)

    def _bag(self, entity: Entity) -> frozenset[str]:
        said = [entity.name, *entity.aliases, *self.kinds[entity.id].generic]
        if area := self.area_of(entity):
            said += [area.name, *area.aliases]
        return frozenset(word for text in said for word in stems(folded(text)))

    @cached_property
    def _name_words(self) -> tuple[frozenset[str], ...]:
        return tuple(
            frozenset(stems(folded(name))) for entity in self.inventory.entities for name in (entity.name, *entity.aliases)
        )

    @cached_property
    def _squashed(self) -> tuple[tuple[str, str], ...]:
        """Every name and alias without spaces, and the id of what it names."""
        home = self.inventory
        return tuple(
            (folded(name).replace(" ", ""), item.id)
            for item in (*home.entities, *home.areas, *home.floors)
            for name in (item.name, *item.aliases)
        )


def one_edit_apart(one: str, two: str) -> bool:
    """Whether a letter put in, left out or replaced, or two letters swapped, make ``two`` of ``one``; or nothing at all."""
    if abs(len(one) - len(two)) > 1:
        return False
    short = min(len(one), len(two))
    start = 0
    while start < short and one[start] == two[start]:
        start += 1
    end = 0
    while end < short - start and one[-1 - end] == two[-1 - end]:
        end += 1
    rest, other = one[start : len(one) - end], two[start : len(two) - end]
    return (len(rest) <= 1 and len(other) <= 1) or (len(rest) == 2 and rest == other[::-1])
