"""Audio of any width, rate and number of channels, piece by piece, to 16-bit mono samples at 16,000 Hz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rottie.wyoming.messages import Format
from schemas.errors import AudioUnusable
from serve.engines.samples import RATE
from serve.talking.intake import Intake


class Sound:
    """One stream. Part of a sample at the end of a piece waits for the next."""

    def __init__(self, form: Format) -> None:
        """Raises AudioUnusable."""
        self._form = form
        self._rest = b""
        plain = (form.rate, form.channels) == (RATE, 1)
        self._intake = None if plain else Intake(form.rate, form.channels)

    def push(self, form: Format, data: bytes) -> NDArray[np.int16]:
        """Samples [n]. Raises AudioUnusable where the format is another than at the beginning."""
        if form != self._form:
            raise AudioUnusable("the format of the audio changed on the way", hint="Begin anew with audio-start.")
        data = self._rest + data
        whole = len(data) // form.width * form.width
        self._rest = data[whole:]
        samples = _sixteen(data[:whole], form.width)
        if self._intake is None:
            return samples
        return (self._intake.push(samples.tobytes()) * 32767).astype(np.int16)


def _sixteen(data: bytes, width: int) -> NDArray[np.int16]:
    """The upper 16 bits of integers of ``width`` bytes."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.int16) - 128) << 8
    each = np.frombuffer(data, np.uint8).reshape(-1, width)
    return np.ascontiguousarray(each[:, -2:]).view("<i2")[:, 0]
