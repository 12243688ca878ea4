"""Pretraining on one machine by itself: no server, no Ray, no Prefect; PyTorch, Transformers and the generator.

``python -m flows.steps.pretraining --recipe deployments/pipelines/starter_base.yaml --out FOLDER [--minutes 25]
[--device cuda]`` makes a base, trains it on streamed rows with the loop that every training uses, and leaves the model
in FOLDER/model, its figures in FOLDER/run and its learning curves in FOLDER/curves.png. Started again after a kill it goes
on from its newest checkpoint; with other minutes, the schedule follows those from there on.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from schemas.errors import ConfigError, RottieError
from schemas.loading import load_pipeline
from schemas.pipeline import ScratchBase, Training
from schemas.profile import Workers

_EVERY_S = 10.0  # between two lines of progress


def pretrain(training: Training, out: Path, workers: Workers) -> dict[str, float]:
    """Train to the end of the recipe's budget; returns the last metrics. Raises what looping.run raises."""
    from flows.steps import looping
    from flows.steps.job import Job

    base = _base(training, out / "base")
    job = Job(
        id=out.name,
        base=str(base),
        training=training,
        workers=workers,
        out=str(_empty(out / "model")),
        checkpoints=str(out / "checkpoints"),
        run=str(out / "run"),
    )
    Path(job.run).mkdir(parents=True, exist_ok=True)
    job.write()
    looping.run(job, _Teller(training))
    draw_curves(job.metrics_file, out / "curves.png")
    return job.read_result() or {}


def _base(training: Training, folder: Path) -> Path:
    """Made whole in a folder beside it, so that a kill leaves none or all."""
    if not isinstance(training.base, ScratchBase) or training.stream is None:
        raise ConfigError(
            "pretraining starts from random weights and streams its rows",
            where="training",
            hint="Give training.base.kind: scratch and training.stream.",
        )
    if not folder.is_dir():
        from flows.steps.founding import random_model
        from flows.steps.streaming import vocabulary_rows

        building = _empty(folder.with_name(f".{folder.name}"))
        random_model(vocabulary_rows(training.stream), training.base, building)
        building.rename(folder)
    return folder


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


class _Teller:
    """Prints how training goes: every few seconds, and at every look at the held-out rows."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._said = 0.0
        self._exam: float | None = None

    def __call__(self, metrics: dict[str, float]) -> None:
        examined = metrics.get("validation_loss") != self._exam
        if not examined and time.monotonic() - self._said < _EVERY_S:
            return
        self._said, self._exam = time.monotonic(), metrics.get("validation_loss")
        done = metrics["seconds"] / 60, self._training.minutes
        budget = f"{done[0]:.1f}/{done[1]:.0f} min" if done[1] else f"{done[0]:.1f} min"
        text = f"{budget}  step {metrics['step']:.0f}  {metrics['tokens'] / 1e6:.2f} M tokens"
        text += f"  {metrics['tokens_per_s']:,.0f} tokens/s  loss {metrics['loss']:.3f}  rate {metrics['learning_rate']:.2g}"
        if examined:
            text += f"  | held out: loss {metrics['validation_loss']:.4f}"
            text += f", calls exact {metrics['validation_exact']:.1%}" if "validation_exact" in metrics else ""
        print(text, flush=True)


def draw_curves(metrics: Path, target: Path) -> None:
    """Loss, and what held-out rows say, over tokens, as one picture."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    lines = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    at = [line["tokens"] / 1e6 for line in lines]
    left.plot(at, [line["loss"] for line in lines], linewidth=0.5, label="training")
    examined = [line for line in lines if "validation_loss" in line]
    seen = [line["tokens"] / 1e6 for line in examined]
    left.plot(seen, [line["validation_loss"] for line in examined], label="held-out answers")
    left.set(xlabel="million tokens", ylabel="loss", yscale="log")
    left.legend()
    right.plot(seen, [100 * line.get("validation_exact", 0) for line in examined])
    right.set(xlabel="million tokens", ylabel="held-out calls exact (%)", ylim=(0, 100))
    figure.tight_layout()
    figure.savefig(target, dpi=100, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description="Pretrain a model from scratch on this machine, without any server.")
    parser.add_argument("--recipe", required=True, help="a pipeline with training.stream, such as starter_base")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, help="instead of the recipe's")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cuda where there is one by default")
    parser.add_argument("--threads", type=int, default=1, help="threads of the processor")
    parser.add_argument("--generators", type=int, help="processes that make rows; 4 with cuda, a thread without")
    parser.add_argument("--set", action="append", default=[], dest="overrides", help="training.batch=64 and its like")
    given = parser.parse_args()
    overrides = [*given.overrides, *([f"training.minutes={given.minutes}"] if given.minutes else [])]
    if given.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        training = load_pipeline(given.recipe, overrides).training
        import torch

        from flows.steps.halving import cpu_has_bfloat16

        cuda = torch.cuda.is_available()
        if given.device == "cuda" and not cuda:
            raise ConfigError("PyTorch finds no GPU here", where="--device", hint="Leave --device out to train on the CPU.")
        torch.set_num_threads(given.threads)
        workers = Workers(
            launcher="alone",
            gpus=1 if cuda else 0,
            threads=given.threads,
            precision="bfloat16" if cuda or cpu_has_bfloat16() else "float32",
            generators=given.generators if given.generators is not None else 4 if cuda else 0,
        )
        result = pretrain(training, given.out, workers)
    except RottieError as error:
        sys.exit(str(error))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
