"""Which processes belong to this stack, and ending those and no others.

Every program starts with ROTTIE_STACK=<id> in its environment and hands it down to its children, so that orphans are
found even after the supervisor was killed. Programs that rewrite their title overwrite the memory that holds the
environment (Ray's dashboard does): those are found as descendants of marked ones, or by their noted id and start time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import psutil

from schemas.hashing import write_atomic
from schemas.settings import Home

MARK = "ROTTIE_STACK"
SERVICE_MARK = "ROTTIE_SERVICE"
NOTED = "processes.json"


def stack_id(home: Home) -> str:
    """Twelve hex digits that name the stack of one resolved ROTTIE_HOME."""
    return hashlib.sha256(str(home.root.resolve()).encode()).hexdigest()[:12]


def marked(home: Home, service: str | None = None) -> list[psutil.Process]:
    """Living processes of this stack (of one service when named), never the caller or an ancestor of it."""
    wanted, user = stack_id(home), os.getuid()
    mine = {os.getpid(), *(p.pid for p in _ancestors())}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid in mine or process.uids().real != user:
                continue
            environment = process.environ()
            if environment.get(MARK) == wanted and service in (None, environment.get(SERVICE_MARK)):
                found[process.pid] = process
    for process in list(found.values()):
        with contextlib.suppress(psutil.Error):
            found.update({child.pid: child for child in process.children(recursive=True) if child.pid not in mine})
    if service is None:
        found.update({p.pid: p for p in _noted_alive(home) if p.pid not in mine})
    return [p for p in found.values() if _alive(p)]


def note_processes(home: Home) -> None:
    """Write down id and start time of every process of the stack: what finds those whose mark is unreadable."""
    rows = []
    for process in marked(home):
        with contextlib.suppress(psutil.Error):
            rows.append([process.pid, process.create_time()])
    write_atomic(home.run / NOTED, json.dumps(rows), 0o600)


def forget_processes(home: Home) -> None:
    (home.run / NOTED).unlink(missing_ok=True)


def end(processes: Iterable[psutil.Process], patience_s: float = 8.0) -> int:
    """TERM, wait, KILL what is left; how many there were. psutil checks the start time, so a reused id is never hit."""
    targets = list(processes)
    for process in targets:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(targets, timeout=patience_s)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(targets)


def same_process(pid: int, started: float) -> bool:
    """Whether ``pid`` still is the process that started at ``started`` (seconds since the epoch)."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1 and _alive(process)
    return False


def memory_mb(home: Home) -> tuple[float, float]:
    """Proportional and resident set size of the whole stack in MiB; shared pages count once in the first."""
    proportional = resident = 0.0
    for process in marked(home):
        with contextlib.suppress(psutil.Error, OSError):
            full = process.memory_full_info()
            resident += full.rss
            proportional += getattr(full, "pss", full.rss)
    return proportional / 2**20, resident / 2**20


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _ancestors() -> list[psutil.Process]:
    try:
        return psutil.Process().parents()
    except psutil.Error:
        return []


def _noted_alive(home: Home) -> list[psutil.Process]:
    path: Path = home.run / NOTED
    try:
        rows = json.loads(path.read_text())
    except (OSError, ValueError):
        return []
    alive = []
    for pid, started in rows:
        if same_process(pid, started):
            with contextlib.suppress(psutil.Error):
                alive.append(psutil.Process(pid))
    return alive
