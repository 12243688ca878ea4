"""What a start writes: supervisord's configuration, secrets and their modes, the environment, the watcher's judgement."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from supervisor.options import ServerOptions
from typer.testing import CliRunner

from rottie.cli import app
from rottie.stack import watching
from rottie.stack.deploying import declared_digest
from rottie.stack.environment import clean, environment
from rottie.stack.health import Health, check
from rottie.stack.identity import MARK, end, marked, note_processes, same_process, stack_id
from rottie.stack.keys import make_keys, mlflow_auth_db, mlflow_password_path, ray_token_path
from rottie.stack.places import SOCKET_LIMIT, check_disk, make_folders, ray_session, short_folder, supervisor_socket
from rottie.stack.recording import Record, read_record, running, urls, write_record
from rottie.stack.services import programs, server_secrets, write_mlflow_auth
from rottie.stack.supervising import config_path, config_text, write_config
from schemas.errors import DiskFull, StackError
from schemas.profile import Profile
from schemas.settings import Home

PROFILE = Profile.model_validate({"name": "laptop", "stack": {"wyoming": True}})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "100% home; really")
    make_folders(home)
    make_keys(home)
    yield home
    if short_folder(home).is_relative_to("/tmp") and not short_folder(home).is_relative_to(home.root):
        shutil.rmtree(short_folder(home), ignore_errors=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_made_once_and_private(home: Home) -> None:
    before = {path.name: path.read_text() for path in [*home.secrets.iterdir(), home.api_key]}
    assert len(set(before.values())) == len(before) == 5
    assert all(mode(path) == 0o600 for path in [*home.secrets.iterdir(), home.api_key])
    assert mode(home.secrets) == mode(home.run) == 0o700
    home.api_key.chmod(0o644)
    assert make_keys(home) == []
    assert {path.name: path.read_text() for path in [*home.secrets.iterdir(), home.api_key]} == before
    assert mode(home.api_key) == 0o600


def test_a_lost_mlflow_password_starts_a_new_users_file(home: Home) -> None:
    mlflow_auth_db(home).write_text("holds the hash of the old password")
    mlflow_password_path(home).unlink()
    assert make_keys(home) == [mlflow_password_path(home)]
    assert not mlflow_auth_db(home).exists()


def test_supervisord_reads_the_configuration(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.run)
    write_config(home, programs(home, PROFILE))
    assert mode(config_path(home)) == 0o600
    options = ServerOptions()
    options.realize(["-c", str(config_path(home))], doc="")
    found = {group.process_configs[0].name: group.process_configs[0] for group in options.process_group_configs}
    assert set(found) == {"ray", "prefect", "mlflow", "worker", "watcher", "wyoming"}
    for program in programs(home, PROFILE):
        # What supervisord will run is word for word what was declared, percent signs and blanks included.
        assert shlex.split(found[program.name].command) == list(program.command)
        assert found[program.name].environment["ROTTIE_SERVICE"] == program.name
        assert found[program.name].killasgroup
        assert program.settings.items() <= found[program.name].environment.items()
        assert (home.run / found[program.name].stdout_logfile).resolve() == home.logs / f"{program.name}.log"
    assert found["mlflow"].environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert not found["worker"].autostart


def test_everything_listens_on_loopback_only(home: Home) -> None:
    for program in programs(home, PROFILE):
        command = " ".join(program.command)
        assert "0.0.0.0" not in command
        if program.name in ("ray", "prefect", "mlflow", "wyoming"):
            assert "127.0.0.1" in command
    assert environment(home, PROFILE)["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"


def test_no_secret_stands_in_a_configuration_or_a_command_line(home: Home) -> None:
    write_mlflow_auth(home)
    secrets = [*server_secrets(home).values(), ray_token_path(home).read_text(), home.api_key.read_text()]
    secrets += [value.partition(":")[2] for value in secrets if ":" in value]
    text = config_text(home, programs(home, PROFILE)) + (home.run / "mlflow_auth.ini").read_text()
    assert not [secret for secret in secrets if secret in text]


def test_the_environment_contract(home: Home) -> None:
    values = environment(home, PROFILE)
    assert values["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"
    assert values["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert values["RAY_API_SERVER_ADDRESS"] == values["RAY_DASHBOARD_ADDRESS"] == "http://127.0.0.1:8265"
    assert values["RAY_AUTH_MODE"] == "token"
    assert Path(values["RAY_AUTH_TOKEN_PATH"]).read_text()
    assert values["ROTTIE_HOME"] == str(home.root)
    assert values["OMP_NUM_THREADS"] == "1"
    assert MARK not in values, "a flow that the user runs is not part of the stack and must survive its end"


def test_other_ports_reach_the_flows(home: Home) -> None:
    place = Profile.model_validate({"name": "laptop", "stack": {"ports": {"api": 8123}}})
    assert environment(home, place)["ROTTIE__PROFILE__STACK__PORTS__API"] == "8123"


@pytest.mark.parametrize("off", ["off", False, None, Profile(name="x").stack.wyoming])
def test_the_wyoming_bridge_may_be_off(home: Home, off: object) -> None:
    place = Profile.model_validate({"name": "x", "stack": {"wyoming": off}})
    assert "wyoming" not in {program.name for program in programs(home, place)}
    assert "wyoming" not in {**urls(place), **place.stack.listening}
    assert "wyoming" not in watching.Watcher(home, Record(id="x", profile=place, urls={}, pid=1, started=0)).services


def test_the_wyoming_bridge_listens_where_it_is_told(home: Home) -> None:
    place = Profile.model_validate({"name": "x", "stack": {"wyoming": {"host": "0.0.0.0"}, "ports": {"wyoming": 20701}}})
    (program,) = [program for program in programs(home, place) if program.name == "wyoming"]
    assert {"--host=0.0.0.0", "--port=20701", "--api=http://127.0.0.1:8000", "--wake=starter"} <= set(program.command)
    assert Profile.model_validate({"name": "x", "stack": {"wyoming": "on"}}).stack.listening["wyoming"] == ("127.0.0.1", 20700)
    with pytest.raises(ValueError, match="Ray's workers"):
        Profile.model_validate({"name": "x", "stack": {"ports": {"wyoming": 10700}}})


def test_a_remote_profile_has_its_own_addresses(tmp_path: Path) -> None:
    addresses = {"prefect": "http://p/api", "mlflow": "http://m", "ray": "http://r"}
    away = Profile.model_validate({"name": "away", "stack": {"local": False}, "addresses": addresses})
    values = environment(Home(tmp_path), away)
    assert values["PREFECT_API_URL"] == "http://p/api"
    assert values["RAY_DASHBOARD_ADDRESS"] == "http://r"
    assert "RAY_AUTH_MODE" not in values


def test_foreign_addresses_do_not_leak_in() -> None:
    assert clean({"RAY_ADDRESS": "other:6379", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_long_homes_get_short_sockets(tmp_path: Path) -> None:
    for root in (Path("/h"), tmp_path / ("long" * 20)):
        home = Home(root)
        assert len(os.fsencode(supervisor_socket(home))) + 12 <= SOCKET_LIMIT
        longest = ray_session(home) / "session_2026-01-01_00-00-00_000000_4194304" / "sockets" / "plasma_store"
        assert len(os.fsencode(longest)) <= SOCKET_LIMIT


def test_someone_elses_socket_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / ("long" * 20))
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    try:
        with pytest.raises(StackError, match="someone else"):
            make_folders(home)
    finally:
        short_folder(home).rmdir()


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))
    with pytest.raises(DiskFull, match=r"0\.10 GB"):
        check_disk(Home(tmp_path / "home"))


def test_the_record_tells_a_dead_supervisor_from_a_living_one(home: Home) -> None:
    me = psutil.Process()
    record = Record(id=stack_id(home), profile=PROFILE, urls=urls(PROFILE), pid=me.pid, started=me.create_time())
    write_record(home, record)
    assert running(home) == record
    write_record(home, record.model_copy(update={"started": me.create_time() - 100}))
    assert running(home) is None, "another process has that id now"
    (home.run / "stack.json").write_text("{")
    assert read_record(home) is None


def sleeper(home: Home | None) -> subprocess.Popen[bytes]:
    variables = {**os.environ, **({MARK: stack_id(home)} if home else {})}
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=variables)


def test_only_marked_processes_are_found_and_ended(home: Home, tmp_path: Path) -> None:
    ours, others, stranger = sleeper(home), sleeper(Home(tmp_path / "other")), sleeper(None)
    try:
        assert [p.pid for p in marked(home)] == [ours.pid]
        assert end(marked(home)) == 1
        assert ours.poll() is not None
        assert others.poll() is None
        assert stranger.poll() is None
    finally:
        for process in (ours, others, stranger):
            process.kill()
            process.wait()


def test_down_ends_the_orphans_of_a_killed_stack(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(home.root))
    ours, others = sleeper(home), sleeper(Home(tmp_path / "other"))
    try:
        result = CliRunner().invoke(app, ["down"])
        assert result.exit_code == 0
        assert "Stopped 1 processes" in result.output
        assert ours.poll() is not None
        assert others.poll() is None
    finally:
        for process in (ours, others):
            process.kill()
            process.wait()


def test_a_process_that_lost_its_mark_is_found_by_its_note(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sleeper(home)
    try:
        note_processes(home)
        monkeypatch.setattr(psutil.Process, "environ", lambda self: {})
        assert [p.pid for p in marked(home)] == [ours.pid]
    finally:
        ours.kill()
        ours.wait()
    assert marked(home) == []
    assert not same_process(ours.pid, 0.0)


def test_refused_connections_are_unhealthy_not_errors(home: Home) -> None:
    place = Profile.model_validate(
        {
            "name": "x",
            "stack": {"wyoming": True, "ports": {"mlflow": 1024, "prefect": 1025, "ray_dashboard": 1026, "wyoming": 1027}},
        }
    )
    record = Record(id="x", profile=place, urls=urls(place), pid=1, started=0)
    for service in ("ray", "prefect", "mlflow", "worker", "api", "wyoming"):
        assert not check(service, record, environment(home, place)).healthy


def watched(home: Home, monkeypatch: pytest.MonkeyPatch, healthy: bool, uptime: float) -> tuple[watching.Watcher, list[str]]:
    record = Record(id="x", profile=PROFILE, urls=urls(PROFILE), pid=1, started=0)
    restarted: list[str] = []
    states = {"mlflow": {"state": "RUNNING", "pid": 7, "uptime_s": uptime, "detail": ""}}
    monkeypatch.setattr(watching, "process_states", lambda _: states)
    monkeypatch.setattr(watching, "check", lambda *_: Health(healthy))
    monkeypatch.setattr(watching, "restart_program", lambda _, name: restarted.append(name))
    monkeypatch.setattr(watching, "start_program", lambda _, name: restarted.append(f"start {name}"))
    return watching.Watcher(home, record), restarted


def test_the_watcher_restarts_what_hangs_after_some_misses(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, restarted = watched(home, monkeypatch, True, 60)
    watcher.round()
    monkeypatch.setattr(watching, "check", lambda *_: Health(False))
    for _ in range(watching.MISSES - 1):
        watcher.round()
    assert restarted == []
    watcher.round()
    assert restarted == ["mlflow"]


def test_the_watcher_gives_a_new_process_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, restarted = watched(home, monkeypatch, False, 60)
    for _ in range(watching.MISSES * 2):
        watcher.round()
    assert restarted == []
    watcher, restarted = watched(home, monkeypatch, False, watching.GRACE_S + 1)
    for _ in range(watching.MISSES):
        watcher.round()
    assert restarted == ["mlflow"]


def test_the_watcher_starts_what_the_supervisor_gave_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher, restarted = watched(home, monkeypatch, True, 60)
    states = {"ray": {"state": "FATAL", "pid": None, "uptime_s": 0, "detail": "exited too quickly"}}
    monkeypatch.setattr(watching, "process_states", lambda _: states)
    watcher.round()
    assert restarted == ["start ray"]


def test_a_changed_flow_is_declared_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rottie.stack import deploying

    (tmp_path / "flows").mkdir()
    (tmp_path / "prefect.yaml").write_text("deployments: []\n")
    monkeypatch.setattr(deploying, "project_root", lambda: tmp_path)
    variables: dict[str, Any] = {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}
    before = declared_digest(variables)
    assert declared_digest(variables) == before
    (tmp_path / "flows" / "retrain.py").write_text("# a parameter more\n")
    assert declared_digest(variables) != before
    assert declared_digest({"PREFECT_API_URL": "http://127.0.0.1:4300/api"}) != declared_digest(variables)


def test_mlflows_user_file_names_no_password(home: Home) -> None:
    write_mlflow_auth(home)
    path = home.run / "mlflow_auth.ini"
    config = configparser.ConfigParser(interpolation=None)
    config.read(path)
    assert config["mlflow"]["default_permission"] == "NO_PERMISSIONS"
    assert "admin_password" not in config["mlflow"]
    assert mode(path) == 0o600
