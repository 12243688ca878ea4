"""Who may do what: decided outside the model, by who asks and by what would really change, never by any text.

What a model was not sure of is held back until a person says yes; that it is sure allows nothing.

``decide`` is a pure function of the rules and the facts. ``Policy`` keeps the two things that have a past: how often each
one asked, and which confirmations are out.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.action import Actor, Change, Decision, EntityState, Risk, Role, ServiceCall, Verdict
from schemas.hashing import canonical
from schemas.policy import Grant, Rules
from serve.actions.home import system_clock

DOORS = frozenset({"garage", "door", "gate"})  # covers whose opening lets someone in
MOST_PENDING = 1000
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Asked:
    """One call with what it would do. ``areas`` are those of everything it touches. ``unsure``: so was the model that asks.

    Of a tool that is not the home's own: ``roles`` that may use it (None: all), calls ``per_minute`` of all together, and
    what it ``means`` by its declaration.
    """

    actor: Actor
    tool: str
    arguments: dict[str, Any]
    risk: Risk
    calls: tuple[ServiceCall, ...] = ()
    changes: tuple[Change, ...] = ()
    areas: frozenset[str | None] = frozenset()
    roles: frozenset[Role] | None = None
    per_minute: int | None = None
    means: str | None = None
    unsure: bool = False

    @property
    def touched(self) -> frozenset[str]:
        return frozenset({*(call.entity_id for call in self.calls), *(change.entity_id for change in self.changes)})

    @property
    def digest(self) -> str:
        """Of who asks, the exact arguments, and what they mean just now."""
        calls = [(call.service, call.entity_id, call.data) for call in self.calls]
        text = canonical([self.actor.id, self.tool, self.arguments, calls, self.means])
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def risk_of(rules: Rules, base: Risk, calls: tuple[ServiceCall, ...], changes: tuple[Change, ...]) -> Risk:
    """By what would change, so that a scene or a script that unlocks is as risky as unlocking."""
    if any(_irreversible(change) for change in changes):
        return "irreversible"
    named = {*(call.entity_id for call in calls), *(change.entity_id for change in changes)}
    return "irreversible" if named & rules.irreversible else ("write" if changes else base)


def _irreversible(change: Change) -> bool:
    domain = change.entity_id.partition(".")[0]
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    if domain == "lock":
        return before.state != after.state and after.state in ("unlocked", "open", "unlocking", "opening")
    if domain == "cover" and after.attributes.get("device_class") in DOORS:
        return _opening(before, after)
    return False


def _opening(before: EntityState, after: EntityState) -> bool:
    """Whether a cover would be open further than it is: one that is ajar lets nobody in."""
    was, will = (each.attributes.get("current_position") for each in (before, after))
    if was is not None and will is not None and was != will:
        return bool(will > was)
    return before.state != after.state and after.state in ("open", "opening")


def decide(rules: Rules, asked: Asked, recent: int, confirmed: bool) -> Decision:
    """``recent`` calls were made by this actor in the last minute; ``confirmed``: a person said yes to this digest."""
    grant = rules.roles.get(asked.actor.role, Grant(risks=frozenset()))

    def said(verdict: Verdict, code: str, reason: str) -> Decision:
        return Decision(verdict=verdict, risk=asked.risk, reason=reason, code=code, digest=asked.digest)

    if recent >= grant.per_minute:
        return said("denied", "action.rate", f"more than {grant.per_minute} calls in a minute")
    if problem := _refusal(rules, grant, asked):
        return said("denied", "action.denied", problem)
    if asked.risk == "irreversible" and not confirmed and asked.actor.role not in rules.unconfirmed:
        return said("confirm", "action.confirm", f"{asked.tool} here cannot be taken back; a person must say yes to it")
    if asked.unsure and asked.risk != "read" and not confirmed:
        return said("confirm", "action.unsure", f"the model was not sure of {asked.tool} here; a person must say yes to it")
    return said("allowed", "ok", "confirmed by a person" if confirmed else f"{asked.actor.role} may {asked.risk}")


def _refusal(rules: Rules, grant: Grant, asked: Asked) -> str | None:
    role = asked.actor.role
    if asked.risk not in grant.risks:
        return f"{role} may not do what is {asked.risk}"
    if asked.tool in grant.denied_tools or (asked.roles is not None and role not in asked.roles):
        return f"{role} may not use {asked.tool}"
    domains = {entity_id.partition(".")[0] for entity_id in asked.touched}
    if denied := domains & grant.denied_domains:
        return f"{role} may not act on {min(denied)}"
    if grant.areas is not None and asked.touched and not asked.areas <= grant.areas:
        return f"{role} may act in {', '.join(sorted(grant.areas)) or 'no area'} only"
    if len(asked.touched) > rules.entities:
        return f"one call may act on {rules.entities} things, not {len(asked.touched)}"
    for key, bounds in grant.bounds.items():
        tool, _, argument = key.partition(".")
        value = asked.arguments.get(argument) if tool == asked.tool else None
        if isinstance(value, int | float) and not bounds.low <= value <= bounds.high:
            return f"{role} may set {argument} from {bounds.low:g} to {bounds.high:g}, not {value:g}"
    return None


def _of_tool(asked: Asked) -> str:
    return f"\0{asked.tool}"  # no actor is called like this: ids come from doors


@dataclass(frozen=True)
class _Pending:
    actor: str
    digest: str
    until: datetime


class Policy:
    """Not thread-safe: one Actions asks it, one call after the other."""

    def __init__(self, rules: Rules | None = None, clock: Callable[[], datetime] = system_clock) -> None:
        self.rules = rules or Rules()
        self._clock = clock
        self._calls: dict[str, deque[datetime]] = {}
        self._pending: dict[str, _Pending] = {}

    def judge(self, asked: Asked, confirmation: str | None = None) -> Decision:
        """Counts the call, uses up the confirmation, and hands out a new one where one is needed."""
        recent = self._recent(asked.actor.id)
        too_many = asked.per_minute is not None and self._recent(_of_tool(asked)) >= asked.per_minute
        confirmed = not too_many and confirmation is not None and self._take(confirmation, asked)
        decision = decide(self.rules, asked, recent, confirmed)
        if too_many and decision.verdict != "denied":
            reason = f"more than {asked.per_minute} calls of {asked.tool} in a minute"
            decision = decision.model_copy(update={"verdict": "denied", "code": "action.rate", "reason": reason})
        if decision.code != "action.rate":
            self._count(asked.actor.id)
        if decision.verdict == "allowed" and asked.per_minute is not None:
            self._count(_of_tool(asked))
        if decision.verdict != "confirm":
            return decision
        return decision.model_copy(update={"confirmation": self._issue(asked)})

    def _count(self, actor: str) -> None:
        self._calls.setdefault(actor, deque()).append(self._clock())

    def _recent(self, actor: str) -> int:
        now = self._clock()
        if len(self._calls) > MOST_PENDING:
            self._calls = {who: calls for who, calls in self._calls.items() if calls and now - calls[-1] < MINUTE}
        calls = self._calls.setdefault(actor, deque())
        while calls and now - calls[0] >= MINUTE:
            calls.popleft()
        return len(calls)

    def _issue(self, asked: Asked) -> str:
        now = self._clock()
        self._pending = {token: known for token, known in self._pending.items() if known.until > now}
        while len(self._pending) >= MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        token = secrets.token_urlsafe(16)
        until = now + timedelta(seconds=self.rules.confirmation_s)
        self._pending[token] = _Pending(asked.actor.id, asked.digest, until)
        return token

    def _take(self, token: str, asked: Asked) -> bool:
        """A confirmation is good once, in time, for the one who asked and for exactly what was asked."""
        known = self._pending.get(token)
        if known is None or (known.actor, known.digest) != (asked.actor.id, asked.digest):
            return False
        del self._pending[token]
        return known.until > self._clock()
