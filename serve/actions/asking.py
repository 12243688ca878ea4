"""Tools that read: the states of the home, date and time. They never change anything."""

from __future__ import annotations

from typing import Any

from schemas.action import Actor
from schemas.errors import NoMatch
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.describing import describe, live_line
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, match, match_one
from serve.actions.planning import HomeTool, Plan

LONGEST_CONTEXT = 200  # lines


def _live_context(home: SimulatedHome, call: args.Context, actor: Actor) -> Plan:
    target = call.target()
    everything = not (target.is_named or target.area or target.floor or target.domains or target.device_classes)
    found = home.entities() if everything else match(home, target, actor.area)
    lines = [live_line(home, entity) for entity in found[:LONGEST_CONTEXT]]
    if len(found) > LONGEST_CONTEXT:
        lines.append(f"and {len(found) - LONGEST_CONTEXT} more; ask for an area or a domain.")
    return Plan(text="\n".join(lines) or "This home is empty.", targets=tuple(entity.id for entity in found))


def _date_time(home: SimulatedHome, call: args.Nothing, actor: Actor) -> Plan:
    now = home.now().astimezone()
    text = f"{now:%A}, {now:%Y-%m-%d}, {now:%H:%M:%S} {now:%Z}"
    return Plan(text=text, facts={"now": now.isoformat()})


def _get_state(home: SimulatedHome, call: args.StateQuestion, actor: Actor) -> Plan:
    """Which of the things that are meant are in one of ``state``: Home Assistant's query.matched and query.unmatched."""
    target = call.target()
    found = match(home, target, actor.area)
    wanted = call.state
    matched = [entity for entity in found if wanted is None or entity.state in wanted]
    unmatched = [entity for entity in found if entity not in matched]
    facts: dict[str, Any] = {"matched": [e.id for e in matched], "unmatched": [e.id for e in unmatched]}
    targets = tuple(entity.id for entity in (*matched, *unmatched))
    return Plan(text="\n".join(map(describe, found)), targets=targets, facts=facts)


def _get_temperature(home: SimulatedHome, call: args.Place, actor: Actor) -> Plan:
    """A thermostat's measurement, or a temperature sensor where there is no thermostat."""
    try:
        chosen: Entity = match_one(home, call.target("climate"), actor.area)
    except NoMatch:
        sensors = Target(call.name, call.area, call.floor, frozenset({"sensor"}), frozenset({"temperature"}))
        chosen = match_one(home, sensors, actor.area)
    return Plan(text=describe(chosen), targets=(chosen.id,))


def _get_weather(home: SimulatedHome, call: args.Place, actor: Actor) -> Plan:
    chosen = match_one(home, call.target("weather"), actor.area)
    return Plan(text=describe(chosen), targets=(chosen.id,))


def _nothing(home: SimulatedHome, call: args.Nothing, actor: Actor) -> Plan:
    return Plan(text="All right.")


ASKING = (
    HomeTool(
        "GetLiveContext",
        "Reads the states of the home, to answer a question about them.",
        args.StateQuestion,
        _live_context,
        risk="read",
    ),
    HomeTool("GetDateTime", "Tells the date and the time.", args.Nothing, _date_time, risk="read"),
    HomeTool("HassGetState", "Tells or checks states.", args.StateQuestion, _get_state, risk="read", hidden=True),
    HomeTool("HassClimateGetTemperature", "Tells how warm it is.", args.Place, _get_temperature, risk="read", hidden=True),
    HomeTool("HassGetWeather", "Tells the weather.", args.Place, _get_weather, risk="read", hidden=True),
    HomeTool("HassGetCurrentDate", "Tells the date.", args.Nothing, _date_time, risk="read", hidden=True),
    HomeTool("HassGetCurrentTime", "Tells the time.", args.Nothing, _date_time, risk="read", hidden=True),
    HomeTool("HassNevermind", "Does nothing.", args.Nothing, _nothing, risk="read", hidden=True),
)
