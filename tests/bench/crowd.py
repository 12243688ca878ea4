"""Eight people talk at once, each with a conversation of their own, through Ray Serve and ``WS /v1/realtime``.

    python -m tests.bench.crowd [--turns N] [--python]

Each says N requests in real time, beginning a little after the one before, and waits for each answer. ``dropped``: connections
that the server ended, and turns without a sound. Memory is what the process that holds the conversations grows by while they
are open (its own pages, without those that it shares), for each. ``--python``: behind Serve's own proxy in place of HAProxy.
Writes bench-results/crowd.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from contextlib import AsyncExitStack
from typing import Any

import psutil
from websockets.exceptions import ConnectionClosed

from flows.steps.speech.espeak import voices
from serve.speech_models import STARTER
from tests.bench.comparing import interval, keep
from tests.bench.spoken import ALL, SENTENCES, p95
from tests.bench.stack import Served, served_starters
from tests.realtime_voice import Answered, RealtimeVoice, realtime_voice
from tests.said import Recording, Speakers

PEOPLE, APART_S, PATIENCE_S = 8, 0.7, 15.0
GOALS = {"dropped": 0, "memory_mb": 20.0}


def gateway(served: Served) -> psutil.Process:
    """The replica that holds the conversations."""
    for process in psutil.process_iter(["cmdline"]):
        if any("ServeReplica:rottie:Gateway" in part for part in process.info["cmdline"] or ()):
            try:
                if process.environ().get("ROTTIE_HOME") == str(served.head.home):
                    return process
            except psutil.Error:
                continue
    raise RuntimeError("the gateway does not run")


def own_mb(process: psutil.Process) -> float:
    return process.memory_full_info().uss / 1e6


async def person(number: int, voice: RealtimeVoice, said: list[Recording], turns: int) -> list[Answered]:
    await asyncio.sleep(number * APART_S)
    answers: list[Answered] = []
    for turn in range(turns):
        try:
            answers.append(await voice.say(said[(number + turn * PEOPLE) % len(said)], PATIENCE_S))
        except ConnectionClosed:
            break
    return answers


async def measured(served: Served, said: list[Recording], turns: int) -> dict[str, Any]:
    process = gateway(served)
    async with realtime_voice(served.url, served.key) as first:  # what is loaded for the first one is not the second's
        for recording in said[:3]:
            await first.say(recording, PATIENCE_S)
    await asyncio.sleep(2)
    before, began = own_mb(process), time.monotonic()
    async with AsyncExitStack() as stack:
        talking = [await stack.enter_async_context(realtime_voice(served.url, served.key)) for _ in range(PEOPLE)]
        work = asyncio.gather(*(person(number, voice, said, turns) for number, voice in enumerate(talking)))
        highest = 0.0
        while not work.done():
            highest = max(highest, await asyncio.to_thread(own_mb, process))
            await asyncio.wait([work], timeout=1)
        answers = [answer for answers in await work for answer in answers]
    times = [answer.first_ms for answer in answers if answer.first_ms is not None]
    result: dict[str, Any] = {
        "people": PEOPLE,
        "turns": PEOPLE * turns,
        "dropped": PEOPLE * turns - len(times),
        "seconds": round(time.monotonic() - began, 1),
        "memory_mb": round((highest - before) / PEOPLE, 2),
        "stages_down": sum(len(answer.down) for answer in answers),
    }
    for name, figure in (("p50_ms", statistics.median), ("p95_ms", p95)):
        low, high = interval(times, figure)
        result[name] = {"value": round(figure(times)), "low": round(low), "high": round(high)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--python", action="store_true")
    asked = parser.parse_args()
    with Speakers() as speakers:
        said = speakers.all(SENTENCES, [STARTER, *voices("test")[::31]])
    with served_starters(ALL, proxied=not asked.python) as served:
        found = asyncio.run(measured(served, said, asked.turns))
    print(keep("crowd", {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "goals": GOALS, **found}))


if __name__ == "__main__":
    main()
