"""Audio as clients stream it, to the samples that a listener takes: mono at 16 kHz, without offset, in pieces of any size.

Does not cover files and their codecs (serve/engines/decoding.py), nor what is heard.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from schemas.errors import AudioUnusable
from serve.engines.samples import RATE

Coding = Literal["pcm16", "g711_ulaw", "g711_alaw"]
RATES = range(8000, 48_001)
CHANNELS = 8
_HINT = f"Send {RATES.start} to {RATES.stop - 1} samples a second, 1 to {CHANNELS} channels, {', '.join(get_args(Coding))}."
MOST = 16 * 2**20
"""Bytes in one piece."""
_POLE = math.exp(-2 * math.pi * 20 / RATE)  # of a high-pass at 20 Hz: far below any voice
_BLOCK = 512  # samples in which the powers of the pole stay well above nothing
_POWERS = _POLE ** np.arange(_BLOCK)


class Intake:
    """One stream. Half a sample at the end of a piece waits for the next; where rates differ some milliseconds wait too."""

    def __init__(self, rate: int, channels: int = 1, coding: Coding = "pcm16") -> None:
        """``pcm16`` is little-endian; G.711 has 8 bits a sample. Raises AudioUnusable."""
        if rate not in RATES or not 1 <= channels <= CHANNELS or coding not in get_args(Coding):
            told = f"audio of {rate} samples a second, {channels} channels and coding {coding} is not taken"
            raise AudioUnusable(told, hint=_HINT)
        self._rate, self._channels = rate, channels
        self._table = {"g711_ulaw": _ULAW, "g711_alaw": _ALAW}.get(coding)
        self._frame = channels * (1 if self._table is not None else 2)  # bytes
        self._rest = b""
        self._resampler = _resampler() if rate != RATE else None
        self._before: tuple[float, float] | None = None  # the last sample as it came, and as it went

    def push(self, data: bytes) -> NDArray[np.float32]:
        """Samples [n] in [-1, 1], often none. Raises AudioUnusable for more than ``MOST`` bytes."""
        if len(data) > MOST:
            raise AudioUnusable(f"{len(data)} bytes of audio came at once", hint=f"Send at most {MOST} bytes in one piece.")
        data = self._rest + data
        whole = len(data) // self._frame * self._frame
        self._rest = data[whole:]
        if not whole:
            return np.zeros(0, np.float32)
        raw = np.frombuffer(data[:whole], np.uint8 if self._table is not None else "<i2")
        levels = self._table[raw] if self._table is not None else raw
        mono = levels.reshape(-1, self._channels).mean(axis=1, dtype=np.float32) / np.float32(32768)
        return self._centred(self._resampled(mono))

    def _resampled(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._resampler is None:
            return audio
        import av

        frame = av.AudioFrame.from_ndarray(audio[None], format="flt", layout="mono")
        frame.sample_rate = self._rate
        made = [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def _centred(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """y[n] = pole * y[n-1] + x[n] - x[n-1], a block at a time."""
        if not len(audio):
            return audio
        before, y = self._before or (float(audio[0]), 0.0)  # an offset from the start is no click
        changes = np.diff(audio.astype(np.float64), prepend=before)
        made = np.empty(len(audio))
        for at in range(0, len(audio), _BLOCK):
            block = changes[at : at + _BLOCK]
            powers = _POWERS[: len(block)]
            made[at : at + _BLOCK] = powers * (np.cumsum(block / powers) + _POLE * y)
            y = float(made[at + len(block) - 1])
        self._before = (float(audio[-1]), y)
        return made.clip(-1.0, 1.0).astype(np.float32)


def _resampler() -> Any:
    from av.audio.resampler import AudioResampler

    return AudioResampler(format="flt", layout="mono", rate=RATE)


def _ulaw(code: int) -> int:
    code = ~code & 0xFF
    level = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0x07)) - 0x84
    return -level if code & 0x80 else level


def _alaw(code: int) -> int:
    code ^= 0x55
    segment, level = code >> 4 & 0x07, (code & 0x0F) << 4
    level = level + 8 if segment == 0 else level + 0x108 << segment - 1
    return level if code & 0x80 else -level


_ULAW, _ALAW = (np.array([law(code) for code in range(256)], np.int16) for law in (_ulaw, _alaw))  # ITU-T G.711
