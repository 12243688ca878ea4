"""What happens by itself and somebody should hear of: a reminder that is due, a timer that has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Notice(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: int = Field(ge=1, description="Rises with every notice and is never used again: ask for those after the last one heard.")
    at: datetime = Field(description="When it was given out.")
    kind: Literal["reminder", "timer"]
    text: str = Field(description="A sentence to say.")
    due: datetime = Field(description="When it should have been given out.")
    late: bool = Field(description="Over a minute late: nothing ran when it was due.")
    actor: str | None = Field(default=None, description="Whose reminder it is; None for what concerns the whole home.")
