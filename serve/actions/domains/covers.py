"""cover and valve: open or closed, and a position in percent where 0 is closed and 100 fully open.

Movement is not simulated: what is opened is open at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.inventory import Entity
from serve.actions.domains.service import Data, Domain, Service, changed, needs_feature, service, whole

OPEN, CLOSE, SET_POSITION, STOP = 1, 2, 4, 8
SET_TILT = 128
_STATES = frozenset({"open", "closed", "opening", "closing"})


def _at(entity: Entity, position: int) -> Entity:
    known = "current_position" in entity.attributes or 0 < position < 100
    return changed(entity, "open" if position else "closed", **({"current_position": position} if known else {}))


def _open(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, OPEN, "be opened")
    return _at(entity, 100)


def _close(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, CLOSE, "be closed")
    return _at(entity, 0)


def _toggle(entity: Entity, data: Data) -> Entity:
    return (_open if entity.state in ("closed", "closing") else _close)(entity, data)


def _stop(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, STOP, "be stopped")
    return changed(entity, {"opening": "open", "closing": "open"}.get(entity.state, entity.state))


def _set_position(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, SET_POSITION, "be moved to a position")
    return _at(entity, data.needed("position", data.integer("position", 0, 100)))


def _set_tilt(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, SET_TILT, "be tilted")
    return changed(entity, current_tilt_position=data.needed("tilt_position", data.integer("tilt_position", 0, 100)))


def _agrees(entity: Entity) -> str | None:
    position = entity.attributes.get("current_position")
    if position is not None and entity.state in ("open", "closed") and (position == 0) != (entity.state == "closed"):
        return f"{entity.state} does not go with current_position {position}"
    return None


def _follow(entity: Entity, given: Mapping[str, Any]) -> Entity:
    if "current_position" in given or "current_position" not in entity.attributes or _agrees(entity) is None:
        return entity
    return changed(entity, current_position=0 if entity.state == "closed" else 100)


def _services(domain: str) -> dict[str, Service]:
    return {
        f"open_{domain}": service(_open),
        f"close_{domain}": service(_close),
        f"stop_{domain}": service(_stop),
        f"set_{domain}_position": service(_set_position, "position"),
        "toggle": service(_toggle),
    }


_POSITIONS = {"current_position": whole(0, 100), "current_tilt_position": whole(0, 100)}
COVER = Domain(
    "cover",
    _STATES,
    {**_services("cover"), "set_cover_tilt_position": service(_set_tilt, "tilt_position")},
    _POSITIONS,
    check=_agrees,
    follow=_follow,
)
VALVE = Domain("valve", _STATES, _services("valve"), _POSITIONS, check=_agrees, follow=_follow)
