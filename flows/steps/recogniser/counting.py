"""The bigrams of what the recogniser is taught, by which its guesses are weighed in a home (serve.engines.rescoring).

The names of a home count as one word, so that what was counted in generated homes holds in any. Does not cover reading them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from random import Random

from flows.steps.recogniser.texts import asked, between, names_in, plain_words, talk
from serve.engines.ngrams import END, NAME, NUMBER, START, UNKNOWN, Bigrams
from serve.spelling import written

_STRENGTH = 20  # how many words the unigrams count for, behind every word
_NEW = 0.1  # of a word's probability as a unigram: that it is any of those that are known
_NEVER = -9.0  # log10 of what is no word of these
_LEAST = 2  # times that a pair was said
_OFTEN = 5  # times that a word was said, so that it is no word of one name alone


def bigrams(seed: int, requests: int) -> Bigrams:
    """Of so many requests to generated homes of the training part, with plain talk and short answers beside them."""
    said, spelled = Counter[tuple[str, str]](), Counter[str]()
    for words, tokens in _texts(seed, requests):
        spelled.update(words)
        said.update(pairwise([START, *tokens, END]))
    often = (word for word, count in spelled.items() if count >= _OFTEN and word[0].isalpha())
    return smoothed(said, {*often, *plain_words("train")})


def smoothed(pairs: Counter[tuple[str, str]], known: Iterable[str]) -> Bigrams:
    """Dirichlet smoothing: MacKay and Peto 1995, "A hierarchical Dirichlet language model", with one strength for all words.

    ``known`` are words that may be said though no pair has them, as those of names.
    """
    after, words = Counter[str](), Counter[str]()
    for (before, word), count in pairs.items():
        after[before] += count
        words[word] += count
    total = sum(words.values())
    every = sorted({*words, *known, END, NAME, NUMBER})
    alone = {word: (1 - _NEW) * words[word] / total + _NEW / len(every) for word in every}
    shares = {
        (before, word): (count + _STRENGTH * alone[word]) / (after[before] + _STRENGTH)
        for (before, word), count in sorted(pairs.items())
        if count >= _LEAST
    }
    taken, instead = defaultdict[str, float](float), defaultdict[str, float](float)
    for (before, word), share in shares.items():
        taken[before] += share
        instead[before] += alone[word]
    left = {word: (1 - taken[word]) / (1 - instead[word]) for word in (START, *every)}
    singles = {UNKNOWN: (_NEVER, 0.0), START: (_NEVER, math.log10(left[START]))}
    singles |= {word: (math.log10(alone[word]), math.log10(left[word])) for word in every}
    return Bigrams(singles, {pair: math.log10(share) for pair, share in shares.items()})


def classed(words: Sequence[str], names: Iterable[Sequence[str]]) -> list[str]:
    """``words`` with names, the longest first, and numbers as their classes."""
    starting: dict[str, list[Sequence[str]]] = {}
    for name in sorted(names, key=len, reverse=True):
        starting.setdefault(name[0], []).append(name)
    found, at = list[str](), 0
    while at < len(words):
        name = next((name for name in starting.get(words[at], ()) if list(words[at : at + len(name)]) == list(name)), None)
        found.append(NAME if name else NUMBER if words[at][0].isdigit() else words[at])
        at += len(name) if name else 1
    return found


def _texts(seed: int, requests: int) -> Iterator[tuple[list[str], list[str]]]:
    """The words of each text, and the same with classes."""
    named: list[list[str]] = []
    home = None
    for text, place in islice(asked("train", seed), requests):
        if place is not home:
            home, named = place, [form.split() for name in names_in(place.inventory) if (form := written(name))]
        if words := written(text).split():
            yield words, classed(words, named)
    rng = Random(f"{seed}:between")  # noqa: S311 - texts to count, not secrets
    for text in (*talk(), *(between(rng) for _ in range(requests // 20))):
        words = written(text).split()
        yield words, classed(words, ())
