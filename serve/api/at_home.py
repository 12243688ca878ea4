"""Turns that bring no home of their own, told how the assistant's home is now, for models that were trained with one.

Asking the home costs milliseconds between processes, so what it said is used for ``FRESH_S``, by all requests of that time.
A home that does not answer costs nothing but freshness: the model then has its lines as they were when it was rolled out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from schemas.errors import RottieError
from schemas.events import TurnEvent
from serve.api.bodies import close_all
from serve.api.wire import Passages, Turn, Vectors
from serve.assisting import LiveHome

if TYPE_CHECKING:
    from serve.api.gateway import Turns

FRESH_S = 1.0
PATIENCE_S = 0.5


class AtHome:
    """``serve.api.gateway.Turns`` over another one."""

    def __init__(self, turns: Turns, home: LiveHome) -> None:
        self._turns, self._home = turns, home
        self._lines: tuple[str, ...] | None = None
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def whole(self, turn: Turn) -> list[TurnEvent]:
        return await self._turns.whole(await self._told(turn))

    async def stream(self, turn: Turn) -> AsyncGenerator[list[TurnEvent], None]:
        bundles = self._turns.stream(await self._told(turn))
        try:
            async for bundle in bundles:
                yield bundle
        finally:
            await close_all(bundles)

    async def embed(self, passages: Passages) -> Vectors:
        return await self._turns.embed(passages)

    async def statuses(self) -> list[dict[str, Any]]:
        return await self._turns.statuses()

    async def _told(self, turn: Turn) -> Turn:
        if turn.home is not None or turn.home_now is not None or turn.prompt is not None:
            return turn
        async with self._asking:
            if time.monotonic() - self._asked > FRESH_S:
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        self._lines = (await self._home.present()).lines
                except (RottieError, TimeoutError):
                    self._lines = None
                self._asked = time.monotonic()
        return turn.model_copy(update={"home_now": self._lines})
