"""What steps take and return: small, typed, named by content hash, each carrying its parents."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.conversation import Tool
from schemas.pipeline import Decoding


class Artifact(BaseModel):
    """``id`` names the content; ``path`` is the folder that holds it, with a manifest.json of SHA-256 sums."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    path: str
    parents: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return Path(self.path)

    def exists(self) -> bool:
        return (self.folder / "manifest.json").is_file()


class Dataset(Artifact):
    """train.parquet, validation.parquet, test.parquet, tools.json and, where rows failed, quarantine.parquet."""

    kind: Literal["dataset"] = "dataset"
    rows: dict[str, int] = Field(description="By split.")
    validated: bool = False
    docs: str | None = Field(default=None, description="Folder of the Data Docs (index.html), once validated.")
    mlflow_run: str | None = None


class Base(Artifact):
    """A Transformers model folder (safetensors, tokenizer.json, config.json) that training starts from."""

    kind: Literal["base"] = "base"
    architecture: str = "llama"
    parameters: int = 0


class Candidate(Artifact):
    """A trained model: a Transformers folder with the adapter already merged (the adapter itself under adapter/)."""

    kind: Literal["candidate"] = "candidate"
    pipeline: str
    dataset: str
    parameters: int
    metrics: dict[str, float] = Field(
        default_factory=dict, description="Of training: loss, validation_loss, seconds, tokens, tokens_per_s."
    )
    mlflow_run: str | None = None


class Origin(BaseModel):
    """Where a downloaded model file came from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repository: str = Field(description="owner/name on the Hugging Face hub.")
    file: str
    commit: str = Field(description="The 40 hex digits that the asked revision stood for.")
    revision: str = Field(description="What was asked for: a branch, a tag or the commit itself.")
    license: str | None = None

    @property
    def label(self) -> str:
        return f"{self.repository}@{self.commit[:12]}:{self.file}"


class PulledSpeech(BaseModel):
    """manifest.json of a recogniser or a voice from the hub, in a folder of its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: Literal["stt", "tts"]
    languages: tuple[str, ...] = Field(description="What it hears or speaks, as codes of two or three letters.")
    serve: str = Field(description="The file that is opened; the others lie beside it.")
    bytes: int = Field(ge=0, description="Of all files.")
    origin: Origin
    files: dict[str, str] = Field(description="SHA-256 sums.")


class ModelManifest(BaseModel):
    """model.json in an export: everything that serving must know, besides the weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidate: str
    pipeline: str
    dataset: str
    context: int
    parameters: int
    decoding: Decoding
    tools: tuple[Tool, ...] = Field(description="Tools the model was trained with; used where a request brings none.")
    home: bool = Field(description="Whether its prompts carry a home's lines.")
    turns: int = Field(
        default=1, ge=1, description="Turns of a conversation that it was trained with: user messages that one row in 100 has."
    )
    results: bool = Field(
        default=False, description="Whether one row in 100 that it was trained with answers to the result of a call."
    )
    format: Literal["rottie", "template"] = Field(
        default="rottie",
        description="How it is spoken to. rottie: schemas.prompt; template: the chat template in the served file's metadata.",
    )
    serve: str = Field(description="File name of the weights that are served.")
    files: dict[str, str] = Field(description="SHA-256 of each weights file.")
    origin: Origin | None = Field(default=None, description="Of a downloaded model; None for one that was trained here.")

    @property
    def reads_results(self) -> bool:
        """A downloaded model with a chat template has learned to."""
        return self.results or self.format == "template"


class Exported(Artifact):
    """model.json and one GGUF a quantisation."""

    kind: Literal["exported"] = "exported"
    manifest: ModelManifest


class SuiteResult(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    rows: int
    metrics: dict[str, float] = Field(
        description="exact_match, valid_call_rate, tool_match, argument_f1 in 0..1; latency_p50_ms, latency_p95_ms, tokens_per_s."
    )
    by_tool: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="tool -> rows, exact_match, valid_call_rate, ..."
    )
    by_tag: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="tag -> rows, exact_match, ... and where rows were acted out, the figures of flows.steps.judging.",
    )


class Report(Artifact):
    """report.json, report.html. Metrics are keyed ``<suite>.<metric>``."""

    kind: Literal["report"] = "report"
    candidate: str
    exported: Exported
    suites: tuple[SuiteResult, ...]
    parity: dict[str, Any] = Field(
        default_factory=dict, description="Tokens and log-probabilities: Transformers against each export."
    )
    mlflow_run: str | None = None

    def metrics(self) -> dict[str, float]:
        return {f"{result.suite}.{name}": value for result in self.suites for name, value in result.metrics.items()}


class Difference(BaseModel):
    """A figure of a starter model's card that came out otherwise. ``measured`` is None for one that is not measured."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    part: str
    figure: str
    card: float
    measured: float | None


class Appraisal(BaseModel):
    """appraisal.json: the figures of the starter models, measured again, beside those of their cards."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="Folder with appraisal.json and appraisal.md.")
    rows: dict[str, int] = Field(description="Asked of each part.")
    seed: int
    figures: dict[str, dict[str, float]] = Field(description="part -> figure -> value.")
    cards: dict[str, dict[str, float]] = Field(description="The same as the cards say it; empty where there is no card.")
    differing: tuple[Difference, ...] = Field(
        default=(), description="Compared where the number of rows is the card's own; times are not."
    )

    @property
    def folder(self) -> Path:
        return Path(self.path)


class RuleOutcome(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    held: bool
    candidate: float | None
    champion: float | None
    sentence: str


class ModelRef(BaseModel):
    """One version in the MLflow registry: what flows write and serve reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    candidate: str
    path: str = Field(description="Local folder with model.json and the weights, or the URI that it is fetched from.")
    sha256: str = Field(description="Of the served weights file.")

    @property
    def label(self) -> str:
        return f"{self.name}/{self.version}"


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    promoted: bool
    unchanged: bool = Field(default=False, description="The candidate already is the champion: nothing to do.")
    candidate: str
    reason: str
    outcomes: tuple[RuleOutcome, ...] = ()
    champion: ModelRef | None = Field(default=None, description="Who answers after this decision.")
