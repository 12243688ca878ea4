"""The recogniser through Ray Serve beside faster-whisper called directly on the same model: how fast, and the same words?

    python -m tests.bench.hearing [rounds]

``served``: samples to the replica of the recogniser over Serve's handle, as a conversation does. ``direct``: faster-whisper as
its package has it, in this process, with the same decoding; it always pads to 30 s, which a recogniser of short chunks need
not. ``engine``: our own engine in this process, without Serve: what Serve itself costs. Sides alternate, recording by
recording; a ratio is of speed, so that above 1 the served one is faster. Then how much sooner the first sound of a long reply
is there than all of it, spoken clause by clause and at once. Writes bench-results/hearing.json.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from flows.steps.speech.espeak import voices
from schemas.assistant import Tts
from serve.config import APPLICATION
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.engines.samples import RATE
from serve.hearing import Listen
from serve.saying import Say, Voice
from serve.speech_models import STARTER, recogniser_folder
from serve.talking.clauses import Clauses
from serve.talking.playback import Playback
from serve.talking.speaking import Chunk, Speaker
from tests.bench.comparing import interval, keep
from tests.bench.peers import DECODING
from tests.bench.spoken import SENTENCES
from tests.bench.stack import Served, served_starters
from tests.said import Recording, Speakers

GOALS = {"served_over_direct": 0.95, "same_words": 1.0, "first_of_long_reply": 3.0}
ROUNDS = 5
LONG = (
    "The lamp in the hall is on, and so are the two lights in the kitchen. The front door is locked. The blind in the bedroom is"
    " closed, and the one in the study is open by half. The main thermostat is set to twenty one degrees, and it is nineteen"
    " degrees now. The old radio is paused. There are three things on your list of groceries: oats, lemons and matches."
)


class Sides:
    """The same recording to each; text and seconds of each."""

    def __init__(self, runner: asyncio.Runner) -> None:
        folder = recogniser_folder(STARTER)
        self._runner = runner
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)
        self._engine = FasterWhisperEngine(folder, beam=DECODING["beam_size"])
        self._ears = runner.run(_ears())

    def served(self, said: Recording) -> str:
        return self._runner.run(self._ears.hear(said.pcm, Listen(raw=True))).transcript.text

    def engine(self, said: Recording) -> str:
        return self._runner.run(self._engine.transcribe(_samples(said))).text

    def direct(self, said: Recording) -> str:
        found, _ = self._model.transcribe(_samples(said), **DECODING)
        return " ".join(segment.text.strip() for segment in found)

    def close(self) -> None:
        self._engine.close()


async def _ears() -> Any:
    """Made where a loop runs: the stack's handles share it."""
    from ray import serve as ray_serve

    from serve.speech_handles import HandleEars

    return HandleEars(ray_serve.get_deployment_handle("Stt", APPLICATION))


def _samples(said: Recording) -> np.ndarray:
    return np.frombuffer(said.pcm, "<i2").astype(np.float32) / 32768


def heard(served: Served, said: list[Recording], rounds: int) -> dict[str, Any]:
    import ray  # with the stack's environment, which it reads only here: where the cluster is, and its token

    ray.init(address=served.head.address, log_to_driver=False)
    with asyncio.Runner() as runner:
        sides = Sides(runner)
        times: dict[str, list[float]] = {name: [] for name in ("served", "engine", "direct")}
        words: dict[str, list[str]] = {name: [] for name in times}
        for number in range(rounds + 1):
            for recording in said:
                for name in times if number % 2 else reversed(times):
                    began = time.perf_counter()
                    text = getattr(sides, name)(recording)
                    if number:  # the first round warms up
                        times[name].append(time.perf_counter() - began)
                        words[name].append(text)
        sides.close()
    ray.shutdown()
    result: dict[str, Any] = {name: {"p50_ms": round(statistics.median(each) * 1000, 1)} for name, each in times.items()}
    for other in ("direct", "engine"):
        ratios = [theirs / ours for ours, theirs in zip(times["served"], times[other], strict=True)]
        low, high = interval(ratios)
        same = statistics.mean(a == b for a, b in zip(words["served"], words[other], strict=True))
        result[f"served_over_{other}"] = {
            "ratio": round(statistics.median(ratios), 3),
            "low": round(low, 3),
            "high": round(high, 3),
            "same_words": round(same, 3),
        }
    return result


async def first_sounds(rounds: int) -> dict[str, Any]:
    """Milliseconds to the first sound of LONG: clause by clause, and spoken as a whole."""
    voice = Voice()
    voice.want(Tts())
    found: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        async with aclosing(Speaker(voice, Playback()).run(_clauses())) as parts:
            async for part in parts:
                if isinstance(part, Chunk):
                    break
        first = time.perf_counter() - began
        began = time.perf_counter()
        _ = [piece async for piece in voice.say(Say(text=LONG, form="pcm"))]
        whole = time.perf_counter() - began
        if number:
            found.append((first * 1000, whole * 1000))
    await voice.close()
    ratios = [whole / first for first, whole in found]
    low, high = interval(ratios)
    return {
        "first_ms": round(statistics.median(first for first, _ in found), 1),
        "whole_ms": round(statistics.median(whole for _, whole in found), 1),
        "times_earlier": {"ratio": round(statistics.median(ratios), 2), "low": round(low, 2), "high": round(high, 2)},
    }


async def _clauses() -> AsyncIterator[str]:
    clauses = Clauses("en")
    for clause in [*clauses.add(LONG), *clauses.finish()]:
        yield clause


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with Speakers() as speakers:
        said = speakers.all(SENTENCES, [STARTER, *voices("test")[::31]])
    long = asyncio.run(first_sounds(rounds))
    with served_starters(proxied=False) as served:
        found = heard(served, said, rounds)
    head = {
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
        "seconds_of_speech": round(sum(len(r.pcm) for r in said) / 2 / RATE),
    }
    print(keep("hearing", head | {"goals": GOALS, **found, "long_reply": long}))


if __name__ == "__main__":
    main()
