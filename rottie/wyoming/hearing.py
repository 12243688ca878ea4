"""A recording, as it comes in, to its transcript."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from wyoming.asr import Transcript
from wyoming.event import Eventable

from rottie.wyoming.asking import Api
from rottie.wyoming.messages import Format, Piece, Transcribe
from rottie.wyoming.sound import Sound
from schemas.errors import AudioUnusable
from serve.engines.samples import RATE

LONGEST_S = 120
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class Hearing:
    """One recording after another, each from ``begin`` to ``finish``; the names of the home are known in all of them."""

    def __init__(self, api: Api, request: Transcribe, names: tuple[str, ...]) -> None:
        self._api, self._request = api, request
        self._names = (*names, *request.names)
        self._sound: Sound | None = None
        self._samples = bytearray()

    def begin(self, form: Format) -> None:
        self._sound = Sound(form)
        self._samples = bytearray()

    async def push(self, piece: Piece, data: bytes) -> AsyncGenerator[Eventable, None]:
        """Raises AudioUnusable, also for a recording that gets too long."""
        sound = self._sound = self._sound or Sound(piece.format)
        self._samples += sound.push(piece.format, data).tobytes()
        if len(self._samples) > LONGEST_S * RATE * 2:
            raise AudioUnusable(f"the recording is longer than {LONGEST_S} seconds", hint="End it with audio-stop.")
        return
        yield

    async def finish(self) -> AsyncGenerator[Eventable, None]:
        """Its transcript, empty where nobody spoke. Raises what the API refuses."""
        samples, self._samples, self._sound = bytes(self._samples), bytearray(), None
        said = {"text": "", "language": None}
        if samples:
            said = await self._api.hear(samples, _code(self._request.language), self._names)
        yield Transcript(text=said["text"], language=said["language"], context=self._request.context)


def _code(language: str | None) -> str | None:
    """``en`` of ``en_US`` and ``en-GB``."""
    found = _LANGUAGE.match((language or "").lower())
    return found.group() if found else None
