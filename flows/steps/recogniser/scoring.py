"""How far what was heard is from what was said, both in the written form."""

from __future__ import annotations

import re
from collections.abc import Sequence


def word_error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Words put in, left out or taken for others, over all words said. Texts without words count by what is put in."""
    errors = sum(edits(a.split(), b.split()) for a, b in zip(said, heard, strict=True))
    return errors / max(1, sum(len(text.split()) for text in said))


def numbers_right(said: Sequence[str], heard: Sequence[str]) -> float:
    """The share of texts with numbers whose numbers were all heard, in order, and no others; 1 where there are none."""
    pairs = [(_numbers(a), _numbers(b)) for a, b in zip(said, heard, strict=True) if _numbers(a)]
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else 1.0


def edits(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.:]\d+)*", text)
