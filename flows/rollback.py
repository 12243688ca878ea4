"""Let the version before the champion answer again."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import ModelRef
from schemas.loading import load_profile


@flow(name="rollback", flow_run_name="rollback {model}", persist_result=False)
def rollback(model: str = "rottie-llm", profile: str = "laptop") -> ModelRef:
    """Move the alias back and roll out. The version left behind is marked, and retraining will not promote it by itself."""
    ref = tasks.uncrown(model)
    tasks.roll_out(ref, load_profile(profile))
    return ref
