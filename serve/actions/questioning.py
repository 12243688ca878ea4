"""What is asked before a call that waits for a person's yes: in plain words, what would be done with what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from schemas.action import ServiceCall
from schemas.inventory import Entity
from serve.actions.planning import Plan
from serve.actions.speaking import listed, the
from serve.actions.timing import in_words

FINAL = "This cannot be taken back."
MOST_NAMES, MOST_TOLD = 6, 200
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_PHRASES: dict[str, str] = {
    "turn_on": "turn on {it}",
    "turn_off": "turn off {it}",
    "open_cover": "open {it}",
    "close_cover": "close {it}",
    "stop_cover": "stop {it}",
    "open_valve": "open {it}",
    "close_valve": "close {it}",
    "stop_valve": "stop {it}",
    "lock": "lock {it}",
    "unlock": "unlock {it}",
    "press": "press {it}",
    "set_cover_position": "open {it} to {position}%",
    "set_valve_position": "open {it} to {position}%",
    "set_temperature": "set {it} to {temperature:g} degrees",
    "set_fan_mode": "set {it} to the fan mode {fan_mode}",
    "set_percentage": "set {it} to {percentage}%",
    "return_to_base": "send {it} to its base",
    "clean_area": "let {it} clean the {area}",
    "media_pause": "pause {it}",
    "media_play": "go on playing on {it}",
    "media_next_track": "skip to the next track on {it}",
    "media_previous_track": "go back to the previous track on {it}",
    "volume_up": "turn up {it}",
    "volume_down": "turn down {it}",
    "play_media": "play {media_content_id} on {it}",
    "add_item": "put {item} on {it}",
    "update_item": "tick {item} off on {it}",
    "remove_item": "take {item} off {it}",
    "cancel": "cancel {it}",
    "pause": "pause {it}",
}
"""By service; a service that means another thing in a domain is in ``_SPECIAL``."""


def question(
    plan: Plan | None,
    entities: Mapping[str, Entity],
    tool: str,
    language: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    final: bool = False,
) -> str:
    """``Shall I turn on the hall lamp?``; with ``final``, that it cannot be taken back.

    Without a plan, which the home's own tools alone have, the call is told: its tool's name as words, and its ``arguments``. In
    other languages than English the tool's name must do.
    """
    before, really = (f"{FINAL} ", "really ") if final else ("", "")
    if not language.lower().startswith("en"):
        return f"{before}Shall I really do it? ({tool})"
    known = {**entities, **({plan.new.id: plan.new} if plan and plan.new else {})}
    done = (_doing(plan.calls, known) if plan else "") or _told(tool, arguments or {})
    return f"{before}Shall I {really}{done}?"


def _told(tool: str, arguments: Mapping[str, Any]) -> str:
    """``cancel reminder (text: call mum)``."""
    words = " ".join(_WORD.findall(tool.rpartition("__")[2])).lower()
    given = ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in arguments.items())
    return f"{words} ({given[:MOST_TOLD]})" if given else words


def _doing(calls: Sequence[ServiceCall], entities: Mapping[str, Entity]) -> str:
    """``turn on a and b and close c``: things with which the same is done stand together."""
    groups: dict[str, list[str]] = {}
    for call in calls:
        if call.entity_id in entities:
            entity = entities[call.entity_id]
            groups.setdefault(_phrase(call, entity), []).append(_called(entity))
    return " and ".join(phrase.replace("{it}", _named(names)) for phrase, names in groups.items())


def _named(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return listed([*names[:MOST_NAMES], *more])


def _called(entity: Entity) -> str:
    if entity.domain == "timer" and not entity.attributes.get("named", True):
        return "a timer" if entity.state == "idle" else "the timer"
    kind = {"timer": "timer", "todo": "list"}.get(entity.domain)
    name = the(entity)
    return name if kind is None or kind in entity.name.casefold() else f"{name} {kind}"


def _phrase(call: ServiceCall, entity: Entity) -> str:
    """What would be done, with ``{it}`` where the thing belongs."""
    data = {"it": "{it}", **call.data}
    if (special := _SPECIAL.get((entity.domain, call.service))) is not None:
        return special(data)
    phrase = _PHRASES.get(call.service, f"{call.service.replace('_', ' ')} {{it}}")
    try:
        return phrase.format_map(data)
    except (KeyError, ValueError):
        return f"{call.service.replace('_', ' ')} {{it}}"


def _light(data: Mapping[str, Any]) -> str:
    parts = [f"{data['brightness_pct']}%"] if "brightness_pct" in data else []
    parts += [str(data["color_name"])] if "color_name" in data else []
    parts += [f"{data['color_temp_kelvin']} kelvin"] if "color_temp_kelvin" in data else []
    return f"set {{it}} to {listed(parts)}" if parts else "turn on {it}"


def _length(data: Mapping[str, Any]) -> timedelta:
    return timedelta(seconds=abs(float(data.get("duration", 0))))


def _changed(data: Mapping[str, Any]) -> str:
    longer = float(data.get("duration", 0)) > 0
    return f"add {in_words(_length(data))} to {{it}}" if longer else f"take {in_words(_length(data))} off {{it}}"


_SPECIAL: dict[tuple[str, str], Callable[[Mapping[str, Any]], str]] = {
    ("light", "turn_on"): _light,
    ("scene", "turn_on"): lambda data: "start {it}",
    ("script", "turn_on"): lambda data: "run {it}",
    ("vacuum", "start"): lambda data: "let {it} clean",
    ("timer", "start"): lambda data: f"start {{it}} for {in_words(_length(data))}" if data.get("duration") else "go on with {it}",
    ("timer", "change"): _changed,
    ("media_player", "volume_set"): lambda data: (
        f"set the volume of {{it}} to {round(100 * float(data.get('volume_level', 0)))}%"
    ),
    ("media_player", "volume_mute"): lambda data: "mute {it}" if data.get("is_volume_muted") else "unmute {it}",
}
