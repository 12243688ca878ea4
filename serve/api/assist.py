"""Routes of the assistant that acts: POST /v1/assist, and the home that it acts in."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.action import Change
from schemas.assistant import Limits
from schemas.errors import ConversationMissing, EngineError, NoRecogniser, RequestTooLarge, RottieError, TimedOut
from schemas.events import (
    Action,
    ActionDone,
    AssistEvent,
    AssistFinished,
    ReplyReady,
    ReplySpoken,
    SpokenAudio,
    Tier,
    TierAnswered,
    Transcribed,
    TurnFailed,
)
from schemas.inventory import Inventory
from schemas.text import one_line
from serve.api.bodies import attended, close_all, closing, read_body
from serve.api.describing import answers
from serve.api.faults import note
from serve.api.keys import OWNER, Caller, caller_of
from serve.api.metrics import Metrics
from serve.api.repeating import IdempotencyKey, Once, Repeats
from serve.api.replies import DONE, sse
from serve.api.wire import SpokenLanguage, checked
from serve.assisting import Asked, LiveHome, Manner, Turns, assist
from serve.conversing import Said, Talks
from serve.voicing import Speech, Spoken, voiced

if TYPE_CHECKING:
    from serve.api.gateway import Settings

ACTING = 0.75  # of a request's time, for its calls together
SPEAKING, SPEAKING_UNTIL = 0.25, 0.95  # of a request's time: for speaking the reply, and when that must have ended
NEW = "new"  # in place of a conversation's id
LONGEST_TEXT = 4000  # characters; the model's own context ends before


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recording(_Body):
    data: str = Field(
        max_length=70_000_000, pattern=r"^[A-Za-z0-9+/]+={0,2}$", description="Base64 of a WAV, FLAC, MP3, Ogg or WebM file."
    )
    format: Literal["wav", "flac", "mp3", "ogg", "webm"] | None = Field(
        default=None, description="May be left out: what the file says of itself is what counts."
    )

    @field_validator("data")
    @classmethod
    def _whole(cls, data: str) -> str:
        if len(data) % 4:
            raise ValueError("base64 comes in groups of four characters")
        return data

    def decoded(self, most: int) -> bytes:
        """The file. Raises RequestTooLarge."""
        if len(self.data) // 4 * 3 > most + 2:
            raise RequestTooLarge(f"the recording is longer than {most} bytes", where="audio", hint="Send a shorter one.")
        return base64.b64decode(self.data)


class AssistRequest(_Body):
    text: str = Field(default="", max_length=LONGEST_TEXT, description="What is asked; may be left out with a confirmation.")
    audio: Recording | None = Field(default=None, description="What is asked, as a recording, in place of a text.")
    speak: bool = Field(default=False, description="The reply as sound too.")
    language: SpokenLanguage | None = Field(
        default=None,
        description="What is spoken, such as `de`: chooses recogniser and voice where the assistant's file names several.",
    )
    conversation_id: str | None = Field(
        default=None,
        max_length=64,
        description="A conversation to go on with, by the id that a reply gave; absent or `new` begins one.",
    )
    store: bool = Field(default=True, description="False: nothing of this request is kept, and no conversation is begun.")
    area: str | None = Field(
        default=None, max_length=200, description="Id of the area of the home where the one who asks is: what is meant by `here`."
    )
    confirmation: str | None = Field(
        default=None,
        max_length=200,
        description="The `confirmation_needed` of an action, after a person said yes: that action is done, exactly as it was.",
    )
    stream: bool = Field(default=False, description="Events as they happen, as server-sent events.")

    @model_validator(mode="after")
    def _something(self) -> AssistRequest:
        if self.audio is not None and (self.text or self.confirmation is not None):
            raise ValueError("audio stands alone: it comes without text and without confirmation")
        if self.confirmation is None and self.audio is None and not one_line(self.text):
            raise ValueError("text, audio or confirmation is needed")
        return self


class Transcript(_Body):
    text: str = Field(description="Empty where nobody spoke; then nothing was done.")
    language: str
    seconds: float = Field(description="Of the recording.")


class AssistReply(_Body):
    inference_id: str
    conversation_id: str | None = Field(
        default=None, description="To be sent with what is said next; null where nothing is kept."
    )
    transcript: Transcript | None = Field(default=None, description="What was heard, where a recording was sent.")
    tier: Tier
    model: str | None = None
    actions: tuple[Action, ...]
    reply: str
    audio: SpokenAudio | None = Field(default=None, description="The reply as sound, where that was asked for and went well.")
    audio_error: dict[str, Any] | None = Field(default=None, description="Why there is no sound though it was asked for.")
    fell_back: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Of `stt` and `tts`, where a second one had to be asked: why."
    )
    timings_ms: dict[str, float] = Field(description="By stage, as the event assist.finished has them.")


class EntityPatch(_Body):
    state: str | None = Field(default=None, max_length=255)
    attributes: dict[str, Any] = Field(default_factory=dict, description="Merged into what is there; null removes one.")


class Changes(_Body):
    changes: tuple[Change, ...]


BODIES: dict[tuple[str, str], type[BaseModel]] = {
    ("post", "/v1/assist"): AssistRequest,
    ("put", "/v1/home"): Inventory,
    ("patch", "/v1/home/entities/{entity_id}"): EntityPatch,
}


@dataclass(frozen=True)
class Desk:
    """Where requests to act are answered, whichever way they come in. Without ``talks`` there are no conversations."""

    turns: Turns
    home: LiveHome
    settings: Settings
    metrics: Metrics
    talks: Talks | None = None
    speech: Speech = field(default_factory=Speech)
    repeats: Repeats = field(default_factory=Repeats)
    caller: Caller = OWNER

    def of(self, caller: Caller) -> Desk:
        """The same desk, where ``caller`` stands."""
        return replace(self, caller=caller)

    @property
    def manner(self) -> Manner:
        """How the one who stands here is answered."""
        manner = self.settings.manner
        return replace(manner, actor=self.caller.actor(manner.actor))

    def answer(self, wanted: AssistRequest, own: str | None = None, once: Once | None = None) -> AsyncIterator[AssistEvent]:
        """The events of one request, in time; where it names no conversation, in ``own``, which may have to be begun. With
        ``once``, of the first request that had this key; that one goes on though its events are closed.

        Raises NoRecogniser, RequestTooLarge, ConversationMissing, KeyReused and Overloaded; everything else with the first
        event or later.
        """
        if once is None:
            return self._answer(wanted, own)
        return self.repeats.told(self.manner.actor.id, once, lambda: self._answer(wanted, own))

    def cancel(self, key: str) -> None:
        """End the turn that has this idempotency key, should it still run."""
        self.repeats.cancel(self.manner.actor.id, key)

    def _answer(self, wanted: AssistRequest, own: str | None) -> AsyncIterator[AssistEvent]:
        limits = self.settings.limits
        named = None if wanted.conversation_id == NEW else wanted.conversation_id
        if named is not None and self.talks is None:
            raise ConversationMissing("no conversations are kept here", where="conversation_id")
        asked = Asked(text=one_line(wanted.text), confirmation=wanted.confirmation)
        if wanted.audio is None and not wanted.speak:
            return in_time(self._events(asked, wanted, own), limits, self.metrics)
        spoken = Spoken(
            recording=self._recording(wanted.audio),
            conversation=named,
            confidence=self.settings.stt.confidence if self.settings.stt else 0.0,
            aloud_s=self._aloud_s() if wanted.speak else 0.0,
            whole_s=SPEAKING_UNTIL * limits.timeout_s,
            language=wanted.language,
            own_language=self.settings.manner.actor.language,
        )
        events = voiced(
            lambda text: self._events(replace(asked, text=one_line(text)), wanted, own),
            asked.text,
            spoken,
            self.speech,
            self.home,
            asked.inference_id,
        )
        return in_time(events, limits, self.metrics)

    def _events(self, asked: Asked, wanted: AssistRequest, own: str | None) -> AsyncGenerator[AssistEvent, None]:
        limits, manner = self.settings.limits, self.manner
        actor = manner.actor if wanted.area is None else manner.actor.model_copy(update={"area": wanted.area})
        # A tool that hangs leaves time to say so.
        manner = replace(manner, actor=actor, act_s=ACTING * limits.timeout_s)
        if self.talks is None:
            return assist(asked, self.home, self.turns, manner)
        named = None if wanted.conversation_id == NEW else wanted.conversation_id
        said = Said(asked, named or own, wanted.store, begin=named is None)
        return self.talks.converse(said, self.home, self.turns, manner)

    def _recording(self, audio: Recording | None) -> bytes | None:
        if audio is None:
            return None
        if self.settings.stt is None or self.speech.ears is None:
            raise NoRecogniser("audio cannot be understood here", where="audio")
        return audio.decoded(self.settings.stt.bytes)

    def _aloud_s(self) -> float:
        """How long a reply may take to be spoken: within what the whole request may take."""
        section = self.settings.tts
        return min(section.timeout_s if section else 1.0, SPEAKING * self.settings.limits.timeout_s)


def add_assist(app: FastAPI, desk: Desk) -> None:
    @app.post("/v1/assist", responses=answers(AssistReply, events="Events of the turn, by their `type`; then [DONE]."))
    async def assist_route(request: Request, idempotency_key: Annotated[IdempotencyKey | None, Header()] = None) -> Response:
        """What is asked for is done in the home; the reply tells what, and what changed."""
        wanted = checked(AssistRequest, await _read(request, desk.settings))
        events = desk.of(caller_of(request.scope)).answer(wanted, once=Once.of(wanted, idempotency_key))
        if not wanted.stream:
            return JSONResponse(await attended(request, _whole(events)))
        # The first event is awaited here, so that what fails before it has a proper status line.
        first = await anext(events)
        body = closing(_stream(first, events), events)
        return StreamingResponse(body, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def add_home(app: FastAPI, home: LiveHome, settings: Settings) -> None:
    @app.get("/v1/home", responses={200: {"model": Inventory}})
    async def read() -> Response:
        """The home as it is now: an inventory with the present states."""
        return _json(await home.read())

    @app.put("/v1/home", responses={200: {"model": Inventory}})
    async def load(request: Request) -> Response:
        """Take another home, whole or not at all; it stays until the assistant's own inventory changes. For admins."""
        caller_of(request.scope).check_manages()
        return _json(await home.load(checked(Inventory, await read_body(request, settings.limits.request_bytes))))

    @app.patch("/v1/home/entities/{entity_id}", responses={200: {"model": Changes}})
    async def patch(entity_id: str, request: Request) -> Response:
        """Set a state by hand: no policy is asked, the log of actions tells of it. For admins."""
        caller = caller_of(request.scope)
        caller.check_manages()
        wanted = checked(EntityPatch, await read_body(request, settings.limits.request_bytes))
        changes = await home.patch(entity_id, wanted.state, wanted.attributes, caller.actor(settings.manner.actor))
        return _json(Changes(changes=changes))


async def _read(request: Request, settings: Settings) -> bytes:
    try:
        return await read_body(request, settings.asking_bytes)
    except RequestTooLarge as error:
        if settings.stt is not None:
            raise
        hint = "Send less; recordings are taken where the assistant's file names a recogniser in its section `stt`."
        raise RequestTooLarge(error.message, where=error.where, hint=hint) from None


async def _whole(events: AsyncIterator[AssistEvent]) -> dict[str, Any]:
    try:
        return reply_of([event async for event in events]).model_dump(mode="json")
    finally:
        await close_all(events)


def reply_of(events: list[AssistEvent]) -> AssistReply:
    tier: Tier = "none"
    transcript: Transcript | None = None
    sound: ReplySpoken | None = None
    model, text, actions, fallen = None, "", [], dict[str, dict[str, Any]]()
    for event in events:
        if isinstance(event, TierAnswered):
            tier, model = event.tier, event.model
        elif isinstance(event, Transcribed):
            transcript = Transcript(text=event.text, language=event.language, seconds=event.seconds)
            fallen |= {"stt": event.fell_back} if event.fell_back else {}
        elif isinstance(event, ReplySpoken):
            sound = event
            fallen |= {"tts": event.fell_back} if event.fell_back else {}
        elif isinstance(event, ActionDone):
            actions.append(event.action)
        elif isinstance(event, ReplyReady):
            text = event.text
        elif isinstance(event, AssistFinished):
            return AssistReply(
                inference_id=event.inference_id,
                conversation_id=event.conversation_id,
                transcript=transcript,
                tier=tier,
                model=model,
                actions=tuple(actions),
                reply=text,
                audio=sound.audio if sound else None,
                audio_error=sound.error if sound else None,
                fell_back=fallen,
                timings_ms=event.timings_ms,
            )
    raise EngineError("the turn ended without a reply")


async def in_time(events: AsyncIterator[AssistEvent], limits: Limits, metrics: Metrics) -> AsyncIterator[AssistEvent]:
    """The same events, counted, and ended by TimedOut when the turn takes too long."""
    deadline = time.monotonic() + limits.timeout_s
    try:
        while True:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise TimedOut(f"the reply took over {limits.timeout_s:g} s") from error
            metrics.assisted(event)
            yield event
    finally:
        await close_all(events)


async def _stream(first: AssistEvent, rest: AsyncIterator[AssistEvent]) -> AsyncIterator[bytes]:
    """One server-sent event each, then the end mark; a failure on the way is an event too."""
    yield sse(first.model_dump(mode="json"))
    try:
        async for event in rest:
            yield sse(event.model_dump(mode="json"))
    except RottieError as error:
        yield _failed(first, error)
    except Exception as error:
        yield _failed(first, note(error))
    yield DONE


def _failed(first: AssistEvent, error: RottieError) -> bytes:
    event = TurnFailed(inference_id=first.inference_id, at_ms=first.at_ms, error=error.as_dict())
    return sse(event.model_dump(mode="json"))


def _json(model: BaseModel) -> Response:
    return JSONResponse(model.model_dump(mode="json"))
