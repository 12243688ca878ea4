"""Measure every figure on the cards of the shipped starter models again."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from schemas.artifacts import Appraisal


@flow(name="evaluate_starter", flow_run_name="evaluate_starter {only}", persist_result=False)
def evaluate_starter(only: str = "", limit: int | None = None, seed: int = 0) -> Appraisal:
    """``only``: llm, stt, tts, wake or speech; all of them when empty. ``limit``: rows of each, the cards' own number without."""
    return tasks.appraise(only, limit, seed)
