"""The process that recordings are decoded in: run as a script by serve.engines.decoding, since files may crash it.

Reads JSON behind its length in four bytes, ``{"bytes", "longest_s"}``, with the recording behind it; answers in the same way
``{"bytes"}`` with 32-bit floats behind it, mono at 16,000 Hz, or ``{"error"}``. Imports nothing of this project.
"""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

MEMORY = 2 * 2**30  # of addresses
RATE = 16000
RATES = range(4000, 384_001)
CHANNELS = 8
# Only demuxers that read nothing but what they are given: no playlists, no references to other files.
KINDS = {b"RIFF": "wav", b"fLaC": "flac", b"OggS": "ogg", b"\x1aE\xdf\xa3": "matroska", b"ID3": "mp3"}
SLACK_S = {"flac": 0.01, "wav": 0.01}  # by which less may be read than is announced; 0.1 where encoders pad
SLACK = {"mp3": 0.9}  # the share that must be there: the length of an MP3 may be an estimate
LAST_PAGE = 4  # a flag of Ogg's


class Refused(Exception):
    """Its argument is the reason, a word that serve.engines.decoding knows."""


def kind_of(recording: bytes) -> str:
    for mark, kind in KINDS.items():
        if recording.startswith(mark):
            return kind
    if len(recording) > 1 and recording[0] == 0xFF and recording[1] & 0xE6 == 0xE2:  # a frame of MPEG's layer 3
        return "mp3"
    raise Refused("kind" if recording else "empty")


def decoded(recording: bytes, longest_s: float) -> bytes:
    """All samples of the first audio stream. A recording that is damaged or cut short is refused, never decoded in part."""
    import av
    from av.error import FFmpegError

    kind = kind_of(recording)
    if (kind == "wav" and wav_is_cut(recording)) or (kind == "ogg" and not ogg_has_ended(recording)):
        raise Refused("cut")
    try:
        with av.open(io.BytesIO(recording), format=kind, options={"err_detect": "explode"}) as container:
            if not container.streams.audio:
                raise Refused("kind")
            return b"".join(_samples(container, kind, longest_s))
    except (FFmpegError, ValueError, OverflowError) as error:  # ValueError: a stream that changes its shape on the way
        raise Refused("damaged") from error


def _samples(container: Any, kind: str, longest_s: float) -> Iterator[bytes]:
    from av.audio.resampler import AudioResampler

    stream = container.streams.audio[0]
    if stream.rate not in RATES or not 1 <= stream.codec_context.channels <= CHANNELS:
        raise Refused("shape")
    announced_s = 0.0 if container.streams.video else (container.duration or 0) / 1e6
    if announced_s > 2 * longest_s:
        raise Refused("long")
    # Channels are averaged: without a bound two loud ones would clip.
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE, options={"rematrix_maxval": "1.0"})
    read_s, size = 0.0, 0
    for frame in container.decode(stream):
        read_s += frame.samples / frame.sample_rate
        frame.pts = None  # gaps and jumps in a file's clock are no sound
        for made in resampler.resample(frame):
            size += made.samples
            yield made.to_ndarray().astype("<f4").tobytes()
        if read_s > longest_s:
            raise Refused("long")
    if read_s + SLACK_S.get(kind, 0.1) < announced_s * SLACK.get(kind, 1.0):
        raise Refused("cut")
    for made in resampler.resample(None) if size else ():
        yield made.to_ndarray().astype("<f4").tobytes()


def wav_is_cut(recording: bytes) -> bool:
    """Whether a WAV file announces more samples than it has; those that were written as a stream announce nothing."""
    at = 12
    while at + 8 <= len(recording):
        size = struct.unpack_from("<I", recording, at + 4)[0]
        if recording[at : at + 4] == b"data":
            return 0 < size < 0x7FFF_FFFF and at + 8 + size > len(recording)
        at += 8 + size + size % 2
    return True


def ogg_has_ended(recording: bytes) -> bool:
    page = recording.rfind(b"OggS")
    return len(recording) > page + 5 and bool(recording[page + 5] & LAST_PAGE)


def _read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    size = stream.read(4)
    if len(size) < 4:
        return None
    asked = json.loads(stream.read(struct.unpack("<I", size)[0]))
    return asked, stream.read(asked["bytes"])


def _write(stream: BinaryIO, answer: dict[str, Any], raw: bytes = b"") -> None:
    head = json.dumps(answer).encode()
    stream.write(struct.pack("<I", len(head)) + head + raw)
    stream.flush()


def main() -> None:
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    source = sys.stdin.buffer
    # The libraries may print; only answers go to the pipe.
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    import av.logging

    av.logging.set_level(None)
    _write(target, {})
    while (request := _read(source)) is not None:
        asked, recording = request
        try:
            raw = decoded(recording, asked["longest_s"])
            _write(target, {"bytes": len(raw)}, raw)
        except Refused as refusal:
            _write(target, {"error": str(refusal)})
        except MemoryError:
            os._exit(1)


if __name__ == "__main__":
    main()
