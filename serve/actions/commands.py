"""Tools that switch, set and move: lights, switches, fans, covers, valves, locks, climate, vacuums, scenes, buttons."""

from __future__ import annotations

from typing import Any

from schemas.action import Actor, ServiceCall
from schemas.errors import NotSupported
from schemas.inventory import Entity
from serve.actions import arguments as args
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, find_area, match, match_one, needs_target
from serve.actions.planning import HomeTool, Plan, on_each

# What "everything in the kitchen" means: what is switched, never what opens, unlocks or starts something.
SWITCHED = frozenset({"light", "switch", "input_boolean", "fan", "climate", "media_player"})
ON = {"cover": "open_cover", "valve": "open_valve", "lock": "lock", "button": "press", "input_button": "press"}
OFF = {"cover": "close_cover", "valve": "close_valve", "lock": "unlock"}
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
    if not target.is_named and len(lights) > 1:
        # In a room of many lamps, those that can are set; alone or by name, one that cannot is an error.
        lights = tuple(light for light in lights if _can(home, light, data)) or lights
    return on_each(lights, "turn_on", **data)


def _can(home: SimulatedHome, light: Entity, data: dict[str, Any]) -> bool:
    try:
        home.preview(ServiceCall(service="turn_on", entity_id=light.id, data=data))
    except NotSupported:
        return False
    return True


def _set_position(home: SimulatedHome, call: args.Position, actor: Actor) -> Plan:
    target = call.target("cover", "valve")
    needs_target(Target(call.name, call.area, call.floor, None, target.device_classes))
    found = match(home, target, actor.area)
    calls = tuple(
        ServiceCall(service=f"set_{entity.domain}_position", entity_id=entity.id, data={"position": call.position})
        for entity in found
    )
    return Plan(calls, targets=tuple(entity.id for entity in found))


def _stop_moving(home: SimulatedHome, call: args.Moving, actor: Actor) -> Plan:
    target = call.target("cover", "valve")
    needs_target(Target(call.name, call.area, call.floor, None, target.device_classes))
    found = match(home, target, actor.area)
    calls = tuple(ServiceCall(service=f"stop_{entity.domain}", entity_id=entity.id) for entity in found)
    return Plan(calls, targets=tuple(entity.id for entity in found))


def _set_temperature(home: SimulatedHome, call: args.Temperature, actor: Actor) -> Plan:
    """Without a target: the thermostat of the room of the one who asks, or the only one."""
    return on_each(_of(home, call, "climate", actor), "set_temperature", temperature=call.temperature)


def _set_fan_mode(home: SimulatedHome, call: args.FanMode, actor: Actor) -> Plan:
    return on_each(_of(home, call, "climate", actor), "set_fan_mode", fan_mode=call.fan_mode)


def _set_speed(home: SimulatedHome, call: args.Speed, actor: Actor) -> Plan:
    return on_each(_of(home, call, "fan", actor), "set_percentage", percentage=call.percentage)


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
        "Sets the brightness, colour or colour temperature of lights.",
        args.LightSet,
        _light_set,
        domains=("light",),
    ),
    HomeTool(
        "HassSetPosition",
        "Sets how far a cover or valve is open, in percent.",
        args.Position,
        _set_position,
        domains=("cover", "valve"),
    ),
    HomeTool("HassStopMoving", "Stops a cover or valve that moves.", args.Moving, _stop_moving, domains=("cover", "valve")),
    HomeTool(
        "HassClimateSetTemperature",
        "Sets the temperature that a thermostat aims for.",
        args.Temperature,
        _set_temperature,
        domains=("climate",),
    ),
    HomeTool("HassClimateSetFanMode", "Sets the fan mode of a thermostat.", args.FanMode, _set_fan_mode, domains=("climate",)),
    HomeTool("HassFanSetSpeed", "Sets the speed of a fan in percent.", args.Speed, _set_speed, domains=("fan",)),
    HomeTool("HassVacuumStart", "Starts a vacuum.", args.Place, _vacuum_start, domains=("vacuum",)),
    HomeTool("HassVacuumReturnToBase", "Sends a vacuum to its base.", args.Place, _vacuum_return, domains=("vacuum",)),
    HomeTool("HassVacuumCleanArea", "Sends a vacuum to clean an area.", args.CleanArea, _vacuum_area, domains=("vacuum",)),
)
