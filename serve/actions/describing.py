"""Entities in words, for the model: the line of the prompt's home block, with what else is worth knowing."""

from __future__ import annotations

from typing import Any

from schemas.home_lines import to_percent
from schemas.inventory import Entity
from serve.actions.home import SimulatedHome

# What Home Assistant's live context tells of an entity, beside its state.
TOLD = (
    "device_class",
    "unit_of_measurement",
    "brightness",
    "color_temp_kelvin",
    "current_position",
    "percentage",
    "volume_level",
    "is_volume_muted",
    "media_title",
    "temperature",
    "current_temperature",
    "temperature_unit",
    "humidity",
    "battery_level",
    "remaining",
    "finishes_at",
    "items",
)
_UNSAID = frozenset({"device_class", "unit_of_measurement"})
_PERCENT = {"brightness": to_percent, "volume_level": lambda level: round(level * 100)}


def told(entity: Entity) -> dict[str, Any]:
    """The attributes worth telling, percentages as people say them."""
    values: dict[str, Any] = {}
    for key in TOLD:
        value = entity.attributes.get(key)
        if value is None or value == "" or (key == "brightness" and entity.state != "on"):
            continue
        values[key] = f"{_PERCENT[key](value)}%" if key in _PERCENT else value
    return values


def describe(entity: Entity) -> str:
    """``hall lamp: on, brightness 40%``."""
    values = told(entity)
    extra = "".join(f", {_said(key, value)}" for key, value in values.items() if key not in _UNSAID)
    unit = values.get("unit_of_measurement")
    return f"{entity.name}: {entity.state}{f' {unit}' if unit else ''}{extra}"


def live_line(home: SimulatedHome, entity: Entity) -> str:
    """``hall lamp: light @ hall: on, brightness 40%``: the prompt's line with the attributes behind it."""
    area = next((area.name for area in home.areas if area.id == entity.area), None)
    rest = describe(entity).removeprefix(f"{entity.name}: ")
    return f"{entity.name}: {entity.domain}{f' @ {area}' if area else ''}: {rest}"


def _said(key: str, value: Any) -> str:
    shown = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"{key.replace('_', ' ')} {shown}"
