"""Texts as sound: a whole one, or one that is still being written, clause by clause."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Eventable
from wyoming.tts import SynthesizeStopped

from rottie.wyoming.asking import Api
from rottie.wyoming.messages import LONGEST_SPOKEN, Synthesize, SynthesizeChunk, SynthesizeStart
from schemas.errors import RequestTooLarge, TextUnspeakable
from schemas.talking import OUT_RATE
from serve.talking.clauses import Clauses
from serve.talking.reading import read, read_out
from serve.talking.speaking import BREATH_S, SENTENCE_S

AT_ONCE = 250  # characters of one request to the voice
PIECE = OUT_RATE // 5 * 2  # bytes of one event: 0.2 seconds
_FORM = {"rate": OUT_RATE, "width": 2, "channels": 1}


class Speaking:
    """The voice of one connection. While a text streams in, the whole of it, which clients send too, is passed over."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._clauses = Clauses()
        self._language: str | None = None  # that the client asked for
        self._reads = "en"
        self._streams = False
        self._length = 0
        self._sent = 0  # bytes of the sound that is being told
        self._ended = ""  # the text spoken last

    async def whole(self, asked: Synthesize) -> AsyncGenerator[Eventable, None]:
        """Raises TextUnspeakable and what the API refuses."""
        _check(asked.text_format)
        if self._streams:
            return
        clauses = await self._in(asked.language)
        read_out(asked.text, self._reads)
        yield self._begun()
        async for event in self._said(_joined([*clauses.add(asked.text), *clauses.finish()])):
            yield event
        yield self._over()

    async def start(self, asked: SynthesizeStart) -> AsyncGenerator[Eventable, None]:
        _check(asked.text_format)
        self._clauses = await self._in(asked.language)
        self._streams, self._length = True, 0
        yield self._begun()

    async def add(self, asked: SynthesizeChunk) -> AsyncGenerator[Eventable, None]:
        """Raises RequestTooLarge for a text that gets too long."""
        self._length += len(asked.text)
        if self._length > LONGEST_SPOKEN:
            raise RequestTooLarge(f"the text is longer than {LONGEST_SPOKEN} characters", where="text")
        if self._streams:
            async for event in self._said(self._clauses.add(asked.text)):
                yield event

    async def stop(self) -> AsyncGenerator[Eventable, None]:
        if not self._streams:
            return
        self._streams = False
        async for event in self._said(self._clauses.finish()):
            yield event
        yield self._over()
        yield SynthesizeStopped()

    async def _in(self, language: str | None) -> Clauses:
        """What follows is spoken in ``language``, or the assistant's."""
        self._language, self._reads = language, language or await self._api.language()
        return Clauses(self._reads)

    async def _said(self, texts: Iterable[str]) -> AsyncGenerator[Eventable, None]:
        for text in texts:
            if any(map(str.isalnum, read(text, self._reads))):
                if self._sent:
                    yield self._chunk(_pause(self._ended))
                self._ended = text
                async with aclosing(self._sounding(text)) as chunks:
                    async for chunk in chunks:
                        yield chunk

    async def _sounding(self, text: str) -> AsyncGenerator[Eventable, None]:
        rest = b""
        async with aclosing(self._api.speak(text, self._language)) as pieces:
            async for piece in pieces:
                rest += piece
                while len(rest) >= PIECE:
                    yield self._chunk(rest[:PIECE])
                    rest = rest[PIECE:]
        if len(rest) > 1:
            yield self._chunk(rest[: len(rest) // 2 * 2])

    def _begun(self) -> AudioStart:
        self._sent = 0
        return AudioStart(**_FORM, timestamp=0)

    def _over(self) -> AudioStop:
        return AudioStop(timestamp=self._at_ms())

    def _chunk(self, audio: bytes) -> AudioChunk:
        at_ms = self._at_ms()
        self._sent += len(audio)
        return AudioChunk(**_FORM, audio=audio, timestamp=at_ms)

    def _at_ms(self) -> int:
        return self._sent * 1000 // (OUT_RATE * 2)


def _pause(text: str) -> bytes:
    """The silence after ``text``, before more is said."""
    seconds = SENTENCE_S if text.rstrip("\"'”’»)]*_ \n").endswith((".", "!", "?", "…", "。")) else BREATH_S
    return bytes(int(seconds * OUT_RATE) * 2)


def _check(form: str | None) -> None:
    if form not in (None, "text"):
        raise TextUnspeakable(f"texts of the format {form} are not spoken", where="text_format", hint="Send plain text.")


def _joined(clauses: Iterable[str]) -> Iterator[str]:
    """The same text in as few parts as requests allow."""
    part = ""
    for clause in clauses:
        if part and len(part) + len(clause) > AT_ONCE:
            yield part
            part = ""
        part += clause
    if part:
        yield part
