"""Names of things as people give them: ``reading lamp``, ``küche deckenlampe``, ``anna's radio``, ``h4 bulb``.

Every name is one of its part (words.py admissible says what that means).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from flows.steps.generator.lexicons.abroad import Tongue
from flows.steps.generator.lexicons.things import Kind
from flows.steps.generator.words import admissible, invented, model_number, owner, pick, words_of
from schemas.pipeline import Part

_EMOJI = ("💡", "🔥", "❄️", "🎵", "🌙", "⭐", "🚪", "🌱", "🤖", "🛏️")


@dataclass(frozen=True, slots=True)
class Named:
    """``noun`` is what in ``name`` says the kind of thing; empty where the name is a whole of its own."""

    name: str
    noun: str = ""


def name_of(rng: Random, part: Part, kind: Kind, area: str | None, tongue: Tongue | None = None) -> Named:
    """A lower-case name for a thing of ``kind`` in ``area``, in the home's ``tongue`` where that has a word for it."""
    if kind.named:
        return _whole(rng, part, kind)
    if tongue is not None and area and kind.key in tongue.things and rng.random() < 0.8:
        return _abroad(rng, part, kind, area, tongue)
    share = rng.random()
    if area and share < 0.27 and (nouns := nouns_with(part, area, kind)):
        noun = pick(rng, nouns)
        return Named(f"{area} {noun}", noun)
    if share < 0.31 and (nouns := nouns_with(part, "", kind)):
        noun = pick(rng, nouns)
        return Named(noun, noun)
    if share < 0.36 and (nouns := nouns_with(part, plain := pick(rng, words_of(part).plain), kind)):
        noun = pick(rng, nouns)
        return Named(f"{plain} {noun}", noun)
    noun = pick(rng, kind.nouns)
    return Named(f"{_qualifier(rng, part, area, (share - 0.36) / 0.64)} {noun}", noun)


def odd(rng: Random, name: str) -> str:
    """``name`` as few people would write it: joined by hyphens or underscores, with an emoji, in capitals."""
    kind = rng.random()
    if kind < 0.3:
        return name.replace(" ", "-")
    if kind < 0.5:
        return name.replace(" ", "_")
    if kind < 0.65:
        return f"{name} {pick(rng, _EMOJI)}"
    if kind < 0.8:
        return name.upper()
    return "".join(word.capitalize() for word in name.split()) if kind < 0.9 else f"the {name}"


def nouns_with(part: Part, before: str, kind: Kind) -> tuple[str, ...]:
    """The nouns that make a name of this part after ``before``, an area's name or a quality; nothing where it is empty."""
    if any(owner(word) == part for word in before.split()):
        return kind.nouns
    return _nouns_by_hash(part, before, kind)


@lru_cache(maxsize=16_384)
def _nouns_by_hash(part: Part, before: str, kind: Kind) -> tuple[str, ...]:
    return tuple(noun for noun in kind.nouns if admissible(part, f"{before} {noun}".strip()))


def _qualifier(rng: Random, part: Part, area: str | None, share: float) -> str:
    """Words of which one at least is the part's own. ``share`` is even from 0 to 1."""
    words = words_of(part)
    if share < 0.45:
        return _own_modifier(rng, part)
    if share < 0.57:
        return f"{pick(rng, words.modifiers)} {_own_modifier(rng, part)}"
    if share < 0.67 and area:
        return f"{area} {_own_modifier(rng, part)}"
    if share < 0.82:
        return invented(rng, part)
    if share < 0.92:
        return _own_person(rng, part) + ("'s" if rng.random() < 0.7 else "")
    return pick(rng, _own(part, "makers")) if share < 0.96 else model_number(rng, part)


def _whole(rng: Random, part: Part, kind: Kind) -> Named:
    words = words_of(part)
    if kind.domain == "person":
        return Named(_own_person(rng, part))
    if kind.domain == "weather":
        return Named(pick(rng, words.weather))
    share = rng.random()
    if kind.domain == "vacuum":
        if share < 0.25:
            noun = pick(rng, kind.nouns)
            return Named(f"{_own_modifier(rng, part)} {noun}", noun)
        return Named(invented(rng, part) if share < 0.45 else pick(rng, _own(part, "pets")))
    known = {"todo": words.lists, "timer": words.timers, "scene": words.scenes, "script": words.scripts}[kind.domain]
    last = pick(rng, known)
    if share < 0.12:
        return Named(f"{invented(rng, part)} {_head(last)}")
    if share < 0.3:
        return Named(f"{_own_modifier(rng, part)} {_head(last)}")
    if share < 0.4 and kind.domain != "scene":
        return Named(f"{_own_person(rng, part)}'s {last}")
    return Named(last)


def _head(name: str) -> str:
    """Its last word, if that says something: never the "up" of "close up"."""
    last = name.rpartition(" ")[2]
    return last if len(last) > 3 else name


def _abroad(rng: Random, part: Part, kind: Kind, area: str, tongue: Tongue) -> Named:
    noun = pick(rng, tongue.things[kind.key])
    name = tongue.joined.format(room=area, thing=noun)
    if tongue.compounds and rng.random() < 0.3 and admissible(part, whole := name.replace(" ", "")):
        return Named(whole)
    if admissible(part, name):
        return Named(name, noun)
    return Named(f"{noun} {_own_person(rng, part)}", noun)


def _own_modifier(rng: Random, part: Part) -> str:
    return pick(rng, _own(part, "modifiers"))


def _own_person(rng: Random, part: Part) -> str:
    return pick(rng, _own(part, "people"))


@cache
def _own(part: Part, kind: str) -> tuple[str, ...]:
    """The part's words of a kind that make any name one of this part."""
    return tuple(word for word in getattr(words_of(part), kind) if owner(word) == part)
