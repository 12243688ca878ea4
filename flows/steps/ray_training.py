"""The driver of a training job on Ray: Ray Train starts the workers, and starts them again when one dies."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from flows.steps.job import Job

_REPORT_EVERY = 25  # steps; a report waits for all workers


def work(config: dict[str, Any]) -> None:
    """One worker: Ray Train has made the process group already."""
    import ray.train
    import torch

    from flows.steps.looping import run

    job = Job.model_validate(config["job"])
    if job.error_file.exists():
        return  # an error of ours stopped this run; Ray tries again after any exception, and it would end the same
    torch.set_num_threads(job.workers.threads)

    def report(metrics: dict[str, float]) -> None:
        step = int(metrics["step"])
        if step % _REPORT_EVERY == 0 or step == job.training.steps:
            ray.train.report(metrics)

    run(job, report)


def fit(job: Job) -> None:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    workers = job.workers
    trainer = TorchTrainer(
        work,
        train_loop_config={"job": job.model_dump(mode="json")},
        torch_config=TorchConfig(backend="nccl" if workers.gpus else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=workers.count,
            use_gpu=workers.gpus > 0,
            resources_per_worker={"CPU": workers.cpus, **({"GPU": workers.gpus} if workers.gpus else {})},
        ),
        run_config=RunConfig(
            name="ray",
            storage_path=str(Path(job.run).resolve()),
            failure_config=FailureConfig(max_failures=workers.max_failures),
            # Ray gives a worker as many threads as it has CPUs; with several on shared cores they fight.
            worker_runtime_env={"env_vars": {"OMP_NUM_THREADS": str(workers.threads), "TOKENIZERS_PARALLELISM": "false"}},
        ),
    )
    trainer.fit()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one training job with Ray Train.")
    parser.add_argument("--job", type=Path, required=True, help="job.json, as a launcher writes it")
    fit(Job.read(parser.parse_args().job))


if __name__ == "__main__":
    main()
