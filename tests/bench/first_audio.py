"""How soon a long reply begins to sound: clause by clause as a session speaks it, against the whole of it spoken at once.

    python -m tests.bench.first_audio

Both sides have the same text at once and the same starter voice, and what a client hears first is awaited: a clause's first
sound, or the sound of the whole. Times are by the wall clock, in turn. Writes bench-results/first_audio.json.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from statistics import median

from schemas.assistant import Tts
from serve.saying import Say, Voice
from serve.talking.clauses import Clauses
from serve.talking.playback import Playback
from serve.talking.speaking import Chunk, Speaker
from tests.bench.comparing import interval, keep

ROUNDS, WARM = 20, 2
REPLY = (
    "It is warm in the living room, and the window in the study is open. The lamp in the hall is on at forty percent."
    " Two timers are running: one for the eggs, with three minutes left, and one for the bread, with half an hour left."
    " The front door is locked, the garage is closed, and nobody is at home but the cat. Tomorrow will be dry until noon."
)


async def _clauses() -> AsyncGenerator[str, None]:
    cut = Clauses("en")
    for clause in [*cut.add(REPLY), *cut.finish()]:
        yield clause


async def by_clauses(voice: Voice) -> float:
    """Seconds to the first sound."""
    began = time.perf_counter()
    async with aclosing(Speaker(voice, Playback()).run(_clauses())) as spoken:
        async for part in spoken:
            if isinstance(part, Chunk):
                return time.perf_counter() - began
    raise AssertionError("nothing was spoken")


async def at_once(voice: Voice) -> float:
    """Seconds to all of it."""
    began = time.perf_counter()
    async with aclosing(voice.say(Say(text=REPLY, form="pcm"))) as spoken:
        pieces = [piece async for piece in spoken]
    assert pieces
    return time.perf_counter() - began


async def measure() -> dict[str, object]:
    voice = Voice()
    voice.want(Tts())
    found: dict[str, list[float]] = {"clauses": [], "whole": []}
    sides = {"clauses": by_clauses, "whole": at_once}
    for number in range(WARM + ROUNDS):
        for name in list(sides) if number % 2 else reversed(list(sides)):
            seconds = await sides[name](voice)
            if number >= WARM:
                found[name].append(seconds)
    await voice.close()
    ratios = [whole / first for first, whole in zip(found["clauses"], found["whole"], strict=True)]
    low, high = interval(ratios)
    return {
        "characters": len(REPLY),
        "first_audio_ms": round(median(found["clauses"]) * 1000, 1),
        "whole_ms": round(median(found["whole"]) * 1000, 1),
        "times_sooner": round(median(ratios), 2),
        "interval": [round(low, 2), round(high, 2)],
        "goal": 3,
    }


if __name__ == "__main__":
    print(keep("first_audio", asyncio.run(measure())))
