"""Several services as one change: each sees what those before it did, and either all of them happen or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.action import Change, EntityState, ServiceCall
from schemas.errors import ActionError, InvalidState, UnknownEntity
from schemas.inventory import Entity
from serve.actions.domains import domain_of

DEEPEST = 8  # scripts in scripts
MOST = 1000  # services in one transaction


class Transaction:
    """Works on its own copy of ``entities``; the home takes ``result`` when everything went well."""

    def __init__(self, entities: Mapping[str, Entity], now: datetime) -> None:
        self._before = entities
        self._now = now
        self._calls = 0
        self.result = dict(entities)

    def call(self, call: ServiceCall, depth: int = 0) -> None:
        """Raises ActionError; the transaction is then to be thrown away."""
        self._calls += 1
        if depth > DEEPEST or self._calls > MOST:
            raise ActionError("scripts call each other without end", where=call.entity_id)
        entity = self.result.get(call.entity_id)
        if entity is None:
            raise UnknownEntity(f"there is no {call.entity_id}", where=f"{call.service}")
        after = domain_of(entity.domain).call(entity, call.service, call.data, self._now)
        if entity.domain == "timer" and entity.attributes.get("spoken") and after.state == "idle":
            self.remove(entity.id)
            return
        self.put(after)
        if call.service == "turn_on" and entity.domain == "scene":
            self._apply_scene(entity)
        elif call.service == "turn_on" and entity.domain == "script":
            self._run_script(entity, depth)

    def put(self, entity: Entity) -> None:
        self.result[entity.id] = domain_of(entity.domain).verify(entity)

    def remove(self, entity_id: str) -> None:
        del self.result[entity_id]

    def _apply_scene(self, scene: Entity) -> None:
        for entity_id, wanted in scene.attributes.get("states", {}).items():
            entity = self.result.get(entity_id)
            if entity is None:
                raise UnknownEntity(f"the scene sets {entity_id}, which is not in this home", where=scene.id)
            attributes = {key: value for key, value in wanted.items() if key != "state"}
            self.result[entity_id] = domain_of(entity.domain).put(entity, wanted["state"], attributes)

    def _run_script(self, script: Entity, depth: int) -> None:
        for step in script.attributes.get("sequence", ()):
            domain, _, service = step["service"].partition(".")
            if step["entity_id"].partition(".")[0] != domain:
                raise InvalidState(f"{step['service']} does not go with {step['entity_id']}", where=script.id)
            self.call(ServiceCall(service=service, entity_id=step["entity_id"], data=dict(step.get("data", {}))), depth + 1)

    def changes(self) -> tuple[Change, ...]:
        """What differs, in the home's own order; a service that left everything as it was is no change."""
        ids = dict.fromkeys([*self._before, *self.result])
        return tuple(
            Change(entity_id=key, before=state_of(self._before.get(key)), after=state_of(self.result.get(key)))
            for key in ids
            if self._before.get(key) is not self.result.get(key)
            and state_of(self._before.get(key)) != state_of(self.result.get(key))
        )


def state_of(entity: Entity | None) -> EntityState | None:
    return None if entity is None else EntityState(state=entity.state, attributes=dict(entity.attributes))


def script_cycle(entities: Mapping[str, Entity]) -> list[str] | None:
    """The ids of scripts that would call each other for ever, if there are any."""
    steps = {
        entity.id: [step["entity_id"] for step in entity.attributes.get("sequence", ()) if step["service"] == "script.turn_on"]
        for entity in entities.values()
        if entity.domain == "script"
    }
    done: set[str] = set()

    def visit(script: str, path: list[str]) -> list[str] | None:
        if script in path:
            return [*path[path.index(script) :], script]
        if script in done or script not in steps:
            return None
        for target in steps[script]:
            if found := visit(target, [*path, script]):
                return found
        done.add(script)
        return None

    return next((found for script in steps if (found := visit(script, []))), None)


def attributes_of(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidState("attributes must be a mapping of names to values", where=where)
    return dict(value)
