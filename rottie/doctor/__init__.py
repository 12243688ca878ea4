"""What may be wrong with this machine or this installation, each finding with what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """``advice`` is the next step for the user; empty where nothing needs doing."""

    check: str
    level: Level
    message: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
