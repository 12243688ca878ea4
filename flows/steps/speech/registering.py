"""Speech models in the MLflow registry: the folder with its sums, card and curve as a version; the alias for the better one.

Does not cover language models, nor going back (steps.registering, whose promote and rollback serve these names too).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from flows.steps import registering
from flows.steps.speech.fitting import CURVE, METRICS
from flows.steps.tracking import flat
from schemas.artifacts import Decision, ModelRef
from schemas.errors import RegistryError
from schemas.hashing import MANIFEST, file_sha256, sums, write_json
from schemas.settings import Home
from schemas.speech import SpeechRecipe

if TYPE_CHECKING:
    from mlflow import MlflowClient

CARD, FIGURES = "README.md", "figures.json"
_MOST = 900  # metrics sent at once
_POINTS = 300  # of a curve

Measure = Callable[[Path], dict[str, float]]


def seal(folder: Path, recipe: SpeechRecipe, figures: Mapping[str, float], card: str) -> None:
    """Write figures.json, README.md and, last, manifest.json with the recipe and the SHA-256 sum of every other file.

    Hidden files are left out: a folder that is being built holds a lock.
    """
    write_json(folder / FIGURES, {name: round(value, 5) for name, value in sorted(figures.items())})
    (folder / CARD).write_text(card, encoding="utf-8")
    names = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    write_json(folder / MANIFEST, {"recipe": recipe.model_dump(mode="json"), "files": sums(folder, names)})


def figures_of(folder: Path) -> dict[str, float]:
    return json.loads((folder / FIGURES).read_text(encoding="utf-8"))


def register(recipe: SpeechRecipe, folder: Path, run: Path, home: Home) -> ModelRef:
    """Make a version of a sealed ``folder``, or return the one that exists. Does not move the alias.

    ``folder`` is named by content; ``run`` is the folder of the fit, for its metrics and its curve. Raises StackDown and
    RegistryError.
    """
    sha, identity = file_sha256(folder / MANIFEST), folder.name
    with registering.registry() as client:
        for version in registering.find(client, recipe.model):
            if version.tags.get("sha256") == sha:
                return registering.ref_of(version, home)
        run_id = _logged(client, recipe, folder, run)
        if not client.search_registered_models(f"name = '{recipe.model}'"):
            client.create_registered_model(recipe.model)
        tags = {"candidate": identity, "exported": identity, "pipeline": recipe.name, "sha256": sha}
        tags |= {f"metric.{name}": f"{value:.6g}" for name, value in figures_of(folder).items()}
        card = (folder / CARD).read_text(encoding="utf-8")
        made = client.create_model_version(
            recipe.model, source=f"runs:/{run_id}/model", run_id=run_id, tags=tags, description=card
        )
        return registering.ref_of(client.get_model_version(recipe.model, str(made.version)), home)


def crown(recipe: SpeechRecipe, ref: ModelRef, measure: Measure, home: Home) -> Decision:
    """Make ``ref`` champion where it holds every bar and is better than the champion, both measured now on the same data."""
    champion = registering.champion(recipe.model, home)
    if champion is not None and champion.version == ref.version:
        reason = f"{champion.label} is this candidate"
        return Decision(promoted=False, unchanged=True, candidate=ref.candidate, champion=champion, reason=reason)
    if registering.was_replaced(recipe.model, ref.candidate):
        reason = "it was champion before and has been replaced; promote it by hand if it should answer again"
        return Decision(promoted=False, candidate=ref.candidate, champion=champion, reason=reason)
    broken = broken_bars(recipe, figures_of(Path(ref.path)), measure(Path(champion.path)) if champion else None)
    if broken:
        return Decision(promoted=False, candidate=ref.candidate, champion=champion, reason="; ".join(broken))
    promoted = registering.promote(ref.name, ref.version, home)
    return Decision(promoted=True, candidate=ref.candidate, champion=promoted, reason="every bar held")


def broken_bars(recipe: SpeechRecipe, figures: Mapping[str, float], champion: Mapping[str, float] | None) -> list[str]:
    """A sentence for every bar that ``figures`` do not hold, and for a champion that is as good or better."""
    broken = []
    for bar in recipe.gate.bars:
        value = figures.get(bar.metric, float("nan"))
        if not bar.holds(value):
            wanted = f"at least {bar.at_least:g}" if bar.at_least is not None else f"at most {bar.at_most:g}"
            broken.append(f"{bar.metric} is {value:.4g}, not {wanted}")
    less = recipe.gate.less
    if champion is not None and not figures.get(less, float("inf")) < champion.get(less, float("inf")):
        broken.append(f"{less} is {figures.get(less, float('nan')):.4g}, the champion's {champion.get(less, float('nan')):.4g}")
    return broken


def _logged(client: MlflowClient, recipe: SpeechRecipe, folder: Path, run: Path) -> str:
    """One run with the recipe, the curves and the folder."""
    from mlflow.entities import Metric, Param

    experiment = client.get_experiment_by_name(recipe.name)
    number = experiment.experiment_id if experiment else client.create_experiment(recipe.name)
    run_id = client.create_run(number, run_name=f"{recipe.name}-{folder.name[:8]}").info.run_id
    settings = flat(recipe.model_dump(mode="json", exclude={"description"}))
    client.log_batch(run_id, params=[Param(key, value) for key, value in settings.items()])
    lines = (run / METRICS).read_text(encoding="utf-8").splitlines() if (run / METRICS).is_file() else []
    rows = [json.loads(line) for line in lines[:: max(1, len(lines) // _POINTS)]]
    points = [Metric(name, value, int(1000 * row["seconds"]), row["step"]) for row in rows for name, value in row.items()]
    points += [Metric(f"held_out.{name}", value, 0, 0) for name, value in figures_of(folder).items()]
    for at in range(0, len(points), _MOST):
        client.log_batch(run_id, metrics=points[at : at + _MOST])
    if (run / CURVE).is_file():
        client.log_artifact(run_id, str(run / CURVE))
    client.log_artifacts(run_id, str(folder), "model")
    if not client.list_artifacts(run_id, "model"):
        raise RegistryError("the artifact store kept nothing of the model", where=run_id)
    client.set_terminated(run_id)
    return run_id
