"""Answers acted out in the simulated home that their row describes, and judged by the home's states afterwards.

Three ways to answer each row: ``intents`` (the known sentences alone), ``model`` (the calls that the suite's own run got, in
one round or two), ``both`` (as served: the model answers where no known sentence does). A home is made from the
row's lines, which are those at its newest request. Its things can do what the right calls ask of them, so that nothing is
judged by what lines cannot say: which colours a lamp has, what stands on a list, which spoken timers run.
Does not cover rights and confirmations: policy stands outside of what is learned. Nor rows with tools that the home does not
have: those are judged by their calls (flows.steps.judging).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from schemas.action import Actor
from schemas.conversation import Conversation, Message, ToolCall, call
from schemas.errors import ActionError
from schemas.home_lines import NOON, inventory_of
from schemas.inventory import Entity, Inventory
from serve.actions.home import SimulatedHome
from serve.actions.intents import recognise
from serve.actions.timing import TIMING
from serve.actions.tools import TOOLS, plan

if TYPE_CHECKING:
    from flows.steps.scoring import Outcome

TIERS = ("intents", "model", "both")
LANGUAGE = "en"
_ACTOR = Actor(id="evaluation", role="admin")
_COLORS = ["color_temp", "rgb"]
_FAN_MODES = ["on", "off", "auto", "low", "medium", "high", "top", "middle", "focus", "diffuse"]
_TIMERS = frozenset(tool.name for tool in TIMING)
_START, _UNPAUSE = "HassStartTimer", "HassUnpauseTimer"
_LENGTHS = {"start_hours": "hours", "start_minutes": "minutes", "start_seconds": "seconds"}

States = Mapping[str, Entity]


@dataclass(frozen=True)
class Acted:
    """One row. ``moves``: the right calls change this home. ``acts``: they do more than read. ``known``: a known sentence
    was recognised.

    ``right``: tiers after which every state is as after the right calls. ``wrong``: tiers that left something in a state
    that it neither had before nor should have. ``doing``: tiers of which the home took a call that does more than read.
    ``served``: tiers that were right, read what the right calls read, and did nothing where nothing is to be done.
    ``asked``: tiers that held a call back until a person says yes. ``agreed``: tiers after which every state is right, once a
    person has said yes to those calls that bring what they change to where it should be.
    """

    moves: bool
    acts: bool
    known: bool
    right: frozenset[str]
    wrong: frozenset[str]
    doing: frozenset[str]
    served: frozenset[str]
    asked: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Ended:
    """What calls came to: the home's states, what was read on the way, the calls that the home took, and those held back."""

    states: States
    read: frozenset[str]
    taken: tuple[ToolCall, ...]
    held: tuple[ToolCall, ...]


@dataclass(frozen=True)
class _Call:
    """``waits``: it is done after a person's yes alone."""

    made: ToolCall
    waits: bool = False


def act(outcome: Outcome, home: Sequence[str], before: Sequence[Message] = (), sure: float = 0.0) -> Acted | None:
    """``before`` are the row's messages up to its answer. Calls of the model that do more than read and of which it is less
    than ``sure`` are held back. None where nothing can be judged by this home: its lines are no home, tools are not the home's,
    or the right calls are refused by it.
    """
    inventory = None if other_tools(outcome) else inventory_of(tuple(home))
    if inventory is None:
        return None
    try:
        start = _home_for(outcome.wanted, inventory, before)
    except ActionError:
        return None
    there = start.snapshot()
    wanted = SimulatedHome(there, _clock)
    if not all(_done(each, wanted) for each in outcome.wanted):
        return None
    # A model that is asked again, after a call of its own has failed, is past the known sentences.
    again = bool(before) and before[-1].role != "user"
    recognised = None if again else recognise(outcome.request, start, LANGUAGE, _ACTOR)
    model = _of_model(outcome, there, sure)
    known = tuple(map(_Call, recognised.calls)) if recognised else ()
    calls = {"intents": known, "model": model, "both": known if recognised else model}
    able = {"intents": recognised is not None, "model": outcome.error is None}
    able["both"] = able["intents"] or able["model"]
    first, last = _states(start), _ended(there, tuple(map(_Call, outcome.wanted)))
    right, wrong, doing, served, asked, agreed = (set[str]() for _ in range(6))
    for tier in TIERS:
        found = _ended(there, calls[tier])
        if found.held:
            asked.add(tier)
        if found.states == last.states or (found.held and _ended(there, calls[tier], last.states).states == last.states):
            agreed.add(tier)
        if found.states == last.states:
            right.add(tier)
            if able[tier] and last.read in (found.read, frozenset()) and bool(found.taken) == bool(outcome.wanted):
                served.add(tier)
        if any(not _is_reading(each) for each in found.taken):
            doing.add(tier)
        if any(found.states.get(name) not in (first.get(name), last.states.get(name)) for name in {*found.states, *first}):
            wrong.add(tier)
    return Acted(
        moves=first != last.states,
        acts=any(not _is_reading(each) for each in outcome.wanted),
        known=recognised is not None,
        right=frozenset(right),
        wrong=frozenset(wrong),
        doing=frozenset(doing),
        served=frozenset(served),
        asked=frozenset(asked),
        agreed=frozenset(agreed),
    )


def after_failure(outcome: Outcome, row: Conversation) -> Conversation | None:
    """``row`` as the model is asked again: its calls, what came of them, the home as it is then. None where no call failed."""
    inventory = None if other_tools(outcome) or outcome.error or not outcome.got else inventory_of(row.home)
    if inventory is None:
        return None
    try:
        home = _home_for(outcome.wanted, inventory, row.request())
    except ActionError:
        return None
    results, failed = [], False
    for each in outcome.got:
        try:
            made = plan(each, home, _ACTOR)
            home.apply(*made.calls, new=made.new)
            text = made.say(home)
        except ActionError as error:
            text, failed = f"Error: {error.message}. {error.hint}", True
        results.append(Message(role="tool", tool_call_id=each.id, name=each.function.name, content=text))
    if not failed:
        return None
    called = Message(role="assistant", tool_calls=outcome.got)
    return row.model_copy(update={"messages": (*row.request(), called, *results, row.answer()), "home": home.lines()})


def other_tools(outcome: Outcome) -> bool:
    """Whether the row offers tools that are not the home's: only its calls can be compared."""
    return any(tool.function.name not in TOOLS for tool in outcome.tools)


def _home_for(wanted: Sequence[ToolCall], inventory: Inventory, before: Sequence[Message]) -> SimulatedHome:
    """The home at the request, able to do what is wanted. Raises ActionError for one that cannot be simulated."""
    made = inventory.model_copy(update={"entities": tuple(_able(entity, wanted) for entity in inventory.entities)})
    home = SimulatedHome(made, _clock)
    for each in _timers_of(before):
        _done(each, home)
    for each in wanted:
        if each.function.name in _TIMERS and each.function.name != _START and not _works(each, home):
            for needed in _timer_for(each):
                _done(needed, home)
    for each in _since(before):
        _done(each, home)
    return home


def _able(entity: Entity, wanted: Sequence[ToolCall]) -> Entity:
    """``entity`` with what the right calls need and its line does not tell."""
    asked = [each.function.parsed() for each in wanted]
    more: dict[str, Any] = {}
    if entity.domain == "light":
        more["supported_color_modes"] = _COLORS
    elif entity.domain == "climate":
        more["fan_modes"] = [*_FAN_MODES, *(mode for given in asked if isinstance(mode := given.get("fan_mode"), str))]
    elif entity.domain == "todo" and entity.state.isdecimal():
        more["items"] = list(dict.fromkeys(item for given in asked if isinstance(item := given.get("item"), str)))[
            : int(entity.state)
        ]
    return entity.model_copy(update={"attributes": {**entity.attributes, **more}}) if more else entity


def _timers_of(before: Iterable[Message]) -> list[ToolCall]:
    """Calls of earlier turns that run or end timers: what a voice started is in no line of the home."""
    earlier = list(before)
    newest = max((at for at, message in enumerate(earlier) if message.role == "user"), default=0)
    return [each for message in earlier[:newest] for each in message.tool_calls if each.function.name in _TIMERS]


def _timer_for(wanted: ToolCall) -> list[ToolCall]:
    """Calls that make a timer for ``wanted`` to find, started in a turn that the row does not tell of."""
    given = wanted.function.parsed()
    length = {there: given[here] for here, there in _LENGTHS.items() if given.get(here)} or {"minutes": 10}
    named = {"name": given["name"]} if given.get("name") else {}
    started = [call(_START, {**named, **length})]
    return [*started, call("HassPauseTimer", named)] if wanted.function.name == _UNPAUSE else started


def _since(before: Sequence[Message]) -> list[ToolCall]:
    """Calls that were made for the newest request already and did not fail."""
    newest = max((at for at, message in enumerate(before) if message.role == "user"), default=len(before))
    since = before[newest + 1 :]
    failed = {message.tool_call_id for message in since if (message.content or "").startswith("Error")}
    return [each for message in since for each in message.tool_calls if each.id not in failed]


def _clock() -> datetime:
    """Time stands still: two runs end in equal states."""
    return NOON


def _of_model(outcome: Outcome, inventory: Inventory, sure: float) -> tuple[_Call, ...]:
    """What the model called: of a second round only where a person was asked nothing in the first."""
    if outcome.error:
        return ()

    def weighed(calls: Sequence[ToolCall], sureness: Sequence[float]) -> tuple[_Call, ...]:
        known = sureness or (0.0,) * len(calls)
        return tuple(_Call(made, not _is_reading(made) and own < sure) for made, own in zip(calls, known, strict=True))

    first, second = weighed(outcome.got, outcome.sure), weighed(outcome.again, outcome.again_sure)
    return first if second and _ended(inventory, first).held else (*first, *second)


def _ended(inventory: Inventory, calls: Iterable[_Call], agreed: States | None = None) -> _Ended:
    """With ``agreed``, a person says yes to what brings all that it changes to these states."""
    home, read, taken, held = SimulatedHome(inventory, _clock), set(), [], []
    for each in calls:
        if each.waits and (agreed is None or not _leads_to(each.made, home, agreed)):
            held += [each.made] if _works(each.made, home) else []
            continue
        if not _done(each.made, home):
            continue
        taken.append(each.made)
        if _is_reading(each.made):
            made = plan(each.made, home, _ACTOR)
            read |= set(made.targets) or {made.say(home)}
    return _Ended(_states(home), frozenset(read), tuple(taken), tuple(held))


def _leads_to(asked: ToolCall, home: SimulatedHome, wanted: States) -> bool:
    """Whether everything that ``asked`` changes is then as it should be."""
    after = SimulatedHome(home.snapshot(), _clock)
    if not _done(asked, after):
        return False
    before, then = _states(home), _states(after)
    return all(then.get(name) in (before.get(name), wanted.get(name)) for name in {*before, *then})


def _done(asked: ToolCall, home: SimulatedHome) -> bool:
    """As serving does one call after the other; one that the home refuses changes nothing."""
    try:
        made = plan(asked, home, _ACTOR)
        home.apply(*made.calls, new=made.new)
    except ActionError:
        return False
    return True


def _works(asked: ToolCall, home: SimulatedHome) -> bool:
    try:
        made = plan(asked, home, _ACTOR)
        home.preview(*made.calls, new=made.new)
    except ActionError:
        return False
    return True


def _is_reading(asked: ToolCall) -> bool:
    tool = TOOLS.get(asked.function.name)
    return tool is not None and tool.risk == "read"


def _states(home: SimulatedHome) -> States:
    return {entity.id: entity for entity in home.entities()}
