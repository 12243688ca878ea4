"""Sound of the assistant's voice as a client wants it, piece by piece: PCM as it is, or G.711."""

from __future__ import annotations

from typing import Any

import numpy as np

from schemas.talking import OUT_RATE
from serve.api.realtime.shapes import Format, Pcm, Ulaw

_RATE = 8000


class Outgoing:
    """One reply. Blocks for microseconds a piece."""

    def __init__(self, form: Format) -> None:
        self._coder = None if isinstance(form, Pcm) else _G711("pcm_mulaw" if isinstance(form, Ulaw) else "pcm_alaw")

    def push(self, pcm: bytes) -> bytes:
        """16-bit mono samples at OUT_RATE; gives what is certain by now, which may be nothing."""
        return pcm if self._coder is None else self._coder.push(pcm)

    def finish(self) -> bytes:
        return b"" if self._coder is None else self._coder.finish()


class _G711:
    def __init__(self, codec: str) -> None:
        from av import CodecContext
        from av.audio.resampler import AudioResampler

        self._resampler = AudioResampler(format="s16", layout="mono", rate=_RATE)
        self._codec: Any = CodecContext.create(codec, "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = _RATE, "mono", "s16"

    def push(self, pcm: bytes) -> bytes:
        from av import AudioFrame

        samples = np.frombuffer(pcm, "<i2").reshape(1, -1)
        if not samples.size:
            return b""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.int16), format="s16", layout="mono")
        frame.sample_rate = OUT_RATE
        return self._coded(self._resampler.resample(frame))

    def finish(self) -> bytes:
        return self._coded(self._resampler.resample(None))

    def _coded(self, frames: list[Any]) -> bytes:
        return b"".join(bytes(packet) for frame in frames for packet in self._codec.encode(frame))
