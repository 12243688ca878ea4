"""A wake word from scenes to a sealed folder, small enough for a test; needs the voice packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.steps.speech.espeak import Spoken, Synthesizer
from flows.steps.wake import measuring, pool, scenes, training
from flows.steps.wake.pool import NEAR, POSITIVE, TALK, Share
from flows.steps.wake.scenes import SAMPLES, Studio
from schemas.errors import EngineError
from schemas.settings import Home
from schemas.speech import Fit, SpeechGate, WakeRecipe
from serve.engines.wake_word import WakeWord

pytest.importorskip("espeakng_loader")

RECIPE = WakeRecipe(
    name="wake",
    kind="wake",
    model="rottie-wake",
    clips=100,
    held_out=8,
    channels=8,
    layers=1,
    fit=Fit(steps=6, batch=16, evaluate_every=100, checkpoint_every=2),
    gate=SpeechGate(less="misses"),
)


@pytest.fixture(autouse=True)
def small_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "_BANK", 6)


@pytest.mark.slow
def test_scenes_hold_the_phrase_where_they_say_so() -> None:
    with Synthesizer() as synthesizer:
        studio = Studio("hey rottie", "validation", synthesizer)
        studio.begin(3)
        for scene in studio.tests(12, "clean"):
            assert scene.audio.shape == (SAMPLES,)
            assert scene.end is not None
            before = scene.audio[scene.end - 4800 : scene.end]
            assert np.abs(before).max() > 0.02, "somebody speaks just before the end of the phrase"
        assert all(scene.end is None for scene in studio.nears(4))
        talks = list(studio.talks(6))
        assert all(np.isfinite(scene.audio).all() and np.abs(scene.audio).max() <= 1 for scene in talks)
        assert talks[0].audio[-240:] == pytest.approx(talks[1].audio[:240]), "one stretch, cut without a gap"


@pytest.mark.slow
def test_what_espeak_dies_of_is_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    with Synthesizer() as synthesizer:
        studio = Studio("hey rottie", "validation", synthesizer)
        say, asked = synthesizer.say, []

        def dies_once(text: str, voice: str, **how: Any) -> Spoken:
            asked.append((text, voice, how))
            if len(asked) == 1:
                raise EngineError("espeak-ng was lost twice over the same text")
            return say(text, voice, **how)

        monkeypatch.setattr(synthesizer, "say", dies_once)
        assert studio.stretch(SAMPLES, silent=0).any()
        assert asked[0][:2] == asked[1][:2]
        assert asked[0][2] != asked[1][2], "the same would end it again"


@pytest.mark.slow
def test_a_pool_is_made_once(tmp_path: Path) -> None:
    said: list[str] = []
    share = Share(4, 3, 5)
    first = pool.make(tmp_path, "hey rottie", "validation", share, 0, said.append)
    assert pool.make(tmp_path, "hey rottie", "validation", share, 0, said.append) == first
    assert len(said) == 1
    kept = pool.read(first)
    assert [int((kept.kinds == kind).sum()) for kind in (POSITIVE, NEAR, TALK)] == [4, 3, 5]
    assert ((kept.ends >= 0) == (kept.kinds == POSITIVE)).all()
    taken = kept.take(np.array([11, 0]))
    assert taken.shape == (2, 320, 40)
    assert kept.take(np.empty(0, np.int64)).shape == (0, 320, 40)
    assert 0 <= taken.min() <= taken.max() <= 5.1


@pytest.mark.slow
def test_a_wake_word_is_trained_measured_and_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "HOURS", 1.0)
    home = Home(tmp_path)
    made = training.train(RECIPE, home, say=lambda line: None)
    names = {path.name for path in made.folder.iterdir()}
    assert names == {"wake.onnx", "wake.json", "det.png", "figures.json", "README.md", "manifest.json"}
    for name in ("misses", "misses_at_half_an_hour", "false_accepts_an_hour", "near_accepted"):
        assert np.isfinite(made.figures[name])
    assert len((made.run / "metrics.jsonl").read_text().splitlines()) == 6
    assert [json.loads(line)["step"] for line in (made.run / "metrics.jsonl").read_text().splitlines()] == [1, 2, 3, 4, 5, 6]
    stream = WakeWord(made.folder).listen()
    assert len(stream.scores(np.zeros(12800, np.float32))) == 10
    assert training.train(RECIPE, home, say=lambda line: None).folder == made.folder
    assert "hey rottie" in (made.folder / "README.md").read_text()


def test_detections_are_counted_as_the_engine_counts_them() -> None:
    stream = np.zeros(100, np.float32)
    stream[[10, 11, 12, 20, 60]] = 0.9
    assert measuring.accepts(stream, 0.5, refractory_s=0.0) == 5
    assert measuring.accepts(stream, 0.5, refractory_s=1.6) == 2
    assert measuring.accepts(stream, 0.95, refractory_s=0.0) == 0
    trials = measuring.Trials({}, np.zeros(0, np.float32), stream)
    assert trials.hours == pytest.approx(100 * 0.08 / 3600)
