"""Timers: started with a length, with or without a name; meant later by their name, by their length, or as the only one."""

from __future__ import annotations

from random import Random
from typing import Any

from flows.steps.generator import phrasing_more as more
from flows.steps.generator.clauses import Clause
from flows.steps.generator.groups import area_scope
from flows.steps.generator.homes import Place
from flows.steps.generator.quantities import duration
from flows.steps.generator.words import pick, words_of
from schemas.pipeline import Part

_TOOLS = {
    "cancel": "HassCancelTimer", "pause": "HassPauseTimer", "unpause": "HassUnpauseTimer", "status": "HassTimerStatus",
    "more": "HassIncreaseTimer", "less": "HassDecreaseTimer",
}  # fmt: skip
_MINUTES = (1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 15, 16, 18, 20, 20, 22, 25, 28, 30, 30, 35, 40, 45, 50, 55)


def timer(rng: Random, place: Place, part: Part) -> Clause:
    kind = rng.random()
    if kind < 0.33:
        return _start(rng, part)
    if kind < 0.5:
        return _start_named(rng, place, part)
    if kind < 0.55:
        return Clause("timer", more.CANCEL_ALL.draw(rng, part), (("HassCancelAllTimers", {}),))
    if kind < 0.58 and (scope := area_scope(rng, place)):
        text = more.CANCEL_ALL_IN.draw(rng, part).format_map(scope.slots())
        return Clause("timer", text, (("HassCancelAllTimers", scope.arguments),), scope.references)
    if kind < 0.63:
        return Clause("timer", more.STATUS_ALL.draw(rng, part), (("HassTimerStatus", {}),), framed=False)
    return _meant(rng, part)


def length(rng: Random) -> dict[str, int]:
    """As it is said: 90 seconds are 90 seconds."""
    kind = rng.random()
    if kind < 0.62:
        return {"minutes": pick(rng, _MINUTES) if rng.random() < 0.7 else 1 + int(rng.random() * 90)}
    if kind < 0.76:
        return {
            "seconds": pick(rng, (10, 15, 20, 30, 40, 45, 50, 60, 75, 90)) if rng.random() < 0.7 else 5 + int(rng.random() * 95)
        }
    if kind < 0.86:
        return {"hours": 1 + int(rng.random() * (4 if rng.random() < 0.8 else 24))}
    if kind < 0.95:
        return {"hours": 1 + int(rng.random() * 4), "minutes": pick(rng, (5, 10, 15, 20, 30, 30, 30, 40, 45, 50))}
    return {"minutes": 1 + int(rng.random() * 20), "seconds": pick(rng, (10, 15, 20, 30, 30, 40, 45, 50))}


def _said(rng: Random, asked: dict[str, int], one: bool = False) -> str:
    """``one``: before a noun, where a unit has no plural: "a 10 minute timer"."""
    text = duration(rng, asked.get("hours", 0), asked.get("minutes", 0), asked.get("seconds", 0))
    return text.replace("hours", "hour").replace("minutes", "minute").replace("seconds", "second") if one else text


def _start(rng: Random, part: Part) -> Clause:
    asked = length(rng)
    form = more.START.draw(rng, part)
    before_noun = "{length} timer" in form
    text = form.format_map({"length": _plain(rng, asked) if before_noun else _said(rng, asked)})
    return Clause("timer", text, (("HassStartTimer", asked),))


def _plain(rng: Random, asked: dict[str, int]) -> str:
    """A length that can stand before "timer"; never one with an article of its own."""
    for _ in range(8):
        text = _said(rng, asked, one=True)
        if not text.startswith(("a ", "an ", "half")):
            return text
    return " ".join(f"{count} {unit.removesuffix('s')}" for unit, count in asked.items())


def _start_named(rng: Random, place: Place, part: Part) -> Clause:
    asked, name = length(rng), pick(rng, words_of(part).timers)
    form = more.START_NAMED.draw(rng, part)
    plain = "a {length}" in form
    text = form.format_map({"length": _plain(rng, asked) if plain else _said(rng, asked), "name": name})
    return Clause("timer", text, (("HassStartTimer", {**asked, "name": name}),), kept=(name,))


def _meant(rng: Random, part: Part) -> Clause:
    action = pick(rng, tuple(_TOOLS))
    said, arguments, kept = _which(rng, part)
    slots: dict[str, Any] = {"timer": said}
    if action in ("more", "less"):
        changed = length(rng)
        arguments = {**arguments, **changed}
        slots["length"] = _said(rng, changed)
    text = more.TIMERS[action].draw(rng, part).format_map(slots)
    return Clause("timer", text, ((_TOOLS[action], arguments),), kept=kept, framed=action != "status")


def _which(rng: Random, part: Part) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    kind = rng.random()
    if kind < 0.4:
        return pick(rng, ("the timer", "my timer", "the timer", "timer")), {}, ()
    if kind < 0.75:
        name = pick(rng, words_of(part).timers)
        return pick(rng, (f"the {name} timer", f"the {name} timer", f"my {name} timer", f"{name} timer")), {"name": name}, (name,)
    asked = length(rng)
    said = _plain(rng, asked)
    return f"{pick(rng, ('the', 'my', 'the'))} {said} timer", {f"start_{unit}": count for unit, count in asked.items()}, ()
