"""Random homes: areas, entities in nine domains, a state for each."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from flows.steps.naming import AREAS, entity_name
from schemas.inventory import Area, Entity, Inventory

# Domain -> how often, as weights. Lights lead in real homes too.
DOMAINS = {"light": 9, "switch": 4, "fan": 2, "cover": 4, "lock": 2, "climate": 3, "media_player": 3, "vacuum": 1, "todo": 2}
PLURALS = {"light": "lights", "switch": "switches", "fan": "fans", "media_player": "media players"}
STATES = {
    "light": ("on", "off"),
    "switch": ("on", "off"),
    "fan": ("on", "off"),
    "cover": ("open", "closed"),
    "lock": ("locked", "unlocked"),
    "climate": ("heat", "off", "cool"),
    "media_player": ("playing", "paused", "idle", "off"),
    "vacuum": ("docked", "cleaning", "returning"),
}
_PLACELESS = {"todo"}


@dataclass(frozen=True)
class Place:
    """A home and how its people spell its names. ``filled`` lists areas with the domains that are there."""

    inventory: Inventory
    filled: tuple[tuple[str, tuple[str, ...]], ...]
    lowered: float

    def say(self, rng: Random, name: str) -> str:
        """``name`` as a person writes it: most often as the home does, now and then without its capital."""
        return name.lower() if rng.random() < self.lowered else name


def make_place(rng: Random) -> Place:
    """A home of 2 to 6 areas and 5 to 14 entities, no name a part of another. A fifth of them write names with a capital."""
    capitals = rng.random() < 0.2
    areas = _areas(rng, capitals)
    entities = _entities(rng, areas, capitals)
    filled = []
    for area in areas:
        there = tuple(dict.fromkeys(entity.domain for entity in entities if entity.area == area.id))
        if there:
            filled.append((area.name, there))
    inventory = Inventory(areas=areas, entities=entities)
    return Place(inventory, tuple(filled), lowered=0.5 if capitals else 0.0)


def _spelled(name: str, capitals: bool) -> str:
    return name[0].upper() + name[1:] if capitals else name


def _areas(rng: Random, capitals: bool) -> tuple[Area, ...]:
    chosen: list[str] = []
    wanted = rng.randint(2, 6)
    for name in rng.sample(AREAS, len(AREAS)):
        if not any(within(name, other) for other in chosen):
            chosen.append(name)
        if len(chosen) == wanted:
            break
    return tuple(Area(id=name.replace(" ", "_"), name=_spelled(name, capitals)) for name in chosen)


def _entities(rng: Random, areas: tuple[Area, ...], capitals: bool) -> tuple[Entity, ...]:
    wanted = rng.randint(5, 14)
    found: dict[str, Entity] = {}
    # The first entity is never placeless: an area with something in it is what area requests need.
    domains = ["light", *rng.choices(list(DOMAINS), list(DOMAINS.values()), k=wanted - 1)]
    for domain in domains:
        for _ in range(20):
            area = None if domain in _PLACELESS else rng.choice(areas)
            name = entity_name(rng, domain, area.name.lower() if area else None)
            if not any(within(name, other) for other in found):
                found[name] = _entity(rng, domain, name, area, capitals)
                break
    return tuple(found.values())


def _entity(rng: Random, domain: str, name: str, area: Area | None, capitals: bool) -> Entity:
    attributes: dict[str, Any] = {}
    if domain == "todo":
        state = str(rng.randint(0, 12))
    else:
        state = rng.choice(STATES[domain])
    return Entity(
        id=f"{domain}.{name.replace(' ', '_')}",
        name=_spelled(name, capitals),
        area=area.id if area else None,
        state=state,
        attributes=attributes,
    )


def within(name: str, other: str) -> bool:
    """Whether one of two names is a run of words of the other: what is meant would be a guess."""
    return f" {name} " in f" {other} " or f" {other} " in f" {name} "
