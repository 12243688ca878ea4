"""Let the registry's champion answer, whatever answered before."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import ModelRef
from schemas.errors import NoChampion
from schemas.loading import load_profile


@flow(name="roll-out", flow_run_name="roll out {model}", persist_result=False)
def roll_out(model: str = "rottie-llm", profile: str = "laptop") -> ModelRef:
    ref = tasks.champion(model)
    if ref is None:
        raise NoChampion(f"{model} has no champion yet")
    tasks.roll_out(ref, load_profile(profile))
    return ref
