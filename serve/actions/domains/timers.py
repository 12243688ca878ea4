"""timer: idle, active or paused. The moment it ends stands in ``finishes_at``, so that a restart loses no timer.

A timer that a person started by voice carries ``spoken: true`` and disappears when it ends; one that the inventory
declares becomes idle.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.errors import WrongState
from schemas.inventory import Entity
from serve.actions.domains.moments import LONGEST, duration, duration_text, moment, written
from serve.actions.domains.service import FLAG, Data, Domain, changed, service

_SECOND = timedelta(seconds=1)


def _start(entity: Entity, data: Data) -> Entity:
    """From the start; a paused timer without a new duration goes on with what remained."""
    asked = _asked(data)
    if asked is None and entity.state == "paused":
        return _running(entity, _remaining(entity), data.now)
    length = asked or duration(entity.attributes.get("duration"))
    if not length:
        raise data.bad("duration", "is missing")
    return _running(changed(entity, duration=duration_text(length)), length, data.now)


def _pause(entity: Entity, data: Data) -> Entity:
    if entity.state != "active":
        raise WrongState(f"{entity.name} is {entity.state}", where=entity.id)
    left = (moment(entity.attributes["finishes_at"]) or data.now) - data.now
    return changed(entity, "paused", remaining=duration_text(max(_SECOND, left)), finishes_at=None)


def _cancel(entity: Entity, data: Data) -> Entity:
    return changed(entity, "idle", remaining=None, finishes_at=None)


def _change(entity: Entity, data: Data) -> Entity:
    """Adds ``duration`` seconds, or takes them away; what is left never falls below a second."""
    step = data.needed("duration", data.number("duration", -LONGEST.total_seconds(), LONGEST.total_seconds()))
    if entity.state == "active":
        left = (moment(entity.attributes["finishes_at"]) or data.now) - data.now
        return _running(entity, _within(left + timedelta(seconds=step)), data.now)
    if entity.state == "paused":
        return changed(entity, remaining=duration_text(_within(_remaining(entity) + timedelta(seconds=step))))
    raise WrongState(f"{entity.name} is {entity.state}", where=entity.id)


def _within(length: timedelta) -> timedelta:
    return min(LONGEST, max(_SECOND, length))


def _running(entity: Entity, length: timedelta, now: datetime) -> Entity:
    return changed(entity, "active", remaining=duration_text(length), finishes_at=written(now + length))


def _asked(data: Data) -> timedelta | None:
    value = data.values.get("duration")
    if value is None:
        return None
    length = duration(value)
    if not length:
        raise data.bad("duration", "must be H:MM:SS or a number of seconds, more than none and at most a month")
    return length


def _remaining(entity: Entity) -> timedelta:
    return duration(entity.attributes.get("remaining")) or duration(entity.attributes.get("duration")) or _SECOND


def left(entity: Entity, now: datetime) -> timedelta:
    """What remains of a timer that is active or paused."""
    ends = moment(entity.attributes.get("finishes_at"))
    return max(timedelta(0), ends - now) if entity.state == "active" and ends else _remaining(entity)


def _complete(entity: Entity) -> Entity:
    """An active timer of an inventory that names no end cannot run: it is idle."""
    if entity.state == "unknown" or (entity.state == "active" and moment(entity.attributes.get("finishes_at")) is None):
        return changed(entity, "idle")
    return entity


_LENGTH = (lambda v: duration(v) is not None, "H:MM:SS or a number of seconds, at most a month")
TIMER = Domain(
    "timer",
    frozenset({"idle", "active", "paused"}),
    {
        "start": service(_start, "duration"),
        "pause": service(_pause),
        "cancel": service(_cancel),
        "finish": service(_cancel),
        "change": service(_change, "duration"),
    },
    {"duration": _LENGTH, "remaining": _LENGTH, "spoken": FLAG, "finishes_at": (lambda v: moment(v) is not None, "a moment")},
    complete=_complete,
    due=lambda entity: moment(entity.attributes.get("finishes_at")) if entity.state == "active" else None,
    elapse=lambda entity: None if entity.attributes.get("spoken") else changed(entity, "idle", remaining=None, finishes_at=None),
)
