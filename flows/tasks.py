"""Every step as a Prefect task: what Prefect sees of it, and when it is tried again.

Steps are content-addressed: one whose inputs have not changed finds its result on disk and returns at once. Prefect's own
cache is therefore not used; it could not see that a source file has changed behind an unchanged path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from schemas.artifacts import Appraisal, Base, Candidate, Dataset, Decision, ModelRef, Report
from schemas.errors import ChecksFailed, RegistryError, RottieError, StackDown, VersionMissing
from schemas.events import CHAMPION_CHANGED, CHECKS_FAILED
from schemas.loading import load, load_assistant, load_pipeline, load_profile
from schemas.overrides import split_overrides
from schemas.pipeline import Pipeline
from schemas.profile import Profile
from schemas.settings import Home
from schemas.speech import SpeechRecipe

Step = TypeVar("Step", bound=Callable[..., Any])
Recipe = TypeVar("Recipe", bound=SpeechRecipe)


def _passing(_task: Any, _run: Any, state: Any) -> bool:
    """Only what a second try can mend is tried again: a service that is away, never a wrong file or a failed check."""
    try:
        state.result()
    except VersionMissing:
        return False
    except (StackDown, RegistryError):
        return True
    except RottieError:
        return False
    except Exception:
        return True
    return False


def step(function: Step) -> Step:
    """A task that keeps its result in memory only: the result on disk is the artifact itself."""
    decorate: Any = task(retries=2, retry_delay_seconds=[2, 10], retry_condition_fn=_passing, persist_result=False)
    return decorate(function)


def declared(pipeline: str, profile: str, overrides: list[str] | None = None) -> tuple[Pipeline, Profile]:
    """Load both declarations. Overrides start with ``profile.`` or ``pipeline.``; without either they are the pipeline's."""
    for_pipeline, for_profile = split_overrides(overrides or [])
    return load_pipeline(pipeline, for_pipeline), load_profile(profile, for_profile)


@step
def ingest(spec: Pipeline) -> Dataset:
    from flows.steps import ingesting

    dataset = ingesting.ingest(spec.sources, spec.split, Home.current())
    get_run_logger().info("dataset %s: %s", dataset.id, dataset.rows)
    return dataset


@step
def validate(dataset: Dataset, spec: Pipeline) -> Dataset:
    from flows.steps import isolating, validating

    try:
        checked = isolating.apart(validating.validate, dataset, spec.checks, Home.current())
    except ChecksFailed as error:
        emit_event(CHECKS_FAILED, resource={"prefect.resource.id": f"rottie.dataset.{dataset.id}"}, payload=error.as_dict())
        raise
    get_run_logger().info("validated dataset %s: %s; Data Docs in %s", checked.id, checked.rows, checked.docs)
    return checked


@step
def found(dataset: Dataset, spec: Pipeline, place: Profile) -> Base:
    from flows.steps import founding, isolating

    return isolating.apart(founding.found, dataset, spec.training, place, Home.current())


@step
def train(dataset: Dataset, base: Base, spec: Pipeline, place: Profile) -> Candidate:
    from flows.steps import registering, training

    candidate = training.train(dataset, base, spec, place, Home.current())
    registering.attach_docs(candidate, dataset)
    get_run_logger().info("candidate %s: %s", candidate.id, candidate.metrics)
    return candidate


@step
def adopt(trained: str, dataset: Dataset, spec: Pipeline) -> Candidate:
    """The model of a run without servers as a candidate."""
    from flows.steps import training

    candidate = training.adopt(Path(trained).expanduser(), dataset, spec, Home.current())
    get_run_logger().info("candidate %s: %s", candidate.id, candidate.metrics)
    return candidate


@step
def ship(candidate: Candidate, report: Report, spec: Pipeline) -> None:
    """Write models/starter/llm."""
    from flows.steps import shipping

    figures = shipping.ship(candidate, report.exported, spec)
    shown = ("served_both", "wrong_action_both", "names_exact", "exact_match")
    get_run_logger().info("shipped: %s", {name: figures[name] for name in shown if name in figures})


@step
def evaluate(candidate: Candidate, dataset: Dataset, spec: Pipeline) -> Report:
    from flows.steps import evaluating

    report = evaluating.evaluate(candidate, dataset, spec, Home.current())
    rows = "\n".join(f"| {name} | {value:.4g} |" for name, value in sorted(report.metrics().items()))
    create_markdown_artifact(
        key=f"report-{spec.name}",
        markdown=f"| metric | value |\n|---|---|\n{rows}\n\nReport: `{report.folder / 'report.html'}`",
        description=f"Candidate {candidate.id} on dataset {dataset.id}",
    )
    return report


@step
def appraise(only: str, limit: int | None, seed: int) -> Appraisal:
    """Measure the shipped starter models again."""
    from flows.steps import appraising

    appraisal = appraising.appraise(appraising.parts(only), limit, seed)
    appraising.log(appraisal)
    create_markdown_artifact(
        key="starter-models",
        markdown=f"{appraising.markdown(appraisal)}\n\nIn `{appraisal.path}`",
        description=f"Measured again: {', '.join(appraisal.figures)}",
    )
    for each in appraisal.differing:
        get_run_logger().warning("%s.%s is %s, the card says %s", each.part, each.figure, each.measured, each.card)
    return appraisal


def speech_recipe(kind: type[Recipe], name: str, budget: float | None, overrides: list[str] | None = None) -> Recipe:
    """Load a recipe; ``budget`` in minutes takes the place of its steps and minutes."""
    given = [] if budget is None else [f"fit.minutes={budget:g}", "fit.steps=null"]
    for_recipe, _ = split_overrides(overrides or [])
    return load(kind, name, [*given, *for_recipe]).value


@step
def train_speech(train: Callable[..., Any], spec: SpeechRecipe, *more: Any) -> tuple[Path, Path]:
    """Fit and export a speech model; its folder, and that of its fit."""
    made = train(spec, Home.current(), *more, say=get_run_logger().info)
    get_run_logger().info("%s: %s", made.folder.name, made.figures)
    return made.folder, made.run


@step
def register_speech(spec: SpeechRecipe, folder: Path, run: Path) -> ModelRef:
    from flows.steps.speech import registering

    return registering.register(spec, folder, run, Home.current())


@step
def crown_speech(spec: SpeechRecipe, ref: ModelRef, measure: Callable[[Path], dict[str, float]]) -> Decision:
    """Make a speech model champion where it holds the gate and is better than the champion, measured now."""
    from flows.steps.speech import registering

    decision = registering.crown(spec, ref, measure, Home.current())
    get_run_logger().info("%s: %s", "promoted" if decision.promoted else "not promoted", decision.reason)
    return decision


@step
def decide(report: Report, dataset: Dataset, spec: Pipeline) -> Decision:
    """Score the champion on the same rows, then ask the gate."""
    from flows.steps import deciding, evaluating, registering

    champion = registering.champion(spec.model, Home.current())
    against: dict[str, float] = {}
    if champion is not None and champion.candidate != report.candidate:
        for suite in spec.suites:
            result = evaluating.score(registering.exported(champion), dataset, suite)
            against |= {f"{suite.name}.{name}": value for name, value in result.metrics.items()}
    replaced = registering.was_replaced(spec.model, report.candidate)
    decision = deciding.decide(report, champion, against, spec.gate, replaced)
    get_run_logger().info("%s: %s", "promoted" if decision.promoted else "not promoted", decision.reason)
    return decision


@step
def register(candidate: Candidate, report: Report, spec: Pipeline) -> ModelRef:
    from flows.steps import registering

    return registering.register(candidate, report, spec, Home.current())


@step
def crown(name: str, version: str) -> ModelRef:
    """Move the alias ``champion`` to a version."""
    from flows.steps import registering

    return _announced(registering.promote(name, version, Home.current()))


@step
def uncrown(name: str) -> ModelRef:
    """Move the alias ``champion`` back to the version before."""
    from flows.steps import registering

    return _announced(registering.rollback(name, Home.current()))


def _announced(ref: ModelRef) -> ModelRef:
    emit_event(
        CHAMPION_CHANGED,
        resource={"prefect.resource.id": f"rottie.model.{ref.name}", "version": ref.version},
        payload=ref.model_dump(mode="json"),
    )
    get_run_logger().info("champion is %s", ref.label)
    return ref


@step
def champion(name: str) -> ModelRef | None:
    from flows.steps import registering

    return registering.champion(name, Home.current())


@step
def withdraw(ref: ModelRef, previous: ModelRef | None) -> None:
    from flows.steps import registering

    registering.withdraw(ref, previous)


@task(persist_result=False)
def roll_out(ref: ModelRef, place: Profile) -> None:
    """Not tried again by Prefect: the step itself polls, and goes back to the version before when it has to."""
    from flows.steps import rolling_out

    rolling_out.roll_out(ref, load_assistant(place.assistant), place, Home.current())
    get_run_logger().info("%s answers", ref.label)
