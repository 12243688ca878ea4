"""Wishes about many things at once: a kind of thing in an area, on a floor or in the whole home; everything there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from flows.steps.generator import phrasing_groups as groups
from flows.steps.generator.clauses import (
    COLORS,
    PAIRS,
    TOOL,
    WHITES,
    Clause,
    able,
    any_degrees,
    any_percent,
    with_article,
)
from flows.steps.generator.exchanges import Category
from flows.steps.generator.homes import Place, folded
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.quantities import degrees, percent
from flows.steps.generator.references import Reference, refer_area
from flows.steps.generator.words import pick
from schemas.inventory import Entity, Floor
from schemas.pipeline import Part
from serve.actions.commands import SWITCHED
from serve.actions.domains.covers import SET_POSITION
from serve.actions.domains.switches import SET_SPEED

_EVERYWHERE = (
    "everywhere", "in the whole house", "in the house", "in all rooms", "throughout the house", "in every room",
    "all over the house", "in the entire house", "around the house", "in the home", "",
)  # fmt: skip
_CLASSED = frozenset({"cover", "media_player"})
_CLASSES = frozenset({"awning", "blind", "curtain", "garage", "gate", "shade", "shutter", "window"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Where: the arguments that say so, the words for it, and what is there. ``area`` and ``bare`` are empty beyond one area."""

    category: Category
    arguments: dict[str, Any]
    place: str
    things: tuple[Entity, ...]
    area: str = ""
    bare: str = ""
    references: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def slots(self, **others: Any) -> dict[str, Any]:
        found = {"place": self.place, **others}
        if self.area:
            found |= {"area": self.area, "bare": self.bare}
        return found


def area_scope(rng: Random, place: Place) -> Scope | None:
    if not place.by_area:
        return None
    return scope_of(rng, place, pick(rng, tuple(place.by_area)))


def scope_of(rng: Random, place: Place, area_id: str) -> Scope:
    area = place.areas[area_id]
    reference = refer_area(rng, place, area)
    there = tuple(entity for found in place.by_area[area_id].values() for entity in found)
    said = with_article(rng, reference)
    return Scope("area", {"area": area.name}, located(reference, said), there, said, reference.text, (reference.kind,))


_ADVERBS = frozenset({"upstairs", "downstairs", "outside"})
_OPEN_AIR = frozenset({"terrace", "balcony", "patio", "porch", "veranda", "deck", "landing", "driveway"})


def located(reference: Reference, said: str) -> str:
    """``in the kitchen``, ``on the terrace``, ``upstairs``."""
    if reference.text in _ADVERBS:
        return reference.text
    return f"{'on' if reference.text in _OPEN_AIR else 'in'} {said}"


def floor_scope(rng: Random, place: Place) -> Scope | None:
    floors = [floor for floor in place.inventory.floors if floor.id in place.by_floor]
    if not floors:
        return None
    floor: Floor = pick(rng, floors)
    said = folded(floor.name) if rng.random() < 0.7 else floor.name
    where = (
        said if folded(said) in _ADVERBS else f"{'on' if 'floor' in folded(said) or 'level' in folded(said) else 'in'} the {said}"
    )
    name = floor.name if floor.name in where else said
    return Scope("floor", {"floor": name}, where, place.by_floor[floor.id], kept=(name,))


def home_scope(rng: Random, place: Place) -> Scope:
    return Scope("all", {}, pick(rng, _EVERYWHERE), place.inventory.entities)


def group_wish(rng: Random, place: Place, part: Part, scope: Scope) -> Clause | None:
    """Something to do with all of a kind in ``scope``; None where the kind that was drawn cannot be meant by its name."""
    by_domain: dict[str, list[Entity]] = {}
    for entity in scope.things:
        if entity.domain in PAIRS:
            by_domain.setdefault(entity.domain, []).append(entity)
    if not by_domain:
        return None
    if rng.random() < 0.12:
        return _everything(rng, place, part, scope)
    domains = tuple(by_domain)
    domain = "light" if "light" in by_domain and rng.random() < 0.45 else pick(rng, domains)
    there = by_domain[domain]
    arguments = dict(scope.arguments)
    kind = domain
    classes = classes_of(there) if domain == "cover" else []
    if classes and (len(classes) > 1 or rng.random() < 0.85):
        kind = pick(rng, classes)
        there = [entity for entity in there if entity.attributes.get("device_class") == kind]
    if domain == "input_boolean" or not all(_works(entity) for entity in there):
        return None
    singular, plural = pick(rng, groups.CALLED[kind])
    if is_a_name(place, scope, singular, plural):
        return None
    arguments["domain"] = domain
    if kind != domain:
        arguments["device_class"] = kind
    words = {"thing": singular, "things": plural}
    made = _valued(rng, part, scope, domain, there, arguments, words) if rng.random() < 0.4 else None
    return made or _switching(rng, part, scope, domain, there, arguments, words)


def classes_of(there: Iterable[Entity]) -> list[str]:
    """The device classes of covers among them that people have a plural for."""
    return sorted(_CLASSES & {str(entity.attributes.get("device_class")) for entity in there})


def _works(entity: Entity) -> bool:
    return entity.state != "unavailable" and not entity.attributes.get("code_format")


def is_a_name(place: Place, scope: Scope, *nouns: str) -> bool:
    """Whether what would be said of the group is what one thing is called."""
    return any(place.taken(text) for noun in nouns for text in (noun, f"{scope.bare} {noun}", f"{noun} {scope.place}"))


def _switching(
    rng: Random, part: Part, scope: Scope, domain: str, there: Sequence[Entity], arguments: dict[str, Any], words: dict[str, Any]
) -> Clause | None:
    do, undo, done = PAIRS[domain]
    states = {entity.state in done for entity in there}
    action = do if states == {False} else undo if states == {True} else do if rng.random() < 0.5 else undo
    form, framed = _form(rng, part, scope, *_TABLES[action])
    return _made(scope, form, [(TOOL[action], arguments)], framed, scope.slots(**words))


def _form(
    rng: Random, part: Part, scope: Scope, told: Patterns, said: Patterns | None, of_area: Patterns | None
) -> tuple[str, bool]:
    kind = rng.random()
    if of_area is not None and scope.area and kind < 0.3:
        return of_area.draw(rng, part), True
    if said is not None and kind > 0.75:
        return said.draw(rng, part), False
    return told.draw(rng, part), True


_TABLES: dict[str, tuple[Patterns, Patterns | None, Patterns | None]] = {
    "on": (groups.ON, groups.ON_SAY, groups.ON_AREA),
    "off": (groups.OFF, groups.OFF_SAY, groups.OFF_AREA),
    "open": (groups.OPEN, groups.OPEN_SAY, groups.OPEN_AREA),
    "close": (groups.CLOSE, groups.CLOSE_SAY, groups.CLOSE_AREA),
    "lock": (groups.LOCK, None, None),
    "unlock": (groups.UNLOCK, None, None),
}


def _valued(
    rng: Random, part: Part, scope: Scope, domain: str, there: Sequence[Entity], arguments: dict[str, Any], words: dict[str, Any]
) -> Clause | None:
    """A value for all of them at once; None where they take none, or where nothing but the domain says which."""
    if not scope.arguments and "device_class" not in arguments:
        return None  # "set the temperature to 21" is about one thermostat: see needs.py
    where = scope.arguments
    if domain == "light":
        return _lights(rng, part, scope, there, where)
    number = any_percent(rng)
    if domain == "cover" and all(able(entity, SET_POSITION) for entity in there):
        calls = [("HassSetPosition", {**arguments, "position": number})]
        return _made(scope, groups.POSITION.draw(rng, part), calls, True, scope.slots(pct=percent(rng, number), **words))
    if domain == "fan" and all(able(entity, SET_SPEED) for entity in there):
        calls = [("HassFanSetSpeed", {**where, "percentage": number})]
        return _made(scope, groups.SPEED.draw(rng, part), calls, True, scope.slots(pct=percent(rng, number)))
    if domain == "climate":
        warmth = any_degrees(rng)
        form, _ = _form(rng, part, scope, groups.TEMPERATURE, None, groups.TEMPERATURE_AREA)
        calls = [("HassClimateSetTemperature", {**where, "temperature": warmth})]
        return _made(scope, form, calls, False, scope.slots(deg=degrees(rng, warmth, bare="temperature" in form)))
    return None


def _lights(rng: Random, part: Part, scope: Scope, there: Sequence[Entity], where: dict[str, Any]) -> Clause | None:
    modes = {mode for entity in there for mode in entity.attributes.get("supported_color_modes") or ("brightness",)}
    kind = rng.random()
    if kind < 0.25 and "rgb" in modes:
        color = pick(rng, COLORS)
        form, framed = _form(rng, part, scope, groups.COLOR, None, groups.COLOR_AREA)
        return _made(scope, form, [("HassLightSet", {**where, "color": color})], framed, scope.slots(color=color), (color,))
    if kind < 0.4 and "color_temp" in modes:
        white = pick(rng, tuple(WHITES))
        calls = [("HassLightSet", {**where, "temperature": WHITES[white]})]
        return _made(scope, groups.WHITE.draw(rng, part), calls, True, scope.slots(white=white))
    if modes == {"onoff"}:
        return None
    number = any_percent(rng)
    form, _ = _form(rng, part, scope, groups.BRIGHTNESS, None, groups.BRIGHTNESS_AREA)
    bare = "light" in form or "bright" in form  # "the kitchen to 20" may be degrees
    return _made(
        scope, form, [("HassLightSet", {**where, "brightness": number})], False, scope.slots(pct=percent(rng, number, bare))
    )


def _everything(rng: Random, place: Place, part: Part, scope: Scope) -> Clause | None:
    """All that is switched; in the whole home a call for each kind of it, since no call means everything."""
    there = [entity for entity in scope.things if entity.domain in SWITCHED]
    if not there or not all(_works(entity) for entity in there):
        return None
    on = any(entity.state in PAIRS[entity.domain][2] for entity in there)
    tool = TOOL["off" if on else "on"]
    told = groups.EVERYTHING_OFF if on else groups.EVERYTHING_ON
    form, framed = _form(rng, part, scope, told, None, groups.EVERYTHING_OFF_AREA if on else None)
    if scope.arguments:
        calls = [(tool, dict(scope.arguments))]
    else:
        calls = [(tool, {"domain": domain}) for domain in _SWITCHED if domain in place.by_domain]
    return _made(scope, form, calls, framed, scope.slots())


_SWITCHED = tuple(domain for domain in PAIRS if domain in SWITCHED)


def _made(
    scope: Scope,
    form: str,
    calls: list[tuple[str, dict[str, Any]]],
    framed: bool,
    slots: dict[str, Any],
    kept: tuple[str, ...] = (),
) -> Clause:
    return Clause(scope.category, form.format_map(slots), tuple(calls), scope.references, (*scope.kept, *kept), framed)
