"""From a tool call to its result: plan, preview, policy, log, act, log.

The home's own tools change the home one after the other. Tools of others (serve/actions/providers.py) run beside them,
under the same policy and into the same log.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from schemas.action import ActionResult, Actor, Change, Decision
from schemas.conversation import Tool, ToolCall
from schemas.errors import (
    ActionError,
    ActionLogUnusable,
    ConfirmationNeeded,
    Denied,
    Interrupted,
    KeyReused,
    ToolFailed,
    TooOften,
    Unsure,
)
from schemas.hashing import canonical
from serve.actions.actionlog import ActionLog, Entry
from serve.actions.home import SimulatedHome
from serve.actions.matching import area_of
from serve.actions.planning import Plan
from serve.actions.policy import Asked, Policy, risk_of
from serve.actions.providers import Borrowed, Borrowing, Lent, Output, Provider
from serve.actions.questioning import question
from serve.actions.speaking import outcome
from serve.actions.tools import TOOLS, find_tool, offered, plan

_REFUSALS = {"action.denied": Denied, "action.rate": TooOften, "action.confirm": ConfirmationNeeded, "action.unsure": Unsure}


class Actions:
    """The one way to act. Calls of the home run one after the other, so that what was judged is what is done."""

    def __init__(self, home: SimulatedHome, policy: Policy, log: ActionLog, providers: Sequence[Provider] = ()) -> None:
        self.home = home
        self.policy = policy
        self.log = log
        self.borrowing = Borrowing(providers, reserved=TOOLS)
        self.tell: Callable[[Actor, ActionResult], None] = lambda actor, result: None
        self.keep: Callable[[], Awaitable[None]] = _kept_by_nobody
        self._turn = asyncio.Lock()

    def tools(self) -> tuple[Tool, ...]:
        """What a model is offered in this home as it is now: the home's own tools first, then those of others."""
        return (*offered(self.home), *self.borrowing.offered())

    async def run(
        self,
        call: ToolCall,
        actor: Actor,
        idempotency_key: str | None = None,
        confirmation: str | None = None,
        unsure: bool = False,
    ) -> ActionResult:
        """The result, refusals and errors included: their text tells a model what to do.

        ``idempotency_key``: a second call of this actor with the same key changes nothing and gets the first one's result.
        ``confirmation``: what a Decision handed out, sent back by a person's yes; never from a model. ``unsure``: the model that
        made the call was not sure of it.
        Raises ActionLogUnusable alone: nothing is done that cannot be written down.
        """
        # Whoever asked may leave; what has begun is still brought to its end, and written down.
        borrowed = self.borrowing.find(call.function.name)
        if borrowed is None:
            running = self._in_turn(call, actor, idempotency_key, confirmation, unsure)
        else:
            running = self._borrow(borrowed, call, actor, idempotency_key, confirmation, unsure)
        return await asyncio.shield(asyncio.ensure_future(running))

    async def _in_turn(
        self, call: ToolCall, actor: Actor, key: str | None, confirmation: str | None, unsure: bool
    ) -> ActionResult:
        async with self._turn:
            return await self._run(call, actor, key, confirmation, unsure)

    async def _run(self, call: ToolCall, actor: Actor, key: str | None, confirmation: str | None, unsure: bool) -> ActionResult:
        arguments = call.function.parsed()
        entry = Entry(uuid.uuid4().hex, actor, call.function.name, arguments, self.home.now(), key)
        try:
            if key is not None and (earlier := await self._replay(entry, key)) is not None:
                return earlier
            self.home.check()
            made = plan(call, self.home, actor)
            changes = self.home.preview(*made.calls, new=made.new)
        except ActionLogUnusable:
            raise
        except ActionError as error:
            return await self._unusable(entry, error)
        decision = self.policy.judge(replace(self._asked(entry, made, changes), unsure=unsure), confirmation)
        entry = replace(entry, decision=decision)
        if decision.verdict != "allowed":
            return await self._refused(entry, decision, made)
        if not made.calls and made.new is None:
            return await self._ended(entry, "done", self._result(entry, made, ()))
        return await self._act(entry, made)

    async def _act(self, entry: Entry, made: Plan) -> ActionResult:
        try:
            await asyncio.to_thread(self.log.begin, entry)
        except Interrupted as error:
            return _failed(entry, error)
        try:
            changes = await self.home.perform(*made.calls, new=made.new)
        except ActionError as error:
            return await self._ended(entry, "failed", _failed(entry, error))
        # Kept before it is called done: a process that dies in between leaves a call of which nobody knows, not one that is
        # called done and lost.
        await self.keep()
        return await self._ended(entry, "done", self._result(entry, made, changes))

    async def _borrow(
        self,
        borrowed: Borrowed,
        call: ToolCall,
        actor: Actor,
        key: str | None,
        confirmation: str | None,
        unsure: bool,
    ) -> ActionResult:
        arguments, lent = call.function.parsed(), borrowed.lent
        entry = Entry(uuid.uuid4().hex, actor, lent.name, arguments, self.home.now(), key)
        try:
            if key is not None and (earlier := await self._replay(entry, key)) is not None:
                return earlier
            borrowed.check(arguments)
        except ActionLogUnusable:
            raise
        except ActionError as error:
            return await self._unusable(entry, error)
        risk = "irreversible" if lent.name in self.policy.rules.irreversible else lent.risk
        asked = Asked(*(actor, lent.name, arguments, risk), roles=lent.roles, per_minute=lent.per_minute, means=borrowed.meaning)
        decision = self.policy.judge(replace(asked, unsure=unsure), confirmation)
        entry = replace(entry, decision=decision)
        if decision.verdict != "allowed":
            return await self._refused(entry, decision)
        try:
            await borrowed.enter()
        except ActionError as error:
            return await self._ended(entry, "failed", _failed(entry, error))
        try:
            return await self._lend(borrowed, entry)
        finally:
            borrowed.leave()

    async def _lend(self, borrowed: Borrowed, entry: Entry) -> ActionResult:
        if entry.decision is None or entry.decision.risk != "read":
            try:
                await asyncio.to_thread(self.log.begin, entry)
            except Interrupted as error:
                return _failed(entry, error)
        try:
            output = await borrowed.run(Lent(entry.tool, entry.arguments, entry.actor, entry.action_id, entry.key))
        except ActionError as error:
            return await self._ended(entry, "failed", _failed(entry, error))
        return await self._ended(entry, "failed" if output.failed else "done", _told(entry, output, borrowed.source))

    async def _refused(self, entry: Entry, decision: Decision, made: Plan | None = None) -> ActionResult:
        refused = _failed(entry, _REFUSALS[decision.code](decision.reason, where=entry.tool))
        if decision.verdict == "confirm":
            refused = refused.model_copy(update={"spoken": self._question(entry, made)})
        return await self._ended(entry, "refused", refused)

    def _question(self, entry: Entry, made: Plan | None) -> str:
        final = entry.decision is not None and entry.decision.risk == "irreversible"
        there = {entity.id: entity for entity in self.home.entities()}
        return question(made, there, entry.tool, entry.actor.language, arguments=entry.arguments, final=final)

    async def _unusable(self, entry: Entry, error: ActionError) -> ActionResult:
        """A call that cannot even be judged. It counts too: nobody may fill the log with such calls."""
        counted = self.policy.judge(Asked(entry.actor, entry.tool, entry.arguments, "read"))
        told = TooOften(counted.reason, where=entry.tool) if counted.code == "action.rate" else error
        return await self._ended(entry, "failed", _failed(entry, told))

    async def _ended(self, entry: Entry, phase: str, result: ActionResult) -> ActionResult:
        await asyncio.to_thread(self.log.end, entry, result, phase)
        self.tell(entry.actor, result)
        return result

    async def _replay(self, entry: Entry, key: str) -> ActionResult | None:
        earlier = await asyncio.to_thread(self.log.recorded, entry.actor.id, key)
        if earlier is None:
            return None
        begun, end = earlier
        if (begun.tool, canonical(begun.arguments)) != (entry.tool, canonical(entry.arguments)):
            raise KeyReused("this idempotency key stood for another call", where="idempotency_key")
        if end is None or end.result is None:
            raise Interrupted("this call began before and never ended", where="idempotency_key")
        before, after = end.before or {}, end.after or {}
        changes = [{"entity_id": name, "before": before[name], "after": after[name]} for name in before]
        known: dict[str, Any] = {**end.result, "changes": changes, "decision": begun.decision, "replayed": True}
        return ActionResult.model_validate({**known, "action_id": begun.action_id, "tool": begun.tool})

    def _asked(self, entry: Entry, made: Plan, changes: tuple[Change, ...]) -> Asked:
        risk = risk_of(self.policy.rules, find_tool(entry.tool).risk, made.calls, changes)
        there = {entity.id: entity for entity in self.home.entities()}
        touched = {*(call.entity_id for call in made.calls), *(change.entity_id for change in changes)}
        fresh = made.new.id if made.new else None
        areas = frozenset(
            area_of(self.home, there[name]) if name in there else entry.actor.area if name == fresh else None for name in touched
        )
        return Asked(entry.actor, entry.tool, entry.arguments, risk, made.calls, changes, areas)

    def _result(self, entry: Entry, made: Plan, changes: tuple[Change, ...]) -> ActionResult:
        return ActionResult(
            action_id=entry.action_id,
            tool=entry.tool,
            text=self._said(made, changes),
            spoken=self._spoken(made, changes, entry.actor.language),
            changes=changes,
            decision=entry.decision,
            variables={"targets": list(made.targets), **json.loads(canonical(made.facts))},
        )

    def _said(self, made: Plan, changes: tuple[Change, ...]) -> str:
        text, warning = made.say(self.home), self._warning(made, changes)
        return f"{warning}\n{text}" if warning else text

    def _spoken(self, made: Plan, changes: tuple[Change, ...], language: str) -> str | None:
        there = {entity.id: entity for entity in self.home.entities()}
        areas = {area.id: area.name for area in self.home.areas}
        text, warning = outcome(made, there, areas, self.home.now(), language), self._warning(made, changes)
        return f"{warning} {text}" if text and warning else text

    def _warning(self, made: Plan, changes: tuple[Change, ...]) -> str | None:
        return self.home.warning() if made.targets and not changes else None


async def _kept_by_nobody() -> None:
    """For a home that is not kept."""


def _failed(entry: Entry, error: ActionError) -> ActionResult:
    """A model reads what went wrong and what to do; the confirmation itself is not for it."""
    text = f"Error: {error.message}. {error.hint}"
    decision: Decision | None = entry.decision
    return ActionResult(
        action_id=entry.action_id,
        tool=entry.tool,
        text=text,
        changes=error.changes,
        decision=decision,
        error=error.as_dict(),
    )


def _told(entry: Entry, output: Output, source: str | None) -> ActionResult:
    """What a tool of others answered, as its own words."""
    error = ToolFailed(f"{entry.tool} says that it did not work", where=entry.tool).as_dict() if output.failed else None
    return ActionResult(
        action_id=entry.action_id,
        tool=entry.tool,
        text=output.text or ("Error." if output.failed else "Done."),
        decision=entry.decision,
        variables={} if output.structured is None else {"structured": output.structured},
        error=error,
        source=source,
    )
