"""What was said and done in conversations, kept in tables: SQLite in ROTTIE_HOME, or another database by its URL.

A turn is one row, written in one transaction: it is there whole or not at all, whenever the process is killed. Several
processes of one machine may write: SQLite makes them wait for each other. Its rollback journal is used, as by the log of
actions in the same file (see there why not WAL). Deleted words are overwritten in the file.
Does not cover turns themselves (conversing.py) or who may read what: every method takes the owner and knows no other.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    Column,
    Connection,
    Delete,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from schemas.action import attributed
from schemas.assistant import Conversations as Bounds
from schemas.conversation import Message, call
from schemas.errors import ConversationMissing, ConversationsUnusable
from schemas.events import Action, Tier
from schemas.text import one_line

PAGE = 100  # most conversations, or turns, in one answer
LONGEST_TITLE = 60  # characters of one that is made from the first request
DAY_S = 86_400
WAIT_S = 10  # for another process that writes

_metadata = MetaData()
_threads = Table(
    "conversations",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("last", Integer, nullable=False),  # number of its newest turn
)
_turns = Table(
    "conversation_turns",
    _metadata,
    Column("conversation", String(32), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("size", Integer, nullable=False),  # bytes of body
    Column("body", Text, nullable=False),
)
_INDEXES = (
    Index("conversations_of", _threads.c.owner, _threads.c.updated, _threads.c.id),
    Index("conversations_rested", _threads.c.updated),
)


_ORPHANS = delete(_turns).where(_turns.c.conversation.not_in(select(_threads.c.id)))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptTurn(_Strict):
    """One exchange as it was told to the one who asked. Confirmations are keys to actions: they are never kept."""

    number: int = Field(default=0, ge=0, description="1 for the first; numbers of dropped turns are not used again.")
    inference_id: str
    at: float = Field(description="Seconds since 1970, when it ended.")
    text: str
    tier: Tier = "none"
    model: str | None = None
    actions: tuple[Action, ...] = ()
    reply: str = ""
    complete: bool = Field(default=True, description="Off: it was cancelled or it failed, after it had done or said something.")
    heard_out: bool = Field(default=True, description="Off: the reply was spoken into; only what was heard of it is kept.")

    def messages(self) -> list[Message]:
        """As a model reads it again: the request, calls with their results, the reply."""
        calls = [call(action.name, action.arguments, f"call_{self.number}_{i}") for i, action in enumerate(self.actions)]
        found = [Message(role="user", content=self.text or "yes")]
        if calls:
            found.append(Message(role="assistant", tool_calls=tuple(calls)))
        for made, action in zip(calls, self.actions, strict=True):
            found.append(
                Message(role="tool", tool_call_id=made.id, name=action.name, content=attributed(action.text, action.source))
            )
        if self.reply:
            found.append(Message(role="assistant", content=self.reply))
        return found


class ConversationHead(_Strict):
    id: str
    title: str
    created: float = Field(description="Seconds since 1970.")
    updated: float
    turns: int = Field(description="Kept now; the oldest of a long conversation have been dropped.")


class ConversationPage(_Strict):
    object: str = "list"
    data: tuple[ConversationHead, ...]
    has_more: bool


class KeptConversation(ConversationHead):
    """``exchanges`` in their order; older ones are asked for by ``before``."""

    exchanges: tuple[KeptTurn, ...]
    has_more: bool


class Conversations:
    """Safe from several threads and processes. Every method blocks for the disk and raises ConversationsUnusable."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._url = make_url(url)
        self._clock = clock
        self._opening = threading.Lock()
        self._engine: Engine | None = None

    def now(self) -> float:
        return self._clock()

    def recent(self, owner: str, conversation: str, turns: int, size: int) -> list[KeptTurn]:
        """The newest turns in their order, at most ``turns`` of them and ``size`` bytes. Raises ConversationMissing."""
        with self._reading() as db:
            self._head(db, owner, conversation)
            newest = select(_turns).where(_turns.c.conversation == conversation).order_by(_turns.c.number.desc()).limit(turns)
            found: list[KeptTurn] = []
            for row in db.execute(newest):
                size -= row.size
                if size < 0:
                    break
                found.append(_turn(row))
        return found[::-1]

    def append(self, owner: str, conversation: str | None, turn: KeptTurn, bounds: Bounds, begin: bool = False) -> str:
        """Keep ``turn`` at the end of ``conversation``, or of a new one; the conversation's id.

        What is over ``bounds`` goes in the same transaction. One that is not there is begun with ``begin``, and is
        ConversationMissing otherwise.
        """
        now, name = self._clock(), conversation or uuid.uuid4().hex
        with self._writing() as db:
            # The first statement writes: it waits for others that do, in SQLite and elsewhere.
            dropped = db.execute(_rested(now, bounds).where(_threads.c.id != name)).rowcount
            mine = (_threads.c.id == name, _threads.c.owner == owner)
            grown = update(_threads).where(*mine).values(last=_threads.c.last + 1, updated=now).returning(_threads.c.last)
            number = db.execute(grown).scalar()
            if number is None and not (begin or conversation is None):
                raise _missing()
            if number is None:
                number = self._begin(db, name, owner, turn, now)
                dropped += self._drop_rested(db, bounds.most)
            body = turn.model_copy(update={"number": number}).model_dump_json()
            row = {"conversation": name, "number": number, "size": len(body.encode()), "body": body}
            db.execute(insert(_turns).values(row))
            self._shorten(db, name, number, bounds)
            if dropped:
                db.execute(_ORPHANS)
        return name

    def trim(self, owner: str, conversation: str, inference_id: str, heard: str) -> bool:
        """Of the newest turn, if it is that of ``inference_id``, remember no more of its reply than ``heard``; whether it was."""
        with self._writing() as db:
            mine = (_threads.c.id == conversation, _threads.c.owner == owner)
            # The first statement writes: see append.
            number = db.execute(update(_threads).where(*mine).values(last=_threads.c.last).returning(_threads.c.last)).scalar()
            place = (_turns.c.conversation == conversation, _turns.c.number == number)
            row = db.execute(select(_turns).where(*place)).first()
            if row is None or (turn := _turn(row)).inference_id != inference_id:
                return False
            body = turn.model_copy(update={"reply": heard, "heard_out": False}).model_dump_json()
            db.execute(update(_turns).where(*place).values(size=len(body.encode()), body=body))
        return True

    def sweep(self, bounds: Bounds) -> None:
        """Delete what has rested for too long, also where nobody speaks any more."""
        with self._writing() as db:
            if db.execute(_rested(self._clock(), bounds)).rowcount:
                db.execute(_ORPHANS)

    def page(self, owner: str, limit: int = 20, after: str | None = None) -> ConversationPage:
        """Those that were spoken in last come first; ``after`` is the last id of the page before."""
        limit = max(1, min(limit, PAGE))
        wanted = _heads(owner).order_by(_threads.c.updated.desc(), _threads.c.id.desc()).limit(limit + 1)
        with self._reading() as db:
            if after is not None:
                last = self._head(db, owner, after)
                then = and_(_threads.c.updated == last.updated, _threads.c.id < last.id)
                wanted = wanted.where(or_(_threads.c.updated < last.updated, then))
            rows = [_head_of(row) for row in db.execute(wanted)]
        return ConversationPage(data=tuple(rows[:limit]), has_more=len(rows) > limit)

    def read(self, owner: str, conversation: str, limit: int = 50, before: int | None = None) -> KeptConversation:
        """The newest ``limit`` turns, or those before the turn with the number ``before``. Raises ConversationMissing."""
        limit = max(1, min(limit, PAGE))
        wanted = select(_turns).where(_turns.c.conversation == conversation)
        if before is not None:
            wanted = wanted.where(_turns.c.number < before)
        with self._reading() as db:
            head = self._head(db, owner, conversation)
            rows = [_turn(row) for row in db.execute(wanted.order_by(_turns.c.number.desc()).limit(limit + 1))]
        return KeptConversation(**head.model_dump(), exchanges=tuple(rows[:limit][::-1]), has_more=len(rows) > limit)

    def entitle(self, owner: str, conversation: str, title: str) -> ConversationHead:
        with self._writing() as db:
            mine = (_threads.c.id == conversation, _threads.c.owner == owner)
            db.execute(update(_threads).where(*mine).values(title=title))
            return self._head(db, owner, conversation)

    def remove(self, owner: str, conversation: str) -> None:
        """Delete it with all its turns. Raises ConversationMissing."""
        with self._writing() as db:
            mine = (_threads.c.id == conversation, _threads.c.owner == owner)
            if not db.execute(delete(_threads).where(*mine)).rowcount:
                raise _missing()
            db.execute(delete(_turns).where(_turns.c.conversation == conversation))

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    @staticmethod
    def _begin(db: Connection, name: str, owner: str, turn: KeptTurn, now: float) -> int:
        """The number of its first turn."""
        row = {"id": name, "owner": owner, "title": title_of(turn.text), "created": now, "updated": now, "last": 1}
        db.execute(insert(_threads).values(row))
        return 1

    @staticmethod
    def _drop_rested(db: Connection, most: int) -> int:
        order = (_threads.c.updated.desc(), _threads.c.id.desc())
        rested = select(_threads.c.id).order_by(*order).offset(most).limit(PAGE)
        return db.execute(delete(_threads).where(_threads.c.id.in_([row.id for row in db.execute(rested)]))).rowcount

    @staticmethod
    def _shorten(db: Connection, conversation: str, newest: int, bounds: Bounds) -> None:
        """Drop the oldest turns over the bounds; the newest stays."""
        sizes = select(_turns.c.number, _turns.c.size).where(_turns.c.conversation == conversation)
        kept, room, first = 0, bounds.bytes, newest
        for row in db.execute(sizes.order_by(_turns.c.number.desc())):
            kept, room = kept + 1, room - row.size
            if row.number < newest and (kept > bounds.longest or room < 0):
                break
            first = row.number
        db.execute(delete(_turns).where(_turns.c.conversation == conversation, _turns.c.number < first))

    @staticmethod
    def _head(db: Connection, owner: str, conversation: str) -> ConversationHead:
        row = db.execute(_heads(owner).where(_threads.c.id == conversation)).first()
        if row is None:
            raise _missing()
        return _head_of(row)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._errors(), self._opened().connect() as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._errors(), self._opened().begin() as db:
            yield db

    def _opened(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = _open(self._url)
            return self._engine

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, ValueError) as error:
            place = self._url.render_as_string(hide_password=True)
            raise ConversationsUnusable(f"the conversations cannot be used ({type(error).__name__})", where=place) from None


def title_of(text: str) -> str:
    """The first words of ``text``."""
    words = one_line(text)
    if len(words) <= LONGEST_TITLE:
        return words or "(confirmed)"
    return f"{words[:LONGEST_TITLE].rpartition(' ')[0] or words[:LONGEST_TITLE]} …"


def _open(url: URL) -> Engine:
    file = url.database if url.get_backend_name() == "sqlite" else None
    if file:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # Parameters are what people said: they must not stand in an error's text.
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": WAIT_S} if file else {})
    if file:
        event.listen(engine, "connect", _private)
    try:
        with engine.begin() as db:
            for table in (_threads, _turns):
                db.execute(CreateTable(table, if_not_exists=True))
            for index in _INDEXES:
                db.execute(CreateIndex(index, if_not_exists=True))
    except BaseException:
        engine.dispose()
        raise
    return engine


def _rested(now: float, bounds: Bounds) -> Delete:
    return delete(_threads).where(_threads.c.updated < now - bounds.days * DAY_S)


def _private(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA secure_delete=ON")


def _heads(owner: str) -> Select[Any]:
    count = select(func.count()).where(_turns.c.conversation == _threads.c.id).scalar_subquery().label("turns")
    columns = (_threads.c.id, _threads.c.title, _threads.c.created, _threads.c.updated)
    return select(*columns, count).where(_threads.c.owner == owner)


def _head_of(row: Any) -> ConversationHead:
    return ConversationHead(id=row.id, title=row.title, created=row.created, updated=row.updated, turns=row.turns)


def _turn(row: Any) -> KeptTurn:
    return KeptTurn.model_validate_json(row.body)


def _missing() -> ConversationMissing:
    return ConversationMissing("there is no such conversation", where="conversation_id")
