"""run/stack.json: what is running, with which profile and on which addresses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from rottie.stack.identity import same_process
from schemas.hashing import write_atomic
from schemas.profile import Profile
from schemas.settings import Home

FILE = "stack.json"


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    profile: Profile
    urls: dict[str, str]
    pid: int  # of supervisord
    started: float  # its start, in seconds since the epoch: tells it from another process with the same id

    def alive(self) -> bool:
        return same_process(self.pid, self.started)


def urls(profile: Profile) -> dict[str, str]:
    host, ports = profile.stack.host, profile.stack.ports
    wyoming = profile.stack.listening.get("wyoming")
    return {
        "prefect": f"http://{host}:{ports.prefect}",
        "mlflow": f"http://{host}:{ports.mlflow}",
        "ray": f"http://{host}:{ports.ray_dashboard}",
        "api": f"http://{host}:{ports.api}",
        **({"wyoming": f"tcp://{wyoming[0]}:{wyoming[1]}"} if wyoming else {}),
    }


def write_record(home: Home, record: Record) -> None:
    write_atomic(home.run / FILE, record.model_dump_json(indent=2) + "\n", 0o600)


def read_record(home: Home) -> Record | None:
    """The record of the last start, whether it still runs or not; None when there is none or it cannot be read."""
    try:
        return Record.model_validate_json((home.run / FILE).read_text())
    except (OSError, ValidationError):
        return None


def remove_record(home: Home) -> None:
    (home.run / FILE).unlink(missing_ok=True)


def running(home: Home) -> Record | None:
    record = read_record(home)
    return record if record is not None and record.alive() else None
