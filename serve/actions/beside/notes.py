"""Notes: a person's own words, found again by what stands in them (SQLite's FTS5). Bounded in number and length."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.errors import Ambiguous, BadArgument, TooMany, UnknownNote
from serve.actions.arguments import Arguments, Text, _number, _whole
from serve.actions.beside.database import Database
from serve.actions.beside.telling import BuiltIn, BuiltIns

MOST = 1000  # of one actor
LONGEST = 2000  # characters
SHOWN = 20
_WORD = re.compile(r"\w+")

Words = Annotated[str, Field(min_length=1, max_length=LONGEST, strict=True), AfterValidator(_whole)]


class Adding(Arguments):
    text: Words


class Finding(Arguments):
    query: Text | None = None


class Deleting(Arguments):
    text: Text | None = None
    id: Annotated[int, BeforeValidator(_number), Field(ge=1, le=2**53)] | None = None


class Notes:
    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self.provider = BuiltIns(
            "notes",
            (
                BuiltIn("AddNote", "Writes down a note for the person.", Adding, self._add, "write"),
                BuiltIn("FindNotes", "Finds the person's notes by words in them, or lists the newest.", Finding, self._find),
                BuiltIn("DeleteNote", "Deletes a note, by its id or by words in it.", Deleting, self._delete, "write"),
            ),
        )

    def _add(self, wanted: Adding, actor: str) -> str:
        with self._database.transaction() as db:
            (there,) = db.execute("SELECT count(*) FROM notes WHERE actor = ?", (actor,)).fetchone()
            if there >= MOST:
                raise TooMany(f"{MOST} notes are written already", where="AddNote")
            values = (actor, wanted.text, self._clock().timestamp())
            number = db.execute("INSERT INTO notes (actor, text, at) VALUES (?, ?, ?)", values).lastrowid
        return f"Done. Note {number} is written."

    def _find(self, wanted: Finding, actor: str) -> str:
        rows = self._rows(actor, wanted.query)
        lines = [f"Note {number}: {text}" for number, text in rows[:SHOWN]]
        if len(rows) > SHOWN:
            lines.append("and more; ask with other words.")
        return "\n".join(lines) or "No notes."

    def _delete(self, wanted: Deleting, actor: str) -> str:
        if wanted.id is None and wanted.text is None:
            raise BadArgument("id or text must be given", where="DeleteNote")
        with self._database.transaction() as db:
            rows = [row for row in self._rows(actor, wanted.text, MOST) if wanted.id in (None, row[0])]
            if not rows:
                raise UnknownNote("there is no such note", where="DeleteNote")
            if len(rows) > 1:
                raise Ambiguous(f"{len(rows)} notes are meant", where="text", hint="Give the id; FindNotes tells it.")
            db.execute("DELETE FROM notes WHERE id = ?", (rows[0][0],))
        return f"Deleted note {rows[0][0]}."

    def _rows(self, actor: str, query: str | None, limit: int = SHOWN + 1) -> list[tuple[int, str]]:
        """All words of ``query`` stand in the note, or begin a word of it; newest first."""
        words = [f'"{word}"*' for word in _WORD.findall(query or "")]
        if query and not words:
            return []
        among = "AND id IN (SELECT rowid FROM notes_words WHERE notes_words MATCH ?)" if words else ""
        values = (actor, *([" ".join(words)] if words else []), limit)
        with self._database.reading() as db:
            return db.execute(f"SELECT id, text FROM notes WHERE actor = ? {among} ORDER BY id DESC LIMIT ?", values).fetchall()  # noqa: S608
