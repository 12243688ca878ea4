"""Answers acted out in the simulated home that their row describes, and judged by the home's states afterwards.

Three ways to answer each row: ``intents`` (the known sentences alone), ``model`` (the calls that the suite's own run got; the
model is not asked again), ``both`` (as served: the model answers where no known sentence does). A home is made from the
row's lines, so its things have Home Assistant's states and no attributes but the defaults of the simulated home.
Does not cover rights and confirmations: policy stands outside of what is learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import TYPE_CHECKING

from schemas.action import Actor
from schemas.conversation import ToolCall
from schemas.errors import ActionError
from schemas.home_lines import NOON, inventory_of
from schemas.inventory import Entity, Inventory
from serve.actions.home import SimulatedHome
from serve.actions.intents import recognise
from serve.actions.tools import plan

if TYPE_CHECKING:
    from flows.steps.scoring import Outcome

TIERS = ("intents", "model", "both")
LANGUAGE = "en"
_ACTOR = Actor(id="evaluation", role="admin")

States = Mapping[str, Entity]


@dataclass(frozen=True)
class Acted:
    """One row. ``moves``: the right calls change this home. ``known``: a known sentence was recognised.

    ``right``: tiers after which every state is as after the right calls. ``wrong``: tiers that left something in a state
    that it neither had before nor should have.
    """

    moves: bool
    known: bool
    right: frozenset[str]
    wrong: frozenset[str]


def act(outcome: Outcome, home: Sequence[str]) -> Acted | None:
    """None for a row whose lines are no home, or whose right calls this home refuses: nothing can be judged by it."""
    inventory = _home_of(home)
    if inventory is None:
        return None
    start, wanted = SimulatedHome(inventory, _clock), SimulatedHome(inventory, _clock)
    if not all(_done(call, wanted) for call in outcome.wanted):
        return None
    recognised = recognise(outcome.request, start, LANGUAGE, _ACTOR)
    model = () if outcome.error else outcome.got
    calls = {"intents": recognised.calls if recognised else (), "model": model}
    calls["both"] = recognised.calls if recognised else model
    before, after = _states(start), _states(wanted)
    right, wrong = set(), set()
    for tier in TIERS:
        there = _states(_after(inventory, calls[tier]))
        if there == after:
            right.add(tier)
        if any(there.get(name) not in (before.get(name), after.get(name)) for name in {*there, *before}):
            wrong.add(tier)
    return Acted(before != after, recognised is not None, frozenset(right), frozenset(wrong))


def measures(acted: Sequence[Acted]) -> dict[str, float]:
    """Shares in 0..1 with 95% intervals, by tier: ``state_exact`` of the rows whose right calls change their home (a tier
    that does nothing would be right on the others), ``wrong_action`` of all rows.
    """
    moving = [row for row in acted if row.moves]
    found = {"acted_rows": float(len(acted)), "moving_rows": float(len(moving))}
    found["known_share"] = sum(row.known for row in acted) / max(1, len(acted))
    for tier in TIERS:
        right, wrong = sum(tier in row.right for row in moving), sum(tier in row.wrong for row in acted)
        for name, count, rows in (("state_exact", right, len(moving)), ("wrong_action", wrong, len(acted))):
            low, high = wilson(count, rows)
            found |= {f"{name}_{tier}": count / max(1, rows), f"{name}_{tier}_low": low, f"{name}_{tier}_high": high}
    return found


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share; z 1.96 covers 95%. Unlike the normal one, it holds near 0 and 1.

    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference.
    """
    if not trials:
        return 0.0, 1.0
    share, weight = successes / trials, z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    spread = z * sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    return max(0.0, centre - spread), min(1.0, centre + spread)


def _home_of(lines: Sequence[str]) -> Inventory | None:
    """The home that wrote ``lines``, or None where it is none that can be simulated."""
    inventory = inventory_of(tuple(lines))
    try:
        return inventory and SimulatedHome(inventory, _clock).snapshot()
    except ActionError:
        return None


def _clock() -> datetime:
    """Time stands still: two runs end in equal states."""
    return NOON


def _after(inventory: Inventory, calls: Iterable[ToolCall]) -> SimulatedHome:
    home = SimulatedHome(inventory, _clock)
    for call in calls:
        _done(call, home)
    return home


def _done(call: ToolCall, home: SimulatedHome) -> bool:
    """As serving does one call after the other; one that the home refuses changes nothing."""
    try:
        made = plan(call, home, _ACTOR)
        home.apply(*made.calls, new=made.new)
    except ActionError:
        return False
    return True


def _states(home: SimulatedHome) -> States:
    return {entity.id: entity for entity in home.entities()}
