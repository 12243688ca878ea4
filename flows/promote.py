"""Make a version the champion and let it answer; go back if it cannot."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import ModelRef
from schemas.errors import RollOutFailed
from schemas.loading import load_profile
from schemas.profile import Profile


def install(version: ModelRef, place: Profile) -> ModelRef:
    """Move the alias, then roll out. When that fails the alias goes back, so that it always names what answers."""
    previous = tasks.champion(version.name)
    ref = tasks.crown(version.name, version.version)
    try:
        tasks.roll_out(ref, place)
    except RollOutFailed:
        tasks.withdraw(ref, previous)
        raise
    return ref


@flow(name="promote", flow_run_name="promote {model} {version}", persist_result=False)
def promote(model: str = "rottie-llm", version: str = "", profile: str = "laptop", unscored: bool = False) -> ModelRef:
    """Promote ``version`` by hand, past the gate. An empty version is the newest; ``unscored``: see registering.promotable."""
    from flows.steps import registering

    place = load_profile(profile)
    chosen = registering.promotable(model, version, unscored)
    return install(ModelRef(name=model, version=chosen, candidate="", path="", sha256=""), place)
