"""Wishes that name no action ("it's too dark in the study") and wishes for more or less ("a bit brighter", "two degrees warmer").

How much is in the call, as the tools take it: a little is 10 percent points or 1 degree, plain 20 or 2, a lot 40 or 4.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from flows.steps.generator import phrasing_more as more
from flows.steps.generator import phrasing_needs as needs
from flows.steps.generator.clauses import (
    LOUDER,
    Call,
    Clause,
    able,
    media_call,
    named,
    slots_of,
    the_shopping_list,
    title,
    with_article,
)
from flows.steps.generator.groups import Scope, is_a_name, located, scope_of
from flows.steps.generator.homes import Place
from flows.steps.generator.patterns import Patterns
from flows.steps.generator.quantities import percent, said
from flows.steps.generator.references import refer_area
from flows.steps.generator.words import pick, words_of
from schemas.home_lines import to_percent
from schemas.inventory import Entity
from schemas.pipeline import Part
from serve.actions.domains.climates import bounds
from serve.actions.domains.covers import SET_POSITION
from serve.actions.domains.switches import SET_SPEED

STEPS = {"little": 10, "plain": 20, "lot": 40}
WARMTH = {"little": 1, "plain": 2, "lot": 4}
_SAID = (5, 5, 10, 10, 10, 15, 20, 20, 25, 30, 35, 40, 50)  # percent points, where a number is said
_SHADES = frozenset({"blind", "curtain", "shade", "shutter"})
_LETS_IN = frozenset({"window", "door", "garage", "gate"})


def need(rng: Random, place: Place, part: Part) -> Clause | None:
    """One of the needs that this home can meet, drawn evenly among the kinds of need; None where the kind is not met here."""
    return pick(rng, _NEEDS)(rng, place, part)


def relative(rng: Random, place: Place, part: Part) -> Clause | None:
    """More or less of something that one thing does, or of the light in an area."""
    if rng.random() < 0.15 and (made := _area_light(rng, place, part)) is not None:
        return made
    fitting = [entity for entity in place.inventory.entities if entity.domain in _RELATIVES and entity.state != "unavailable"]
    if not fitting:
        return None
    entity = pick(rng, fitting)
    return _RELATIVES[entity.domain](rng, place, part, entity)


def unsure(rng: Random, part: Part) -> tuple[str, str]:
    """A need of a room that is not named, and the question which one is meant: nothing says where the speaker is."""
    table = pick(rng, (needs.DARK, needs.GLARE, needs.STUFFY, needs.SUN))
    for _ in range(20):
        form = table.draw(rng, part)
        if "{place}" in form and "{area}" not in form:
            return form.format_map({"place": pick(rng, ("in here", "here", "in this room"))}), needs.WHICH_ROOM
    return "it is too dark in here", needs.WHICH_ROOM


def _areas(place: Place, domain: str) -> list[str]:
    return [area for area, there in place.by_area.items() if domain in there]


def _in_area(
    rng: Random, place: Place, part: Part, table: Patterns, domain: str, wanted: Callable[[Entity], bool], call: Call
) -> Clause | None:
    """``call`` for all of ``domain`` in an area where every one of them is ``wanted``."""
    fitting = [a for a in _areas(place, domain) if all(wanted(entity) for entity in place.by_area[a][domain])]
    if not fitting:
        return None
    scope = scope_of(rng, place, pick(rng, fitting))
    return _told(rng, part, table, scope, (call[0], {**scope.arguments, **call[1]}))


def _told(rng: Random, part: Part, table: Patterns, scope: Scope, call: Call) -> Clause:
    text = table.draw(rng, part).format_map(scope.slots())
    return Clause("indirect", text, (call,), scope.references, framed=False)


def _is(*states: str) -> Callable[[Entity], bool]:
    return lambda entity: entity.state in states


def _light_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    if rng.random() < 0.7:
        return _in_area(rng, place, part, needs.DARK, "light", _is("off"), ("HassTurnOn", {"domain": "light"}))
    return _in_area(rng, place, part, needs.GLARE, "light", _is("on"), ("HassTurnOff", {"domain": "light"}))


def _air_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    if rng.random() < 0.65:
        return _in_area(rng, place, part, needs.STUFFY, "fan", _is("off"), ("HassTurnOn", {"domain": "fan"}))
    return _in_area(rng, place, part, needs.DRAFT, "fan", _is("on"), ("HassTurnOff", {"domain": "fan"}))


def _shade_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    def shade(state: str) -> Callable[[Entity], bool]:
        return lambda entity: entity.state == state and entity.attributes.get("device_class") in _SHADES

    if rng.random() < 0.55:
        return _in_area(rng, place, part, needs.SUN, "cover", shade("open"), ("HassTurnOff", {"domain": "cover"}))
    return _in_area(rng, place, part, needs.DAYLIGHT, "cover", shade("closed"), ("HassTurnOn", {"domain": "cover"}))


def _warmth_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    """Two degrees more or less at the only thermostat of the home, or of the area that is named."""
    colder = rng.random() < 0.6
    step = WARMTH["plain"] if colder else -WARMTH["plain"]
    alone = place.by_domain.get("climate", ())
    if len(alone) == 1 and rng.random() < 0.5:
        table = needs.COLD if colder else needs.HOT
        call = ("HassClimateSetTemperature", {"temperature_step": step})
        return Clause("indirect", table.draw(rng, part), (call,), framed=False) if _can_warm(alone[0], step) else None
    fitting = [area for area in _areas(place, "climate") if len(place.by_area[area]["climate"]) == 1]
    if not fitting:
        return None
    area = pick(rng, fitting)
    if not _can_warm(place.by_area[area]["climate"][0], step):
        return None
    scope = scope_of(rng, place, area)
    call = ("HassClimateSetTemperature", {**scope.arguments, "temperature_step": step})
    return _told(rng, part, needs.COLD_PLACE if colder else needs.HOT_PLACE, scope, call)


def _can_warm(entity: Entity, step: float) -> bool:
    """Whether its target can go ``step`` degrees on."""
    target = entity.attributes.get("temperature")
    low, high = bounds(entity)
    return target is not None and entity.state not in ("unavailable", "off") and low <= target + step <= high


def _of_thing(
    rng: Random, place: Place, part: Part, table: Patterns, domain: str, wanted: Callable[[Entity], bool], call: Call
) -> Clause | None:
    fitting = [entity for entity in place.by_domain.get(domain, ()) if wanted(entity)]
    if not fitting:
        return None
    entity = pick(rng, fitting)
    reference = named(rng, place, entity)
    text = table.draw(rng, part).format_map(slots_of(rng, reference))
    return Clause("indirect", text, ((call[0], {"name": entity.name, **call[1]}),), (reference.kind,), framed=False)


def _sound_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    table, call = pick(
        rng,
        (
            (needs.LOUD, ("HassSetVolumeRelative", {"volume_step": -LOUDER})),
            (needs.QUIET, ("HassSetVolumeRelative", {"volume_step": LOUDER})),
            (needs.SILENCE, ("HassMediaPlayerMute", {})),
        ),
    )
    return _of_thing(rng, place, part, table, "media_player", _is("playing"), call)


def _way_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    def leaks(entity: Entity) -> bool:
        return entity.state == "open" and entity.attributes.get("device_class") in _LETS_IN

    kind = rng.random()
    if kind < 0.4:
        return _of_thing(rng, place, part, needs.LEFT_OPEN, "cover", leaks, ("HassTurnOff", {}))
    if kind < 0.75:
        return _of_thing(rng, place, part, needs.LOCK_UP, "lock", _is("unlocked"), ("HassTurnOn", {}))
    return _of_thing(rng, place, part, needs.LET_IN, "lock", _is("locked"), ("HassTurnOff", {}))


def _cleaning_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    vacuums = place.by_domain.get("vacuum", ())
    if len(vacuums) != 1 or vacuums[0].state in ("cleaning", "unavailable") or not place.by_area:
        return None
    area = place.areas[pick(rng, tuple(place.by_area))]
    reference = refer_area(rng, place, area)
    where = with_article(rng, reference)
    table = needs.DIRTY if rng.random() < 0.6 else more.VACUUM["area_alone"]
    text = table.draw(rng, part).format_map({"area": where, "place": located(reference, where)})
    return Clause("indirect", text, (("HassVacuumCleanArea", {"area": area.name}),), (reference.kind,), framed=False)


def _things_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    if the_shopping_list(place) is None and len(place.by_domain.get("todo", ())) != 1:
        return None
    item = pick(rng, words_of(part).items)
    text = needs.OUT_OF.draw(rng, part).format_map({"item": item})
    return Clause("indirect", text, (("HassShoppingListAddItem", {"item": item}),), kept=(item,), framed=False)


def _music_wanted(rng: Random, place: Place, part: Part) -> Clause | None:
    if _player(place, "playing", "paused", "idle") is None:
        return None
    wanted = title(rng, part)
    text = needs.BORED.draw(rng, part).format_map({"title": wanted})
    return Clause("indirect", text, (("HassMediaSearchAndPlay", {"search_query": wanted}),), kept=(wanted,), framed=False)


def _player(place: Place, *states: str) -> Entity | None:
    """The player that a call without a name means: the only one in ``states``, or the only one."""
    players = [entity for entity in place.by_domain.get("media_player", ()) if entity.state != "unavailable"]
    some = [entity for entity in players if entity.state in states]
    found = some or players
    return found[0] if len(found) == 1 else None


_NEEDS = (
    _light_wanted, _light_wanted, _light_wanted, _air_wanted, _shade_wanted, _warmth_wanted, _warmth_wanted, _sound_wanted,
    _way_wanted, _cleaning_wanted, _things_wanted, _music_wanted,
)  # fmt: skip


def playing_alone(rng: Random, place: Place, part: Part) -> Clause | None:
    """A wish for "the music", where only one player can be meant."""
    playing = _player(place, "playing")
    if playing is not None and playing.state == "playing":
        action = pick(rng, ("pause", "pause", "next", "previous", "volume", "louder", "quieter", "mute", "unmute", "play"))
    else:
        paused = _player(place, "paused")
        resumes = paused is not None and paused.state == "paused"
        action = "unpause" if resumes and rng.random() < 0.6 else "play"
    awake = action in ("volume", "louder", "quieter", "mute", "unmute")
    if (
        _player(place, *(("playing", "paused", "idle", "on", "buffering") if awake else _STATES.get(action, ("playing",))))
        is None
    ):
        return None
    call, slots, kept = media_call(rng, part, action)
    return Clause("media", more.MEDIA_ALONE[action].draw(rng, part).format_map(slots), (call,), kept=kept)


_STATES: dict[str, tuple[str, ...]] = {"play": ("playing", "paused", "idle"), "unpause": ("paused",)}


def vacuum_alone(rng: Random, place: Place, part: Part) -> Clause | None:
    vacuums = place.by_domain.get("vacuum", ())
    if len(vacuums) != 1 or vacuums[0].state == "unavailable":
        return None
    cleans = vacuums[0].state == "cleaning"
    table = more.VACUUM["return_alone" if cleans else "start_alone"]
    return Clause("vacuum", table.draw(rng, part), (("HassVacuumReturnToBase" if cleans else "HassVacuumStart", {}),))


def _step(rng: Random, now: int, up: bool, table: dict[str, Patterns]) -> tuple[str, int] | None:
    """A size of step that ``table`` can say, and the step; None where it leads nowhere within 1 to 100."""
    size = pick(rng, tuple(table))
    step = STEPS.get(size) or pick(rng, _SAID)
    number = now + step if up else now - step
    if up and size != "step":
        number = min(100, number)
    return (size, step) if 1 <= number <= 100 and number != now else None


def _points(rng: Random, step: int) -> str:
    """``10%``, ``ten percent``; never the bare number, nor half of what there is."""
    text = percent(rng, step)
    return text if "percent" in text or "%" in text else f"{said(rng, step)} percent"


def _moved(
    rng: Random,
    place: Place,
    part: Part,
    entity: Entity,
    now: int | None,
    tables: tuple[dict[str, Patterns], dict[str, Patterns]],
    call: tuple[str, str],
) -> Clause | None:
    if now is None:
        return None
    up = rng.random() < 0.5
    table = tables[0] if up else tables[1]
    found = _step(rng, now, up, table)
    if found is None:
        return None
    size, step = found
    return _relative(rng, place, part, entity, table[size], (call[0], {call[1]: step if up else -step}), _points(rng, step))


def _relative(rng: Random, place: Place, part: Part, entity: Entity, table: Patterns, call: Call, step: str) -> Clause:
    reference = named(rng, place, entity)
    text = table.draw(rng, part).format_map(slots_of(rng, reference, step=step))
    arguments: dict[str, Any] = {"name": entity.name, **call[1]}
    return Clause("relative", text, ((call[0], arguments),), (reference.kind,))


def _area_light(rng: Random, place: Place, part: Part) -> Clause | None:
    """Where every lamp of an area burns and can be dimmed."""
    fitting = [area for area in _areas(place, "light") if all(map(_shining, place.by_area[area]["light"]))]
    if not fitting:
        return None
    scope = scope_of(rng, place, pick(rng, fitting))
    if is_a_name(place, scope, "light", "lights"):
        return None
    up = rng.random() < 0.5
    table = needs.BRIGHTER if up else needs.DIMMER
    found = _step(rng, 50, up, table)
    if found is None:
        return None
    size, step = found
    bare, x = pick(rng, ((f"{scope.bare} lights", f"the {scope.bare} lights"), ("lights", f"the lights {scope.place}")))
    text = table[size].draw(rng, part).format_map({"x": x, "bare": bare, "step": _points(rng, step)})
    call = ("HassLightSet", {**scope.arguments, "brightness_step": step if up else -step})
    return Clause("relative", text, (call,), scope.references)


def _shining(light: Entity) -> bool:
    return light.state == "on" and bool(light.attributes.get("brightness"))


def _light(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    shown = entity.attributes.get("brightness") if entity.state == "on" else None
    now = to_percent(shown) if shown else None
    return _moved(rng, place, part, entity, now, (needs.BRIGHTER, needs.DIMMER), ("HassLightSet", "brightness_step"))


def _fan(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    now = entity.attributes.get("percentage") if entity.state == "on" and able(entity, SET_SPEED) else None
    return _moved(rng, place, part, entity, now, (needs.FASTER, needs.SLOWER), ("HassFanSetSpeed", "percentage_step"))


def _cover(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    now = entity.attributes.get("current_position") if able(entity, SET_POSITION) else None
    tables = ({"step": needs.FURTHER_OPEN}, {"step": needs.FURTHER_CLOSED})
    return _moved(rng, place, part, entity, now, tables, ("HassSetPosition", "position_step"))


def _media(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    level = entity.attributes.get("volume_level") if entity.state in ("playing", "paused", "idle") else None
    now = None if level is None else round(level * 100)
    tables = ({"step": more.MEDIA["louder_by"]}, {"step": more.MEDIA["quieter_by"]})
    return _moved(rng, place, part, entity, now, tables, ("HassSetVolumeRelative", "volume_step"))


def _climate(rng: Random, place: Place, part: Part, entity: Entity) -> Clause | None:
    up = rng.random() < 0.5
    table = needs.WARMER if up else needs.COOLER
    size = pick(rng, tuple(table))
    step = WARMTH.get(size) or pick(rng, (0.5, 1, 1, 1.5, 2, 2, 3, 4, 5))
    more = step if up else -step
    if not _can_warm(entity, more):
        return None
    unit = "degree" if step == 1 else "degrees"
    text = f"{'half a degree' if step == 0.5 and rng.random() < 0.6 else said(rng, step) + ' ' + unit}"
    return _relative(rng, place, part, entity, table[size], ("HassClimateSetTemperature", {"temperature_step": more}), text)


_RELATIVES: dict[str, Callable[[Random, Place, Part, Entity], Clause | None]] = {
    "light": _light, "fan": _fan, "cover": _cover, "media_player": _media, "climate": _climate,
}  # fmt: skip
