"""A candidate as the starter language model that a fresh machine begins with: weights to train on, weights to serve,
what they were measured at, and a card. The same candidate gives the same weights, byte for byte.

``python -m flows.steps.shipping [--rows 1500]`` measures what is shipped anew and writes its figures and card again.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from flows.steps.converting import convert
from flows.steps.doubting import CHART, weigh
from flows.steps.exporting import file_name
from flows.steps.held_out import measure_llm
from flows.steps.starters import CARD, FIGURES, FOLDER, WEIGHTS, starter_folder
from flows.steps.training import CURVE
from schemas.artifacts import Candidate, Exported, ModelManifest
from schemas.hashing import MANIFEST, content_id, file_sha256, sums, verify, write_json
from schemas.pipeline import Pipeline
from serve.models import read_model

SERVED = "q8_0"
ROWS = 1500  # that the figures are measured on: what evaluate_starter takes without --limit
_SAID_EVERY_DAY = (
    "state_exact_both",
    "state_agreed_both",
    "served_both",
    "wrong_action_both",
    "asked_both",
    "state_exact_intents",
)
_COPIED = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_CURVE_POINTS = 200
_RECIPE = "recipe.json"
_EVERYDAY = "everyday."
_TOLD = (
    *("state_exact_both", "state_exact_model", "served_both", "served_model", "wrong_action_both", "wrong_action_model"),
    *(
        "asked_both",
        "state_agreed_both",
        "refused_both",
        "over_refused_both",
        "names_exact",
        "valid_call_rate",
        "exact_match",
        "tool_match",
        "other_tools_exact",
    ),
)


def ship(
    candidate: Candidate, exported: Exported, pipeline: Pipeline, target: Path | None = None, rows: int = ROWS
) -> dict[str, float]:
    """Write ``candidate`` to ``target`` (models/starter/llm) in place of what is there; returns the card's figures.

    It is built beside the target and takes its place when all of it is there. Raises EvaluationError, DiskFull.
    """
    target = target or FOLDER / "llm"
    building = target.with_name(f".{target.name}-new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        _write_weights(building, candidate, exported.manifest)
        _write_curve(candidate.folder / CURVE, building / CURVE)
        recipe = {"pipeline": pipeline.name, "parameters": candidate.parameters, "metrics": candidate.metrics}
        write_json(building / _RECIPE, recipe)
        figures = _finish(building, rows)
        _replace(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return figures


def remeasure(rows: int = ROWS, folder: Path | None = None) -> dict[str, float]:
    """Figures and card of the shipped model, made again on ``rows`` rows. Raises StarterMissing, IntegrityError."""
    return _finish(open_starter(folder).folder, rows)


def _finish(folder: Path, rows: int) -> dict[str, float]:
    """Measure, and write what tells of it, the sums last."""
    weigh(folder, rows)
    figures = measure_llm(folder, rows, 0).figures
    manifest = read_model(folder)
    write_json(folder / FIGURES, figures)
    (folder / CARD).write_text(starter_card(folder, manifest, figures, rows), encoding="utf-8")
    there = sums(folder)
    identity = content_id("starter", there[WEIGHTS], there[manifest.serve])
    write_json(folder / MANIFEST, {"kind": "starter", "id": identity, "parents": [manifest.candidate], "sums": there})
    return figures


def open_starter(folder: Path | None = None) -> Exported:
    """The shipped language model, its files checked. Raises StarterMissing, IntegrityError and ModelUnusable."""
    place = starter_folder("llm", folder)
    found = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    verify(place, found["sums"])
    return Exported(id=found["id"], path=str(place), parents=tuple(found["parents"]), manifest=read_model(place))


def _write_weights(folder: Path, candidate: Candidate, exported: ModelManifest) -> None:
    from flows.steps.modelling import halved

    for name in _COPIED:
        if (candidate.folder / name).is_file():
            shutil.copyfile(candidate.folder / name, folder / name)
    halved(candidate.folder / WEIGHTS, folder / WEIGHTS)
    served = file_name(SERVED)
    convert(candidate.folder, folder / served, SERVED, f"rottie starter {candidate.id}")
    changes = {"serve": served, "files": {served: file_sha256(folder / served)}}
    write_json(folder / "model.json", exported.model_copy(update=changes))


def _write_curve(source: Path, target: Path) -> None:
    """The learning curve, thinned: every look at held-out rows, and some steps between them."""
    if not source.is_file():
        return
    lines = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    every = max(1, len(lines) // _CURVE_POINTS)
    last: float | None = None
    kept = []
    for number, line in enumerate(lines):
        examined = line.get("validation_loss") != last
        last = line.get("validation_loss")
        if examined or number % every == 0 or number == len(lines) - 1:
            kept.append(json.dumps({key: round(value, 6) for key, value in line.items()}) + "\n")
    target.write_text("".join(kept), encoding="utf-8")


def _replace(building: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}-old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def starter_card(folder: Path, manifest: ModelManifest, figures: Mapping[str, float], rows: int) -> str:
    """Markdown: what it is, what it learned from, its figures with the command that gives them again, limits, licence."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    recipe = json.loads((folder / _RECIPE).read_text(encoding="utf-8"))
    shape = f"{config['num_hidden_layers']} layers of width {config['hidden_size']}, vocabulary {config['vocab_size']:,}"
    trained = recipe["metrics"]
    spent = f"{trained.get('tokens', 0) / 1e6:.1f} million tokens in {trained.get('seconds', 0) / 60:.0f} minutes"
    looked_at, measured = (figures.get(f"{_EVERYDAY}{part}.rows", 0) for part in ("dev", "test"))
    again = "rottie run evaluate_starter --only llm" + ("" if rows == ROWS else f" --limit {rows}")
    lines = [
        "# Rottie's starter language model",
        "",
        "Reads a home, its tools and a request from the prompt and writes the tool calls that serve the request, or a short",
        "reply. Made by this repository from random weights: a base to fine-tune on one home, and an answer until then.",
        "",
        "| | |",
        "|---|---|",
        f"| architecture | Llama, {shape}, {recipe['parameters']:,} parameters |",
        f"| context | {manifest.context} tokens |",
        f"| `{WEIGHTS}` | bfloat16, to train on (`base: {{kind: pretrained, source: starter}}`) |",
        f"| `{manifest.serve}` | to serve; SHA-256 `{manifest.files[manifest.serve]}` |",
        f"| prompt | schemas/prompt.py; the chat template travels in the GGUF file; decoding `{manifest.decoding.arguments}` |",
        "| licence | Apache-2.0, weights and data |",
        "",
        "## Data",
        "",
        "Homes and requests from the generator in flows/steps/generator, made while training goes on; nothing was",
        "downloaded. Words, names and phrasings of the test part occur in neither the training nor the validation part.",
        f"Seen: {spent} (`{CURVE}` has the curve).",
        "",
        "## Figures",
        "",
        f"On {rows:,} requests of the test part, through the serving engine, acted out in the simulated home, as",
        f"`{again}` measures them again. `figures.json` has all of them.",
        "",
        "| | | 95% interval |",
        "|---|---|---|",
        *(_figure(name, figures) for name in _TOLD if name in figures),
        "",
        "Calls of which the model is less sure than the assistant's `sure` are asked about first (*asked*; *agreed* counts",
        f"a yes where it is due). What that costs and saves, measured on the validation part, is in `{CHART}`.",
        "",
        "| served, by category and by how things were called | both tiers | the model alone |",
        "|---|---|---|",
        *_by_tag(figures),
        "",
        f"And on everyday requests, written by hand for three ordinary homes: {looked_at:.0f} that were looked at, as when the",
        f"known sentences were widened, and {measured:.0f} that were only measured.",
        "",
        "| everyday, both tiers | looked at | only measured | 95% interval |",
        "|---|---|---|---|",
        *(_everyday(name, figures) for name in _SAID_EVERY_DAY if f"everyday.test.{name}" in figures),
        "",
        "## Limits",
        "",
        "It knows the sentences of one generator, in English, and the everyday requests are one writer's. Whole small",
        "talk is beyond it. What it calls must pass the policy before anything is done; the assistant sees to that.",
        f"`rottie run pretrain_starter --ship` makes it anew (pipeline `{recipe['pipeline']}`); more time makes it better.",
        "",
    ]
    return "\n".join(lines)


def _figure(name: str, figures: Mapping[str, float]) -> str:
    low, high = figures.get(f"{name}_low"), figures.get(f"{name}_high")
    interval = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
    return f"| {name.replace('_', ' ')} | {figures[name]:.4g} | {interval} |"


def _everyday(name: str, figures: Mapping[str, float]) -> str:
    dev, test = (figures.get(f"{_EVERYDAY}{part}.{name}", 0) for part in ("dev", "test"))
    low, high = (figures.get(f"{_EVERYDAY}test.{name}_{end}", 0) for end in ("low", "high"))
    return f"| {name.replace('_', ' ')} | {dev:.3f} | {test:.3f} | {low:.3f} to {high:.3f} |"


def _by_tag(figures: Mapping[str, float]) -> list[str]:
    tags = sorted({name.partition(".")[0] for name in figures if ".served" in name and not name.startswith(_EVERYDAY)})
    return [f"| {tag} | {figures[f'{tag}.served_both']:.3f} | {figures.get(f'{tag}.served_model', 0):.3f} |" for tag in tags]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the shipped language model again, and write its figures and card.")
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(remeasure(parser.parse_args().rows), indent=1))


if __name__ == "__main__":
    main()
