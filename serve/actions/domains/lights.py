"""light: on or off, brightness 0 to 255, colour, colour temperature in Kelvin."""

from __future__ import annotations

from typing import Any

from schemas.errors import NotSupported
from schemas.home_lines import FULL, from_percent, to_percent
from schemas.inventory import Entity
from serve.actions.domains.colors import COLORS
from serve.actions.domains.service import TEXTS, Data, Domain, changed, service, whole

COLOR_MODES = frozenset({"hs", "rgb", "rgbw", "rgbww", "xy"})


def _turn_on(entity: Entity, data: Data) -> Entity:
    brightness = _brightness(entity, data)
    look = _look(entity, data)
    if brightness == 0:
        return _turn_off(entity, data)
    known = "brightness" in entity.attributes or brightness is not None
    if known and brightness is None:
        brightness = entity.attributes.get("brightness") or FULL
    return changed(entity, "on", **({"brightness": brightness} if known else {}), **look)


def _turn_off(entity: Entity, data: Data) -> Entity:
    return changed(entity, "off", **({"brightness": 0} if "brightness" in entity.attributes else {}))


def _toggle(entity: Entity, data: Data) -> Entity:
    return _turn_off(entity, data) if entity.state == "on" else _turn_on(entity, data)


def _brightness(entity: Entity, data: Data) -> int | None:
    """The brightness that is asked for; None when none is."""
    asked = data.integer("brightness", 0, FULL)
    percent = data.number("brightness_pct", 0, 100)
    step = data.number("brightness_step_pct", -100, 100)
    if percent is not None:
        asked = from_percent(percent)
    elif step is not None:
        now = entity.attributes.get("brightness", FULL) if entity.state == "on" else 0
        asked = from_percent(min(100, max(0, to_percent(now) + step)))
    modes = entity.attributes.get("supported_color_modes")
    if asked is not None and modes is not None and not set(modes) - {"onoff"}:
        raise NotSupported(f"{entity.name} cannot be dimmed", where=entity.id)
    return asked


def _look(entity: Entity, data: Data) -> dict[str, Any]:
    name = data.text("color_name")
    rgb, kelvin = data.values.get("rgb_color"), data.integer("color_temp_kelvin", 1000, 40000)
    modes = set(entity.attributes.get("supported_color_modes") or ())
    if name is not None:
        key = name.casefold().replace(" ", "")
        if key not in COLORS:
            raise data.bad("color_name", f"{name!r:.40} is no colour that lights know, such as red, warmwhite or teal")
        rgb = COLORS[key]
    if rgb is not None:
        if not _is_rgb(rgb):
            raise data.bad("rgb_color", "must be three whole numbers 0 to 255")
        if not modes & COLOR_MODES:
            raise NotSupported(f"{entity.name} has no colours", where=entity.id)
        return {
            "color_mode": "rgb" if "rgb" in modes else min(modes & COLOR_MODES),
            "rgb_color": list(rgb),
            "color_temp_kelvin": None,
        }
    if kelvin is None:
        return {}
    if "color_temp" not in modes:
        raise NotSupported(f"{entity.name} has no colour temperature", where=entity.id)
    low = entity.attributes.get("min_color_temp_kelvin", 1000)
    high = entity.attributes.get("max_color_temp_kelvin", 40000)
    return {"color_mode": "color_temp", "color_temp_kelvin": min(high, max(low, kelvin)), "rgb_color": None}


def _is_rgb(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 3 and all(type(v) is int and 0 <= v <= FULL for v in value)


_LOOK = ("brightness", "brightness_pct", "brightness_step_pct", "color_name", "rgb_color", "color_temp_kelvin")
LIGHT = Domain(
    "light",
    frozenset({"on", "off"}),
    {"turn_on": service(_turn_on, *_LOOK), "turn_off": service(_turn_off), "toggle": service(_toggle, *_LOOK)},
    {
        "brightness": whole(0, FULL),
        "supported_color_modes": TEXTS,
        "rgb_color": (_is_rgb, "three whole numbers 0 to 255"),
        "color_temp_kelvin": whole(1000, 40000),
        "min_color_temp_kelvin": whole(1000, 40000),
        "max_color_temp_kelvin": whole(1000, 40000),
    },
)
