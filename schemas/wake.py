"""What an exported wake word says of itself: wake.json beside wake.onnx."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.pipeline import Spec

WAKE_MODEL, WAKE_FILE = "wake.onnx", "wake.json"


class WakeModel(Spec):
    """The graph takes ``audio`` (1, hops * hop), ``tail`` (1, overlap) and ``features`` (1, view, bands), both zero at first, and
    gives ``scores`` (1, hops) and the two to hand in next time."""

    phrase: str = Field(min_length=2, max_length=60)
    rate: Literal[16000] = 16000
    hop: int = Field(ge=160, le=16000, description="Samples from one score to the next.")
    overlap: int = Field(ge=0, le=4096, description="Samples of the past that the graph wants again.")
    view: int = Field(ge=1, le=1000, description="Frames of the past that the graph wants again.")
    bands: int = Field(ge=1, le=256)
    threshold: float = Field(gt=0, lt=1, description="What a score must exceed.")
    refractory_s: float = Field(default=1.5, ge=0, le=60, description="Time after a detection in which there is no other.")
