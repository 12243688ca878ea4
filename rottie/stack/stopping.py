"""`rottie down`: stop every process of this stack, whoever started it, and nothing else."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from rottie.stack.identity import end, forget_processes, marked
from rottie.stack.places import remove_short_folder
from rottie.stack.recording import remove_record
from rottie.stack.supervising import supervisor, supervisor_answers
from schemas.settings import Home

STOP_LIMIT_S = 20


def stop_everything(home: Home, tell: Callable[[str], None] = lambda _: None) -> int:
    """Ask the supervisor to stop all programs, then end whatever still carries the mark; how many there were."""
    count = len(marked(home))
    if supervisor_answers(home):
        tell("asking services to stop")
        with contextlib.suppress(Exception):  # whatever goes wrong here, the sweep below ends the processes
            remote = supervisor(home, STOP_LIMIT_S)
            # The worker first: runs that it cancels still find the server to report to.
            for name in ("watcher", "worker"):
                with contextlib.suppress(Exception):
                    remote.stopProcess(name, name == "worker")
            remote.stopAllProcesses(False)
            _wait_stopped(home)
            remote.shutdown()
            _wait_gone(home)
    left = marked(home)
    if left:
        tell(f"ending {len(left)} processes")
        end(left)
    end(marked(home), patience_s=2)  # children that were born meanwhile
    forget_processes(home)
    remove_record(home)
    remove_short_folder(home)
    return count


def _wait_stopped(home: Home) -> None:
    deadline = time.monotonic() + STOP_LIMIT_S
    while time.monotonic() < deadline:
        rows = supervisor(home, 5).getAllProcessInfo()
        if all(row["statename"] not in ("RUNNING", "STARTING", "STOPPING") for row in rows):
            return
        time.sleep(0.1)


def _wait_gone(home: Home) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and supervisor_answers(home):
        time.sleep(0.1)
