"""The log: append only, private, whole after a kill."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.action import ActionResult, Change, EntityState
from schemas.errors import ActionLogUnusable, Interrupted
from serve.actions.actionlog import ActionLog, Entry
from tests.serve.actions.conftest import USER

ROOT = Path(__file__).resolve().parents[3]


def entry(number: int, key: str | None = None) -> Entry:
    return Entry(f"a{number}", USER, "HassTurnOn", {"name": "\ud800 lamp"}, datetime(2026, 1, 1, tzinfo=UTC), key)


def result(number: int) -> ActionResult:
    off, on = EntityState(state="off"), EntityState(state="on", attributes={"brightness": 9})
    return ActionResult(
        action_id=f"a{number}", tool="HassTurnOn", text="Done.", changes=(Change(entity_id="light.a", before=off, after=on),)
    )


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "deep" / "rottie.db")
    log.begin(entry(1, "k"))
    assert [row.action_id for row in log.unfinished()] == ["a1"]
    log.end(entry(1, "k"), result(1), "done")
    log.close()
    log = ActionLog(tmp_path / "deep" / "rottie.db")
    begun, done = log.read()
    assert (begun.phase, done.phase, done.arguments) == ("begun", "done", {"name": "\ud800 lamp"})
    assert done.before == {"light.a": {"state": "off", "attributes": {}}}
    assert done.after == {"light.a": {"state": "on", "attributes": {"brightness": 9}}}
    assert log.unfinished() == []
    assert log.recorded("uma", "k") == (begun, done)
    assert log.recorded("eve", "k") is None
    assert oct((tmp_path / "deep" / "rottie.db").stat().st_mode & 0o777) == "0o600"


def test_nothing_is_changed_or_removed(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "rottie.db")
    log.end(entry(1), result(1), "done")
    log.close()
    with sqlite3.connect(tmp_path / "rottie.db") as db:
        for statement in ("UPDATE actions SET actor = 'eve'", "DELETE FROM actions"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                db.execute(statement)
    db.close()


def test_a_key_begins_once(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "rottie.db")
    log.begin(entry(1, "k"))
    with pytest.raises(Interrupted):
        log.begin(entry(2, "k"))
    log.begin(entry(3))
    log.begin(entry(4))
    assert len(log.read()) == 3


def test_reading_is_bounded_and_filtered(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "rottie.db")
    for number in range(12):
        log.end(entry(number), result(number), "done")
    assert [row.seq for row in log.read(after=3, limit=4)] == [4, 5, 6, 7]
    assert [row.seq for row in log.last(2)] == [12, 11]
    assert len(log.read(limit=10**9)) == 12
    assert log.read(actor="eve") == log.read(tool="other") == []
    assert len(log.read(limit=-5)) == 1


def test_huge_arguments_are_counted_not_kept(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "rottie.db")
    log.end(Entry("a", USER, "t", {"name": "x" * 10**6}, datetime(2026, 1, 1, tzinfo=UTC)), result(1), "failed")
    assert "left_out" in log.read()[0].arguments


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rottie.db"
    path.write_bytes(b"this is no database" * 1000)
    with pytest.raises(ActionLogUnusable) as caught:
        ActionLog(path)
    assert caught.value.where == str(path)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from schemas.action import ActionResult, Actor
from serve.actions.actionlog import ActionLog, Entry
log, number = ActionLog(Path(sys.argv[1])), 0
while True:
    entry = Entry(f"a{number}", Actor(id="w"), "t", {"n": number}, datetime.now(UTC))
    log.begin(entry)
    log.end(entry, ActionResult(action_id=entry.action_id, tool="t", text="Done."), "done")
    print(number, flush=True)
    number += 1
"""


def test_a_kill_in_the_middle_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "rottie.db"
    for _ in range(2):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        answered = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate()
        answered += [int(line) for line in rest.split()]
        log = ActionLog(path)
        assert len(log.unfinished()) <= 2
        last = [row for row in log.last(1000) if row.phase == "done"]
        assert {row.arguments["n"] for row in last} >= set(answered)
        log.close()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()


def test_the_log_is_json_to_any_reader(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "rottie.db")
    log.end(entry(1), result(1), "done")
    with sqlite3.connect(tmp_path / "rottie.db") as db:
        after = db.execute("SELECT after FROM actions").fetchone()[0]
    db.close()
    assert json.loads(after)["light.a"]["state"] == "on"
