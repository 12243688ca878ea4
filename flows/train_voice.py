"""Train a voice from synthesised speech, register it, and make it champion where it is better."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Decision
from schemas.speech import VoiceRecipe


@flow(name="train_voice", flow_run_name="train_voice {pipeline}", persist_result=False)
def train_voice(pipeline: str = "voice", budget: float | None = None, overrides: list[str] | None = None) -> Decision:
    """``budget`` in minutes replaces the recipe's."""
    from flows.steps.voice import measuring, training

    spec = tasks.speech_recipe(VoiceRecipe, pipeline, budget, overrides)
    folder, run = tasks.train_speech(training.train, spec)
    version = tasks.register_speech(spec, folder, run)
    return tasks.crown_speech(spec, version, lambda there: measuring.measure(there, spec.held_out, spec.fit.seed))
