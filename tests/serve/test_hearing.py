"""Samples that need no decoder, as a conversation sends them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import AudioUnusable
from serve.hearing import Listen, heard, understood
from tests.serve.recordings import Scripted, scripted_speech, tone, wav

RAW = Listen(raw=True)


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncIterator[Scripted]:
    made = scripted_speech(tmp_path)
    yield made
    await made.close()


def samples(audio: np.ndarray) -> bytes:
    return (audio * 32767).astype("<i2").tobytes()


async def test_bare_samples_are_heard_as_a_file_of_them_is(scripted: Scripted) -> None:
    bare = understood(await heard(scripted.ears, samples(tone(1.5)), RAW.model_dump_json()))
    file = await scripted.ears.hear(wav(tone(1.5)), Listen())
    assert bare.transcript == file.transcript
    assert bare.transcript.seconds == 1.5
    assert (await scripted.ears.hear(samples(0 * tone()), RAW)).transcript.text == ""


@pytest.mark.parametrize("recording", [b"", b"abc", bytes(2 * 16000 * 21)])
async def test_what_are_no_samples_or_too_many_is_refused(scripted: Scripted, recording: bytes) -> None:
    with pytest.raises(AudioUnusable):
        await scripted.ears.hear(recording, RAW)
