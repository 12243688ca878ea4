"""Reminders: set, listed, cancelled, and rung when they are due, once, whatever happened in between.

A reminder that is due becomes a notice in the same transaction that removes it, so a crash rings it neither twice nor
never; what was due while nothing ran rings at the start and says that it is late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.errors import Ambiguous, BadArgument, StoreUnusable, TooMany, UnknownReminder
from serve.actions.arguments import Arguments, Nothing, Text, _number
from serve.actions.beside.database import Database
from serve.actions.beside.notices import Notices, give_out
from serve.actions.beside.telling import BuiltIn, BuiltIns
from serve.actions.clock import LONGEST_SLEEP, first
from serve.actions.matching import fold

log = logging.getLogger("rottie.serve")
MOST = 200  # of one actor
FURTHEST = timedelta(days=5 * 366)
RETRY_S = 5.0


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date and time such as 2026-05-01T17:30") from None
    return text


class Setting(Arguments):
    text: Text
    in_seconds: Annotated[int, BeforeValidator(_number), Field(ge=1, le=int(FURTHEST.total_seconds()))] | None = None
    at: (
        Annotated[
            Text,
            AfterValidator(_moment),
            WithJsonSchema({"type": "string", "description": "ISO 8601, such as 2026-05-01T17:30; local time without a zone"}),
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _one_time(self) -> Setting:
        if (self.in_seconds is None) == (self.at is None):
            raise ValueError("either in_seconds or at must be given")
        return self


class Cancelling(Arguments):
    text: Text | None = None
    id: Annotated[int, BeforeValidator(_number), Field(ge=1, le=2**53)] | None = None


class Reminders:
    """``clock`` gives the present as an aware datetime. ``ring`` runs beside everything, for as long as there is anything."""

    def __init__(self, database: Database, notices: Notices, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._notices = notices
        self._clock = clock
        self._changed: Callable[[], object] = lambda: None
        self.provider = BuiltIns(
            "reminders",
            (
                BuiltIn(
                    "SetReminder",
                    "Reminds the person of something, in_seconds from now or at a time.",
                    Setting,
                    self._set,
                    "write",
                ),
                BuiltIn("ListReminders", "Lists the reminders that are set.", Nothing, self._list),
                BuiltIn("CancelReminder", "Cancels a reminder, by its text or id.", Cancelling, self._cancel, "write"),
            ),
        )

    async def ring(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Until it is cancelled. A reminder that is set, from any thread, wakes it."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._changed = lambda: loop.call_soon_threadsafe(changed.set)
        while True:
            changed.clear()
            try:
                wait = await asyncio.to_thread(self.ring_due)
            except StoreUnusable as error:
                log.error("reminders cannot ring: %s", error)
                wait = RETRY_S
            self._notices.rang()
            await first(changed.wait(), sleep(min(wait, LONGEST_SLEEP)))

    def ring_due(self) -> float:
        """Ring what is due; the seconds until the next one is. Blocks for the disk."""
        now = self._clock()
        with self._database.transaction() as db:
            due = db.execute(
                "SELECT id, actor, text, due FROM reminders WHERE due <= ? ORDER BY due LIMIT 1000", (now.timestamp(),)
            ).fetchall()
            for number, actor, text, when in due:
                moment = datetime.fromtimestamp(when, UTC)
                give_out(db, key=f"reminder:{number}", kind="reminder", text=text, due=moment, now=now, actor=actor)
                db.execute("DELETE FROM reminders WHERE id = ?", (number,))
            (following,) = db.execute("SELECT min(due) FROM reminders").fetchone()
        return LONGEST_SLEEP if following is None else max(0.0, following - now.timestamp())

    def _set(self, wanted: Setting, actor: str) -> str:
        now = self._clock()
        due = now + timedelta(seconds=wanted.in_seconds) if wanted.in_seconds else _read(wanted.at or "")
        if not now < due <= now + FURTHEST:
            raise BadArgument("at must lie in the future, and not five years away", where="at")
        with self._database.transaction() as db:
            (there,) = db.execute("SELECT count(*) FROM reminders WHERE actor = ?", (actor,)).fetchone()
            if there >= MOST:
                raise TooMany(f"{MOST} reminders are set already", where="SetReminder")
            values = (actor, wanted.text, due.timestamp())
            number = db.execute("INSERT INTO reminders (actor, text, due) VALUES (?, ?, ?)", values).lastrowid
        self._changed()
        return f"Done. Reminder {number}: {_said(wanted.text, due.timestamp())}"

    def _list(self, wanted: Nothing, actor: str) -> str:
        rows = self._rows(actor)
        return "\n".join(f"Reminder {number}: {_said(text, due)}" for number, text, due in rows) or "No reminders."

    def _cancel(self, wanted: Cancelling, actor: str) -> str:
        with self._database.transaction() as db:
            rows = [row for row in self._rows(actor) if wanted.id in (None, row[0])]
            if wanted.text is not None:
                rows = [row for row in rows if fold(wanted.text) == fold(row[1])] or [
                    row for row in rows if fold(wanted.text) in fold(row[1])
                ]
            if not rows:
                raise UnknownReminder("there is no such reminder", where="CancelReminder")
            if len(rows) > 1:
                raise Ambiguous(f"{len(rows)} reminders are meant", where="text", hint="Give the id; ListReminders tells it.")
            ((number, text, due),) = rows
            db.execute("DELETE FROM reminders WHERE id = ?", (number,))
        return f"Cancelled reminder {number}: {_said(text, due)}"

    def _rows(self, actor: str) -> list[tuple[int, str, float]]:
        with self._database.reading() as db:
            return db.execute("SELECT id, text, due FROM reminders WHERE actor = ? ORDER BY due", (actor,)).fetchall()


def _read(text: str) -> datetime:
    """Local time where no zone is given."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (OverflowError, ValueError):
        raise BadArgument("at is no time that can be waited for", where="at") from None


def _said(text: str, due: float) -> str:
    return f"{text}, at {datetime.fromtimestamp(due).astimezone():%Y-%m-%d %H:%M:%S}"
