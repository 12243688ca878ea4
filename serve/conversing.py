"""A request within its conversation: earlier turns are given to the model, and what came of this one is kept.

Requests in one conversation are answered one after the other, in the order in which they came; more than ``MOST_WAITING`` are
refused. That holds in one gateway: two gateways answer at once, do not see each other's turn, and both turns are kept.
A call that waits because the model was not sure is done when what is said next in its conversation is a plain yes, and
forgotten after a plain no; what cannot be taken back needs its confirmation all the same.
A turn that was cancelled or failed is kept with what it had done or said until then; one that came to nothing is not.
Words never reach a log. A database that cannot be used costs the memory of a turn, not its reply.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.assistant import Conversations as Bounds
from schemas.conversation import Message
from schemas.errors import ConversationBusy, ConversationMissing, ConversationsUnusable, Unsure
from schemas.events import Action, ActionDone, AssistEvent, AssistFinished, ReplyDelta, ReplyReady, Tier, TierAnswered
from serve.actions.consent import consent
from serve.assisting import Asked, LiveHome, Manner, Turns, assist
from serve.conversations import Conversations, KeptTurn

log = logging.getLogger("rottie.serve")
MOST_WAITING = 8  # in one conversation
MOST_RECALLED = 100  # turns; the model's context ends before
RECALLED_BYTES = 131_072
SWEEP_S = 3600
MOST_ASKED = 1000  # conversations whose last reply asked for a yes
LEFT_UNDONE = "All right, I leave it."


@dataclass(frozen=True)
class Said:
    """``conversation`` None begins one; so does, with ``begin``, the id of one that is not there.

    Without ``store`` nothing of this request is kept, and none is begun.
    """

    asked: Asked
    conversation: str | None = None
    store: bool = True
    begin: bool = False


@dataclass
class _Came:
    """What came of a turn so far."""

    tier: Tier = "none"
    model: str | None = None
    actions: list[Action] = field(default_factory=list)
    deltas: str = ""
    reply: str = ""
    waiting: list[tuple[str, bool]] = field(default_factory=list)  # confirmations, and whether a plain yes is one

    def note(self, event: AssistEvent) -> None:
        if isinstance(event, TierAnswered):
            self.tier, self.model = event.tier, event.model
        elif isinstance(event, ActionDone):
            # A confirmation is a key to an action: it is for the one who asked.
            if event.action.confirmation_needed is not None:
                unsure = (event.action.error or {}).get("code") == Unsure.code
                self.waiting.append((event.action.confirmation_needed, unsure))
            self.actions.append(event.action.model_copy(update={"confirmation_needed": None}))
        elif isinstance(event, ReplyDelta):
            self.deltas += event.text
        elif isinstance(event, ReplyReady):
            self.reply = event.text

    @property
    def something(self) -> bool:
        return bool(self.actions or self.deltas or self.reply)


class Talks:
    """The conversations of one gateway: who may speak now, what was said before, and keeping it."""

    def __init__(self, store: Conversations) -> None:
        self.store = store
        self.bounds = Bounds()
        self._turns: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}
        self._keeping: set[asyncio.Task[Any]] = set()
        self._swept = float("-inf")
        self._open: OrderedDict[str, str] = OrderedDict()  # what a plain yes would confirm, by conversation

    async def converse(self, said: Said, home: LiveHome, turns: Turns, manner: Manner) -> AsyncGenerator[AssistEvent, None]:
        """The events of ``assist``; AssistFinished names the conversation, where the turn is kept by then.

        Raises ConversationMissing, ConversationBusy and ConversationsUnusable before the first event, and what assist raises.
        """
        async with self._alone(said.conversation):
            earlier = await self.recall(said, manner)
            asked = replace(said.asked, earlier=earlier)
            came, ended = _Came(), False
            try:
                async with aclosing(self._answered(asked, said.conversation, home, turns, manner)) as events:
                    async for event in events:
                        came.note(event)
                        if isinstance(event, AssistFinished):
                            ended = True
                            kept = await self._keep(said, manner, came)
                            self._await_yes(kept, came.waiting)
                            event = event.model_copy(update={"conversation_id": kept})
                        yield event
            finally:
                if not ended and came.something:
                    await self._keep(said, manner, came, complete=False)

    def _answered(
        self, asked: Asked, conversation: str | None, home: LiveHome, turns: Turns, manner: Manner
    ) -> AsyncGenerator[AssistEvent, None]:
        waits = self._open.pop(conversation, None) if conversation is not None else None
        if waits is not None and asked.confirmation is None:
            answer = consent(asked.text, manner.actor.language)
            if answer is False:
                return _left_undone(asked)
            if answer:
                asked = replace(asked, confirmation=waits)
        return assist(asked, home, turns, manner)

    def _await_yes(self, conversation: str | None, waiting: list[tuple[str, bool]]) -> None:
        """Of several questions in one reply, none is answered by one word."""
        if conversation is not None and len(waiting) == 1 and waiting[0][1]:
            self._open[conversation] = waiting[0][0]
            if len(self._open) > MOST_ASKED:
                self._open.popitem(last=False)

    async def trim(self, conversation: str, manner: Manner, inference_id: str, heard: str) -> None:
        """Remember of a reply only what was heard. A turn that is still being kept is waited for."""
        while self._keeping:
            await asyncio.gather(*tuple(self._keeping), return_exceptions=True)
        try:
            await asyncio.to_thread(self.store.trim, manner.actor.id, conversation, inference_id, heard)
        except ConversationsUnusable as error:
            log.error("%s", error)

    async def sweep(self) -> None:
        """Now and then, delete what has rested for too long."""
        if time.monotonic() - self._swept < SWEEP_S:
            return
        self._swept = time.monotonic()
        try:
            await asyncio.to_thread(self.store.sweep, self.bounds)
        except ConversationsUnusable as error:
            log.error("%s", error)

    async def close(self) -> None:
        """Bring to an end what is being written."""
        while self._keeping:
            await asyncio.gather(*tuple(self._keeping), return_exceptions=True)
        await asyncio.to_thread(self.store.close)

    @asynccontextmanager
    async def _alone(self, conversation: str | None) -> AsyncIterator[None]:
        if conversation is None:
            yield
            return
        if self._waiting.get(conversation, 0) > MOST_WAITING:
            raise ConversationBusy("too many requests wait in this conversation", where="conversation_id")
        self._waiting[conversation] = self._waiting.get(conversation, 0) + 1
        try:
            async with self._turns.setdefault(conversation, asyncio.Lock()):
                yield
        finally:
            self._waiting[conversation] -= 1
            if not self._waiting[conversation]:
                del self._waiting[conversation], self._turns[conversation]

    async def recall(self, said: Said, manner: Manner) -> tuple[Message, ...]:
        """What the model gets of earlier turns. Raises ConversationMissing, ConversationsUnusable."""
        if said.conversation is None:
            return ()
        owner = manner.actor.id
        most = MOST_RECALLED if manner.earlier == "trained" else min(MOST_RECALLED, manner.earlier)
        try:
            recent = await asyncio.to_thread(self.store.recent, owner, said.conversation, most, RECALLED_BYTES)
        except ConversationMissing:
            if not said.begin:
                raise
            return ()
        return tuple(message for turn in recent for message in turn.messages())

    async def _keep(self, said: Said, manner: Manner, came: _Came, complete: bool = True) -> str | None:
        """The conversation that keeps the turn now, or None. What has begun is brought to its end though the caller leaves."""
        if not (said.store and self.bounds.keep):
            return said.conversation
        turn = KeptTurn(
            inference_id=said.asked.inference_id,
            at=self.store.now(),
            text=said.asked.text,
            tier=came.tier,
            model=came.model,
            actions=tuple(came.actions),
            reply=came.reply or came.deltas.strip(),
            complete=complete,
        )
        writing = asyncio.ensure_future(
            asyncio.to_thread(self.store.append, manner.actor.id, said.conversation, turn, self.bounds, said.begin)
        )
        self._keeping.add(writing)
        writing.add_done_callback(self._kept)
        try:
            return await asyncio.shield(writing)
        except (ConversationMissing, ConversationsUnusable):
            return None

    def _kept(self, writing: asyncio.Task[Any]) -> None:
        self._keeping.discard(writing)
        if not writing.cancelled() and (error := writing.exception()) is not None:
            # A RottieError of the store quotes nobody; of others the kind must do.
            told = str(error) if isinstance(error, ConversationMissing | ConversationsUnusable) else type(error).__name__
            log.error("a turn could not be kept: %s", told)


async def _left_undone(asked: Asked) -> AsyncGenerator[AssistEvent, None]:
    stamp: dict[str, Any] = {"inference_id": asked.inference_id, "at_ms": 0}
    yield TierAnswered(**stamp, tier="confirmation")
    yield ReplyReady(**stamp, text=LEFT_UNDONE)
    yield AssistFinished(**stamp, timings_ms={"total": 0.0})
