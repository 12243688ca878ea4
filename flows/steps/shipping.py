"""A candidate as the starter language model that a fresh machine begins with: weights to train on, weights to serve,
what they were measured at, and a card. The same candidate gives the same files, byte for byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from flows.steps.converting import convert
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
_COPIED = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_CURVE_POINTS = 200


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
        manifest = _write_weights(building, candidate, exported.manifest)
        figures = measure_llm(building, rows, 0).figures
        write_json(building / FIGURES, figures)
        (building / CARD).write_text(starter_card(candidate, manifest, pipeline, figures, rows), encoding="utf-8")
        _write_curve(candidate.folder / CURVE, building / CURVE)
        identity = content_id("starter", sums(building))
        write_json(building / MANIFEST, {"kind": "starter", "id": identity, "parents": [candidate.id], "sums": sums(building)})
        _replace(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return figures


def open_starter(folder: Path | None = None) -> Exported:
    """The shipped language model, its files checked. Raises StarterMissing, IntegrityError and ModelUnusable."""
    place = starter_folder("llm", folder)
    found = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    verify(place, found["sums"])
    return Exported(id=found["id"], path=str(place), parents=tuple(found["parents"]), manifest=read_model(place))


def _write_weights(folder: Path, candidate: Candidate, exported: ModelManifest) -> ModelManifest:
    from flows.steps.modelling import halved

    for name in _COPIED:
        if (candidate.folder / name).is_file():
            shutil.copyfile(candidate.folder / name, folder / name)
    halved(candidate.folder / WEIGHTS, folder / WEIGHTS)
    served = file_name(SERVED)
    convert(candidate.folder, folder / served, SERVED, f"rottie starter {candidate.id}")
    changes = {"serve": served, "files": {served: file_sha256(folder / served)}}
    manifest = exported.model_copy(update=changes)
    write_json(folder / "model.json", manifest)
    return manifest


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


def starter_card(
    candidate: Candidate, manifest: ModelManifest, pipeline: Pipeline, figures: Mapping[str, float], rows: int
) -> str:
    """Markdown: what it is, what it learned from, its figures with the command that gives them again, limits, licence."""
    config = json.loads((candidate.folder / "config.json").read_text(encoding="utf-8"))
    shape = f"{config['num_hidden_layers']} layers of width {config['hidden_size']}, vocabulary {config['vocab_size']:,}"
    trained = candidate.metrics
    spent = f"{trained.get('tokens', 0) / 1e6:.1f} million tokens in {trained.get('seconds', 0) / 60:.0f} minutes"
    lines = [
        "# Rottie's starter language model",
        "",
        "Reads a home, its tools and a request from the prompt and writes the tool calls that serve the request, or a short",
        "reply. Made by this repository from random weights; a base to fine-tune on one home, and an answer until then.",
        "",
        "| | |",
        "|---|---|",
        f"| architecture | Llama, {shape}, {candidate.parameters:,} parameters |",
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
        f"On {rows:,} requests of the test part, through the serving engine, acted out in the simulated home.",
        "`rottie run evaluate_starter --only llm` measures them again. Shares, with 95% intervals where they are given.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value:.4g} |" for name, value in figures.items() if not name.endswith(("_low", "_high"))),
        "",
        "## Limits",
        "",
        "It knows the sentences of one generator, in English, and was never measured on what real people say. Whole small",
        "talk is beyond it. What it calls must pass the policy before anything is done; the assistant sees to that.",
        f"`rottie run pretrain_starter` makes it anew (pipeline `{pipeline.name}`).",
        "",
    ]
    return "\n".join(lines)
