"""vacuum: cleaning, paused, on its way home, docked. A vacuum that returns is docked after half a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.inventory import Entity
from serve.actions.domains.moments import moment, written
from serve.actions.domains.service import Data, Domain, Run, changed, needs_feature, service, whole

FEATURE_PAUSE, FEATURE_STOP, RETURN_HOME, FAN_SPEED, LOCATE, CLEAN_SPOT, START = 4, 8, 16, 32, 512, 1024, 8192
WAY_HOME = timedelta(seconds=30)


def _start(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, START, "be started")
    return _freed(entity, "cleaning", cleaning_area=None)


def _clean_area(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, START, "be started")
    return _freed(entity, "cleaning", cleaning_area=data.needed("area", data.text("area")))


def _return(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, RETURN_HOME, "return to its base")
    if entity.state in ("docked", "returning"):
        return entity
    return changed(_freed(entity, "returning", cleaning_area=None), docks_at=written(data.now + WAY_HOME))


def _to(state: str, bit: int, what: str) -> Run:
    def run(entity: Entity, data: Data) -> Entity:
        needs_feature(entity, bit, what)
        return entity if entity.state == "docked" else _freed(entity, state)

    return run


def _speed(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, FAN_SPEED, "change its suction")
    return changed(entity, fan_speed=data.needed("fan_speed", data.text("fan_speed", entity.attributes.get("fan_speed_list"))))


def _freed(entity: Entity, state: str, /, **attributes: object) -> Entity:
    """``entity`` in ``state``, without what belonged to the way home; attributes that are None are left out."""
    kept = {
        k: v for k, v in {**entity.attributes, **attributes}.items() if k != "docks_at" and not (k in attributes and v is None)
    }
    return entity.model_copy(update={"state": state, "attributes": kept})


def _due(entity: Entity) -> datetime | None:
    return moment(entity.attributes.get("docks_at")) if entity.state == "returning" else None


VACUUM = Domain(
    "vacuum",
    frozenset({"cleaning", "docked", "idle", "paused", "returning", "error"}),
    {
        "start": service(_start),
        "pause": service(_to("paused", FEATURE_PAUSE, "pause")),
        "stop": service(_to("idle", FEATURE_STOP, "stop")),
        "return_to_base": service(_return),
        "clean_area": service(_clean_area, "area"),
        "set_fan_speed": service(_speed, "fan_speed"),
    },
    {"battery_level": whole(0, 100)},
    due=_due,
    elapse=lambda entity: _freed(entity, "docked"),
)
