"""The loop on the laptop profile, from an empty home, as a person meets it: seconds and memory.

    python -m tests.bench.loop

Packages are installed already. Seconds are wall time on this machine and mean little on a busy one: the processor seconds
beside them, of every process of the stack, say how busy it was. Memory is PSS (shared pages counted once) of every process
of the stack and of the command that runs the flow, sampled each second.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from schemas.settings import Home
from tests.bench.comparing import keep
from tests.cluster.running import Stack, own_stack

GOALS = {
    "first_answer_s": 300,
    "second_start_s": 30,
    "unchanged_s": 15,
    "training_mb": 4096,
    "serving_mb": 2560,
}


class Memory:
    """Samples until stopped; ``peak`` in MiB."""

    def __init__(self, home: Path) -> None:
        self._home, self._stop, self.peak = Home(home), threading.Event(), 0.0
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def now(self) -> float:
        from rottie.stack.identity import memory_mb

        return memory_mb(self._home)[0] + sum(_pss(child) for child in psutil.Process().children())

    def _sample(self) -> None:
        while not self._stop.wait(1):
            self.peak = max(self.peak, self.now())


def _pss(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.monotonic()
    result = work()
    return time.monotonic() - start, result


def answer(stack: Stack) -> str:
    return stack.rottie("ask", "--raw", "turn on the hall lamp", "--json")  # the model itself, not the tier before it


def ready(stack: Stack) -> None:
    """Start, and wait until the champion answers."""
    stack.rottie("up", "--no-starter")
    while True:
        try:
            if httpx.get(f"{stack.api}/readyz", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.25)


def main() -> None:
    found: dict[str, Any] = {}
    with own_stack() as stack:
        with Memory(stack.home) as memory:
            found["up_s"], _ = timed(lambda: stack.rottie("up", "--no-starter"))
            found["retrain_s"], decision = timed(lambda: stack.json("run", "retrain", "--pipeline", "starter", seconds=1800))
            found["training_mb"] = memory.peak
        found["promoted"] = decision["promoted"]
        found["ask_s"], _ = timed(lambda: answer(stack))
        found["first_answer_s"] = found["up_s"] + found["retrain_s"] + found["ask_s"]
        time.sleep(5)
        found["serving_mb"] = Memory(stack.home).now()
        found["unchanged_s"], decision = timed(lambda: stack.json("run", "retrain", "--pipeline", "starter"))
        assert decision["unchanged"], decision
        [version] = stack.json("models")
        found["metrics"] = version["metrics"]
        found["down_s"], _ = timed(lambda: stack.rottie("down"))
        found["second_start_s"], _ = timed(lambda: ready(stack))
    found["goals"] = {name: {"goal": goal, "reached": found[name] < goal} for name, goal in GOALS.items()}
    print(keep("loop", found))


if __name__ == "__main__":
    try:
        main()
    except subprocess.TimeoutExpired as error:
        sys.exit(f"too slow: {error}")
