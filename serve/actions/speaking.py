"""What a person is told of the home: states as sentences, and what came of a call. The model reads describing.py instead.

Sentences are English; for other languages the plain text of the result is spoken. Few words and always the same ones, so
that what is heard is easy to follow. Does not cover the replies of tier one (replies.py), which are the package's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from schemas.action import ActionResult
from schemas.errors import UnknownTool
from schemas.inventory import Entity
from serve.actions.describing import told
from serve.actions.domains.timers import left
from serve.actions.planning import Plan
from serve.actions.timing import in_words

NOT_UNDERSTOOD = "Sorry, I did not understand that."
NOT_HERE = "Sorry, I cannot do that in this home."
LONGEST = 600  # characters of one result, where nobody but us puts it into words
MOST_NAMES = 6  # of things in the same state
_ACTIVE = ("on", "open", "unlocked", "playing", "cleaning")
_TRIGGERS = frozenset({"scene", "script", "button", "input_button"})
_OWN = frozenset({"the", "my", "our", "your", "his", "her", "their"})
_PLACELESS = frozenset({"upstairs", "downstairs", "outside", "outdoors"})
_OPENINGS = frozenset({"door", "garage_door", "window", "opening"})
_MOTION = frozenset({"motion", "occupancy", "presence"})
_PLURAL = re.compile(r"[^\s'’suiSUI][sS]$")
_MODES = {"heat_cool": "automatic", "fan_only": "fan only"}


def told_of(result: ActionResult) -> str:
    """One sentence or several: never more than what happened, and at most some ``LONGEST`` characters."""
    if result.error is not None:
        return NOT_HERE if result.error.get("code") == UnknownTool.code else f"Sorry, {result.error['message']}."
    text = result.spoken or "; ".join(result.text.removeprefix("Done. ").splitlines()) or "Done"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST].rpartition(' ')[0]} …"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def outcome(plan: Plan, entities: Mapping[str, Entity], areas: Mapping[str, str], now: datetime, language: str) -> str | None:
    """What is said of a plan that was carried out; None where its own text is what to say. ``areas``: names by id."""
    if not language.lower().startswith("en"):
        return None
    if "now" in plan.facts:
        here = datetime.fromisoformat(plan.facts["now"])
        return f"It is {here:%A}, {here.day} {here:%B %Y}, {here:%H:%M}."
    found = [entities[target] for target in plan.targets if target in entities]
    return sentences(found, areas, now) if found else None


def sentences(entities: Sequence[Entity], areas: Mapping[str, str], now: datetime) -> str:
    """How things are: a sentence each for one or two of them, and more by their states (``On in the hall: lamp, strip.``)."""
    shown = [entity for entity in entities if entity.domain not in _TRIGGERS]
    if not shown:
        return "Done."
    grouped = [entity for entity in shown if _head(entity) is not None]
    if len(grouped) < 3:
        return " ".join(_sentence(entity, now) for entity in shown)
    alone = [entity for entity in shown if _head(entity) is None]
    return " ".join([_groups(grouped, areas), *(_sentence(entity, now) for entity in alone[:MOST_NAMES])])


def the(entity: Entity) -> str:
    """``the hall lamp``; names that are a person's, or have an article or an owner already, stay as they are."""
    first = entity.name.partition(" ")[0].casefold()
    own = first in _OWN or first.endswith(("'s", "’s", "s'")) or entity.domain in ("vacuum", "person")
    return entity.name if own else f"the {entity.name}"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _groups(entities: Sequence[Entity], areas: Mapping[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for entity in entities:
        groups.setdefault(_head(entity) or "", []).append(entity.name + _detail(entity))
    order = sorted(groups, key=lambda head: head not in _ACTIVE)
    places = {entity.area for entity in entities}
    area = areas.get(next(iter(places)) or "") if len(places) == 1 else None
    parts = []
    for number, head in enumerate(order):
        names = groups[head]
        more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
        where = f" {_inside(area)}" if area and not number else ""
        parts.append(f"{_upper(head)}{where}: {listed([*names[:MOST_NAMES], *more])}.")
    return " ".join(parts)


def _inside(area: str) -> str:
    first = area.partition(" ")[0].casefold()
    if first in _PLACELESS:
        return area
    return f"in {area}" if first in _OWN or first.endswith(("'s", "’s", "s'")) else f"in the {area}"


def _sentence(entity: Entity, now: datetime) -> str:
    if entity.state == "unavailable":
        return f"{_upper(the(entity))} does not answer."
    if entity.state == "unknown":
        return f"The state of {the(entity)} is not known."
    if (say := _SENTENCES.get(entity.domain)) is not None:
        return say(entity, now)
    head = _head(entity) or f"{entity.state}{_unit(entity)}"
    return f"{_upper(the(entity))} {'are' if _many(entity) else 'is'} {head}{_detail(entity)}."


def _many(entity: Entity) -> bool:
    """Whether the name is a plural, such as "string lights"."""
    return entity.domain in ("light", "switch", "cover") and _PLURAL.search(entity.name) is not None


def _head(entity: Entity) -> str | None:
    """The state in a word or two; None for what has a sentence of its own."""
    if entity.state == "unavailable":
        return "not answering"
    if entity.domain in _SENTENCES or entity.state == "unknown" or (entity.domain == "sensor" and _unit(entity)):
        return None
    if entity.domain == "person":
        return {"home": "at home", "not_home": "away"}.get(entity.state, entity.state)
    if entity.domain == "binary_sensor":
        return _sensed(entity)
    return entity.state.replace("_", " ")


def _sensed(entity: Entity) -> str:
    kind, on = entity.attributes.get("device_class"), entity.state == "on"
    if kind in _OPENINGS:
        return "open" if on else "closed"
    if kind in _MOTION:
        return "seeing someone" if on else "seeing nobody"
    if kind == "moisture":
        return "wet" if on else "dry"
    return {"lock": ("locked", "unlocked"), "battery": ("full enough", "low")}.get(str(kind), ("off", "on"))[on]


def _detail(entity: Entity) -> str:
    values = told(entity)
    if entity.domain == "light" and entity.state == "on" and "brightness" in values:
        return f" at {values['brightness']}"
    if entity.domain == "fan" and entity.state == "on" and values.get("percentage"):
        return f" at {values['percentage']}%"
    if entity.domain in ("cover", "valve") and entity.state == "open" and 0 < values.get("current_position", 100) < 100:
        return f" to {values['current_position']}%"
    if entity.domain == "media_player" and entity.state in ("playing", "paused"):
        title = f" {values['media_title']}" if "media_title" in values and entity.state == "playing" else ""
        muted = ", muted" if values.get("is_volume_muted") else ""
        return title + (f" at {values['volume_level']}" if "volume_level" in values else "") + muted
    return ""


def _climate(entity: Entity, now: datetime) -> str:
    values = told(entity)
    parts = [f"{_upper(the(entity))} is " + ("off" if entity.state == "off" else f"on {_MODES.get(entity.state, entity.state)}")]
    if "temperature" in values and entity.state != "off":
        parts.append(f"set to {_number(values['temperature'])} degrees")
    elif "temperature" in values:
        parts.append(f"and would aim for {_number(values['temperature'])} degrees")
    if "current_temperature" in values:
        parts.append(f"now {_number(values['current_temperature'])}")
    return f"{', '.join(parts)}."


def _list(entity: Entity, now: datetime) -> str:
    items = [str(item) for item in entity.attributes.get("items") or ()]
    count = int(entity.state) if entity.state.isdecimal() else len(items)
    name = the(entity) if "list" in entity.name.casefold() else f"{the(entity)} list"
    if not count:
        return f"There is nothing on {name}."
    if not items:
        return f"There {'is 1 thing' if count == 1 else f'are {count} things'} on {name}."
    more = [f"{count - MOST_NAMES} more"] if count > MOST_NAMES else []
    return f"On {name}: {listed([*items[:MOST_NAMES], *more])}."


def _timer(entity: Entity, now: datetime) -> str:
    name = entity.name if entity.name.casefold().endswith("timer") else f"{entity.name} timer"
    if entity.state == "idle":
        return f"The {name} is not running."
    paused = "is paused with" if entity.state == "paused" else "has"
    return f"The {name} {paused} {in_words(left(entity, now))} left."


def _weather(entity: Entity, now: datetime) -> str:
    sky = {"partlycloudy": "partly cloudy", "clear-night": "clear"}.get(entity.state, entity.state.replace("-", " and "))
    warmth = entity.attributes.get("temperature")
    return f"{_upper(the(entity))} is {sky}{'' if warmth is None else f', {_number(warmth)} degrees'}."


_SENTENCES: dict[str, Callable[[Entity, datetime], str]] = {
    "climate": _climate,
    "todo": _list,
    "timer": _timer,
    "weather": _weather,
}


def _unit(entity: Entity) -> str:
    unit = entity.attributes.get("unit_of_measurement")
    return f" {unit}" if unit else ""


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
