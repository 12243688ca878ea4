"""`rottie up`: from nothing, from a running stack, or from the ruins of a killed one, to every service answering."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from rottie.stack.deploying import deploy_all, ensure_pool
from rottie.stack.environment import environment
from rottie.stack.health import check
from rottie.stack.identity import end, marked, note_processes, stack_id
from rottie.stack.keys import make_keys, private_folder
from rottie.stack.places import check_disk, make_folders, ray_session
from rottie.stack.ports import check_ports, port_error, taken
from rottie.stack.progress import Progress
from rottie.stack.recording import Record, remove_record, running, urls, write_record
from rottie.stack.services import programs, write_mlflow_auth
from rottie.stack.supervising import process_states, start_program, start_supervisor, supervisor_answers, write_config
from schemas.errors import StackError
from schemas.profile import Profile
from schemas.settings import Home

PATIENCE_S = 300  # imports alone take minutes on a machine that is busy with something else


@dataclass(frozen=True)
class Started:
    record: Record
    already: bool  # it ran before this call, and was left as it is
    seconds: float


def bring_up(home: Home, profile: Profile, progress: Progress) -> Started:
    """Start what is missing and wait until all of it answers.

    Raises PortInUse, DiskFull or StackError; what this call started is stopped again before the error leaves it.
    """
    begun = time.monotonic()
    private_folder(home.root, create_only=True)
    with _alone(home):
        record = running(home)
        if record is not None and supervisor_answers(home):
            _wait_all(home, record, progress, deploy=False)
            return Started(record, True, time.monotonic() - begun)
        _clear(home, progress)
        check_disk(home)
        check_ports(profile.stack)
        record = _start(home, profile)
        try:
            _wait_all(home, record, progress, deploy=True)
        except BaseException:
            from rottie.stack.stopping import stop_everything

            stop_everything(home)
            raise
        note_processes(home)
    return Started(record, False, time.monotonic() - begun)


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One `rottie up` at a time; a second waits for the first, then finds the stack running."""
    private_folder(home.run)
    with (home.run / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clear(home: Home, progress: Progress) -> None:
    orphans = marked(home)
    if orphans:
        progress.tell("leftovers", "starting", f"ending {len(orphans)} processes of a stack that was killed")
        end(orphans)
        progress.tell("leftovers", "healthy", f"{len(orphans)} processes of a killed stack ended")
    remove_record(home)


def _start(home: Home, profile: Profile) -> Record:
    make_folders(home)
    make_keys(home)
    write_mlflow_auth(home)
    write_config(home, programs(home, profile))
    pid, started = start_supervisor(home, profile)
    record = Record(id=stack_id(home), profile=profile, urls=urls(profile), pid=pid, started=started)
    write_record(home, record)
    _link_ray_logs(home)
    return record


def _link_ray_logs(home: Home) -> None:
    """logs/ray leads to the logs of Ray's current session, whose folder may lie below /tmp."""
    link = home.logs / "ray"
    with contextlib.suppress(OSError):
        link.unlink(missing_ok=True)
        link.symlink_to(ray_session(home) / "session_latest" / "logs")


def _wait_all(home: Home, record: Record, progress: Progress, *, deploy: bool) -> None:
    variables = environment(home, record.profile)
    jobs: dict[str, Callable[[], None]] = {
        "ray": lambda: _wait("ray", home, record, variables, progress),
        "mlflow": lambda: _wait("mlflow", home, record, variables, progress),
        "prefect": lambda: _prefect_side(home, record, variables, progress, deploy),
    }
    if record.profile.stack.wyoming is not None:
        jobs["wyoming"] = lambda: _wait("wyoming", home, record, variables, progress)
    for name in (*jobs, "worker", "deployments"):
        if deploy or name != "deployments":
            progress.tell(name, "waiting" if name in ("worker", "deployments") else "starting")
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures: list[Future[None]] = [pool.submit(job) for job in jobs.values()]
        for future in futures:
            future.result()


def _prefect_side(home: Home, record: Record, variables: Mapping[str, str], progress: Progress, deploy: bool) -> None:
    _wait("prefect", home, record, variables, progress)
    ensure_pool(record.profile.stack.work_pool, variables)
    start_program(home, "worker")
    if deploy:
        progress.tell("deployments", "declaring", "prefect deploy --all")
        changed = deploy_all(home, variables)
        progress.tell("deployments", "healthy", "" if changed else "unchanged")
    _wait("worker", home, record, variables, progress)


def _wait(service: str, home: Home, record: Record, variables: Mapping[str, str], progress: Progress) -> None:
    progress.tell(service, "starting")
    deadline = time.monotonic() + PATIENCE_S
    log = home.logs / f"{service}.log"
    while time.monotonic() < deadline:
        state = check(service, record, variables)
        if state.healthy:
            progress.tell(service, "healthy", record.urls.get(service, ""))
            return
        program = process_states(home).get(service, {})
        if program.get("state") in ("BACKOFF", "FATAL"):
            # Between the check of the ports and this start, somebody may have taken one.
            host, port = record.profile.stack.listening.get(service, ("", 0))
            if port and program["state"] == "FATAL" and taken(host, port):
                progress.tell(service, "failed")
                raise port_error(service, host, port)
            progress.tell(service, "retrying", str(program.get("detail", ""))[:80])
        if program.get("state") == "FATAL":
            progress.tell(service, "failed", str(log))
            raise StackError(f"{service} ends as soon as it starts", where=str(log), hint="The end of that log says why.")
        if not record.alive():
            raise StackError("supervisord ended while services were starting", where=str(home.logs / "supervisord.log"))
        time.sleep(0.5)
    progress.tell(service, "failed", str(log))
    raise StackError(f"{service} does not answer after {PATIENCE_S} s ({state.detail})", where=str(log))
