"""The wake word, listened for in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from wyoming.event import Eventable
from wyoming.wake import Detection, NotDetected

from rottie.wyoming.messages import Detect, Format, Piece
from rottie.wyoming.sound import Sound
from schemas.errors import ModelUnusable, RequestError
from schemas.wake import WAKE_FILE, WakeModel

if TYPE_CHECKING:
    from serve.engines.wake_word import WakeStream, WakeWord


class Wake:
    """The model in ``folder``, opened when it is first listened for: onnxruntime is most of this process's memory."""

    def __init__(self, folder: Path) -> None:
        """Raises ModelUnusable."""
        try:
            about = WakeModel.model_validate_json((folder / WAKE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise ModelUnusable("this is no wake word model", where=str(folder)) from error
        self.phrase = about.phrase
        self.name = "_".join(about.phrase.lower().split())
        self._folder = folder
        self._model: WakeWord | None = None
        self._opening = asyncio.Lock()

    async def stream(self) -> WakeStream:
        """Raises ModelUnusable."""
        async with self._opening:
            if self._model is None:
                from serve.engines.wake_word import WakeWord

                self._model = await asyncio.to_thread(WakeWord, self._folder)
        return self._model.listen()


class Waking:
    """One stream of audio after another, each from ``begin`` to ``finish``."""

    def __init__(self, wake: Wake, stream: WakeStream, request: Detect) -> None:
        """Raises RequestError for other wake words."""
        if request.names and wake.name not in request.names:
            raise RequestError("there is no such wake word here", where="names", hint=f"The one there is is {wake.name}.")
        self._wake, self._stream, self._request = wake, stream, request
        self._sound: Sound | None = None
        self._detected = False

    async def begin(self, form: Format) -> None:
        self._sound, self._detected = Sound(form), False
        self._stream.reset()

    async def push(self, piece: Piece, data: bytes) -> AsyncGenerator[Eventable, None]:
        """Raises AudioUnusable."""
        sound = self._sound = self._sound or Sound(piece.format)
        samples = sound.push(piece.format, data)
        for found in await asyncio.to_thread(self._stream.push, samples):
            self._detected = True
            at_ms = piece.timestamp if piece.timestamp is not None else int(found.at_s * 1000)
            yield Detection(name=self._wake.name, timestamp=at_ms, context=self._request.context)

    async def finish(self) -> AsyncGenerator[Eventable, None]:
        if not self._detected:
            yield NotDetected(context=self._request.context)
        await self.close()

    async def close(self) -> None:
        self._sound, self._detected = None, False
        self._stream.reset()
