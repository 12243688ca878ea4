"""From a recipe to a wake word on disk: scenes made, learnt from, ranked by how hard they are, and learnt from again.

Does not cover the registry.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from flows.steps.speech import fitting
from flows.steps.speech.curves import draw
from flows.steps.speech.describing import speech_card
from flows.steps.speech.fitting import Say
from flows.steps.speech.registering import figures_of, seal
from flows.steps.storing import new_version
from flows.steps.wake import exporting, pool
from flows.steps.wake.learning import RATE_ALLOWED, WakeLearner, scores, threshold_at
from flows.steps.wake.measuring import CLIPS, CURVE, measure
from flows.steps.wake.network import WakeNetwork
from flows.steps.wake.pool import NEAR, POSITIVE, TALK, Pool, Share
from flows.steps.wake.scenes import SCENE_S
from schemas.hashing import MANIFEST, content_id, sums, write_atomic, write_json
from schemas.settings import Home
from schemas.speech import Fit, WakeRecipe
from schemas.wake import WAKE_MODEL

COMMAND = "rottie run evaluate_starter"
_ROUNDS = (0.17, 0.23, 0.6)
"""Shares of the budget; each round but the first draws more of what the one before found hard."""
_MADE = 2  # raise when the same recipe gives another model
_CLIPS_A_MINUTE = 4000
_LIMITS = (
    "Words that differ from the phrase in one sound may be taken for it, the more so in noise: let a transcript decide as well.",
    "The hours of other sound are synthetic talk, invented words among it, with noise and babble; no television, no real music.",
)


@dataclass(frozen=True)
class Heard:
    """A trained wake word: ``folder`` is sealed and named by content, ``run`` holds metrics and curve of its fit."""

    folder: Path
    run: Path
    figures: dict[str, float]


def train(recipe: WakeRecipe, home: Home, say: Say = print) -> Heard:
    """Train, or go on where an interrupted training stopped, or return what exists.

    Raises SpeechMissing, TrainingDiverged, DiskFull, ParityError.
    """
    identity = content_id("wake", _MADE, recipe)
    folder, run = home.models / "exports" / f"wake-{identity}", home.checkpoints / f"wake-{identity}"
    if not (folder / MANIFEST).is_file():
        with new_version(folder) as building:
            chosen = fitted(recipe, run, building, say)
            finish(recipe, chosen, building, say)
        for number in range(len(_ROUNDS)):
            fitting.forget_checkpoints(run / f"round-{number}")
        shutil.rmtree(run / "scenes", ignore_errors=True)
    return Heard(folder, run, figures_of(folder))


def fitted(recipe: WakeRecipe, work: Path, target: Path, say: Say = print) -> dict[str, float]:
    """Write wake.onnx and wake.json into ``target``; the figures on held-out voices and words that the threshold was set by.

    ``work`` keeps scenes, checkpoints, metrics and curve: a run that was killed goes on from there.
    """
    torch.manual_seed(recipe.fit.seed)
    model = WakeNetwork(recipe.channels, recipe.layers)
    held_out = pool.read(pool.make(work / "scenes", recipe.phrase, "validation", _held_out(recipe), recipe.fit.seed, say))
    scenes = pool.read(pool.make(work / "scenes", recipe.phrase, "train", _share(recipe), recipe.fit.seed + 1, say))
    for number in range(len(_ROUNDS)):
        hardness = scores(model, scenes) if number else None
        learner = WakeLearner(model, recipe, scenes, held_out, hardness)
        figures = fitting.fit(learner, _part(recipe.fit, number), work / f"round-{number}", say)
        say(f"round {number + 1} of {len(_ROUNDS)}: {figures}")
    steps = _join(work)
    threshold, chosen = _threshold(model, held_out)
    exporting.export(model.eval(), recipe.phrase, threshold, target)
    write_json(target / MANIFEST, {"files": sums(target)})
    return chosen | {"steps": steps}


def finish(recipe: WakeRecipe, chosen: dict[str, float], folder: Path, say: Say = print) -> None:
    """Measure what was exported into ``folder``, and seal it."""
    say("measuring over hours of other speech")
    figures = measure(folder, seed=recipe.fit.seed, limit=min(CLIPS, recipe.held_out), curve=folder / CURVE)
    weights = WakeNetwork(recipe.channels, recipe.layers)
    facts = {
        "phrase": recipe.phrase,
        "parameters": f"{sum(value.numel() for value in weights.parameters()):,}",
        "format": "ONNX, a score every 80 ms of 16 kHz audio, state carried outside; see wake.json",
        "size": f"{(folder / WAKE_MODEL).stat().st_size / 1e6:.1f} MB",
        "scenes": f"{_clips(recipe):,} of 3.2 s, and {_held_out(recipe).total:,} held out to set the threshold",
        "threshold set on": _told(chosen, recipe),
        "learnt": f"{int(chosen['steps'])} steps of {recipe.fit.batch} scenes",
    }
    seal(folder, recipe, figures, speech_card(recipe, figures, facts, COMMAND, _LIMITS))


def _told(chosen: dict[str, float], recipe: WakeRecipe) -> str:
    missed, near = chosen["validation_misses"], chosen["validation_near_accepted"]
    heard = f"{chosen['validation_hours']:.1f} other hours of talk and noise, {recipe.held_out} clips of the phrase"
    return f"{heard}: {missed:.1%} missed, {near:.1%} of near misses accepted"


def _join(work: Path) -> int:
    """The rounds' metrics as one curve; the number of steps."""
    lines: list[str] = []
    steps, seconds = 0, 0.0
    for number in range(len(_ROUNDS)):
        rows = [
            json.loads(line) for line in (work / f"round-{number}" / fitting.METRICS).read_text(encoding="utf-8").splitlines()
        ]
        lines += [json.dumps(row | {"step": row["step"] + steps, "seconds": row["seconds"] + seconds}) for row in rows]
        steps, seconds = steps + rows[-1]["step"], seconds + rows[-1]["seconds"]
    write_atomic(work / fitting.METRICS, "".join(f"{line}\n" for line in lines))
    draw(work / fitting.METRICS, work / fitting.CURVE)
    return steps


def _clips(recipe: WakeRecipe) -> int:
    """Those of the recipe; fewer on a budget of minutes, so that making them takes no longer than learning from them."""
    return recipe.clips if recipe.fit.minutes is None else min(recipe.clips, math.ceil(_CLIPS_A_MINUTE * recipe.fit.minutes))


def _share(recipe: WakeRecipe) -> Share:
    count = _clips(recipe)
    positives, nears = math.ceil(count * recipe.positives), math.ceil(count * recipe.near)
    return Share(positives, nears, max(1, count - positives - nears))


def _held_out(recipe: WakeRecipe) -> Share:
    """A fifth as many scenes of talk as are learnt from: three hours and a half with 20,000."""
    return Share(recipe.held_out, recipe.held_out, max(3, _clips(recipe) // 5))


def _part(whole: Fit, number: int) -> Fit:
    steps = whole.steps and max(1, round(whole.steps * _ROUNDS[number]))
    minutes = whole.minutes and whole.minutes * _ROUNDS[number]
    return whole.model_copy(update={"steps": steps, "minutes": minutes})


def _threshold(model: WakeNetwork, held_out: Pool) -> tuple[float, dict[str, float]]:
    """The lowest logit with at most half a false accept an hour of held-out talk and noise, and what it costs."""
    highest, kinds = scores(model, held_out), held_out.kinds
    hours = float((kinds == TALK).sum()) * SCENE_S / 3600
    threshold = threshold_at(highest[kinds == TALK], hours, RATE_ALLOWED)
    accepted = highest > threshold
    figures = {
        "validation_misses": 1 - float(np.mean(accepted[kinds == POSITIVE])),
        "validation_near_accepted": float(np.mean(accepted[kinds == NEAR])),
        "validation_hours": hours,
    }
    return threshold, figures
