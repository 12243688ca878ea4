"""The figures of a recogniser as it is served: held-out requests in held-out voices, clean, in noise, two at once, and no speech.

Does not cover what the home makes of the words.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from flows.steps.generator.homes import make_home
from flows.steps.generator.requests import exchange
from flows.steps.recogniser.clips import Clip, Maker
from flows.steps.recogniser.scoring import numbers_right, word_error_rate
from flows.steps.recogniser.texts import LONGEST, names_in
from flows.steps.speech.espeak import Synthesizer
from schemas.speech import Fit, RecogniserRecipe, SpeechGate
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.engines.heard_names import Names
from serve.spelling import written

_A_HOME = 6  # requests
_SHORT = 45  # letters of a request that is said together with another


@dataclass(frozen=True)
class Asked:
    """A request and the names of the home that it was made for."""

    text: str
    names: tuple[str, ...]


def asked(seed: int) -> Iterator[Asked]:
    """Requests of test homes without end, none misspelled, all sayable."""
    rng = Random(f"{seed}:measured")  # noqa: S311 - sentences to measure with, not secrets
    while True:
        place = make_home(rng, "test")
        names = tuple(names_in(place.inventory))
        for _ in range(_A_HOME):
            made = exchange(rng, place, "test")
            if "misspelled" not in made.references and len(made.request) <= LONGEST and written(made.request):
                yield Asked(made.request, names)


def measure(folder: Path, limit: int = 400, seed: int = 0) -> dict[str, float]:
    """``limit`` requests a condition, the same for the same seed. Shares and word error rates from 0 to 1, times in ms.

    ``*_named`` is with the home's names put in where something sounds like them, as the engine does; ``latency_p50_ms``
    processor time of a whole call, the search for a voice included. Raises ModelUnusable, SpeechMissing.
    """
    engine = FasterWhisperEngine(folder)
    try:
        with Synthesizer() as speech:
            return asyncio.run(_figures(engine, speech, limit, seed))
    finally:
        engine.close()


async def _figures(engine: FasterWhisperEngine, speech: Synthesizer, limit: int, seed: int) -> dict[str, float]:
    maker = Maker(_measuring(engine.chunk_s), "test", speech)
    rng = np.random.default_rng([seed, 77])
    requests = asked(seed)
    figures: dict[str, float] = {}
    for condition, strength in (("clean", 0.0), ("noisy", 1.0)):
        chosen = [next(requests) for _ in range(limit)]
        clips = [_spoken(maker, rng, [one.text], strength) for one in chosen]
        heard, times = await _heard(engine, clips)
        figures |= _scored(condition, clips, heard)
        named = [Names(one.names).corrected(text) for one, text in zip(chosen, heard, strict=True)]
        figures[f"wer_{condition}_named"] = word_error_rate([clip.text for clip in clips], named)
        if condition == "clean":
            figures["latency_p50_ms"] = 1000 * float(np.median(times))
    short = (one.text for one in requests if len(one.text) <= _SHORT)
    pairs = [_spoken(maker, rng, [next(short), next(short)], 0.0) for _ in range(max(1, limit // 3))]
    heard, _ = await _heard(engine, pairs)
    figures["wer_two_commands"] = word_error_rate([clip.text for clip in pairs], heard)
    empty, _ = await _heard(engine, [maker.empty(rng) for _ in range(limit)])
    figures["empty_with_words"] = sum(bool(text) for text in empty) / len(empty)
    return figures | {"requests": float(limit)}


def _spoken(maker: Maker, rng: np.random.Generator, texts: list[str], strength: float) -> Clip:
    return maker.spoken(rng, texts, str(rng.choice(maker.voices)), strength)


async def _heard(engine: FasterWhisperEngine, clips: Sequence[Clip]) -> tuple[list[str], list[float]]:
    """What was heard, and the processor seconds that it took."""
    heard, times = [], []
    for clip in clips:
        begun = time.process_time()
        found = await engine.transcribe(clip.audio)
        times.append(time.process_time() - begun)
        heard.append(written(found.text))
    return heard, times


def _scored(condition: str, clips: Sequence[Clip], heard: Sequence[str]) -> dict[str, float]:
    said = [clip.text for clip in clips]
    return {
        f"wer_{condition}": word_error_rate(said, heard),
        f"exact_{condition}": sum(a == b for a, b in zip(said, heard, strict=True)) / len(said),
        f"numbers_{condition}": numbers_right(said, heard),
        f"unheard_{condition}": sum(not text for text in heard) / len(heard),
    }


def _measuring(seconds: int) -> RecogniserRecipe:
    """Of a recipe only the longest clip matters here."""
    return RecogniserRecipe(
        name="measuring",
        kind="recogniser",
        model="rottie-stt",
        fit=Fit(steps=1),
        gate=SpeechGate(less="wer_noisy"),
        seconds=seconds,
    )
