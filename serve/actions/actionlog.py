"""An append-only log of every action: who, what, with which arguments, what was decided, what came of it.

One SQLite table in ROTTIE_HOME/rottie.db. What changes the home writes two rows: ``begun`` before anything is done, on
disk before it is done, and ``done`` or ``failed`` after it. A ``begun`` with no end tells of a crash in between.

The rollback journal is used and not WAL: SQLite before 3.51.3 can corrupt a database when several processes reset the WAL,
and what is written here is a row at a time. ``synchronous=EXTRA`` makes a commit survive a power cut.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from schemas.action import ActionResult, Actor, Decision, Logged
from schemas.errors import ActionLogUnusable, Interrupted

LONGEST = 16_384  # characters of arguments; a call that is sent with more than this is refused anyway
PAGE = 1000  # most rows in one answer
_COLUMNS = "seq, at, action_id, phase, actor, role, key, tool, arguments, decision, result, before, after"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS actions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  action_id TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('begun', 'done', 'failed', 'refused')),
  actor TEXT NOT NULL,
  role TEXT NOT NULL,
  key TEXT,
  tool TEXT NOT NULL,
  arguments TEXT NOT NULL,
  decision TEXT,
  result TEXT,
  before TEXT,
  after TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS actions_once ON actions (actor, key) WHERE phase = 'begun' AND key IS NOT NULL;
CREATE INDEX IF NOT EXISTS actions_id ON actions (action_id);
CREATE TRIGGER IF NOT EXISTS actions_stay BEFORE UPDATE ON actions BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS actions_last BEFORE DELETE ON actions BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


@dataclass(frozen=True)
class Entry:
    """What a row says of one call. ``before`` and ``after`` map entity ids to states, for what changed alone."""

    action_id: str
    actor: Actor
    tool: str
    arguments: dict[str, Any]
    at: datetime
    key: str | None = None
    decision: Decision | None = None


def _text(value: Any) -> str:
    """ASCII: SQLite cannot hold the halves of characters that JSON can."""
    return json.dumps(value, separators=(",", ":"), default=lambda model: model.model_dump(mode="json"))


def _arguments(arguments: dict[str, Any]) -> str:
    text = _text(arguments)
    return text if len(text) <= LONGEST else _text({"left_out": f"{len(text)} characters"})


def _values(row: tuple[Any, ...]) -> list[Any]:
    return [*row[:8], *(None if text is None else json.loads(text) for text in row[8:])]


class ActionLog:
    """Safe from several threads and processes. Every method blocks for a disk write or read; call it off the event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=DELETE")
            self._db.execute("PRAGMA synchronous=EXTRA")
            self._db.executescript(_SCHEMA)

    def begin(self, entry: Entry) -> None:
        """On disk when this returns. Raises Interrupted when the same actor's key has begun before."""
        try:
            self._write(entry, "begun")
        except sqlite3.IntegrityError as error:
            raise Interrupted("a call with this idempotency key has begun before", where="idempotency_key") from error

    def end(self, entry: Entry, result: ActionResult, phase: str) -> None:
        """``phase`` is done, failed or refused; the row stands alone where nothing was begun."""
        self._write(entry, phase, result)

    def recorded(self, actor: str, key: str) -> tuple[Logged, Logged | None] | None:
        """How a key was used before: its beginning, and its end if it came to one."""
        begun = self._select("WHERE actor = ? AND key = ? AND phase = 'begun'", (actor, key), 1)
        if not begun:
            return None
        ends = self._select("WHERE action_id = ? AND phase <> 'begun'", (begun[0].action_id,), 1)
        return begun[0], (ends[0] if ends else None)

    def read(self, after: int = 0, limit: int = 100, actor: str | None = None, tool: str | None = None) -> list[Logged]:
        """Rows after number ``after``, oldest first, at most ``limit`` (up to 1000)."""
        where, values = "WHERE seq > ?", [after]
        for column, value in (("actor", actor), ("tool", tool)):
            if value is not None:
                where, values = f"{where} AND {column} = ?", [*values, value]
        return self._select(f"{where} ORDER BY seq", tuple(values), max(1, min(limit, PAGE)))

    def last(self, limit: int = 100, actor: str | None = None) -> list[Logged]:
        """The newest rows, newest first."""
        where, values = ("", ()) if actor is None else ("WHERE actor = ?", (actor,))
        return self._select(f"{where} ORDER BY seq DESC", values, max(1, min(limit, PAGE)))

    def unfinished(self, limit: int = 100) -> list[Logged]:
        """What began and has no end, newest first: under way, or cut off by a crash."""
        where = "WHERE phase = 'begun' AND NOT EXISTS (SELECT 1 FROM actions e WHERE e.action_id = actions.action_id"
        return self._select(f"{where} AND e.phase <> 'begun') ORDER BY seq DESC", (), max(1, min(limit, PAGE)))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _write(self, entry: Entry, phase: str, result: ActionResult | None = None) -> None:
        before = after = outcome = None
        if result is not None:
            changes = result.changes
            before = _text({c.entity_id: c.before for c in changes}) if changes else None
            after = _text({c.entity_id: c.after for c in changes}) if changes else None
            outcome = _text(result.model_dump(mode="json", exclude={"changes", "decision", "action_id", "tool"}))
        # The confirmation is a key to an action: it is for the one who asked, not for the log.
        decision = _text(entry.decision.model_copy(update={"confirmation": None})) if entry.decision else None
        row = (
            entry.at.isoformat(),
            entry.action_id,
            phase,
            entry.actor.id,
            entry.actor.role,
            entry.key,
            entry.tool,
            _arguments(entry.arguments),
            decision,
            outcome,
            before,
            after,
        )
        marks = ", ".join("?" * len(row))
        with self._lock, self._errors():
            self._db.execute(f"INSERT INTO actions ({_COLUMNS.removeprefix('seq, ')}) VALUES ({marks})", row)  # noqa: S608

    def _select(self, rest: str, values: tuple[Any, ...], limit: int) -> list[Logged]:
        with self._lock, self._errors():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM actions {rest} LIMIT ?", (*values, limit)).fetchall()  # noqa: S608
        names = _COLUMNS.split(", ")
        return [Logged(**dict(zip(names, _values(row), strict=True))) for row in rows]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise ActionLogUnusable(f"the log of actions cannot be used: {error}", where=str(self.path)) from error
