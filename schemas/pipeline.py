"""WHAT to build: sources, checks, training recipe, suites and gate of one model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JsonlSource(Spec):
    """Chat rows, one JSON object a line."""

    kind: Literal["jsonl"]
    path: str = Field(description="File, relative to the working directory; ~ and $VARIABLES are expanded.")
    tools: str | None = Field(default=None, description="JSON list of the tools that rows without their own may call.")
    limit: int | None = Field(default=None, ge=1, description="Read at most this many rows.")


Part = Literal["train", "validation", "test"]


class HomeSource(Spec):
    """Generated homes with requests and the calls that serve them."""

    kind: Literal["home"]
    rows: int = Field(default=4000, ge=1, le=100_000_000)
    homes: int = Field(default=200, ge=1, description="Distinct homes that the rows are spread over.")
    seed: int = 0
    part: Part = Field(
        default="train",
        description="Words, names and phrasings of one part never occur in another: test homes are new in all of it.",
    )
    inventory: str | None = Field(
        default=None,
        description="A file under deployments/inventories/, or a path: all rows are about this home, with phrasings of the part.",
    )


Source = Annotated[JsonlSource | HomeSource, Field(discriminator="kind")]


class Split(Spec):
    """Shares of rows held out; by a stable hash of each row's content, within each tool."""

    validation: float = Field(default=0.05, ge=0, lt=0.5)
    test: float = Field(default=0.1, gt=0, lt=0.5)
    salt: str = "rottie"


class Checks(Spec):
    suite: str = Field(default="conversations", pattern=r"^[a-z0-9_]+$", description="A file under schemas/expectations/.")
    max_failed_share: float = Field(default=0.01, ge=0, le=1, description="More failing rows than this stop the flow.")
    min_rows: int = Field(default=20, ge=1)


class ScratchBase(Spec):
    """A Llama-architecture model with its own byte-level BPE, from random weights."""

    kind: Literal["scratch"] = "scratch"
    vocabulary: int = Field(default=1024, ge=300, le=128_000, description="Tokens, the special ones included.")
    hidden: int = Field(default=128, ge=32)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    kv_heads: int = Field(default=4, ge=1)
    intermediate: int = Field(default=384, ge=32)
    context: int = Field(default=1024, ge=128, description="Longest sequence in tokens.")
    pretrain_steps: int = Field(default=0, ge=0, description="Steps of plain next-token training before fine-tuning; 0 for none.")
    rope_theta: float = Field(default=10_000, gt=1, description="Base of the rotary positions; larger ones reach further back.")
    copying: bool = Field(default=False, description="Start with attention heads that copy what followed a token before.")
    seed: int = 0

    @model_validator(mode="after")
    def _heads_divide(self) -> ScratchBase:
        if self.hidden % (2 * self.heads) or self.heads % self.kv_heads:
            raise ValueError("hidden must be divisible by 2*heads, and heads by kv_heads")
        if self.copying and (self.layers < 2 or self.heads < 2 or self.kv_heads != self.heads):
            raise ValueError("copying needs two layers and heads or more, and as many kv_heads as heads")
        return self


class PretrainedBase(Spec):
    """A model folder on disk, or a repository of the Hugging Face hub pinned to a commit. Safetensors only."""

    kind: Literal["pretrained"]
    source: str = Field(description="A folder, owner/name on the hub, or starter: the model shipped with this version.")
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$", description="Commit; required for the hub.")


class RegisteredBase(Spec):
    """A version of our own registry, so that a pipeline can fine-tune what another one built."""

    kind: Literal["registered"]
    name: str = "rottie-llm"
    alias: str = "champion"


Base = Annotated[ScratchBase | PretrainedBase | RegisteredBase, Field(discriminator="kind")]


class Full(Spec):
    kind: Literal["full"] = "full"


class Lora(Spec):
    kind: Literal["lora"]
    rank: int = Field(default=16, ge=1, le=512)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


Method = Annotated[Full | Lora, Field(discriminator="kind")]


class Training(Spec):
    """The recipe. Progress is counted in steps, so that the same recipe gives the same model on any machine, unless
    ``minutes`` asks for the best that a time gives."""

    base: Base = ScratchBase()
    method: Method = Full()
    steps: int = Field(default=300, ge=1)
    minutes: float | None = Field(
        default=None, gt=0, description="Train for this long instead of `steps`; the schedule then follows the clock."
    )
    stream: HomeSource | None = Field(
        default=None, description="Rows made anew for every epoch, this many each, instead of those of the train split."
    )
    sequence: int = Field(default=512, ge=64, description="Tokens a packed sequence.")
    batch: int = Field(default=16, ge=1, description="Packed sequences a step, over all workers.")
    optimizer: Literal["adamw", "muon"] = Field(
        default="adamw",
        description="muon: matrices of the layers learn by Muon at matrix_rate, the rest by AdamW at learning_rate.",
    )
    learning_rate: float = Field(default=3e-3, gt=0, lt=1)
    matrix_rate: float = Field(default=0.02, gt=0, lt=1, description="Muon's learning rate.")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="Share of steps.")
    decay: float = Field(default=0.4, ge=0, le=1, description="Share of steps at the end over which the rate falls to 0.")
    weight_decay: float = Field(default=0.05, ge=0)
    request_loss: float = Field(default=0.0, ge=0, le=1, description="Weight of the loss on what the user said; 1 on answers.")
    swap_values: float = Field(
        default=0.0, ge=0, le=1, description="Share of training rows whose copied argument values are replaced by others."
    )
    clip: float = Field(default=1.0, gt=0)
    checkpoint_every: int = Field(default=100, ge=1, description="Steps.")
    evaluate_every: int = Field(default=100, ge=1, description="Steps between looks at the validation loss.")
    seed: int = 0

    @model_validator(mode="after")
    def _parts_fit(self) -> Training:
        if self.optimizer == "muon" and isinstance(self.method, Lora):
            raise ValueError("optimizer muon needs method full: an adapter's thin matrices learn by adamw")
        if self.stream is not None and self.swap_values:
            raise ValueError("swap_values makes kept rows over; streamed rows are new anyway")
        return self


class Decoding(Spec):
    """How a tool call is decoded. Travels with the model: what is evaluated is what is served."""

    arguments: Literal["free", "typed", "span"] = Field(
        default="typed",
        description="free: no grammar; typed: declared tools and argument types; span: typed, and every string without an "
        "enumeration is a run of words of the user's message or a name of the home.",
    )


class Suite(Spec):
    """A set of held-out rows, scored through the serving engine by exact tool call."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    split: Literal["validation", "test"] = "test"
    limit: int | None = Field(default=None, ge=1, description="Rows, chosen by stable hash; all when absent.")
    tag: str | None = Field(default=None, description="Only rows with this tag: own_home are those of a source's inventory.")
    max_tokens: int = Field(default=160, ge=1)
    concurrency: int = Field(default=4, ge=1, le=64)
    sure: float = Field(
        default=0.0, ge=0, le=1, description="The `sure` of the assistant as which answers are acted out; 1: all are asked about."
    )
    acting: bool = Field(
        default=False,
        description="Also act the answers out in the home that each row describes: state_exact and wrong_action for the known"
        " sentences (intents), the model, and both as served.",
    )


class Rule(Spec):
    """One bar of the gate on ``<suite>.<metric>``."""

    metric: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    at_least: float | None = None
    at_most: float | None = None
    not_worse_by: float | None = Field(default=None, ge=0, description="Furthest that a candidate may fall behind the champion.")
    improve_by: float | None = Field(default=None, ge=0, description="How much better than the champion a candidate must be.")

    @model_validator(mode="after")
    def _one_bar(self) -> Rule:
        if all(bar is None for bar in (self.at_least, self.at_most, self.not_worse_by, self.improve_by)):
            raise ValueError("a rule needs at_least, at_most, not_worse_by or improve_by")
        return self


class Gate(Spec):
    rules: tuple[Rule, ...] = Field(min_length=1, description="All must hold.")


class Export(Spec):
    quantisations: tuple[Literal["f16", "q8_0", "q4_k_m", "q5_k_m", "q6_k"], ...] = ("f16", "q8_0")
    serve: Literal["f16", "q8_0", "q4_k_m", "q5_k_m", "q6_k"] = "q8_0"

    @model_validator(mode="after")
    def _served_is_exported(self) -> Export:
        if self.serve not in self.quantisations:
            raise ValueError(f"serve: {self.serve!r} is not among quantisations")
        return self


class Pipeline(Spec):
    name: str = Field(pattern=r"^[a-z0-9_-]+$")
    description: str = ""
    model: str = Field(
        default="rottie-llm", pattern=r"^[a-z0-9-]+$", description="Registered model that this pipeline makes versions of."
    )
    sources: tuple[Source, ...] = Field(min_length=1)
    split: Split = Split()
    checks: Checks = Checks()
    training: Training = Training()
    export: Export = Export()
    decoding: Decoding = Decoding()
    suites: tuple[Suite, ...] = Field(min_length=1)
    gate: Gate

    @model_validator(mode="after")
    def _gate_names_suites(self) -> Pipeline:
        names = [suite.name for suite in self.suites]
        if len(names) != len(set(names)):
            raise ValueError("two suites have the same name")
        for rule in self.gate.rules:
            if rule.metric.partition(".")[0] not in names:
                raise ValueError(f"gate rule {rule.metric!r} names no suite of this pipeline ({', '.join(names)})")
        base = self.training.base
        if isinstance(base, ScratchBase) and self.training.sequence > base.context:
            raise ValueError("training.sequence is longer than training.base.context")
        return self
