"""The real stack, started, hurt and stopped. One stack for the whole module, on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from rottie.stack.identity import marked, memory_mb
from rottie.stack.places import short_folder
from rottie.stack.supervising import process_states
from schemas.settings import Home

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SERVICES = ("api", "prefect", "mlflow", "ray_dashboard", "ray_gcs", "wyoming")
LIMIT_S = 240  # generous: what is tested is that it happens, not how fast


def free_ports(count: int) -> list[int]:
    """Outside Ray's worker range, and not handed out to anyone's outgoing connections meanwhile."""
    found: list[int] = []
    for port in range(23000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home((tmp_path_factory.mktemp("stack") / "home").resolve())
    yield home
    rottie(home, "down")
    shutil.rmtree(short_folder(home), ignore_errors=True)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    path = tmp_path_factory.mktemp("profile") / "test.yaml"
    path.write_text(f"name: test\nstack:\n  ports: {json.dumps(ports)}\n  object_store_mb: 80\n  wyoming: on\n")
    return path


@pytest.fixture(scope="module", autouse=True)
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with the stack, and must outlive all that happens here."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield process
    assert process.poll() is None, "something ended a process that is not the stack's"
    process.kill()
    process.wait()


def rottie(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "ROTTIE_HOME": str(home.root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "rottie.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=600, check=False)


def up(home: Home, profile: Path) -> str:
    done = rottie(home, "up", "--no-starter", "--profile", str(profile))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def report(home: Home) -> dict[str, Any]:
    return json.loads(rottie(home, "status", "--json").stdout)


def until(true: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if true():
            return
        time.sleep(0.5)
    pytest.fail(f"after {LIMIT_S} s still not: {what}")


def test_up_makes_everything_answer(home: Home, profile: Path) -> None:
    up(home, profile)
    found = report(home)
    assert found["running"]
    assert found["healthy"]
    assert {"ray", "prefect", "mlflow", "worker", "watcher", "wyoming"} <= {
        n for n, row in found["services"].items() if row["healthy"]
    }


def test_every_listener_is_on_loopback(home: Home) -> None:
    addresses = set()
    for process in marked(home):
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                addresses.add(connection.laddr.ip)
    assert addresses
    assert {address.removeprefix("::ffff:") for address in addresses} == {"127.0.0.1"}


def test_nothing_but_health_answers_without_a_secret(home: Home) -> None:
    urls = {name: row["url"] for name, row in report(home)["services"].items()}
    asked = {
        f"{urls['mlflow']}/api/2.0/mlflow/registered-models/search?max_results=1",
        f"{urls['prefect']}/api/admin/version",
        f"{urls['ray']}/api/version",
        f"{urls['ray']}/api/serve/applications/",
    }
    assert {httpx.get(url, trust_env=False).status_code for url in asked} == {401}
    password = (home.secrets / "mlflow_password").read_text()
    search = f"{urls['mlflow']}/api/2.0/mlflow/registered-models/search?max_results=1"
    assert httpx.get(search, auth=("rottie", password), trust_env=False).status_code == 200
    assert httpx.get(urls["prefect"], trust_env=False, follow_redirects=True).status_code == 200  # the UI, which asks for it


def test_no_secret_is_in_a_log_or_a_command_line(home: Home) -> None:
    secrets = [path.read_text().rpartition(":")[2] for path in [*home.secrets.iterdir(), home.api_key]]
    commands = [" ".join(process.cmdline()) for process in marked(home)]
    logs = [path.read_text(errors="replace") for path in home.logs.iterdir() if path.is_file()]
    assert not [secret[:4] for secret in secrets for text in (*commands, *logs) if secret in text]


def test_a_second_up_changes_nothing(home: Home, profile: Path) -> None:
    before = {name: state["pid"] for name, state in process_states(home).items()}
    told = json.loads(rottie(home, "up", "--no-starter", "--profile", str(profile), "--json").stdout)
    assert told["already"]
    assert {name: state["pid"] for name, state in process_states(home).items()} == before


def test_the_figures_of_a_card_are_measured_again(home: Home) -> None:
    done = rottie(home, "run", "evaluate_starter", "--only", "llm", "--limit", "12", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == {"llm": 12}
    assert found["figures"]["llm"]["valid_call_rate"] == 1
    assert {"state_exact_both", "wrong_action_both"} <= set(found["figures"]["llm"]) & set(found["cards"]["llm"])
    assert "| names_exact |" in (Path(found["path"]) / "appraisal.md").read_text()
    assert "evaluate_starter" in rottie(home, "runs", "--json").stdout


def test_the_stack_fits_its_memory(home: Home) -> None:
    assert memory_mb(home)[0] < 2560


def test_what_is_killed_comes_back(home: Home) -> None:
    """All at once: ray start leaves a raylet behind, and Prefect and MLflow come back while the worker looks for them."""
    before = {name: process_states(home)[name]["pid"] for name in ("mlflow", "worker", "prefect", "ray", "watcher", "wyoming")}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in before.items():
        until(lambda: process_states(home).get(name, {}).get("pid") not in (None, pid), f"{name} started again")  # noqa: B023
    until(lambda: report(home)["healthy"], "all healthy")


def test_a_service_that_hangs_is_restarted(home: Home) -> None:
    pid = process_states(home)["mlflow"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    until(lambda: process_states(home).get("mlflow", {}).get("pid") not in (None, pid), "mlflow started again")
    until(lambda: report(home)["healthy"], "all healthy")


def test_foreign_ports_are_refused_while_it_runs(home: Home, profile: Path, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    done = rottie(other, "up", "--no-starter", "--profile", str(profile))
    assert done.returncode == 8
    assert "stack.port" in done.stderr
    assert marked(other) == []
    assert report(home)["healthy"]


def test_up_recovers_from_a_killed_supervisor_and_ctrl_c_leaves_nothing(home: Home, profile: Path) -> None:
    orphans = {process.pid for process in marked(home)}
    os.kill(int((home.run / "supervisord.pid").read_text()), signal.SIGKILL)
    until(lambda: rottie(home, "status").returncode == 8, "the stack counts as down")
    assert len(orphans & {process.pid for process in marked(home)}) > 5, "its programs live on"
    variables = {**os.environ, "ROTTIE_HOME": str(home.root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "rottie.cli", "up", "--no-starter", "--profile", str(profile), "--foreground"]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        until(lambda: "Ctrl-C" in (process.stdout.readline() if process.stdout else ""), "the foreground is up")
        assert report(home)["healthy"]
        before = marked(home)
        assert not orphans & {found.pid for found in before}
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 0, rest
    assert "Stopped" in rest
    assert marked(home) == []
    assert not [found for found in before if found.is_running() and found.status() != "zombie"]
    assert rottie(home, "status").returncode == 8
