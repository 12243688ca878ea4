"""What scored and acted answers are worth: shares in 0..1 with 95% intervals, over all rows and by tag.

    state_exact_*    of the rows whose right calls change their home: every state is right after the turn
    wrong_action_*   of all rows: something was left in a state that it neither had nor should have
    served_*         of all rows: states right, what had to be read was read, and nothing called where nothing is to be called
    refused_*        of the rows where nothing is to be called: nothing was done
    over_refused_*   of the rows where something is to be done: nothing was done, nor asked about
    asked_*          of all rows: a call was held back until a person says yes
    state_agreed_*   as state_exact, where a person says yes to what is right and no to the rest
    names_exact      of the home's names in calls of a right tool: those that are the right ones, whole
    valid_call_rate  of all rows: readable, whole, and every call fits its tool's declaration
    other_tools_exact  of the rows with tools that the home does not have: the same calls

``*`` is a tier (flows.steps.acting); each figure has a neighbour ``_low`` and ``_high``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from flows.steps.acting import TIERS, Acted, other_tools
from serve.actions.matching import fold
from serve.engines.spans import AREA, ENTITY

if TYPE_CHECKING:
    from flows.steps.scoring import Outcome

REFERENCE = "ref_"  # tags that tell how a thing is referred to; the others are categories


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


def share(name: str, right: Sequence[bool]) -> dict[str, float]:
    """The share of ``right`` under ``name``, with its interval; 0 within 0 to 1 for no rows."""
    low, high = wilson(sum(right), len(right))
    return {name: sum(right) / max(1, len(right)), f"{name}_low": low, f"{name}_high": high}


def measures(acted: Sequence[Acted]) -> dict[str, float]:
    """By tier, with the numbers of rows that they are shares of."""
    moving, doing = [row for row in acted if row.moves], [row for row in acted if row.acts]
    found = {"acted_rows": float(len(acted)), "moving_rows": float(len(moving))}
    found["known_share"] = sum(row.known for row in acted) / max(1, len(acted))
    for tier in TIERS:
        found |= share(f"state_exact_{tier}", [tier in row.right for row in moving])
        found |= share(f"wrong_action_{tier}", [tier in row.wrong for row in acted])
        found |= share(f"served_{tier}", [tier in row.served for row in acted])
        found |= share(f"over_refused_{tier}", [tier not in row.doing | row.asked for row in doing])
        found |= share(f"asked_{tier}", [tier in row.asked for row in acted])
        found |= share(f"state_agreed_{tier}", [tier in row.agreed for row in moving])
    return found


def judged(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Everything above that the rows allow; nothing of the home where no row was acted out."""
    found = share("valid_call_rate", [outcome.valid for outcome in outcomes])
    if names := [right for outcome in outcomes for right in copied(outcome)]:
        found |= share("names_exact", names)
    if others := [outcome.exact for outcome in outcomes if other_tools(outcome)]:
        found |= {"other_tools_rows": float(len(others)), **share("other_tools_exact", others)}
    acted = [(outcome, outcome.acted) for outcome in outcomes if outcome.acted]
    if not acted:
        return found
    found |= measures([row for _, row in acted])
    if refusals := [row for outcome, row in acted if not outcome.wanted]:
        for tier in TIERS:
            found |= share(f"refused_{tier}", [tier not in row.doing for row in refusals])
    return found


def by_tag(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """tag -> rows, exact_match and ``judged`` of the rows that carry it; categories first, then kinds of reference."""
    tags = {tag for outcome in outcomes for tag in outcome.tags}
    table = {}
    for tag in sorted(tags, key=lambda tag: (tag.startswith(REFERENCE), tag)):
        tagged = [outcome for outcome in outcomes if tag in outcome.tags]
        exact = share("exact_match", [outcome.exact for outcome in tagged])
        table[tag] = {"rows": float(len(tagged)), **exact, **judged(tagged)}
    return table


def copied(outcome: Outcome) -> list[bool]:
    """For every name of the home in a call whose tool is right: whether it is the right one, whole.

    Calls of the same tool are compared in the pairs that agree most. What only one of a pair names is no question of copying.
    """
    named = {
        (tool.function.name, key)
        for tool in outcome.tools
        for key, schema in tool.function.properties().items()
        if schema.get("format") in (ENTITY, AREA)
    }
    wanted = [(each.function.name, each.function.parsed()) for each in outcome.wanted]
    found = []
    for each in () if outcome.error else outcome.got:
        given = each.function.parsed()
        pairs = [arguments for name, arguments in wanted if name == each.function.name]
        if not pairs:
            continue
        best = max(pairs, key=lambda arguments: sum(given.get(key) == value for key, value in arguments.items()))
        wanted.remove((each.function.name, best))
        keys = [key for key in given.keys() & best.keys() if (each.function.name, key) in named]
        found += [fold(str(given[key])) == fold(str(best[key])) for key in keys]
    return found
