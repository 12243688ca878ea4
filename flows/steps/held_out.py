"""Requests of homes that nothing is trained on, answered by a shipped model as serving opens it, and what its card tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from flows.steps.everyday import everyday, said_of
from flows.steps.generating import generate
from flows.steps.scoring import Scored, answer_rows, engine_for, summarise
from schemas.artifacts import Exported, SuiteResult
from schemas.conversation import Conversation
from schemas.loading import load_assistant
from schemas.pipeline import HomeSource, Suite
from serve.models import open_model, read_model
from serve.turn import Answerer

SEED, ROWS_A_HOME, MAX_TOKENS = 20_260, 6, 160
ASSISTANT = "home"
_SHARES = (
    *("exact_match", "tool_match", "valid_call_rate", "argument_f1", "known_share", "names_exact", "other_tools_exact"),
    *(f"{name}_{tier}" for name in ("state_exact", "served", "wrong_action") for tier in ("intents", "model", "both")),
    *(f"{name}_{tier}" for name in ("asked", "state_agreed") for tier in ("model", "both")),
    *(f"{name}_{tier}" for name in ("refused", "over_refused") for tier in ("model", "both")),
)
_NUMBERS = ("moving_rows", "acted_rows", "other_tools_rows", "latency_p50_ms", "latency_p95_ms", "tokens_per_s")

Rows = Sequence[tuple[str, Conversation]]


@dataclass
class Found:
    """What one part came to. ``result`` and ``scored`` are there where rows were answered, ``everyday`` where those were, too."""

    figures: dict[str, float]
    result: SuiteResult | None = None
    scored: Scored = field(default_factory=Scored)
    everyday: Scored = field(default_factory=Scored)


def measure_llm(folder: Path, limit: int, seed: int) -> Found:
    """``limit`` rows, and as many everyday requests at most, one after the other on one thread, as ``ASSISTANT`` serves them."""
    scored, ordinary = answered(folder, held_out(limit, seed)), answered(folder, everyday(limit))
    result = summarise("llm", scored)
    return Found({**told(result), **said_of(ordinary)}, result, scored, ordinary)


def held_out(limit: int, seed: int, part: Literal["validation", "test"] = "test") -> list[tuple[str, Conversation]]:
    """Rows of a part that nothing is trained on, with ids."""
    homes = max(1, limit // ROWS_A_HOME)
    source = HomeSource(kind="home", rows=limit, homes=homes, seed=SEED + seed, part=part)
    return [(str(number), row) for number, row in enumerate(generate(source))]


def answered(folder: Path, rows: Rows, sure: float | None = None) -> Scored:
    """``rows`` answered by the model in ``folder`` and acted out with ``sure``, or that of ``ASSISTANT`` where it is None.

    Raises ModelUnusable and EvaluationError.
    """
    bar = load_assistant(ASSISTANT).sure if sure is None else sure
    with _opened(folder) as model:
        return answer_rows(model, rows, Suite(name="starter", concurrency=1, max_tokens=MAX_TOKENS, acting=True, sure=bar))


@contextmanager
def _opened(folder: Path) -> Iterator[Answerer]:
    exported = Exported(id="starter", path=str(folder), manifest=read_model(folder))
    model = open_model(folder, engine_for(exported, slots=1))
    try:
        yield model
    finally:
        model.close()


def told(result: SuiteResult) -> dict[str, float]:
    """The figures that a card tells: shares with their intervals, numbers of rows, times, and what is right by tag."""
    found = {"rows": float(result.rows)}
    for name in _SHARES:
        found |= {key: result.metrics[key] for end in ("", "_low", "_high") if (key := f"{name}{end}") in result.metrics}
    found |= {name: result.metrics[name] for name in _NUMBERS if name in result.metrics}
    for tag, figures in result.by_tag.items():
        found |= {f"{tag}.{name}": figures[name] for name in ("served_both", "served_model") if name in figures}
        if "served_both" not in figures:
            found[f"{tag}.exact_match"] = figures["exact_match"]
    return {name: round(value, 5) for name, value in found.items()}
