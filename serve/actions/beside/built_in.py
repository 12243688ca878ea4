"""The tools beside the home that the assistant's file turns on, with what they share: a database, notices, and time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from schemas.action import Change
from schemas.assistant import Tools
from schemas.errors import StoreUnusable
from schemas.settings import Home
from serve.actions.beside.calculating import calculator
from serve.actions.beside.database import Database
from serve.actions.beside.fetching import Fetching
from serve.actions.beside.notes import Notes
from serve.actions.beside.notices import Notices
from serve.actions.beside.reminders import Reminders
from serve.actions.domains.moments import moment
from serve.actions.home import system_clock
from serve.actions.providers import Provider

log = logging.getLogger("rottie.serve")


class Beside:
    """Made once for a process; ``want`` may change what is offered, and what was set before rings all the same."""

    def __init__(self, home: Home, clock: Callable[[], datetime] = system_clock) -> None:
        self.clock = clock
        self._database = Database(home.actions_db)
        self.notices = Notices(self._database)
        self._reminders = Reminders(self._database, self.notices, clock)
        self._notes = Notes(self._database, clock)
        self._calculator = calculator()
        self._ringing: asyncio.Task[None] | None = None

    def wanted(self, tools: Tools) -> Sequence[Provider]:
        """The providers of ``tools``."""
        found: list[Provider] = []
        if tools.reminders:
            found.append(self._reminders.provider)
        if tools.notes:
            found.append(self._notes.provider)
        if tools.calculator:
            found.append(self._calculator)
        if tools.web.hosts:
            found.append(Fetching(tools.web))
        return found

    async def timers_ended(self, changes: Iterable[Change], names: Mapping[str, str]) -> None:
        """Give out timers that have ended; ``names`` are of those that the home still has. Never fails."""
        try:
            await asyncio.to_thread(self._give_out, tuple(changes), names)
        except StoreUnusable as error:
            log.error("a timer has ended, and nobody can be told: %s", error)
        self.notices.rang()

    def _give_out(self, changes: Iterable[Change], names: Mapping[str, str]) -> None:
        now = self.clock()
        for change in changes:
            attributes = change.before.attributes if change.before else {}
            name = attributes.get("friendly_name") or names.get(change.entity_id, change.entity_id)
            due = moment(attributes.get("finishes_at")) or now
            self.notices.add(key=f"{change.entity_id}:{due.timestamp()}", kind="timer", text=f"{name} is over", due=due, now=now)

    def keep_ringing(self) -> None:
        """Let reminders ring; begun again should that ever have stopped."""
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._reminders.ring())

    async def close(self) -> None:
        self.notices.rang()
        if self._ringing is not None:
            self._ringing.cancel()
            with suppress(asyncio.CancelledError):
                await self._ringing
        self._database.close()
