"""Events of a spoken conversation, in the order in which they happen; every door (Realtime, Wyoming, a microphone) tells them its
own way.

``at_ms`` is the session's clock, ``audio_ms`` a place in what was heard, ``turn`` counts what the user said, from 1.
Does not cover events of the answer itself: those are schemas/events.py, carried by ``Assisted``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events import AssistEvent, CallsReady

OUT_RATE = 24_000
"""Hz of all audio that a session gives: 16-bit integers, little-endian, mono."""
CANNOT_ANSWER = "Sorry, something went wrong. Please say it again."
"""What the assistant says where an engine failed."""

Stage = Literal["stt", "llm", "home", "tts"]


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    at_ms: float = Field(ge=0, description="Milliseconds since the session began.")
    turn: int = Field(ge=1)


class SpeechStarted(_Event):
    type: Literal["speech.started"] = "speech.started"
    audio_ms: float = Field(ge=0, description="Where in the audio somebody began to speak.")


class SpeechStopped(_Event):
    """Somebody stopped speaking, and the turn is theirs no more."""

    type: Literal["speech.stopped"] = "speech.stopped"
    audio_ms: float = Field(ge=0)


class PartialTranscript(_Event):
    """What was heard so far: ``stable`` will hardly change, ``rest`` may. Nothing is ever done because of it."""

    type: Literal["transcript.partial"] = "transcript.partial"
    stable: str
    rest: str


class TurnCommitted(_Event):
    """What the user said is settled: from here on it may be acted on."""

    type: Literal["turn.committed"] = "turn.committed"
    text: str
    language: str
    seconds: float = Field(ge=0, description="Of speech; 0 where it was typed.")
    confidence: float = Field(ge=0, le=1)


class TurnDropped(_Event):
    """What was heard is no turn: no words, a cough, an "uh-huh" into a reply, or the assistant's own voice."""

    type: Literal["turn.dropped"] = "turn.dropped"
    reason: Literal["nothing", "backchannel", "own_voice", "cleared", "failed"]


class Assisted(_Event):
    """An event of the answer, as POST /v1/assist tells it. CallsReady: calls that the client brings to an end itself."""

    type: Literal["assisted"] = "assisted"
    event: Annotated[AssistEvent | CallsReady, Field(discriminator="type")]


class ClauseBegun(_Event):
    """The next part of the reply, as it is written; its audio follows, if there is a voice."""

    type: Literal["clause.begun"] = "clause.begun"
    clause: int = Field(ge=0)
    text: str


class AudioMade(_Event):
    type: Literal["audio.made"] = "audio.made"
    clause: int = Field(ge=0)
    pcm: bytes = Field(repr=False, description=f"16-bit mono samples at {OUT_RATE} Hz.")


class ReplyMade(_Event):
    """All of the reply was made; it may still be playing."""

    type: Literal["reply.made"] = "reply.made"
    text: str
    audio_ms: float = Field(ge=0, description="How long all of its audio is.")


class ReplyPaused(_Event):
    """Somebody speaks into the reply: stop playing, now. What follows is ReplyResumed or ReplyInterrupted."""

    type: Literal["reply.paused"] = "reply.paused"
    played_ms: float = Field(ge=0)


class ReplyResumed(_Event):
    """It was nothing: the reply's audio goes on from ``played_ms``, and what was not played is given again."""

    type: Literal["reply.resumed"] = "reply.resumed"
    played_ms: float = Field(ge=0)


class ReplyInterrupted(_Event):
    """The reply has ended early. ``heard`` is as much of it as was played; no more of it is remembered."""

    type: Literal["reply.interrupted"] = "reply.interrupted"
    played_ms: float = Field(ge=0)
    heard: str


class StageDown(_Event):
    """A stage failed. ``instead``: what stands in for it: a second engine, text alone, or a spoken apology."""

    type: Literal["stage.down"] = "stage.down"
    stage: Stage
    instead: Literal["second", "text", "apology"]
    error: dict[str, Any] = Field(description="RottieError.as_dict()")


class Waterfall(_Event):
    """Where the time of a turn went, from the end of speech: once its reply was made, or was ended before that."""

    type: Literal["turn.waterfall"] = "turn.waterfall"
    stages_ms: dict[str, float] = Field(
        description="endpoint: from the last speech to the decision that it was the end; stt: the recognising that came after it;"
        " intents, llm_first_token, action, first_clause, tts_first_audio: each stage's own time; total: to the first audio."
    )
    interrupted: bool = Field(
        default=False, description="The reply was ended while it was made: of its stages only those are told that it came to."
    )


TalkEvent = Annotated[
    SpeechStarted
    | SpeechStopped
    | PartialTranscript
    | TurnCommitted
    | TurnDropped
    | Assisted
    | ClauseBegun
    | AudioMade
    | ReplyMade
    | ReplyPaused
    | ReplyResumed
    | ReplyInterrupted
    | StageDown
    | Waterfall,
    Field(discriminator="type"),
]
