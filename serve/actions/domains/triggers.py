"""scene, script and button: the state tells when it was last used. What scenes and scripts do to others: transaction.py.

scene.evening    attributes: {states: {light.hall: {state: "on", brightness: 80}}}
script.goodnight attributes: {sequence: [{service: light.turn_off, entity_id: light.hall, data: {}}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schemas.inventory import Entity
from serve.actions.domains.moments import written
from serve.actions.domains.service import Data, Domain, changed, service

_SERVICE = re.compile(r"[a-z_]+\.[a-z_]+")


def _activated(entity: Entity, data: Data) -> Entity:
    return changed(entity, written(data.now))


def _ran(entity: Entity, data: Data) -> Entity:
    """A script of the simulated home ends at once: it is off again, and says when it ran."""
    return changed(entity, "off", last_triggered=written(data.now))


def _stopped(entity: Entity, data: Data) -> Entity:
    return changed(entity, "off")


def _scene_is_whole(entity: Entity) -> str | None:
    states = entity.attributes.get("states", {})
    good = isinstance(states, Mapping) and all(
        isinstance(v, Mapping) and isinstance(v.get("state"), str) for v in states.values()
    )
    return None if good else "states must map entity ids to {state: ..., attribute: ...}"


def _script_is_whole(entity: Entity) -> str | None:
    sequence = entity.attributes.get("sequence", [])
    good = isinstance(sequence, list | tuple) and all(_is_step(step) for step in sequence)
    return None if good else "sequence must be a list of {service: domain.service, entity_id: ..., data: {...}}"


def _is_step(step: Any) -> bool:
    return (
        isinstance(step, Mapping)
        and isinstance(step.get("service"), str)
        and bool(_SERVICE.fullmatch(step["service"]))
        and isinstance(step.get("entity_id"), str)
        and isinstance(step.get("data", {}), Mapping)
        and set(step) <= {"service", "entity_id", "data"}
    )


SCENE = Domain("scene", None, {"turn_on": service(_activated)}, check=_scene_is_whole)
SCRIPT = Domain(
    "script", frozenset({"on", "off"}), {"turn_on": service(_ran), "turn_off": service(_stopped)}, check=_script_is_whole
)
BUTTON = Domain("button", None, {"press": service(_activated)})
INPUT_BUTTON = Domain("input_button", None, {"press": service(_activated)})
