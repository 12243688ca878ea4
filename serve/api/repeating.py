"""Requests that name themselves by an idempotency key: answered once, told as often as they are asked.

A client that hears nothing in time asks again with the same key and gets the first turn: what came of it so far, then the rest
as it comes. So such a turn is brought to its end though its client left. It is kept for ``KEPT_S`` after its end, a failure as
well, since what failed late may have acted; only what failed before anything could be done frees its key. In this process's
memory alone, and bounded: where there is no more room the oldest give way.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field

from schemas.errors import (
    Cancelled,
    ConversationsUnusable,
    KeyReused,
    NoChampion,
    Overloaded,
    RequestError,
    RottieError,
    SpeechDown,
)
from schemas.events import ActionDone, AssistEvent
from serve.api.bodies import close_all
from serve.api.faults import note

KEPT_S = 600.0
MOST, MOST_RUNNING = 1000, 64  # turns
MOST_BYTES = 32 * 2**20  # of events that have come
_NOTHING_BEGAN = (RequestError, Overloaded, NoChampion, SpeechDown, ConversationsUnusable)

TOLD = "Names this request: asked again with the same key within ten minutes of its end, it is not done again but told again."
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$", description=TOLD)]


@dataclass(frozen=True)
class Once:
    """``digest`` names what is asked for, so that a key does not stand for two things."""

    key: str
    digest: str

    @classmethod
    def of(cls, wanted: BaseModel, key: str | None) -> Once | None:
        """None without a ``key``. How the reply is told, at once or in events, is no part of what is asked for."""
        if key is None:
            return None
        asked = wanted.model_dump_json(exclude={"type", "stream", "idempotency_key"})
        return cls(key, hashlib.sha256(asked.encode()).hexdigest())


@dataclass(eq=False)
class _Turn:
    """One turn, for any number of listeners, at its own pace."""

    digest: str
    came: list[AssistEvent] = field(default_factory=list)
    error: RottieError | None = None
    ended: bool = False
    size: int = 0  # bytes of ``came``, once it has ended
    task: asyncio.Task[None] | None = None
    until: asyncio.TimerHandle | None = None
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def keeps(self) -> bool:
        """Whether the key goes on standing for it, now that it has ended."""
        return not isinstance(self.error, _NOTHING_BEGAN) or any(isinstance(event, ActionDone) for event in self.came)

    async def run(self, events: AsyncIterator[AssistEvent]) -> None:
        """Raises nothing but CancelledError: ``error`` tells what went wrong."""
        try:
            try:
                async for event in events:
                    self.came.append(event)
                    self._wake()
            finally:
                await close_all(events)
        except RottieError as error:
            self.error = error
        except Exception as error:
            self.error = note(error)

    def end(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self.error = Cancelled("this turn was cancelled")
        self.ended, self.size = True, sum(len(event.model_dump_json()) for event in self.came)
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()

    async def told(self) -> AsyncGenerator[AssistEvent, None]:
        """Every event, from the first on; then what the turn failed with is raised. Closing it leaves the turn as it is."""
        told = 0
        while True:
            while told < len(self.came):
                told += 1
                yield self.came[told - 1]
            if self.ended:
                break
            await self._more.wait()
        if self.error is not None:
            raise self.error.with_traceback(None)


class Repeats:
    """The turns of one gateway that have a key. Each key belongs to one actor."""

    def __init__(self, kept_s: float = KEPT_S, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._kept_s, self._most, self._most_bytes = kept_s, most, most_bytes
        self._turns: OrderedDict[tuple[str, str], _Turn] = OrderedDict()
        self._bytes = self._running = 0

    def __len__(self) -> int:
        return len(self._turns)

    def told(self, actor: str, once: Once, begin: Callable[[], AsyncIterator[AssistEvent]]) -> AsyncGenerator[AssistEvent, None]:
        """The events of the turn that this key of ``actor`` stands for, which is begun where there is none.

        Raises KeyReused, Overloaded and what ``begin`` raises; what the turn fails with comes with its events.
        """
        turn = self._turns.get((actor, once.key))
        if turn is None:
            turn = self._begin((actor, once.key), once.digest, begin)
        elif turn.digest != once.digest:
            raise KeyReused("this idempotency key stood for another request", where="idempotency_key")
        return turn.told()

    def cancel(self, actor: str, key: str) -> None:
        """End the turn, should it still run; its key goes on standing for what was done."""
        turn = self._turns.get((actor, key))
        if turn is not None and turn.task is not None:
            turn.task.cancel()

    def _begin(self, name: tuple[str, str], digest: str, begin: Callable[[], AsyncIterator[AssistEvent]]) -> _Turn:
        if self._running >= MOST_RUNNING:
            raise Overloaded(f"{MOST_RUNNING} requests with idempotency keys are being answered")
        events = begin()
        turn = self._turns[name] = _Turn(digest)
        self._running += 1
        # In no context: Ray Serve would cancel what is asked in that of a request whose client has left.
        turn.task = asyncio.get_running_loop().create_task(turn.run(events), context=Context())
        turn.task.add_done_callback(lambda task: self._end(name, turn, task))
        self._make_room()
        return turn

    def _end(self, name: tuple[str, str], turn: _Turn, task: asyncio.Task[None]) -> None:
        turn.end(task)
        self._running -= 1
        self._bytes += turn.size
        if turn.keeps:
            turn.until = asyncio.get_running_loop().call_later(self._kept_s, self._forget, name)
            self._make_room()
        else:
            self._forget(name)

    def _make_room(self) -> None:
        for name, turn in [*self._turns.items()] if self._is_full() else ():
            if turn.until is not None and self._is_full():
                self._forget(name)

    def _is_full(self) -> bool:
        return len(self._turns) > self._most or self._bytes > self._most_bytes

    def _forget(self, name: tuple[str, str]) -> None:
        turn = self._turns.pop(name)
        self._bytes -= turn.size
        if turn.until is not None:
            turn.until.cancel()
