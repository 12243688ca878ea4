"""Several orders in one sentence, for tier one: each a sentence of its own, or a name that the order beside it is for as well.

"Close the garage door and lock the back door" are two; so are "turn off the tv and the radio". None of them may have a free
text, such as a list's item: what stands after "and" could belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from serve.actions.matching import fold
from serve.actions.sentences import JOINING, NAMED

if TYPE_CHECKING:
    from serve.actions.intents import Recognised

MOST = 4  # in one sentence
_MARKS = " .!?,"


def several(spoken: str, tag: str, whole: Callable[[str], Recognised | None]) -> tuple[Recognised, ...]:
    """The orders in ``spoken``, in their order; empty where any part of it is none. ``whole`` recognises one sentence."""
    joining = JOINING.get(tag.partition("-")[0])
    said = re.split(joining, spoken, flags=re.IGNORECASE) if joining else []
    if not 2 <= len(said) <= MOST:
        return ()
    found = [whole(one) for one in said]
    parts: list[Recognised] = []
    for number, part in enumerate(found):
        for other in (number - 1, number + 1):
            like = found[other] if part is None and 0 <= other < len(said) else None
            if like is not None:
                part = _for_another(said[number], said[other], like, tag, whole)
        if part is None or part.free:
            return ()
        parts.append(part)
    return tuple(parts)


def _for_another(
    name: str, sentence: str, like: Recognised, tag: str, whole: Callable[[str], Recognised | None]
) -> Recognised | None:
    """The order ``sentence``, recognised as ``like``, for what ``name`` alone names: "the radio" after "turn off the tv"."""
    meant, known = bare(name, tag), like.slots.get("name")
    if not isinstance(known, str) or known.casefold() not in sentence.casefold():
        return None
    found = whole(re.sub(re.escape(known), lambda _: meant, sentence, count=1, flags=re.IGNORECASE))
    same = found is not None and found.intent == like.intent and fold(str(found.slots.get("name"))) == fold(meant)
    return found if same else None


def bare(name: str, tag: str) -> str:
    """``name`` as said, without article and punctuation."""
    named = NAMED.get(tag.partition("-")[0])
    found = named.fullmatch(name.strip(_MARKS)) if named else None
    return found[1] if found else name.strip(_MARKS)
