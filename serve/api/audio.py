"""POST /v1/audio/transcriptions and /v1/audio/speech: OpenAI's interface to the recogniser and the voice.

Does not cover turns that are spoken: those are POST /v1/assist with a recording.
"""

from __future__ import annotations

import asyncio
import base64
import math
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from schemas.assistant import Limits
from schemas.errors import NoRecogniser, NoVoice, RequestError, RottieError, TextUnspeakable, VersionMissing
from serve.api.bodies import attended, close_all, closing, read_body
from serve.api.describing import answers
from serve.api.faults import error_body, note
from serve.api.replies import sse
from serve.api.running import late
from serve.api.subtitles import srt, vtt
from serve.api.wire import Body, SpokenLanguage, checked, refusal
from serve.engines.encoding import MEDIA, AudioFormat
from serve.engines.faster_whisper import Piece, Transcript
from serve.engines.spoken_pieces import MAX_TEXT
from serve.hearing import Listen, Understood, in_pieces, names_in
from serve.saying import Say
from serve.standing_in import aloud
from serve.talking.reading import read_out
from serve.voicing import Speech

if TYPE_CHECKING:
    from serve.api.gateway import Settings

HEARING, SAYING = "/v1/audio/transcriptions", "/v1/audio/speech"
# One of each is configured; clients have the names of OpenAI's built in.
RECOGNISERS = re.compile(r"champion|rottie-stt|whisper-[\w.-]+|gpt-([\w.-]+-)?transcribe(-[\w.-]+)?")
VOICES = re.compile(r"champion|rottie-tts|tts-[\w.-]+|gpt-[\w.-]+-tts(-[\w.-]+)?")
_ENVELOPE = 65_536  # bytes of a form beside its file
_MOST_FIELDS = 20
FELL_BACK = "Rottie-Fell-Back"  # a header that names the stage
_LISTS = frozenset({"timestamp_granularities", "include"})  # fields that may come several times
_LANGUAGE = re.compile(r"(?!ash)[a-z]{2,3}")  # ash is a voice of OpenAI's
Made = TypeVar("Made")


class TranscriptionForm(Body):
    """Form fields; numbers come as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    file: bytes = Field(description="WAV, FLAC, MP3, Ogg or WebM, of any rate.")
    model: str = Field(max_length=200)
    language: SpokenLanguage | None = None
    prompt: str | None = Field(default=None, max_length=4000, description="Names that may be said, with commas between.")
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: float | None = Field(default=None, ge=0, le=1, description="Taken and without effect: the likeliest is written.")
    stream: bool = Field(default=False, description="Server-sent events; only with json and text.")
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = Field(
        default=("segment",), max_length=2, alias="timestamp_granularities[]", description="word: only with verbose_json."
    )
    include: tuple[Literal["logprobs"], ...] = Field(
        default=(), max_length=2, alias="include[]", description="Taken and without effect: a reply has no logprobs."
    )
    chunking_strategy: Literal["auto"] | None = Field(
        default=None, description="Taken and without effect: recordings are always parted where nobody speaks."
    )


class HeardFor(Body):
    type: Literal["duration"] = "duration"
    seconds: int


class Transcription(Body):
    text: str
    usage: HeardFor


class HeardWord(Body):
    word: str
    start: float
    end: float


class HeardSegment(Body):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class VerboseTranscription(Body):
    task: Literal["transcribe"]
    language: str
    duration: float
    text: str
    segments: tuple[HeardSegment, ...] | None = None
    words: tuple[HeardWord, ...] | None = None
    usage: HeardFor


class SpeechRequest(Body):
    model: str = Field(max_length=200)
    input: str = Field(min_length=1, max_length=MAX_TEXT)
    voice: str = Field(
        default="default",
        max_length=64,
        description="A language, such as `de`, chooses the voice for it, if there is one. Other names all stand for one voice.",
    )
    response_format: AudioFormat = Field(default="mp3", description="pcm: 16 bits, mono, 24,000 Hz.")
    speed: float = Field(default=1.0, ge=0.25, le=4)
    stream_format: Literal["audio", "sse"] = Field(default="audio", description="sse: the sound in server-sent events.")
    instructions: str | None = Field(
        default=None, max_length=4096, description="Taken and without effect: the voice has one way to speak."
    )


BODIES = {("post", SAYING): SpeechRequest}
FORMS = {("post", HEARING): TranscriptionForm}
_TOLD: dict[int | str, dict[str, Any]] = answers(
    Transcription | VerboseTranscription, 400, 404, 413, 503, 504, events="transcript.text.delta and transcript.text.done."
)
_TOLD[200]["content"]["text/plain"] = {"schema": {"type": "string"}}
_SOUND: dict[str, Any] = {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA.values()}
_SOUND["text/event-stream"] = {
    "schema": {"type": "string", "description": "With stream_format: sse. speech.audio.delta and speech.audio.done."}
}


def add_audio(app: FastAPI, speech: Speech, settings: Settings) -> None:
    @app.post(HEARING, responses=_TOLD)
    async def transcribe(request: Request) -> Response:
        """What is said in a recording; the text is empty where nobody speaks. The header Rottie-Fell-Back, or if streamed
        `fell_back` in the last event, tells that the second recogniser heard it."""
        if speech.ears is None or settings.stt is None:
            raise NoRecogniser("audio cannot be understood here")
        asked = await _form(request, settings.stt.bytes)
        _named(asked.model, RECOGNISERS)
        words = "word" in asked.timestamp_granularities
        if words and asked.response_format != "verbose_json":
            raise RequestError("times of words are told in verbose_json", where="timestamp_granularities")
        if asked.stream and asked.response_format not in ("json", "text"):
            raise RequestError("only json and text are streamed", where="response_format")
        timed = words or asked.response_format in ("srt", "vtt")
        listen = Listen(names=names_in(asked.prompt), language=asked.language, words=timed)
        if asked.stream:
            pieces = in_pieces(speech.ears, asked.file, listen)
            first = await _begun(request, pieces, settings.limits)
            body = closing(_events(first, pieces, settings.limits), pieces)
            return StreamingResponse(body, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        try:
            async with asyncio.timeout(settings.limits.timeout_s):
                heard = await attended(request, speech.ears.hear(asked.file, listen))
        except TimeoutError as error:
            raise late(settings.limits) from error
        told = _told(asked, heard.transcript)
        if heard.fell_back is not None:
            told.headers[FELL_BACK] = "stt"
        return told

    @app.post(SAYING, response_class=Response, responses={**answers(None, 400, 404, 413, 503, 504), 200: {"content": _SOUND}})
    async def speak(request: Request) -> Response:
        """A text as sound, sent while it is made: read as people say it, without its markup. The header Rottie-Fell-Back tells
        that the second voice speaks."""
        asked = checked(SpeechRequest, await read_body(request, settings.limits.request_bytes))
        if speech.voice is None or settings.tts is None:
            raise NoVoice("text cannot be spoken here")
        _named(asked.model, VOICES)
        language = asked.voice if _LANGUAGE.fullmatch(asked.voice) else None
        text = read_out(asked.input, language or settings.manner.actor.language)
        if max(len(asked.input), len(text)) > settings.tts.longest:
            raise TextUnspeakable(
                f"the text, or what is read of it, is longer than {settings.tts.longest} characters", where="input"
            )
        say, why = Say(text=text, language=language, speed=asked.speed, form=asked.response_format), list[RottieError]()
        pieces = aloud(speech.voices, say, why.append)
        first = await _begun(request, pieces, settings.limits)
        rest, media = _rest(first or b"", pieces, settings.limits.timeout_s), MEDIA[asked.response_format]
        if asked.stream_format == "sse":
            rest, media = _sounds(rest, settings.limits), "text/event-stream"
        headers = {"Cache-Control": "no-store"} | ({FELL_BACK: "tts"} if why else {})
        return StreamingResponse(closing(rest, pieces), media_type=media, headers=headers)


async def _begun(request: Request, pieces: AsyncGenerator[Made, None], limits: Limits) -> Made | None:
    """The first piece, which is awaited before the status line is sent, so that what fails before it has a proper one."""
    try:
        async with asyncio.timeout(limits.timeout_s):
            return await attended(request, _next(pieces))
    except BaseException as error:
        await close_all(pieces)
        if isinstance(error, TimeoutError):
            raise late(limits) from error
        raise


async def _next(pieces: AsyncGenerator[Made, None]) -> Made | None:
    return await anext(pieces, None)


async def _rest(first: bytes, pieces: AsyncGenerator[bytes, None], patience_s: float) -> AsyncIterator[bytes]:
    """A failure on the way ends the connection: there is no other way to tell it in a recording."""
    yield first
    while True:
        async with asyncio.timeout(patience_s):
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece


async def _sounds(pieces: AsyncIterator[bytes], limits: Limits) -> AsyncIterator[bytes]:
    """``pieces`` as events; what fails on the way is told as the last one. A voice takes no tokens."""
    try:
        async for piece in pieces:
            yield sse({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
        yield sse({"type": "speech.audio.done", "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}})
    except Exception as error:
        yield _failed(error, limits)


def _failed(error: Exception, limits: Limits) -> bytes:
    """The event that a stream ends with."""
    told = late(limits) if isinstance(error, TimeoutError) else error if isinstance(error, RottieError) else note(error)
    return sse(error_body(told))


def _named(model: str, known: re.Pattern[str]) -> None:
    if known.fullmatch(model) is None:
        hint = "Use `champion`, or a name that OpenAI has for such a model: they all name the one that is configured."
        raise VersionMissing("no such model is served", where="model", hint=hint)


class _InMemory(MultiPartParser):
    """Recordings are never written to disk, not even for a moment."""

    spool_max_size = 2**31


async def _form(request: Request, most: int) -> TranscriptionForm:
    """Raises RequestTooLarge and RequestError, which quotes nothing."""
    raw = await read_body(request, most + _ENVELOPE)
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise RequestError("the body is no form with a file", where="Content-Type", hint="Send multipart/form-data.")

    async def whole() -> AsyncGenerator[bytes, None]:
        yield raw

    try:
        parser = _InMemory(request.headers, whole(), max_files=1, max_fields=_MOST_FIELDS, max_part_size=_ENVELOPE)
        form = await parser.parse()
    except (MultiPartException, ValueError, UnicodeError):
        raise RequestError("the form cannot be read", where="body") from None
    try:
        return TranscriptionForm.model_validate(await _fields(form))
    except ValidationError as error:
        raise refusal(error) from None
    finally:
        await form.close()


async def _fields(form: FormData) -> dict[str, Any]:
    """Raises RequestError for a field that comes twice and may not."""
    found: dict[str, Any] = {}
    for name, value in form.multi_items():
        if (plain := name.removesuffix("[]")) in _LISTS:
            found.setdefault(f"{plain}[]", []).append(value)
        elif name in found:
            raise RequestError("a field comes twice", where=name if name in TranscriptionForm.model_fields else "body")
        elif name == "file":
            found[name] = await value.read() if isinstance(value, UploadFile) else value.encode("utf-8", "replace")
        else:
            found[name] = value
    return found


def _told(asked: TranscriptionForm, heard: Transcript) -> Response:
    if asked.response_format == "json":
        return JSONResponse({"text": heard.text, "usage": _usage(heard)})
    if asked.response_format == "verbose_json":
        return JSONResponse(_verbose(heard, asked.timestamp_granularities))
    if asked.response_format == "text":
        return PlainTextResponse(heard.text + "\n")
    return PlainTextResponse(vtt(heard) if asked.response_format == "vtt" else srt(heard))


async def _events(
    first: Piece | Understood | None, pieces: AsyncGenerator[Piece | Understood, None], limits: Limits
) -> AsyncIterator[bytes]:
    """Each piece as soon as it is heard; what fails on the way is told as the last event."""
    found, before = first, False
    try:
        while found is not None:
            if isinstance(found, Understood):
                heard = found.transcript
                done = {"type": "transcript.text.done", "text": heard.text, "usage": _usage(heard)}
                yield sse(done | ({"fell_back": found.fell_back} if found.fell_back else {}))
                return
            yield sse({"type": "transcript.text.delta", "delta": f" {found.text}" if before else found.text})
            before = True
            async with asyncio.timeout(limits.timeout_s):
                found = await _next(pieces)
    except Exception as error:
        yield _failed(error, limits)


def _usage(heard: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(heard.seconds)}


def _verbose(heard: Transcript, wanted: tuple[str, ...]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "task": "transcribe",
        "language": heard.language,
        "duration": round(heard.seconds, 3),
        "text": heard.text,
        "usage": _usage(heard),
    }
    if "segment" in wanted:
        told["segments"] = [_segment(number, piece) for number, piece in enumerate(heard.pieces)]
    if "word" in wanted:
        told["words"] = [
            {"word": word.text, "start": round(word.start_s, 3), "end": round(word.end_s, 3)}
            for piece in heard.pieces
            for word in piece.words
        ]
    return told


def _segment(number: int, piece: Piece) -> dict[str, Any]:
    raw = piece.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": round(piece.start_s, 3),
        "end": round(piece.end_s, 3),
        "text": piece.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(piece.confidence, 1e-9)), 4),
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 4),
        "no_speech_prob": round(piece.no_speech, 4),
    }
