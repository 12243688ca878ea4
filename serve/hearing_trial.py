"""A second of sound, run as ``python -m serve.hearing_trial FOLDER`` in a process of its own, with limits.

Ends with 0 when a recogniser was opened and has heard it, with its languages as JSON on the last line; else it has failed, or
died, which is what it is for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np

from schemas.assistant import LlmEngine
from schemas.errors import RottieError
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.engines.samples import RATE
from serve.trial import limit


async def heard(folder: Path) -> tuple[str, ...]:
    """What it can hear. Raises ModelUnusable, and whatever the libraries raise."""
    noise = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)
    engine = FasterWhisperEngine(folder, beam=1)
    await engine.transcribe(noise, language=engine.languages[0], gated=False)
    engine.close()
    return engine.languages


def main() -> int:
    folder = Path(sys.argv[1])
    try:
        limit(folder / "model.bin", LlmEngine())
        languages = asyncio.run(heard(folder))
    except RottieError as error:
        print(json.dumps(error.as_dict()))
        return 1
    print(json.dumps(languages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
