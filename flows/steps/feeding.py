"""Batches of a run: which rows every step sees, as a function of the seed and the step alone.

Every worker computes the same order and takes its share, so the number of workers changes nothing but the time.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from flows.steps.augmenting import collect_values, swap_values
from flows.steps.packing import Batch, Encoded, Encoder, Pack, Prefixes, collate, pack, pack_trees
from schemas.conversation import Conversation
from schemas.errors import TrainingError
from schemas.pipeline import Training

VALIDATION_PACKS = 64


@dataclass(frozen=True)
class Epoch:
    packs: list[Pack]
    rows: Sequence[Encoded]
    dropped: int
    source: Prefixes


@dataclass(frozen=True)
class Step:
    """One step's packs, and where the next one starts: after ``taken`` packs of ``epoch``."""

    parts: tuple[tuple[Pack, Epoch], ...]
    epoch: int
    taken: int


class Feeding(ABC):
    """Steps from epochs, whatever those are made of."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self._current: tuple[int, Epoch] | None = None

    @abstractmethod
    def _make(self, number: int) -> Epoch:
        """Epoch ``number``, the same whenever it is made."""

    def close(self) -> None:
        """Let go of the epoch at hand and of whatever makes epochs."""
        self._current = None

    def epoch(self, number: int) -> Epoch:
        """Raises TrainingError where no row fits into a sequence."""
        if self._current is None or self._current[0] != number:
            self._current = (number, self._make(number))
        return self._current[1]

    def steps(self, epoch: int, taken: int) -> Iterator[Step]:
        """Without end, from the given place; a step may reach over the end of an epoch."""
        while True:
            parts: list[tuple[Pack, Epoch]] = []
            while len(parts) < self.training.batch:
                current = self.epoch(epoch)
                some = current.packs[taken : taken + self.training.batch - len(parts)]
                parts += [(item, current) for item in some]
                taken += len(some)
                if taken == len(current.packs):
                    epoch, taken = epoch + 1, 0
            yield Step(tuple(parts), epoch, taken)

    def batch(self, step: Step, rank: int, world: int, tree: bool = False) -> Batch:
        """The share of one worker."""
        return gather(step.parts[rank::world], tree=tree)

    def weight(self, step: Step) -> float:
        """Of the loss of all workers' shares together."""
        return sum(_pack_weight(item, epoch) for item, epoch in step.parts)


class Feed(Feeding):
    """Rows of one split, packed anew each epoch, with ``swap_values`` drawn anew too."""

    def __init__(self, rows: Sequence[Conversation], encoder: Encoder, training: Training) -> None:
        super().__init__(training)
        self.rows = rows
        self.encoder = encoder
        self._encoded = encoder.encode(rows)
        self._values = collect_values(rows) if training.swap_values else None

    def _make(self, number: int) -> Epoch:
        rng = order(self.training.seed, number)
        rows = self._swapped(rng) if self._values is not None else self._encoded
        return packed(rows, self.encoder, self.training, rng)

    def _swapped(self, rng: random.Random) -> Sequence[Encoded]:
        assert self._values is not None
        result = list(self._encoded)
        chosen = [index for index in range(len(result)) if rng.random() < self.training.swap_values]
        rows = [swap_values(self.rows[index], self._values, rng) for index in chosen]
        for index, encoded in zip(chosen, self.encoder.encode(rows), strict=True):
            result[index] = encoded
        return result


def order(seed: int, epoch: int) -> random.Random:
    return random.Random(f"{seed}:{epoch}")  # noqa: S311 (an order, no secret)


def packed(rows: Sequence[Encoded], source: Prefixes, training: Training, rng: random.Random) -> Epoch:
    """Raises TrainingError where no row fits into a sequence."""
    lengths = [len(prefix) for prefix in source.prefixes]
    if training.stream is None:
        packs, dropped = pack(rows, lengths, training.sequence, rng)
    else:
        packs, dropped = pack_trees(rows, source, training.sequence, rng)
    if not packs:
        longest = max((lengths[row.prefix] + len(row.tokens) for row in rows), default=0)
        raise TrainingError(
            f"no row fits into {training.sequence} tokens",
            where="training.sequence",
            hint=f"Raise training.sequence (and training.base.context); the longest row takes {longest} tokens.",
        )
    return Epoch(packs, rows, dropped, source)


def gather(parts: Sequence[tuple[Pack, Epoch]], *, tree: bool = False) -> Batch:
    """One batch of packs that may come from two epochs."""
    rows: list[Encoded] = []
    packs = []
    source = Prefixes(parts[0][1].source.objective)
    numbers: dict[tuple[int, int], int] = {}
    for item, epoch in parts:
        start = len(rows)
        for index in item.rows:
            row = epoch.rows[index]
            key = (id(epoch.source), row.prefix)
            if key not in numbers:
                numbers[key] = source.add(epoch.source.prefixes[row.prefix], epoch.source.stems[row.prefix])
            rows.append(Encoded(numbers[key], row.tokens, row.weights))
        packs.append(Pack(tuple(range(start, len(rows)))))
    return collate(packs, rows, source, tree=tree)


def _pack_weight(item: Pack, epoch: Epoch) -> float:
    rows = [epoch.rows[index] for index in item.rows]
    prefixes = sum(float(epoch.source.prefix_weights(number).sum()) for number in {row.prefix for row in rows})
    return prefixes + sum(float(row.weights.sum()) for row in rows)


def validation_batches(
    rows: Sequence[Conversation], encoder: Encoder, training: Training, rank: int, world: int, *, tree: bool = False
) -> list[Batch]:
    """This worker's share of at most VALIDATION_PACKS packs, always the same ones; empty where there is no such row."""
    encoded = encoder.encode(rows)
    lengths = [len(prefix) for prefix in encoder.prefixes]
    if training.stream is None:
        packs, dropped = pack(encoded, lengths, training.sequence, random.Random(0))  # noqa: S311
    else:
        packs, dropped = pack_trees(encoded, encoder, training.sequence, random.Random(0))  # noqa: S311
    epoch = Epoch(packs, encoded, dropped, encoder)
    share = [(item, epoch) for item in packs[:VALIDATION_PACKS]][rank::world]
    size = max(1, training.batch // world)
    return [gather(share[at : at + size], tree=tree) for at in range(0, len(share), size)]


def token_count(batch: Batch) -> int:
    return int(np.prod(batch.tokens.shape))
