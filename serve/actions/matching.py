"""Which entities are meant: by name or alias, area, floor, domain and device class, as Home Assistant's intents match.

Names are compared without regard to case, spaces and Unicode form, and always whole: a part of a name is no name. What is
found is all or nothing; every refusal says what the home does have.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas.errors import ActionError, Ambiguous, BadArgument, NoMatch, UnknownArea, UnknownEntity, UnknownFloor
from schemas.inventory import Area, Entity, Floor
from schemas.text import one_line
from serve.actions.home import SimulatedHome

Place = TypeVar("Place", Area, Floor)
EVERYTHING = frozenset({"all", "everything"})


@dataclass(frozen=True)
class Target:
    """``domains`` are those that the tool can act on, or what was asked for among them; None for any."""

    name: str | None = None
    area: str | None = None
    floor: str | None = None
    domains: frozenset[str] | None = None
    device_classes: frozenset[str] | None = None

    @property
    def is_named(self) -> bool:
        return self.name is not None and fold(self.name) not in EVERYTHING


def fold(text: str) -> str:
    """Equal for what is the same name to a person: what cannot be seen does not count."""
    return " ".join(unicodedata.normalize("NFKC", one_line(text)).casefold().split())


def match(home: SimulatedHome, target: Target, near: str | None = None) -> tuple[Entity, ...]:
    """At least one entity, in the home's order; exactly one when the target has a name.

    ``near`` is the id of the area of whoever asks: it decides between things of the same name. Raises UnknownEntity,
    UnknownArea, UnknownFloor, NoMatch, Ambiguous.
    """
    found: Sequence[Entity] = home.entities()
    if target.is_named:
        found = _named(found, str(target.name))
    found = _of_kind(found, target)
    found = _placed(home, found, target)
    if target.is_named and len(found) > 1:
        return (_nearest(home, found, near),)
    if not target.is_named:
        # "All lights" means those that answer; a name means that one, and says so when it does not.
        found = [entity for entity in found if entity.state != "unavailable"] or found
    return tuple(found)


def match_one(home: SimulatedHome, target: Target, near: str | None = None, states: Iterable[str] = ()) -> Entity:
    """The one entity that is meant where only one can be; ``states`` are preferred (what plays is what is paused)."""
    found = match(home, target, near)
    for preferred in (states, ()):
        some = [entity for entity in found if entity.state in preferred] if preferred else list(found)
        if len(some) == 1:
            return some[0]
        if some:
            here = [entity for entity in some if near and area_of(home, entity) == near]
            if len(here) == 1:
                return here[0]
    raise _ambiguous(found)


def area_of(home: SimulatedHome, entity: Entity) -> str | None:
    """The entity's own area, or that of its device."""
    if entity.area is not None or entity.device is None:
        return entity.area
    return next((device.area for device in home.devices if device.id == entity.device), None)


def find_area(home: SimulatedHome, name: str) -> Area:
    return _find(home.areas, name, "area", UnknownArea)


def find_floor(home: SimulatedHome, name: str) -> Floor:
    return _find(home.floors(), name, "floor", UnknownFloor)


def answers_to(item: Area | Floor | Entity, name: str) -> bool:
    return fold(name) in {fold(item.name), fold(item.id), *map(fold, item.aliases)}


def _find(items: Sequence[Place], name: str, kind: str, error: type[ActionError]) -> Place:
    for item in items:
        if answers_to(item, name):
            return item
    close = _close(name, [known for item in items for known in (item.name, *item.aliases)])
    there = ", ".join(item.name for item in items[:20]) or "none"
    hint = f"Did you mean {close}?" if close else f"There are: {there}."
    raise error(f"there is no {kind} {name!r:.80}", where=kind, hint=hint)


def _named(entities: Iterable[Entity], name: str) -> list[Entity]:
    found = [entity for entity in entities if answers_to(entity, name)]
    if not found:
        close = _close(name, [known for entity in entities for known in (entity.name, *entity.aliases)])
        hint = f"Did you mean {close}?" if close else None
        raise UnknownEntity(f"nothing in this home is called {name!r:.80}", where="name", hint=hint)
    return found


def _of_kind(entities: Sequence[Entity], target: Target) -> list[Entity]:
    found = [entity for entity in entities if target.domains is None or entity.domain in target.domains]
    if not found:
        wanted = " or ".join(sorted(target.domains or ()))
        if target.is_named:
            raise NoMatch(f"{entities[0].name} is a {entities[0].domain}; this works on {wanted}", where="name")
        raise NoMatch(f"this home has no {wanted}", where="domain")
    if target.device_classes is None:
        return found
    classes = target.device_classes
    kept = [entity for entity in found if entity.attributes.get("device_class") in classes]
    if not kept:
        there = sorted({str(e.attributes["device_class"]) for e in found if e.attributes.get("device_class")})
        hint = f"There are: {', '.join(there)}." if there else None
        raise NoMatch(f"nothing here has the device class {' or '.join(sorted(classes))}", where="device_class", hint=hint)
    return kept


def _placed(home: SimulatedHome, entities: Sequence[Entity], target: Target) -> list[Entity]:
    found = list(entities)
    if target.area is not None:
        area = find_area(home, target.area)
        found = [entity for entity in found if area_of(home, entity) == area.id]
        if not found:
            raise NoMatch(f"{_asked(entities, target)} is not in the area {area.name}", where="area")
    if target.floor is not None:
        floor = find_floor(home, target.floor)
        there = {area.id for area in home.areas if area.floor == floor.id}
        found = [entity for entity in found if area_of(home, entity) in there]
        if not found:
            raise NoMatch(f"{_asked(entities, target)} is not on the floor {floor.name}", where="floor")
    return found


def _nearest(home: SimulatedHome, entities: Sequence[Entity], near: str | None) -> Entity:
    areas = {area.id: area.floor for area in home.areas}
    here = [entity for entity in entities if near and area_of(home, entity) == near]
    floor = areas.get(near or "")
    level = [entity for entity in entities if floor and areas.get(area_of(home, entity) or "") == floor]
    for some in (here, level):
        if len(some) == 1:
            return some[0]
    raise _ambiguous(entities)


def _ambiguous(entities: Sequence[Entity]) -> Ambiguous:
    named = ", ".join(f"{entity.name} ({entity.domain}{f' in {entity.area}' if entity.area else ''})" for entity in entities[:6])
    return Ambiguous(f"{len(entities)} things are meant: {named}", where="name")


def _asked(entities: Sequence[Entity], target: Target) -> str:
    if target.is_named:
        return entities[0].name
    return f"a {' or '.join(sorted(target.domains))}" if target.domains else "anything"


def _close(name: str, known: Iterable[str]) -> str:
    folded = {fold(other): other for other in known}
    return " or ".join(folded[match] for match in difflib.get_close_matches(fold(name), folded, n=3, cutoff=0.7))


def needs_target(target: Target) -> None:
    """A call that names nothing at all would mean the whole home; that has to be said by a domain at least."""
    if not (target.is_named or target.area or target.floor or target.domains or target.device_classes):
        raise BadArgument("nothing says what is meant", where="name", hint="Give a name, an area, a floor or a domain.")
