"""A turn that is heard and spoken, without Ray: a recording in place of a text, and the reply as sound beside its words.

Where nobody spoke, or too little was understood, nothing is done and nothing is kept. A voice that is off, down or slow costs
the sound of a reply, never its words. Does not cover the turn itself: that is serve/assisting.py.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from schemas.errors import NoRecogniser, NoVoice, RottieError, SpeechDown
from schemas.events import AssistEvent, AssistFinished, ReplyReady, ReplySpoken, SpokenAudio, TierAnswered, Transcribed
from serve.actions.speaking import NOT_UNDERSTOOD
from serve.api.bodies import close_all
from serve.api.faults import note
from serve.assisting import LiveHome
from serve.engines.encoding import finished
from serve.hearing import Hears, Listen, Understood
from serve.saying import Say, Says
from serve.standing_in import FirstVoice, TwoEars, whole
from serve.talking.reading import read_out

NOTHING_HEARD = "I heard nothing."
NAMES_S = 0.5  # how long the home may take to tell its names


@dataclass(frozen=True)
class Speech:
    """The recogniser and the voice of an assistant; None where it has none. ``ears`` know of their second themselves;
    ``second_ears`` are told of in the status, ``second_voice`` is asked where ``voice`` fails. ``joined`` makes one of four."""

    ears: Hears | None = None
    voice: Says | None = None
    second_ears: Hears | None = None
    second_voice: Says | None = None

    @classmethod
    def joined(
        cls, ears: Hears | None, voice: Says | None, second_ears: Hears | None = None, second_voice: Says | None = None
    ) -> Speech:
        """Of stages that know nothing of each other."""
        if ears is not None and second_ears is not None:
            ears = TwoEars(ears, second_ears)
        if voice is not None and second_voice is not None:
            voice = FirstVoice(voice)
        return cls(ears, voice, second_ears, second_voice)

    @property
    def voices(self) -> list[Says]:
        """In the order in which they are asked."""
        return [voice for voice in (self.voice, self.second_voice) if voice is not None]

    async def statuses(self) -> dict[str, list[dict[str, Any]]]:
        """Of each stage that the assistant has, one state for every replica that can be reached."""
        all_ = {"stt": self.ears, "tts": self.voice, "stt_second": self.second_ears, "tts_second": self.second_voice}
        stages = {name: stage for name, stage in all_.items() if stage is not None}
        told = await asyncio.gather(*(stage.statuses() for stage in stages.values()))
        return dict(zip(stages, told, strict=True))


@dataclass(frozen=True)
class Spoken:
    """What is wanted beside a text. ``recording`` None: the turn has a text; ``aloud_s``: how long speaking the
    reply may take, 0 where it is text alone; ``whole_s``: the time since the beginning by which that must have ended.
    ``conversation``: the one that goes on, should there be nothing to keep in it. ``language``: what is spoken, where the client
    says so; ``own_language``: the assistant's, in which its replies are read aloud where nothing else is known.
    """

    recording: bytes | None = None
    conversation: str | None = None
    confidence: float = 0.0
    aloud_s: float = 0.0
    whole_s: float = 60.0
    language: str | None = None
    own_language: str = "en"


Answer = Callable[[str], AsyncIterator[AssistEvent]]


async def voiced(
    answer: Answer, text: str, spoken: Spoken, speech: Speech, home: LiveHome, inference_id: str
) -> AsyncGenerator[AssistEvent, None]:
    """Transcribed, the events of ``answer`` to what was heard, ReplySpoken before the end. Raises NoRecogniser, AudioUnusable,
    SpeechDown, what loading a recogniser raises, and what ``answer`` raises.
    """
    began, spent, reply, language = time.monotonic(), dict[str, float](), "", spoken.language
    if spoken.recording is not None:
        heard = await _heard(spoken, speech, home)
        spent |= heard.timings_ms
        text, language = heard.transcript.text, language or heard.transcript.language
        yield Transcribed(
            inference_id=inference_id,
            at_ms=_ms_since(began),
            text=text,
            language=heard.transcript.language,
            seconds=round(heard.transcript.seconds, 3),
            timings_ms=heard.timings_ms,
            fell_back=heard.fell_back,
        )
        unsure = min((piece.confidence for piece in heard.transcript.pieces), default=0.0) < spoken.confidence
        if not text or unsure:
            events = _nothing(inference_id, spoken.conversation, NOT_UNDERSTOOD if text else NOTHING_HEARD)
        else:
            events = answer(text)
    else:
        events = answer(text)
    before = _ms_since(began)
    try:
        async for event in events:
            event = event.model_copy(update={"at_ms": event.at_ms + before})
            if isinstance(event, ReplyReady):
                reply = event.text
            elif isinstance(event, AssistFinished):
                if spoken.aloud_s:
                    said = time.monotonic()
                    left_s = max(0.0, spoken.whole_s - (said - began))
                    within_s = min(spoken.aloud_s, left_s)
                    sound = await _said(reply, language, spoken.own_language, speech.voices, within_s)
                    spent["tts"] = round(_ms_since(said), 3)
                    yield ReplySpoken(inference_id=inference_id, at_ms=_ms_since(began), **sound)
                total = round(_ms_since(began), 3)
                event = event.model_copy(update={"at_ms": total, "timings_ms": event.timings_ms | spent | {"total": total}})
            yield event
    finally:
        await close_all(events)


async def _heard(spoken: Spoken, speech: Speech, home: LiveHome) -> Understood:
    assert spoken.recording is not None
    if speech.ears is None:
        raise NoRecogniser("audio cannot be understood here", where="audio")
    return await speech.ears.hear(spoken.recording, Listen(names=await names_of(home), language=spoken.language))


async def _nothing(inference_id: str, conversation: str | None, reply: str) -> AsyncGenerator[AssistEvent, None]:
    stamp: dict[str, Any] = {"inference_id": inference_id, "at_ms": 0}
    yield TierAnswered(**stamp, tier="none")
    yield ReplyReady(**stamp, text=reply)
    yield AssistFinished(**stamp, conversation_id=conversation, timings_ms={})


async def _said(reply: str, language: str | None, own: str, voices: list[Says], within_s: float) -> dict[str, Any]:
    """The fields of ReplySpoken: what was done is done, so that nothing which goes wrong here may fail the turn."""
    told: dict[str, Any] = {}
    try:
        if not voices:
            raise NoVoice("replies cannot be spoken here", where="speak")
        say = Say(text=read_out(reply, language or own), language=language)
        async with asyncio.timeout(within_s):
            wav, seconds = finished(await whole(voices, say, lambda error: told.update(fell_back=error.as_dict())))
    except TimeoutError:
        error = SpeechDown(f"the reply was not spoken within {within_s:g} s", where="tts")
        return {"error": error.as_dict(), **told}
    except RottieError as error:
        return {"error": error.as_dict(), **told}
    except Exception as error:
        return {"error": note(error).as_dict(), **told}
    return {"audio": SpokenAudio(data=base64.b64encode(wav).decode(), seconds=round(seconds, 3)), **told}


async def names_of(home: LiveHome) -> tuple[str, ...]:
    """All names of the home's areas and of what is in them; empty where it does not answer in time."""
    try:
        async with asyncio.timeout(NAMES_S):
            inventory = await home.read()
    except (RottieError, TimeoutError):
        return ()
    named = [*inventory.areas, *inventory.floors, *inventory.entities]
    return tuple(dict.fromkeys(name for one in named for name in (one.name, *one.aliases)))


def _ms_since(began: float) -> float:
    return (time.monotonic() - began) * 1000
