"""The shipped wake word in a stream: by stock onnxruntime, in pieces of any size, among silence and noise."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import AudioUnusable, ModelUnusable
from serve.engines.samples import RATE
from serve.engines.wake_word import WakeStream, WakeWord

STARTER = Path(__file__).parents[2] / "models" / "starter" / "wake"
HOP = 1280

pytestmark = pytest.mark.skipif(not (STARTER / "manifest.json").is_file(), reason="no wake word is shipped")


@pytest.fixture(scope="module")
def model() -> WakeWord:
    return WakeWord(STARTER)


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """The phrase in a held-out voice, thrice, with two seconds before each."""
    with np.load(Path(__file__).parent.parent / "fixtures" / "wake.npz", allow_pickle=False) as kept:
        return kept["audio"].astype(np.float32) / 32768


def in_pieces(stream: WakeStream, audio: np.ndarray, sizes: list[int]) -> list[Any]:
    found, at, turn = [], 0, 0
    while at < len(audio):
        size = sizes[turn % len(sizes)]
        found += stream.push(audio[at : at + size])
        at, turn = at + size, turn + 1
    return found


def test_it_hears_the_phrase_where_it_ends(model: WakeWord, said: np.ndarray) -> None:
    found = model.listen().push(said)
    assert len(found) == 3
    period = len(said) / 3 / RATE
    assert all(place * period + 2.0 < each.at_s < (place + 1) * period + 0.2 for place, each in enumerate(found))
    assert all(0.5 < each.score <= 1 for each in found)


@pytest.mark.parametrize("sizes", [[320], [1], [1280], [1, 7, 4001, 320, 0, 15999], [99991]], ids=str)
def test_pieces_of_any_size_give_the_same_detections(model: WakeWord, said: np.ndarray, sizes: list[int]) -> None:
    audio = said[: len(said) // 3] if sizes == [1] else said
    whole, parts = model.listen().push(audio), in_pieces(model.listen(), audio, sizes)
    assert [each.at_s for each in parts] == [each.at_s for each in whole]
    assert [each.score for each in parts] == pytest.approx([each.score for each in whole], abs=1e-4)


def test_sixteen_bit_integers_are_the_same_audio(model: WakeWord, said: np.ndarray) -> None:
    found = model.listen().push((said * 32767).astype(np.int16))
    assert [each.at_s for each in found] == [each.at_s for each in model.listen().push(said)]


def quiet(samples: int) -> np.ndarray:
    return np.zeros(samples, np.float32)


SOUNDS = {
    "silence": quiet(20 * RATE),
    "white noise": np.random.default_rng(0).standard_normal(20 * RATE).astype(np.float32) * 0.1,
    "loud noise": np.random.default_rng(1).standard_normal(20 * RATE).astype(np.float32) * 3,
    "an offset": quiet(20 * RATE) + 0.7,
    "full scale": quiet(20 * RATE) + 1,
    "a square wave": np.sign(np.sin(2 * np.pi * 220 * np.arange(20 * RATE) / RATE)).astype(np.float32),
    "clicks": np.where(np.arange(20 * RATE) % 4000 == 0, 1, 0).astype(np.float32),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_what_is_not_speech_gives_nothing(model: WakeWord, name: str) -> None:
    assert model.listen().push(SOUNDS[name]) == []


def test_an_offset_and_clipping_do_not_hide_the_phrase(model: WakeWord, said: np.ndarray) -> None:
    first = said[: len(said) // 3]
    assert len(model.listen().push(np.clip(first * 1.5, -0.9, 0.9))) == 1
    assert len(model.listen().push(first * 0.8 + 0.05)) == 1


def test_one_saying_is_one_detection_until_it_has_been_quiet(model: WakeWord, said: np.ndarray) -> None:
    stream = model.listen(threshold=0.0001)
    times = [each.at_s for each in stream.push(said)]
    assert all(later - earlier > model.about.refractory_s for earlier, later in pairwise(times))


def test_a_threshold_of_one_hears_nothing(model: WakeWord, said: np.ndarray) -> None:
    assert model.listen(threshold=1.0).push(said) == []


def test_a_reset_forgets(model: WakeWord, said: np.ndarray) -> None:
    stream = model.listen()
    first = stream.push(said)
    stream.reset()
    assert stream.push(said) == first


def test_a_caller_may_confirm_by_what_was_said(model: WakeWord, said: np.ndarray) -> None:
    heard: list[np.ndarray] = []

    def never(audio: np.ndarray) -> bool:
        heard.append(audio)
        return False

    assert model.listen(confirm=never).push(said) == []
    assert len(heard) >= 3
    assert all(0 < len(audio) <= 2.5 * RATE for audio in heard)
    assert len(model.listen(confirm=lambda audio: True).push(said)) == 3


def test_the_voice_check_lets_voices_through(model: WakeWord, said: np.ndarray) -> None:
    assert len(model.listen(voice_check=True).push(said)) == 3
    assert model.listen(voice_check=True, threshold=0.0).push(SOUNDS["white noise"][: 3 * RATE]) == []


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((2, 320), np.float32),
        np.zeros(320, np.int32),
        np.zeros(320, np.uint8),
        np.full(320, np.nan, np.float32),
        np.array([0.0, np.inf], np.float32),
        np.zeros(61 * RATE, np.float32),
    ],
    ids=["stereo", "32 bits", "8 bits", "nan", "infinite", "too long"],
)
def test_audio_that_cannot_be_used_is_refused_and_leaves_the_stream_as_it_was(
    model: WakeWord, said: np.ndarray, audio: np.ndarray
) -> None:
    stream = model.listen()
    with pytest.raises(AudioUnusable):
        stream.push(audio)
    assert len(stream.push(said)) == 3


def test_another_rate_is_refused(model: WakeWord) -> None:
    with pytest.raises(AudioUnusable, match="48000"):
        model.listen(rate=48000)


def test_minutes_of_audio_are_not_kept(model: WakeWord) -> None:
    stream = model.listen()
    for _ in range(5):
        stream.push(SOUNDS["silence"])
    kept = sum(value.nbytes for value in vars(stream).values() if isinstance(value, np.ndarray))
    assert kept < 300_000


def test_stock_onnxruntime_runs_the_shipped_file(said: np.ndarray) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(STARTER / "wake.onnx"), providers=["CPUExecutionProvider"])
    shapes = {each.name: each.shape for each in session.get_inputs()}
    state = {name: np.zeros(shapes[name], np.float32) for name in ("tail", "features")}
    scores = []
    for at in range(0, len(said) // 3 - HOP, HOP):
        score, state["tail"], state["features"] = session.run(None, {"audio": said[None, at : at + HOP], **state})
        scores.append(float(score[0, 0]))
    assert max(scores) > 0.5
    assert max(scores[:20]) < 0.5


@pytest.mark.parametrize("damage", ["missing", "manifest", "about", "weights", "other"])
def test_a_damaged_model_is_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "wake"
    shutil.copytree(STARTER, folder)
    if damage == "missing":
        shutil.rmtree(folder)
    elif damage == "manifest":
        (folder / "manifest.json").write_text("[]")
    elif damage == "about":
        (folder / "wake.json").write_text('{"phrase": "x"}')
    elif damage == "weights":
        with (folder / "wake.onnx").open("r+b") as file:
            file.seek(5000)
            file.write(b"damage")
    else:
        (folder / "wake.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelUnusable):
        WakeWord(folder)
