"""Held-out rows through the serving engine, and what their answers are worth. What is scored is what will be served.

Does not cover whether the export computes what was trained: see parity.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flows.steps.acting import Acted, act, after_failure
from flows.steps.judging import by_tag, judged, wilson
from flows.steps.reading import read_rows, read_table_rows
from schemas.artifacts import Dataset, Exported, SuiteResult
from schemas.assistant import LlmEngine
from schemas.conversation import Conversation, Tool, ToolCall
from schemas.errors import EvaluationError, PromptTooLong
from schemas.events import CallsReady, ReplyDelta, TurnFinished
from schemas.hashing import canonical, content_id
from schemas.pipeline import Suite
from serve.engines.protocol import Sampling
from serve.models import open_model
from serve.turn import Answerer, MalformedCall, TurnRequest

Result = TypeVar("Result")
NO_TOOL, INVALID = "none", "invalid"
# Tags are free text: a metric a tag only where they are few, as categories are.
MAX_TAGS = 40
MOST_CONTEXT = 8192


@dataclass
class Outcome:
    """One row: what was wanted and what came. ``error`` is the code of an answer that could not be used.

    ``again`` are the calls of a second round, after one of the first had failed in the home. ``sure`` and ``again_sure`` tell how
    sure the model was of them, where the suite asks for it.
    """

    row: str
    tags: tuple[str, ...]
    request: str
    wanted: tuple[ToolCall, ...]
    tools: tuple[Tool, ...]
    got: tuple[ToolCall, ...] = ()
    sure: tuple[float, ...] = ()
    again: tuple[ToolCall, ...] = ()
    again_sure: tuple[float, ...] = ()
    text: str = ""
    error: str | None = None
    latency_ms: float = 0.0
    completion_tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    acted: Acted | None = None

    @property
    def tool(self) -> str:
        """What the row is about: its first tool."""
        return self.wanted[0].function.name if self.wanted else NO_TOOL

    @property
    def answered(self) -> str:
        if self.error:
            return INVALID
        return self.got[0].function.name if self.got else NO_TOOL

    @property
    def exact(self) -> bool:
        """The same calls with equal arguments, in any order; for a plain reply: no call was made."""
        return self.error is None and _bag(self.wanted) == _bag(self.got)

    @property
    def right_tool(self) -> bool:
        return self.error is None and _names(self.wanted) == _names(self.got)

    @property
    def valid(self) -> bool:
        """Readable, whole, and every call fits its tool's declaration."""
        return self.error is None and all(_fits(call, self.tools) for call in self.got)

    def argument_counts(self) -> tuple[int, int, int]:
        """Arguments that are right, given, and wanted."""
        wanted, got = _arguments(self.wanted), _arguments(() if self.error else self.got)
        return sum((wanted & got).values()), sum(got.values()), sum(wanted.values())


@dataclass
class Scored:
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0


def run_suite(exported: Exported, dataset: Dataset, suite: Suite) -> Scored:
    """Answer every row of the suite, ``suite.concurrency`` at once. Raises EvaluationError for a split without rows."""
    rows = choose(dataset, suite)
    if not rows:
        raise EvaluationError(
            f"the split {suite.split!r} has no rows", where=f"suites.{suite.name}", hint="Raise the split's share, or add rows."
        )
    answerer = open_model(exported.folder, engine_for(exported, suite.concurrency))
    try:
        return answer_rows(answerer, rows, suite)
    finally:
        answerer.close()


def answer_rows(answerer: Answerer, rows: Sequence[tuple[str, Conversation]], suite: Suite) -> Scored:
    """Answer ``rows``, each with its id, ``suite.concurrency`` at once, and act the answers out where the suite says so."""
    scored = run_alone(_answer_all(answerer, rows, suite))
    if suite.acting:
        if answerer.manifest.reads_results:
            _ask_again(answerer, scored, rows, suite)
        _act_all(scored, rows, suite)
    return scored


def _ask_again(answerer: Answerer, scored: Scored, rows: Sequence[tuple[str, Conversation]], suite: Suite) -> None:
    """As serving does, once, where a call fails: its time is the answer's too."""
    pairs = [(outcome, after_failure(outcome, row)) for outcome, (_, row) in zip(scored.outcomes, rows, strict=True)]
    failed = [(outcome, row) for outcome, row in pairs if row is not None]
    second = run_alone(_answer_all(answerer, [(outcome.row, row) for outcome, row in failed], suite))
    for (outcome, _), later in zip(failed, second.outcomes, strict=True):
        outcome.again, outcome.again_sure = ((), ()) if later.error else (later.got, later.sure)
        outcome.latency_ms += later.latency_ms
    scored.seconds += second.seconds


def _act_all(scored: Scored, rows: Sequence[tuple[str, Conversation]], suite: Suite) -> None:
    for outcome, (_, row) in zip(scored.outcomes, rows, strict=True):
        outcome.acted = act(outcome, row.home, row.request(), suite.sure)
    if not any(outcome.acted for outcome in scored.outcomes):
        raise EvaluationError(
            "no row describes a home that can be simulated",
            where=f"suites.{suite.name}",
            hint="Leave `acting` out of this suite.",
        )


def engine_for(exported: Exported, slots: int) -> LlmEngine:
    """The serving engine with as much context as the model has, up to what memory should be spent on here."""
    return LlmEngine(context=max(128, min(exported.manifest.context, MOST_CONTEXT)), slots=slots)


def choose(dataset: Dataset, suite: Suite) -> list[tuple[str, Conversation]]:
    """Rows of the suite with their ids. A limit takes those whose hashed ids come first: the same rows in every run."""
    stored = list(read_table_rows(dataset, suite.split, ["id", "tags"]))
    ids = [row["id"] for row in stored if suite.tag is None or suite.tag in row["tags"]]
    kept = set(ids) if suite.limit is None else set(sorted(ids, key=lambda i: content_id("suite", i))[: suite.limit])
    everything = zip(stored, read_rows(dataset, suite.split), strict=True)
    return [(one["id"], row) for one, row in everything if one["id"] in kept]


async def _answer_all(answerer: Answerer, rows: Sequence[tuple[str, Conversation]], suite: Suite) -> Scored:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("scoring {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    outcomes: list[Outcome | None] = [None] * len(rows)
    waiting = iter(enumerate(rows))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(suite.name, total=len(rows))

        async def work() -> None:
            for index, (row_id, row) in waiting:
                outcomes[index] = await _answer(answerer, row_id, row, suite)
                progress.advance(bar)

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(suite.concurrency):
                group.create_task(work())
        seconds = time.monotonic() - began
    return Scored([outcome for outcome in outcomes if outcome], seconds)


async def _answer(answerer: Answerer, row_id: str, row: Conversation, suite: Suite) -> Outcome:
    asked = next((m.content or "" for m in reversed(row.request()) if m.role == "user"), "")
    outcome = Outcome(row_id, row.tags, asked, row.answer().tool_calls, row.tools)
    sampling = Sampling(max_tokens=suite.max_tokens)
    request = TurnRequest(row.request(), tools=row.tools, home=row.home, sampling=sampling, sure=suite.sure)
    began = time.monotonic()
    try:
        async for event in answerer.answer(request):
            if isinstance(event, ReplyDelta):
                outcome.text += event.text
            elif isinstance(event, CallsReady):
                outcome.got, outcome.sure = event.calls, event.sure
            elif isinstance(event, TurnFinished):
                outcome.completion_tokens = event.completion_tokens
                outcome.prompt_tokens, outcome.cached_tokens = event.prompt_tokens, event.cached_tokens
                if event.finish_reason == "length":
                    outcome.error = "length"
    except (MalformedCall, PromptTooLong) as error:
        outcome.error = error.code
    outcome.latency_ms = (time.monotonic() - began) * 1000
    return outcome


def summarise(suite: str, scored: Scored) -> SuiteResult:
    """Shares in 0..1, latencies in milliseconds under the suite's own concurrency, tokens/s over all requests together."""
    outcomes = scored.outcomes
    exact = sum(outcome.exact for outcome in outcomes)
    low, high = wilson(exact, len(outcomes))
    latencies = sorted(outcome.latency_ms for outcome in outcomes)
    metrics = {
        **_shares(outcomes),
        "exact_match_low": low,
        "exact_match_high": high,
        "latency_p50_ms": percentile(latencies, 0.5),
        "latency_p95_ms": percentile(latencies, 0.95),
        "tokens_per_s": sum(outcome.completion_tokens for outcome in outcomes) / max(scored.seconds, 1e-9),
        "seconds": scored.seconds,
    }
    tags = by_tag(outcomes) if len({tag for outcome in outcomes for tag in outcome.tags}) <= MAX_TAGS else {}
    metrics |= {f"tag_{_slug(tag)}_exact_match": figures["exact_match"] for tag, figures in tags.items()}
    if any(outcome.acted for outcome in outcomes):
        metrics |= judged(outcomes)
    names = sorted({outcome.tool for outcome in outcomes})
    by_tool = {}
    for name in names:
        about = [outcome for outcome in outcomes if outcome.tool == name]
        by_tool[name] = {"rows": float(len(about)), **_shares(about)}
    return SuiteResult(suite=suite, rows=len(outcomes), metrics=metrics, by_tool=by_tool, by_tag=tags)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Nearest rank; 0 for nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def run_alone(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end from plain code, also where the calling thread already runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _shares(outcomes: Sequence[Outcome]) -> dict[str, float]:
    right, given, wanted = (sum(column) for column in zip(*(o.argument_counts() for o in outcomes), strict=True))
    return {
        "exact_match": sum(outcome.exact for outcome in outcomes) / len(outcomes),
        "tool_match": sum(outcome.right_tool for outcome in outcomes) / len(outcomes),
        "valid_call_rate": sum(outcome.valid for outcome in outcomes) / len(outcomes),
        "argument_f1": 2 * right / (given + wanted) if given + wanted else 1.0,
    }


def _bag(calls: Iterable[ToolCall]) -> Counter[str]:
    return Counter(canonical([call.function.name, call.function.parsed()]) for call in calls)


def _names(calls: Iterable[ToolCall]) -> Counter[str]:
    return Counter(call.function.name for call in calls)


def _arguments(calls: Iterable[ToolCall]) -> Counter[str]:
    return Counter(canonical([c.function.name, key, value]) for c in calls for key, value in c.function.parsed().items())


def _fits(call: ToolCall, tools: Iterable[Tool]) -> bool:
    tool = next((tool.function for tool in tools if tool.function.name == call.function.name), None)
    if tool is None:
        return False
    given = set(call.function.parsed())
    return given <= set(tool.properties()) and set(tool.required()) <= given


def _slug(tag: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in tag.lower())


def as_failure(outcome: Outcome) -> dict[str, Any]:
    """A row that was not exact, for a person to read. Holds what a user said: for this machine only."""
    return {
        "row": outcome.row,
        "request": outcome.request,
        "wanted": _shown(outcome.wanted),
        "got": _shown(outcome.got),
        "text": outcome.text,
        "error": outcome.error,
    }


def _shown(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    return [{"name": call.function.name, "arguments": call.function.parsed()} for call in calls]
