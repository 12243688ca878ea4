"""From a recording to what was said in it: what a replica of the recogniser does, without Ray.

Nothing of a recording or a transcript is logged or written to disk. Does not cover what is done with the words.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, TypeAdapter

from schemas.assistant import RecogniserChoice, Stt
from schemas.errors import AudioUnusable, RottieError
from serve.api.faults import error_from, note
from serve.by_language import ByLanguage
from serve.engines.decoding import Decoder
from serve.engines.faster_whisper import FasterWhisperEngine, Piece, Told, Transcript
from serve.engines.samples import checked
from serve.engines.scripted_speech import ScriptedRecogniser
from serve.speech_models import chosen, place_of, pulled, recogniser_folder

Recogniser = FasterWhisperEngine | ScriptedRecogniser


class Listen(BaseModel):
    """How a recording shall be heard. ``names`` are those that may be said; ``words``: with the time of each word; ``raw``: the
    recording is no file but 16-bit mono samples at 16,000 Hz, little-endian, which need no decoding.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...] = ()
    language: str | None = None
    words: bool = False
    raw: bool = False


def names_in(hint: str | None) -> tuple[str, ...]:
    """The names in a client's hint, which stand between commas, semicolons or ends of lines."""
    return tuple(name for part in re.split(r"[,;\n]", hint or "") if (name := part.strip()))


class Understood(BaseModel):
    """``timings_ms``: decode, the file to samples; stt, the samples to words. ``fell_back``: RottieError.as_dict(), why a second
    recogniser heard it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transcript: Transcript
    timings_ms: dict[str, float]
    fell_back: dict[str, Any] | None = None


class Hears(Protocol):
    """Where recordings are heard."""

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        """``told`` is given each piece as soon as it is heard. Raises AudioUnusable, and another RottieError where nobody can
        listen now."""
        ...

    async def statuses(self) -> list[dict[str, Any]]:
        """One ``Loaded.status()`` for each replica that can be reached."""
        ...


class Ears:
    """``Hears`` in this process: a recogniser, those for other languages, and the process that decodes for them."""

    def __init__(self) -> None:
        self._section: RecogniserChoice = Stt()
        self._recognisers: ByLanguage[RecogniserChoice, Recogniser] = ByLanguage(
            "the recogniser", self._opened, lambda section, language: chosen(section, language, pulled())
        )
        self._decoder = Decoder()
        self._begun = False

    def want(self, section: RecogniserChoice) -> None:
        self._section = section
        self._recognisers.want(section)

    def retry(self) -> None:
        self._recognisers.retry()

    def status(self) -> dict[str, Any]:
        """ByLanguage.status(). A language that was chosen is the only one of the model that it was chosen for."""
        state, section = self._recognisers.status(), self._section
        only = list(dict.fromkeys([section.language, *section.languages])) if section.language else state["languages"]
        return {"model": section.model, **state, "languages": only}

    async def statuses(self) -> list[dict[str, Any]]:
        return [self.status()]

    async def close(self) -> None:
        await self._recognisers.close()
        self._decoder.close()

    def _opened(self, section: RecogniserChoice) -> Recogniser:
        if not self._begun:
            self._begun = True
            self._decoder.start()
        return open_recogniser(section)

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        section = self._section
        language = listen.language or section.language
        async with self._recognisers.hold(listen.language) as recogniser:
            began = time.monotonic()
            if listen.raw:
                audio = samples_of(recording, section.longest_s)
            else:
                audio = await self._decoder.decode(recording, section.longest_s)
            decoded = time.monotonic()
            wanted: dict[str, Any] = {"names": listen.names, "language": language, "words": listen.words}
            transcript = await recogniser.transcribe(audio, **wanted, told=told or (lambda _: None))
        spent = {"decode": decoded - began, "stt": time.monotonic() - decoded}
        return Understood(transcript=transcript, timings_ms={name: round(s * 1000, 3) for name, s in spent.items()})


def samples_of(recording: bytes, longest_s: float) -> NDArray[np.float32]:
    """Of 16-bit mono samples at 16,000 Hz. Raises AudioUnusable."""
    if len(recording) % 2 or not recording:
        raise AudioUnusable(f"{len(recording)} bytes are no whole number of 16-bit samples")
    return checked(np.frombuffer(recording, "<i2"), longest_s)


def open_recogniser(section: RecogniserChoice) -> Recogniser:
    """Blocks while it loads. Raises SpeechMissing, ModelUnusable."""
    if section.kind == "scripted":
        return ScriptedRecogniser.read(place_of(section.model))
    return FasterWhisperEngine(recogniser_folder(section.model), section.threads, beam=section.beam)


async def in_pieces(ears: Hears, recording: bytes, listen: Listen) -> AsyncGenerator[Piece | Understood, None]:
    """Each piece as soon as it is heard, and last the whole; closing it early ends the work. Raises what ``hear`` raises."""
    told = asyncio.Queue[Piece | None]()
    work = asyncio.create_task(ears.hear(recording, listen, told.put_nowait))
    work.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (piece := await told.get()) is not None:
            yield piece
        yield await work
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


_PIECE: TypeAdapter[Piece] = TypeAdapter(Piece)
_ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


async def heard(ears: Hears, recording: bytes, listen: str) -> str:
    """The answer of ``ears`` as JSON, what went wrong too: Serve would log the words of an error. Never raises an Exception."""
    try:
        found = await ears.hear(recording, Listen.model_validate_json(listen))
    except RottieError as error:
        return _ANSWER.dump_json({"error": error.as_dict()}).decode()
    except Exception as error:
        return _ANSWER.dump_json({"error": note(error).as_dict()}).decode()
    return found.model_dump_json()


async def heard_in_pieces(ears: Hears, recording: bytes, listen: str) -> AsyncGenerator[str, None]:
    """As ``heard``, with each piece before it."""
    try:
        async with aclosing(in_pieces(ears, recording, Listen.model_validate_json(listen))) as found:
            async for each in found:
                if isinstance(each, Understood):
                    yield each.model_dump_json()
                else:
                    yield _ANSWER.dump_json({"piece": _PIECE.dump_python(each)}).decode()
    except RottieError as error:
        yield _ANSWER.dump_json({"error": error.as_dict()}).decode()
    except Exception as error:
        yield _ANSWER.dump_json({"error": note(error).as_dict()}).decode()


def piece_or_whole(answer: str) -> Piece | Understood:
    """What a message of ``heard_in_pieces`` brought, or the error in it, raised."""
    if answer.startswith('{"piece"'):
        return _PIECE.validate_python(_ANSWER.validate_json(answer)["piece"])
    return understood(answer)


def understood(answer: str) -> Understood:
    """The answer that ``heard`` gave, or the error in it, raised."""
    if answer.startswith('{"error"'):
        raise error_from(_ANSWER.validate_json(answer)["error"])
    return Understood.model_validate_json(answer)
