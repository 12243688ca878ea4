"""Setting up a spoken conversation: the connection, a microphone and a loudspeaker or files, who says when a turn begins."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rottie.talk.conversing import Talking
from rottie.talk.devices import Devices
from rottie.talk.files import Loudspeaker, Recording
from rottie.talk.line import opened, settings
from rottie.talk.outlet import Outlet
from rottie.talk.showing import Screen
from rottie.talk.waiting import Gate


@dataclass(frozen=True)
class Wishes:
    """``push``: turns begin and end with a key. ``recording`` stands for a microphone, ``out`` for a loudspeaker then."""

    push: bool = False
    wake: bool = False
    recording: Path | None = None
    out: Path | None = None
    microphone: str | None = None
    loudspeaker: str | None = None
    conversation: str | None = None
    area: str | None = None


async def converse(address: str, key: str, screen: Screen, wishes: Wishes) -> None:
    """Until the recording was answered, or for ever. Raises SpeechMissing, NoSoundDevice, SourceMissing, AudioUnusable,
    StackDown, and what the API refuses the connection with.
    """
    outlet = Outlet()
    async with AsyncExitStack() as stack:
        if wishes.recording is not None:
            ear = await asyncio.to_thread(Recording, wishes.recording)
            keys = _whole(ear) if wishes.push else None
        else:
            ear = Devices(outlet, wishes.microphone, wishes.loudspeaker)
            keys = _enters() if wishes.push else None
        gate = await asyncio.to_thread(Gate) if wishes.wake else None
        line = await stack.enter_async_context(opened(address, key))
        # Last, so that no sound is lost while the rest is opened.
        await stack.enter_async_context(Loudspeaker(outlet, wishes.out) if isinstance(ear, Recording) else ear)
        _greet(screen, wishes)
        await Talking(line, ear, outlet, screen, keys, gate).run(settings(wishes.push, wishes.area, wishes.conversation))


def _greet(screen: Screen, wishes: Wishes) -> None:
    if wishes.recording is None:
        screen.note("Press Enter to speak. Ctrl-C ends." if wishes.push else "Ctrl-C ends.")


async def _whole(ear: Recording) -> AsyncGenerator[None, None]:
    """The recording is one turn."""
    yield
    await ear.ended()
    yield


async def _enters() -> AsyncGenerator[None, None]:
    """One for each time that Enter is pressed; ends with the input. The thread that reads never keeps the program alive."""
    loop, pressed = asyncio.get_running_loop(), asyncio.Queue[bool]()

    def read() -> None:
        for _ in sys.stdin:
            loop.call_soon_threadsafe(pressed.put_nowait, True)
        loop.call_soon_threadsafe(pressed.put_nowait, False)

    threading.Thread(target=read, daemon=True).start()
    while await pressed.get():
        yield
