"""The model begins while it is still awaited whether the user has finished, so that the wait is not lost.

Only words are made ahead: no call is done, nothing is kept, nobody is told. What was made is used where the turn that is then
asked is exactly the one that was begun, and thrown away otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from schemas.errors import RottieError
from schemas.events import TurnEvent
from serve.api.bodies import close_all
from serve.api.faults import note
from serve.api.wire import Turn
from serve.assisting import Turns

Prepare = Callable[[str], Awaitable[Turn]]


class Ahead:
    """``serve.assisting.Turns`` over ``turns``. ``prepare`` tells what would be asked if a text were said. For one session."""

    def __init__(self, turns: Turns, prepare: Prepare) -> None:
        self._turns, self._prepare = turns, prepare
        self._text: str | None = None
        self._begun: _Begun | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def begin(self, text: str) -> None:
        """Start on what would answer ``text``; what was begun for another text ends. Returns at once."""
        if text == self._text:
            return
        self.drop()
        self._text, self._begun = text, _Begun(self._turns, self._prepare, text)

    def drop(self) -> None:
        """End what was begun."""
        begun, self._begun, self._text = self._begun, None, None
        if begun is not None:
            task = asyncio.create_task(begun.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        self.drop()
        await asyncio.gather(*self._ending)

    async def stream(self, turn: Turn) -> AsyncGenerator[list[TurnEvent], None]:
        """As those of ``turns``: what was made ahead first, if it is of the same turn, then the rest as it comes."""
        begun, self._begun, self._text = self._begun, None, None
        try:
            if begun is not None and await begun.is_of(turn):
                async for bundle in begun.bundles():
                    yield bundle
                return
        finally:
            if begun is not None:
                await begun.close()
        events = self._turns.stream(turn)
        try:
            async for bundle in events:
                yield bundle
        finally:
            await close_all(events)


class _Begun:
    """One turn that was begun ahead."""

    def __init__(self, turns: Turns, prepare: Prepare, text: str) -> None:
        self._turns = turns
        self._turn: asyncio.Future[Turn | None] = asyncio.get_running_loop().create_future()
        self._made: asyncio.Queue[list[TurnEvent] | Exception | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._make(prepare, text))

    async def is_of(self, turn: Turn) -> bool:
        return await self._turn == turn

    async def bundles(self) -> AsyncGenerator[list[TurnEvent], None]:
        while (made := await self._made.get()) is not None:
            if isinstance(made, Exception):
                raise made
            yield made

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _make(self, prepare: Prepare, text: str) -> None:
        turn: Turn | None = None
        try:
            turn = await prepare(text)
        except RottieError:
            pass  # whoever asks in earnest is told
        except Exception as error:
            note(error)
        finally:
            self._turn.set_result(turn)
        if turn is None:
            return
        events = self._turns.stream(turn)
        try:
            async for bundle in events:
                self._made.put_nowait(bundle)
            self._made.put_nowait(None)
        except Exception as error:  # handed to the reader above, which raises it
            self._made.put_nowait(error)
        finally:
            await close_all(events)
