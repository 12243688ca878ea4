"""One client, from its first event to its leaving: what it asks is answered in order, one thing at a time.

Any error is told in an event, after which the connection is closed: a client that waits for an answer is left waiting by
nothing, and one that sends anything but events, such as a browser, gets no second try.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from wyoming.error import Error
from wyoming.event import Event, Eventable, async_write_event
from wyoming.ping import Pong

from rottie.wyoming import messages
from rottie.wyoming.asking import Api
from rottie.wyoming.handling import Handling, Known
from rottie.wyoming.hearing import Hearing
from rottie.wyoming.reading import HEADER_BYTES, Patience, fields, read_event
from rottie.wyoming.speaking import Speaking
from rottie.wyoming.telling import info_of
from rottie.wyoming.waking import Wake, Waking
from schemas.errors import NoRecogniser, RequestError, RottieError
from serve.api.faults import note

LINGER_S = 1.0
INFO_S = 0.7
"""Home Assistant gives up after a second, and leaves out what it was not told of until it is started anew: before anything is
known it is better left waiting."""
AHEAD = 4  # events that may wait while one is answered; beyond, the client waits


@dataclass(frozen=True)
class Parts:
    """What all connections share."""

    api: Api
    wake: Wake | None
    known: Known = field(default_factory=Known)
    patience: Patience = field(default_factory=Patience)


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parts: Parts) -> None:
        self._reader, self._writer, self._parts = reader, writer, parts
        self._waiting: asyncio.Queue[Event | RottieError] = asyncio.Queue(AHEAD)
        self._listener: Hearing | Waking | None = None
        self._speaking = Speaking(parts.api)
        self._handling = Handling(parts.api, parts.known)
        self._over = asyncio.Event()

    def stop(self) -> None:
        """Make ``run`` return soon."""
        self._over.set()

    async def run(self) -> None:
        """Returns when the client has left or was sent away. Never raises an Exception."""
        tasks = [asyncio.create_task(work) for work in (self._answer(), self._read(), self._over.wait())]
        # A client that has left ends what it asked for, wherever that is.
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        error, *_ = await asyncio.gather(*tasks, return_exceptions=True)
        await self._listen_with(None)
        if isinstance(error, RottieError):
            await self.refuse(error)
        else:
            await self._close()

    async def refuse(self, error: RottieError) -> None:
        """Say why, and wait a moment for the client to read it: what is closed with unread bytes is reset."""
        with contextlib.suppress(OSError, TimeoutError):
            await self._send(Error(text=f"{error.message}. {error.hint}", code=error.code))
            self._writer.write_eof()
            async with asyncio.timeout(LINGER_S):
                while await self._reader.read(HEADER_BYTES):
                    pass
        await self._close()

    async def _close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            while (event := await read_event(self._reader, self._parts.patience)) is not None:
                await self._waiting.put(event)
        except TimeoutError:
            return
        except RottieError as error:
            await self._waiting.put(error)
            await self._over.wait()  # until it was told

    async def _answer(self) -> RottieError | None:
        """Until an error, which is given, or the client takes nothing any more."""
        try:
            while True:
                event = await self._waiting.get()
                if isinstance(event, RottieError):
                    raise event
                async with aclosing(self._answers(event)) as answers:
                    async for answer in answers:
                        await self._send(answer)
        except RottieError as error:
            return error
        except (OSError, TimeoutError):
            return None
        except Exception as error:
            return note(error)

    async def _send(self, answer: Eventable) -> None:
        async with asyncio.timeout(self._parts.patience.send_s):
            await async_write_event(answer.event(), self._writer)

    def _answers(self, event: Event) -> AsyncGenerator[Eventable, None]:
        """Events of other types are passed over, as the protocol wants it."""
        match event.type:
            case "describe":
                return self._info()
            case "ping":
                return self._pong(fields(messages.Ping, event))
            case "transcribe":
                return self._transcribe(fields(messages.Transcribe, event))
            case "detect":
                return self._detect(fields(messages.Detect, event))
            case "audio-start":
                return self._audio_start(fields(messages.Format, event))
            case "audio-chunk":
                return self._audio(fields(messages.Piece, event), event.payload or b"")
            case "audio-stop":
                return self._audio_stop()
            case "synthesize":
                return self._speaking.whole(fields(messages.Synthesize, event))
            case "synthesize-start":
                return self._speaking.start(fields(messages.SynthesizeStart, event))
            case "synthesize-chunk":
                return self._speaking.add(fields(messages.SynthesizeChunk, event))
            case "synthesize-stop":
                return self._speaking.stop()
            case "transcript":
                return self._handling.handle(fields(messages.Said, event))
            case _:
                return _nothing()

    async def _info(self) -> AsyncGenerator[Eventable, None]:
        wake = self._parts.wake
        yield info_of(await self._parts.api.status_soon(INFO_S), (wake.name, wake.phrase) if wake else None)

    async def _pong(self, asked: messages.Ping) -> AsyncGenerator[Eventable, None]:
        yield Pong(text=asked.text)

    async def _transcribe(self, asked: messages.Transcribe) -> AsyncGenerator[Eventable, None]:
        await self._listen_with(await self._hearing(asked))
        return
        yield

    async def _detect(self, asked: messages.Detect) -> AsyncGenerator[Eventable, None]:
        wake = self._parts.wake
        if wake is None:
            raise NoRecogniser("no wake word is listened for here", where="detect", hint="Name one in stack.wyoming.wake.")
        await self._listen_with(Waking(wake, await wake.stream(), asked))
        return
        yield

    async def _hearing(self, asked: messages.Transcribe) -> Hearing:
        return Hearing(self._parts.api, asked, await self._parts.api.names())

    async def _listen_with(self, listener: Hearing | Waking | None) -> None:
        before, self._listener = self._listener, listener
        if before is not None:
            await before.close()

    async def _audio_start(self, form: messages.Format) -> AsyncGenerator[Eventable, None]:
        if self._listener is None:
            await self._listen_with(await self._hearing(messages.Transcribe(context=None)))
        await self._ready().begin(form)
        return
        yield

    async def _audio(self, piece: messages.Piece, data: bytes) -> AsyncGenerator[Eventable, None]:
        async for event in self._ready().push(piece, data):
            yield event

    async def _audio_stop(self) -> AsyncGenerator[Eventable, None]:
        async for event in self._ready().finish():
            yield event

    def _ready(self) -> Hearing | Waking:
        if self._listener is None:
            raise RequestError("audio comes after transcribe or detect, and audio-start", where="audio-chunk")
        return self._listener


async def _nothing() -> AsyncGenerator[Eventable, None]:
    return
    yield
