"""Second engines: another one hears or speaks where the first cannot, and why is told.

The first counts as failed as well where it is late. It is then left alone for a moment, so that whoever talks does not wait for
it at every word. Does not cover what stands in for a voice in the middle of a reply: that is serve/talking/speaking.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from schemas.errors import Overloaded, RequestError, RottieError, SpeechDown
from serve.api.faults import error_from, note
from serve.engines.faster_whisper import Piece, Told
from serve.engines.samples import RATE
from serve.hearing import Hears, Listen, Understood
from serve.saying import Say, Says

LATE_S = 3.0
"""For a transcript beside a part of the recording's own length, and for each piece of sound."""
REST_S = 10.0
_PART = 5  # of the seconds of bare samples
_BYTES_A_SECOND = 16_000  # of a file: half of what bare samples have, more than a codec takes


class _Health:
    """Of a first engine: why it is left alone."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._why: dict[str, Any] | None = None
        self._until = 0.0

    def ask(self) -> None:
        """Raises what it failed with, while it is left alone."""
        if self._why is not None and self._now() < self._until:
            raise error_from(self._why)

    def well(self) -> None:
        self._why = None

    def failed(self, error: RottieError) -> None:
        if not isinstance(error, Overloaded):
            self._why, self._until = error.as_dict(), self._now() + REST_S


class TwoEars:
    """``Hears``: by ``first``, and by ``second`` where that fails or is late; then ``Understood.fell_back`` tells why."""

    def __init__(self, first: Hears, second: Hears, now: Callable[[], float] = time.monotonic, late_s: float = LATE_S) -> None:
        self._first, self._second, self._late_s = first, second, late_s
        self._health = _Health(now)

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        """As of Hears. Nothing is told twice: a first that fails after it has told a piece has failed."""
        pieces = 0

        def tell(piece: Piece) -> None:
            nonlocal pieces
            pieces += 1
            if told is not None:
                told(piece)

        try:
            return await self._by_first(recording, listen, tell if told is not None else None)
        except RequestError:
            raise
        except RottieError as error:
            if pieces:
                raise
            why = error
        found = await self._second.hear(recording, listen, told)
        return found.model_copy(update={"fell_back": why.as_dict()})

    async def statuses(self) -> list[dict[str, Any]]:
        """Of the first."""
        return await self._first.statuses()

    async def _by_first(self, recording: bytes, listen: Listen, told: Told | None) -> Understood:
        self._health.ask()
        try:
            async with asyncio.timeout(patience_s(recording, listen, self._late_s)):
                found = await self._first.hear(recording, listen, told)
        except Exception as error:
            raise _counted(error, self._health, "the recogniser") from error
        self._health.well()
        return found


class FirstVoice:
    """``Says`` by a voice that another one can stand in for: it fails where it is late, and then at once for a while."""

    def __init__(self, voice: Says, now: Callable[[], float] = time.monotonic, late_s: float = LATE_S) -> None:
        self._voice, self._late_s = voice, late_s
        self._health = _Health(now)

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        self._health.ask()
        async with aclosing(self._voice.say(say)) as pieces:
            while (piece := await self._next(pieces)) is not None:
                yield piece
        self._health.well()

    async def statuses(self) -> list[dict[str, Any]]:
        return await self._voice.statuses()

    async def _next(self, pieces: AsyncGenerator[bytes, None]) -> bytes | None:
        try:
            async with asyncio.timeout(self._late_s):
                return await anext(pieces, None)
        except Exception as error:
            raise _counted(error, self._health, "the voice") from error


FellBack = Callable[[RottieError], None]


async def aloud(voices: Sequence[Says], say: Say, fell_back: FellBack) -> AsyncGenerator[bytes, None]:
    """The recording in pieces, by the first of ``voices`` that begins it; ``fell_back`` is told why it is not the one before.

    Raises TextUnspeakable, what the last one raised, and what goes wrong after the first piece.
    """
    for left, voice in zip(reversed(range(len(voices))), voices, strict=True):
        begun = False
        try:
            async with aclosing(voice.say(say)) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
            return
        except Exception as error:
            if begun or not left or isinstance(error, RequestError):
                raise
            fell_back(_ours(error))


async def whole(voices: Sequence[Says], say: Say, fell_back: FellBack) -> bytes:
    """All of the recording, by the first of ``voices`` that comes to its end. Raises TextUnspeakable and what the last raised."""
    for left, voice in zip(reversed(range(len(voices))), voices, strict=True):
        try:
            async with aclosing(voice.say(say)) as pieces:
                return b"".join([piece async for piece in pieces])
        except Exception as error:
            if not left or isinstance(error, RequestError):
                raise
            fell_back(_ours(error))
    return b""


def patience_s(recording: bytes, listen: Listen, late_s: float = LATE_S) -> float:
    """After how many seconds a first recogniser is late."""
    return late_s + (len(recording) / 2 / RATE / _PART if listen.raw else len(recording) / _BYTES_A_SECOND)


def _counted(error: Exception, health: _Health, what: str) -> RottieError:
    """``error`` as ours; it counts where the engine, and not what it was given, is to blame."""
    found = SpeechDown(f"{what} is late") if isinstance(error, TimeoutError) else _ours(error)
    if not isinstance(found, RequestError):
        health.failed(found)
    return found


def _ours(error: Exception) -> RottieError:
    return error if isinstance(error, RottieError) else note(error)
