"""One request of a home and its right answer: the categories of single requests, how often each is drawn, several at once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from flows.steps.generator import phrasing_things as things
from flows.steps.generator.clauses import (
    TOOL,
    Clause,
    action_of,
    command_form,
    named,
    wish,
    with_article,
)
from flows.steps.generator.exchanges import Category, Exchange
from flows.steps.generator.frames import around, asked, framed, is_command, joined, listed, written
from flows.steps.generator.groups import area_scope, floor_scope, group_wish, home_scope
from flows.steps.generator.homes import Place
from flows.steps.generator.needs import need, playing_alone, relative, unsure, vacuum_alone
from flows.steps.generator.questions import question
from flows.steps.generator.timers import timer
from flows.steps.generator.words import pick
from schemas.inventory import Entity
from schemas.pipeline import Part

WEIGHTS: dict[Category, float] = {
    "light": 10, "switch": 4, "fan": 6, "cover": 7, "lock": 6, "climate": 8, "media": 8, "vacuum": 8, "list": 7, "timer": 5,
    "scene": 5, "area": 8, "floor": 6, "all": 3, "several": 56, "relative": 11, "indirect": 14, "question": 11,
}  # fmt: skip
"""How often each category of single requests is drawn; one that a home has nothing for is drawn again."""
_TRIES = 30


def exchange(rng: Random, place: Place, part: Part) -> Exchange:
    """A single request that this home can serve. Every home can be asked for the time or a timer."""
    for _ in range(_TRIES):
        made = single(rng, place, part, rng.choices(_CATEGORIES, cum_weights=_CUMULATED)[0])
        if made is not None:
            return made
    return finished(rng, part, timer(rng, place, part))


def single(rng: Random, place: Place, part: Part, category: Category) -> Exchange | None:
    """A request of ``category``; None where this home has nothing that the draw could be about."""
    if category == "indirect" and rng.random() < 0.07 and len(place.by_area) > 1:
        text, reply = unsure(rng, part)
        return Exchange("indirect", written(rng, around(rng, part, text)), reply=reply)
    clause = several(rng, place, part) if category == "several" else _MAKERS[category](rng, place, part)
    return finished(rng, part, clause) if clause else None


def finished(rng: Random, part: Part, clause: Clause) -> Exchange:
    """``clause`` with what goes around it."""
    if clause.category == "question":
        text = asked(rng, part, clause.text)
    else:
        text = framed(rng, part, clause.text) if clause.framed else around(rng, part, clause.text)
    request = written(rng, text, clause.kept, clause.category == "question")
    return Exchange(clause.category, request, clause.calls, references=clause.references)


def several(rng: Random, place: Place, part: Part) -> Clause | None:
    """Two to four wishes in one breath: different ones joined, or the same of several things, or opposite ones."""
    kind = rng.random()
    if kind < 0.36:
        return _same(rng, place, part)
    if kind < 0.46:
        return _opposite(rng, place, part)
    clauses = []
    for _ in range(2 if kind < 0.88 else 3 if kind < 0.97 else 4):
        clause = _command(rng, place, part)
        if clause is None or any(_clash(clause, other) for other in clauses):
            return None
        clauses.append(clause)
    return Clause(
        "several",
        joined(rng, part, [clause.text for clause in clauses]),
        tuple(call for clause in clauses for call in clause.calls),
        tuple(reference for clause in clauses for reference in clause.references),
        tuple(kept for clause in clauses for kept in clause.kept),
    )


def _command(rng: Random, place: Place, part: Part) -> Clause | None:
    kind = rng.random()
    if kind < 0.75:
        return wish(rng, place, part, pick(rng, place.inventory.entities), command=True)
    if kind < 0.9:
        scope = area_scope(rng, place)
        made = group_wish(rng, place, part, scope) if scope else None
    else:
        made = relative(rng, place, part) if kind < 0.95 else timer(rng, place, part)
    return made if made and made.framed and is_command(made.text) else None


def _clash(one: Clause, other: Clause) -> bool:
    """Whether two wishes may be about the same thing: what comes of both would depend on their order."""
    if "scene" in (one.category, other.category):
        return True  # scenes and scripts act on what they like
    if {call[0] for call in (*one.calls, *other.calls)} & {"HassStartTimer", "HassListAddItem", "HassShoppingListAddItem"}:
        return one.calls == other.calls
    names = [{call[1].get("name") for call in clause.calls} for clause in (one, other)]
    return None in names[0] or None in names[1] or bool(names[0] & names[1])


def _same(rng: Random, place: Place, part: Part) -> Clause | None:
    """``turn off the lamp and the radio``."""
    first = pick(rng, place.inventory.entities)
    action = action_of(rng, first)
    if action is None:
        return None
    others = [e for e in place.inventory.entities if e is not first and action_of(rng, e) == action]
    if not others:
        return None
    count = 1 if len(others) == 1 or rng.random() < 0.7 else 2 if len(others) == 2 or rng.random() < 0.8 else 3
    chosen = (first, *rng.sample(others, count))
    references = [named(rng, place, entity) for entity in chosen]
    said = listed(rng, [with_article(rng, reference) for reference in references])
    text = command_form(rng, part, action, chosen).format_map({"x": said, "bare": said})
    calls = tuple((TOOL[action], {"name": entity.name}) for entity in chosen)
    return Clause("several", text, calls, tuple(reference.kind for reference in references))


def _opposite(rng: Random, place: Place, part: Part) -> Clause | None:
    """``turn the lamp on and the radio off``."""
    off = [entity for entity in place.inventory.entities if action_of(rng, entity) == "on"]
    on = [entity for entity in place.inventory.entities if action_of(rng, entity) == "off"]
    if not on or not off:
        return None
    a, b = pick(rng, off), pick(rng, on)
    if a is b:
        return None
    first, second = named(rng, place, a), named(rng, place, b)
    slots = {"a": with_article(rng, first), "b": with_article(rng, second)}
    form = things.ON_AND_OFF.draw(rng, part)
    calls = (("HassTurnOn", {"name": a.name}), ("HassTurnOff", {"name": b.name}))
    if form.index("{a}") > form.index("{b}"):
        calls = (calls[1], calls[0])
    return Clause("several", form.format_map(slots), calls, (first.kind, second.kind))


def _thing(*domains: str) -> Callable[[Random, Place, Part], Clause | None]:
    def make(rng: Random, place: Place, part: Part) -> Clause | None:
        there: tuple[Entity, ...] = tuple(entity for domain in domains for entity in place.by_domain.get(domain, ()))
        return wish(rng, place, part, pick(rng, there)) if there else None

    return make


def _media(rng: Random, place: Place, part: Part) -> Clause | None:
    if rng.random() < 0.3 and (made := playing_alone(rng, place, part)):
        return made
    return _thing("media_player")(rng, place, part)


def _vacuum(rng: Random, place: Place, part: Part) -> Clause | None:
    if rng.random() < 0.25 and (made := vacuum_alone(rng, place, part)):
        return made
    return _thing("vacuum")(rng, place, part)


def _area(rng: Random, place: Place, part: Part) -> Clause | None:
    scope = area_scope(rng, place)
    return group_wish(rng, place, part, scope) if scope else None


def _floor(rng: Random, place: Place, part: Part) -> Clause | None:
    scope = floor_scope(rng, place)
    return group_wish(rng, place, part, scope) if scope else None


def _all(rng: Random, place: Place, part: Part) -> Clause | None:
    return group_wish(rng, place, part, home_scope(rng, place))


_MAKERS: dict[Category, Callable[[Random, Place, Part], Clause | None]] = {
    "light": _thing("light"), "switch": _thing("switch", "input_boolean"), "fan": _thing("fan"),
    "cover": _thing("cover", "valve"), "lock": _thing("lock"), "climate": _thing("climate"), "media": _media,
    "vacuum": _vacuum, "list": _thing("todo"), "timer": timer, "scene": _thing("scene", "script", "button", "input_button"),
    "area": _area, "floor": _floor, "all": _all, "relative": relative, "indirect": need, "question": question,
}  # fmt: skip
_CATEGORIES: tuple[Category, ...] = tuple(WEIGHTS)
_CUMULATED = [sum(list(WEIGHTS.values())[: i + 1]) for i in range(len(WEIGHTS))]
