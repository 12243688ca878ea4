"""Names of areas and things as people give them: ``reading lamp``, ``küche deckenlampe``, ``anna's radio``, ``h4 bulb``.

Every name is one of its part: by a word that only the part says, or by the whole name's hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from flows.steps.generator.lexicons.abroad import Tongue
from flows.steps.generator.lexicons.things import Kind
from flows.steps.generator.words import admissible, invented, model_number, pick, words_of
from schemas.pipeline import Part


@dataclass(frozen=True, slots=True)
class Named:
    """``noun`` is the last part of ``name``, what kind of thing it is; empty where the name is a whole of its own."""

    name: str
    noun: str = ""


def name_of(rng: Random, part: Part, kind: Kind, area: str | None, tongue: Tongue | None = None) -> Named:
    """A lower-case name for a thing of ``kind`` in ``area``, in the home's ``tongue`` where that has a word for it."""
    if kind.named:
        return Named(_whole(rng, part, kind))
    if tongue is not None and area and kind.key in tongue.things and rng.random() < 0.8:
        found = _abroad(rng, part, kind, area, tongue)
        if found is not None:
            return found
    share = rng.random()
    if area and share < 0.27:
        nouns = _nouns_with(part, area, kind)
        if nouns:
            noun = pick(rng, nouns)
            return Named(f"{area} {noun}", noun)
    if share < 0.31:
        nouns = _nouns_with(part, "", kind)
        if nouns:
            noun = pick(rng, nouns)
            return Named(noun, noun)
    noun = pick(rng, kind.nouns)
    return Named(f"{_qualifier(rng, part, area, noun, share)} {noun}", noun)


def _qualifier(rng: Random, part: Part, area: str | None, noun: str, share: float) -> str:
    words = words_of(part)
    if share < 0.62:
        return pick(rng, words.modifiers)
    if share < 0.70:
        return f"{pick(rng, words.modifiers)} {pick(rng, words.modifiers)}"
    if share < 0.77 and area:
        return f"{area} {pick(rng, words.modifiers)}"
    if share < 0.86:
        return invented(rng, part)
    if share < 0.93:
        return pick(rng, words.people) + ("'s" if rng.random() < 0.7 else "")
    return pick(rng, words.makers) if share < 0.96 else model_number(rng, part)


def _whole(rng: Random, part: Part, kind: Kind) -> str:
    words = words_of(part)
    if kind.domain == "person":
        return pick(rng, words.people)
    if kind.domain == "weather":
        return pick(rng, words.weather)
    if kind.domain == "vacuum":
        share = rng.random()
        if share < 0.25:
            return f"{pick(rng, words.modifiers)} {pick(rng, kind.nouns)}"
        return invented(rng, part) if share < 0.45 else pick(rng, words.pets)
    known = {"todo": words.lists, "timer": words.timers, "scene": words.scenes, "script": words.scripts}[kind.domain]
    share = rng.random()
    if share < 0.12:
        return f"{invented(rng, part)} {pick(rng, known).split()[-1]}"
    if share < 0.24 and kind.domain in ("todo", "scene"):
        return f"{pick(rng, words.modifiers)} {pick(rng, known).split()[-1]}"
    if share < 0.32 and kind.domain == "todo":
        return f"{pick(rng, words.people)}'s {pick(rng, known)}"
    return pick(rng, known)


def _abroad(rng: Random, part: Part, kind: Kind, area: str, tongue: Tongue) -> Named | None:
    noun = pick(rng, tongue.things[kind.key])
    name = tongue.joined.format(room=area, thing=noun)
    if admissible(part, name):
        return Named(name, noun)
    name = f"{noun} {pick(rng, words_of(part).people)}"
    return Named(name, noun)


@cache
def _nouns_with(part: Part, area: str, kind: Kind) -> tuple[str, ...]:
    """The nouns that make a name of this part with ``area`` before them (with nothing, where it is empty)."""
    return tuple(noun for noun in kind.nouns if admissible(part, f"{area} {noun}".strip()))
