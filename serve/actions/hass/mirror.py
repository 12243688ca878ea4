"""Home Assistant's registries and states as an Inventory: pure, total, and forgiving about what it does not know.

What is exposed to Home Assistant's own Assist is mirrored, and nothing else. An entity of a domain that the simulated home
does not know is mirrored too, and can be read but not acted on. A reference to an area, floor or device that is gone is
dropped, never an error: registries change while they are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.action import EntityState
from schemas.errors import InvalidState
from schemas.inventory import Area, Device, Entity, Floor, Inventory
from schemas.text import one_line
from serve.actions.domains import domain_of

LONGEST_NAME = 100  # characters of a name or an alias
LARGEST_ATTRIBUTE = 4000  # characters of one attribute as JSON; a list of a thousand sources helps nobody
ASSISTANT = "conversation"
_ID = re.compile(r"[a-z_]+\.[a-z0-9_]+")
# What Home Assistant exposes of itself where nobody has decided; locks and scripts only ever by a decision.
_EXPOSED = frozenset({"climate", "cover", "fan", "humidifier", "light", "media_player", "scene", "switch", "todo", "vacuum"})
_EXPOSED_CLASSES = {
    "binary_sensor": frozenset({"door", "garage_door", "lock", "motion", "opening", "presence", "window"}),
    "sensor": frozenset({"aqi", "carbon_dioxide", "carbon_monoxide", "humidity", "pm10", "pm25", "temperature"}),
}
# Pictures, tokens and what only the dashboard needs.
_UNSAID = frozenset({"entity_picture", "entity_picture_local", "access_token", "icon", "attribution", "friendly_name"})
# What the simulated home reads as its own declarations.
_OURS = {"scene": frozenset({"states"}), "script": frozenset({"sequence"}), "timer": frozenset({"spoken", "named"})}


@dataclass(frozen=True)
class Documents:
    """Answers of Home Assistant as they came. ``exposed`` maps entity ids to what was decided for each assistant."""

    states: list[Any] = field(default_factory=list)
    areas: list[Any] = field(default_factory=list)
    floors: list[Any] = field(default_factory=list)
    devices: list[Any] = field(default_factory=list)
    entries: list[Any] = field(default_factory=list)
    aliases: Mapping[str, Any] = field(default_factory=dict)
    exposed: Mapping[str, Any] = field(default_factory=dict)
    expose_new: bool = False


@dataclass(frozen=True)
class Seen:
    """``everything`` are the states of all entities, exposed or not: what a script reaches may be one that is not."""

    inventory: Inventory
    everything: dict[str, EntityState]


def exposed_ids(documents: Documents) -> list[str]:
    """Of the entities that are exposed to Assist, in the order of the states."""
    entries = {entry["entity_id"]: entry for entry in _named(documents.entries, "entity_id")}
    states = _named(documents.states, "entity_id")
    return [
        state["entity_id"]
        for state in states
        if _ID.fullmatch(state["entity_id"]) and _is_exposed(state, entries.get(state["entity_id"]), documents)
    ]


def seen(documents: Documents) -> Seen:
    floors = tuple(
        Floor(id=each["floor_id"], name=_name(each, each["floor_id"]), aliases=_aliases(each), level=_level(each))
        for each in _once(documents.floors, "floor_id")
    )
    known_floors = {floor.id for floor in floors}
    areas = tuple(
        Area(
            id=each["area_id"],
            name=_name(each, each["area_id"]),
            aliases=_aliases(each),
            floor=_known(each, "floor_id", known_floors),
        )
        for each in _once(documents.areas, "area_id")
    )
    known_areas = {area.id for area in areas}
    entries = {entry["entity_id"]: entry for entry in _named(documents.entries, "entity_id")}
    shown = exposed_ids(documents)
    used = {str(entries[each].get("device_id")) for each in shown if each in entries}
    devices = tuple(
        Device(
            id=each["id"],
            name=_text(each.get("name_by_user")) or _name(each, each["id"]),
            area=_known(each, "area_id", known_areas),
        )
        for each in _once(documents.devices, "id")
        if each["id"] in used
    )
    known_devices = {device.id for device in devices}
    states = {state["entity_id"]: state for state in _named(documents.states, "entity_id")}
    entities = []
    for entity_id in dict.fromkeys(shown):
        entry = entries.get(entity_id, {})
        entities.append(
            Entity(
                id=entity_id,
                name=name_of(states[entity_id]),
                area=_known(entry, "area_id", known_areas),
                device=_known(entry, "device_id", known_devices),
                aliases=_aliases(documents.aliases.get(entity_id)),
                **state_of(states[entity_id]),
            )
        )
    inventory = Inventory(floors=floors, areas=areas, devices=devices, entities=tuple(map(fitted, entities)))
    return Seen(inventory, {each: EntityState(**state_of(state)) for each, state in states.items()})


def name_of(state: Mapping[str, Any]) -> str:
    """The friendly name, as Assist knows the entity; without one, its id in words."""
    attributes = state.get("attributes")
    friendly = _text(attributes.get("friendly_name")) if isinstance(attributes, Mapping) else None
    return friendly or str(state["entity_id"]).partition(".")[2].replace("_", " ")


def state_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """``state`` and ``attributes`` of an Entity; attributes that are empty, secret or huge are left out."""
    domain = str(state.get("entity_id", "")).partition(".")[0]
    attributes = state.get("attributes")
    unsaid = _UNSAID | _OURS.get(domain, frozenset())
    kept = {
        key: value
        for key, value in (attributes.items() if isinstance(attributes, Mapping) else ())
        if isinstance(key, str) and key not in unsaid and value is not None and len(_json(value)) <= LARGEST_ATTRIBUTE
    }
    return {"state": one_line(str(state.get("state", "unknown")))[:255], "attributes": kept}


def fitted(entity: Entity) -> Entity:
    """``entity`` as its domain has it; attributes that the domain refuses are dropped, and what is odd still is shown."""
    domain = domain_of(entity.domain)
    good = {
        key: value for key, value in entity.attributes.items() if key not in domain.attributes or domain.attributes[key][0](value)
    }
    entity = entity.model_copy(update={"attributes": good})
    try:
        return domain.verify(entity)
    except InvalidState:
        return entity


def _is_exposed(state: Mapping[str, Any], entry: Mapping[str, Any] | None, documents: Documents) -> bool:
    options = (entry or {}).get("options")
    option = options.get(ASSISTANT) if isinstance(options, Mapping) else None
    decided = option.get("should_expose") if isinstance(option, Mapping) else None
    if decided is None:
        settings = documents.exposed.get(state["entity_id"])
        decided = settings.get(ASSISTANT) if isinstance(settings, Mapping) else None
    if decided is not None:
        return decided is True
    if not documents.expose_new or (entry and (entry.get("entity_category") or entry.get("hidden_by"))):
        return False
    domain = state["entity_id"].partition(".")[0]
    attributes = state.get("attributes")
    device_class = attributes.get("device_class") if isinstance(attributes, Mapping) else None
    return domain in _EXPOSED or device_class in _EXPOSED_CLASSES.get(domain, ())


def _named(items: Iterable[Any], key: str) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict) and isinstance(item.get(key), str)]


def _once(items: Iterable[Any], key: str) -> list[dict[str, Any]]:
    return list({item[key]: item for item in _named(items, key)}.values())


def _name(item: Mapping[str, Any], otherwise: str) -> str:
    return _text(item.get("name")) or otherwise


def _text(value: Any) -> str | None:
    return one_line(value)[:LONGEST_NAME] or None if isinstance(value, str) else None


def _known(item: Mapping[str, Any], key: str, known: set[str]) -> str | None:
    found = item.get(key)
    return found if isinstance(found, str) and found in known else None


def _aliases(item: Any) -> tuple[str, ...]:
    found = item.get("aliases") if isinstance(item, Mapping) else None
    names = (_text(alias) for alias in (found if isinstance(found, list) else ()))
    return tuple(dict.fromkeys(name for name in names if name))


def _level(item: Mapping[str, Any]) -> int | None:
    return item.get("level") if isinstance(item.get("level"), int) else None


def _json(value: Any) -> str:
    return json.dumps(value, default=str)
