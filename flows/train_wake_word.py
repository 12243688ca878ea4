"""Train a wake word from synthesised speech, register it, and make it champion where it is better."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Decision
from schemas.speech import WakeRecipe


@flow(name="train_wake_word", flow_run_name="train_wake_word {pipeline}", persist_result=False)
def train_wake_word(pipeline: str = "wake", budget: float | None = None, overrides: list[str] | None = None) -> Decision:
    """``budget`` in minutes replaces the recipe's; making the scenes to learn from takes up to as long again."""
    from flows.steps.wake import measuring, training

    spec = tasks.speech_recipe(WakeRecipe, pipeline, budget, overrides)
    folder, run = tasks.train_speech(training.train, spec)
    version = tasks.register_speech(spec, folder, run)
    return tasks.crown_speech(
        spec, version, lambda there: measuring.measure(there, min(measuring.CLIPS, spec.held_out), spec.fit.seed)
    )
