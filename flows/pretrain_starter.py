"""The starter language model: trained on homes that are made as it goes, judged on held-out ones, and shipped on demand."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from flows.promote import install
from schemas.artifacts import Decision


@flow(name="pretrain_starter", flow_run_name="pretrain_starter {pipeline} on {profile}", persist_result=False)
def pretrain_starter(
    pipeline: str = "starter_base",
    profile: str = "laptop",
    overrides: list[str] | None = None,
    budget: float | None = None,
    trained: str = "",
    ship: bool = False,
) -> Decision:
    """``budget`` in minutes replaces the recipe's. ``trained`` is a folder that flows.steps.pretraining has left, on another
    machine perhaps: nothing is trained then. ``ship`` writes models/starter/llm, whatever the gate says."""
    given = [*(overrides or []), *([f"pipeline.training.minutes={budget}"] if budget else [])]
    spec, place = tasks.declared(pipeline, profile, given)
    dataset = tasks.validate(tasks.ingest(spec), spec)
    if trained:
        candidate = tasks.adopt(trained, dataset, spec)
    else:
        candidate = tasks.train(dataset, tasks.found(dataset, spec, place), spec, place)
    report = tasks.evaluate(candidate, dataset, spec)
    decision = tasks.decide(report, dataset, spec)
    version = tasks.register(candidate, report, spec)
    if ship:
        tasks.ship(candidate, report, spec)
    if decision.promoted:
        return decision.model_copy(update={"champion": install(version, place)})
    return decision
