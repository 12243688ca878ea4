"""Training on a real local Ray: what one process learns, two workers learn, also when one of them is killed on the way."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from flows.steps import founding, training
from flows.steps.job import Job
from flows.steps.launching import launch
from schemas.artifacts import Base, Dataset
from schemas.errors import ConfigError, StackDown
from schemas.profile import Profile, Workers
from schemas.settings import Home
from tests.cluster.conftest import RayHead
from tests.flows.training_rows import curve, pipeline, write_dataset

pytestmark = pytest.mark.cluster

ALONE = Profile(name="here", workers=Workers(launcher="alone"))
TWO = Profile(name="ray", workers=Workers(launcher="ray", count=2, memory_gb=0.1, max_failures=2))
RECIPE = {"steps": 120, "checkpoint_every": 10, "evaluate_every": 40, "learning_rate": 0.005}


@pytest.fixture(scope="module")
def rows(ray_head: RayHead) -> tuple[Home, Dataset, Base]:
    home = Home(ray_head.home)
    dataset = write_dataset(home.datasets / "rows")
    return home, dataset, founding.found(dataset, pipeline().training, ALONE, home)


@pytest.fixture(autouse=True)
def _no_tracking(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def train_workers(home: Home) -> list[psutil.Process]:
    """The training workers of this test's own cluster."""
    found = []
    for process in psutil.process_iter():
        try:
            if "RayTrainWorker" in " ".join(process.cmdline()) and process.environ().get("ROTTIE_HOME") == str(home.root):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def kill_one(home: Home, metrics: Path, after: int, killed: list[int]) -> None:
    """SIGKILL for one worker once ``after`` lines of metrics are there."""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= after:
            for process in train_workers(home)[-1:]:
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)
            return
        time.sleep(0.02)


def job(home: Home, dataset: Dataset, base: Base, name: str, **recipe) -> Job:
    (home.models / name).mkdir(parents=True)
    return Job(
        id=name,
        dataset=dataset,
        base=base.path,
        training=pipeline(**(RECIPE | recipe)).training,
        workers=TWO.workers,
        out=str(home.models / name),
        checkpoints=str(home.checkpoints / name),
        run=str(home.checkpoints / name / "run"),
    )


@pytest.mark.timeout(400)
def test_a_killed_worker_costs_time_and_nothing_else(rows):
    home, dataset, base = rows
    spec = pipeline(**RECIPE)
    undisturbed = training.train(dataset, base, spec, ALONE, Home(home.root / "undisturbed"))
    killed: list[int] = []
    metrics = home.checkpoints / training.candidate_id(dataset, base, spec) / "run" / "metrics.jsonl"
    killer = threading.Thread(target=kill_one, args=(home, metrics, 25, killed))
    killer.start()
    made = training.train(dataset, base, spec, TWO, home)
    killer.join()
    assert killed
    steps = [int(line["step"]) for line in curve(made.folder)]
    back = [(a, b) for a, b in itertools.pairwise(steps) if b != a + 1]
    assert len(back) == 1, "resumed once"
    assert back[0][1] % 10 == 1
    assert back[0][1] > 10, "from a checkpoint, not from the start"
    assert steps[-1] == 120
    assert made.metrics["loss"] == pytest.approx(undisturbed.metrics["loss"], rel=0.02)
    assert made.metrics["validation_loss"] == pytest.approx(undisturbed.metrics["validation_loss"], rel=0.02)
    first = {int(line["step"]): line["loss"] for line in curve(undisturbed.folder)}
    assert [line["loss"] for line in curve(made.folder)][:20] == pytest.approx([first[step] for step in steps[:20]], rel=1e-3)


@pytest.mark.timeout(200)
def test_breaking_off_stops_the_workers(rows):
    home, dataset, base = rows
    item = job(home, dataset, base, "broken-off", steps=100_000)

    def interrupt(metrics: dict[str, float]) -> None:
        if metrics["step"] >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch(item, TWO, interrupt)
    until = time.monotonic() + 30
    while train_workers(home) and time.monotonic() < until:
        time.sleep(0.5)
    assert not train_workers(home)


@pytest.mark.timeout(200)
def test_an_error_of_a_worker_arrives_as_what_it_is(rows):
    home, dataset, base = rows
    item = job(home, dataset, base, "wrong", method={"kind": "lora", "targets": ["no_such_proj"]})
    with pytest.raises(ConfigError, match="no_such_proj"):
        launch(item, TWO)


def test_a_ray_that_is_away_is_said_to_be(rows, monkeypatch):
    home, dataset, base = rows
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(StackDown, match="Ray"):
        launch(job(home, dataset, base, "away"), TWO)
