"""What a listener tells of a conversation, in the order in which it became certain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.errors import RottieError


@dataclass(frozen=True)
class Started:
    audio_ms: float


@dataclass(frozen=True)
class Stopped:
    audio_ms: float


@dataclass(frozen=True)
class Partial:
    """``stable`` words were heard twice in a row and will hardly change; ``rest`` may.

    LocalAgreement-2: Macháček et al. 2023, "Turning Whisper into Real-Time Transcription System".
    """

    stable: str
    rest: str


@dataclass(frozen=True)
class Eager:
    """Probably all of the turn: it sounds finished, and only the silence that ends it is still awaited."""

    text: str


@dataclass(frozen=True)
class Utterance:
    """A whole turn. ``audio``: at 16 kHz, with a little before and after, without long pauses; ``seconds`` from the first to
    the last speech, which was at ``end_ms`` in the stream. ``endpoint_ms``: from there to the decision that it was the end;
    ``stt_ms``: waited for the recogniser because of it. ``confidence`` is that of its least certain piece, 0 to 1.
    """

    text: str
    language: str
    seconds: float
    confidence: float
    end_ms: float
    stt_ms: float
    endpoint_ms: float
    audio: NDArray[np.float32] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Nothing:
    """What was heard is no turn: it has no words, or it was cleared."""

    reason: Literal["nothing", "cleared"]


@dataclass(frozen=True)
class Failed:
    """Somebody spoke, and the recogniser failed."""

    error: RottieError


@dataclass(frozen=True)
class FellBack:
    """The second recogniser hears, since the first failed: told once, until the first hears again. ``error`` is as_dict()."""

    error: dict[str, Any]


Heard = Started | Stopped | Partial | Eager | Utterance | Nothing | Failed | FellBack
