"""The learning curve of a run as a PNG: the loss of every step, and each held-out figure in a panel of its own."""

from __future__ import annotations

import json
from pathlib import Path

_NOT_DRAWN = {"step", "seconds", "gradient_norm", "learning_rate"}
_MOST = 6  # panels


def draw(metrics: Path, picture: Path) -> None:
    """Draw ``metrics`` (one JSON object a step) into ``picture``; nothing where there is no step yet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = metrics.read_text(encoding="utf-8").splitlines() if metrics.is_file() else []
    rows = [json.loads(line) for line in lines[:: max(1, len(lines) // 2000)]]
    if not rows:
        return
    names = [name for name in rows[-1] if name not in _NOT_DRAWN][:_MOST]
    figure = Figure(figsize=(4 * len(names), 3), layout="constrained")
    FigureCanvasAgg(figure)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        points = [(row["step"], row[name]) for row in rows if name in row]
        axes.plot([x for x, _ in points], [y for _, y in points], linewidth=1)
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
    building = picture.with_suffix(".building.png")
    figure.savefig(building, dpi=110)
    building.rename(picture)
