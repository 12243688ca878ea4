"""supervisord for the stack: its generated configuration, starting it, and talking to it over its Unix socket."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

import psutil

from rottie.stack.environment import clean, environment
from rottie.stack.identity import MARK, SERVICE_MARK, stack_id
from rottie.stack.places import supervisor_socket
from rottie.stack.services import Program, server_secrets
from schemas.errors import StackError
from schemas.hashing import write_atomic
from schemas.profile import Profile
from schemas.settings import Home

LOG_BYTES, LOG_BACKUPS = "10MB", 3
START_TRIES = 5  # a program that ends at once is tried this often, then left to the watcher


def config_path(home: Home) -> Path:
    return home.run / "supervisord.conf"


def config_text(home: Home, programs: tuple[Program, ...]) -> str:
    """Secrets stay out of this file: programs inherit them from the supervisor."""
    sections = [
        _section("unix_http_server", {"file": _plain(supervisor_socket(home)), "chmod": "0700"}),
        _section(
            "supervisord",
            {
                "nodaemon": "true",
                "silent": "true",
                "logfile": _plain(home.logs / "supervisord.log"),
                "logfile_maxbytes": LOG_BYTES,
                "logfile_backups": str(LOG_BACKUPS),
                "pidfile": _plain(home.run / "supervisord.pid"),
                "childlogdir": _plain(home.logs),
                "identifier": f"rottie-{stack_id(home)}",
                "umask": "077",
            },
        ),
        _section(
            "rpcinterface:supervisor",
            {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        *(_section(f"program:{program.name}", _settings(home, program)) for program in programs),
    ]
    return "\n".join(sections)


def _section(name: str, values: dict[str, str]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def _settings(home: Home, program: Program) -> dict[str, str]:
    variables = {**program.settings, SERVICE_MARK: program.name}
    return {
        "command": " ".join(_quoted(word) for word in program.command),
        "directory": _plain(home.run),
        "environment": ",".join(f"{name}={_quoted(value)}" for name, value in variables.items()),
        "autostart": str(program.autostart).lower(),
        "autorestart": "true",
        "startsecs": "2",
        "startretries": str(START_TRIES),
        "stopsignal": "TERM",
        "stopwaitsecs": str(program.stop_wait_s),  # then KILL
        "umask": "077",
        "stopasgroup": str(program.stop_group).lower(),
        "killasgroup": "true",
        "redirect_stderr": "true",
        # Relative to the supervisor's working directory: of an absolute path it expands percent signs twice.
        "stdout_logfile": os.path.relpath(home.logs / f"{program.name}.log", home.run),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }


def _plain(value: os.PathLike[str]) -> str:
    """supervisord expands %(name)s, and takes " ;" for the start of a comment."""
    text = os.fspath(value)
    if " ;" in text or "\n" in text:
        raise StackError("this path cannot stand in supervisord's configuration", where=text, hint="Choose another ROTTIE_HOME.")
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = _plain(Path(word)) if word.startswith("/") else word.replace("%", "%%")
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_config(home: Home, programs: tuple[Program, ...]) -> None:
    write_atomic(config_path(home), config_text(home, programs), 0o600)


def start_supervisor(home: Home, profile: Profile) -> tuple[int, float]:
    """Start it in a session of its own; its process id and start time. Raises StackError when its socket doesn't open."""
    supervisor_socket(home).unlink(missing_ok=True)
    variables = {
        **clean(os.environ),
        **environment(home, profile),
        **server_secrets(home),
        MARK: stack_id(home),
        "PYTHONUNBUFFERED": "1",
    }
    log = home.logs / "supervisord.out"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(config_path(home))],
            env=variables,
            cwd=home.run,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = psutil.Process(process.pid).create_time()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        if supervisor_answers(home):
            return process.pid, started
        time.sleep(0.1)
    process.kill()
    detail = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it printed nothing"]
    raise StackError(f"supervisord did not start: {detail[0]}", where=str(log))


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__()
        self._path, self._timeout = path, timeout

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._timeout)


def supervisor(home: Home, timeout_s: float = 60) -> Any:
    """The supervisor's XML-RPC namespace (getAllProcessInfo, startProcess, stopProcess, shutdown ...)."""
    transport = _UnixTransport(supervisor_socket(home), timeout_s)
    return xmlrpc.client.ServerProxy("http://localhost", transport=transport).supervisor


def supervisor_answers(home: Home) -> bool:
    try:
        return supervisor(home, 3).getState()["statename"] == "RUNNING"
    except (OSError, xmlrpc.client.Error, http.client.HTTPException):
        return False


def process_states(home: Home) -> dict[str, dict[str, Any]]:
    """By program: statename, pid, uptime_s, detail. Empty when the supervisor doesn't answer."""
    try:
        rows = supervisor(home, 5).getAllProcessInfo()
    except (OSError, xmlrpc.client.Error, http.client.HTTPException):
        return {}
    return {
        row["name"]: {
            "state": row["statename"],
            "pid": row["pid"] or None,
            "uptime_s": max(0, row["now"] - row["start"]) if row["pid"] else 0,
            "detail": row["spawnerr"] or row["description"],
        }
        for row in rows
    }


def start_program(home: Home, name: str) -> None:
    """Start ``name`` without waiting for it; a program that already runs is left alone."""
    try:
        supervisor(home).startProcess(name, False)
    except xmlrpc.client.Fault as fault:
        if "ALREADY_STARTED" not in fault.faultString:
            raise StackError(f"cannot start {name}: {fault.faultString}", where=str(home.logs / f"{name}.log")) from fault


def restart_program(home: Home, name: str) -> None:
    remote = supervisor(home)
    try:
        remote.stopProcess(name, True)
    except xmlrpc.client.Fault as fault:
        if "NOT_RUNNING" not in fault.faultString:
            raise StackError(f"cannot stop {name}: {fault.faultString}") from fault
    start_program(home, name)
