"""Fixtures that more than one module of these tests needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from flows.steps.speech.augment import resample
from serve.engines.piper import PiperEngine
from serve.engines.samples import RATE
from serve.speech_models import voice_file
from tests.serve.live import Live, live


@pytest.fixture(scope="module")
def server(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tiny_export, tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture(scope="session")
def sentences() -> dict[str, NDArray[np.float32]]:
    """Some that the starter voice says, at 16 kHz."""

    async def spoken() -> dict[str, NDArray[np.float32]]:
        engine = PiperEngine(voice_file("starter"))
        found = {}
        for text in ("Turn on the hall lamp.", "What time is it now?", "Uh-huh."):
            said = np.concatenate([piece async for piece in engine.speak(text)])
            found[text] = resample(said, engine.rate, RATE)
        engine.close()
        return found

    return asyncio.run(spoken())
