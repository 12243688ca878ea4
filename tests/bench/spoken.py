"""From the end of speech to the first sound of the answer, beside Pipecat with the same models and recordings.

    python -m tests.bench.spoken [--rounds N] [--stack] [--no-peer]

The same recordings (the starter voice and voices of espeak-ng, in turn) are told in real time, in frames of 20 ms, to each
side in turn: ours as it is shipped, where frequent sentences need no model; ours with the model alone, which is what Pipecat
has too; Pipecat as it comes; Pipecat at the quickest that it can be set to. Pipecat's model is asked through our own API, and
its calls act in the same home. The end of speech is known from the recording. A ratio is of p50 and of p95 over the same
recordings. ``--stack``: beside them the shipped assistant through Ray Serve and ``WS /v1/realtime``, as ``served``.

The waterfall is the median by stage; ``explained`` is the part of the total below the endpoint delay that the stages' own
times add up to. Writes bench-results/spoken.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

from flows.steps.speech.espeak import voices
from serve.speech_models import STARTER
from serve.spelling import written
from tests.bench.comparing import interval, keep
from tests.bench.peers import acting, pipecat, pipecat_python
from tests.bench.stack import Served, served_starters
from tests.bench.talking import PATIENCE_S, Told, through
from tests.household import door, household
from tests.realtime_voice import realtime_voice
from tests.said import Recording, Speakers

SENTENCES = (
    "turn on the hall lamp",
    "is the front door locked",
    "set the desk light to 40 percent",
    "open the east blind",
    "turn off the reading lamp",
    "turn on the kitchen extractor",
    "set the main thermostat to 21 degrees",
    "lock the front door",
    "turn off the coffee maker",
    "close the east blind",
    "what time is it",
    "could you please switch on the desk light",
)
ALL = ("stt.confidence=0",)
"""What was hardly understood is answered too: an apology would be quicker."""
GOALS = {"p50_ms": 700.0, "p95_ms": 1200.0, "ratio": 0.8, "explained": 0.8}

Side = Callable[[Recording], Awaitable[Told]]


def recordings() -> list[Recording]:
    chosen = [STARTER, *voices("test")[::31]]
    with Speakers() as speakers:
        return speakers.all(SENTENCES, chosen)


async def alternated(sides: Mapping[str, Side], said: Sequence[Recording], rounds: int) -> dict[str, list[Told]]:
    """Every side hears every recording, each round beginning with another side; the first recording warms all up."""
    found: dict[str, list[Told]] = {name: [] for name in sides}
    for side in sides.values():
        await side(said[0])
    names = list(sides)
    for number in range(rounds * len(said)):
        turned = number % len(names)
        for name in names[turned:] + names[:turned]:
            found[name].append(await sides[name](said[number % len(said)]))
    return found


def p95(values: Sequence[float]) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def described(turns: Sequence[Told]) -> dict[str, Any]:
    times = [turn.first_ms for turn in turns if turn.first_ms is not None]
    result: dict[str, Any] = {"turns": len(turns), "unanswered": len(turns) - len(times)}
    result["heard_exactly"] = round(sum(turn.heard.lower() == written(turn.text) for turn in turns) / len(turns), 3)
    if times:
        for name, figure in (("p50_ms", statistics.median), ("p95_ms", p95)):
            low, high = interval(times, figure)
            result[name] = {"value": round(figure(times)), "low": round(low), "high": round(high)}
    stages = [turn.stages_ms for turn in turns if turn.stages_ms]
    names = list(dict.fromkeys(name for one in stages for name in one))
    result["waterfall_ms"] = {name: round(statistics.median(one.get(name, 0.0) for one in stages), 1) for name in names}
    shares = [share for one in stages if (share := explained(one)) is not None]
    if shares:
        result["explained"] = round(statistics.median(shares), 3)
    return result


def explained(stages: Mapping[str, float]) -> float | None:
    """None where there is no total, or nothing below the endpoint delay."""
    rest = stages.get("total", 0.0) - stages.get("endpoint", 0.0)
    own = sum(ms for name, ms in stages.items() if name not in ("total", "endpoint"))
    return own / rest if rest > 0 else None


def compared(ours: Sequence[Told], theirs: Sequence[Told]) -> dict[str, Any]:
    """Ratios of p50 and p95 with bootstrap intervals over recordings; those that a side did not answer are left out."""
    pairs = [(a.first_ms, b.first_ms) for a, b in zip(ours, theirs, strict=True) if a.first_ms and b.first_ms]
    result: dict[str, Any] = {"pairs": len(pairs)}
    for name, figure in (("p50", statistics.median), ("p95", p95)):

        def ratio(drawn: Sequence[Any], figure: Callable[[Sequence[float]], float] = figure) -> float:
            return figure([mine for mine, _ in drawn]) / figure([other for _, other in drawn])

        if pairs:
            low, high = interval(pairs, ratio)  # type: ignore[arg-type]
            result[name] = {"ratio": round(ratio(pairs), 3), "low": round(low, 3), "high": round(high, 3)}
    return result


def outside(served: Served) -> Side:
    """A connection of its own for each recording."""

    async def side(recording: Recording) -> Told:
        async with realtime_voice(served.url, served.key) as voice:
            found = await voice.say(recording, PATIENCE_S)
        calls = [action["name"] for action in found.actions]
        return Told(
            recording.text,
            heard=found.heard or "",
            reply=found.reply,
            spoken=found.reply,
            first_ms=found.first_ms,
            audio_ms=found.audio_ms,
            loudest=found.loudest,
            stages_ms=found.stages_ms,
            calls=calls,
            failed=found.down,
        )

    return side


async def measured(said: list[Recording], rounds: int, python: Path | None, served: Served | None, root: Path) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(household(root / "home", overrides=ALL))
        sides: dict[str, Side] = {"shipped": through(house), "model": through(house, intents=False)}
        if served is not None:
            sides["served"] = outside(served)
        if python is not None:
            url = await stack.enter_async_context(door(acting(house)))
            for name, best in (("pipecat", False), ("pipecat_best", True)):
                sides[name] = await stack.enter_async_context(pipecat(python, house, url, best))
        found = await alternated(sides, said, rounds)
    result: dict[str, Any] = {name: described(turns) for name, turns in found.items()}
    for peer in ("pipecat", "pipecat_best"):
        for name in ("shipped", "model", "served"):
            if peer in found and name in found:
                result[f"{name}_over_{peer}"] = compared(found[name], found[peer])
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--stack", action="store_true")
    parser.add_argument("--no-peer", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    python = None if asked.no_peer else pipecat_python()
    said = recordings()
    with ExitStack() as stack:
        served = stack.enter_context(served_starters(ALL)) if asked.stack else None
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rottie-")))
        found = asyncio.run(measured(said, asked.rounds, python, served, root))
    head = {"cpus": os.cpu_count(), "load": os.getloadavg()[0], "goals": GOALS, "recordings": len(said)}
    print(keep("spoken", head | found))


if __name__ == "__main__":
    main()
