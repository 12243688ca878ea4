"""What a scene, a script or a group may touch, as far as Home Assistant tells: so that policy judges it like a direct call.

Home Assistant says which entities a scene or group has, and gives a script's steps. What cannot be read for certain (a
template, a device action, a blueprint, a script that cannot be read) counts as reaching everything that lets someone in.
Automations that follow from a change are not seen: name such an entity in the policy's ``irreversible``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.action import EntityState
from serve.actions.policy import DOORS

_ID = re.compile(r"\b[a-z_]+\.[a-z0-9_]+\b")
_CLOSING = frozenset({"turn_off", "lock", "close_cover", "stop_cover"})
_VAGUE = frozenset({"device_id", "area_id", "floor_id", "label_id", "use_blueprint"})
# Where a template could stand for anything; in a condition or a message it reaches nothing.
_TARGETS = frozenset({"action", "service", "service_template", "entity_id", "target", "data", "data_template", "scene"})


def opens(entity_id: str, state: EntityState) -> bool:
    """Whether this is something that lets someone in."""
    domain = entity_id.partition(".")[0]
    return domain == "lock" or (domain == "cover" and state.attributes.get("device_class") in DOORS)


def worst(entity_id: str, state: EntityState, service: str) -> EntityState:
    """What may become of an entity that is reached by ``service``, as bad as it gets."""
    if service in _CLOSING or not opens(entity_id, state):
        return state.model_copy(update={"state": "unknown"})
    return state.model_copy(update={"state": "unlocked" if entity_id.startswith("lock.") else "open"})


def members(state: EntityState) -> frozenset[str]:
    """The entities of a scene or group."""
    found = state.attributes.get("entity_id")
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list | tuple) else frozenset()


class Reach:
    """``scripts`` maps a script's id to its steps as Home Assistant gives them; None for one that could not be read."""

    def __init__(self, everything: Mapping[str, EntityState], scripts: Mapping[str, Any]) -> None:
        self._everything = everything
        self._scripts = scripts

    def of(self, entity_id: str, service: str) -> frozenset[str]:
        """All entities that ``service`` on ``entity_id`` may touch, itself left out."""
        if service == "turn_off" and entity_id.startswith("script."):
            return frozenset()  # ends what runs
        found: set[str] = set()
        waiting = [entity_id]
        while waiting:
            for each in self._next(waiting.pop()):
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return frozenset(found - {entity_id})

    def _next(self, entity_id: str) -> Iterable[str]:
        state = self._everything.get(entity_id)
        if state is None:
            return ()
        if entity_id.startswith("script."):
            return self._of_script(self._scripts.get(entity_id))
        return members(state)

    def _of_script(self, steps: Any) -> set[str]:
        pairs = list(_pairs(steps))
        named = {found for _, text in pairs for found in _ID.findall(text) if found in self._everything}
        if steps is None or any(_is_vague(key, text) for key, text in pairs):
            named |= {each for each, state in self._everything.items() if opens(each, state)}
        return named


def _is_vague(key: str, text: str) -> bool:
    return key in _VAGUE or (key in _TARGETS and ("{" in text or text == "all"))


def _pairs(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the key that it stands under; keys that stand over something else come with an empty text."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name), ""
            yield from _pairs(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _pairs(inner, key)
