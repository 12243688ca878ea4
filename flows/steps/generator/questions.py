"""Questions about the home: answered by reading it, as narrowly as the question is."""

from __future__ import annotations

from random import Random
from typing import Any

from flows.steps.generator import phrasing_questions as questions
from flows.steps.generator.clauses import Call, Clause, named, said_list, slots_of
from flows.steps.generator.groups import Scope, area_scope, classes_of, floor_scope, home_scope
from flows.steps.generator.homes import Place
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.phrasing_groups import CALLED
from flows.steps.generator.words import pick
from schemas.inventory import Entity
from schemas.pipeline import Part

_READ = "GetLiveContext"
_ASKED_AS = {"input_boolean": "switch", "valve": "cover"}


def question(rng: Random, place: Place, part: Part) -> Clause | None:
    kind = rng.random()
    if kind < 0.1:
        table = questions.TIME if rng.random() < 0.5 else questions.DATE
        return _asked(table.draw(rng, part), ("GetDateTime", {}))
    if kind < 0.6:
        return _of_thing(rng, place, part, pick(rng, place.inventory.entities)) if place.inventory.entities else None
    if kind < 0.66:
        return _of_the_home(rng, place, part)
    scope = area_scope(rng, place) if kind < 0.88 else floor_scope(rng, place) if kind < 0.93 else home_scope(rng, place)
    if scope is None:
        return None
    return (
        _of_area(rng, place, part, scope)
        if scope.category == "area" and rng.random() < 0.4
        else _of_kind(rng, place, part, scope)
    )


def _asked(text: str, call: Call, references: tuple[str, ...] = (), kept: tuple[str, ...] = ()) -> Clause:
    return Clause("question", text, (call,), references, kept, framed=False)


def _of_thing(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    table = questions.OF_THING.get(_ASKED_AS.get(entity.domain, entity.domain))
    if table is None:
        return None
    if entity.domain == "weather":
        alone = len(place.by_domain["weather"]) == 1
        return _asked(table.draw(rng, part), (_READ, {"domain": "weather"})) if alone else None
    reference = named(rng, place, entity)
    slots = {"list": said_list(rng, reference)} if entity.domain == "todo" else slots_of(rng, reference)
    return _asked(table.draw(rng, part).format_map(slots), (_READ, {"name": entity.name}), (reference.kind,))


def _of_the_home(rng: Random, place: Place, part: Part) -> Clause | None:
    if "person" not in place.by_domain:
        return None
    return _asked(questions.HOME.draw(rng, part), (_READ, {"domain": "person"}))


def _of_area(rng: Random, place: Place, part: Part, scope: Scope) -> Clause:
    """Everything there; or how warm it is where one kind of thing measures that."""
    sensors = {entity.attributes.get("device_class") for entity in scope.things if entity.domain == "sensor"}
    climate = any(entity.domain == "climate" for entity in scope.things)
    arguments: dict[str, Any] = dict(scope.arguments)
    table = questions.ON_IN
    if ("temperature" in sensors) != climate and rng.random() < 0.6:
        table = questions.WARM
        arguments |= {"domain": "climate"} if climate else {"device_class": "temperature"}
    elif "humidity" in sensors and rng.random() < 0.6:
        table = questions.HUMID
        arguments |= {"device_class": "humidity"}
    return _asked(table.draw(rng, part).format_map(scope.slots()), (_READ, arguments), scope.references, scope.kept)


def _of_kind(rng: Random, place: Place, part: Part, scope: Scope) -> Clause | None:
    there = {entity.domain for entity in scope.things} & _TABLES.keys()
    if not there:
        return None
    domain = pick(rng, sorted(there))
    arguments: dict[str, Any] = {**scope.arguments, "domain": domain}
    kind = domain
    if domain == "cover":
        classes = classes_of(entity for entity in scope.things if entity.domain == "cover")
        if classes and rng.random() < 0.8:
            kind = arguments["device_class"] = pick(rng, classes)
    singular, plural = pick(rng, questions.CALLED.get(kind) or CALLED[kind])
    if any(place.taken(text) for noun in (singular, plural) for text in (noun, f"{scope.bare} {noun}")):
        return None
    text = _TABLES[domain].draw(rng, part).format_map(scope.slots(thing=singular, things=plural))
    return _asked(text, (_READ, arguments), scope.references, scope.kept)


_TABLES: dict[str, Patterns] = {
    **dict.fromkeys(("light", "switch", "fan", "media_player"), questions.OF_KIND),
    "cover": questions.OPEN_KIND,
    "lock": questions.LOCK_KIND,
}
