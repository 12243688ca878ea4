"""Training a voice: the teacher's sentences as they are needed, fit, export, figures; resumed where it was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from flows.steps.speech import fitting
from flows.steps.speech.describing import speech_card
from flows.steps.speech.espeak import RATE, Synthesizer
from flows.steps.speech.fitting import Say
from flows.steps.speech.registering import figures_of, seal
from flows.steps.storing import new_version
from flows.steps.voice.aligning import symbols
from flows.steps.voice.examples import Source, collated
from flows.steps.voice.exporting import export
from flows.steps.voice.learning import VoiceLearner
from flows.steps.voice.measuring import measure
from flows.steps.voice.modelling import Voice
from schemas.hashing import MANIFEST, content_id
from schemas.settings import Home
from schemas.speech import VoiceRecipe

COMMAND = "rottie run evaluate_starter --only tts"
_MEASURED = 200  # held-out sentences that a new voice's figures are measured on
_MADE = 1  # raise when the same recipe gives another model
_LIMITS = (
    "It sounds like espeak-ng, its teacher, and reads text as espeak-ng does; a natural voice is a download, not this one.",
    "Word error rates are those of the starter recogniser, which knows home commands and this kind of voice.",
)
_LOOKED_AT = 4  # held-out batches that the loop looks at
_SETTLED = 24  # sentences that the envelopes begin as the mean of


@dataclass(frozen=True)
class Taught:
    """A trained voice: ``folder`` is sealed and named by content, ``run`` holds metrics and curve of its fit."""

    folder: Path
    run: Path
    figures: dict[str, float]


def train(recipe: VoiceRecipe, home: Home, say: Say = print) -> Taught:
    """Train, or go on where an interrupted training stopped, or return what exists.

    Raises SpeechMissing, TrainingDiverged and DiskFull.
    """
    identity = content_id("voice", _MADE, recipe)
    folder, run = home.models / "exports" / f"tts-{identity}", home.checkpoints / f"tts-{identity}"
    if not (folder / MANIFEST).is_file():
        voice = fitted(recipe, run, say)
        with new_version(folder) as building:
            finish(recipe, voice, building, say)
        fitting.forget_checkpoints(run)
    return Taught(folder, run, figures_of(folder))


def finish(recipe: VoiceRecipe, voice: Voice, folder: Path, say: Say = print) -> None:
    """Export into ``folder``, measure what was exported, and seal it."""
    model = export(voice, symbols(), recipe.language, folder)
    say("measuring on held-out sentences")
    figures = measure(folder, min(_MEASURED, recipe.held_out), recipe.fit.seed)
    facts = {
        "language": recipe.language,
        "teacher": f"espeak-ng's own voice `{recipe.language}`",
        "parameters": f"{sum(value.numel() for value in voice.parameters()):,}",
        "shape": f"width {recipe.width}, {recipe.layers} + {recipe.layers} layers, source and filter inside the graph",
        "format": "Piper: `piper.PiperVoice.load(folder / 'voice.onnx')`, alignments included; 22,050 Hz",
        "size": f"{model.stat().st_size / 1e6:.1f} MB",
        "budget": f"{recipe.fit.minutes:g} minutes by the clock" if recipe.fit.minutes else f"{recipe.fit.steps} steps",
    }
    seal(folder, recipe, figures, speech_card(recipe, figures, facts, COMMAND, _LIMITS))


def new_voice(recipe: VoiceRecipe, table: dict[str, list[int]]) -> Voice:
    """With weights drawn from the recipe's seed."""
    torch.manual_seed(recipe.fit.seed)
    count = 1 + max(number for numbers in table.values() for number in numbers)
    return Voice(count, RATE, recipe.width, recipe.layers)


def fitted(recipe: VoiceRecipe, folder: Path, say: Say = print) -> Voice:
    """The voice at the end of its budget; ``folder`` keeps checkpoints, metrics and curve. Raises SpeechMissing."""
    table = symbols()
    with Synthesizer() as speech:
        source = Source(speech, table, recipe.language, "train", recipe.fit.batch, recipe.fit.seed)
        strange = Source(speech, table, recipe.language, "validation", recipe.fit.batch, recipe.fit.seed)
        voice = new_voice(recipe, table)
        first = collated(source.examples(0, _SETTLED))
        voice.settle(first.hertz, first.voiced, first.audio)
        learner = VoiceLearner(voice, source, list(islice(strange.batches(0), _LOOKED_AT)))
        fitting.fit(learner, recipe.fit, folder, say)
    return learner.voice
