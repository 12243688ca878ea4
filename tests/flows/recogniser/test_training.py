"""From a recipe to a sealed folder with a card and figures, found again instead of trained again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from flows.steps.recogniser import learning, training
from schemas.hashing import MANIFEST, verify
from schemas.settings import Home
from schemas.speech import Fit, RecogniserRecipe, SpeechGate
from serve.engines.faster_whisper import FasterWhisperEngine

RECIPE = RecogniserRecipe(
    name="tiny",
    kind="recogniser",
    model="rottie-stt",
    fit=Fit(steps=3, batch=4, checkpoint_every=2, evaluate_every=10),
    gate=SpeechGate(less="wer_noisy"),
    held_out=3,
    sentences=200,
    clips=32,
    vocabulary=300,
    width=32,
    heads=2,
    encoder_layers=1,
    decoder_layers=1,
)


@pytest.mark.slow
async def test_a_recipe_becomes_a_folder_that_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_LOOKED_AT", 4)
    monkeypatch.setattr(learning, "FIRST", 24)
    home = Home(tmp_path)
    made = await asyncio_thread(training.train, RECIPE, home)
    verify(made.folder, json.loads((made.folder / MANIFEST).read_text())["files"])
    assert {"wer_clean", "wer_noisy", "wer_two_commands", "empty_with_words", "latency_p50_ms"} <= set(made.figures)
    assert "Synthetic speech only" in (made.folder / "README.md").read_text()
    assert (made.run / "curve.png").is_file()
    assert not (made.run / "clips").exists(), "the clips are as large as they are cheap to make"
    engine = FasterWhisperEngine(made.folder)
    assert (await engine.transcribe(np.zeros(16000, np.float32))).text == ""
    engine.close()
    (made.run / "metrics.jsonl").unlink()  # would be missed by another training
    assert training.train(RECIPE, home, say=pytest.fail).folder == made.folder


async def asyncio_thread(function, *arguments):
    """Measuring has an event loop of its own."""
    import asyncio

    return await asyncio.to_thread(function, *arguments)
