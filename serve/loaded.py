"""One engine of a replica, as its section of the assistant's file says: loaded off the event loop, kept, replaced, tried again.

While a new one loads the old one answers; one that cannot be loaded never takes its place. Does not cover language models, which
come with versions: that is serve/holding.py.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from schemas.errors import EngineError, RottieError
from schemas.hashing import content_id
from serve.api.faults import note

log = logging.getLogger("rottie.serve")
RETRY_S = 20.0


class Closable(Protocol):
    @property
    def languages(self) -> tuple[str, ...]:
        """What it hears or speaks, as codes of two or three letters."""
        ...

    def close(self) -> None: ...


Section = TypeVar("Section")
Engine = TypeVar("Engine", bound=Closable)


@dataclass
class _Held(Generic[Section, Engine]):
    section: Section
    engine: Engine
    users: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()


class Loaded(Generic[Section, Engine]):
    """``load`` blocks and raises a RottieError where it cannot; ``what`` names the engine in the log."""

    def __init__(self, what: str, load: Callable[[Section], Engine], now: Callable[[], float] = time.monotonic) -> None:
        self._what, self._load, self._now = what, load, now
        self._wanted: Section | None = None
        self._tried: Section | None = None
        self._tried_at = 0.0
        self._held: _Held[Section, Engine] | None = None
        self._error: RottieError | None = None
        self._loading: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def want(self, section: Section) -> None:
        """Make ``section`` the goal; returns at once. Only inside a running event loop."""
        if section != self._wanted:
            self._error = None  # of another section
        self._wanted = section
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._reach())

    def retry(self) -> None:
        """Try again what failed, at most every RETRY_S seconds: its cause may have passed."""
        if self._error is not None and self._wanted is not None and self._now() - self._tried_at >= RETRY_S:
            self._tried = None
            self.want(self._wanted)

    def status(self) -> dict[str, Any]:
        """JSON: what is wanted, by its content; whether that is loaded; what the loaded engine understands; why it is not."""
        held = self._held
        return {
            "wanted": content_id(self._wanted),
            "reached": held is not None and held.section == self._wanted,
            "languages": list(held.engine.languages) if held else [],
            "error": self._error.as_dict() if self._error else None,
        }

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Engine]:
        """The engine, once it is loaded; it stays open until the block ends. Raises what loading raised."""
        if self._held is None and self._loading is not None:
            await asyncio.shield(self._loading)
        held = self._held
        if held is None:
            raise self._error or EngineError(f"{self._what} is not loaded")
        held.users += 1
        held.idle.clear()
        try:
            yield held.engine
        finally:
            held.users -= 1
            if not held.users:
                held.idle.set()

    async def close(self) -> None:
        """Close what is open, after its last use."""
        if self._loading is not None:
            await self._loading
        held, self._held = self._held, None
        await asyncio.gather(*self._closing, *([self._close(held)] if held else []))

    async def _reach(self) -> None:
        while self._wanted is not None and self._tried != self._wanted:
            section = self._tried = self._wanted
            self._tried_at = self._now()
            try:
                fresh = _Held(section, await asyncio.to_thread(self._load, section))
            except RottieError as error:
                if str(error) != str(self._error):  # said once, though it is tried for as long as it lasts
                    log.error("cannot load %s: %s", self._what, error)
                self._error = error
            except Exception as error:
                self._error = note(error)
            else:
                old, self._held, self._error = self._held, fresh, None
                log.info("%s is loaded", self._what)
                if old is not None:
                    task = asyncio.create_task(self._close(old))
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)

    async def _close(self, held: _Held[Any, Any]) -> None:
        await held.idle.wait()
        await asyncio.to_thread(held.engine.close)
