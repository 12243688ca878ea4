"""Samples of a voice to what clients play: WAV, raw PCM, FLAC, MP3 and Opus, piece by piece as they are made.

A stream's WAV header cannot tell its length; ``finished`` puts it in once all is there. Does not cover decoding of what others
send.
"""

from __future__ import annotations

import struct
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from schemas.errors import RequestError

AudioFormat = Literal["mp3", "opus", "flac", "wav", "pcm"]
FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
MEDIA = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}
PCM_RATE = 24_000
"""Of raw PCM, which cannot tell its own: 16-bit integers, little-endian, as OpenAI's interface gives."""
_OPEN = 0xFFFF_FFFF
_HEADER = 44
_CONTAINERS = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus"), "flac": ("flac", "flac")}
# What could only be filled in afterwards is left out, and pages of 0.2 s go out as soon as they are full.
_OPTIONS = {"mp3": {"write_xing": "0"}, "ogg": {"page_duration": "200000"}}


class Encoder:
    """One recording in ``form``. Not safe in threads. Blocks for as long as encoding takes."""

    def __init__(self, form: AudioFormat, rate: int) -> None:
        """Raises RequestError for a form that this machine's FFmpeg cannot write."""
        self._form, self._rate = form, rate
        self._begun = False
        self._coder = None if form == "wav" else _Raw(rate) if form == "pcm" else _Coded(*_CONTAINERS[form], rate)

    def push(self, samples: NDArray[np.float32]) -> bytes:
        """Samples in [-1, 1]; gives the bytes that are certain by now, which may be none."""
        whole = (samples.clip(-1.0, 1.0) * 32767).round().astype("<i2")
        if self._coder is not None:
            return self._coder.push(whole)
        head = b"" if self._begun else wav_header(self._rate)
        self._begun = True
        return head + whole.tobytes()

    def finish(self) -> bytes:
        return b"" if self._coder is None else self._coder.finish()


def wav_header(rate: int, size: int | None = None) -> bytes:
    """Mono, 16 bits. ``size`` in bytes of samples; None where it is not known yet."""
    riff, data = (_OPEN, _OPEN) if size is None else (36 + size, size)
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", data)


def finished(wav: bytes) -> tuple[bytes, float]:
    """A streamed WAV with its length in its header, and that length in seconds."""
    rate, size = struct.unpack_from("<I", wav, 24)[0], len(wav) - _HEADER
    return wav_header(rate, size) + wav[_HEADER:], size / 2 / rate


class _Raw:
    def __init__(self, rate: int) -> None:
        self._resampler = _resampler("s16", rate, PCM_RATE)
        self._rate = rate

    def push(self, samples: NDArray[np.int16]) -> bytes:
        return b"".join(
            made.to_ndarray().astype("<i2").tobytes() for made in self._resampler.resample(_frame(samples, self._rate))
        )

    def finish(self) -> bytes:
        return b"".join(made.to_ndarray().astype("<i2").tobytes() for made in self._resampler.resample(None))


class _Coded:
    def __init__(self, container: str, codec: str, rate: int) -> None:
        import av
        from av.error import FFmpegError

        self._rate = rate
        self._sink = _Sink()
        target = 24_000 if codec == "libopus" else rate
        try:
            self._container: Any = av.open(self._sink, "w", format=container, options=_OPTIONS.get(container, {}))
            self._stream = self._container.add_stream(codec, rate=target, layout="mono")
        except (ValueError, FFmpegError) as error:
            hint = "Ask for wav or pcm, which need no codec."
            raise RequestError(f"there is no codec for {container} here", where="response_format", hint=hint) from error
        self._stream.codec_context.open()
        self._resampler = _resampler(self._stream.format.name, rate, target, self._stream.codec_context.frame_size)

    def push(self, samples: NDArray[np.int16]) -> bytes:
        self._encode(self._resampler.resample(_frame(samples, self._rate)))
        return self._sink.taken()

    def finish(self) -> bytes:
        self._encode([*self._resampler.resample(None), None])
        self._container.close()
        return self._sink.taken()

    def _encode(self, frames: list[Any]) -> None:
        for frame in frames:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)


class _Sink:
    """A file that can only be written, so that nothing which has been sent is changed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _frame(samples: NDArray[np.int16], rate: int) -> Any:
    from av import AudioFrame

    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples, np.int16).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    return frame


def _resampler(form: str, rate: int, target: int, frame_size: int | None = None) -> Any:
    from av.audio.resampler import AudioResampler

    return AudioResampler(format=form, layout="mono", rate=target, frame_size=frame_size or None)
