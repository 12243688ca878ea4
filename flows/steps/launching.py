"""Starting the workers of a training job where the profile says, following it, and stopping it when asked to.

Does not cover what the workers do (looping). Three launchers: one process, torchrun on this machine, or a Ray Job whose
driver runs Ray Train (ray_training).
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.steps.following import Follower
from flows.steps.job import Job
from schemas.errors import TrainingError
from schemas.profile import Profile, Workers

log = logging.getLogger(__name__)

_POLL = 0.5  # seconds
_GRACE = 15.0  # seconds between asking workers to end and killing them
_HEADROOM_GB = 0.5
_TAIL = 64 * 1024  # bytes of the workers' output that are looked through for an error
_ERROR = re.compile(r"(\[rank\d+\]: )?[A-Za-z_.]*(Error|Exception|Interrupt|Exit)\b.*:")
_PR_SET_PDEATHSIG = 1


def launch(job: Job, profile: Profile, on_metrics: Callable[[dict[str, float]], None] | None = None) -> dict[str, float]:
    """Run ``job`` to its end; returns the last metrics.

    Dead workers are started again ``workers.max_failures`` times and resume from the newest checkpoint. Any exception that
    ends the wait (KeyboardInterrupt, a cancelled flow) stops the workers first. Raises the workers' own error, or
    TrainingError when they die without one, StackDown when Ray does not answer.
    """
    workers = fitted(job.workers, job.training.batch)
    job = job.model_copy(update={"workers": workers})
    folder = Path(job.run)
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        job.error_file.unlink(missing_ok=True)
        job.result_file.unlink(missing_ok=True)
        job.write()
        with Follower(job, on_metrics) as follower:
            if workers.launcher == "ray":
                from flows.steps.ray_jobs import run_ray_job

                run_ray_job(job, profile, follower.poll)
            else:
                _run_here(job, follower.poll)
    result = job.read_result()
    if result is None:
        raise job.read_error() or TrainingError("the workers ended without a result", where=str(folder / "workers.log"))
    return result


def fitted(workers: Workers, batch: int) -> Workers:
    """Fewer workers where memory for all is not there, or where a step has fewer sequences than workers."""
    if workers.launcher == "alone":
        return workers
    count = min(workers.count, batch)
    if count < workers.count:
        log.warning("%d workers instead of %d: a step has only %d sequences", count, workers.count, batch)
    if workers.launcher == "torchrun" or _is_local_ray():
        import psutil

        free = psutil.virtual_memory().available / 2**30 - _HEADROOM_GB
        room = max(1, int(free // workers.memory_gb))
        if room < count:
            log.warning(
                "%d workers instead of %d: %.1f GB of memory are free and each needs %.1f", room, count, free, workers.memory_gb
            )
            count = room
    return workers.model_copy(update={"count": count})


def _is_local_ray() -> bool:
    address = os.environ.get("RAY_API_SERVER_ADDRESS", "")
    return "127.0.0.1" in address or "localhost" in address


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two runs of one candidate would write the same checkpoints."""
    with (folder / "lock").open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "Wait for it to end, or cancel it; its result will be used."
            raise TrainingError("this candidate is being trained already", where=str(folder), hint=hint) from error
        yield


def _run_here(job: Job, poll: Callable[[], None]) -> None:
    """One process or torchrun; started again when it is killed, not when it ends with an error of its own."""
    for attempt in range(job.workers.max_failures + 1):
        code = _run_once(job, poll)
        if code == 0 or job.error_file.exists():
            return
        if attempt < job.workers.max_failures:
            log.warning("training process ended with code %d; resuming from the last checkpoint", code)
    output = Path(job.run) / "workers.log"
    raise TrainingError(f"the training process ended with code {code}: {_last_words(output)}", where=str(output))


def _last_words(output: Path) -> str:
    """What Python said of the first error in the newest part of ``output``: later ones are its consequences."""
    with output.open("rb") as log_file:
        log_file.seek(max(0, output.stat().st_size - _TAIL))
        lines = log_file.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if _ERROR.match(line.strip())]
    return said[0][:500] if said else "it left no message"


def _run_once(job: Job, poll: Callable[[], None]) -> int:
    workers = job.workers
    command = [sys.executable, "-m"]
    if workers.launcher == "torchrun":
        # A free port for the rendezvous is torchrun's own choice with port 0.
        command += ["torch.distributed.run", "--nnodes=1", f"--nproc-per-node={workers.count}", "--max-restarts=0"]
        command += ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1", "-m"]
    command += ["flows.steps.looping", "--job", str(job.file)]
    environment = os.environ | {
        "OMP_NUM_THREADS": str(workers.threads),
        "GLOO_SOCKET_IFNAME": "lo",
        "TOKENIZERS_PARALLELISM": "false",
    }
    with (Path(job.run) / "workers.log").open("ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True, preexec_fn=die_with_parent
        )
        try:
            while process.poll() is None:
                poll()
                time.sleep(_POLL)
            return process.returncode
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all it started: they share a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def die_with_parent() -> None:
    """Linux ends the child when we are killed, so that no orphan writes into a run that is started again."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
