"""Training a voice: sentences spoken by the teacher as they are needed, fit, export; resumed where it was interrupted."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import torch

from flows.steps.speech import fitting
from flows.steps.speech.espeak import RATE, Synthesizer
from flows.steps.speech.fitting import Say
from flows.steps.voice.aligning import symbols
from flows.steps.voice.examples import Source, collated
from flows.steps.voice.exporting import export
from flows.steps.voice.learning import VoiceLearner
from flows.steps.voice.modelling import Voice
from schemas.speech import VoiceRecipe

_LOOKED_AT = 4  # held-out batches that the loop looks at
_SETTLED = 24  # sentences that the envelopes begin as the mean of


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


def exported(recipe: VoiceRecipe, voice: Voice, folder: Path) -> Path:
    """Piper's two files in ``folder``; the model's path."""
    return export(voice, symbols(), recipe.language, folder)
