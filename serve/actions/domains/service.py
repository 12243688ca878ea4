"""What a domain is: its states, its attributes' bounds and its services as pure functions of an entity.

A service takes an entity and typed data and gives the entity that it becomes, or raises an ActionError. Nothing here
knows of time but what ``Data.now`` says, and nothing here knows of other entities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.errors import BadArgument, InvalidState, NotSupported, Unavailable
from schemas.inventory import Entity

STATE_LENGTH = 255  # Home Assistant's own limit
ALWAYS = frozenset({"unknown", "unavailable"})


@dataclass(frozen=True)
class Data:
    """A service call's data. Every reader raises BadArgument with the entity, the service and the key."""

    entity_id: str
    service: str
    values: Mapping[str, Any]
    now: datetime

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.bad(key, f"must be a number, not {value!r:.40}")
        if not low <= value <= high:
            raise self.bad(key, f"must be {low:g} to {high:g}, not {value:g}")
        return float(value)

    def integer(self, key: str, low: int, high: int) -> int | None:
        value = self.number(key, low, high)
        if value is not None and value != int(value):
            raise self.bad(key, f"must be a whole number, not {value:g}")
        return None if value is None else int(value)

    def text(self, key: str, choices: frozenset[str] | tuple[str, ...] | None = None) -> str | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or len(value) > STATE_LENGTH:
            raise self.bad(key, f"must be a text of 1 to {STATE_LENGTH} characters")
        if choices is not None and value not in choices:
            raise self.bad(key, f"must be one of {', '.join(sorted(choices))}, not {value!r:.40}")
        return value

    def flag(self, key: str) -> bool | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.bad(key, "must be true or false")
        return value

    def bad(self, key: str, problem: str) -> BadArgument:
        return BadArgument(f"{key} {problem}", where=f"{self.service} on {self.entity_id}")

    def needed(self, key: str, value: Any) -> Any:
        if value is None:
            raise self.bad(key, "is missing")
        return value


Run = Callable[[Entity, Data], Entity]
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Service:
    run: Run
    takes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Domain:
    """``states`` is None where any text is a state. ``due`` and ``elapse`` are for what changes by itself with time."""

    name: str
    states: frozenset[str] | None = None
    services: Mapping[str, Service] = field(default_factory=dict)
    attributes: Mapping[str, tuple[Check, str]] = field(default_factory=dict)
    complete: Callable[[Entity], Entity] = lambda entity: entity
    check: Callable[[Entity], str | None] = lambda entity: None
    due: Callable[[Entity], datetime | None] = lambda entity: None
    elapse: Callable[[Entity], Entity | None] = lambda entity: entity
    follow: Callable[[Entity, Mapping[str, Any]], Entity] = lambda entity, given: entity

    def put(self, entity: Entity, state: str | None, attributes: Mapping[str, Any]) -> Entity:
        """``entity`` set by hand or by a scene; what was not given follows (a cover set to closed is at position 0)."""
        moved = changed(entity, state, **attributes)
        return self.verify(self.follow(moved, attributes) if state is not None else moved)

    def verify(self, entity: Entity) -> Entity:
        """``entity`` with what its domain adds by itself; InvalidState when it is not one that the domain can have."""
        entity = self.complete(entity)
        if len(entity.state) > STATE_LENGTH:
            raise InvalidState(f"a state has at most {STATE_LENGTH} characters", where=entity.id)
        known = self.states is None or entity.state in self.states or entity.state in ALWAYS
        if not known:
            assert self.states is not None
            raise InvalidState(
                f"{entity.state!r:.40} is no state of {self.name}: {', '.join(sorted(self.states))}", where=entity.id
            )
        for key, (check, wanted) in self.attributes.items():
            value = entity.attributes.get(key)
            if value is not None and not check(value):
                raise InvalidState(f"{key} must be {wanted}, not {value!r:.40}", where=entity.id)
        if problem := self.check(entity):
            raise InvalidState(problem, where=entity.id)
        return entity

    def call(self, entity: Entity, service: str, values: Mapping[str, Any], now: datetime) -> Entity:
        known = self.services.get(service)
        if known is None:
            raise NotSupported(f"{entity.name} is a {self.name}, which has no service {service}", where=entity.id)
        if entity.state == "unavailable":
            raise Unavailable(f"{entity.name} is unavailable", where=entity.id)
        if unknown := set(values) - known.takes:
            takes = ", ".join(sorted(known.takes)) or "nothing"
            raise BadArgument(f"unknown data {sorted(unknown)[0]!r:.40}; it takes {takes}", where=f"{service} on {entity.id}")
        return known.run(entity, Data(entity.id, service, values, now))


def service(run: Run, *takes: str) -> Service:
    return Service(run, frozenset(takes))


def changed(entity: Entity, state: str | None = None, /, **attributes: Any) -> Entity:
    return entity.model_copy(
        update={"state": entity.state if state is None else state, "attributes": {**entity.attributes, **attributes}}
    )


def becomes(state: str, /, **attributes: Any) -> Run:
    """A service that brings the entity into one state whatever it was, such as ``lock``."""
    return lambda entity, _: changed(entity, state, **attributes)


def needs_feature(entity: Entity, bit: int, what: str) -> None:
    """``supported_features`` is Home Assistant's bit set; an entity without it can do everything its domain can."""
    features = entity.attributes.get("supported_features")
    if isinstance(features, int) and not features & bit:
        raise NotSupported(f"{entity.name} cannot {what}", where=entity.id)


def whole(low: int, high: int) -> tuple[Check, str]:
    return lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high, f"a whole number {low} to {high}"


def between(low: float, high: float) -> tuple[Check, str]:
    return lambda v: is_number(v) and low <= v <= high, f"a number {low:g} to {high:g}"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


TEXTS: tuple[Check, str] = (lambda v: isinstance(v, list | tuple) and all(isinstance(i, str) for i in v), "a list of texts")
FLAG: tuple[Check, str] = (lambda v: isinstance(v, bool), "true or false")
