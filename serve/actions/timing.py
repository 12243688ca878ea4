"""Tools for timers: started by voice, or declared in the inventory and started by their name."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from schemas.action import Actor, ServiceCall
from schemas.errors import Ambiguous, BadArgument, UnknownEntity, WrongState
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.domains.moments import LONGEST, duration, duration_text
from serve.actions.domains.timers import left
from serve.actions.home import SimulatedHome
from serve.actions.matching import find_area, fold
from serve.actions.planning import HomeTool, Plan, on_each

MOST = 100  # spoken timers at once
_ARTICLE = re.compile(r"^(?:the|my|our|an?)\s+", re.IGNORECASE)


def _start(home: SimulatedHome, call: args.StartTimer, actor: Actor) -> Plan:
    length = _length(call.hours, call.minutes, call.seconds)
    seconds = length.total_seconds()
    declared = [e for e in _timers(home) if call.name and not e.attributes.get("spoken") and _is_called(e, call.name)]
    if len(declared) == 1:
        return on_each(declared, "start", duration=seconds)
    number, taken = 1, {entity.id for entity in home.entities()}
    while f"timer.spoken_{number}" in taken:
        number += 1
    if number > MOST:
        raise WrongState(f"{MOST} timers run already", where="HassStartTimer", hint="Cancel some of them first.")
    timer = Entity(
        id=f"timer.spoken_{number}",
        name=_bare(call.name) if call.name else f"{in_words(length)} timer",
        area=actor.area if any(area.id == actor.area for area in home.areas) else None,
        state="idle",
        attributes={
            "spoken": True,
            "named": call.name is not None,
            "friendly_name": _bare(call.name) if call.name else f"{in_words(length)} timer",
        },
    )
    started = ServiceCall(service="start", entity_id=timer.id, data={"duration": seconds})
    return Plan((started,), timer, (timer.id,))


def _cancel(home: SimulatedHome, call: args.FindTimer, actor: Actor) -> Plan:
    timer = find(home, call, actor)
    return Plan((ServiceCall(service="cancel", entity_id=timer.id),), text=f"Cancelled {timer.name}.")


def _cancel_all(home: SimulatedHome, call: args.InArea, actor: Actor) -> Plan:
    area = find_area(home, call.area).id if call.area else None
    timers = [timer for timer in _running(home) if area is None or timer.area == area]
    calls = tuple(ServiceCall(service="cancel", entity_id=timer.id) for timer in timers)
    return Plan(calls, text=f"Cancelled {len(timers)} timers.", facts={"canceled": len(timers)})


def _pause(home: SimulatedHome, call: args.FindTimer, actor: Actor) -> Plan:
    return on_each((find(home, call, actor, "active"),), "pause")


def _unpause(home: SimulatedHome, call: args.FindTimer, actor: Actor) -> Plan:
    return on_each((find(home, call, actor, "paused"),), "start")


def _increase(home: SimulatedHome, call: args.ChangeTimer, actor: Actor) -> Plan:
    seconds = _length(call.hours, call.minutes, call.seconds).total_seconds()
    return on_each((find(home, call, actor),), "change", duration=seconds)


def _decrease(home: SimulatedHome, call: args.ChangeTimer, actor: Actor) -> Plan:
    seconds = _length(call.hours, call.minutes, call.seconds).total_seconds()
    return on_each((find(home, call, actor),), "change", duration=-seconds)


def _status(home: SimulatedHome, call: args.FindTimer, actor: Actor) -> Plan:
    timers = [timer for timer in _running(home) if _fits(home, timer, call)]
    facts = [fact(home, timer) for timer in timers]
    lines = [f"{t.name}: {t.state}, {in_words(left(t, home.now()))} left" for t in timers]
    return Plan(text="\n".join(lines) or "No timers.", targets=tuple(t.id for t in timers), facts={"timers": facts})


def find(home: SimulatedHome, call: args.FindTimer, actor: Actor, state: str | None = None) -> Entity:
    """The one timer that is meant, one of the room of the one who asks before others."""
    running = _running(home)
    if state is not None and running and not any(timer.state == state for timer in running):
        raise WrongState(f"no timer is {state}", where="timer")
    fitting = [timer for timer in running if (state is None or timer.state == state) and _fits(home, timer, call)]
    near = [timer for timer in fitting if actor.area and timer.area == actor.area]
    active = [timer for timer in fitting if timer.state == "active"]
    for some in (fitting, near, active):
        if len(some) == 1:
            return some[0]
    if not fitting:
        raise UnknownEntity("there is no such timer", where="timer", hint="HassTimerStatus lists those that run.")
    named = ", ".join(timer.name for timer in fitting[:6])
    raise Ambiguous(f"{len(fitting)} timers are meant: {named}", where="timer", hint="Say its name or how long it was set for.")


def fact(home: SimulatedHome, timer: Entity) -> dict[str, Any]:
    """A timer as Home Assistant's reply templates know it; what is left is rounded as people say it."""
    remaining, length = left(timer, home.now()), duration(timer.attributes.get("duration")) or timedelta(0)
    hours, minutes, seconds = _parts(_rounded(remaining))
    start = _parts(length)
    return {
        "id": timer.id,
        "name": timer.name if timer.attributes.get("named", True) else "",
        "area": next((area.name for area in home.areas if area.id == timer.area), ""),
        "is_active": timer.state == "active",
        "total_seconds_left": round(remaining.total_seconds()),
        "rounded_hours_left": hours,
        "rounded_minutes_left": minutes,
        "rounded_seconds_left": seconds,
        "start_hours": start[0],
        "start_minutes": start[1],
        "start_seconds": start[2],
    }


def in_words(length: timedelta) -> str:
    parts = zip(_parts(length), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count) or "0 seconds"


def _rounded(length: timedelta) -> timedelta:
    """Over an hour to minutes, over ten minutes to minutes, below to seconds."""
    step = 60 if length >= timedelta(minutes=10) else 1
    return timedelta(seconds=round(length.total_seconds() / step) * step)


def _parts(length: timedelta) -> tuple[int, int, int]:
    seconds = round(length.total_seconds())
    return seconds // 3600, seconds // 60 % 60, seconds % 60


def _length(hours: int | None, minutes: int | None, seconds: int | None) -> timedelta:
    length = timedelta(hours=hours or 0, minutes=minutes or 0, seconds=seconds or 0)
    if not timedelta(0) < length <= LONGEST:
        raise BadArgument("hours, minutes and seconds must make more than none and at most a month", where="timer")
    return length


def _timers(home: SimulatedHome) -> list[Entity]:
    return [entity for entity in home.entities() if entity.domain == "timer"]


def _running(home: SimulatedHome) -> list[Entity]:
    return [timer for timer in _timers(home) if timer.state in ("active", "paused")]


def _bare(name: str) -> str:
    """A timer "for the laundry" is the laundry timer."""
    return _ARTICLE.sub("", name) or name


def _is_called(timer: Entity, name: str) -> bool:
    wanted = fold(_bare(name)).removesuffix(" timer")
    return wanted in {fold(known).removesuffix(" timer") for known in (timer.name, timer.id, *timer.aliases)}


def _fits(home: SimulatedHome, timer: Entity, call: args.FindTimer) -> bool:
    if call.name is not None and not _is_called(timer, call.name):
        return False
    if call.area is not None and timer.area != find_area(home, call.area).id:
        return False
    started = timedelta(hours=call.start_hours or 0, minutes=call.start_minutes or 0, seconds=call.start_seconds or 0)
    return not started or timer.attributes.get("duration") == duration_text(started)


TIMING = (
    HomeTool("HassStartTimer", "Starts a timer.", args.StartTimer, _start),
    HomeTool("HassCancelTimer", "Cancels a timer.", args.FindTimer, _cancel),
    HomeTool("HassCancelAllTimers", "Cancels all timers.", args.InArea, _cancel_all),
    HomeTool("HassIncreaseTimer", "Adds time to a timer.", args.ChangeTimer, _increase),
    HomeTool("HassDecreaseTimer", "Takes time off a timer.", args.ChangeTimer, _decrease),
    HomeTool("HassPauseTimer", "Pauses a timer.", args.FindTimer, _pause),
    HomeTool("HassUnpauseTimer", "Resumes a paused timer.", args.FindTimer, _unpause),
    HomeTool("HassTimerStatus", "Tells how much is left on timers.", args.FindTimer, _status, risk="read"),
)
