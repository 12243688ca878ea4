"""How good an exported wake word is: misses on voices and words that it never heard, and false accepts an hour of other sound.

Everything goes through the engine that serves it, hop by hop as in a stream. Does not cover microphones and real voices.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from flows.steps.speech import augment
from flows.steps.speech.espeak import Synthesizer
from flows.steps.wake.learning import HEARD, RATE_ALLOWED
from flows.steps.wake.network import HOP, RATE, STEP
from flows.steps.wake.scenes import Condition, Studio
from serve.engines.wake_word import WakeWord

CONDITIONS: tuple[Condition, ...] = get_args(Condition)
HOURS, CLIPS = 5.5, 400
_STRETCH_S = 30
CURVE = "det.png"


@dataclass(frozen=True)
class Trials:
    """``heard``: highest score around the end of the phrase, by condition; ``near``: of each near miss; ``stream``: of every hop
    of other sound."""

    heard: dict[str, NDArray[np.float32]]
    near: NDArray[np.float32]
    stream: NDArray[np.float32]

    @property
    def hours(self) -> float:
        return len(self.stream) * HOP / RATE / 3600


def measure(folder: Path, limit: int = CLIPS, seed: int = 0, curve: Path | None = None) -> dict[str, float]:
    """Figures at the shipped threshold, and the misses at half a false accept an hour read from the whole curve.

    ``limit`` clips a condition and as many near misses; with fewer than ``CLIPS`` the hours of other sound are cut in
    proportion. Draws the curve into ``curve``. Takes three minutes of a core in full.
    """
    model = WakeWord(folder)
    with Synthesizer() as synthesizer:
        studio = Studio(model.about.phrase, "test", synthesizer)
        studio.begin(seed)
        trials = _tried(model, studio, limit, HOURS * min(1.0, limit / CLIPS))
    everything = np.concatenate(list(trials.heard.values()))
    threshold = model.about.threshold
    lowest = threshold_for(trials, RATE_ALLOWED, model.about.refractory_s)
    figures = {f"misses_{name}": share_below(values, threshold) for name, values in trials.heard.items()}
    figures |= {
        "misses": share_below(everything, threshold),
        "misses_at_half_an_hour": share_below(everything, lowest),
        "near_accepted": 1 - share_below(trials.near, threshold),
        "false_accepts": float(accepts(trials.stream, threshold, model.about.refractory_s)),
        "hours": trials.hours,
        "hop_ms": _hop_ms(model),
    }
    figures["false_accepts_an_hour"] = figures["false_accepts"] / trials.hours
    if curve is not None:
        draw(trials, model.about.refractory_s, curve)
    return figures


def accepts(stream: NDArray[np.float32], threshold: float, refractory_s: float) -> int:
    """Detections in a stream of scores, as the engine counts them."""
    deaf = int(refractory_s * RATE / HOP)
    count, until = 0, -1
    for hop in np.flatnonzero(stream > threshold):
        if hop > until:
            count, until = count + 1, hop + deaf
    return count


def threshold_for(trials: Trials, rate: float, refractory_s: float) -> float:
    """The lowest score of the stream that, as a threshold, gives at most ``rate`` false accepts an hour."""
    candidates = np.unique(np.sort(trials.stream)[::-1][:2000])[::-1]
    allowed, lowest = rate * trials.hours, float(candidates[0])
    for candidate in candidates:
        if accepts(trials.stream, float(candidate), refractory_s) > allowed:
            break
        lowest = float(candidate)
    return lowest


def share_below(scores: NDArray[np.float32], threshold: float) -> float:
    return float(np.mean(scores <= threshold)) if scores.size else float("nan")


def draw(trials: Trials, refractory_s: float, picture: Path) -> None:
    """Misses against false accepts an hour, each condition a line (a detection error trade-off curve)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ranked = np.unique(np.concatenate((np.sort(trials.stream)[::-1][:4000:20], np.array((0.5,), np.float32))))
    rates = [accepts(trials.stream, float(value), refractory_s) / trials.hours for value in ranked]
    for name, values in trials.heard.items():
        axes.plot(rates, [100 * share_below(values, float(value)) for value in ranked], label=name)
    axes.axvline(RATE_ALLOWED, color="grey", linewidth=0.8)
    axes.set_xscale("symlog", linthresh=0.2)
    axes.set_xlabel(f"false accepts an hour, over {trials.hours:.1f} hours")
    axes.set_ylabel("misses, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(picture, dpi=110)


def _tried(model: WakeWord, studio: Studio, limit: int, hours: float) -> Trials:
    heard = {}
    for condition in CONDITIONS:
        scenes = list(studio.tests(limit, condition))
        heard[condition] = np.array([_highest(model, scene.audio, scene.end) for scene in scenes], np.float32)
    near = np.array([_highest(model, scene.audio, None) for scene in studio.nears(limit)], np.float32)
    stream = model.listen()
    return Trials(heard, near, np.concatenate([stream.scores(piece) for piece in _other_sound(studio, hours)]))


def _other_sound(studio: Studio, hours: float) -> Iterator[augment.Audio]:
    """Half a minute at a time, so that hours take no memory."""
    for _ in range(max(1, round(hours * 3600 / _STRETCH_S))):
        yield studio.stretch(_STRETCH_S * RATE)


def _highest(model: WakeWord, audio: augment.Audio, end: int | None) -> float:
    """The highest score in a stream of its own with a second of silence behind it; around ``end``, where there is one."""
    scores = model.listen().scores(np.concatenate((audio, np.zeros(RATE, np.float32))))
    if end is None:
        return float(scores.max())
    newest = (np.arange(len(scores)) + 1) * HOP
    return float(scores[(newest > end + HEARD[0] * STEP) & (newest <= end + HEARD[1] * STEP)].max())


def _hop_ms(model: WakeWord) -> float:
    """Median over 300 hops pushed alone, checks included."""
    stream, silence, times = model.listen(), np.zeros(HOP, np.float32), []
    for _ in range(300):
        began = time.perf_counter()
        stream.push(silence)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))
