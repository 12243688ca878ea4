"""One wish about one thing: its words, and the call that grants it in this home as it is.

A clause is told or asked of by requests.py, alone or with others. What a thing cannot do, or already is, is rarely wished for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from flows.steps.generator import phrasing_more as more
from flows.steps.generator import phrasing_things as things
from flows.steps.generator.exchanges import Category
from flows.steps.generator.homes import Place, folded
from flows.steps.generator.phrasing_groups import CALLED
from flows.steps.generator.quantities import degrees, percent
from flows.steps.generator.references import Reference, refer, refer_area
from flows.steps.generator.words import items, pick, words_of
from schemas.inventory import Entity
from schemas.pipeline import Part
from serve.actions.domains.covers import SET_POSITION
from serve.actions.domains.switches import SET_SPEED
from serve.actions.listing import SHOPPING

Call = tuple[str, dict[str, Any]]
NAMED = 0.7
"""Chance of a name as it is written. Few things can be called otherwise without doubt, so that some three quarters are."""
REDUNDANT = 0.05
"""Share of wishes for what is so already."""
SAID = 0.3
"""Share of whole sentences ("the lamp should be on") where there are any; the others are commands."""
COLORS = (
    "red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "cyan", "magenta", "turquoise", "violet", "gold",
    "teal", "lime", "indigo", "crimson", "salmon", "coral", "lavender", "maroon", "navy", "olive", "aqua", "beige", "khaki",
    "ivory", "plum", "tomato", "orchid", "sky blue", "light blue", "dark red", "dark green", "hot pink", "deep pink",
    "light green", "forest green", "dark orange", "royal blue", "dark blue", "light yellow", "spring green", "steel blue",
)  # fmt: skip
WHITES = {"warm white": 2700, "cool white": 6000, "daylight white": 5500, "neutral white": 4000}
_GROUPS = frozenset(word for called in CALLED.values() for pair in called for word in pair) | {"music", "heating", "door"}


@dataclass(frozen=True, slots=True)
class Clause:
    """``framed``: a command, which courtesies go around. ``kept``: strings that the call takes letter for letter."""

    category: Category
    text: str
    calls: tuple[Call, ...]
    references: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    framed: bool = True


CATEGORY: dict[str, Category] = {
    "light": "light", "switch": "switch", "input_boolean": "switch", "fan": "fan", "cover": "cover", "valve": "cover",
    "lock": "lock", "climate": "climate", "media_player": "media", "vacuum": "vacuum", "todo": "list", "scene": "scene",
    "script": "scene", "button": "scene", "input_button": "scene",
}  # fmt: skip


def named(rng: Random, place: Place, entity: Entity) -> Reference:
    """How ``entity`` is called; never by a word that would mean all of its kind."""
    found = refer(rng, place, entity, NAMED)
    if found.kind != "exact" and found.text in _GROUPS:
        found = refer(rng, place, entity, 1.0)
    proper = found.proper or (not place.nouns.get(entity.id, "") and found.kind != "described")
    return Reference(found.text, found.kind, proper)


def with_article(rng: Random, reference: Reference) -> str:
    """``the hall lamp``; now and then without the article, which recognisers lose, or with another."""
    if reference.proper:
        return reference.text
    kind = rng.random()
    return f"the {reference.text}" if kind < 0.84 else reference.text if kind < 0.95 else f"my {reference.text}"


def slots_of(rng: Random, reference: Reference, **others: Any) -> dict[str, Any]:
    return {"x": with_article(rng, reference), "bare": reference.text, **others}


def wish(rng: Random, place: Place, part: Part, entity: Entity, command: bool = False) -> Clause | None:
    """Something to do with ``entity``; None where there is nothing. ``command``: in the imperative, to be joined to others."""
    if entity.state == "unavailable":
        return None
    maker = _WISHES.get(entity.domain)
    return maker(rng, place, part, entity, command) if maker else None


def action_of(rng: Random, entity: Entity) -> str | None:
    """``on``, ``off``, ``open``, ... : what makes a difference to ``entity`` by switching, or rarely what does not."""
    pair = PAIRS.get(entity.domain)
    if pair is None or entity.state == "unavailable" or entity.attributes.get("code_format"):
        return None
    done = entity.state in pair[2]
    do, undo, _ = pair
    return undo if done != (rng.random() < REDUNDANT) else do


# Domain -> the action for what is not so yet, the one that undoes it, the states in which the first is done.
_AWAKE = frozenset({"on", "idle", "playing", "paused", "heat", "cool", "auto", "heat_cool", "fan_only", "dry"})
_OPEN, _LOCKED = frozenset({"open"}), frozenset({"locked"})
PAIRS: dict[str, tuple[str, str, frozenset[str]]] = {
    **dict.fromkeys(("light", "switch", "input_boolean", "fan", "climate", "media_player"), ("on", "off", _AWAKE)),
    **dict.fromkeys(("cover", "valve"), ("open", "close", _OPEN)),
    "lock": ("lock", "unlock", _LOCKED),
}
TOOL = {
    "on": "HassTurnOn", "off": "HassTurnOff", "open": "HassTurnOn", "close": "HassTurnOff",
    "lock": "HassTurnOn", "unlock": "HassTurnOff",
}  # fmt: skip
_SHADES = frozenset({"blind", "curtain", "shade", "shutter"})
_MACHINES = frozenset({"switch", "fan", "climate"})


def command_form(rng: Random, part: Part, action: str, entities: tuple[Entity, ...]) -> str:
    """A pattern of the command ``action`` with ``{x}`` for all of ``entities``: their kinds may have words of their own."""
    kind = rng.random()
    domains = {entity.domain for entity in entities}
    if domains == {"light"} and kind < 0.2 and action in ("on", "off"):
        return (things.LIGHT_ON if action == "on" else things.LIGHT_OFF).draw(rng, part)
    if domains <= _MACHINES and kind < 0.15 and action in ("on", "off"):
        return (things.RUN if action == "on" else things.HALT).draw(rng, part)
    shades = all(entity.attributes.get("device_class") in _SHADES for entity in entities)
    if shades and kind < 0.4 and action in ("open", "close"):
        return things.DO["raise" if action == "open" else "lower"].draw(rng, part)
    return things.DO[action].draw(rng, part)


def _switched(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    action = action_of(rng, entity)
    if action is None:
        return None
    done = entity.state in PAIRS[entity.domain][2]
    changes = (action == PAIRS[entity.domain][0]) != done
    said = not command and changes and rng.random() < SAID
    form = things.SAY[action].draw(rng, part) if said else command_form(rng, part, action, (entity,))
    return _clause(rng, place, entity, form, (TOOL[action], {}), framed=not said)


def _clause(
    rng: Random,
    place: Place,
    entity: Entity,
    form: str,
    call: Call,
    framed: bool = True,
    kept: tuple[str, ...] = (),
    **slots: Any,
) -> Clause:
    """``call`` completed by the thing's name."""
    reference = named(rng, place, entity)
    text = form.format_map(slots_of(rng, reference, **slots))
    tool, arguments = call
    made = (tool, {"name": entity.name, **arguments})
    return Clause(CATEGORY[entity.domain], text, (made,), (reference.kind,), kept, framed)


def _form(rng: Random, part: Part, action: str, command: bool) -> tuple[str, bool]:
    """A pattern of ``action`` and whether it is a command."""
    if not command and action in things.SAY and rng.random() < SAID:
        return things.SAY[action].draw(rng, part), False
    return things.DO[action].draw(rng, part), True


def any_percent(rng: Random) -> int:
    """1 to 100; round numbers as often as all others."""
    kind = rng.random()
    return (
        10 * (1 + int(rng.random() * 10))
        if kind < 0.4
        else 5 * (1 + int(rng.random() * 20))
        if kind < 0.6
        else 1 + int(rng.random() * 100)
    )


def any_degrees(rng: Random) -> float | int:
    number = 15 + int(rng.random() * 14)
    return number + 0.5 if rng.random() < 0.2 else number


def _light(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    modes = entity.attributes.get("supported_color_modes") or ()
    kind = rng.random()
    if kind < 0.55 or modes == ["onoff"]:
        return _switched(rng, place, part, entity, command)
    if kind > 0.85 and "rgb" in modes:
        form, framed = _form(rng, part, "color", command)
        color = pick(rng, COLORS)
        return _clause(rng, place, entity, form, ("HassLightSet", {"color": color}), framed, (color,), color=color)
    if kind > 0.78 and "color_temp" in modes:
        return _temperature_of_light(rng, place, part, entity)
    if kind > 0.72:
        action, number = ("full", 100) if rng.random() < 0.6 else ("half", 50)
        return _clause(rng, place, entity, things.DO[action].draw(rng, part), ("HassLightSet", {"brightness": number}))
    form, framed = _form(rng, part, "brightness", command)
    number = any_percent(rng)
    return _clause(rng, place, entity, form, ("HassLightSet", {"brightness": number}), framed, pct=percent(rng, number))


def _temperature_of_light(rng: Random, place: Place, part: Part, entity: Entity) -> Clause:
    if rng.random() < 0.5:
        white = pick(rng, tuple(WHITES))
        call = ("HassLightSet", {"temperature": WHITES[white]})
        return _clause(rng, place, entity, things.DO["white"].draw(rng, part), call, white=white)
    kelvin = 100 * (20 + int(rng.random() * 46))
    return _clause(
        rng, place, entity, things.DO["kelvin"].draw(rng, part), ("HassLightSet", {"temperature": kelvin}), kelvin=kelvin
    )


def able(entity: Entity, bit: int) -> bool:
    features = entity.attributes.get("supported_features")
    return not isinstance(features, int) or bool(features & bit)


def _fan(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    kind = rng.random()
    if kind < 0.55 or not able(entity, SET_SPEED):
        return _switched(rng, place, part, entity, command)
    if kind > 0.92:
        return _clause(rng, place, entity, things.DO["fastest"].draw(rng, part), ("HassFanSetSpeed", {"percentage": 100}))
    form, framed = _form(rng, part, "speed", command)
    number = any_percent(rng)
    return _clause(rng, place, entity, form, ("HassFanSetSpeed", {"percentage": number}), framed, pct=percent(rng, number))


def _cover(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    kind = rng.random()
    if kind < 0.03:
        return _clause(rng, place, entity, things.DO["stop"].draw(rng, part), ("HassStopMoving", {}))
    if kind < 0.68 or not able(entity, SET_POSITION):
        return _switched(rng, place, part, entity, command)
    if kind > 0.93:
        return _clause(rng, place, entity, things.DO["halfway"].draw(rng, part), ("HassSetPosition", {"position": 50}))
    form, framed = _form(rng, part, "position", command)
    number = any_percent(rng)
    return _clause(rng, place, entity, form, ("HassSetPosition", {"position": number}), framed, pct=percent(rng, number))


def _climate(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    kind = rng.random()
    if kind < 0.3:
        return _switched(rng, place, part, entity, command)
    modes = entity.attributes.get("fan_modes")
    if kind > 0.85 and modes:
        mode = pick(rng, modes)
        form = things.DO["fan_mode"].draw(rng, part)
        return _clause(rng, place, entity, form, ("HassClimateSetFanMode", {"fan_mode": mode}), True, (mode,), mode=mode)
    form, framed = _form(rng, part, "temperature", command)
    number = any_degrees(rng)
    return _clause(
        rng, place, entity, form, ("HassClimateSetTemperature", {"temperature": number}), framed, deg=degrees(rng, number)
    )


LOUDER = 10
"""Percent points, where nobody says how much: Home Assistant's own step of ``media_player.volume_up``."""
_PLAYS = frozenset({"playing", "paused"})
MEDIA_TOOL = {
    "pause": "HassMediaPause", "unpause": "HassMediaUnpause", "next": "HassMediaNext", "previous": "HassMediaPrevious",
    "mute": "HassMediaPlayerMute", "unmute": "HassMediaPlayerUnmute",
}  # fmt: skip


def media_actions(entity: Entity) -> tuple[str, ...]:
    """What can be asked of a player in its state, as often as it is asked."""
    if entity.state == "playing":
        return ("pause", "pause", "next", "previous", "volume", "louder", "quieter", "mute", "play", "play", "off", "unmute")
    if entity.state == "paused":
        return ("unpause", "unpause", "next", "volume", "play", "off")
    return ("play", "play", "volume", "off") if entity.state != "off" else ("on", "on", "play")


def media_call(rng: Random, part: Part, action: str) -> tuple[Call, dict[str, Any], tuple[str, ...]]:
    """The call of a player's action without its target, the slots that it fills, and the strings it takes as they are."""
    if action == "play":
        said = title(rng, part)
        return ("HassMediaSearchAndPlay", {"search_query": said}), {"title": said}, (said,)
    if action == "volume":
        number = any_percent(rng)
        return ("HassSetVolume", {"volume_level": number}), {"pct": percent(rng, number)}, ()
    if action in ("louder", "quieter"):
        return ("HassSetVolumeRelative", {"volume_step": LOUDER if action == "louder" else -LOUDER}), {}, ()
    return (MEDIA_TOOL[action], {}), {}, ()


def title(rng: Random, part: Part) -> str:
    """Something to hear or see."""
    said = words_of(part)
    kind = rng.random()
    if kind < 0.3:
        return pick(rng, said.genres)
    if kind < 0.5:
        return pick(rng, said.artists)
    if kind < 0.7:
        return pick(rng, said.songs)
    if kind < 0.8:
        return f"{pick(rng, said.songs)} by {pick(rng, said.artists)}"
    return pick(rng, said.stations if kind < 0.9 else said.films)


def _media(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    action = pick(rng, media_actions(entity))
    if action in ("on", "off"):
        return _switched(rng, place, part, entity, command)
    call, slots, kept = media_call(rng, part, action)
    return _clause(rng, place, entity, more.MEDIA[action].draw(rng, part), call, kept=kept, **slots)


def _vacuum(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    cleans = entity.state == "cleaning"
    if not cleans and place.by_area and rng.random() < 0.35:
        area = place.areas[pick(rng, tuple(place.by_area))]
        reference = refer_area(rng, place, area)
        made = _clause(
            rng, place, entity, more.VACUUM["area"].draw(rng, part), ("HassVacuumCleanArea", {"area": area.name}),
            area=with_article(rng, reference),
        )  # fmt: skip
        return Clause(made.category, made.text, made.calls, (*made.references, reference.kind), made.kept)
    action = "return" if cleans else "start"
    if entity.state in ("paused", "idle") and rng.random() < 0.3:
        action = "return"
    tool = "HassVacuumReturnToBase" if action == "return" else "HassVacuumStart"
    return _clause(rng, place, entity, more.VACUUM[action].draw(rng, part), (tool, {}))


def said_list(rng: Random, reference: Reference) -> str:
    """``groceries``, ``the groceries list``, ``my to-do list``."""
    text = reference.text
    if text.lower().endswith("list"):
        return pick(rng, (f"the {text}", f"the {text}", f"my {text}", f"our {text}", text))
    return pick(rng, (f"the {text} list", f"the {text} list", f"my {text} list", text, f"{text} list", f"the list {text}"))


def the_shopping_list(place: Place) -> Entity | None:
    """The list that tools for the shopping list find: the one that is called so, where it is one."""
    lists = place.by_domain.get("todo", ())
    called = [entity for entity in lists if any(folded(name) in SHOPPING for name in (entity.name, *entity.aliases))]
    return called[0] if len(called) == 1 else None


def _todo(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    there = entity.attributes.get("items") or ()
    kind = rng.random()
    action = "add" if kind < 0.7 or not there else "remove" if kind < 0.85 else "complete"
    item = items(rng, part) if action == "add" else pick(rng, there)
    shopping = the_shopping_list(place) is entity
    reference = named(rng, place, entity)
    text = more.LISTS[action].draw(rng, part).format_map({"item": item, "list": said_list(rng, reference)})
    arguments = {"item": item} if shopping and action != "remove" else {"item": item, "name": entity.name}
    tool = {"add": "AddItem", "complete": "CompleteItem", "remove": "RemoveItem"}[action]
    tool = f"HassShoppingList{tool}" if shopping and action != "remove" else f"HassList{tool}"
    return Clause("list", text, ((tool, arguments),), (reference.kind,), (item,))


def _scene(rng: Random, place: Place, part: Part, entity: Entity, command: bool) -> Clause | None:
    kind = {"scene": "scene", "script": "script"}.get(entity.domain, "button")
    form = more.SCENES[kind].draw(rng, part)
    if "mode" in form and place.by_domain.get("input_boolean"):
        form = more.SCENES["script"].draw(rng, part) if kind == "script" else "activate {x}"  # "party mode" may be a switch here
    return _clause(rng, place, entity, form, ("HassTurnOn", {}))


Wish = Callable[[Random, Place, Part, Entity, bool], Clause | None]
_WISHES: dict[str, Wish] = {
    "light": _light, "switch": _switched, "input_boolean": _switched, "fan": _fan, "cover": _cover, "valve": _cover,
    "lock": _switched, "climate": _climate, "media_player": _media, "vacuum": _vacuum, "todo": _todo, "scene": _scene,
    "script": _scene, "button": _scene, "input_button": _scene,
}  # fmt: skip
