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
from flows.steps.feeding import Feed, token_count, validation_batches
from flows.steps.job import Job
from flows.steps.optimising import set_rate
from flows.steps.packing import Batch, Encoder
from flows.steps.reading import read_rows
from flows.steps.stepping import Stepper, build_stepper
from flows.steps.storing import disk_errors
from schemas.errors import RottieError, TrainingDiverged
from schemas.hashing import write_json
from schemas.pipeline import Lora

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
    encoder = Encoder(tokenizer, job.objective, job.training.request_loss)
    feed = Feed(list(read_rows(job.dataset, "train")), encoder, job.training)
    held_out = list(read_rows(job.dataset, "validation"))
    # Of answers alone, whatever else bears loss in training: so that recipes can be compared.
    judging = Encoder(tokenizer, job.objective)
    validation = [b.to(group.device) for b in validation_batches(held_out, judging, job.training, group.rank, group.world)]
    model: Any = modelling.load_model(base, attention=attending.NAME)
    if isinstance(job.training.method, Lora):
        model = modelling.add_adapter(model, job.training.method, job.training.seed)
    stepper = build_stepper(model.to(group.device), job, group.world)
    state = _resumed(job, stepper)
    last = _loop(job, group, feed, stepper, validation, state, on_metrics)
    stepper.save_model(tokenizer, Path(job.out), group.rank)
    if group.rank == 0:
        write_json(job.result_file, last)


def _resumed(job: Job, stepper: Stepper) -> State:
    newest = checkpointing.newest(Path(job.checkpoints))
    return stepper.restore(newest) if newest else State(step=0, epoch=0, taken=0, tokens=0, seconds=0.0)


def _loop(
    job: Job, group: Group, feed: Feed, stepper: Stepper, validation: list[Batch], state: State, on_metrics: OnMetrics
) -> dict[str, float]:
    training = job.training
    metrics: dict[str, float] = {"step": state.step, "dropped": feed.epoch(state.epoch).dropped}
    # Asked of the group: with few rows some workers have no share, and must still take part in the sum.
    validates = group.total(len(validation))[0] > 0
    started, tokens, since = time.monotonic() - state.seconds, state.tokens, (state.tokens, state.seconds)
    for number, step in enumerate(feed.steps(state.epoch, state.taken), start=state.step):
        if number == training.steps:
            break
        rate = set_rate(stepper.optimizer, number, training)
        batch = feed.batch(step, group.rank, group.world).to(group.device)
        loss, norm = stepper.step(batch, feed.weight(step))
        loss, count = group.total(loss, token_count(batch))
        done, tokens = number + 1, tokens + int(count)
        metrics |= {"step": done, "loss": loss, "learning_rate": rate, "gradient_norm": norm, "tokens": tokens}
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingDiverged(f"the loss is {loss} (gradient norm {norm}) at step {done}", where=job.run)
        if validates and (done % training.evaluate_every == 0 or done == training.steps):
            metrics["validation_loss"] = _validation_loss(group, stepper, validation)
        metrics["seconds"] = time.monotonic() - started
        metrics["tokens_per_s"] = (tokens - since[0]) / max(1e-9, metrics["seconds"] - since[1])
        if group.rank == 0:
            job.append_metrics(metrics)
        on_metrics(metrics)
        if done % training.checkpoint_every == 0 and done < training.steps:
            place = State(done, step.epoch, step.taken, tokens, metrics["seconds"])
            stepper.save(Path(job.checkpoints), place, group.rank)
    return metrics


@torch.no_grad()
def _validation_loss(group: Group, stepper: Stepper, batches: list[Batch]) -> float:
    """Mean over the loss-bearing tokens of all workers' shares."""
    stepper.model.eval()
    loss = sum(float(stepper.loss(batch)) for batch in batches)
    stepper.model.train()
    total, weight = group.total(loss, sum(float(batch.weights.sum()) for batch in batches))
    return total / max(1e-9, weight)


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
