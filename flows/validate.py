"""Check a dataset version; failing rows go to quarantine. Earlier steps run first where their result is not on disk."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Dataset


@flow(name="validate", flow_run_name="validate {pipeline}", persist_result=False)
def validate(pipeline: str = "starter", profile: str = "laptop", overrides: list[str] | None = None) -> Dataset:
    """Check a dataset version; failing rows go to quarantine."""
    spec, _ = tasks.declared(pipeline, profile, overrides)
    return tasks.validate(tasks.ingest(spec), spec)
