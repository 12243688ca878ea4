"""The Wyoming bridge as the local stack runs it: started, told of, started again, stopped. Without the rest of the stack."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wyoming.client import AsyncClient
from wyoming.info import Describe

from rottie.stack.environment import environment
from rottie.stack.health import check
from rottie.stack.identity import marked, stack_id
from rottie.stack.keys import make_keys
from rottie.stack.places import make_folders, short_folder
from rottie.stack.recording import Record, urls, write_record
from rottie.stack.reporting import report
from rottie.stack.services import programs
from rottie.stack.stopping import stop_everything
from rottie.stack.supervising import process_states, start_supervisor, write_config
from schemas.profile import Ports, Profile, Stack, Wyoming
from schemas.settings import Home
from tests.cluster.conftest import free_ports

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]
LIMIT_S = 120  # generous: what is tested is that it happens, not how fast


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    home = Home((tmp_path_factory.mktemp("wyoming") / "home").resolve())
    names = ("api", "prefect", "mlflow", "ray_dashboard", "ray_gcs", "wyoming")
    ports = Ports(**dict(zip(names, free_ports(len(names)), strict=True)))
    profile = Profile(name="test", stack=Stack(ports=ports, wyoming=Wyoming()))
    make_folders(home)
    make_keys(home)
    write_config(home, tuple(program for program in programs(home, profile) if program.name == "wyoming"))
    pid, started = start_supervisor(home, profile)
    record = Record(id=stack_id(home), profile=profile, urls=urls(profile), pid=pid, started=started)
    write_record(home, record)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROTTIE_HOME", str(home.root))
        yield record
    stop_everything(home)
    assert marked(home) == []
    shutil.rmtree(short_folder(home), ignore_errors=True)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.2)
    pytest.fail(f"after {LIMIT_S} s still not: {what}")


def healthy(record: Record) -> bool:
    return check("wyoming", record, environment(Home.current(), record.profile)).healthy


def pid() -> int | None:
    return process_states(Home.current()).get("wyoming", {}).get("pid")


async def test_it_answers_and_the_status_tells_of_it(record: Record) -> None:
    until(lambda: healthy(record), "the bridge answers")
    until(lambda: report(Home.current())["services"]["wyoming"]["state"] == "RUNNING", "it has run for some seconds")
    row = report(Home.current())["services"]["wyoming"]
    assert (row["healthy"], row["state"], row["url"]) == (True, "RUNNING", record.urls["wyoming"])
    async with AsyncClient.from_uri(record.urls["wyoming"], connect_timeout=5, read_timeout=20) as client:
        await client.write_event(Describe().event())
        answer = await client.read_event()
    assert answer is not None
    assert (answer.type, answer.data["code"]) == ("error", "stack.down"), "there is no API behind it yet"


def test_it_listens_on_loopback_and_no_secret_stands_in_its_command_line(record: Record) -> None:
    (process,) = [found for found in marked(Home.current()) if found.pid == pid()]
    addresses = {each.laddr.ip for each in process.net_connections("tcp") if each.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    assert Path(Home.current().api_key).read_text().strip() not in " ".join(process.cmdline())


def test_what_is_killed_comes_back_and_what_is_asked_to_end_ends(record: Record) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        before = pid()
        assert before is not None
        os.kill(before, number)
        until(lambda: pid() not in (None, before) and healthy(record), "another process answers")  # noqa: B023
