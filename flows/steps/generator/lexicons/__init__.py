"""The words that generated homes and requests are made of, written by hand, one kind a file; data and nothing else."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Single words, each once, in their order."""
    return tuple(dict.fromkeys(text.split()))


def entries(text: str) -> tuple[str, ...]:
    """Entries of one word or several, separated by bars, each once, in their order."""
    return tuple(dict.fromkeys(entry for part in text.split("|") if (entry := " ".join(part.split()))))
