"""The report as one HTML page: figures, tables and SVG plots inside, nothing fetched, and no word that a user said."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.steps.acting import TIERS
from flows.steps.scoring import INVALID, Scored
from schemas.artifacts import Candidate, Dataset, Report, SuiteResult
from schemas.pipeline import Pipeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parent / "templates"
CURVE = "training.jsonl"
INK, MUTED, GRID, BLUE, ORANGE = "#1f2933", "#66788a", "#e4e9ee", "#2f6fbf", "#d9822b"
MOST_TOOLS = 24
_BY_TAG = {
    "served_both": "right as served",
    "served_model": "the model alone",
    "state_exact_both": "states right",
    "wrong_action_both": "something wrong changed",
    "exact_match": "exact match",
}
_AT_HOME = {
    "served_both": "right as served, questions and refusals too",
    "served_model": "the same, the model alone",
    "names_exact": "names of the home right, whole, where the tool is",
    "refused_both": "nothing done where nothing is to be done",
    "over_refused_both": "nothing done where something was asked for",
    "other_tools_exact": "exact calls of tools from elsewhere",
}
_TITLES = {"f16": "GGUF f16", "q8_0": "GGUF Q8_0", "q4_k_m": "GGUF Q4_K_M", "q5_k_m": "GGUF Q5_K_M", "q6_k": "GGUF Q6_K"}


def write_report(
    path: Path, report: Report, scored: Mapping[str, Scored], candidate: Candidate, dataset: Dataset, pipeline: Pipeline
) -> None:
    """Write the page. ``scored`` holds the outcomes of each suite, by its name."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"percent": lambda share: f"{100 * share:.1f}%", "number": _number}
    suites = [_suite(result, scored[result.suite]) for result in report.suites]
    page = environment.get_template("report.html.j2").render(
        report=report,
        candidate=candidate,
        dataset=dataset,
        pipeline=pipeline,
        suites=suites,
        parity=[(_TITLES.get(kind, kind), figures) for kind, figures in report.parity.items() if isinstance(figures, dict)],
        prompts=report.parity.get("prompts", 0),
        curve=learning_curve(candidate.folder / CURVE),
        sizes={name: (report.exported.folder / name).stat().st_size for name in report.exported.manifest.files},
    )
    path.write_text(page, encoding="utf-8")


def _suite(result: SuiteResult, scored: Scored) -> dict[str, Any]:
    return {
        "result": result,
        "by_tool": by_tool(result),
        "latency": latency(scored),
        "confusion": confusion(scored),
        "tiers": tiers(result),
        "home": at_home(result),
        "by_tag": _tag_plot(result) if result.by_tag else "",
        "columns": _columns(result),
    }


def at_home(result: SuiteResult) -> list[dict[str, Any]]:
    """What acting in a home is judged by beside its states: each figure with its interval, where the suite has it."""
    found = result.metrics
    return [
        {"name": title, "figures": [found[f"{name}{end}"] for end in ("", "_low", "_high")]}
        for name, title in _AT_HOME.items()
        if name in found
    ]


def tag_table(result: SuiteResult) -> str:
    """Every figure by tag, as CSV."""
    names = list(dict.fromkeys(name for figures in result.by_tag.values() for name in figures))
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(["tag", *names])
    for tag, figures in result.by_tag.items():
        table.writerow([tag, *(f"{figures[name]:.6g}" if name in figures else "" for name in names)])
    return buffer.getvalue()


def tag_image(result: SuiteResult) -> bytes:
    """The chart by tag, as PNG."""
    draw, height = _tag_chart(result)
    return image(draw, height=height, width=8)


def image(draw: Callable[[Axes], None], *, height: float, width: float) -> bytes:
    """What ``draw`` draws, as PNG; sides in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    with _styled():
        figure = _drawn(draw, FigureCanvasAgg, height=height, width=width)
        figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _tag_plot(result: SuiteResult) -> str:
    draw, height = _tag_chart(result)
    return plot(draw, height=height)


def _columns(result: SuiteResult) -> list[tuple[str, str]]:
    return [(name, title) for name, title in _BY_TAG.items() if any(name in figures for figures in result.by_tag.values())]


def _tag_chart(result: SuiteResult) -> tuple[Callable[[Axes], None], float]:
    """What is right by tag, the whiskers its 95% interval; the dot is the model alone. Returns what draws it, and its height."""
    rows = list(result.by_tag.items())[::-1]
    main = "served_both" if "served_both" in result.metrics else "exact_match"

    def draw(axes: Axes) -> None:
        names = [f"{tag} ({figures['rows']:.0f})" for tag, figures in rows]
        picked = [figures if main in figures else _renamed(figures, "exact_match", main) for _, figures in rows]
        shares = [100 * figures[main] for figures in picked]
        spread = [[100 * abs(figures[main] - figures[f"{main}_{end}"]) for figures in picked] for end in ("low", "high")]
        axes.barh(names, shares, color=BLUE, height=0.62, xerr=spread, error_kw={"ecolor": MUTED, "elinewidth": 1})
        alone = [
            (100 * figures["served_model"], name)
            for figures, name in zip(picked, names, strict=True)
            if "served_model" in figures
        ]
        if alone:
            axes.plot(*zip(*alone, strict=True), "o", color=ORANGE, markersize=5, label="the model alone")
            axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
        axes.axvline(100 * result.metrics[main], color=ORANGE, linewidth=1.2, linestyle="--")
        axes.set(xlim=(0, 102), xlabel="right as served, %" if main == "served_both" else "exact match, %")
        axes.grid(axis="x", color=GRID)
        axes.set_xticks(range(0, 101, 20))

    return draw, max(1.8, 0.3 * len(rows) + 0.9)


def _renamed(figures: Mapping[str, float], old: str, new: str) -> dict[str, float]:
    return {f"{new}{end}": figures[f"{old}{end}"] for end in ("", "_low", "_high")}


def tiers(result: SuiteResult) -> list[dict[str, Any]]:
    """What each tier did to the homes, where the suite was acted out."""
    found = result.metrics
    names = {"intents": "known sentences alone", "model": "the model alone", "both": "both, as served"}
    kinds = ("state_exact", "wrong_action")
    return [
        {"name": names[tier], **{kind: [found[f"{kind}_{tier}{end}"] for end in ("", "_low", "_high")] for kind in kinds}}
        for tier in TIERS
        if f"state_exact_{tier}" in found
    ]


def by_tool(result: SuiteResult) -> str:
    """Exact match a tool, worst on top; the line is the suite's own figure."""
    rows = sorted(result.by_tool.items(), key=lambda item: (-item[1]["exact_match"], item[0]))[-MOST_TOOLS:]

    def draw(axes: Axes) -> None:
        shares = [100 * figures["exact_match"] for _, figures in rows]
        bars = axes.barh([name for name, _ in rows], shares, color=BLUE, height=0.62)
        axes.bar_label(bars, [f"{share:.0f}%" for share in shares], padding=4, color=MUTED, fontsize=9)
        axes.axvline(100 * result.metrics["exact_match"], color=ORANGE, linewidth=1.4, linestyle="--")
        axes.set(xlim=(0, 112), xlabel="exact match, %")
        axes.grid(axis="x", color=GRID)
        axes.set_xticks(range(0, 101, 20))

    return plot(draw, height=max(1.6, 0.36 * len(rows) + 0.8))


def latency(scored: Scored) -> str:
    values = [outcome.latency_ms for outcome in scored.outcomes]

    def draw(axes: Axes) -> None:
        axes.hist(values, bins=min(40, max(8, len(values) // 10)), color=BLUE, edgecolor="white", linewidth=0.6)
        axes.set(xlabel="milliseconds a turn", ylabel="turns")
        axes.grid(axis="y", color=GRID)

    return plot(draw, height=2.9)


def confusion(scored: Scored) -> str:
    """Which tool was called where which was wanted; empty for a single tool that is always right."""
    pairs = Counter((outcome.tool, outcome.answered) for outcome in scored.outcomes)
    wanted = [name for name, _ in Counter(outcome.tool for outcome in scored.outcomes).most_common(MOST_TOOLS)]
    extra = sorted({got for _, got in pairs if got not in wanted and got != INVALID})
    columns = [
        *sorted(wanted),
        *extra[: max(0, MOST_TOOLS - len(wanted))],
        *([INVALID] if any(INVALID in p for p in pairs) else []),
    ]
    rows = sorted(wanted)
    if len(columns) < 2:
        return ""
    totals = {row: sum(n for (tool, _), n in pairs.items() if tool == row) for row in rows}
    shares = [[pairs[row, column] / totals[row] for column in columns] for row in rows]

    def draw(axes: Axes) -> None:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
        axes.set_yticks(range(len(rows)), rows)
        axes.set(xlabel="answered", ylabel="wanted")
        for y, row in enumerate(rows):
            for x, column in enumerate(columns):
                if pairs[row, column]:
                    color = "white" if shares[y][x] > 0.5 else INK
                    axes.text(x, y, str(pairs[row, column]), ha="center", va="center", fontsize=8, color=color)
        axes.tick_params(length=0)

    return plot(draw, height=max(2.4, 0.34 * len(rows) + 1.7))


def learning_curve(path: Path) -> str:
    """Loss by step, as training wrote it down; empty where it did not."""
    if not path.is_file():
        return ""
    points = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    from matplotlib.ticker import MaxNLocator

    training = [(point["step"], point["loss"]) for point in points if "loss" in point]
    validation = [(point["step"], point["validation_loss"]) for point in points if "validation_loss" in point]
    if len(training) < 2:
        return ""

    def draw(axes: Axes) -> None:
        axes.plot(*zip(*training, strict=True), color=BLUE, linewidth=1.5, label="training")
        if validation:
            axes.plot(*zip(*validation, strict=True), color=ORANGE, linewidth=1.5, marker="o", markersize=3.5, label="validation")
        axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color=GRID)
        axes.legend(frameon=False)

    return plot(draw, height=2.9)


def plot(draw: Callable[[Axes], None], *, height: float, width: float = 6.4) -> str:
    """An SVG element drawn by ``draw``, text as text. Ids are made unique by their content: several share one page."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    with _styled():
        figure = _drawn(draw, FigureCanvasSVG, height=height, width=width)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r'(<svg [^>]*?)width="[^"]*" ', r"\1", re.sub(r'(<svg [^>]*?)height="[^"]*" ', r"\1", svg, count=1), count=1)


def _styled() -> AbstractContextManager[None]:
    from matplotlib.style import context

    settings: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "rottie",
        "font.family": "sans-serif",
        "text.color": INK,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": GRID,
        "xtick.color": MUTED,
        "ytick.color": INK,
    }
    return context(settings)


def _drawn(draw: Callable[[Axes], None], canvas: Callable[[Figure], object], *, height: float, width: float) -> Figure:
    """To be called within ``_styled``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    canvas(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    draw(axes)
    return figure


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def failures(scored: Scored, most: int) -> Sequence[Any]:
    """The first rows that were not exact."""
    return [outcome for outcome in scored.outcomes if not outcome.exact][:most]
