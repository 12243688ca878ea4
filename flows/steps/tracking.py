"""A training run in MLflow: opened before the first step, fed while it goes, closed with how it ended."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from schemas.artifacts import Base, Dataset
from schemas.errors import StackDown, TrainingError
from schemas.hashing import write_json
from schemas.pipeline import Pipeline

if TYPE_CHECKING:
    from mlflow import MlflowClient

_EVERY = 5.0  # seconds between sendings
_NAMES = ("loss", "validation_loss", "learning_rate", "gradient_norm", "tokens", "tokens_per_s", "seconds")


class Tracker:
    """Without MLFLOW_TRACKING_URI it keeps no record, on purpose: a lone training machine may have no server."""

    def __init__(self, client: MlflowClient | None, run_id: str | None) -> None:
        self.run_id = run_id
        self._client = client
        self._waiting: list[Any] = []
        self._sent = time.monotonic()
        self._ended = False

    @classmethod
    def begin(cls, identity: str, dataset: Dataset, base: Base, pipeline: Pipeline, folder: Path) -> Tracker:
        """Open a run in the experiment of the pipeline's name, or the one of an interrupted training of ``identity``.

        Raises StackDown when the server does not answer.
        """
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            return cls(None, None)
        # MLflow's own default waits for minutes before it says that nobody answers.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        client = MlflowClient(tracking_uri=uri)
        try:
            return cls(client, _reopened(client, folder) or _opened(client, identity, dataset, base, pipeline, folder))
        except MlflowException as error:
            raise _explained(error, uri) from error

    def log(self, metrics: dict[str, float]) -> None:
        """Queue one step's metrics; they are sent every few seconds."""
        if self._client is None:
            return
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._waiting += [Metric(name, metrics[name], now, int(metrics["step"])) for name in _NAMES if name in metrics]
        if time.monotonic() - self._sent >= _EVERY:
            self._send()

    def finish(self, metrics: dict[str, float]) -> None:
        if self._client is not None and self.run_id is not None:
            self._send()
            self._client.set_tag(self.run_id, "steps", str(int(metrics.get("step", 0))))
            self._end("FINISHED")

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and self._client is not None and not self._ended:
            try:
                self._send()
                self._end("KILLED" if issubclass(kind, KeyboardInterrupt) else "FAILED")
            except Exception as second:  # the first error is the one to tell
                if error is not None:
                    error.add_note(f"and the MLflow run could not be closed: {second}")

    def _send(self) -> None:
        assert self._client is not None
        assert self.run_id is not None
        from mlflow.exceptions import MlflowException

        waiting, self._waiting, self._sent = self._waiting, [], time.monotonic()
        try:
            for at in range(0, len(waiting), 900):  # a batch takes at most 1,000
                self._client.log_batch(self.run_id, metrics=waiting[at : at + 900])
        except MlflowException as error:
            raise _explained(error, os.environ["MLFLOW_TRACKING_URI"]) from error

    def _end(self, status: str) -> None:
        assert self._client is not None
        assert self.run_id is not None
        self._ended = True
        self._client.set_terminated(self.run_id, status)


def _opened(client: MlflowClient, identity: str, dataset: Dataset, base: Base, pipeline: Pipeline, folder: Path) -> str:
    from mlflow.entities import Param

    experiment = client.get_experiment_by_name(pipeline.name)
    number = experiment.experiment_id if experiment else client.create_experiment(pipeline.name)
    tags = {"candidate": identity, "dataset": dataset.id, "base": base.id, "pipeline": pipeline.name}
    run = client.create_run(number, run_name=f"{pipeline.name}-{identity[:8]}", tags=tags)
    settings = flat(pipeline.training.model_dump(mode="json"))
    client.log_batch(run.info.run_id, params=[Param(key, value) for key, value in settings.items()])
    write_json(folder / "run" / "mlflow.json", {"run_id": run.info.run_id})
    return run.info.run_id


def _reopened(client: MlflowClient, folder: Path) -> str | None:
    """The run of the interrupted training, so that its curve goes on; None where there is none (any more)."""
    from mlflow.exceptions import MlflowException

    try:
        run_id = json.loads((folder / "run" / "mlflow.json").read_text(encoding="utf-8"))["run_id"]
    except (OSError, ValueError, KeyError):
        return None
    try:
        client.update_run(run_id, status="RUNNING")
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run_id


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, str]:
    result: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            result |= flat(item, f"{prefix}{key}.")
        else:
            result[prefix + key] = str(item)
    return result


def _explained(error: Exception, uri: str) -> StackDown | TrainingError:
    text = str(error)
    if any(sign in text for sign in ("Max retries", "Connection refused", "timed out", "Connection aborted")):
        return StackDown("the MLflow server does not answer", where=uri)
    return TrainingError(
        f"MLflow refused the run: {text[:300]}", where=uri, hint="Run `rottie status` to see the MLflow server's log."
    )
