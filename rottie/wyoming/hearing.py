"""A recording, as it comes in, to its transcript: followed while it is spoken where that can be, else heard whole at its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.event import Eventable

from rottie.wyoming.asking import Api
from rottie.wyoming.following import Following
from rottie.wyoming.messages import Format, Piece, Transcribe, code_of
from rottie.wyoming.sound import Sound
from schemas.errors import AudioUnusable
from serve.engines.samples import RATE

LONGEST_S = 120


class Hearing:
    """One recording after another, each from ``begin`` to ``finish``; the names of the home are known in all of them."""

    def __init__(self, api: Api, request: Transcribe, names: tuple[str, ...]) -> None:
        self._api, self._request = api, request
        self._names = tuple(dict.fromkeys((*names, *request.names)))
        self._follows = set(request.names) <= set(names)  # other names can only be told with a whole recording
        self._language = code_of(request.language)
        self._forget()

    def _forget(self) -> None:
        self._sound: Sound | None = None
        self._samples = bytearray()
        self._following: Following | None = None
        self._sent: str | None = None  # of the transcript; None before its start was told

    async def begin(self, form: Format) -> None:
        """Raises AudioUnusable."""
        await self.close()
        self._sound = Sound(form)
        if self._follows:
            self._following = self._api.follow(self._language)
            await self._following.begin()

    async def push(self, piece: Piece, data: bytes) -> AsyncGenerator[Eventable, None]:
        """What was said so far. Raises AudioUnusable, also for a recording that gets too long."""
        if self._sound is None:
            await self.begin(piece.format)
        assert self._sound is not None
        samples = self._sound.push(piece.format, data).tobytes()
        self._samples += samples
        if len(self._samples) > LONGEST_S * RATE * 2:
            raise AudioUnusable(f"the recording is longer than {LONGEST_S} seconds", hint="End it with audio-stop.")
        if self._following is not None:
            await self._following.push(samples)
            for event in self._more(self._following.stable):
                yield event

    async def finish(self) -> AsyncGenerator[Eventable, None]:
        """The transcript, empty where nobody spoke. Raises what the API refuses."""
        text, language = "", self._language
        if self._samples:
            followed = await self._following.finish() if self._following is not None else None
            if followed is None:
                heard = await self._api.hear(bytes(self._samples), self._language, self._names)
                text, language = heard["text"], heard["language"]
            else:
                text = followed
        for event in self._more(text):
            yield event
        yield Transcript(text=text, language=language, context=self._request.context)
        yield TranscriptStop()
        await self.close()

    async def close(self) -> None:
        """Leave a recording that did not come to its end."""
        following = self._following
        self._forget()
        if following is not None:
            await following.close()

    def _more(self, text: str) -> list[Eventable]:
        """What of ``text`` was not told yet. Nothing where it begins otherwise than was told: the whole transcript tells."""
        told: list[Eventable] = []
        if self._sent is None and text:
            told.append(TranscriptStart(context=self._request.context, language=self._language))
            self._sent = ""
        sent = self._sent or ""
        if text.startswith(sent) and len(text) > len(sent):
            told.append(TranscriptChunk(text=text[len(sent) :]))
            self._sent = text
        return told
