"""Reminders, notes and notices: what is kept, what rings, once, after restarts and crashes too; who may."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.action import ActionResult, Actor
from schemas.assistant import Tools
from schemas.conversation import call
from schemas.errors import StoreUnusable
from schemas.settings import Home
from serve.actions.actionlog import ActionLog
from serve.actions.beside import notes, notices, reminders
from serve.actions.beside.built_in import Beside
from serve.actions.beside.database import Database
from serve.actions.beside.notices import Notices
from serve.actions.home import SimulatedHome
from serve.actions.performing import Actions
from serve.actions.policy import Policy
from tests.serve.actions.conftest import GUEST, USER, Clock


class Kept:
    def __init__(self, path: Path, home: SimulatedHome, clock: Clock) -> None:
        self.clock = clock
        self.beside = Beside(Home(path), clock)
        self.log = ActionLog(Home(path).actions_db)
        self.actions = Actions(home, Policy(clock=clock), self.log, self.beside.wanted(Tools()))

    async def do(self, tool: str, actor: Actor = USER, key: str | None = None, **arguments: Any) -> ActionResult:
        return await self.actions.run(call(tool, arguments), actor, key)

    def ring(self) -> float:
        return self.beside._reminders.ring_due()

    async def heard(self, after: int = 0) -> list[tuple[str, bool]]:
        return [(notice.text, notice.late) for notice in await self.beside.notices.after(after)]

    def close(self) -> None:
        self.beside._database.close()
        self.log.close()


@pytest.fixture
def kept(tmp_path: Path, home: SimulatedHome, clock: Clock) -> Iterator[Kept]:
    made = Kept(tmp_path, home, clock)
    yield made
    made.close()


def code(result: ActionResult) -> str | None:
    return None if result.error is None else result.error["code"]


async def test_a_reminder_rings_once_when_it_is_due(kept: Kept) -> None:
    result = await kept.do("SetReminder", text="call mum", in_seconds=600)
    assert result.ok, result.text
    assert "call mum" in (await kept.do("ListReminders")).text
    kept.clock.forward(599)
    assert kept.ring() == 1
    assert await kept.heard() == []
    kept.clock.forward(1)
    kept.ring()
    kept.ring()
    assert await kept.heard() == [("call mum", False)]
    assert (await kept.do("ListReminders")).text == "No reminders."


async def test_an_hour_is_local_without_a_zone(kept: Kept) -> None:
    when = (kept.clock() + timedelta(hours=2)).astimezone()
    await kept.do("SetReminder", text="one", at=when.replace(tzinfo=None).isoformat())
    await kept.do("SetReminder", text="two", at=when.isoformat())
    assert kept.ring() == min(reminders.LONGEST_SLEEP, 7200) or kept.ring() == 7200
    kept.clock.forward(7200)
    kept.ring()
    assert [text for text, _ in await kept.heard()] == ["one", "two"]


async def test_what_was_due_while_nothing_ran_rings_at_the_start_and_says_so(
    tmp_path: Path, home: SimulatedHome, clock: Clock
) -> None:
    before = Kept(tmp_path, home, clock)
    await before.do("SetReminder", text="tea", in_seconds=60)
    before.close()
    clock.forward(7200)
    later = Kept(tmp_path, home, clock)
    later.ring()
    assert await later.heard() == [("tea", True)]
    later.close()


async def test_a_key_sets_one_reminder(kept: Kept) -> None:
    for _ in range(2):
        assert (await kept.do("SetReminder", key="k", text="once", in_seconds=60)).ok
    assert (await kept.do("ListReminders")).text.count("once") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x"},
        {"text": "x", "in_seconds": 60, "at": "2026-05-01T12:00"},
        {"text": "x", "in_seconds": 0},
        {"text": "x", "in_seconds": 10**12},
        {"text": "x", "in_seconds": True},
        {"text": "", "in_seconds": 5},
        {"text": "x" * 300, "in_seconds": 5},
        {"text": "x", "at": "tomorrow"},
        {"text": "x", "at": "2020-01-01T00:00"},
        {"text": "x", "at": "0001-01-01T00:00:00"},
        {"text": "x", "at": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_a_time_that_is_none_is_refused(kept: Kept, arguments: dict[str, Any]) -> None:
    assert code(await kept.do("SetReminder", **arguments)) == "action.bad_argument"


async def test_cancelling_is_exact_and_ones_own(kept: Kept) -> None:
    for text in ("call mum", "call dad"):
        await kept.do("SetReminder", text=text, in_seconds=60)
    assert code(await kept.do("CancelReminder", text="call")) == "action.ambiguous"
    assert code(await kept.do("CancelReminder", GUEST, text="call mum")) == "action.unknown_reminder"
    assert (await kept.do("CancelReminder", text="Call Mum")).ok
    assert code(await kept.do("CancelReminder", id=1)) == "action.unknown_reminder"
    assert (await kept.do("CancelReminder")).ok, "the only one that is left"


async def test_reminders_and_notes_are_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "MOST", 1)
    monkeypatch.setattr(notes, "MOST", 1)
    for wanted in (None, "action.too_many"):
        assert code(await kept.do("SetReminder", text="x", in_seconds=5)) == wanted
        assert code(await kept.do("AddNote", text="x")) == wanted


async def test_notes_are_found_by_their_words(kept: Kept) -> None:
    for text in ("the key lies under the mat", "Müller's number is 42", 'odd " AND (text NOT * signs'):
        assert (await kept.do("AddNote", text=text)).ok
    assert (await kept.do("FindNotes", query="KEY mat")).text == "Note 1: the key lies under the mat"
    assert "42" in (await kept.do("FindNotes", query="muller")).text, "accents do not matter"
    assert (await kept.do("FindNotes", query='" OR ""')).text == "No notes."
    assert (await kept.do("FindNotes", query="numb")).text.startswith("Note 2")
    assert (await kept.do("FindNotes", GUEST)).text == "No notes.", "they are a person's own"
    assert code(await kept.do("DeleteNote", text="nothing like it")) == "action.unknown_note"
    assert code(await kept.do("DeleteNote")) == "action.bad_argument"
    assert (await kept.do("DeleteNote", text="key")).ok
    assert (await kept.do("FindNotes", query="key")).text == "No notes."
    assert len((await kept.do("FindNotes")).text.splitlines()) == 2


async def test_those_who_may_only_look_write_nothing(kept: Kept) -> None:
    kept.actions.policy.rules = kept.actions.policy.rules.reading()
    assert code(await kept.do("AddNote", text="x")) == "action.denied"
    assert (await kept.do("FindNotes")).ok
    assert (await kept.do("Calculate", expression="1+1")).text == "1+1 = 2"


async def test_whoever_listens_is_told_at_once(kept: Kept) -> None:
    listening = asyncio.create_task(kept.beside.notices.after(0, wait_s=60))
    kept.beside.keep_ringing()
    await kept.do("SetReminder", text="soon", in_seconds=5)
    while not kept.beside.notices._waiting:
        await asyncio.sleep(0.005)
    kept.clock.forward(5)
    await kept.do("SetReminder", text="wakes the clock", in_seconds=500)
    assert [notice.text for notice in await asyncio.wait_for(listening, 20)] == ["soon"]
    assert kept.beside._ringing is not None
    kept.beside._ringing.cancel()


async def test_a_notice_is_given_out_once_and_the_newest_stay(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "KEPT", 3)
    database = Database(tmp_path / "rottie.db")
    kept = Notices(database)
    for key in ["same", "same", *"abcd"]:
        kept.add(key=key, kind="timer", text=key, due=clock(), now=clock())
    found = await kept.after(0)
    assert [notice.text for notice in found] == ["b", "c", "d"]
    assert await kept.after(found[-1].seq) == ()
    database.close()


def test_a_database_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "rottie.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreUnusable):
        Database(tmp_path / "rottie.db")


_CRASHING = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from serve.actions.beside.database import Database
from serve.actions.beside.notices import Notices
from serve.actions.beside.reminders import Reminders, Setting
now = [datetime(2026, 3, 1, tzinfo=UTC)]
database = Database(Path(sys.argv[1]))
made = Reminders(database, Notices(database), lambda: now[0])
for number in range(20):
    made._set(Setting(text=str(number), in_seconds=1), "uma")
print("ready", flush=True)
for number in range(10_000):
    now[0] += timedelta(seconds=2)
    made.ring_due()
    made._set(Setting(text=f"more {number}", in_seconds=1), "uma")
"""


async def test_a_kill_rings_nothing_twice_and_loses_nothing(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "rottie.db"
    child = subprocess.Popen([sys.executable, "-c", _CRASHING, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    await asyncio.sleep(0.1)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    database = Database(path)
    clock.forward(10**7)
    reminders.Reminders(database, Notices(database), clock).ring_due()
    with database.reading() as db:
        texts = [text for (text,) in db.execute("SELECT text FROM notices ORDER BY seq")]
        (left,) = db.execute("SELECT count(*) FROM reminders").fetchone()
    assert left == 0
    assert len(texts) == len(set(texts))
    expected = [*map(str, range(20)), *(f"more {number}" for number in range(len(texts) - 20))]
    assert sorted(texts) == sorted(expected)
    database.close()
