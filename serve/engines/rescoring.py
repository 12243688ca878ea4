"""What was most probably said, of the recogniser's best guesses, in a home whose names are known.

Each guess is read as a chain of words, names of the home and words that sound alike, at the least cost: how far the sounds are,
plus what bigrams with the names as one word make of the chain. The guess whose own probability and chain together cost least
is chosen: n-best rescoring with a class model (Brown et al. 1992) and a noisy channel (Kernighan, Church and Gale 1990).
For recognisers that cannot be told what to expect. Works on letters: a name in a language that is spelled unlike English is
found only where it was misheard as it is written. Does not cover which name was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from serve.engines.ngrams import END, NAME, NUMBER, START, Bigrams
from serve.spelling import written

_MOST, _LONGEST = 400, 60  # names; letters of one
_REMEMBERED = 20_000  # runs of words whose likenesses are kept
_SHORTEST = 3  # letters of a word that is put right
_ALIKE = [(re.compile(pattern), put) for pattern, put in (
    (r"ph|gh(?=t|$)", "f"), (r"[cq](?![h])|ck", "k"), (r"x", "ks"), (r"z", "s"), (r"tch|ch|sh", "j"), (r"w(?=r)|k(?=n)|h", ""),
    (r"([a-z])\1", r"\1"), (r"[aeiouy]+", "a"), (r"d(?=\b)", "t"),
)]  # fmt: skip


class Weights(NamedTuple):
    """Of what a reading costs, in nats. Searched for on validation requests in validation voices, clean and noisy."""

    guess: float = 1.57  # of the recogniser's own log-probability
    bigrams: float = 0.3
    word: float = -1.4  # each, since every word costs its bigram
    strange: float = 1.6  # a word that neither the bigrams nor the home know
    named: float = -1.2  # a name that was heard as it is written
    name: float = 1.45  # one that is put in, and each letter that differs
    name_letter: float = 0.75
    name_far: float = 0.36  # share of letters that may differ
    known: float = 1.5  # a known word in place of a strange one, and each letter that differs
    known_letter: float = 0.8
    known_far: float = 0.34


class Run(NamedTuple):
    """``words[start:end]`` of a guess, and what is read there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Choice:
    """One way to read the words that begin at some place: up to ``end``, as ``text``, of class ``token``."""

    end: int
    text: str
    token: str
    cost: float


class Rescorer:
    """For one home. Not safe for use by several threads at once."""

    def __init__(self, bigrams: Bigrams, names: Iterable[str], weights: Weights | None = None) -> None:
        """Names that cannot be written in the recogniser's form, those beyond 400 and longer than 60 letters are left out."""
        self._bigrams, self._weights = bigrams, weights or Weights()
        plain = dict.fromkeys(text for name in names if len(name) <= _LONGEST and (text := written(name)))
        self._names = list(plain)[:_MOST]
        self._spelled = _Spelled(self._names)
        self._sizes = np.array([len(name.split()) for name in self._names])
        self._name_words = {word for name in self._names for word in name.split()}
        self._like_names: dict[str, list[tuple[str, float]]] = {}
        self._like_words: dict[str, list[tuple[str, float]]] = {}

    def best(self, guesses: Sequence[tuple[str, float]]) -> int:
        """Which of ``guesses``, each a text and its log-probability, the best first, was most probably said."""
        texts = [text.split() for text, _ in guesses]
        self._learn(texts)
        costs = [self._read(words)[0] - self._weights.guess * sure for words, (_, sure) in zip(texts, guesses, strict=True)]
        return min(range(len(costs)), key=costs.__getitem__, default=0)

    def runs(self, words: Sequence[str]) -> list[Run]:
        """What is read in ``words``, in order. A word that stays is a run of its own."""
        self._learn([words])
        return self._read(words)[1]

    def corrected(self, text: str) -> str:
        """``text`` as it is read."""
        return " ".join(run.text for run in self.runs(text.split()))

    def _read(self, words: Sequence[str]) -> tuple[float, list[Run]]:
        """The least cost and its runs: Viterbi over places, with the last token as state."""
        weights, cost_of = self._weights, self._bigrams.cost
        best: list[dict[str, tuple[float, Run | None, str]]] = [{} for _ in range(len(words) + 1)]
        best[0][START] = (0.0, None, "")
        for at in range(len(words)):
            if not best[at]:
                continue
            for choice in self._choices(words, at):
                own = choice.cost + weights.word * (choice.text.count(" ") + 1)
                cost, before = min(
                    (so_far + weights.bigrams * cost_of(token, choice.token), token) for token, (so_far, _, _) in best[at].items()
                )
                there = best[choice.end]
                if choice.token not in there or cost + own < there[choice.token][0]:
                    there[choice.token] = (cost + own, Run(at, choice.end, choice.text), before)
        total, token = min((cost + weights.bigrams * cost_of(token, END), token) for token, (cost, _, _) in best[-1].items())
        runs = list[Run]()
        at = len(words)
        while at:
            _, run, token = best[at][token]
            assert run is not None
            runs.append(run)
            at = run.start
        return total, runs[::-1]

    def _choices(self, words: Sequence[str], at: int) -> Iterable[_Choice]:
        word = words[at]
        strange = not (word[0].isdigit() or word in self._bigrams.words or word in self._name_words)
        yield _Choice(at + 1, word, NUMBER if word[0].isdigit() else word, self._weights.strange if strange else 0.0)
        for end in range(at + 1, min(at + self._longest, len(words)) + 1):
            for name, cost in self._like_names.get(" ".join(words[at:end]), ()):
                yield _Choice(end, name, NAME, cost)
        for other, cost in self._like_words.get(word, ()) if strange else ():
            yield _Choice(at + 1, other, other, cost)

    @cached_property
    def _longest(self) -> int:
        """Words of a run that may be a name."""
        return int(self._sizes.max()) + 1 if self._names else 0

    def _learn(self, texts: Sequence[Sequence[str]]) -> None:
        """Look up what the runs of ``texts`` are like, all that are new at once."""
        if len(self._like_names) > _REMEMBERED:
            self._like_names.clear()
            self._like_words.clear()
        runs = dict.fromkeys(
            " ".join(words[at:end])
            for words in texts
            for at in range(len(words))
            for end in range(at + 1, min(at + self._longest, len(words)) + 1)
        )
        if new := [run for run in runs if run not in self._like_names]:
            self._like_names |= zip(new, self._names_like(new), strict=True)
        known = self._bigrams.words
        strange = {word for words in texts for word in words if word not in known and word.isalpha() and len(word) >= _SHORTEST}
        if new := sorted(strange - self._name_words - self._like_words.keys()):
            self._like_words |= zip(new, self._words_like(new), strict=True)

    def _names_like(self, runs: list[str]) -> list[list[tuple[str, float]]]:
        weights, names = self._weights, self._names
        far, letters = self._spelled.far(runs, weights.name_far)
        sizes = np.array([run.count(" ") + 1 for run in runs])
        far[np.abs(sizes[:, None] - self._sizes) > 1] = 1
        costs = weights.name + weights.name_letter * far * letters
        found: list[list[tuple[str, float]]] = [[] for _ in runs]
        for row, column in np.argwhere(far < weights.name_far):
            exact = runs[row] == names[column]
            found[row].append((names[column], weights.named if exact else float(costs[row, column])))
        return found

    def _words_like(self, words: list[str]) -> list[list[tuple[str, float]]]:
        weights, known = self._weights, _known(self._bigrams)
        far, letters = known.far(words, weights.known_far)
        costs = weights.known + weights.known_letter * far * letters
        found: list[list[tuple[str, float]]] = [[] for _ in words]
        for row, column in np.argwhere(far < weights.known_far):
            found[row].append((known.texts[column], float(costs[row, column])))
        return found


class _Spelled:
    """Texts to be compared with: each without blanks, as it sounds, and its letters counted."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.plain = [text.replace(" ", "") for text in texts]
        self.sounds = [sound(text) for text in texts]
        self.letters = np.array([len(text) for text in self.plain])

    def far(self, runs: Sequence[str], most: float) -> tuple[np.ndarray, np.ndarray]:
        """[runs, texts]: the share of letters that differ, 0 to 1, half as they are spelled and half as they sound, and how many
        letters the longer has. Shares of either that are beyond twice ``most`` are told as 1."""
        plain = [run.replace(" ", "") for run in runs]
        spelled, heard = (
            cdist(a, b, scorer=Levenshtein.normalized_distance, score_cutoff=2 * most, dtype=np.float32)
            for a, b in ((plain, self.plain), ([sound(run) for run in runs], self.sounds))
        )
        return (spelled + heard) / 2, np.maximum.outer([len(text) for text in plain], self.letters)


@lru_cache(maxsize=4)
def _known(bigrams: Bigrams) -> _Spelled:
    """The words that are spelled in letters."""
    return _Spelled([word for word in bigrams.words if word.isalpha() and len(word) >= _SHORTEST])


@lru_cache(maxsize=32_768)
def sound(text: str) -> str:
    """``text`` in letters that stand for alike sounds: vowels are one, doubles single, silent ones gone."""
    for pattern, put in _ALIKE:
        text = pattern.sub(put, text)
    return text.replace(" ", "")
