"""What a Realtime session can be set to, as clients say it.

Fields are OpenAI's. What asks for a service that is not offered here (prompt templates, other servers' tools, images) is
refused by name; advice that nothing here takes (noise reduction, tracing, reasoning) is accepted and shown as not in force.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.conversation import ToolName
from schemas.talking import OUT_RATE
from serve.api.wire import Body, SpokenLanguage

LONGEST_TEXT = 32_768
Modality = Literal["text", "audio"]
Modalities = Annotated[tuple[Modality, ...], Field(min_length=1, max_length=1)]
MostTokens = Annotated[int, Field(ge=1, le=4096)] | Literal["inf"]


class Section(Body):
    """A part of the settings of which an update may name only some fields; the others stay."""


class Pcm(Body):
    """16-bit integers, little-endian, mono."""

    type: Literal["audio/pcm"]
    rate: Literal[24_000] = OUT_RATE


class Ulaw(Body):
    """G.711 at 8,000 Hz."""

    type: Literal["audio/pcmu"]


class Alaw(Body):
    """G.711 at 8,000 Hz."""

    type: Literal["audio/pcma"]


Format = Annotated[Pcm | Ulaw | Alaw, Field(discriminator="type")]
PCM = Pcm(type="audio/pcm")


class HeardPcm(Pcm):
    """As it comes in: at 16,000 Hz too, which is what most recognisers' clients have."""

    rate: Literal[16_000, 24_000] = OUT_RATE  # pyright: ignore[reportIncompatibleVariableOverride]


HeardFormat = Annotated[HeardPcm | Ulaw | Alaw, Field(discriminator="type")]


class ServerVad(Body):
    """A turn ends after a silence, however the sentence sounds."""

    type: Literal["server_vad"]
    threshold: float = Field(default=0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(default=300, ge=0, le=5000, description="Taken off where speech is said to begin.")
    silence_duration_ms: int = Field(default=500, ge=100, le=10_000)
    idle_timeout_ms: int | None = Field(
        default=None, ge=1000, le=600_000, description="Of silence after a reply; then the user is asked, once until they speak."
    )
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Body):
    """A turn ends after a silence that is longer where the sentence sounds unfinished. auto: as in the assistant's file."""

    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class Transcription(Body):
    """What was said is told as text too. One recogniser is configured: every model's name stands for it.

    ``keywords`` and what stands in ``prompt``, with commas between, are names that may be said beside those of the home.
    """

    model: str | None = Field(default=None, max_length=200)
    language: SpokenLanguage | None = None
    languages: tuple[str, ...] | None = Field(default=None, max_length=20, description="Taken and without effect.")
    prompt: str | None = Field(default=None, max_length=4000)
    keywords: tuple[Annotated[str, Field(max_length=200)], ...] | None = Field(default=None, max_length=200)
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = Field(
        default=None, description="Taken and without effect."
    )


class AudioInput(Section):
    format: HeardFormat = HeardPcm(type="audio/pcm")
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = SemanticVad(type="semantic_vad")
    noise_reduction: dict[str, Any] | None = Field(default=None, description="Taken and without effect.")


class VoiceId(Body):
    id: str = Field(max_length=64)


class AudioOutput(Section):
    """One voice is configured: every name stands for it."""

    format: Format = PCM
    voice: Annotated[str, Field(max_length=64)] | VoiceId = Field(default="default", description="Taken and without effect.")
    speed: float = Field(default=1.0, ge=0.25, le=1.5)


class Audio(Section):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class FunctionTool(Body):
    type: Literal["function"]
    name: ToolName
    description: str | None = None
    parameters: dict[str, Any] | None = None


class NamedTool(Body):
    type: Literal["function"]
    name: str


class RetentionRatio(Body):
    """The oldest turns give way as they must; how many at once, and whether they do, is not for clients to say."""

    type: Literal["retention_ratio"]
    retention_ratio: float = Field(ge=0, le=1)
    token_limits: dict[str, Any] | None = None


class Reasoning(Body):
    """No engine here has a setting for it."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None


ToolChoice = Literal["auto", "none", "required"] | NamedTool
Include = Literal["item.input_audio_transcription.logprobs"]
RottieEvent = Literal["rottie.waterfall", "rottie.action", "rottie.partial_transcript", "rottie.stage_down"]


class Extension(Section):
    """What is Rottie's own. Without it a client sees only what OpenAI's interface has."""

    events: tuple[RottieEvent, ...] = Field(default=(), max_length=8, description="Events to be told beside the others.")
    area: str | None = Field(default=None, max_length=200, description="Id of the area where the one who speaks is.")
    conversation_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$", description="A conversation to go on with.")


class Realtime(Section):
    """A session that answers.

    Without tools the assistant acts in its home by itself, with its own instructions, and none of the client's are shown; with
    tools, or with the tool_choice none, the model is asked with these tools and instructions, and nothing is done here.
    """

    type: Literal["realtime"]
    model: str | None = Field(default=None, max_length=200)
    output_modalities: Modalities = ("audio",)
    audio: Audio = Audio()
    instructions: str = Field(default="", max_length=LONGEST_TEXT)
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    max_output_tokens: MostTokens = "inf"
    include: tuple[Include, ...] | None = Field(default=None, description="Taken and without effect.")
    reasoning: Reasoning | None = None
    truncation: Literal["auto", "disabled"] | RetentionRatio = "auto"
    tracing: Literal["auto"] | dict[str, Any] | None = Field(default=None, description="Taken and without effect.")
    prompt: None = None
    rottie: Extension = Extension()


class Hearing(Section):
    input: AudioInput = AudioInput()


class Transcribing(Section):
    """A session that only tells what was said."""

    type: Literal["transcription"]
    audio: Hearing = Hearing()
    include: tuple[Include, ...] | None = Field(default=None, description="Taken and without effect.")
    rottie: Extension = Extension()


SessionShape = Annotated[Realtime | Transcribing, Field(discriminator="type")]
