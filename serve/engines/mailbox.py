"""From an engine's threads to the event loop: whatever several threads post between two turns of the loop costs one wake-up."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class Letters:
    """What one reply's thread posts, in order. Read by one coroutine."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def take(self) -> list[Any]:
        """All that has come, at least one."""
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        items = list(self._items)
        self._items.clear()
        return items


class Mailbox:
    """Belongs to one event loop; ``post`` is for other threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._posted: deque[tuple[Letters, Any]] = deque()
        self._woken = False

    def post(self, letters: Letters, *items: Any) -> bool:
        """Several are read at once. False when the loop is closed and nobody will read."""
        if self.loop.is_closed():
            return False
        self._posted.extend([(letters, item) for item in items])
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                return False
        return True

    def _deliver(self) -> None:
        # First: what is posted from here on wakes the loop again.
        self._woken = False
        while self._posted:
            letters, item = self._posted.popleft()
            letters.put(item)
