"""Time for a home: sleeps until something is due and lets it happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from serve.actions.home import SimulatedHome

LONGEST_SLEEP = 60.0  # a machine that was suspended, or a clock that was set, is noticed within a minute


async def keep_time(home: SimulatedHome, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Runs until it is cancelled. Changes of the home, from any thread, wake it."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    forget = home.on_timed(lambda: loop.call_soon_threadsafe(changed.set))
    try:
        while True:
            changed.clear()
            due = home.next_due()
            wait = LONGEST_SLEEP if due is None else max(0.0, (due - home.now()).total_seconds())
            if wait > 0:
                await first(changed.wait(), sleep(min(wait, LONGEST_SLEEP)))
            home.elapse()
    finally:
        forget()


async def first(*waits: Awaitable[object]) -> None:
    """Until one of ``waits`` is over; the others are broken off."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
