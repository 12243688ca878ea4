"""One request to the recogniser at a time, for a listener that must not wait for it.

What goes wrong is a result like another, so that listening goes on. Does not cover what is asked, nor when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import RottieError, SpeechDown
from serve.api.faults import note
from serve.engines.faster_whisper import Transcript
from serve.hearing import Hears, Listen, Understood
from serve.standing_in import patience_s
from serve.talking.heard import Partial

PATIENCE_S = 10.0
"""For one request, beside what long audio takes: a recogniser that needs more counts as down, and a second one, where there is
one, has had its time."""


@dataclass(frozen=True)
class Recognised:
    """What was heard in samples ``start`` to ``end`` of the stream, or why nothing could be heard there. ``fell_back``: see
    Understood."""

    start: int
    end: int
    found: Transcript | RottieError
    fell_back: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        return self.found.text.strip() if isinstance(self.found, Transcript) else ""


class Recognition:
    """``ready`` is called, with nothing, once a request has ended. Not for several tasks at once."""

    def __init__(self, ears: Hears, ready: Callable[[], None]) -> None:
        self._ears, self._ready = ears, ready
        self._asked: asyncio.Task[Recognised] | None = None
        self.took_s = 0.0
        """By the last request, as the recogniser tells it."""

    @property
    def idle(self) -> bool:
        return self._asked is None

    @property
    def done(self) -> bool:
        return self._asked is not None and self._asked.done()

    def ask(self, audio: NDArray[np.float32], start: int, listen: Listen) -> None:
        """Only while idle."""
        assert self._asked is None
        self._asked = asyncio.create_task(self._recognised(audio, start, listen))
        self._asked.add_done_callback(lambda _: self._ready())

    async def answer(self) -> Recognised | None:
        """Only while not idle; waits. None where it was closed meanwhile."""
        assert self._asked is not None
        await asyncio.wait([asked := self._asked])
        self._asked = None
        return None if asked.cancelled() else asked.result()

    async def close(self) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.cancel()
            await asyncio.wait([asked])

    async def _recognised(self, audio: NDArray[np.float32], start: int, listen: Listen) -> Recognised:
        found, end = await self._found(audio, listen), start + len(audio)
        if isinstance(found, RottieError):
            return Recognised(start, end, found)
        return Recognised(start, end, found.transcript, found.fell_back)

    async def _found(self, audio: NDArray[np.float32], listen: Listen) -> Understood | RottieError:
        pcm = (audio * 32768).round().clip(-32768, 32767).astype("<i2").tobytes()
        within_s = patience_s(pcm, listen, PATIENCE_S)
        try:
            async with asyncio.timeout(within_s):
                understood = await self._ears.hear(pcm, listen)
            self.took_s = sum(understood.timings_ms.values()) / 1000
            return understood
        except TimeoutError:
            return SpeechDown(f"the recogniser did not answer within {within_s:.1f} s", where="stt")
        except RottieError as error:
            return error
        except Exception as error:
            return note(error)


class Agreement:
    """What is stable of the words of one turn, heard again and again."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._stable: list[str] = []

    def next(self, words: list[str], sure: int) -> Partial | None:
        """``sure``: so many of the first words will not be heard again. None where nothing is new."""
        agreed = sure
        while agreed < min(len(words), len(self._words)) and words[agreed] == self._words[agreed]:
            agreed += 1
        if agreed > len(self._stable):
            self._stable = words[:agreed]
        before, self._words = self._words, words
        return None if words == before else Partial(" ".join(self._stable), " ".join(words[len(self._stable) :]))
