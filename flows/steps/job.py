"""One training run as data: what a launcher hands to its workers as a file that all of them can read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas import errors
from schemas.artifacts import Dataset
from schemas.errors import RottieError, TrainingError
from schemas.hashing import write_json
from schemas.pipeline import Training
from schemas.profile import Workers

Objective = Literal["answers", "everything"]


class Job(BaseModel):
    """Paths lie on storage that every worker sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    dataset: Dataset | None = Field(
        default=None, description="None where the recipe streams its rows: held-out rows are then made of the other part too."
    )
    base: str = Field(description="Model folder to start from.")
    training: Training
    workers: Workers
    objective: Objective = "answers"
    out: str = Field(description="Empty folder that the trained model is written into.")
    checkpoints: str
    run: str = Field(description="Folder of metrics.jsonl, result.json and error.json.")

    @property
    def metrics_file(self) -> Path:
        return Path(self.run) / "metrics.jsonl"

    @property
    def result_file(self) -> Path:
        return Path(self.run) / "result.json"

    @property
    def error_file(self) -> Path:
        return Path(self.run) / "error.json"

    @property
    def file(self) -> Path:
        return Path(self.run) / "job.json"

    def write(self) -> Path:
        write_json(self.file, self)
        return self.file

    @classmethod
    def read(cls, path: Path) -> Job:
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def append_metrics(self, values: dict[str, float]) -> None:
        """One whole line in one write, so that a reader never sees half of it for long and a kill costs one line at most."""
        line = (json.dumps(values) + "\n").encode()
        descriptor = os.open(self.metrics_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def write_error(self, error: RottieError) -> None:
        write_json(self.error_file, {"kind": type(error).__name__, **error.as_dict()})

    def read_error(self) -> RottieError | None:
        """The error that stopped a worker on purpose, as the type it had there; None where none was written."""
        try:
            record: dict[str, Any] = json.loads(self.error_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        kind = getattr(errors, record["kind"], TrainingError)
        return kind(record["message"], where=record["where"], hint=record["hint"])

    def read_result(self) -> dict[str, float] | None:
        try:
            return json.loads(self.result_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
