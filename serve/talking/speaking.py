"""Speaking a reply clause by clause, while the next is still being written.

A voice that fails or is late is replaced by a second one, and that by text alone: said once, and no word is lost. What is shown
stays as it was written, what is spoken is read out. Does not cover cutting into clauses, nor what becomes of the sound.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.errors import RottieError, SpeechDown, TextUnspeakable
from schemas.talking import OUT_RATE
from serve.api.bodies import close_all
from serve.api.faults import note
from serve.engines.piper import FASTEST, SLOWEST
from serve.saying import Say, Says
from serve.talking.playback import Playback
from serve.talking.reading import read

LATE_S = 4.0
"""Without a sound of a clause, or more of it: the voice is given up."""
SENTENCE_S, BREATH_S = 0.25, 0.1
"""Silence after a sentence and after a part of one, where the next clause is there in time."""
_WAITING = 256  # clauses that were written and not spoken yet
_OVER = object()


@dataclass(frozen=True)
class Begun:
    """The next clause, as it is shown; its sound follows."""

    clause: int
    text: str


@dataclass(frozen=True)
class Chunk:
    """16-bit samples at OUT_RATE."""

    clause: int
    pcm: bytes = field(repr=False)


@dataclass(frozen=True)
class Down:
    """A voice failed. ``instead``: what speaks from this clause on."""

    error: RottieError
    instead: Literal["second", "text"]


class Speaker:
    """One reply. ``voice`` None: by the second, or text alone. ``language``: what it is spoken in, where that is known."""

    def __init__(
        self,
        voice: Says | None,
        playback: Playback,
        second: Says | None = None,
        *,
        language: str | None = None,
        speed: float = 1.0,
        late_s: float = LATE_S,
    ) -> None:
        self._voices = [one for one in (voice, second) if one is not None]
        self._playback, self._language, self._speed, self._late_s = playback, language, speed, late_s
        self._ended = ""  # the text spoken last

    async def run(self, clauses: AsyncIterator[str]) -> AsyncGenerator[Begun | Chunk | Down, None]:
        """What was spoken has been told to the playback, behind whose clauses these are numbered.

        Closing it early ends the voice's work and closes ``clauses``.
        Raises what ``clauses`` raises, after what came before it.
        """
        waiting: asyncio.Queue[Any] = asyncio.Queue(_WAITING)
        writing = asyncio.ensure_future(_written(clauses, waiting))
        number = self._playback.clauses
        try:
            while isinstance(text := await waiting.get(), str):
                yield Begun(number, text)
                self._playback.sent(number, text, b"")
                async with aclosing(self._spoken(number, text)) as events:
                    async for event in events:
                        yield event
                self._playback.ended(number)
                number += 1
            if text is not _OVER:
                raise text
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing

    async def _spoken(self, clause: int, text: str) -> AsyncGenerator[Chunk | Down, None]:
        spoken = read(text, self._language or "en")
        while self._voices and any(map(str.isalnum, spoken)):
            try:
                async with aclosing(self._sound(self._voices[0], spoken)) as sound:
                    async for pcm in sound:
                        self._playback.sent(clause, text, pcm)
                        yield Chunk(clause, pcm)
                self._ended = spoken
            except TextUnspeakable:
                return
            except RottieError as error:
                self._voices.pop(0)
                yield Down(error, "second" if self._voices else "text")
            else:
                return

    async def _sound(self, voice: Says, text: str) -> AsyncGenerator[bytes, None]:
        """Whole samples. Raises RottieError alone."""
        odd, pause = b"", self._pause()
        try:
            async with aclosing(voice.say(Say(text=text, language=self._language, speed=self._speed, form="pcm"))) as made:
                while True:
                    async with asyncio.timeout(self._late_s):
                        piece = await anext(made, None)
                    if piece is None:
                        return
                    piece = odd + piece
                    whole = len(piece) // 2 * 2
                    odd = piece[whole:]
                    if whole:
                        yield pause + piece[:whole]
                        pause = b""
        except TimeoutError:
            raise SpeechDown(f"nothing was spoken within {self._late_s:g} s", where="tts") from None
        except RottieError:
            raise
        except Exception as error:
            raise note(error) from None

    def _pause(self) -> bytes:
        if not self._playback.playing:
            return b""
        seconds = SENTENCE_S if self._ended.rstrip("\"'”’»)]").endswith((".", "!", "?", "…", "。")) else BREATH_S
        return bytes(2 * int(seconds / min(FASTEST, max(SLOWEST, self._speed)) * OUT_RATE))


async def _written(clauses: AsyncIterator[str], waiting: asyncio.Queue[Any]) -> None:
    try:
        async for clause in clauses:
            await waiting.put(clause)
    except Exception as error:
        await waiting.put(error)
    else:
        await waiting.put(_OVER)
    finally:
        await close_all(clauses)
