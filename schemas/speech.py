"""WHAT to build for speech: data, shape, budget and gate of a recogniser, a voice and a wake word."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.pipeline import Spec


class Fit(Spec):
    """How long and how a model is fitted. With both bounds, the one reached first ends it."""

    steps: int | None = Field(default=None, ge=1, description="Budget in steps: the same model on any machine.")
    minutes: float | None = Field(default=None, gt=0, le=10_080, description="Budget by the clock, evaluation included.")
    batch: int = Field(default=16, ge=1, le=4096, description="Examples a step.")
    optimizer: Literal["adamw", "muon"] = Field(
        default="adamw", description="muon: matrices learn by Muon at matrix_rate, the rest by AdamW at learning_rate."
    )
    learning_rate: float = Field(default=1.5e-3, gt=0, lt=1)
    matrix_rate: float = Field(default=0.02, gt=0, lt=1, description="Muon's learning rate.")
    warmup: float = Field(default=0.03, ge=0, lt=1, description="Share of the budget in which the rate rises.")
    decay: float = Field(default=0.5, ge=0, le=1, description="Share of the budget at the end in which the rate falls to 0.")
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0, description="Largest norm of the gradient.")
    checkpoint_every: int = Field(default=500, ge=1, description="Steps.")
    evaluate_every: int = Field(default=500, ge=1, description="Steps between looks at held-out figures.")
    seed: int = 0

    @model_validator(mode="after")
    def _bounded(self) -> Fit:
        if self.steps is None and self.minutes is None:
            raise ValueError("fit needs steps, minutes or both")
        return self


class Bar(Spec):
    """One bar on one held-out figure."""

    metric: str = Field(pattern=r"^[a-z0-9_]+$")
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_bar(self) -> Bar:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a bar needs either at_least or at_most")
        return self

    def holds(self, value: float) -> bool:
        """Never for what is not a number."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)


class SpeechGate(Spec):
    """Which model may become champion: all bars hold, and ``less`` is less than the champion's on the same held-out data."""

    bars: tuple[Bar, ...] = ()
    less: str = Field(pattern=r"^[a-z0-9_]+$", description="The held-out figure that decides; less is better.")


class SpeechRecipe(Spec):
    """What the three recipes share."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    description: str = ""
    model: str = Field(pattern=r"^[a-z0-9-]+$", description="Registered model that this recipe makes versions of.")
    fit: Fit
    gate: SpeechGate
    held_out: int = Field(default=400, ge=1, description="Clips that the figures are measured on.")


class RecogniserRecipe(SpeechRecipe):
    """A Whisper-shaped recogniser of short commands, for faster-whisper."""

    kind: Literal["recogniser"]
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    sentences: int = Field(
        default=40_000,
        ge=50,
        le=10_000_000,
        description="Sentences that pieces of text are learnt from, and requests that bigrams are counted in.",
    )
    clips: int = Field(default=20_000, ge=32, le=10_000_000, description="Spoken clips kept as features, the oldest replaced.")
    renewal: int = Field(default=4, ge=1, description="Times a clip is learnt from before a new one takes its place.")
    empty: float = Field(default=0.06, ge=0, lt=0.5, description="Share of clips without speech.")
    names: float = Field(default=0.3, ge=0, le=1, description="Share of sentences around invented names, spelled from pieces.")
    home: float = Field(default=0.3, ge=0, le=1, description="Share of sentences around the home's own names, with an inventory.")
    vocabulary: int = Field(default=640, ge=300, le=20_000, description="Byte-level BPE, special tokens not counted.")
    width: int = Field(default=128, ge=32, le=1024)
    heads: int = Field(default=4, ge=1)
    encoder_layers: int = Field(default=3, ge=1, le=24)
    decoder_layers: int = Field(default=2, ge=1, le=24)
    seconds: int = Field(default=8, ge=2, le=30, description="Longest clip: the chunk length of the export.")
    phonemes: float = Field(
        default=0.6, ge=0, description="Weight of the encoder's auxiliary loss on the phoneme of each frame; a third at the end."
    )
    pieces: float = Field(
        default=0.5,
        ge=0,
        description="Weight of the encoder's auxiliary losses on the piece of text said in each frame and on the one before it; "
        "a third at the end.",
    )
    guidance: float = Field(
        default=1.0,
        ge=0,
        description="Weight at the start of the loss on attention far from where a word is said; none at the end.",
    )
    short: int = Field(default=2000, ge=0, description="Steps at the start in which shorter clips are preferred, less and less.")
    masked: float = Field(
        default=0.25, ge=0, le=1, description="Share of clips that SpecAugment hides parts of; more for longer runs."
    )
    smoothing: float = Field(default=0.05, ge=0, lt=0.5, description="Label smoothing.")

    @model_validator(mode="after")
    def _heads_divide(self) -> RecogniserRecipe:
        if self.width % (2 * self.heads):
            raise ValueError("width must be divisible by 2*heads")
        return self


class VoiceRecipe(SpeechRecipe):
    """A voice for Piper's runtime, taught by espeak-ng."""

    kind: Literal["voice"]
    language: str = Field(default="en-us", pattern=r"^[a-z]{2,3}(-[a-z0-9]+)*$", description="espeak-ng's name of the teacher.")
    width: int = Field(default=128, ge=16, le=1024)
    layers: int = Field(default=6, ge=1, le=64, description="Of the encoder, and of the decoder.")


class WakeRecipe(SpeechRecipe):
    """A wake word for onnxruntime."""

    kind: Literal["wake"]
    phrase: str = Field(default="hey rottie", min_length=2, max_length=60)
    clips: int = Field(default=50_000, ge=100, le=10_000_000)
    positives: float = Field(default=0.3, gt=0, lt=1, description="Share of clips that hold the phrase.")
    near: float = Field(default=0.3, ge=0, lt=1, description="Share of clips that hold what only sounds like it.")
    channels: int = Field(default=32, ge=4, le=512)
    layers: int = Field(default=5, ge=1, le=32)
