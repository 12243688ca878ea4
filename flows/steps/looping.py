"""The training loop: PyTorch, Transformers and PEFT, and nothing of the orchestrators.

Runs alone (``python -m flows.steps.looping --job job.json``), under torchrun, or inside a worker of Ray Train
(ray_training). Does not cover where and how workers start (launching), nor what becomes of the model (training).
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from flows.steps import attending, checkpointing, modelling
from flows.steps.checkpointing import State
from flows.steps.feeding import Feed, Feeding, token_count, validation_batches
from flows.steps.job import Job
from flows.steps.optimising import set_rate
from flows.steps.packing import Batch, Encoder
from flows.steps.stepping import Stepper, build_stepper
from flows.steps.storing import disk_errors
from flows.steps.streaming import Streamed, held_out
from schemas.conversation import Conversation
from schemas.errors import RottieError, TrainingDiverged
from schemas.hashing import write_json
from schemas.pipeline import Lora, Training

OnMetrics = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Group:
    """The workers of this run, as this one sees them."""

    rank: int
    world: int
    device: torch.device

    def total(self, *values: float) -> list[float]:
        """Sums over all workers."""
        if self.world == 1:
            return list(values)
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return sums.tolist()


def join_group() -> Group:
    """The process group that a launcher has made or described in the environment; a group of one without either."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(local % torch.cuda.device_count())
    device = torch.device("cuda", torch.cuda.current_device()) if cuda else torch.device("cpu")
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if cuda else "gloo")
    if dist.is_initialized():
        return Group(dist.get_rank(), dist.get_world_size(), device)
    return Group(0, 1, device)


def run(job: Job, on_metrics: OnMetrics | None = None) -> None:
    """Train to the end, or from the newest whole checkpoint to the end, and leave the model in ``job.out``.

    ``on_metrics`` is called on every worker at the same steps. Errors of ours are also left in ``job.error_file``.
    """
    torch.set_flush_denormal(True)  # sums of tiny numbers are many times slower
    try:
        with disk_errors(Path(job.run)):
            _train(job, join_group(), on_metrics or (lambda metrics: None))
    except RottieError as error:
        job.write_error(error)
        raise
    finally:
        torch.set_flush_denormal(False)  # a setting of the whole process, whose other work it would falsify


def _train(job: Job, group: Group, on_metrics: OnMetrics) -> None:
    torch.manual_seed(job.training.seed)
    attending.register()
    base = Path(job.base)
    tokenizer = modelling.load_tokenizer(base)
    model: Any = modelling.load_model(base, attention=attending.NAME)
    if isinstance(job.training.method, Lora):
        model = modelling.add_adapter(model, job.training.method, job.training.seed)
    exam = _exam(job, tokenizer, group)
    stepper = build_stepper(model.to(group.device), job, group.world)
    state = _resumed(job, stepper)
    feed = _feeding(job, tokenizer)
    try:
        last = _loop(job, group, feed, stepper, exam, state, on_metrics)
    finally:
        feed.close()
    stepper.save_model(tokenizer, Path(job.out), group.rank)
    if group.rank == 0:
        write_json(job.result_file, last)


def _feeding(job: Job, tokenizer: Any) -> Feeding:
    if job.training.stream is not None:
        return Streamed(Path(job.base), job.objective, job.training, job.workers.generators)
    return Feed(_rows(job, "train"), Encoder(tokenizer, job.objective, job.training.request_loss), job.training)


def _rows(job: Job, split: str) -> list[Conversation]:
    if job.dataset is None:
        return list(held_out(job.training))
    from flows.steps.reading import read_rows

    return list(read_rows(job.dataset, split))


def _branches(job: Job, group: Group) -> bool:
    """Whether attention goes over trees: always on a CPU, and on a GPU for streamed rows, whose prompts have most in common.
    What begins a home's lines cannot bear loss there: many homes may follow the same tools."""
    return job.objective == "answers" and (group.device.type == "cpu" or job.training.stream is not None)


@dataclass(frozen=True)
class Exam:
    """Held-out rows of this worker: those whose answer is calls, and the others."""

    calls: list[Batch]
    others: list[Batch]


def _exam(job: Job, tokenizer: Any, group: Group) -> Exam:
    rows = _rows(job, "validation")
    # Of answers alone, whatever else bears loss in training: so that recipes can be compared.
    encoder = Encoder(tokenizer, job.objective)

    def batches(calls: bool) -> list[Batch]:
        some = [row for row in rows if bool(row.answer().tool_calls) is calls]
        made = validation_batches(some, encoder, job.training, group.rank, group.world, tree=_branches(job, group))
        return [batch.to(group.device) for batch in made]

    return Exam(batches(True), batches(False))


def _resumed(job: Job, stepper: Stepper) -> State:
    newest = checkpointing.newest(Path(job.checkpoints))
    return stepper.restore(newest) if newest else State(step=0, epoch=0, taken=0, tokens=0, seconds=0.0)


def _loop(
    job: Job, group: Group, feed: Feeding, stepper: Stepper, exam: Exam, state: State, on_metrics: OnMetrics
) -> dict[str, float]:
    training = job.training
    metrics: dict[str, float] = {"step": state.step, "dropped": feed.epoch(state.epoch).dropped}
    # Asked of the group: with few rows some workers have no share, and must still take part in the sum.
    validates = group.total(len(exam.calls) + len(exam.others))[0] > 0
    tokens, seconds, since = state.tokens, state.seconds, (state.tokens, state.seconds)
    mark, warm = time.monotonic(), 0
    for number, step in enumerate(feed.steps(state.epoch, state.taken), start=state.step):
        if _finished(training, number, seconds):
            break
        rate = set_rate(stepper.optimizer, number, training, seconds)
        batch = feed.batch(step, group.rank, group.world, tree=_branches(job, group)).to(group.device)
        loss, norm = stepper.step(batch, feed.weight(step))
        now, warm = time.monotonic(), warm + 1
        # What compiles or warms up in the first steps is no training; looks at held-out rows and checkpoints are none either.
        spent = (now - mark) if training.minutes is None or warm > job.workers.warm_steps else 0.0
        loss, count, spent = group.total(loss, token_count(batch), spent / group.world)
        done, tokens, seconds = number + 1, tokens + int(count), seconds + spent
        metrics |= {"step": done, "loss": loss, "learning_rate": rate, "gradient_norm": norm, "tokens": tokens}
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingDiverged(f"the loss is {loss} (gradient norm {norm}) at step {done}", where=job.run)
        last = _finished(training, done, seconds)
        if validates and (done % training.evaluate_every == 0 or last):
            metrics |= _examined(group, stepper, exam)
        metrics |= {"seconds": seconds, "tokens_per_s": (tokens - since[0]) / max(1e-9, seconds - since[1])}
        if group.rank == 0:
            job.append_metrics(metrics)
        on_metrics(metrics)
        if done % training.checkpoint_every == 0 and not last:
            place = State(done, step.epoch, step.taken, tokens, seconds)
            stepper.save(Path(job.checkpoints), place, group.rank)
        mark = time.monotonic()
    return metrics


def _finished(training: Training, steps: int, seconds: float) -> bool:
    return seconds >= training.minutes * 60 if training.minutes is not None else steps >= training.steps


@torch.no_grad()
def _examined(group: Group, stepper: Stepper, exam: Exam) -> dict[str, float]:
    """``validation_loss``: mean over loss-bearing tokens. ``validation_exact``: share of answers by calls that greedy
    decoding gets right throughout. Over all workers' shares."""
    stepper.model.eval()
    calls, others = ([stepper.judge(batch).tolist() for batch in part] for part in (exam.calls, exam.others))
    stepper.model.train()
    weight = sum(float(batch.weights.sum()) for batch in exam.calls + exam.others)
    loss = sum(row[0] for row in calls + others)
    loss, weight, answers, right = group.total(loss, weight, sum(row[1] for row in calls), sum(row[2] for row in calls))
    return {"validation_loss": loss / max(1e-9, weight)} | ({"validation_exact": right / answers} if answers else {})


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one training job on this machine.")
    parser.add_argument("--job", type=Path, required=True, help="job.json, as a launcher writes it")
    job = Job.read(parser.parse_args().job)
    torch.set_num_threads(job.workers.threads)
    try:
        run(job)
    except RottieError as error:
        raise SystemExit(str(error)) from error
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    main()
