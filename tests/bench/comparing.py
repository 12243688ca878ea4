"""What the benchmarks share: sides measured in turn, a bootstrap interval, and the file that a result is kept in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "bench-results"


def interval(
    values: Sequence[float], middle: Callable[[Sequence[float]], float] = median, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % bootstrap interval of ``middle``, which is the median or another figure of the values."""
    chance = random.Random(seed)
    drawn = sorted(middle(chance.choices(values, k=len(values))) for _ in range(draws))
    outside = int(draws * 0.025)
    return drawn[outside], drawn[-outside - 1]


def alternated(sides: Mapping[str, Callable[[], float]], rounds: int, warm: int) -> dict[str, list[float]]:
    """Each side's values, taken in turn and in the other order every second round; the first ``warm`` count for nothing."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(warm + rounds):
        for name in list(sides) if number % 2 else reversed(list(sides)):
            value = sides[name]()
            if number >= warm:
                found[name].append(value)
    return found


def keep(name: str, result: Any) -> str:
    """Write ``result`` to bench-results/<name>.json; the text that was written."""
    text = json.dumps(result, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return text
