"""How sure a model was of each call that it made: how probable exactly this call was among all that the grammar allows.

A call's probability is the product over its tokens, each against the other tokens that the grammar would have let come in its
place (of those that the engine reports). A token without a choice costs nothing, however little the model liked it. Calls that
mean the same and are written otherwise count against each other, so this is a number to compare with a bar that was measured
(flows.steps.doubting), not a chance of being right.
"""

from __future__ import annotations

import codecs
import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

from schemas.conversation import ToolCall
from schemas.events import TokenLogprob, TopLogprob
from serve.engines.prefixes import Prefixes, State, TooWide

ALTERNATIVES = 20  # that an engine is asked to report for each token
_LEAST = -9.0  # log-probability of an alternative that is worth looking at


def sureness(
    calls: Sequence[ToolCall], tokens: Sequence[TokenLogprob], grammar: str | None, below: float = 1.0
) -> tuple[float, ...]:
    """One number for each call, in 0..1. ``tokens`` are those of the whole reply; without any, nothing is sure.

    The grammar is only looked at where some call's bare probability is below ``below``: with it, a call can but become surer.
    """
    bare = [math.exp(min(0.0, token.logprob)) for token in tokens]
    edges = _edges(tokens, calls)
    found = _products(bare, edges)
    if not tokens or grammar is None or all(sure >= below for sure in found):
        return found
    return _products(_among_admitted(tokens, bare, grammar), edges)


def _products(shares: Sequence[float], edges: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    return tuple(math.prod(shares[first:last]) if first < last else 0.0 for first, last in edges)


def _edges(tokens: Sequence[TokenLogprob], calls: Sequence[ToolCall]) -> list[tuple[int, int]]:
    """The tokens of each call, by its tool's name; the whole reply for each where names are not found in their order."""
    reply = b"".join(bytes(token.bytes) for token in tokens)
    begins = [0, *accumulate(len(token.bytes) for token in tokens)]
    starts, at = [], 0
    for call in calls:
        name = call.function.name.encode()
        place = reply.find(name, at)
        if place < 0:
            return [(0, len(tokens))] * len(calls)
        at = place + len(name)
        # What parts a call from the one before it is a choice to call again, and belongs to it.
        starts.append(bisect_left(begins, len(reply[:place].rstrip())))
    return list(pairwise([0, *starts[1:], len(tokens)]))


def _among_admitted(tokens: Sequence[TokenLogprob], bare: Sequence[float], grammar: str) -> list[float]:
    """Each token's share of what may come in its place; what it was before from where the grammar is too wide to follow."""
    prefixes, decoder = Prefixes(grammar), codecs.getincrementaldecoder("utf-8")()
    shares = list(bare)
    try:
        state = prefixes.start()
        for number, token in enumerate(tokens):
            others = (other for other in token.top_logprobs if other.bytes != token.bytes and other.logprob > _LEAST)
            admitted = (other for other in others if _may_come(other, prefixes, state, decoder.getstate()))
            # Added up from the least, so that the sum does not depend on the order in which an engine reports them.
            beside = math.fsum(math.exp(min(0.0, other.logprob)) for other in admitted)
            shares[number] = bare[number] / (bare[number] + beside) if bare[number] else 0.0
            state = prefixes.after(state, decoder.decode(bytes(token.bytes)))
            if not state:
                break
    except (TooWide, UnicodeDecodeError):
        pass
    return shares


def _may_come(other: TopLogprob, prefixes: Prefixes, state: State, begun: tuple[bytes, int]) -> bool:
    """Whether the grammar admits this token now. Of half a character, what is whole before it decides."""
    if not other.bytes:
        return prefixes.may_end(state)  # the token that ends a reply has no text
    decoder = codecs.getincrementaldecoder("utf-8")()
    decoder.setstate(begun)
    try:
        return bool(prefixes.after(state, decoder.decode(bytes(other.bytes))))
    except UnicodeDecodeError:
        return False
