"""The listener over the shipped recogniser: who says something is understood as soon as they have ended, and noise is nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from schemas.assistant import Stt, Talk
from serve import speech_models
from serve.hearing import Ears
from serve.talking.intake import Intake
from serve.talking.listening import Listener, Nothing, Utterance
from tests.serve.talking.streams import RATE, settled, told

pytestmark = pytest.mark.skipif(
    not (speech_models.STARTERS / "stt" / "model.bin").is_file(), reason="no recogniser is shipped with this version"
)
MINUTES = 4  # of each kind of noise: half an hour in all


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    made = Ears()
    made.want(Stt())
    yield made
    await made.close()


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """Two seconds of silence and a short phrase, thrice; then silence."""
    with np.load(Path(__file__).parents[2] / "fixtures" / "wake.npz", allow_pickle=False) as kept:
        return np.concatenate((kept["audio"].astype(np.float32) / 32768, np.zeros(2 * RATE, np.float32)))


def through(audio: np.ndarray) -> np.ndarray:
    """As a client sends it."""
    return Intake(RATE).push((audio.clip(-1, 1) * 32767).astype("<i2").tobytes())


async def test_each_saying_is_a_turn(ears: Ears, said: np.ndarray) -> None:
    events = await told(Listener(ears, Talk()), said)
    turns = [each for each in events if isinstance(each, Utterance | Nothing)]
    assert [kind for kind, *_ in settled(events)].count("Started") == len(turns) == 3
    assert any(isinstance(each, Utterance) and each.text for each in turns)


@pytest.mark.parametrize("sizes", [(160,), (4800, 17, 1)])
async def test_pieces_of_any_size_say_the_same(ears: Ears, said: np.ndarray, sizes: tuple[int, ...]) -> None:
    once = said[: len(said) // 3]
    whole = settled(await told(Listener(ears, Talk()), once, (16_000,)))
    assert settled(await told(Listener(ears, Talk()), once, sizes)) == whole


async def test_an_offset_and_clipping_change_no_turn(ears: Ears, said: np.ndarray) -> None:
    for spoilt in (said + 0.2, said * 20):
        events = settled(await told(Listener(ears, Talk()), through(spoilt)))
        assert [kind for kind, *_ in events].count("Started") == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind", ["white", "pink", "brown", "hum", "fan", "clicks", "music", "silence, offset and a hiss that clips"]
)
async def test_half_an_hour_of_noise_is_nothing(ears: Ears, kind: str) -> None:
    from flows.steps.speech.augment import NOISE_KINDS, noise

    rng, part = np.random.default_rng(1), MINUTES * 60 * RATE // 3
    if kind in NOISE_KINDS:
        once = noise(kind, 20 * RATE, rng)
        faint = np.tile(once / once.std(), part // len(once))
        audio = np.concatenate([faint * loud for loud in (0.01, 0.05, 0.3)])
    else:
        hiss = rng.standard_normal(part).astype(np.float32)
        audio = np.concatenate((np.zeros(part), np.full(part, 0.7), 3 * hiss))
    quiet = np.concatenate((through(audio.astype(np.float32)), np.zeros(2 * RATE, np.float32)))
    events = await told(Listener(ears, Talk(), names=("hall lamp", "coffee maker")), quiet, (RATE,))
    assert [each for each in events if not isinstance(each, Nothing)] == []
