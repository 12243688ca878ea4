"""Names and payloads of what happens: the stages of a turn, and the events that start flows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.action import Change, Risk, Verdict
from schemas.conversation import ToolCall

FEEDBACK_READY = "rottie.feedback.ready"
CHAMPION_CHANGED = "rottie.champion.changed"
CHECKS_FAILED = "rottie.checks.failed"


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    inference_id: str = Field(description="The turn that this belongs to; what feedback refers to.")
    at_ms: float = Field(ge=0, description="Milliseconds since the turn began.")


class TurnStarted(_Event):
    type: Literal["turn.started"] = "turn.started"
    model: str
    reads_results: bool = Field(default=False, description="Whether the model was trained with results of its own calls.")


class TopLogprob(BaseModel):
    """One token that could have come. ``logprob`` is natural, before any sampling; ``bytes`` are the token's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str
    logprob: float
    bytes: tuple[int, ...] = ()


class TokenLogprob(TopLogprob):
    """A token of the reply, with the most likely ones at its place, most likely first."""

    top_logprobs: tuple[TopLogprob, ...] = ()


class ReplyDelta(_Event):
    type: Literal["reply.delta"] = "reply.delta"
    text: str
    logprobs: tuple[TokenLogprob, ...] = Field(default=(), description="Of the tokens of ``text``, where they were asked for.")


class CallsReady(_Event):
    type: Literal["calls.ready"] = "calls.ready"
    calls: tuple[ToolCall, ...]
    sure: tuple[float, ...] = Field(default=(), description="How sure the model is of each, in 0..1, where that was asked for.")


class TurnFinished(_Event):
    type: Literal["turn.finished"] = "turn.finished"
    finish_reason: Literal["stop", "length", "tool_calls"]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


class TurnFailed(_Event):
    type: Literal["turn.failed"] = "turn.failed"
    error: dict[str, Any] = Field(description="RottieError.as_dict()")


TurnEvent = Annotated[TurnStarted | ReplyDelta | CallsReady | TurnFinished | TurnFailed, Field(discriminator="type")]


class Transcribed(_Event):
    """What was heard in a recording; ``text`` is empty where nobody spoke."""

    type: Literal["transcript.ready"] = "transcript.ready"
    text: str
    language: str
    seconds: float = Field(ge=0, description="Of the recording.")
    timings_ms: dict[str, float] = Field(description="decode: from the file to samples; stt: from samples to words.")
    fell_back: dict[str, Any] | None = Field(
        default=None, description="RottieError.as_dict(): why the second recogniser heard it, where it did."
    )


class SpokenAudio(BaseModel):
    """A recording of a reply. ``data`` is base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    format: Literal["wav"] = "wav"
    seconds: float = Field(ge=0)


class ReplySpoken(_Event):
    """The reply as sound, or why there is none."""

    type: Literal["reply.spoken"] = "reply.spoken"
    audio: SpokenAudio | None = None
    error: dict[str, Any] | None = Field(default=None, description="RottieError.as_dict(): the reply is text alone.")
    fell_back: dict[str, Any] | None = Field(
        default=None, description="RottieError.as_dict(): why the second voice was asked, where it was."
    )


Tier = Literal["intents", "model", "confirmation", "none"]


class TierAnswered(_Event):
    """``confirmation``: a call that was held back until a person said yes; ``none``: no tier that is on knows what is meant."""

    type: Literal["tier.answered"] = "tier.answered"
    tier: Tier
    model: str | None = Field(default=None, description="The version that answers, where the model does.")


class Judged(BaseModel):
    """What the policy said about a call, for whoever asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Verdict
    risk: Risk
    reason: str


class Action(BaseModel):
    """One call as the one who asked sees it. ``error`` is RottieError.as_dict(): refused and failed calls change nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any]
    text: str = Field(description="What came of it, in the words that a model reads.")
    source: str | None = Field(default=None, description="Who said `text`, where it was not this assistant.")
    changes: tuple[Change, ...] = ()
    error: dict[str, Any] | None = None
    decision: Judged | None = Field(default=None, description="The policy's; null for what could not even be judged.")
    confirmation_needed: str | None = Field(
        default=None, description="Nothing was done yet: to be sent back as `confirmation` after a person said yes."
    )


class ActionDone(_Event):
    """A call was brought to its end: done, refused or failed."""

    type: Literal["action.done"] = "action.done"
    action: Action


class ReplyReady(_Event):
    """The whole reply; where it was spoken in deltas, the same words."""

    type: Literal["reply.ready"] = "reply.ready"
    text: str


class AssistFinished(_Event):
    type: Literal["assist.finished"] = "assist.finished"
    conversation_id: str | None = Field(
        default=None, description="The conversation that keeps this turn; None where nothing is kept."
    )
    timings_ms: dict[str, float] = Field(
        description="Milliseconds by stage (decode, stt, intents, model, act, tts), and their total; of model, those until its"
        " first words or calls (first_token) and until the first clause of what it says (first_clause)."
    )


AssistEvent = Annotated[
    Transcribed | TierAnswered | ReplyDelta | ActionDone | ReplyReady | ReplySpoken | AssistFinished | TurnFailed,
    Field(discriminator="type"),
]
