"""One loop that fits every speech model: schedule by steps or by the clock, checkpoints, metrics, learning curve.

What is learnt, from which batches and how it is judged is the Learner's. Does not cover export, nor the registry.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import torch

from flows.steps import checkpointing
from flows.steps.checkpointing import State
from flows.steps.optimising import build_optimizer
from flows.steps.speech.curves import draw
from flows.steps.storing import disk_errors
from schemas.errors import TrainingDiverged
from schemas.hashing import write_atomic
from schemas.pipeline import Training
from schemas.speech import Fit

METRICS, CURVE, CHECKPOINTS = "metrics.jsonl", "curve.png", "checkpoints"
_EVERY = 10.0  # seconds between lines of progress

Say = Callable[[str], None]


class Learner(Protocol):
    @property
    def model(self) -> torch.nn.Module: ...

    def batches(self, start: int) -> Iterator[Any]:
        """The batch of step ``start`` (from 0) and all after it, without end; a function of the seed and the step alone."""
        ...

    def loss(self, batch: Any, share: float) -> tuple[torch.Tensor, dict[str, float]]:
        """The loss to descend, and figures to keep beside it. ``share`` of the budget is used, from 0 to 1."""
        ...

    def evaluate(self) -> dict[str, float]:
        """Held-out figures of the model as it is, in evaluation mode and without gradients."""
        ...


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fit(learner: Learner, recipe: Fit, folder: Path, say: Say = print) -> dict[str, float]:
    """Fit to the end of the budget, or from the newest whole checkpoint in ``folder`` to the end; the last figures.

    ``folder`` gets metrics.jsonl (one line a step), curve.png and checkpoints/. A run that was killed goes on with the same
    batches and the same dropout; its clock stands still meanwhile. Raises TrainingDiverged, and DiskFull.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)  # sums of tiny numbers are many times slower
    try:
        with disk_errors(folder):
            return _Run(learner, recipe, folder, say).to_the_end()
    finally:
        torch.set_flush_denormal(False)  # a setting of the whole process, whose other work it would falsify


def rate_share(share: float, recipe: Fit) -> float:
    """Part of the learning rate when ``share`` of the budget is used: a linear rise, a plateau, a linear fall to nothing.

    Warmup-stable-decay, Hu et al. 2024, "MiniCPM", section 4.
    """
    rise = max(0.01, share / recipe.warmup) if recipe.warmup else 1.0
    fall = (1 - share) / recipe.decay if recipe.decay else 1.0
    return max(0.0, min(1.0, rise, fall))


def forget_checkpoints(folder: Path) -> None:
    """Free the disk once the model is exported; metrics and curve stay."""
    import shutil

    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


class _Run:
    def __init__(self, learner: Learner, recipe: Fit, folder: Path, say: Say) -> None:
        self.learner, self.recipe, self.folder, self.say = learner, recipe, folder, say
        as_training = Training(
            optimizer=recipe.optimizer,
            learning_rate=recipe.learning_rate,
            matrix_rate=recipe.matrix_rate,
            weight_decay=recipe.weight_decay,
        )
        self.optimizer = build_optimizer(learner.model, as_training)
        newest = checkpointing.newest(folder / CHECKPOINTS)
        nothing = State(step=0, epoch=0, taken=0, tokens=0, seconds=0.0)
        self.state = checkpointing.restore(newest, learner.model, self.optimizer) if newest else nothing
        self.metrics = self._kept_metrics(self.state.step)
        self.started = time.monotonic() - self.state.seconds

    def to_the_end(self) -> dict[str, float]:
        self.learner.model.train()
        said = time.monotonic()
        step = self.state.step
        if self._used(step) >= 1:
            return self.metrics
        for batch in self.learner.batches(step):
            self._learn(batch, step)
            step += 1
            ended = self._used(step) >= 1
            if ended or step % self.recipe.evaluate_every == 0:
                self._evaluate()
                ended = self._used(step) >= 1
            self._write()
            if ended or time.monotonic() - said >= _EVERY:
                said = time.monotonic()
                self.say(self._line(step))
            if ended or step % self.recipe.checkpoint_every == 0:
                self._save(step)
            if ended:
                break
        return self.metrics

    def _learn(self, batch: Any, step: int) -> None:
        share = self._used(step)
        part = rate_share(share, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * part
        torch.manual_seed((self.recipe.seed << 32) + step)  # dropout too is a function of the step: a resumed run repeats it
        self.optimizer.zero_grad()
        loss, figures = self.learner.loss(batch, share)
        loss.backward()
        norm = float(torch.nn.utils.clip_grad_norm_(self.learner.model.parameters(), self.recipe.clip))
        value = float(loss.detach())
        if not math.isfinite(value) or not math.isfinite(norm):
            raise TrainingDiverged(f"the loss is {value} (gradient norm {norm}) at step {step + 1}", where=str(self.folder))
        self.optimizer.step()
        self.metrics |= {"step": step + 1, "loss": value, "learning_rate": self.recipe.learning_rate * part}
        self.metrics |= {"gradient_norm": norm, "seconds": self._seconds(), **figures}

    def _evaluate(self) -> None:
        self.learner.model.eval()
        with torch.no_grad():
            self.metrics |= self.learner.evaluate() | {"seconds": self._seconds()}
        self.learner.model.train()
        draw(self.folder / METRICS, self.folder / CURVE)

    def _write(self) -> None:
        with (self.folder / METRICS).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({key: round(value, 6) for key, value in self.metrics.items()}) + "\n")

    def _save(self, step: int) -> None:
        kept = set(self.learner.model.state_dict())
        buffers = {name: value for name, value in self.learner.model.named_buffers() if name in kept}
        state = State(step=step, epoch=0, taken=step, tokens=0, seconds=self._seconds())
        weights = checkpointing.trainable(self.learner.model) | buffers
        checkpointing.save(self.folder / CHECKPOINTS, state, weights, self.optimizer)

    def _kept_metrics(self, step: int) -> dict[str, float]:
        """The figures of ``step``; lines after it are of steps that are now done again, and go."""
        file = self.folder / METRICS
        lines = file.read_text(encoding="utf-8").splitlines()[:step] if file.is_file() else []
        write_atomic(file, "".join(f"{line}\n" for line in lines))
        return json.loads(lines[-1]) if lines else {}

    def _seconds(self) -> float:
        return time.monotonic() - self.started

    def _used(self, step: int) -> float:
        """Share of the budget, by whichever bound is nearer."""
        by_steps = step / self.recipe.steps if self.recipe.steps else 0.0
        by_clock = self._seconds() / (60 * self.recipe.minutes) if self.recipe.minutes else 0.0
        return min(1.0, max(by_steps, by_clock))

    def _line(self, step: int) -> str:
        hidden = {"step", "seconds", "gradient_norm", "learning_rate"}
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items() if name not in hidden)
        return f"step {step}, {self._used(step):.0%} of the budget, {self._seconds():.0f} s: {figures}"
