"""Tools that switch, set and move: lights, switches, fans, covers, valves, locks, climate, vacuums, scenes, buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.action import Actor, ServiceCall
from schemas.errors import NotSupported, WrongState
from schemas.home_lines import to_percent
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.domains.climates import bounds
from serve.actions.domains.lights import FULL
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, find_area, match, match_one, needs_target
from serve.actions.planning import HomeTool, Plan, on_each

# What "everything in the kitchen" means: what is switched, never what opens, unlocks or starts something.
SWITCHED = frozenset({"light", "switch", "input_boolean", "fan", "climate", "media_player"})
ON = {"cover": "open_cover", "valve": "open_valve", "lock": "lock", "button": "press", "input_button": "press"}
OFF = {"cover": "close_cover", "valve": "close_valve", "lock": "unlock"}
_ENDS = {"open": 100, "closed": 0}  # where a cover stands that tells no position
_NEVER_OFF = frozenset({"button", "input_button", "scene"})


def _turn_on(home: SimulatedHome, call: args.OnOff, actor: Actor) -> Plan:
    found = _switchable(home, call, actor)
    return _each(found, ON, "turn_on")


def _turn_off(home: SimulatedHome, call: args.OnOff, actor: Actor) -> Plan:
    found = _switchable(home, call, actor)
    for entity in found:
        if entity.domain in _NEVER_OFF:
            raise NotSupported(f"{entity.name} is a {entity.domain}, which cannot be turned off", where="name")
    return _each(found, OFF, "turn_off")


def _switchable(home: SimulatedHome, call: args.OnOff, actor: Actor) -> tuple[Entity, ...]:
    target = call.target()
    needs_target(target)
    if not (target.is_named or target.domains or target.device_classes):
        target = Target(target.name, target.area, target.floor, SWITCHED)
    elif target.is_named and target.domains is None:
        # A sensor that shares its name with a lamp is never what is switched; alone, the refusal speaks of it.
        target = Target(target.name, target.area, target.floor, frozenset(args.ON_OFF), target.device_classes)
    return match(home, target, actor.area)


def _each(entities: tuple[Entity, ...], special: dict[str, str], otherwise: str) -> Plan:
    calls = tuple(ServiceCall(service=special.get(entity.domain, otherwise), entity_id=entity.id) for entity in entities)
    return Plan(calls, targets=tuple(entity.id for entity in entities))


def _light_set(home: SimulatedHome, call: args.LightSet, actor: Actor) -> Plan:
    target = call.target("light")
    needs_target(Target(call.name, call.area, call.floor))
    lights = match(home, target, actor.area)
    data: dict[str, Any] = {"brightness_pct": call.brightness, "color_name": call.color, "color_temp_kelvin": call.temperature}
    data = {key: value for key, value in data.items() if value is not None}
    step = call.brightness_step
    if not target.is_named and len(lights) > 1:
        # In a room of many lamps, those that can are set; alone or by name, one that cannot is an error.
        wanted = data if step is None else {"brightness_pct": 50}
        lights = tuple(light for light in lights if _can(home, light, wanted)) or lights
    if step is not None:
        return _stepped(lights, lambda light: _brighter(light, step, data))
    return on_each(lights, "turn_on", **data)


def _brighter(light: Entity, step: int, data: dict[str, Any]) -> ServiceCall:
    """From off a light comes on by the step. Never darker than 1 percent: who says darker does not mean off."""
    lit = light.state == "on"
    if not lit and step < 0:
        raise WrongState(f"{light.name} is off", where="brightness_step")
    now = to_percent(light.attributes.get("brightness") or FULL) if lit else 0
    return ServiceCall(service="turn_on", entity_id=light.id, data={"brightness_pct": _within(now + step, 1, 100), **data})


def _stepped(found: tuple[Entity, ...], step: Callable[[Entity], ServiceCall]) -> Plan:
    """``step`` on each. Of several, those that cannot are left as they are; where none can, that is an error."""
    calls: list[ServiceCall] = []
    refused: NotSupported | WrongState | None = None
    for entity in found:
        try:
            calls.append(step(entity))
        except (NotSupported, WrongState) as error:
            refused = error
    if not calls and refused is not None:
        raise refused
    return Plan(tuple(calls), targets=tuple(call.entity_id for call in calls))


def _within(number: float, low: float, high: float) -> float:
    return min(high, max(low, number))


def _can(home: SimulatedHome, light: Entity, data: dict[str, Any]) -> bool:
    try:
        home.preview(ServiceCall(service="turn_on", entity_id=light.id, data=data))
    except NotSupported:
        return False
    return True


def _set_position(home: SimulatedHome, call: args.Position, actor: Actor) -> Plan:
    target = call.target("cover", "valve")
    needs_target(Target(call.name, call.area, call.floor, None, target.device_classes))
    return _stepped(match(home, target, actor.area), lambda entity: _placed(entity, call))


def _placed(entity: Entity, call: args.Position) -> ServiceCall:
    position = call.position
    if call.position_step is not None:
        now = entity.attributes.get("current_position", _ENDS.get(entity.state))
        if now is None:
            raise NotSupported(f"nobody knows how far {entity.name} is open", where="position_step")
        position = _within(now + call.position_step, 0, 100)
    return ServiceCall(service=f"set_{entity.domain}_position", entity_id=entity.id, data={"position": position})


def _stop_moving(home: SimulatedHome, call: args.Moving, actor: Actor) -> Plan:
    target = call.target("cover", "valve")
    needs_target(Target(call.name, call.area, call.floor, None, target.device_classes))
    found = match(home, target, actor.area)
    calls = tuple(ServiceCall(service=f"stop_{entity.domain}", entity_id=entity.id) for entity in found)
    return Plan(calls, targets=tuple(entity.id for entity in found))


def _set_temperature(home: SimulatedHome, call: args.Temperature, actor: Actor) -> Plan:
    """Without a target: the thermostat of the room of the one who asks, or the only one."""
    found = _of(home, call, "climate", actor)
    if (step := call.temperature_step) is not None:
        return _stepped(found, lambda entity: _warmer(entity, step))
    return on_each(found, "set_temperature", temperature=call.temperature)


def _warmer(entity: Entity, step: float) -> ServiceCall:
    now = entity.attributes.get("temperature")
    if now is None:
        raise NotSupported(f"{entity.name} aims for no temperature", where="temperature_step")
    wanted = _within(round(now + step, 1), *bounds(entity))
    return ServiceCall(service="set_temperature", entity_id=entity.id, data={"temperature": wanted})


def _set_fan_mode(home: SimulatedHome, call: args.FanMode, actor: Actor) -> Plan:
    return on_each(_of(home, call, "climate", actor), "set_fan_mode", fan_mode=call.fan_mode)


def _set_speed(home: SimulatedHome, call: args.Speed, actor: Actor) -> Plan:
    found = _of(home, call, "fan", actor)
    if (step := call.percentage_step) is not None:
        return _stepped(found, lambda entity: _faster(entity, step))
    return on_each(found, "set_percentage", percentage=call.percentage)


def _faster(entity: Entity, step: int) -> ServiceCall:
    """Never slower than 1 percent, as with lights."""
    now = entity.attributes.get("percentage") if entity.state == "on" else 0
    if now is None:
        raise NotSupported(f"nobody knows how fast {entity.name} is", where="percentage_step")
    if not now and step < 0:
        raise WrongState(f"{entity.name} is off", where="percentage_step")
    return ServiceCall(service="set_percentage", entity_id=entity.id, data={"percentage": _within(now + step, 1, 100)})


def _vacuum_start(home: SimulatedHome, call: args.Place, actor: Actor) -> Plan:
    return on_each(_of(home, call, "vacuum", actor), "start")


def _vacuum_return(home: SimulatedHome, call: args.Place, actor: Actor) -> Plan:
    return on_each(_of(home, call, "vacuum", actor), "return_to_base")


def _vacuum_area(home: SimulatedHome, call: args.CleanArea, actor: Actor) -> Plan:
    """The area is where to clean, not where the vacuum stands."""
    area = find_area(home, call.area)
    vacuum = match_one(home, Target(call.name, domains=frozenset({"vacuum"})), actor.area, ("docked", "idle"))
    return on_each((vacuum,), "clean_area", area=area.name)


def _of(home: SimulatedHome, call: args.Place, domain: str, actor: Actor) -> tuple[Entity, ...]:
    target = call.target(domain)
    if target.is_named or target.area or target.floor:
        return match(home, target, actor.area)
    return (match_one(home, target, actor.area),)


COMMANDS = (
    HomeTool(
        "HassTurnOn",
        "Turns on, opens, presses or runs a thing, or everything of a kind in an area. For locks it locks.",
        args.OnOff,
        _turn_on,
        domains=args.ON_OFF,
    ),
    HomeTool(
        "HassTurnOff",
        "Turns off or closes a thing, or everything of a kind in an area. For locks it unlocks.",
        args.OnOff,
        _turn_off,
        domains=args.ON_OFF,
    ),
    HomeTool(
        "HassLightSet",
        "Sets the brightness, colour or colour temperature of lights, or makes them brighter or darker by a step.",
        args.LightSet,
        _light_set,
        domains=("light",),
    ),
    HomeTool(
        "HassSetPosition",
        "Sets how far a cover or valve is open, in percent, or opens or closes it further by a step.",
        args.Position,
        _set_position,
        domains=("cover", "valve"),
    ),
    HomeTool("HassStopMoving", "Stops a cover or valve that moves.", args.Moving, _stop_moving, domains=("cover", "valve")),
    HomeTool(
        "HassClimateSetTemperature",
        "Sets the temperature that a thermostat aims for, or makes it warmer or cooler by a step.",
        args.Temperature,
        _set_temperature,
        domains=("climate",),
    ),
    HomeTool("HassClimateSetFanMode", "Sets the fan mode of a thermostat.", args.FanMode, _set_fan_mode, domains=("climate",)),
    HomeTool(
        "HassFanSetSpeed",
        "Sets the speed of a fan in percent, or makes it faster or slower by a step.",
        args.Speed,
        _set_speed,
        domains=("fan",),
    ),
    HomeTool("HassVacuumStart", "Starts a vacuum.", args.Place, _vacuum_start, domains=("vacuum",)),
    HomeTool("HassVacuumReturnToBase", "Sends a vacuum to its base.", args.Place, _vacuum_return, domains=("vacuum",)),
    HomeTool("HassVacuumCleanArea", "Sends a vacuum to clean an area.", args.CleanArea, _vacuum_area, domains=("vacuum",)),
)
