"""Read the sources into a dataset version. Earlier steps run first where their result is not on disk."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Dataset


@flow(name="ingest", flow_run_name="ingest {pipeline}", persist_result=False)
def ingest(pipeline: str = "starter", profile: str = "laptop", overrides: list[str] | None = None) -> Dataset:
    """Read the sources into a dataset version."""
    spec, _ = tasks.declared(pipeline, profile, overrides)
    return tasks.ingest(spec)
