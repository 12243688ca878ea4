"""switch, input_boolean and fan: what is on or off, a fan with a speed in percent."""

from __future__ import annotations

from schemas.inventory import Entity
from serve.actions.domains.service import FLAG, TEXTS, Data, Domain, Service, becomes, changed, needs_feature, service, whole

SET_SPEED, OSCILLATE, DIRECTION, PRESET_MODE = 1, 2, 4, 8
_ON_OFF = frozenset({"on", "off"})


def _toggle(entity: Entity, data: Data) -> Entity:
    return changed(entity, "off" if entity.state == "on" else "on")


def _switch() -> dict[str, Service]:
    return {"turn_on": service(becomes("on")), "turn_off": service(becomes("off")), "toggle": service(_toggle)}


def _fan_on(entity: Entity, data: Data) -> Entity:
    if "percentage" in data.values:
        return _set_percentage(entity, data)
    speed = entity.attributes.get("percentage")
    return changed(entity, "on", **({"percentage": speed or 100} if "percentage" in entity.attributes else {}))


def _fan_off(entity: Entity, data: Data) -> Entity:
    return changed(entity, "off", **({"percentage": 0} if "percentage" in entity.attributes else {}))


def _fan_toggle(entity: Entity, data: Data) -> Entity:
    return (_fan_off if entity.state == "on" else _fan_on)(entity, data)


def _set_percentage(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, SET_SPEED, "change its speed")
    speed = data.needed("percentage", data.integer("percentage", 0, 100))
    return changed(entity, "on" if speed else "off", percentage=speed)


def _step(sign: int) -> Service:
    def run(entity: Entity, data: Data) -> Entity:
        needs_feature(entity, SET_SPEED, "change its speed")
        step = data.integer("percentage_step", 0, 100) or round(float(entity.attributes.get("percentage_step") or 10))
        speed = min(100, max(0, (entity.attributes.get("percentage") or 0) + sign * step))
        return changed(entity, "on" if speed else "off", percentage=speed)

    return service(run, "percentage_step")


def _oscillate(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, OSCILLATE, "oscillate")
    return changed(entity, oscillating=data.needed("oscillating", data.flag("oscillating")))


def _direction(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, DIRECTION, "change its direction")
    return changed(entity, direction=data.needed("direction", data.text("direction", ("forward", "reverse"))))


def _preset(entity: Entity, data: Data) -> Entity:
    needs_feature(entity, PRESET_MODE, "take a preset")
    modes = tuple(entity.attributes.get("preset_modes") or ())
    return changed(entity, "on", preset_mode=data.needed("preset_mode", data.text("preset_mode", modes)))


SWITCH = Domain("switch", _ON_OFF, _switch())
INPUT_BOOLEAN = Domain("input_boolean", _ON_OFF, _switch())
FAN = Domain(
    "fan",
    _ON_OFF,
    {
        "turn_on": service(_fan_on, "percentage"),
        "turn_off": service(_fan_off),
        "toggle": service(_fan_toggle),
        "set_percentage": service(_set_percentage, "percentage"),
        "increase_speed": _step(1),
        "decrease_speed": _step(-1),
        "oscillate": service(_oscillate, "oscillating"),
        "set_direction": service(_direction, "direction"),
        "set_preset_mode": service(_preset, "preset_mode"),
    },
    {"percentage": whole(0, 100), "oscillating": FLAG, "preset_modes": TEXTS},
)
