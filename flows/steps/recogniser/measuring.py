"""The figures of a recogniser as it is served: held-out requests in held-out voices, clean, in noise, two at once, and no speech.

Does not cover what the home makes of the words.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from pathlib import Path
from random import Random

import numpy as np

from flows.steps.generator.homes import make_home
from flows.steps.generator.requests import exchange
from flows.steps.recogniser.clips import Clip, Maker
from flows.steps.recogniser.scoring import edits, numbers_right, word_error_rate
from flows.steps.recogniser.texts import LONGEST, names_in, requests
from flows.steps.speech.espeak import Synthesizer
from schemas.speech import Fit, RecogniserRecipe, SpeechGate
from serve.actions.consent import answers, consent
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.spelling import written

_A_HOME = 6  # requests
_SHORT = 45  # letters of a request that is said together with another
_KNOWN, _OFTEN = 20_000, 10  # training sentences that are looked through, and how often a word that is known occurs in them
_WRONG = 0.1  # of the words that are acted on, at most
_LEAST = 20  # requests that such a share is taken of


@dataclass(frozen=True)
class Told:
    """What was heard, how sure of its least sure piece (0 to 1), and the processor seconds that it took."""

    text: str
    confidence: float
    seconds: float


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

    ``*_named`` is heard as in an assistant, which tells the engine the home's names; ``*_everyday`` are, without them, of the
    requests that have only words which training says often; ``latency_p50_ms`` processor time of a whole call with names, the
    search for a voice included. ``confidence`` is the least at which at most a tenth of the words that are acted on are wrong,
    with names, clean and noisy together; ``acted`` is the share of requests that are, ``acted_exact`` of those the share heard
    exactly.
    ``answers_right``: yes and no in all their forms, taken for what they are.
    Raises ModelUnusable, SpeechMissing.
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
    stream = asked(seed)
    figures: dict[str, float] = {}
    sure: list[tuple[float, str, str]] = []
    common = often_said(seed)
    for condition, strength in (("clean", 0.0), ("noisy", 1.0)):
        chosen = [next(stream) for _ in range(limit)]
        clips = [_spoken(maker, rng, [one.text], strength) for one in chosen]
        said, heard = [clip.text for clip in clips], [one.text for one in await _heard(engine, clips)]
        figures |= _scored(condition, said, heard)
        told = await _heard(engine, clips, [one.names for one in chosen])
        named = [one.text for one in told]
        figures[f"wer_{condition}_named"] = word_error_rate(said, named)
        everyday = [all(word in common or word[0].isdigit() for word in text.split()) for text in said]
        figures[f"wer_{condition}_everyday"] = word_error_rate(*(list(compress(texts, everyday)) for texts in (said, heard)))
        sure += [(one.confidence, a, b) for one, a, b in zip(told, said, named, strict=True)]
        if condition == "clean":
            figures["latency_p50_ms"] = 1000 * float(np.median([one.seconds for one in told]))
            figures["everyday"] = sum(everyday) / len(everyday)
    figures |= trusted(sure)
    brief = (one.text for one in stream if len(one.text) <= _SHORT)
    pairs = [_spoken(maker, rng, [next(brief), next(brief)], 0.0) for _ in range(max(1, limit // 3))]
    both = await _heard(engine, pairs)
    figures["wer_two_commands"] = word_error_rate([clip.text for clip in pairs], [one.text for one in both])
    yes, no = answers("en")
    short = [text for text in (*yes, *no) for _ in range(max(1, limit // 200))]
    meant = await _heard(engine, [_spoken(maker, rng, [text], 0.0) for text in short])
    figures["answers_right"] = float(
        np.mean([consent(one.text, "en") is (text in yes) for text, one in zip(short, meant, strict=True)])
    )
    empty = await _heard(engine, [maker.empty(rng) for _ in range(limit)])
    figures["empty_with_words"] = sum(bool(one.text) for one in empty) / len(empty)
    return figures | {"requests": float(limit)}


def _spoken(maker: Maker, rng: np.random.Generator, texts: list[str], strength: float) -> Clip:
    return maker.spoken(rng, texts, str(rng.choice(maker.voices)), strength)


def often_said(seed: int) -> set[str]:
    """Words that training says often."""
    texts = islice(requests("train", seed), _KNOWN)
    counts = Counter(word for text in texts for word in written(text).split())
    return {word for word, count in counts.items() if count >= _OFTEN}


def trusted(told: Sequence[tuple[float, str, str]]) -> dict[str, float]:
    """The least confidence at which enough of the words are right; each request by its confidence, what was said and heard.

    1 where there is none.
    """
    ranked = sorted(told, reverse=True)
    wrong = np.cumsum([edits(said.split(), heard.split()) for _, said, heard in ranked])
    words = np.cumsum([len(said.split()) for _, said, _ in ranked])
    enough = np.flatnonzero((wrong <= _WRONG * words)[_LEAST - 1 :])
    if not enough.size:
        return {"confidence": 1.0, "acted": 0.0, "acted_exact": 1.0}
    acted = ranked[: int(enough[-1]) + _LEAST]
    exact = sum(said == heard for _, said, heard in acted) / len(acted)
    return {"confidence": acted[-1][0], "acted": len(acted) / len(ranked), "acted_exact": exact}


async def _heard(
    engine: FasterWhisperEngine, clips: Sequence[Clip], names: Sequence[tuple[str, ...]] | None = None
) -> list[Told]:
    told = []
    for clip, known in zip(clips, names or [()] * len(clips), strict=True):
        begun = time.process_time()
        found = await engine.transcribe(clip.audio, names=known)
        sure = min((piece.confidence for piece in found.pieces), default=0.0)
        told.append(Told(written(found.text), sure, time.process_time() - begun))
    return told


def _scored(condition: str, said: Sequence[str], heard: Sequence[str]) -> dict[str, float]:
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
