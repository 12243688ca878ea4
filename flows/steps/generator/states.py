"""States and attributes of generated entities, such as Home Assistant gives them: what the simulated home takes unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from flows.steps.generator.lexicons.things import Kind
from flows.steps.generator.words import items, pick, title
from schemas.inventory import Entity
from schemas.pipeline import Part

State = tuple[str, dict[str, Any]]
_UNAVAILABLE = 0.008  # share of things that do not answer


def state_of(rng: Random, part: Part, kind: Kind) -> State:
    """A state and attributes that go together; rarely ``unavailable``."""
    state, attributes = _MAKERS[kind.domain](rng, part, kind)
    if kind.device_class and kind.domain not in _WITHOUT_CLASS:
        attributes["device_class"] = kind.device_class
    if rng.random() < _UNAVAILABLE and kind.domain not in _ALWAYS_THERE:
        state = "unavailable"
    return state, attributes


def scene_states(rng: Random, entities: Sequence[Entity]) -> dict[str, dict[str, Any]]:
    """What a scene sets: two to four things that are there, or as many as there are."""
    states: dict[str, dict[str, Any]] = {}
    for entity in _some(rng, entities, _SCENIC):
        wanted = pick(rng, _SCENIC[entity.domain])
        states[entity.id] = {"state": wanted}
        if wanted == "on" and "brightness" in entity.attributes:
            states[entity.id]["brightness"] = _brightness(rng)
        elif entity.domain == "light" and "brightness" in entity.attributes:
            states[entity.id]["brightness"] = 0
    return states


def script_steps(rng: Random, entities: Sequence[Entity]) -> list[dict[str, str]]:
    """What a script does, one service after another; nothing that opens or unlocks."""
    return [
        {"service": f"{entity.domain}.{pick(rng, _SCRIPTED[entity.domain])}", "entity_id": entity.id}
        for entity in _some(rng, entities, _SCRIPTED)
    ]


def _some(rng: Random, entities: Sequence[Entity], domains: Mapping[str, object]) -> list[Entity]:
    able = [entity for entity in entities if entity.domain in domains and entity.state != "unavailable"]
    return rng.sample(able, min(len(able), 2 + int(rng.random() * 3)))


_SCENIC = {"light": ("on", "on", "off"), "switch": ("on", "off"), "cover": ("closed", "open"), "input_boolean": ("on",)}
_SCRIPTED = {
    "light": ("turn_off", "turn_on", "turn_off"), "switch": ("turn_off",), "cover": ("close_cover",), "lock": ("lock",),
    "media_player": ("turn_off",), "fan": ("turn_off",), "climate": ("turn_off",),
}  # fmt: skip


def _light(rng: Random, part: Part, kind: Kind) -> State:
    on, share = rng.random() < 0.4, rng.random()
    if share < 0.2:
        return ("on" if on else "off"), {"supported_color_modes": ["onoff"]}
    modes = ["brightness"] if share < 0.5 else ["color_temp"] if share < 0.7 else ["color_temp", "rgb"]
    attributes: dict[str, Any] = {"supported_color_modes": modes, "brightness": _brightness(rng) if on else 0}
    if "color_temp" in modes:
        attributes["min_color_temp_kelvin"], attributes["max_color_temp_kelvin"] = 2000, 6500
    return ("on" if on else "off"), attributes


def _brightness(rng: Random) -> int:
    return 255 if rng.random() < 0.3 else max(3, round(255 * (1 + int(rng.random() * 20)) / 20))


def _switch(rng: Random, part: Part, kind: Kind) -> State:
    return ("on" if rng.random() < 0.4 else "off"), {}


def _fan(rng: Random, part: Part, kind: Kind) -> State:
    on, share = rng.random() < 0.4, rng.random()
    if share < 0.3:
        return ("on" if on else "off"), {"supported_features": 0}
    speed = 10 * (1 + int(rng.random() * 10)) if share < 0.7 else (33, 66, 100)[int(rng.random() * 3)]
    return ("on" if on else "off"), {"percentage": speed if on else 0}


def _cover(rng: Random, part: Part, kind: Kind) -> State:
    if rng.random() < 0.3:  # known only as open or closed
        return ("open" if rng.random() < 0.5 else "closed"), {"supported_features": 11}
    share = rng.random()
    position = 0 if share < 0.4 else 100 if share < 0.75 else 5 * (1 + int(rng.random() * 19))
    return ("open" if position else "closed"), {"current_position": position}


def _lock(rng: Random, part: Part, kind: Kind) -> State:
    return ("locked" if rng.random() < 0.6 else "unlocked"), {}


def _climate(rng: Random, part: Part, kind: Kind) -> State:
    modes = ["off", "heat"] if kind.key == "heating" and rng.random() < 0.7 else ["off", "cool", "fan_only"]
    if rng.random() < 0.25:
        modes = ["off", "heat", "cool", "auto"]
    state = modes[0] if rng.random() < 0.3 else modes[1]
    attributes: dict[str, Any] = {
        "hvac_modes": modes,
        "temperature": 16 + int(rng.random() * 20) / 2,
        "current_temperature": 15 + int(rng.random() * 120) / 10,
    }
    if "cool" in modes and rng.random() < 0.5:
        attributes["fan_modes"], attributes["fan_mode"] = ["auto", "low", "medium", "high"], "auto"
    return state, attributes


def _media(rng: Random, part: Part, kind: Kind) -> State:
    state = pick(rng, ("off", "off", "idle", "paused", "playing", "playing"))
    attributes: dict[str, Any] = {"volume_level": 5 * (1 + int(rng.random() * 20)) / 100, "is_volume_muted": False}
    if state in ("playing", "paused"):
        attributes["media_title"] = title(rng, part)
    return state, attributes


def _vacuum(rng: Random, part: Part, kind: Kind) -> State:
    return pick(rng, ("docked", "docked", "docked", "cleaning", "paused", "idle")), {"battery_level": 20 + int(rng.random() * 81)}


def _todo(rng: Random, part: Part, kind: Kind) -> State:
    found = list(dict.fromkeys(items(rng, part) for _ in range(int(rng.random() * 7))))
    return str(len(found)), {"items": found, "completed": []}


def _timer(rng: Random, part: Part, kind: Kind) -> State:
    """Never running: what runs ends at a moment, and a generated home knows of no time."""
    minutes = pick(rng, (1, 3, 5, 8, 10, 15, 20, 25, 30, 45))
    attributes = {"duration": f"0:{minutes:02d}:00"}
    if rng.random() < 0.2:
        return "paused", {**attributes, "remaining": f"0:{int(rng.random() * minutes):02d}:{1 + int(rng.random() * 59):02d}"}
    return "idle", attributes


def _moment(rng: Random, part: Part, kind: Kind) -> State:
    return _when(rng), {}


def _when(rng: Random) -> str:
    day, minute = 1 + int(rng.random() * 28), int(rng.random() * 1440)
    return f"2026-10-{day:02d}T{minute // 60:02d}:{minute % 60:02d}:00+00:00"


def _script(rng: Random, part: Part, kind: Kind) -> State:
    return "off", {"last_triggered": _when(rng)}


_MEASURED: dict[str, tuple[float, float, int, str]] = {
    "temperature": (-5, 32, 1, "°C"), "humidity": (25, 80, 0, "%"), "power": (0, 2400, 0, "W"), "energy": (0, 40, 1, "kWh"),
    "battery": (3, 100, 0, "%"), "illuminance": (0, 900, 0, "lx"), "carbon_dioxide": (400, 1600, 0, "ppm"),
    "atmospheric_pressure": (975, 1040, 0, "hPa"),
}  # fmt: skip


def _sensor(rng: Random, part: Part, kind: Kind) -> State:
    low, high, digits, unit = _MEASURED[kind.device_class or ""]
    return f"{low + (high - low) * rng.random():.{digits}f}".replace("-0.0", "0.0"), {"unit_of_measurement": unit}


def _binary(rng: Random, part: Part, kind: Kind) -> State:
    return ("on" if rng.random() < 0.25 else "off"), {}


def _person(rng: Random, part: Part, kind: Kind) -> State:
    return pick(rng, ("home", "home", "not_home", "work")), {}


def _weather(rng: Random, part: Part, kind: Kind) -> State:
    state = pick(rng, ("sunny", "cloudy", "rainy", "partlycloudy", "fog", "windy", "snowy", "pouring", "clear-night"))
    temperature = round(-5 + 35 * rng.random(), 1)
    return state, {"temperature": temperature, "temperature_unit": "°C", "humidity": 30 + int(rng.random() * 65)}


_WITHOUT_CLASS = frozenset({"climate", "light", "lock", "fan"})
_ALWAYS_THERE = frozenset({"todo", "timer", "scene", "script", "person", "weather", "input_boolean", "input_button"})
_MAKERS: dict[str, Callable[[Random, Part, Kind], State]] = {
    "light": _light, "switch": _switch, "input_boolean": _switch, "fan": _fan, "cover": _cover, "valve": _cover, "lock": _lock,
    "climate": _climate, "media_player": _media, "vacuum": _vacuum, "todo": _todo, "timer": _timer, "scene": _moment,
    "script": _script, "button": _moment, "input_button": _moment, "sensor": _sensor, "binary_sensor": _binary,
    "person": _person, "weather": _weather,
}  # fmt: skip
