"""One request to the assistant, without Ray: a text in, what was done and a reply out, as events on the way.

    confirmation?  the call that waited for a person's yes is done, exactly as it was
    tier one       a frequent sentence is recognised, done and answered where the home is kept, without a model
    the model      is asked with the home as it is now; its calls go through policy and log like any other

The model is asked ``rounds`` times at most, and again only where it was trained with results of calls. With ``ask_again:
failed`` it is asked again after a call that ended in an error: it may call otherwise, or say what is wrong; the reply to calls
that went well is put together from what happened. With ``always`` it sees every result and speaks itself. Nothing that a
model says can confirm an action.
Errors are raised by whatever is asked and leave ``assist`` as they are: the API's routes turn them into replies. Once something
was done an error of the model ends the turn with what was done.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from schemas.action import ActionResult, Actor, Change, Decision, Logged
from schemas.assistant import Tiers
from schemas.conversation import Message, Tool, ToolCall
from schemas.errors import RottieError, ToolTimedOut
from schemas.events import (
    Action,
    ActionDone,
    AssistEvent,
    AssistFinished,
    CallsReady,
    Judged,
    ReplyDelta,
    ReplyReady,
    TierAnswered,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)
from schemas.inventory import Inventory
from schemas.notices import Notice
from serve.actions.speaking import NOT_UNDERSTOOD, told_of
from serve.api.faults import error_from
from serve.api.wire import Turn
from serve.engines.protocol import Sampling
from serve.talking.clauses import Clauses
from serve.turn import MalformedCall

QUESTION = "Shall I really do it?"
BROKEN_OFF = "Then I could not go on."


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Performed(_Strict):
    """A call with what came of it. ``confirmation`` is set where a person's yes is needed first."""

    call: ToolCall
    result: ActionResult
    confirmation: str | None = None


class Heard(_Strict):
    """What a recognised sentence came to. ``reply`` is None where an action was refused or failed."""

    performed: tuple[Performed, ...]
    reply: str | None
    act_ms: float


class Present(_Strict):
    """What a model is told of the home: its lines as they are now, and the tools that it has."""

    lines: tuple[str, ...]
    tools: tuple[Tool, ...]


class LiveHome(Protocol):
    """Where the home is kept. ``key`` names a call once: asked again with it, nothing is done twice. All raise RottieError."""

    async def hear(self, text: str, actor: Actor, key: str) -> Heard | None: ...

    async def do(self, call: ToolCall, actor: Actor, key: str, unsure: bool = False) -> Performed: ...

    async def confirm(self, confirmation: str, actor: Actor, key: str) -> Performed: ...

    async def present(self) -> Present: ...

    async def read(self) -> Inventory: ...

    async def status(self) -> dict[str, Any]: ...

    async def notices(self, after: int, limit: int, wait_s: float) -> tuple[Notice, ...]: ...

    async def log(self, after: int | None, limit: int, actor: str | None) -> tuple[Logged, ...]: ...

    async def load(self, inventory: Inventory) -> Inventory: ...

    async def patch(
        self, entity_id: str, state: str | None, attributes: Mapping[str, Any], actor: Actor
    ) -> tuple[Change, ...]: ...


class Turns(Protocol):
    """The part of serve.api.gateway.Turns that is needed here."""

    def stream(self, turn: Turn) -> AsyncIterator[list[TurnEvent]]: ...


@dataclass(frozen=True)
class Asked:
    """``text`` may be empty with a ``confirmation``. ``earlier`` are the messages of the same conversation, oldest first."""

    text: str
    confirmation: str | None = None
    earlier: tuple[Message, ...] = ()
    inference_id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Manner:
    """How this assistant answers: from its YAML. ``sure``: calls that change something and of which the model is less sure are
    asked about, not done; 0 for none.
    """

    model: str = "champion"
    tiers: Tiers = field(default_factory=Tiers)
    rounds: int = 1
    ask_again: Literal["failed", "always"] = "failed"
    sure: float = 0.0
    max_tokens: int = 256
    actor: Actor = field(default_factory=lambda: Actor(id="api"))
    act_s: float = 45.0
    """Seconds that the calls of one request may take together; those that are not done by then are told as such."""
    earlier: int | Literal["trained"] = "trained"
    """Turns before this one that the model gets at most, as they fit: see schemas.assistant.Conversations.turns."""


async def assist(asked: Asked, home: LiveHome, turns: Turns, manner: Manner) -> AsyncGenerator[AssistEvent, None]:
    """TierAnswered; then ReplyDelta where the model speaks and ActionDone for each call; ReplyReady; AssistFinished."""
    turn = _Turn(asked, home, turns, manner)
    async with aclosing(turn.run()) as events:
        async for event in events:
            yield event


@dataclass
class _Answered:
    """What the model said in one round."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    sure: tuple[float, ...] = ()
    reads_results: bool = False


class _Turn:
    def __init__(self, asked: Asked, home: LiveHome, turns: Turns, manner: Manner) -> None:
        self._asked, self._home, self._turns, self._manner = asked, home, turns, manner
        self._began = time.monotonic()
        self._spent: dict[str, float] = {}
        self._calls = 0

    async def run(self) -> AsyncGenerator[AssistEvent, None]:
        if self._asked.confirmation is not None:
            events = self._confirmed(self._asked.confirmation)
        elif (heard := await self._hear()) is not None:
            events = self._told(heard)
        elif self._manner.tiers.model:
            events = self._model()
        else:
            events = self._nobody()
        async with aclosing(events):
            async for event in events:
                yield event
        total = self._ms_since(self._began)
        yield AssistFinished(**self._stamp(), timings_ms={**_rounded(self._spent), **_rounded({"total": total})})

    async def _confirmed(self, confirmation: str) -> AsyncGenerator[AssistEvent, None]:
        began = time.monotonic()
        done = await self._home.confirm(confirmation, self._manner.actor, self._key())
        self._spend("act", began)
        yield TierAnswered(**self._stamp(), tier="confirmation")
        yield self._done(done)
        yield self._reply(spoken([done]))

    async def _hear(self) -> Heard | None:
        if not self._manner.tiers.intents:
            return None
        began = time.monotonic()
        heard = await self._home.hear(self._asked.text, self._manner.actor, self._key())
        self._spend("intents", began)
        if heard is not None:
            self._spent["intents"] -= heard.act_ms
            self._spent["act"] = heard.act_ms
        return heard

    async def _told(self, heard: Heard) -> AsyncGenerator[AssistEvent, None]:
        yield TierAnswered(**self._stamp(), tier="intents")
        for done in heard.performed:
            yield self._done(done)
        yield self._reply(heard.reply or spoken(heard.performed))

    async def _nobody(self) -> AsyncGenerator[AssistEvent, None]:
        yield TierAnswered(**self._stamp(), tier="none")
        yield self._reply(NOT_UNDERSTOOD)

    async def _model(self) -> AsyncGenerator[AssistEvent, None]:
        messages = [*self._asked.earlier, Message(role="user", content=self._asked.text)]
        performed: list[Performed] = []
        for left in reversed(range(self._manner.rounds)):
            answer, before = _Answered(), self._said_already(performed)
            try:
                async with aclosing(self._ask(messages, answer, before, first=not performed)) as events:
                    async for event in events:
                        yield event
            except RottieError:
                if not performed:
                    raise
                yield self._reply(_broken_off(before, answer.text.strip(), performed))
                return
            if not answer.calls:
                words = f"{before}{answer.text.strip()}" if answer.text.strip() else spoken(performed)
                yield self._reply(words or NOT_UNDERSTOOD)
                return
            now = []
            for call, sure in zip(answer.calls, answer.sure or (0.0,) * len(answer.calls), strict=True):
                now.append(await self._do(call, unsure=sure < self._manner.sure))
                yield self._done(now[-1])
            performed = [*_untold(performed, now), *now]
            if not left or not self._asks_again(answer, now):
                break
            messages += _results(answer.calls, now)
        yield self._reply(spoken(performed))

    def _asks_again(self, answer: _Answered, now: Sequence[Performed]) -> bool:
        if not answer.reads_results or any(done.confirmation for done in now):
            return False
        return self._manner.ask_again == "always" or any(done.result.error for done in now)

    def _said_already(self, performed: Sequence[Performed]) -> str:
        """What is told before the model's own words, which are about the failure alone."""
        done = [] if self._manner.ask_again == "always" else [one for one in performed if one.result.ok]
        return f"{spoken(done)} " if done else ""

    async def _ask(
        self, messages: list[Message], answer: _Answered, before: str, first: bool
    ) -> AsyncGenerator[AssistEvent, None]:
        """One round with the model: what it says as it says it, after ``before``; its text and calls into ``answer``."""
        began, clauses = time.monotonic(), Clauses(self._manner.actor.language)
        present = await self._home.present()
        async with aclosing(_each(self._turns.stream(turn_of(messages, present, self._manner)))) as events:
            async for event in events:
                if isinstance(event, TurnStarted):
                    answer.reads_results = event.reads_results
                    if first:
                        yield TierAnswered(**self._stamp(), tier="model", model=event.model)
                elif isinstance(event, ReplyDelta):
                    self._reached("first_token", began)
                    if "first_clause" not in self._spent and clauses.add(event.text):
                        self._reached("first_clause", began)
                    yield ReplyDelta(**self._stamp(), text=event.text if answer.text else before + event.text)
                    answer.text += event.text
                elif isinstance(event, CallsReady):
                    self._reached("first_token", began)
                    answer.calls, answer.sure = event.calls, event.sure
                elif isinstance(event, TurnFailed) and event.error.get("code") != MalformedCall.code:
                    # A model that cannot put a call together has not understood; that is no fault of the one who asked.
                    raise error_from(event.error)
        if answer.text.strip():
            self._reached("first_clause", began)
        self._spend("model", began)

    async def _do(self, call: ToolCall, unsure: bool) -> Performed:
        began = time.monotonic()
        key, left_s = self._key(), self._manner.act_s - self._spent.get("act", 0.0) / 1000
        try:
            async with asyncio.timeout(max(left_s, 0.0)):
                return await self._home.do(call, self._manner.actor, key, unsure)
        except TimeoutError:
            return _undone(call, key, ToolTimedOut(f"{call.function.name} is not done yet", where=call.function.name))
        except RottieError as error:
            # What was done before it stays done and is told; the turn goes on.
            return _undone(call, key, error)
        finally:
            self._spend("act", began)

    def _key(self) -> str:
        self._calls += 1
        return f"{self._asked.inference_id}:{self._calls}"

    def _done(self, done: Performed) -> ActionDone:
        return ActionDone(**self._stamp(), action=action_of(done))

    def _reply(self, text: str) -> ReplyReady:
        return ReplyReady(**self._stamp(), text=text)

    def _stamp(self) -> dict[str, Any]:
        return {"inference_id": self._asked.inference_id, "at_ms": self._ms_since(self._began)}

    def _spend(self, stage: str, began: float) -> None:
        self._spent[stage] = self._spent.get(stage, 0.0) + self._ms_since(began)

    def _reached(self, mark: str, began: float) -> None:
        """The first time counts."""
        self._spent.setdefault(mark, self._ms_since(began))

    @staticmethod
    def _ms_since(began: float) -> float:
        return (time.monotonic() - began) * 1000


def turn_of(messages: Sequence[Message], present: Present, manner: Manner) -> Turn:
    """What the model is asked."""
    return Turn(
        model=manner.model,
        messages=tuple(messages),
        sampling=Sampling(max_tokens=manner.max_tokens),
        home_now=present.lines,
        home_tools=present.tools,
        earlier=manner.earlier,
        sure=manner.sure,
        language=manner.actor.language,
    )


def _undone(call: ToolCall, key: str, error: RottieError) -> Performed:
    text = f"Error: {error.message}. {error.hint}"
    return Performed(call=call, result=ActionResult(action_id=key, tool=call.function.name, text=text, error=error.as_dict()))


def action_of(done: Performed) -> Action:
    return Action(
        name=done.call.function.name,
        arguments=done.call.function.parsed(),
        text=done.result.text,
        source=done.result.source,
        changes=done.result.changes,
        error=done.result.error,
        decision=_judged(done.result.decision),
        confirmation_needed=done.confirmation,
    )


def _judged(decision: Decision | None) -> Judged | None:
    """Without the confirmation, which is a key to the call and is told apart."""
    return decision and Judged(verdict=decision.verdict, risk=decision.risk, reason=decision.reason)


def spoken(performed: Sequence[Performed]) -> str:
    """A reply put together from what came of the calls: plain, and never more than what happened."""
    return " ".join(dict.fromkeys(_spoken(done) for done in performed))


def _spoken(done: Performed) -> str:
    return told_of(done.result) if done.confirmation is None else done.result.spoken or QUESTION


def _broken_off(before: str, said: str, performed: Sequence[Performed]) -> str:
    """What is told where the model fails after something was done: never less than that. It begins with what was ``said``."""
    done = spoken(performed) if not (said and before) else ""
    return " ".join(part for part in (f"{before}{said}" if said else "", done, BROKEN_OFF) if part)


def _untold(before: Sequence[Performed], now: Sequence[Performed]) -> list[Performed]:
    """``before`` without its failures where as many calls went well since: these were tried again."""
    failed = sum(done.result.error is not None for done in before)
    made_good = sum(done.result.ok for done in now) >= failed
    return [done for done in before if done.result.ok or not made_good]


def _results(calls: tuple[ToolCall, ...], performed: Sequence[Performed]) -> list[Message]:
    """The calls and their results as the model reads them in its next round."""
    results = [
        Message(role="tool", tool_call_id=call.id, name=call.function.name, content=done.result.for_model)
        for call, done in zip(calls, performed, strict=True)
    ]
    return [Message(role="assistant", tool_calls=calls), *results]


async def _each(bundles: AsyncIterator[list[TurnEvent]]) -> AsyncGenerator[TurnEvent, None]:
    """The events of ``bundles`` one by one; closing it closes them."""
    try:
        async for bundle in bundles:
            for event in bundle:
                yield event
    finally:
        if (close := getattr(bundles, "aclose", None)) is not None:
            await close()


def _rounded(spent: dict[str, float]) -> dict[str, float]:
    return {stage: round(ms, 3) for stage, ms in spent.items()}
