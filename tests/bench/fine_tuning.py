"""What two minutes of training on one home are worth, in that home and elsewhere, from the shipped starter and from nothing.

``python -m tests.bench.fine_tuning [--minutes 2] [--rows 200] [--pipeline starter]``. One process, one thread. The requests
that are answered have phrasings that nothing was trained on. ``--pipeline snips`` (which needs its rows in data/snips) asks
instead whether the starter is the better beginning for other tools: held-out answers right, at equal time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from flows.steps import looping, shipping, training
from flows.steps.exporting import export
from flows.steps.founding import found
from flows.steps.held_out import answered
from flows.steps.ingesting import ingest
from flows.steps.job import Job
from flows.steps.scoring import choose, summarise
from schemas.artifacts import Candidate, Dataset
from schemas.conversation import Conversation
from schemas.hashing import write_json
from schemas.loading import load_pipeline
from schemas.pipeline import Base, Pipeline, PretrainedBase, ScratchBase, Suite
from schemas.profile import Profile, Workers
from schemas.settings import Home
from tests.bench.comparing import keep

SCRATCH = ScratchBase(
    vocabulary=1024, hidden=192, layers=4, heads=3, kv_heads=3, intermediate=512, context=4096, rope_theta=1e5, copying=True
)
TOLD = ("exact_match", "exact_match_low", "exact_match_high", "served_model", "served_both", "wrong_action_both")


def trained(spec: Pipeline, base: Base, dataset: Dataset, home: Home, minutes: float, name: str) -> tuple[Path, dict[str, float]]:
    """The model's folder as pretraining leaves it, and its last metrics."""
    recipe = spec.training.model_copy(update={"base": base, "minutes": minutes})
    place = Profile(name="here", workers=Workers(launcher="alone", precision="bfloat16"))
    out = home.root / name
    for part in ("model", "run"):
        (out / part).mkdir(parents=True)
    start = found(dataset, recipe, place, home)
    job = Job(
        id=name,
        dataset=dataset,
        base=start.path,
        training=recipe,
        workers=place.workers,
        out=str(out / "model"),
        checkpoints=str(out / "checkpoints"),
        run=str(out / "run"),
    )
    looping.run(job)
    (out / "base").symlink_to(start.path)
    write_json(out / "run" / "result.json", job.read_result())
    return out, job.read_result() or {}


def figures(folder: Path, suites: dict[str, Sequence[tuple[str, Conversation]]]) -> dict[str, dict[str, float]]:
    found = {name: summarise(name, answered(folder, rows)).metrics for name, rows in suites.items()}
    return {name: {key: metrics[key] for key in TOLD if key in metrics} for name, metrics in found.items()}


def at_home(spec: Pipeline, minutes: float, rows: int, home: Home) -> dict[str, object]:
    dataset = ingest(spec.sources, spec.split, home)
    own = choose(dataset, Suite(name="own", tag="own_home", limit=rows))
    kept = {number for number, _ in own}
    suites = {"own": own, "elsewhere": [row for row in choose(dataset, Suite(name="all")) if row[0] not in kept][:rows]}
    suites["elsewhere"] = [row for row in suites["elsewhere"] if "own_home" not in row[1].tags]
    result: dict[str, object] = {"starter": figures(shipping.open_starter().folder, suites)}
    for name, base in (("tuned", spec.training.base), ("from_nothing", SCRATCH)):
        out, metrics = trained(spec, base, dataset, home, minutes, name)
        candidate: Candidate = training.adopt(out, dataset, spec, home)
        exported = export(candidate, dataset, spec, home)
        result[name] = figures(exported.folder, suites) | {"training": metrics}
    return result


def elsewhere(spec: Pipeline, minutes: float, home: Home) -> dict[str, object]:
    dataset = ingest(spec.sources, spec.split, home)
    bases: dict[str, Base] = {"starter": PretrainedBase(kind="pretrained", source="starter"), "from_nothing": SCRATCH}
    return {name: trained(spec, base, dataset, home, minutes, name)[1] for name, base in bases.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Fine-tuning the starter for a time, against what it was and against nothing.")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--rows", type=int, default=200, help="requests a suite")
    parser.add_argument("--pipeline", choices=("starter", "snips"), default="starter")
    given = parser.parse_args()
    torch.set_num_threads(1)
    spec = load_pipeline(given.pipeline)
    with tempfile.TemporaryDirectory(prefix="rottie-bench-") as folder:
        home = Home(Path(folder))
        if given.pipeline == "starter":
            result = at_home(spec, given.minutes, given.rows, home)
        else:
            result = elsewhere(spec, given.minutes, home)
    print(keep(f"fine_tuning-{given.pipeline}", result))


if __name__ == "__main__":
    main()
