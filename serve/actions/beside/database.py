"""The tables of the tools beside the home: in ROTTIE_HOME/rottie.db, written a row at a time, safe against a kill.

See actionlog.py for why the rollback journal is used. Deleted words are overwritten in the file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import StoreUnusable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS reminders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  actor TEXT NOT NULL,
  text TEXT NOT NULL,
  due REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS reminders_due ON reminders (due);
CREATE TABLE IF NOT EXISTS notices (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  due REAL NOT NULL,
  late INTEGER NOT NULL,
  actor TEXT
);
CREATE TABLE IF NOT EXISTS notes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  actor TEXT NOT NULL,
  text TEXT NOT NULL,
  at REAL NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS notes_words USING fts5 (text, content='notes', content_rowid='id');
CREATE TRIGGER IF NOT EXISTS notes_added AFTER INSERT ON notes BEGIN
  INSERT INTO notes_words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER IF NOT EXISTS notes_gone AFTER DELETE ON notes BEGIN
  INSERT INTO notes_words (notes_words, rowid, text) VALUES ('delete', old.id, old.text);
END;
"""


class Database:
    """One connection, safe from several threads. Everything blocks for the disk: call it off the event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.executescript(f"PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA secure_delete=ON; {_SCHEMA}")
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block happens, or nothing. Raises StoreUnusable."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Within a transaction that is open already, or without one. Raises StoreUnusable."""
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise self._unusable(error) from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _unusable(self, error: Exception) -> StoreUnusable:
        return StoreUnusable(f"reminders and notes cannot be read or written ({type(error).__name__})", where=str(self.path))
