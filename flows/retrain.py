"""The whole loop on one screen: sources in, a decision out."""

from __future__ import annotations

from prefect import flow

from flows import tasks
from flows.promote import install
from schemas.artifacts import Decision


@flow(name="retrain", flow_run_name="retrain {pipeline} on {profile}", persist_result=False)
def retrain(pipeline: str = "starter", profile: str = "laptop", overrides: list[str] | None = None) -> Decision:
    """Ingest, validate, train, evaluate; when the gate opens, promote and roll out. What has not changed is not done again."""
    spec, place = tasks.declared(pipeline, profile, overrides)
    dataset = tasks.validate(tasks.ingest(spec), spec)
    base = tasks.found(dataset, spec, place)
    candidate = tasks.train(dataset, base, spec, place)
    report = tasks.evaluate(candidate, dataset, spec)
    decision = tasks.decide(report, dataset, spec)
    version = tasks.register(candidate, report, spec)
    if decision.promoted:
        return decision.model_copy(update={"champion": install(version, place)})
    if decision.champion is not None:
        tasks.roll_out(decision.champion, place)  # a no-op, unless an earlier run was cut off between promotion and roll-out
    return decision
