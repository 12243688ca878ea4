"""Several orders in one sentence, for tier one: each a sentence of its own, or what the order beside it is for as well.

"Close the garage door and lock the back door" are two; so are "turn off the tv and the radio", "turn the tv and the radio off"
and "turn the tv on and the radio off". None of them may have a free text, such as a list's item: what stands after "and" could
belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from re import Match, Pattern
from typing import TYPE_CHECKING

from serve.actions.matching import fold
from serve.actions.sentences import language
from serve.actions.wording import bared

if TYPE_CHECKING:
    from serve.actions.intents import Recognised

MOST = 4  # in one sentence
_MARKS = " .!?,"
_NEVER = re.compile(r"(?!)")
_MARK = "\ue000"  # stands around the number of a group of names; no text has it
Whole = Callable[[str], "Recognised | None"]  # recognises one sentence


@dataclass(frozen=True)
class Named:
    """Names of a home in a text: ``thing`` finds one thing's, ``together`` several of a kind, such as "the tv and the radio"."""

    thing: Pattern[str]
    together: Pattern[str]


def named_in(things: Iterable[str], places: Iterable[str], tag: str) -> Named:
    """Things and places are two kinds: in "the lights in the kitchen and the radio" no two belong together."""
    known = language(tag)
    kinds = [_any_of(names) for names in (things, places)]
    if known.joining is None:
        return Named(re.compile(kinds[0], re.IGNORECASE), _NEVER)
    joint, article = f"(?:{known.joining.pattern})", f"(?:{known.article})"
    together = "|".join(f"{article}{kind}(?:{joint}(?:{known.within})?{article}{kind})+" for kind in kinds)
    together = rf"(?<!\w)(?:{known.both})?(?P<names>{together})"
    return Named(re.compile(kinds[0], re.IGNORECASE), re.compile(together, re.IGNORECASE))


def _any_of(names: Iterable[str]) -> str:
    """One of ``names``, whole and the longest first."""
    known = sorted({" ".join(name.split()) for name in names if fold(name)}, key=len, reverse=True)
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)" if known else _NEVER.pattern


def several(spoken: str, tag: str, named: Named, whole: Whole) -> tuple[Recognised, ...]:
    """The orders in ``spoken``, in their order; empty where any part of it is none. ``whole`` recognises one sentence."""
    joining, within = language(tag).joining, language(tag).within
    if joining is None or not joining.search(spoken):
        return ()
    groups: list[list[str]] = []

    def one(found: Match[str]) -> str:
        groups.append([re.sub(f"^(?:{within})", "", name) for name in joining.split(found["names"])])
        return f"{_MARK}{len(groups) - 1}{_MARK}"

    request = bared(spoken, tag)
    marked = named.together.sub(one, request)
    for text in dict.fromkeys((marked, request)):
        said = [sentences for part in joining.split(text) for sentences in _each(part, groups)]
        parts = _orders(said, tag, whole) if 2 <= len(said) <= MOST else ()
        if parts:
            return parts
    return ()


def _each(part: str, groups: Sequence[Sequence[str]]) -> list[str]:
    """``part`` once for every name that its mark stands for."""
    found = re.search(f"{_MARK}(\\d+){_MARK}", part)
    return [part.replace(found[0], name, 1) for name in groups[int(found[1])]] if found else [part]


def _orders(said: Sequence[str], tag: str, whole: Whole) -> tuple[Recognised, ...]:
    found = [whole(one) for one in said]
    parts: list[Recognised] = []
    for number, part in enumerate(found):
        for other in (number - 1, number + 1):
            like = found[other] if part is None and 0 <= other < len(said) else None
            if like is not None:
                part = _for_another(said[number], said[other], like, tag, whole)
        if part is None and parts:
            part = _with_the_verb(said[number], said[number - 1], parts[-1], tag, whole)
        if part is None or part.free:
            return ()
        parts.append(part)
    return tuple(parts)


def _for_another(name: str, sentence: str, like: Recognised, tag: str, whole: Whole) -> Recognised | None:
    """The order ``sentence``, recognised as ``like``, for what ``name`` alone names: "the radio" after "turn off the tv"."""
    meant, known = bare(name, tag), like.slots.get("name")
    if not isinstance(known, str) or known.casefold() not in sentence.casefold():
        return None
    found = whole(re.sub(re.escape(known), lambda _: meant, sentence, count=1, flags=re.IGNORECASE))
    same = found is not None and found.intent == like.intent and fold(str(found.slots.get("name"))) == fold(meant)
    return found if same else None


def _with_the_verb(part: str, before: str, like: Recognised, tag: str, whole: Whole) -> Recognised | None:
    """``part`` with the verb of the order ``before`` it, recognised as ``like``: "the radio off" after "turn the tv on"."""
    known = next((like.slots[slot] for slot in ("name", "area", "floor") if isinstance(like.slots.get(slot), str)), None)
    verb, there, _ = before.casefold().partition(str(known).casefold())
    if known is None or not there or not verb.strip():
        return None
    return whole(f"{re.sub(f'{language(tag).article}$', '', verb).strip()} {part.strip(_MARKS)}")


def bare(name: str, tag: str) -> str:
    """``name`` as said, without article and punctuation."""
    named = language(tag).named
    found = named.fullmatch(name.strip(_MARKS)) if named else None
    return found[1] if found else name.strip(_MARKS)
