"""What the wake word's network learns, from which scenes, and how it is judged meanwhile: a Learner for speech.fitting.

Scenes follow one another in rows, so that each hop but the first few of a row is learnt from. Half of the talk and noise is
drawn from what came nearest to the phrase before (hard negatives). Near misses are not: a network that is made to tell the last
of them from the phrase is sure of neither, and then misses more at the threshold that talk sets. Does not cover the shipped
threshold's choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from flows.steps.wake.network import BANDS, FEATURE_SCALE, WakeNetwork, mel_edges
from flows.steps.wake.network import FRAMES as HOP_FRAMES
from flows.steps.wake.pool import NEAR, POSITIVE, TALK, Pool
from flows.steps.wake.scenes import FRAMES, SCENE_S
from schemas.speech import WakeRecipe

RATE_ALLOWED = 0.5
"""False accepts an hour."""
_ROW = 8  # scenes
_POSITIVES, _NEAR = 0.375, 0.125
"""Shares of what is drawn, whatever the pool's are: the phrase often, what only sounds like it seldom."""
_FIRM = (4, 32)
"""Frames after the end of the phrase in which one hop must say so."""
_LOOSE = (-24, 96)
"""Frames around it in which nothing else is asked."""
HEARD = (-16, 80)
"""Frames around the end of the phrase in which hearing it counts."""
_CENTRES = mel_edges()[1:-1]


@dataclass(frozen=True)
class Batch:
    """``features`` (rows, frames, bands); ``labels`` (rows, hops): n where the n-th phrase of the batch has just ended, 0 where
    none has, -1 for either."""

    features: torch.Tensor
    labels: torch.Tensor
    scenes: int


class WakeLearner:
    """``hardness``: the highest logit that each scene of ``pool`` drew before, None when nothing is known yet."""

    def __init__(
        self, model: WakeNetwork, recipe: WakeRecipe, pool: Pool, held_out: Pool, hardness: NDArray[np.float32] | None = None
    ) -> None:
        self.model: torch.nn.Module = model
        self._network = model
        self._recipe, self._pool, self._held_out = recipe, pool, held_out
        self._of_kind = {kind: np.flatnonzero(pool.kinds == kind) for kind in (POSITIVE, NEAR, TALK)}
        talk = self._of_kind[TALK]
        self._hard = talk if hardness is None else talk[np.argsort(-hardness[talk])[: max(1, len(talk) // 12)]]

    def batches(self, start: int) -> Iterator[Batch]:
        for step in count(start):
            rng = np.random.default_rng((self._recipe.fit.seed, len(self._pool), step))
            yield self._batch(rng)

    def loss(self, batch: Batch, share: float) -> tuple[torch.Tensor, dict[str, float]]:
        """Mean over the phrases of the best of the hops that should hear each, plus the sum over all that should not a scene."""
        logits = self.model(batch.features)
        said, unsaid = batch.labels > 0, logits[batch.labels == 0]
        best = logits.new_full((int(batch.labels.max()) + 1,), -torch.inf)
        best = best.scatter_reduce(0, batch.labels[said], logits[said], "amax")[1:]
        best = best[best > -torch.inf]  # without those that end where the row shows no hop yet
        missed = functional.softplus(-best).mean() if len(best) else logits.sum() * 0
        false = functional.softplus(unsaid).sum() / batch.scenes
        return missed + false, {"missed_loss": missed.item(), "false_loss": false.item()}

    def evaluate(self) -> dict[str, float]:
        """Misses at half a false accept an hour of talk and noise, and the share of near misses that would be accepted then."""
        highest = scores(self._network, self._held_out)
        kinds = self._held_out.kinds
        threshold = threshold_at(highest[kinds == TALK], float((kinds == TALK).sum()) * SCENE_S / 3600, RATE_ALLOWED)
        accepted = highest > threshold
        return {
            "misses": float(1 - accepted[kinds == POSITIVE].mean()),
            "near_accepted": float(accepted[kinds == NEAR].mean()),
            "threshold": float(threshold),
        }

    def _batch(self, rng: np.random.Generator) -> Batch:
        rows = max(1, self._recipe.fit.batch // _ROW)
        wanted = rows * _ROW
        positives, near = round(wanted * _POSITIVES), round(wanted * _NEAR)
        hard = (wanted - positives - near) // 2
        drawn = {POSITIVE: positives, NEAR: near, TALK: wanted - positives - near - hard}
        chosen = [rng.choice(self._of_kind[kind], number) for kind, number in drawn.items()]
        chosen.append(rng.choice(self._hard, hard))
        order = rng.permutation(np.concatenate(chosen))
        features = self._pool.take(order)
        ends = paced(features, self._pool.ends[order], rng)
        _mix(features, self._pool, rng)
        features = features.reshape(rows, _ROW * FRAMES, BANDS)
        _mask(features, rng)
        labels = labels_of(ends.reshape(rows, _ROW), self._network.view)
        return Batch(torch.from_numpy(features), torch.from_numpy(labels), wanted)


def labels_of(ends: NDArray[np.int32], view: int) -> NDArray[np.int64]:
    """``ends`` (rows, scenes): frame in its scene where the phrase ends, or -1. Gives (rows, hops) as in Batch."""
    rows, scenes = ends.shape
    hops = (scenes * FRAMES - view) // HOP_FRAMES + 1
    newest = np.arange(hops) * HOP_FRAMES + view
    labels = np.zeros((rows, hops), np.int64)
    for number, (row, place) in enumerate(zip(*np.nonzero(ends >= 0), strict=True), start=1):
        after = newest - (place * FRAMES + ends[row, place])
        labels[row, (after >= _LOOSE[0]) & (after < _LOOSE[1]) & (labels[row] < 1)] = -1
        labels[row, (after >= _FIRM[0]) & (after < _FIRM[1])] = number
    return labels


def threshold_at(highest: NDArray[np.float32], hours: float, rate: float) -> float:
    """The lowest threshold that at most ``rate`` scenes an hour exceed; ``highest`` is the highest logit of each."""
    allowed = int(rate * hours)
    ranked = np.sort(highest)[::-1]
    return float(ranked[min(allowed, len(ranked) - 1)])


@torch.no_grad()
def scores(model: WakeNetwork, pool: Pool) -> NDArray[np.float32]:
    """The highest logit in each scene, or around the end of the phrase where it is said; the scenes follow one another."""
    model.eval()
    results = []
    before = np.zeros((model.view - HOP_FRAMES, BANDS), np.float32)
    for first in range(0, len(pool), 64):
        indices = np.arange(first, min(first + 65, len(pool)))  # one more, in which what ended late may still be heard
        features = np.concatenate((before, pool.take(indices).reshape(-1, BANDS)))
        logits = model(torch.from_numpy(features)[None])[0].numpy()
        newest = (np.arange(len(logits)) + 1) * HOP_FRAMES
        shown = min(64, len(pool) - first)
        for place in range(shown):
            end = pool.ends[first + place]
            low, high = (0, FRAMES) if end < 0 else (end + HEARD[0], end + HEARD[1])
            results.append(logits[(newest > place * FRAMES + low) & (newest <= place * FRAMES + high)].max())
        before = features[: len(before) + shown * FRAMES][-len(before) :]
    model.train()
    return np.array(results, np.float32)


def paced(features: NDArray[np.float32], ends: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """A quarter of the scenes faster or slower, in place; where the phrase ends in each then. The last frame stays the last, what
    is missing before the first is the beginning played backwards."""
    ends = ends.copy()
    for place in np.flatnonzero(rng.random(len(features)) < 0.25):
        pace = float(rng.uniform(0.92, 1.08))
        source = np.abs(np.round(FRAMES - 1 - (FRAMES - 1 - np.arange(FRAMES)) * pace)).astype(np.int64)
        features[place] = features[place][source]
        if ends[place] >= 0:
            ends[place] = round(FRAMES - 1 - (FRAMES - 1 - ends[place]) / pace)
    return ends


def _mix(features: NDArray[np.float32], pool: Pool, rng: np.random.Generator) -> None:
    """A third of the scenes in another throat, on another microphone and at another loudness, a third of these with other talk
    or noise under them: power adds up."""
    chosen = np.flatnonzero(rng.random(len(features)) < 0.33)
    power = _power(features[chosen]) @ np.reshape([response(rng) for _ in chosen], (-1, BANDS, BANDS))
    under = rng.random(len(chosen)) < 0.33
    others = rng.choice(np.flatnonzero(pool.kinds == TALK), int(under.sum()))
    gains = (10 ** rng.uniform(-4.0, -1.5, (len(others), 1, 1))).astype(np.float32)
    power[under] += _power(pool.take(others)) * gains
    features[chosen] = np.log(1 + power) / np.float32(FEATURE_SCALE)


def _power(features: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.exp(features * np.float32(FEATURE_SCALE)) - 1


def response(rng: np.random.Generator) -> NDArray[np.float32]:
    """(bands, bands) from power to power: formants and pitch up to 6% higher or lower (vocal tract length perturbation,
    Jaitly and Hinton 2013), a smooth response within 3 dB, and a gain of -10 to 5 dB."""
    wanted = _CENTRES * rng.uniform(0.94, 1.06)
    places = np.interp(wanted, _CENTRES, np.arange(BANDS))
    weights = np.maximum(0, 1 - np.abs(np.arange(BANDS)[:, None] - places))
    decibels = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 6), rng.uniform(-3, 3, 6)) + rng.uniform(-10, 5)
    return (weights * 10 ** (decibels / 10)).astype(np.float32)


def _mask(features: NDArray[np.float32], rng: np.random.Generator) -> None:
    """In a third of the rows, a few neighbouring bands are silent, as on bad lines (SpecAugment, Park et al. 2019)."""
    for row in features:
        if rng.random() < 0.33:
            low = int(rng.integers(BANDS - 6))
            row[:, low : low + int(rng.integers(1, 7))] = 0.0
