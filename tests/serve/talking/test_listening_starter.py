"""The listener over the shipped recogniser: who says something is understood as soon as they have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from schemas.assistant import Stt, Talk
from serve import speech_models
from serve.hearing import Ears
from serve.talking.listening import Heard, Listener, Nothing, Partial, Started, Stopped, Utterance

pytestmark = pytest.mark.skipif(
    not (speech_models.STARTERS / "stt" / "model.bin").is_file(), reason="no recogniser is shipped with this version"
)
RATE = 16000


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    made = Ears()
    made.want(Stt())
    yield made
    await made.close()


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """Two seconds of silence and a short phrase, thrice."""
    with np.load(Path(__file__).parents[2] / "fixtures" / "wake.npz", allow_pickle=False) as kept:
        return kept["audio"].astype(np.float32) / 32768


async def heard(listener: Listener, audio: np.ndarray, size: int = 320) -> list[Heard]:
    """All that is told of ``audio``, which comes as fast as it can."""
    told = list[Heard]()

    async def listen() -> None:
        async for event in listener.events():
            told.append(event)

    task = asyncio.create_task(listen())
    for at in range(0, len(audio), size):
        listener.push(audio[at : at + size])
        await asyncio.sleep(0)
    while listener.waiting_s > 0.032:
        await asyncio.sleep(0.01)
    await listener.close()
    await task
    return told


async def test_each_saying_is_a_turn(ears: Ears, said: np.ndarray) -> None:
    told = await heard(Listener(ears, Talk()), np.concatenate((said, np.zeros(2 * RATE, np.float32))))
    kinds = [type(each) for each in told if not isinstance(each, Partial)]
    assert kinds.count(Started) == kinds.count(Stopped) == 3
    assert kinds.count(Utterance) + kinds.count(Nothing) == 3
