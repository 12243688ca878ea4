"""A training job as a Ray Job: submitted, followed, and stopped when we are."""

from __future__ import annotations

import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.steps.job import Job
from schemas.errors import StackDown, TrainingError
from schemas.hashing import write_atomic
from schemas.profile import Profile

if TYPE_CHECKING:
    from ray.job_submission import JobSubmissionClient

log = logging.getLogger(__name__)

_POLL = 0.5  # seconds between looks at the metrics
_ASK = 2.0  # seconds between questions to Ray
_AWAY = 60.0  # seconds that Ray may be away before the wait ends; its supervisor restarts it within these
_STOPPING = 30.0  # seconds
# A process of 112 MB that asks whether the cloud is about to take this node away.
_ALONE = {"RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0"}
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED"}


def run_ray_job(job: Job, profile: Profile, poll: Callable[[], None]) -> None:
    """Submit ``job`` and wait for its end; ``poll`` is called meanwhile. Stops the Ray Job when the wait is broken off.

    Raises StackDown where Ray does not answer, TrainingError where the job fails without an error of ours.
    """
    address = os.environ.get("RAY_API_SERVER_ADDRESS") or profile.addresses.ray
    if not address:
        raise StackDown("RAY_API_SERVER_ADDRESS is not set, so there is no Ray to train on", where="environment")
    client = _connected(address)
    _stop_earlier(client, job, address)
    # Ray refuses a submission id that was used before.
    submission = f"train-{job.id}-{uuid.uuid4().hex[:8]}"
    _submit(client, submission, job, profile)
    try:
        status = _wait(client, submission, job, poll, address)
    except BaseException:
        _stop(client, submission)
        raise
    if status != "SUCCEEDED":
        _keep_logs(client, submission, job)
        raise job.read_error() or TrainingError(
            f"the Ray Job {submission} ended as {status}", where=str(Path(job.run) / "workers.log")
        )


def _connected(address: str) -> JobSubmissionClient:
    # Imported here: it takes a second, and other launchers need no Ray.
    from ray.job_submission import JobSubmissionClient

    try:
        return JobSubmissionClient(address)
    except (ConnectionError, RuntimeError) as error:
        raise StackDown("Ray does not answer", where=address) from error


def _submit(client: JobSubmissionClient, submission: str, job: Job, profile: Profile) -> None:
    # On this machine workers run in our own environment; a cluster's image brings its own.
    python = sys.executable if profile.stack.local else "python"
    client.submit_job(
        entrypoint=f"{python} -m flows.steps.ray_training --job {job.file}",
        submission_id=submission,
        metadata={"candidate": job.id},
        runtime_env={
            "env_vars": {
                "TOKENIZERS_PARALLELISM": "false",
                "RAY_TRAIN_V2_ENABLED": "1",
                **(_ALONE if profile.stack.local else {}),
            }
        },
    )


def _stop_earlier(client: JobSubmissionClient, job: Job, address: str) -> None:
    """A job whose follower was killed may still run and would write the same checkpoints."""
    for details in _asked(client.list_jobs, address):
        if details.submission_id and (details.metadata or {}).get("candidate") == job.id and _name(details.status) not in _ENDED:
            log.warning("stopping the Ray Job %s, which an interrupted run has left", details.submission_id)
            _stop(client, details.submission_id)


def _wait(client: JobSubmissionClient, submission: str, job: Job, poll: Callable[[], None], address: str) -> str:
    asked, heard = 0.0, time.monotonic()
    while True:
        poll()
        if job.error_file.exists():
            _stop(client, submission)  # Ray would start the workers again, for the same error
            return "FAILED"
        if time.monotonic() - asked >= _ASK:
            asked = time.monotonic()
            try:
                status = _name(client.get_job_status(submission))
                heard = time.monotonic()
            except (ConnectionError, RuntimeError, OSError) as error:
                if time.monotonic() - heard > _AWAY:
                    raise StackDown("Ray does not answer any more", where=address) from error
                status = ""
            if status in _ENDED:
                return status
        time.sleep(_POLL)


def _stop(client: JobSubmissionClient, submission: str) -> None:
    """Ask the job to stop and wait until it has; its workers must be gone before anyone resumes."""
    try:
        client.stop_job(submission)
        until = time.monotonic() + _STOPPING
        while time.monotonic() < until and _name(client.get_job_status(submission)) not in _ENDED:
            time.sleep(_POLL)
    except (ConnectionError, RuntimeError, OSError) as error:
        log.warning("could not stop the Ray Job %s: %s", submission, error)


def _keep_logs(client: JobSubmissionClient, submission: str, job: Job) -> None:
    try:
        write_atomic(Path(job.run) / "workers.log", client.get_job_logs(submission))
    except (ConnectionError, RuntimeError, OSError) as error:
        log.warning("could not fetch the logs of %s: %s", submission, error)


def _asked(question: Callable[[], Any], address: str) -> Any:
    try:
        return question()
    except (ConnectionError, RuntimeError, OSError) as error:
        raise StackDown("Ray does not answer", where=address) from error


def _name(status: Any) -> str:
    return getattr(status, "value", str(status))
