"""From a text to a recording of it, as it is made: what a replica of the voice does, without Ray.

Nothing of what is said is logged or written to disk. Does not cover what is said.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from schemas.assistant import Tts, VoiceChoice
from schemas.errors import RottieError, TextUnspeakable
from serve.api.faults import error_from, note
from serve.by_language import ByLanguage
from serve.engines.encoding import AudioFormat, Encoder
from serve.engines.piper import PiperEngine
from serve.engines.scripted_speech import ScriptedVoice
from serve.speech_models import chosen, pulled, voice_file


class Say(BaseModel):
    """What shall be said, and how it is sent. ``speed`` is a factor on the voice's own; ``language`` chooses the voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    language: str | None = None
    speed: float = 1.0
    form: AudioFormat = "wav"


class Says(Protocol):
    """Where texts are spoken."""

    def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        """The recording in pieces, as soon as each is made; closing it early ends the work.

        Raises TextUnspeakable, and another RottieError where nobody can speak now, before the first piece; EngineError later.
        """
        ...

    async def statuses(self) -> list[dict[str, Any]]:
        """One ``Loaded.status()`` for each replica that can be reached."""
        ...


class Voice:
    """``Says`` in this process: a voice, and those for other languages."""

    def __init__(self) -> None:
        self._section: VoiceChoice = Tts()
        self._voices: ByLanguage[VoiceChoice, PiperEngine | ScriptedVoice] = ByLanguage(
            "the voice", open_voice, lambda section, language: chosen(section, language, pulled())
        )

    def want(self, section: VoiceChoice) -> None:
        self._section = section
        self._voices.want(section)

    def retry(self) -> None:
        self._voices.retry()

    def status(self) -> dict[str, Any]:
        """ByLanguage.status()."""
        return {"model": self._section.model, **self._voices.status()}

    async def statuses(self) -> list[dict[str, Any]]:
        return [self.status()]

    async def close(self) -> None:
        await self._voices.close()

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        section = self._section
        if len(say.text) > section.longest:
            raise TextUnspeakable(f"the text has {len(say.text)} characters; {section.longest} are spoken at once", where="input")
        async with self._voices.hold(say.language) as engine:
            encoder: Encoder | None = None
            async with aclosing(engine.speak(say.text, section.speed * say.speed)) as spoken:
                async for samples in spoken:
                    encoder = encoder or await asyncio.to_thread(Encoder, say.form, engine.rate)
                    if made := await asyncio.to_thread(encoder.push, samples):
                        yield made
            if encoder is not None and (made := await asyncio.to_thread(encoder.finish)):
                yield made


def open_voice(section: VoiceChoice) -> PiperEngine | ScriptedVoice:
    """Blocks until it has spoken once. Raises SpeechMissing, ModelUnusable, EngineError."""
    return ScriptedVoice() if section.kind == "scripted" else PiperEngine(voice_file(section.model), section.threads)


_PIECE, _ERROR = b"+", b"!"


async def said(voice: Says, say: str) -> AsyncGenerator[bytes, None]:
    """The pieces as messages, what went wrong as one more: Serve would log the words of an error. Never raises an Exception."""
    try:
        async with aclosing(voice.say(Say.model_validate_json(say))) as pieces:
            async for piece in pieces:
                yield _PIECE + piece
    except RottieError as error:
        yield _ERROR + json.dumps(error.as_dict()).encode()
    except Exception as error:
        yield _ERROR + json.dumps(note(error).as_dict()).encode()


def piece_of(message: bytes) -> bytes:
    """What a message of ``said`` brought, or the error in it, raised."""
    if message.startswith(_ERROR):
        raise error_from(json.loads(message[1:]))
    return message[1:]
