"""Embeddings that can be compared by a product: texts checked before, vectors of length 1 after."""

from __future__ import annotations

import math
from collections.abc import Sequence

from schemas.errors import EngineError, RequestError

MAX_TEXTS = 256


def check_texts(texts: Sequence[str]) -> None:
    """Raises RequestError for more than MAX_TEXTS, and for an empty one."""
    if len(texts) > MAX_TEXTS:
        raise RequestError(f"{len(texts)} texts at once are too many", where="input", hint=f"Send at most {MAX_TEXTS}.")
    if not all(texts):
        raise RequestError("a text to be embedded is empty", where="input", hint="Leave empty texts out.")


def unit(vector: Sequence[float]) -> tuple[float, ...]:
    length = math.hypot(*vector)
    if not length > 0 or not math.isfinite(length):
        raise EngineError("the model gives no direction to a text")
    return tuple(value / length for value in vector)
