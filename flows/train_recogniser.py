"""Train a recogniser from synthesised speech, register it, and make it champion where it is better."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Decision
from schemas.loading import load_inventory
from schemas.speech import RecogniserRecipe


@flow(name="train_recogniser", flow_run_name="train_recogniser {pipeline}", persist_result=False)
def train_recogniser(
    pipeline: str = "recogniser",
    budget: float | None = None,
    inventory: str | None = None,
    overrides: list[str] | None = None,
) -> Decision:
    """``budget`` in minutes replaces the recipe's; ``inventory`` is a home whose names it learns to hear (a file, or a name)."""
    from flows.steps.recogniser import measuring, training

    spec = tasks.speech_recipe(RecogniserRecipe, pipeline, budget, overrides)
    home = load_inventory(inventory) if inventory else None
    folder, run = tasks.train_speech(training.train, spec, home)
    version = tasks.register_speech(spec, folder, run)
    return tasks.crown_speech(spec, version, lambda there: measuring.measure(there, spec.held_out, spec.fit.seed))
