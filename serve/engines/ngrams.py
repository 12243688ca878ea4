"""Bigrams in ARPA's format, whose words may be classes: any name of a home is one word to them, and so is any number.

What a recogniser's text was like, kept beside its weights. Counting is the training's (flows.steps.recogniser.counting).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from schemas.errors import ModelUnusable

START, END, UNKNOWN, NAME, NUMBER = "<s>", "</s>", "<unk>", "<name>", "<number>"
FILE = "bigrams.arpa"
_MOST = 50_000_000  # bytes of a file
_LN10 = math.log(10)


class Bigrams:
    """``words`` to log10 of probability and back-off weight, ``pairs`` to log10 of probability. All as ARPA has them."""

    def __init__(self, words: Mapping[str, tuple[float, float]], pairs: Mapping[tuple[str, str], float]) -> None:
        self.words, self._pairs = words, pairs
        self._unknown = words.get(UNKNOWN, (-99.0, 0.0))[0]

    @classmethod
    def read(cls, file: Path) -> Bigrams:
        """Raises ModelUnusable for what is no ARPA file of bigrams."""
        words: dict[str, tuple[float, float]] = {}
        pairs: dict[tuple[str, str], float] = {}
        order, told = 0, list[int]()
        try:
            if file.stat().st_size > _MOST:
                raise ValueError("the file is too large")
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("\\"):
                    order = {"\\1-grams:": 1, "\\2-grams:": 2}.get(line, 0)
                elif not order and line.startswith("ngram "):
                    told.append(int(line.partition("=")[2]))
                elif order and line:
                    share, entry, *weight = line.split("\t")
                    if order == 1:
                        words[entry] = float(share), float(weight[0]) if weight else 0.0
                    else:
                        before, word = entry.split(" ")
                        pairs[before, word] = float(share)
            if not words or told != [len(words), len(pairs)]:
                raise ValueError("the file is not whole")
        except (OSError, ValueError) as error:
            raise ModelUnusable("the recogniser's bigrams cannot be read", where=str(file)) from error
        return cls(words, pairs)

    def written(self) -> str:
        """The text of an ARPA file."""
        lines = ["\\data\\", f"ngram 1={len(self.words)}", f"ngram 2={len(self._pairs)}", "", "\\1-grams:"]
        lines += [f"{share:.4f}\t{word}\t{weight:.4f}" for word, (share, weight) in self.words.items()]
        lines += ["", "\\2-grams:", *(f"{share:.4f}\t{before} {word}" for (before, word), share in self._pairs.items())]
        return "\n".join([*lines, "", "\\end\\", ""])

    def cost(self, before: str, word: str) -> float:
        """-ln of the probability of ``word`` after ``before``."""
        share = self._pairs.get((before, word))
        if share is None:
            weight = self.words[before][1] if before in self.words else 0.0
            share = weight + (self.words[word][0] if word in self.words else self._unknown)
        return -_LN10 * share
