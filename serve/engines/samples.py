"""What engines that listen share: samples checked before they reach a network, and ONNX graphs opened for one thread.

Does not cover resampling, nor decoding of files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import AudioUnusable, ModelUnusable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE = 16000
MOST_S = 60


def checked(audio: NDArray[Any], most_s: float = MOST_S) -> NDArray[np.float32]:
    """Mono samples as float32 in [-1, 1]; 16-bit integers are scaled. Raises AudioUnusable."""
    if audio.ndim != 1:
        raise AudioUnusable(f"the audio has {audio.ndim} dimensions; one is expected")
    if len(audio) > most_s * RATE:
        raise AudioUnusable(f"{len(audio)} samples came at once; at most {int(most_s * RATE)} are taken")
    if audio.dtype == np.int16:
        return audio.astype(np.float32) / np.float32(32768)
    if audio.dtype.kind != "f":
        raise AudioUnusable(f"the samples are {audio.dtype}")
    if not np.isfinite(audio).all():
        raise AudioUnusable("some samples are not finite numbers")
    return np.clip(audio, -1, 1).astype(np.float32)


def check_rate(rate: int) -> None:
    """Raises AudioUnusable for all but 16,000 Hz."""
    if rate != RATE:
        raise AudioUnusable(f"the audio has {rate} samples a second; {RATE} are expected")


def open_session(file: Path) -> InferenceSession:
    """One thread, no arena: small graphs gain nothing from more. Raises ModelUnusable for a file that is missing or damaged."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for each kind of damage
        raise ModelUnusable("onnxruntime cannot open the file", where=str(file)) from error
