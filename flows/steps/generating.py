"""The rows of a HomeSource: seeded homes, and for each what its people ask, as conversations with their right answers.

Every home depends on the seed, the part and its own number alone: a larger set begins with the homes of a smaller one, and
any home can be made without those before it (``homes``). The rows of a home follow one another and share its tools and,
most of them, its state, so that packing can put that prefix once before many requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Any

from flows.steps.generator.exchanges import Exchange, Maker
from flows.steps.generator.failures import failure
from flows.steps.generator.follow_ups import correction, follow_up
from flows.steps.generator.homes import Place, make_home
from flows.steps.generator.refusals import injection, refusal
from flows.steps.generator.requests import exchange
from flows.steps.generator.talk import offtopic, talk
from flows.steps.generator.toolsets import tools
from schemas.conversation import Conversation, FunctionCall, Message, Tool, ToolCall
from schemas.home_lines import home_lines
from schemas.pipeline import HomeSource
from serve.actions.tools import offered_for

GENERATOR = 5  # raise when the same seed gives other rows: the golden test tells
OWN_HOME = "own_home"  # tag of rows about a source's inventory
_TRIES = 20  # draws before a home that has little to ask for repeats itself

SHARES: tuple[tuple[Maker, float], ...] = (
    (exchange, 0.595),
    (follow_up, 0.06),
    (correction, 0.035),
    (failure, 0.03),
    (refusal, 0.09),
    (talk, 0.04),
    (offtopic, 0.025),
    (injection, 0.01),
    (tools, 0.115),
)
"""Share of rows of each kind; requests of one sentence share theirs out by requests.WEIGHTS.

Rows with other tools bring their own, so that they are a quarter of the text.
"""


def generate(source: HomeSource) -> Iterator[Conversation]:
    """Exactly ``source.rows`` conversations, spread evenly over ``source.homes`` homes (fewer when rows are fewer)."""
    return homes(source, 0, min(source.homes, source.rows))


def homes(source: HomeSource, first: int, count: int) -> Iterator[Conversation]:
    """The rows of homes number ``first`` to ``first + count - 1`` of ``source``, those before them unmade.

    Numbers run from 0 to ``min(source.homes, source.rows) - 1``; what lies beyond has no rows.
    """
    total = min(source.homes, source.rows)
    for number in range(first, min(first + count, total)):
        yield from home(source, number, source.rows // total + (number < source.rows % total))


def home(source: HomeSource, number: int, rows: int) -> Iterator[Conversation]:
    """``rows`` conversations in home ``number``. No request is there twice unless the home has too little to ask for."""
    rng = Random(f"{source.seed}:{source.part}:{number}")  # noqa: S311 - rows to learn from, not secrets
    place = _place(rng, source)
    own = (OWN_HOME,) if source.inventory else ()
    declared, lines = offered_for(frozenset(place.by_domain)), home_lines(place.inventory)
    said: set[tuple[str, ...]] = set()
    for _ in range(rows):
        found = _drawn(rng, place)
        for _ in range(_TRIES):
            if _heard(found) not in said:
                break
            found = _drawn(rng, place)
        said.add(_heard(found))
        yield conversation(found, declared, lines, own)


def _place(rng: Random, source: HomeSource) -> Place:
    if source.inventory is None:
        return make_home(rng, source.part)
    from flows.steps.generator.owned import owned_place
    from schemas.loading import load_inventory

    return owned_place(load_inventory(source.inventory), source.part)


def _drawn(rng: Random, place: Place) -> Exchange:
    for _ in range(_TRIES):
        maker = rng.choices(_MAKERS, cum_weights=_CUMULATED)[0]
        if (found := maker(rng, place, place.part)) is not None:
            return found
    return exchange(rng, place, place.part)


_MAKERS = tuple(maker for maker, _ in SHARES)
_CUMULATED = tuple(accumulate(share for _, share in SHARES))


def _heard(found: Exchange) -> tuple[str, ...]:
    return (*(message.content or "" for message in found.earlier if message.role == "user"), found.request)


def conversation(found: Exchange, declared: tuple[Tool, ...], lines: tuple[str, ...], tags: tuple[str, ...] = ()) -> Conversation:
    """The row of an exchange in a home with ``declared`` tools and ``lines``, where it brings none of its own.

    Right by construction, which the tests check: validating takes longer than making.
    """
    calls = tuple(_call(tool, arguments, f"call_{i}") for i, (tool, arguments) in enumerate(found.calls))
    answer = _message("assistant", None if calls else found.reply, calls)
    return Conversation.model_construct(
        messages=(*found.earlier, _message("user", found.request), *found.since, answer),
        tools=declared if found.tools is None else found.tools,
        home=lines if found.home is None else found.home,
        tags=(found.category, *(f"ref_{kind}" for kind in dict.fromkeys(found.references)), *tags),
    )


def _message(role: str, content: str | None, calls: tuple[ToolCall, ...] = ()) -> Message:
    return Message.model_construct(role=role, content=content, tool_calls=calls, tool_call_id=None, name=None)


def _call(tool: str, arguments: dict[str, Any], number: str) -> ToolCall:
    function = FunctionCall.model_construct(name=tool, arguments=json.dumps(arguments, ensure_ascii=False))
    return ToolCall.model_construct(id=number, type="function", function=function)
