"""Holding the version that answers: load the new one beside it, check, swap, close the old one when its turns are done.

No Ray here. A version that cannot be loaded never takes the place of one that answers: the failure is kept for
``status`` to tell, and the old version goes on. A wish with no model empties the place.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import Field

from schemas.artifacts import ModelRef
from schemas.assistant import LlmEngine
from schemas.errors import EngineError, NoChampion, RottieError
from schemas.hashing import content_id
from schemas.inventory import Inventory
from schemas.pipeline import Spec

log = logging.getLogger("rottie.serve")
RETRY_S = 20.0


class Wish(Spec):
    """What a replica should answer with: the user_config of the model's Serve deployment."""

    model: ModelRef | None = None
    alias: str = "champion"
    engine: LlmEngine = LlmEngine()
    inventory: Inventory | None = Field(default=None, description="The home whose lines stand in the prompt.")

    @property
    def generation(self) -> str:
        """Names this wish by its content, so that a roll-out can tell when every replica has it."""
        return content_id(self)


class Closable(Protocol):
    @property
    def adapters(self) -> frozenset[str]:
        """Names of what it can be fitted with for one turn."""
        ...

    def close(self) -> None: ...


Thing = TypeVar("Thing", bound=Closable)


@dataclass
class Held(Generic[Thing]):
    """One loaded version and the turns that are using it."""

    wish: Wish
    ref: ModelRef
    answerer: Thing
    since: int
    turns: int = 0
    retired: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)


class Holder(Generic[Thing]):
    """``load`` opens a version and proves that it decodes; it raises a RottieError where it cannot."""

    def __init__(self, load: Callable[[Wish], Awaitable[Thing]], now: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._now = now
        self._held: Held[Thing] | None = None
        self._wish = Wish()
        self._error: RottieError | None = None
        self._tried_at = 0.0
        self._loading = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def want(self, wish: Wish) -> None:
        """Make ``wish`` the goal. Returns once it answers where nothing did before, and at once where a version does:
        Serve sends no request to a replica while it reconfigures, and loading may take long.
        """
        self._wish = wish
        if self._held is None:
            await self._reach()
        else:
            self._background(self._reach())

    async def settled(self) -> None:
        """Wait for the loading and closing that is under way."""
        while self._tasks:
            await asyncio.gather(*tuple(self._tasks))

    async def _reach(self) -> None:
        async with self._loading:
            wish = self._wish
            if self._held is not None and self._held.wish == wish:
                self._error = None
                return
            self._tried_at = self._now()
            try:
                fresh = await self._open(wish)
            except RottieError as error:
                self._error = error
                log.error("cannot load %s: %s", wish.model.label if wish.model else "nothing", error)
                return
            old, self._held, self._error = self._held, fresh, None
            log.info("answering with %s", wish.model.label if wish.model else "nothing")
        if old is not None:
            old.retired = True
            self._background(self._close(old))

    async def _open(self, wish: Wish) -> Held[Thing] | None:
        if wish.model is None:
            return None
        try:
            answerer = await self._load(wish)
        except RottieError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise EngineError(f"loading {wish.model.label} failed with {kind}", where=wish.model.path) from error
        return Held(wish, wish.model, answerer, int(time.time()))

    async def _close(self, old: Held[Thing]) -> None:
        if old.turns:
            await old.idle.wait()
        await asyncio.to_thread(old.answerer.close)
        log.info("closed %s", old.ref.label)

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Held[Thing]]:
        """The version that answers now; it stays open until the block ends, whatever is swapped in meanwhile."""
        held = self._held
        if held is None:
            raise self._error or NoChampion("no model has been promoted yet")
        held.turns += 1
        try:
            yield held
        finally:
            held.turns -= 1
            if held.retired and not held.turns:
                held.idle.set()

    def retry(self) -> None:
        """Try again what failed, where nothing answers; at most every RETRY_S seconds."""
        overdue = self._now() - self._tried_at >= RETRY_S
        if self._held is None and self._error is not None and overdue and not self._loading.locked():
            self._background(self._reach())

    def status(self) -> dict[str, Any]:
        """JSON: what is wanted, what answers, why not, and how many turns run."""
        held = self._held
        return {
            "wanted": self._wish.generation,
            "reached": held.wish == self._wish if held else self._wish.model is None,
            "alias": self._wish.alias,
            "model": held.ref.model_dump(mode="json") if held else None,
            "adapters": sorted(held.answerer.adapters) if held else [],
            "since": held.since if held else None,
            "turns": held.turns if held else 0,
            "error": self._error.as_dict() if self._error else None,
        }

    async def close(self) -> None:
        """Close everything; for shutdown, after the last turn."""
        await self.settled()
        if self._held is not None:
            old, self._held = self._held, None
            await asyncio.to_thread(old.answerer.close)
