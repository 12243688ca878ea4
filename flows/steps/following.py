"""Showing how a training job goes: its metrics file becomes a progress bar, or a line now and then, and callbacks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType

from flows.steps.job import Job

_LINE_EVERY = 10.0  # seconds, where the output is no terminal


class Follower:
    """Reads what rank 0 appends to the job's metrics file. ``poll`` is cheap; call it as often as you like."""

    def __init__(self, job: Job, on_metrics: Callable[[dict[str, float]], None] | None = None) -> None:
        self.job = job
        self.on_metrics = on_metrics
        # Lines of an interrupted run have been seen by whoever followed that one.
        self._offset = job.metrics_file.stat().st_size if job.metrics_file.exists() else 0
        self._last = 0.0
        self._progress = None

    def __enter__(self) -> Follower:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"))
            self._progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
            self._bar = self._progress.add_task("training", total=self.job.training.steps, said="starting")
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.poll()
        if self._progress is not None:
            self._progress.stop()

    def poll(self) -> None:
        lines = self._new_lines()
        for metrics in lines:
            if self.on_metrics is not None:
                self.on_metrics(metrics)
        if lines:
            self._show(lines[-1])

    def _new_lines(self) -> list[dict[str, float]]:
        try:
            with self.job.metrics_file.open("rb") as handle:
                handle.seek(self._offset)
                data = handle.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [json.loads(line) for line in whole.splitlines() if _is_json(line)]

    def _show(self, metrics: dict[str, float]) -> None:
        said = f"loss {metrics['loss']:.3f}  {metrics['tokens_per_s']:,.0f} tokens/s"
        if "validation_loss" in metrics:
            said += f"  validation {metrics['validation_loss']:.3f}"
        done, total = int(metrics["step"]), self.job.training.steps
        if self._progress is not None:
            self._progress.update(self._bar, completed=done, said=said)
        elif time.monotonic() - self._last >= _LINE_EVERY or done == total:
            self._last = time.monotonic()
            left = metrics["seconds"] / done * (total - done)
            print(f"training: step {done}/{total}  {said}  {left:.0f} s left", file=sys.stderr, flush=True)


def _is_json(line: bytes) -> bool:
    """A worker that was killed may have left half a line."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
