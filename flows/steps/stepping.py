"""One optimizer step, whoever holds the weights: one process, all of them alike (DDP), or each a part (partitioning)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy

from flows.steps import checkpointing, modelling
from flows.steps.checkpointing import State
from flows.steps.halving import cpu_has_bfloat16, halve
from flows.steps.job import Job
from flows.steps.optimising import build_optimizer
from flows.steps.packing import Batch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class Loss(torch.nn.Module):
    """The weighted sum of a batch's losses. Logits are computed only where a token bears loss.

    With ``judging`` it gives three sums instead: losses, answers, and answers that greedy decoding would give token for
    token, which is so where every token of the answer is the likeliest after the right ones before it.
    """

    def __init__(self, model: Any, precision: str) -> None:
        super().__init__()
        self.model = model
        self.autocast = precision == "bfloat16"
        if self.autocast and model.device.type == "cpu" and cpu_has_bfloat16():
            halve(model.get_decoder())
            self.autocast = False

    def forward(self, batch: Batch, judging: bool = False) -> torch.Tensor:
        device = batch.tokens.device.type
        low = torch.autocast(device, torch.bfloat16) if self.autocast else contextlib.nullcontext()
        inner = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        with low:
            decoder = inner.get_decoder()
            hidden = decoder(
                input_ids=batch.tokens, position_ids=batch.positions, use_cache=False, layout=batch.layout
            ).last_hidden_state[0]
            logits = inner.get_output_embeddings()(hidden.index_select(0, batch.predicted - 1))
        wanted = batch.tokens[0].index_select(0, batch.predicted)
        loss = (cross_entropy(logits.float(), wanted, reduction="none") * batch.weights).sum()
        return torch.stack([loss, *_answers(batch.predicted, logits.argmax(-1) == wanted)]) if judging else loss


def _answers(predicted: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How many runs of neighbouring tokens there are, and how many of them are right throughout."""
    starts = torch.ones_like(right)
    starts[1:] = predicted[1:] != predicted[:-1] + 1
    run = starts.long().cumsum(0) - 1
    wrong = torch.zeros(len(right), device=right.device).index_add_(0, run, (~right).float())
    count = starts.sum()
    return count.float(), (wrong[: int(count)] == 0).sum().float()


class Stepper(Protocol):
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer

    def judge(self, batch: Batch) -> torch.Tensor:
        """Three sums (see Loss), without gradient bookkeeping of its own."""
        ...

    def step(self, batch: Batch, weight: float) -> tuple[float, float]:
        """Learn from this worker's share; ``weight`` is that of all shares. Returns its part of the mean loss, and the
        norm of the whole gradient before clipping."""
        ...

    def save(self, root: Path, state: State, rank: int) -> None: ...

    def restore(self, folder: Path) -> State: ...

    def save_model(self, tokenizer: PreTrainedTokenizerFast, folder: Path, rank: int) -> None: ...


class Replicated:
    """Every worker holds all weights; gradients are averaged by DDP where there are several."""

    def __init__(self, model: Any, job: Job, world: int) -> None:
        self.model = model
        self.world = world
        self.clip = job.training.clip
        self.optimizer = build_optimizer(model, job.training)
        self.bare = Loss(model, job.workers.precision)
        self.wrapped: torch.nn.Module = self.bare
        if world > 1:
            from torch.nn.parallel import DistributedDataParallel

            self.wrapped = DistributedDataParallel(self.bare, gradient_as_bucket_view=True)
        model.train()

    def judge(self, batch: Batch) -> torch.Tensor:
        return self.bare(batch, judging=True)

    def step(self, batch: Batch, weight: float) -> tuple[float, float]:
        self.optimizer.zero_grad()
        loss = self.wrapped(batch) / weight
        (loss * self.world).backward()  # DDP divides by the number of workers; the sum is what is wanted
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        if torch.isfinite(norm):  # the loop raises on what is not; the weights stay usable
            self.optimizer.step()
        return float(loss.detach()), float(norm)

    def save(self, root: Path, state: State, rank: int) -> None:
        if rank == 0:
            checkpointing.save(root, state, checkpointing.trainable(self.model), self.optimizer)
        if self.world > 1:
            dist.barrier()

    def restore(self, folder: Path) -> State:
        return checkpointing.restore(folder, self.model, self.optimizer)

    def save_model(self, tokenizer: PreTrainedTokenizerFast, folder: Path, rank: int) -> None:
        if rank == 0:
            modelling.save_model(self.model, tokenizer, folder)
        if self.world > 1:
            _part()


def _part() -> None:
    """The last thing that workers do together.

    After Gloo's plain barrier the faster worker may close its connection while a slower one still reads from it, which ends
    that one with an error. In a monitored barrier worker 0, which writes the result, has nothing left to read.
    """
    if dist.get_backend() == "gloo":
        dist.monitored_barrier()
    else:
        dist.barrier()


def build_stepper(model: Any, job: Job, world: int) -> Stepper:
    if job.workers.zero_stage:
        from flows.steps.partitioning import Partitioned

        return Partitioned(model, job, world)
    return Replicated(model, job, world)
