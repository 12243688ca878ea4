"""Training a recogniser: tokenizer, clips, fit, export, figures; resumed where it was interrupted, found where it exists."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from flows.steps.recogniser import tokenizing
from flows.steps.recogniser.clips import Clip, Maker, Store
from flows.steps.recogniser.counting import bigrams
from flows.steps.recogniser.exporting import export
from flows.steps.recogniser.learning import Words
from flows.steps.recogniser.measuring import measure
from flows.steps.recogniser.modelling import Recogniser
from flows.steps.recogniser.texts import sentences
from flows.steps.speech import fitting
from flows.steps.speech.describing import speech_card
from flows.steps.speech.espeak import Synthesizer
from flows.steps.speech.fitting import Say
from flows.steps.speech.registering import figures_of, seal
from flows.steps.storing import new_version
from schemas.hashing import MANIFEST, content_id
from schemas.inventory import Inventory
from schemas.settings import Home
from schemas.speech import RecogniserRecipe
from serve.engines import ngrams
from serve.spelling import written

_LOOKED_AT = 64  # held-out clips that the loop looks at


COMMAND = "rottie run evaluate_starter --only stt"
_MADE = 3  # raise when the same recipe gives another model
_USABLE = 0.15  # word errors above which what was heard should not be acted on
_LIMITS = (
    "English home commands of at most {seconds} s a window, written in lower case with numbers in digits; other topics, other",
    "languages and natural speech are heard badly or not at all. Names it has never met may come out misspelled.",
)


@dataclass(frozen=True)
class Recognised:
    """A trained recogniser: ``folder`` is sealed and named by content, ``run`` holds metrics and curve of its fit."""

    folder: Path
    run: Path
    figures: dict[str, float]


def train(recipe: RecogniserRecipe, home: Home, inventory: Inventory | None = None, say: Say = print) -> Recognised:
    """Train, or go on where an interrupted training stopped, or return what exists. Raises TrainingDiverged and DiskFull."""
    identity = content_id("recogniser", _MADE, recipe, inventory)
    folder, run = home.models / "exports" / f"stt-{identity}", home.checkpoints / f"stt-{identity}"
    if not (folder / MANIFEST).is_file():
        learner = fitted(recipe, run, inventory, say)
        with new_version(folder) as building:
            finish(recipe, learner.model, learner.tokenizer, run, building, say)
        fitting.forget_checkpoints(run)
        shutil.rmtree(run / "clips", ignore_errors=True)
    return Recognised(folder, run, figures_of(folder))


def finish(recipe: RecogniserRecipe, model: Recogniser, tokenizer: Tokenizer, run: Path, folder: Path, say: Say = print) -> None:
    """Export into ``folder``, measure what was exported, and seal it with its learning curve and its card."""
    export(model, tokenizer, recipe.language, recipe.seconds, folder)
    counted = bigrams(recipe.fit.seed, recipe.sentences)
    (folder / ngrams.FILE).write_text(counted.written(), encoding="utf-8")
    say("measuring on held-out requests")
    figures = measure(folder, recipe.held_out, recipe.fit.seed)
    weights = sum(value.numel() for name, value in model.named_parameters() if not name.startswith(("phonemes", "pieces")))
    last = json.loads((run / fitting.METRICS).read_text(encoding="utf-8").splitlines()[-1])
    shutil.copy2(run / fitting.CURVE, folder / fitting.CURVE)
    facts = {
        "parameters": f"{weights:,}",
        "shape": f"Whisper, width {recipe.width}, {recipe.encoder_layers} + {recipe.decoder_layers} layers, "
        f"{recipe.vocabulary} pieces of text, chunk {recipe.seconds} s",
        "format": "CTranslate2 int8: `faster_whisper.WhisperModel(folder)`",
        "size": f"{(folder / 'model.bin').stat().st_size / 1e6:.1f} MB",
        "training": f"{last['step']:,.0f} steps of {recipe.fit.batch} clips, {last['seconds'] / 60:.0f} minutes by the clock",
    }
    limits = [line.format(seconds=recipe.seconds) for line in _LIMITS]
    if figures["wer_clean"] > _USABLE:
        limits.append(
            f"Not good enough to act on: {figures['wer_clean']:.0%} of the words of clean requests are wrong (goal: 5%)."
        )
    seal(folder, recipe, figures, speech_card(recipe, figures, facts, COMMAND, limits))


def fitted(recipe: RecogniserRecipe, folder: Path, inventory: Inventory | None = None, say: Say = print) -> Words:
    """The learner at the end of its budget; ``folder`` keeps tokenizer, clips, checkpoints, metrics and curve."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(recipe, folder / "tokenizer.json", inventory)
    with Synthesizer() as speech:
        # Beside those that are learnt from: what a run that was killed may need again.
        slots = recipe.clips + 2 * recipe.fit.checkpoint_every * recipe.fit.batch // recipe.renewal
        store = Store(folder / "clips", recipe, slots, Maker(recipe, "train", speech), inventory)
        learner = Words(recipe, tokenizer, store, held_out(recipe, speech))
        fitting.fit(learner, recipe.fit, folder, say)
    return learner


def held_out(recipe: RecogniserRecipe, speech: Synthesizer) -> list[Clip]:
    """Clips of the validation part: its sentences, its names, its voices."""
    maker, said = Maker(recipe, "validation", speech), sentences(recipe, "validation")
    rng = np.random.default_rng(recipe.fit.seed + 1)
    clips = (maker.make(rng, next(said), next(said)) for _ in range(_LOOKED_AT))
    return [clip for clip in clips if clip.text]


def _tokenizer(recipe: RecogniserRecipe, file: Path, inventory: Inventory | None) -> Tokenizer:
    if not file.is_file():
        texts = (written(text) for text in islice(sentences(recipe, "train", inventory), recipe.sentences))
        tokenizing.train_tokenizer(texts, recipe.vocabulary, recipe.language).save(str(file))
    return Tokenizer.from_file(str(file))
