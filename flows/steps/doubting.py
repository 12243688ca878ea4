"""How sure is sure enough: what each value of the assistant's ``sure`` costs and saves, measured on the validation part alone.

With a higher bar less is done wrongly, and more is asked. The bar that is proposed is the least one with which a given share of
requests, or less, ends in something wrong. ``python -m flows.steps.doubting`` measures the shipped model, writes the curve beside
it and prints the bar; it goes into the assistant's file by hand.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.steps.acting import Acted, act
from flows.steps.held_out import Rows, answered, held_out
from flows.steps.judging import measures
from flows.steps.reporting import BLUE, GRID, INK, ORANGE, image
from flows.steps.scoring import Outcome, Scored
from flows.steps.starters import starter_folder
from schemas.conversation import Conversation
from schemas.hashing import MANIFEST, sums, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE, CHART = "sureness.json", "sureness.png"
ROWS, WRONG = 600, 0.03
BARS = tuple(number / 50 for number in range(50))


@dataclass(frozen=True)
class Point:
    """Shares of the rows with this bar, both tiers: see flows.steps.judging."""

    sure: float
    wrong_action: float
    state_exact: float
    state_agreed: float
    asked: float


def weigh(folder: Path, rows: int = ROWS, wrong: float = WRONG) -> float:
    """Measure the model in ``folder`` and write its curve there; returns the bar that keeps ``wrong``.

    Raises ModelUnusable, EvaluationError.
    """
    asked = held_out(rows, 0, "validation")
    points = curve(answered(folder, asked, sure=1.0), asked)
    bar = proposed(points, wrong)
    told = {"rows": rows, "part": "validation", "wrong_action_at_most": wrong, "proposed": bar}
    write_json(folder / CURVE, {**told, "points": [{key: round(value, 5) for key, value in asdict(p).items()} for p in points]})
    (folder / CHART).write_bytes(_chart(points, bar))
    return bar


def curve(scored: Scored, rows: Rows, bars: Sequence[float] = BARS) -> list[Point]:
    """``scored`` must know how sure the model was of every call."""
    acted = [_at_each(outcome, row, bars) for outcome, (_, row) in zip(scored.outcomes, rows, strict=True)]
    points = []
    for bar, found in zip(bars, zip(*acted, strict=True), strict=True):
        figures = measures([one for one in found if one])
        names = ("wrong_action", "state_exact", "state_agreed", "asked")
        points.append(Point(bar, *(figures[f"{name}_both"] for name in names)))
    return points


def _at_each(outcome: Outcome, row: Conversation, bars: Sequence[float]) -> list[Acted | None]:
    """What happens with each bar: with the same calls held back, the same."""
    known: dict[frozenset[float], Acted | None] = {}
    found = []
    for bar in bars:
        held = frozenset(sure for sure in (*outcome.sure, *outcome.again_sure) if sure < bar)
        if held not in known:
            known[held] = act(outcome, row.home, row.request(), bar)
        found.append(known[held])
    return found


def proposed(points: Sequence[Point], wrong: float) -> float:
    """The least bar that keeps ``wrong``, or the one that comes nearest."""
    fitting = [point for point in points if point.wrong_action <= wrong]
    return (fitting[0] if fitting else min(points, key=lambda point: point.wrong_action)).sure


def _chart(points: Sequence[Point], bar: float) -> bytes:
    def draw(axes: Axes) -> None:
        lines = (
            ("state_agreed", "states right, after a yes where it is due", BLUE, "--"),
            ("state_exact", "states right without a question", BLUE, "-"),
            ("asked", "asked first", INK, ":"),
            ("wrong_action", "something wrong done", ORANGE, "-"),
        )
        for name, title, color, style in lines:
            shares = [100 * getattr(point, name) for point in points]
            axes.plot([point.sure for point in points], shares, color=color, linestyle=style, label=title)
        axes.axvline(bar, color=ORANGE, linewidth=1, linestyle="--")
        axes.set(xlabel="the assistant's `sure`", ylabel="%", ylim=(0, 100), xlim=(0, 1))
        axes.grid(color=GRID)
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)

    return image(draw, height=4.2, width=7)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the assistant's `sure` costs and saves with the shipped model.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--wrong", type=float, default=WRONG, help="share of requests that may end in something wrong")
    parser.add_argument("--folder", type=Path, default=None, help="a model, in place of the shipped one")
    given = parser.parse_args()
    folder = given.folder or starter_folder("llm")
    bar = weigh(folder, given.rows, given.wrong)
    if (folder / MANIFEST).is_file():
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        write_json(folder / MANIFEST, {**manifest, "sums": sums(folder)})
    print(f"sure: {bar}")


if __name__ == "__main__":
    main()
