"""Training a candidate: found by content where it exists, resumed where it was interrupted, tracked in MLflow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from flows.steps.founding import count_parameters, write_manifest
from flows.steps.job import Job
from flows.steps.launching import launch
from flows.steps.storing import new_version
from flows.steps.tracking import Tracker
from schemas.artifacts import Base, Candidate, Dataset
from schemas.errors import TrainingError
from schemas.hashing import MANIFEST, content_id, sums, verify, write_json
from schemas.pipeline import Pipeline
from schemas.profile import Profile
from schemas.settings import Home

VERSION = 2  # raise it when the same recipe on the same data no longer gives the same model
RECORD, CURVE = "candidate.json", "training.jsonl"


def train(dataset: Dataset, base: Base, pipeline: Pipeline, profile: Profile, home: Home) -> Candidate:
    """Train, or return at once the candidate that the same recipe, base and dataset gave before.

    An interrupted run goes on from its newest whole checkpoint. Metrics go to MLflow where MLFLOW_TRACKING_URI is set.
    Raises TrainingError, TrainingDiverged, StackDown (Ray or MLflow does not answer), DiskFull, IntegrityError.
    """
    identity = candidate_id(dataset, base, pipeline)
    target = home.models / "candidates" / identity
    if not (target / MANIFEST).is_file():
        _train(identity, target, dataset, base, pipeline, profile, home)
    return open_candidate(target, pipeline.name)


def adopt(trained: Path, dataset: Dataset, pipeline: Pipeline, home: Home) -> Candidate:
    """The model that a lone pretraining run left in ``trained`` (see pretraining), as a candidate of ``pipeline``.

    Raises TrainingError where there is none, or where the run has not ended.
    """
    run = trained / "run"
    if not (run / "result.json").is_file():
        raise TrainingError("no pretraining has ended in this folder", where=str(trained))
    identity = content_id("adopted", VERSION, sums(trained / "model"), dataset.id)
    target = home.models / "candidates" / identity
    if not (target / MANIFEST).is_file():
        with new_version(target) as folder:
            shutil.copytree(trained / "model", folder, dirs_exist_ok=True)
            shutil.copyfile(run / "metrics.jsonl", folder / CURVE)
            metrics = json.loads((run / "result.json").read_text(encoding="utf-8"))
            base = Base(id=content_id("base", sums(trained / "base")), path=str(trained), parameters=count_parameters(folder))
            _record(folder, target, identity, dataset, base, pipeline, metrics, None)
    return open_candidate(target, pipeline.name)


def candidate_id(dataset: Dataset, base: Base, pipeline: Pipeline) -> str:
    """The base is named by its content, so how the recipe describes it plays no part."""
    return content_id("candidate", VERSION, pipeline.training.model_dump(mode="json", exclude={"base"}), base.id, dataset.id)


def open_candidate(folder: Path, pipeline: str | None = None) -> Candidate:
    """The candidate in ``folder``, its files checked. ``pipeline`` says who asks, where two pipelines share a recipe."""
    verify(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sums"])
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if pipeline is not None:
        record["pipeline"] = pipeline
    return Candidate(path=str(folder), **record)


def _train(identity: str, target: Path, dataset: Dataset, base: Base, pipeline: Pipeline, profile: Profile, home: Home) -> None:
    checkpoints = home.checkpoints / identity
    with new_version(target) as folder, Tracker.begin(identity, dataset, base, pipeline, checkpoints) as tracker:
        job = Job(
            id=identity,
            dataset=dataset,
            base=base.path,
            training=pipeline.training,
            workers=profile.workers,
            out=str(folder),
            checkpoints=str(checkpoints),
            run=str(checkpoints / "run"),
        )
        metrics = launch(job, profile, tracker.log)
        tracker.finish(metrics)
        shutil.copyfile(job.metrics_file, folder / CURVE)
        _record(folder, target, identity, dataset, base, pipeline, metrics, tracker.run_id)
    shutil.rmtree(checkpoints, ignore_errors=True)


def _record(
    folder: Path,
    target: Path,
    identity: str,
    dataset: Dataset,
    base: Base,
    pipeline: Pipeline,
    metrics: dict[str, float],
    run_id: str | None,
) -> None:
    parents = (dataset.id, base.id)
    candidate = Candidate(
        id=identity,
        path=str(target),
        parents=parents,
        pipeline=pipeline.name,
        dataset=dataset.id,
        parameters=int(metrics.pop("parameters", base.parameters)),
        metrics=metrics,
        mlflow_run=run_id,
    )
    write_json(folder / RECORD, candidate.model_dump(mode="json", exclude={"path"}))
    write_manifest(folder, "candidate", identity, parents)
