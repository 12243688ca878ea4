"""The process that a Piper voice speaks in: run as a script by serve.engines.piper, since piper-tts is under the GPL.

Gets the model's path as its argument. Reads JSON behind its length in four bytes: ``{"text", "length_scale"}``; answers JSON in
the same way, with ``bytes`` of 32-bit floats behind it, or ``{"error"}``. Imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

MEMORY = 6 * 2**30  # of addresses; onnxruntime reserves far more than it uses
MAX_SAMPLES = 60 * 48_000


def opened(path: Path, threads: int) -> Any:
    """As ``PiperVoice.load``, but with a bound on threads, which else spin on all processors between sentences."""
    import onnxruntime
    from piper import PiperVoice
    from piper.config import PiperConfig

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
    session = onnxruntime.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(config=config, session=session, download_dir=path.parent)


def said(voice: Any, request: dict[str, Any]) -> bytes:
    """Samples of all sentences of the text, at the voice's own loudness: made equal a sentence each, it would jump."""
    from piper import SynthesisConfig

    scale = voice.config.length_scale * float(request["length_scale"])
    wanted = SynthesisConfig(length_scale=scale, normalize_audio=False)
    parts, size = [], 0
    for chunk in voice.synthesize(request["text"], wanted):
        size += chunk.audio_float_array.size
        if size > MAX_SAMPLES:
            break
        parts.append(chunk.audio_float_array.astype("<f4").tobytes())
    return b"".join(parts)


def _read(stream: BinaryIO) -> Any:
    head = stream.read(4)
    return json.loads(stream.read(struct.unpack("<I", head)[0])) if len(head) == 4 else None


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
    try:
        voice = opened(Path(sys.argv[1]), int(sys.argv[2]))
        said(voice, {"text": "Ready.", "length_scale": 1.0})  # the first run is the slowest
    except ImportError:
        _write(target, {"error": "missing"})
        return
    except Exception as error:  # a file of unknown origin: anything may come out of it
        _write(target, {"error": type(error).__name__})
        return
    _write(target, {"rate": voice.config.sample_rate})
    while (request := _read(source)) is not None:
        try:
            raw = said(voice, request)
        except MemoryError:
            os._exit(1)
        except Exception as error:  # as above
            _write(target, {"error": type(error).__name__})
        else:
            _write(target, {"bytes": len(raw)}, raw)


if __name__ == "__main__":
    main()
