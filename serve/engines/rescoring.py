"""What was most probably said, of the recogniser's best guesses, in a home whose names are known.

Each guess is read as a chain of words and names of the home, at the least cost: how far the sounds of a name are from what was
heard, plus what bigrams with the names as one word make of the chain. The guess is chosen whose own probability and chain
together cost least: n-best rescoring with a class model (Brown et al. 1992) and a noisy channel (Kernighan et al. 1990).
For recognisers that cannot be told what to expect. Works on letters: a name in a language that is spelled unlike English is
found only where it was misheard as it is written. Does not cover which name was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from serve.engines.ngrams import END, NAME, NUMBER, START, Bigrams
from serve.spelling import written

_MOST, _LONGEST = 400, 60  # names; letters of one
_WORDS = 6  # of a name: what has more is prose
_REMEMBERED = 20_000  # runs of words whose likenesses are kept
_SHORTEST = 3  # letters of a name that is put in
_TELLING = {
    "on", "off", "open", "opened", "close", "closed", "lock", "locked", "unlock", "unlocked", "up", "down", "start", "stop",
    "all", "not",
}  # fmt: skip
"""Words on which it turns what is done: never swallowed by a name that lacks them."""
_ALIKE = [(re.compile(pattern), put) for pattern, put in (
    (r"ph|gh(?=t|$)", "f"), (r"[cq](?![h])|ck", "k"), (r"x", "ks"), (r"z", "s"), (r"tch|ch|sh", "j"), (r"w(?=r)|k(?=n)|h", ""),
    (r"([a-z])\1", r"\1"), (r"[aeiouy]+", "a"), (r"d(?=\b)", "t"),
)]  # fmt: skip


class Weights(NamedTuple):
    """Of what a reading costs, in nats; shares of letters that may differ, 0 to 1."""

    guess: float = 1.57  # of the recogniser's own log-probability
    bigrams: float = 0.3
    word: float = -1.4  # each, since every word costs its bigram
    strange: float = 1.6  # a word that neither the bigrams nor the home know
    named: float = -1.2  # a name that was heard as it is written
    name: float = 1.45  # one that is put in, and each letter that differs
    name_letter: float = 0.75
    name_far: float = 0.36
    word_far: float = 0.8  # of any one word of it
    plain_far: float = 0.6  # of one that is known: "balcony" is no "hallway"


WEIGHTS = Weights()


class Run(NamedTuple):
    """``words[start:end]`` of a guess, and what is read there."""

    start: int
    end: int
    text: str


class _Choice(NamedTuple):
    """One way to read the words that begin at some place: up to ``end``, as ``text``, of class ``token``."""

    end: int
    text: str
    token: str
    cost: float


class Rescorer:
    """For one home. Not safe for use by several threads at once."""

    def __init__(self, bigrams: Bigrams, names: Iterable[str]) -> None:
        self._bigrams = bigrams
        self._names = _Spelled([name for name in usable(names) if name.count(" ") < _WORDS])
        self._name_words = {word for name in self._names.texts for word in name.split()}
        self._longest = max((name.count(" ") + 2 for name in self._names.texts), default=0)
        self._likes: dict[str, list[tuple[str, float]]] = {}

    def best(self, guesses: Sequence[tuple[str, float]]) -> int:
        """Which of ``guesses``, each a text and its log-probability, the best first, was most probably said."""
        texts = [text.split() for text, _ in guesses]
        self._learn(texts)
        costs = [self._read(words)[0] - WEIGHTS.guess * sure for words, (_, sure) in zip(texts, guesses, strict=True)]
        return min(range(len(costs)), key=costs.__getitem__, default=0)

    def runs(self, words: Sequence[str]) -> list[Run]:
        """What is read in ``words``, in order. A word that stays is a run of its own."""
        self._learn([words])
        return self._read(words)[1]

    def _read(self, words: Sequence[str]) -> tuple[float, list[Run]]:
        """The least cost and its runs: Viterbi over places, with the last token as state."""
        cost_of = self._bigrams.cost
        best: list[dict[str, tuple[float, Run | None, str]]] = [{} for _ in range(len(words) + 1)]
        best[0][START] = (0.0, None, "")
        for at in range(len(words)):
            if not best[at]:
                continue
            for choice in self._choices(words, at):
                own = choice.cost + WEIGHTS.word * (choice.text.count(" ") + 1)
                cost, before = min(
                    (so_far + WEIGHTS.bigrams * cost_of(token, choice.token), token) for token, (so_far, _, _) in best[at].items()
                )
                there = best[choice.end]
                if choice.token not in there or cost + own < there[choice.token][0]:
                    there[choice.token] = (cost + own, Run(at, choice.end, choice.text), before)
        total, token = min((cost + WEIGHTS.bigrams * cost_of(token, END), token) for token, (cost, _, _) in best[-1].items())
        runs = list[Run]()
        at = len(words)
        while at:
            _, run, token = best[at][token]
            assert run is not None
            runs.append(run)
            at = run.start
        return total, runs[::-1]

    def _choices(self, words: Sequence[str], at: int) -> Iterator[_Choice]:
        word = words[at]
        strange = not (word[0].isdigit() or word in self._bigrams.words or word in self._name_words)
        yield _Choice(at + 1, word, NUMBER if word[0].isdigit() else word, WEIGHTS.strange if strange else 0.0)
        for end in range(at + 1, min(at + self._longest, len(words)) + 1):
            for name, cost in self._likes.get(" ".join(words[at:end]), ()):
                yield _Choice(end, name, NAME, cost)

    def _learn(self, texts: Sequence[Sequence[str]]) -> None:
        """Look up what the runs of ``texts`` are like, all that are new at once."""
        if len(self._likes) > _REMEMBERED:
            self._likes.clear()
        runs = dict.fromkeys(
            " ".join(words[at:end])
            for words in texts
            for at in range(len(words))
            for end in range(at + 1, min(at + self._longest, len(words)) + 1)
        )
        if new := [run for run in runs if run not in self._likes]:
            self._likes |= zip(new, self._names_like(new), strict=True)

    def _names_like(self, runs: list[str]) -> list[list[tuple[str, float]]]:
        far, letters = self._names.far(runs)
        found: list[list[tuple[str, float]]] = [[] for _ in runs]
        for row, column in np.argwhere(far < WEIGHTS.name_far):
            run, name, share = runs[row], self._names.texts[column], float(far[row, column])
            if run == name:
                found[row].append((name, WEIGHTS.named))
            elif letters[row, column] >= _SHORTEST and self._fits(run, name):
                found[row].append((name, WEIGHTS.name + WEIGHTS.name_letter * share * float(letters[row, column])))
        return found

    def _fits(self, run: str, name: str) -> bool:
        """Whether ``run`` may be ``name``: numbers alike, no telling word lost, and word for word none that is something else."""
        heard, meant = run.split(), name.split()
        if not _TELLING.isdisjoint(heard) and _TELLING.intersection(heard) != _TELLING.intersection(meant):
            return False
        if [word for word in heard if word[0].isdigit()] != [word for word in meant if word[0].isdigit()]:
            return False
        if len(heard) != len(meant):
            return abs(len(heard) - len(meant)) == 1
        known = self._bigrams.words
        return all(
            apart(a, b) < (WEIGHTS.plain_far if a in known else WEIGHTS.word_far) for a, b in zip(heard, meant, strict=True)
        )


def usable(names: Iterable[str]) -> list[str]:
    """``names`` in the recogniser's form, each once; those that have none, are too long, or too many are left out."""
    return list(dict.fromkeys(text for name in names if len(name) <= _LONGEST and (text := written(name))))[:_MOST]


class _Spelled:
    """Texts to be compared with: each without blanks, as it sounds, and its letters counted."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self._plain = [text.replace(" ", "") for text in texts]
        self._sounds = [sound(text) for text in texts]
        self._letters = np.array([len(text) for text in self._plain])

    def far(self, runs: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """[runs, texts]: the share of letters that differ, 0 to 1, half as they are spelled and half as they sound, and how many
        letters the longer has. Shares of either with which the two cannot be near enough are told as 1."""
        plain = [run.replace(" ", "") for run in runs]
        spelled, heard = (
            cdist(a, b, scorer=Levenshtein.normalized_distance, score_cutoff=2 * WEIGHTS.name_far, dtype=np.float32)
            for a, b in ((plain, self._plain), ([sound(run) for run in runs], self._sounds))
        )
        return (spelled + heard) / 2, np.maximum.outer([len(text) for text in plain], self._letters)


@lru_cache(maxsize=32_768)
def apart(one: str, other: str) -> float:
    """The share of letters that differ, half as they are spelled and half as they sound."""
    return (Levenshtein.normalized_distance(one, other) + Levenshtein.normalized_distance(sound(one), sound(other))) / 2


@lru_cache(maxsize=32_768)
def sound(text: str) -> str:
    """``text`` in letters that stand for alike sounds: vowels are one, doubles single, silent ones gone."""
    for pattern, put in _ALIKE:
        text = pattern.sub(put, text)
    return text.replace(" ", "")
