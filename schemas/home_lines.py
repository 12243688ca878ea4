"""A home as the model reads it, one line an entity, and the home that such lines tell of.

    hall lamp / big lamp: light @ hall / entrance, ground floor: on 50%
    east blind: cover blind @ bedroom, upstairs: open 30%
    main thermostat: climate @ hall: heat 21, now 19.5
    groceries: todo: 2

That is ``name[ / alias]...: domain[ device class][ @ area[ / alias]...[, floor]]: state``. What an area is called beside
its name, and its floor, stand where the area comes first. The state carries the one number that matters: brightness, speed,
position, volume in percent; target and measured temperature; a measurement's unit. A scene or button that was ever used is
``used``. What could be taken for a separator is written with the full-width character of the same meaning: a name then
still matches without regard to its Unicode form (NFKC).

``inventory_of`` is the inverse: the same names, areas, floors, states and numbers, with ids of its own. It cannot know what a
line does not say: other attributes, floors' aliases, areas with nothing in them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from schemas.inventory import Area, Entity, Floor, Inventory
from schemas.text import one_line

FULL = 255  # a light's brightness
LONGEST = 100  # characters of a name; a longer one is left out
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When the homes are that lines tell of: a running timer ends an hour later."""
USED = "used"
_HOUR = timedelta(hours=1)
_COLDEST, _WARMEST, _FURTHER = 7.0, 35.0, 10.0  # what a thermostat takes whose bounds are not told
_LINE = re.compile(
    r"(?P<names>.+?): (?P<domain>[a-z_]+)(?: (?P<kind>[a-z][a-z0-9_]*))?(?: @ (?P<place>.+?))?: (?P<state>.*)", re.DOTALL
)
_KIND = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_MEASURED = re.compile(rf"({_NUMBER}) (.+)", re.DOTALL)
_MEASURE = re.compile(_NUMBER)
_SHARE = re.compile(r"([a-z_]+) ([0-9]{1,3})%")
_CLIMATE = re.compile(rf"([a-z_]+)(?: ({_NUMBER}))?(?:, now ({_NUMBER}))?")
_MARKS = re.compile(r"(?<!\S)[@/](?!\S)|:(?!\S)|<(?=\|)")
_PLACE_MARKS = re.compile(rf"{_MARKS.pattern}|,(?!\S)")
_WIDE = {":": "\uff1a", "@": "\uff20", "/": "\uff0f", "<": "\uff1c", ",": "\uff0c"}
_TRIGGERS = frozenset({"scene", "button", "input_button"})


@dataclass(frozen=True)
class Line:
    """One line read: ``names`` and ``area`` begin with the name itself, then the aliases; ``area`` is empty for none."""

    names: tuple[str, ...]
    domain: str
    device_class: str | None
    area: tuple[str, ...]
    floor: str | None
    state: str


def from_percent(percent: float) -> int:
    """Home Assistant's rule: round(255 * percent / 100), with 1 % never rounded down to off."""
    return 0 if percent == 0 else max(1, round(FULL * percent / 100))


def to_percent(brightness: float) -> int:
    return round(brightness * 100 / FULL)


def safe(text: str, mark: re.Pattern[str] = _MARKS) -> str:
    """``text`` on one line with nothing in it that could be taken for a separator of lines or the start of a special token."""
    return mark.sub(lambda found: _WIDE[found[0]], one_line(text))


def home_lines(inventory: Inventory) -> tuple[str, ...]:
    """One line an entity, in the home's order; an entity without a name of its own is called by its id, which finds it too."""
    places = {area.id: area for area in inventory.areas}
    floors = {floor.id: floor.name for floor in inventory.floors}
    devices = {device.id: device.area for device in inventory.devices}
    told: set[str] = set()
    lines = []
    for entity in inventory.entities:
        area = places.get(entity.area or devices.get(entity.device or "") or "")
        place = "" if area is None else f" @ {_place(area, floors, whole=area.id not in told)}"
        if area is not None:
            told.add(area.id)
        kind = entity.attributes.get("device_class")
        kind = f" {kind}" if isinstance(kind, str) and _KIND.fullmatch(kind) else ""
        names = _names((entity.name, *entity.aliases), entity.id)
        lines.append(f"{names}: {entity.domain}{kind}{place}: {state_text(entity)}")
    return tuple(lines)


def state_text(entity: Entity) -> str:
    """The state with the number that matters, as a line has it."""
    state = one_line(entity.state) or "unknown"
    write = _WRITE.get(entity.domain)
    return write(state, entity.attributes) if write else state


@lru_cache(maxsize=4096)
def parse_line(line: str) -> Line | None:
    """None for what is no line of a home."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    area, comma, floor = (found["place"] or "").rpartition(", ")
    if not comma:
        area, floor = floor, ""
    return Line(
        names=tuple(found["names"].split(" / ")),
        domain=found["domain"],
        device_class=found["kind"],
        area=tuple(area.split(" / ")) if area else (),
        floor=floor or None,
        state=found["state"],
    )


@lru_cache(maxsize=64)
def inventory_of(lines: tuple[str, ...]) -> Inventory | None:
    """The home that wrote ``lines``, or None where there are none or one of them is no line of a home.

    Whether its states are ones that can be is not looked at: see serve.actions.home.
    """
    areas: dict[str, Area] = {}
    floors: dict[str, Floor] = {}
    entities = []
    for number, text in enumerate(lines):
        line = parse_line(text)
        if line is None or not line.state:
            return None
        entities.append(_entity(line, f"{line.domain}.thing_{number}", _area(line, areas, floors) if line.area else None))
    if not entities:
        return None
    return Inventory(floors=tuple(floors.values()), areas=tuple(areas.values()), entities=tuple(entities))


def _names(names: Iterable[str], otherwise: str, mark: re.Pattern[str] = _MARKS) -> str:
    """Each once; ``otherwise`` where none of them shows anything that a person could say."""
    shown = (safe(text, mark) for text in names)
    return " / ".join(dict.fromkeys(found for found in shown if 0 < len(found) <= LONGEST)) or otherwise


def _place(area: Area, floors: dict[str, str], *, whole: bool) -> str:
    names = _names((area.name, *(area.aliases if whole else ())), safe(area.id, _PLACE_MARKS), _PLACE_MARKS)
    floor = safe(floors.get(area.floor or "", area.floor or ""), _PLACE_MARKS)
    return f"{names}, {floor}" if whole and floor else names


def _area(line: Line, areas: dict[str, Area], floors: dict[str, Floor]) -> str:
    """The id of the line's area, which is made or completed by what the line tells of it."""
    name, *aliases = line.area
    known = areas.get(name) or Area(id=f"area_{len(areas)}", name=name)
    floor = known.floor
    if line.floor:
        floor = floors.setdefault(line.floor, Floor(id=f"floor_{len(floors)}", name=line.floor)).id
    together = tuple(dict.fromkeys((*known.aliases, *aliases)))
    areas[name] = Area(id=known.id, name=name, aliases=together, floor=floor)
    return known.id


def _entity(line: Line, entity_id: str, area: str | None) -> Entity:
    attributes: dict[str, Any] = {"device_class": line.device_class} if line.device_class else {}
    read = _READ.get(line.domain)
    state, told = read(line.state) if read else (line.state, {})
    name, *aliases = line.names
    return Entity(id=entity_id, name=name, aliases=tuple(aliases), area=area, state=state, attributes=attributes | told)


def _number(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


def _share(key: str, states: frozenset[str], full: float, *, ends: bool = True) -> Callable[[str, dict[str, Any]], str]:
    """Writes attribute ``key``, of which ``full`` is all, in percent behind ``states``.

    Without ``ends`` nothing and everything go unsaid, as they do for something that is open or closed.
    """

    def write(state: str, attributes: dict[str, Any]) -> str:
        value = _number(attributes.get(key))
        if value is None or state not in states:
            return state
        percent = round(value * 100 / full)
        percent = max(1, percent) if value > 0 else percent
        return f"{state} {percent}%" if (0 <= percent <= 100 and (ends or 0 < percent < 100)) else state

    return write


def _of_share(key: str, value: Callable[[int], Any]) -> Callable[[str], tuple[str, dict[str, Any]]]:
    def read(text: str) -> tuple[str, dict[str, Any]]:
        found = _SHARE.fullmatch(text)
        return (found[1], {key: value(int(found[2]))}) if found else (text, {})

    return read


def _write_climate(state: str, attributes: dict[str, Any]) -> str:
    target, current = _number(attributes.get("temperature")), _number(attributes.get("current_temperature"))
    shown = state if target is None else f"{state} {_degrees(target)}"
    return shown if current is None else f"{shown}, now {_degrees(current)}"


def _degrees(value: float) -> str:
    """To a tenth, without a useless zero."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _read_climate(text: str) -> tuple[str, dict[str, Any]]:
    found = _CLIMATE.fullmatch(text)
    if found is None:
        return text, {}
    attributes: dict[str, Any] = {}
    if found[2]:
        target = attributes["temperature"] = float(found[2])
        if target < _COLDEST:
            attributes["min_temp"] = target - _FURTHER
        if target > _WARMEST:
            attributes["max_temp"] = target + _FURTHER
    if found[3]:
        attributes["current_temperature"] = float(found[3])
    return found[1], attributes


def _write_sensor(state: str, attributes: dict[str, Any]) -> str:
    unit = attributes.get("unit_of_measurement")
    unit = one_line(unit) if isinstance(unit, str) else ""
    return f"{state} {unit}" if unit and _MEASURE.fullmatch(state) else state


def _read_sensor(text: str) -> tuple[str, dict[str, Any]]:
    found = _MEASURED.fullmatch(text)
    return (found[1], {"unit_of_measurement": found[2]}) if found else (text, {})


def _write_trigger(state: str, _: dict[str, Any]) -> str:
    """When it was last used says nothing about what to do, in some thirty tokens."""
    try:
        datetime.fromisoformat(state)
    except ValueError:
        return state
    return USED


def _read_timer(text: str) -> tuple[str, dict[str, Any]]:
    if text not in ("active", "paused"):
        return text, {}
    running = {"finishes_at": (NOON + _HOUR).isoformat()} if text == "active" else {}
    return text, {"duration": str(_HOUR), "remaining": str(_HOUR), **running}


_MOVING = frozenset({"open", "opening", "closing"})
_ON = frozenset({"on"})
_LOUD = frozenset({"on", "idle", "playing", "paused", "buffering"})
_WRITE: dict[str, Callable[[str, dict[str, Any]], str]] = {
    "light": _share("brightness", _ON, FULL),
    "fan": _share("percentage", _ON, 100),
    "cover": _share("current_position", _MOVING, 100, ends=False),
    "valve": _share("current_position", _MOVING, 100, ends=False),
    "media_player": _share("volume_level", _LOUD, 1),
    "climate": _write_climate,
    "sensor": _write_sensor,
    **dict.fromkeys(_TRIGGERS, _write_trigger),
}
_READ: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "light": _of_share("brightness", from_percent),
    "fan": _of_share("percentage", int),
    "cover": _of_share("current_position", int),
    "valve": _of_share("current_position", int),
    "media_player": _of_share("volume_level", lambda percent: percent / 100),
    "climate": _read_climate,
    "sensor": _read_sensor,
    "timer": _read_timer,
}
