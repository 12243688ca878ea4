"""climate: a mode as the state, and a target temperature within the device's own bounds."""

from __future__ import annotations

from typing import Any

from schemas.errors import NotSupported
from schemas.inventory import Entity
from serve.actions.domains.service import TEXTS, Data, Domain, between, changed, needs_feature, service

TARGET, RANGE, FAN_MODE, PRESET_MODE = 1, 2, 8, 16
MODES = frozenset({"off", "heat", "cool", "heat_cool", "auto", "dry", "fan_only"})
COLDEST, WARMEST = 7.0, 35.0  # Home Assistant's own bounds where the device names none


def _set_temperature(entity: Entity, data: Data) -> Entity:
    """Leaves the mode alone unless one is given: a thermostat that is off stays off with a new target."""
    low, high = bounds(entity)
    update: dict[str, Any] = {}
    if "temperature" in data.values:
        needs_feature(entity, TARGET, "take a temperature")
        update["temperature"] = data.needed("temperature", data.number("temperature", low, high))
    for key in ("target_temp_low", "target_temp_high"):
        if key in data.values:
            needs_feature(entity, RANGE, "take a range of temperatures")
            update[key] = data.needed(key, data.number(key, low, high))
    if not update:
        raise data.bad("temperature", "is missing")
    moved = changed(entity, **update)
    if (moved.attributes.get("target_temp_low") or low) > (moved.attributes.get("target_temp_high") or high):
        raise data.bad("target_temp_low", "is above target_temp_high")
    return _acting(_set_mode(moved, data) if "hvac_mode" in data.values else moved)


def _set_mode(entity: Entity, data: Data) -> Entity:
    return _acting(changed(entity, data.needed("hvac_mode", data.text("hvac_mode", modes(entity)))))


def _turn_on(entity: Entity, data: Data) -> Entity:
    if entity.state != "off":
        return entity
    choices = modes(entity)
    preferred = ("heat_cool", "heat", "cool", "auto") if "hvac_modes" in entity.attributes else ("heat",)
    mode = next((mode for mode in preferred if mode in choices), None) or next((m for m in choices if m != "off"), None)
    if mode is None:
        raise NotSupported(f"{entity.name} has no mode to turn on", where=entity.id)
    return _acting(changed(entity, mode))


def _turn_off(entity: Entity, data: Data) -> Entity:
    return _acting(changed(entity, "off"))


def _choice(key: str, bit: int) -> Any:
    def run(entity: Entity, data: Data) -> Entity:
        needs_feature(entity, bit, f"take a {key.replace('_', ' ')}")
        choices = entity.attributes.get(f"{key}s")
        if not choices:
            raise NotSupported(f"{entity.name} has no {key.replace('_', ' ')}s", where=entity.id)
        return changed(entity, **{key: data.needed(key, data.text(key, tuple(choices)))})

    return service(run, key)


def bounds(entity: Entity) -> tuple[float, float]:
    return entity.attributes.get("min_temp") or COLDEST, entity.attributes.get("max_temp") or WARMEST


def modes(entity: Entity) -> tuple[str, ...]:
    return tuple(entity.attributes.get("hvac_modes") or sorted(MODES))


def _acting(entity: Entity) -> Entity:
    """``hvac_action`` follows from mode, target and measured temperature, where the device reports one."""
    if "hvac_action" not in entity.attributes:
        return entity
    target, current = entity.attributes.get("temperature"), entity.attributes.get("current_temperature")
    action = "off" if entity.state == "off" else "idle"
    if target is not None and current is not None:
        if entity.state in ("heat", "heat_cool", "auto") and current < target:
            action = "heating"
        elif entity.state in ("cool", "heat_cool", "auto") and current > target:
            action = "cooling"
    return changed(entity, hvac_action=action)


def _agrees(entity: Entity) -> str | None:
    if entity.state in MODES and entity.state not in modes(entity):
        return f"{entity.state} is none of its hvac_modes"
    low, high = bounds(entity)
    target = entity.attributes.get("temperature")
    return f"temperature {target:g} is not {low:g} to {high:g}" if target is not None and not low <= target <= high else None


_ANY = between(-100, 1000)
_TEMPERATURES = ("temperature", "current_temperature", "min_temp", "max_temp", "target_temp_low", "target_temp_high")
CLIMATE = Domain(
    "climate",
    MODES,
    {
        "set_temperature": service(_set_temperature, "temperature", "target_temp_low", "target_temp_high", "hvac_mode"),
        "set_hvac_mode": service(_set_mode, "hvac_mode"),
        "set_fan_mode": _choice("fan_mode", FAN_MODE),
        "set_preset_mode": _choice("preset_mode", PRESET_MODE),
        "turn_on": service(_turn_on),
        "turn_off": service(_turn_off),
    },
    {
        **dict.fromkeys(
            ("temperature", "current_temperature", "min_temp", "max_temp", "target_temp_low", "target_temp_high"), _ANY
        ),
        **dict.fromkeys(("hvac_modes", "fan_modes", "preset_modes"), TEXTS),
    },
    check=_agrees,
)
