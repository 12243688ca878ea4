"""Notices: what rings is written down once, and whoever listens hears it, also one who comes back later.

A notice has a key, so that what rings again after a crash is the same notice. The newest KEPT stay.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime

from schemas.notices import Notice
from serve.actions.beside.database import Database

KEPT = 1000
LATE_S = 60.0
PAGE = 100


def give_out(
    db: sqlite3.Connection, *, key: str, kind: str, text: str, due: datetime, now: datetime, actor: str | None = None
) -> bool:
    """Within a transaction; False where this was given out before."""
    late = (now - due).total_seconds() > LATE_S
    added = db.execute(
        "INSERT INTO notices (key, at, kind, text, due, late, actor) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (key, now.timestamp(), kind, text, due.timestamp(), late, actor),
    ).rowcount
    db.execute("DELETE FROM notices WHERE seq <= (SELECT max(seq) FROM notices) - ?", (KEPT,))
    return bool(added)


class Notices:
    """``rang`` wakes those who wait; call it in the event loop after something was given out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Event] = set()

    async def after(self, seq: int, limit: int = PAGE, wait_s: float = 0) -> tuple[Notice, ...]:
        """Notices after number ``seq``, oldest first; none at the latest after ``wait_s``."""
        rung = asyncio.Event()
        self._waiting.add(rung)  # before the first look: what rings after it is heard
        try:
            found = await asyncio.to_thread(self._read, seq, limit)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while not found and wait_s:
                        await rung.wait()
                        rung.clear()
                        found = await asyncio.to_thread(self._read, seq, limit)
            return found
        finally:
            self._waiting.discard(rung)

    def add(self, *, key: str, kind: str, text: str, due: datetime, now: datetime) -> None:
        """Blocks for the disk."""
        with self._database.transaction() as db:
            give_out(db, key=key, kind=kind, text=text, due=due, now=now)

    def rang(self) -> None:
        for waiting in self._waiting:
            waiting.set()

    def _read(self, seq: int, limit: int) -> tuple[Notice, ...]:
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT seq, at, kind, text, due, late, actor FROM notices WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
            ).fetchall()
        return tuple(
            Notice(seq=number, at=_moment(at), kind=kind, text=text, due=_moment(due), late=bool(late), actor=actor)
            for number, at, kind, text, due, late, actor in rows
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
