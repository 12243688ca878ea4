"""Training with weights, gradients and optimizer spread over the workers by DeepSpeed ZeRO.

Needs the ``cluster`` extra. Its checkpoints are DeepSpeed's own files, one a worker, in our folder with our manifest: they
belong to one run on one machine or cluster and are never exchanged; what leaves training is safetensors like everything else.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from flows.steps import checkpointing, modelling
from flows.steps.checkpointing import State
from flows.steps.job import Job
from flows.steps.optimising import adamw
from flows.steps.packing import Batch
from flows.steps.stepping import Loss
from schemas.errors import ConfigError
from schemas.hashing import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_TAG = "zero"


class Partitioned:
    """A Stepper over a DeepSpeed engine. All workers must call ``save``, ``restore`` and ``save_model`` together."""

    def __init__(self, model: Any, job: Job, world: int) -> None:
        try:
            import deepspeed  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ConfigError(
                "DeepSpeed is not installed",
                where="workers.zero_stage",
                hint="Install the `cluster` extra, or set zero_stage: 0.",
            ) from error
        if not dist.is_initialized():
            raise ConfigError("ZeRO needs several workers", where="workers.count", hint="Set zero_stage: 0 for one worker.")
        if job.training.optimizer != "adamw":
            raise ConfigError(
                "ZeRO cuts matrices into parts, and Muon needs them whole",
                where="training.optimizer",
                hint="Set training.optimizer: adamw, or workers.zero_stage: 0.",
            )
        self.model = model
        self.world = world
        self.stage = job.workers.zero_stage
        model.train()
        settings = {
            "train_micro_batch_size_per_gpu": 1,
            "gradient_accumulation_steps": 1,
            "gradient_clipping": job.training.clip,
            "zero_optimization": {"stage": self.stage},
            "zero_allow_untested_optimizer": True,
            "bf16": {"enabled": False},
        }
        self.engine, self.optimizer, _, _ = deepspeed.initialize(
            model=Loss(model, job.workers.precision),
            optimizer=adamw([p for p in model.parameters() if p.requires_grad], job.training, fused=False),
            config=settings,
        )

    def judge(self, batch: Batch) -> torch.Tensor:
        return self.engine(batch, judging=True)

    def step(self, batch: Batch, weight: float) -> tuple[float, float]:
        loss = self.engine(batch) / weight
        self.engine.backward(loss * self.world)  # DeepSpeed divides by the number of workers, as DDP does
        self.engine.step()
        norm = self.engine.get_global_grad_norm()
        return float(loss.detach()), float(norm if norm is not None else 0.0)

    def save(self, root: Path, state: State, rank: int) -> None:
        target = checkpointing.folder_of(root, state.step)
        building = root / f".{target.name}"
        if rank == 0:
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
        dist.barrier()
        self.engine.save_checkpoint(str(building), tag=_TAG, save_latest=False)
        dist.barrier()
        if rank == 0:
            write_json(building / "state.json", {"state": vars(state), "optimizer": {"world": self.world, "stage": self.stage}})
            checkpointing.seal(root, building, target)
        dist.barrier()

    def restore(self, folder: Path) -> State:
        """Raises ConfigError where the checkpoint was cut for another number of workers."""
        made = json.loads((folder / "state.json").read_text(encoding="utf-8"))["optimizer"]
        if (made.get("world"), made.get("stage")) != (self.world, self.stage):
            raise ConfigError(
                f"the checkpoint was made by {made.get('world')} workers at ZeRO stage {made.get('stage')}",
                where=str(folder),
                hint="Run it with the same workers, or delete the folder to start again.",
            )
        self.engine.load_checkpoint(str(folder), tag=_TAG)
        return checkpointing.read_state(folder)

    def save_model(self, tokenizer: PreTrainedTokenizerFast, folder: Path, rank: int) -> None:
        if self.stage == 3:
            import deepspeed  # pyright: ignore[reportMissingImports]

            with deepspeed.zero.GatheredParameters(list(self.model.parameters()), modifier_rank=0):
                self._write(tokenizer, folder, rank)
        else:
            self._write(tokenizer, folder, rank)
        dist.barrier()

    def _write(self, tokenizer: PreTrainedTokenizerFast, folder: Path, rank: int) -> None:
        if rank == 0:
            modelling.save_model(self.model, tokenizer, folder)
