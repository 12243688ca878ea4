"""Export a candidate and score it through the serving engine. Earlier steps run first where their result is not on disk."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Report


@flow(name="evaluate", flow_run_name="evaluate {pipeline}", persist_result=False)
def evaluate(pipeline: str = "starter", profile: str = "laptop", overrides: list[str] | None = None) -> Report:
    """Export a candidate and score it through the serving engine."""
    spec, place = tasks.declared(pipeline, profile, overrides)
    dataset = tasks.validate(tasks.ingest(spec), spec)
    candidate = tasks.train(dataset, tasks.found(dataset, spec, place), spec, place)
    return tasks.evaluate(candidate, dataset, spec)
