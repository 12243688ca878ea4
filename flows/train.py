"""Train a candidate from a validated dataset version. Earlier steps run first where their result is not on disk."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Candidate


@flow(name="train", flow_run_name="train {pipeline}", persist_result=False)
def train(pipeline: str = "starter", profile: str = "laptop", overrides: list[str] | None = None) -> Candidate:
    """Train a candidate from a validated dataset version."""
    spec, place = tasks.declared(pipeline, profile, overrides)
    dataset = tasks.validate(tasks.ingest(spec), spec)
    return tasks.train(dataset, tasks.found(dataset, spec, place), spec, place)
