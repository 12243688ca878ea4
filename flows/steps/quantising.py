"""K-quants, by llama.cpp's own quantiser. The plain kinds (f16, q8_0) need no compiled library: see converting."""

from __future__ import annotations

import ctypes
import importlib
from pathlib import Path

from schemas.errors import EvaluationError

FILE_TYPES = {"q4_k_m": "LLAMA_FTYPE_MOSTLY_Q4_K_M", "q5_k_m": "LLAMA_FTYPE_MOSTLY_Q5_K_M", "q6_k": "LLAMA_FTYPE_MOSTLY_Q6_K"}


def quantise(source: Path, target: Path, kind: str) -> None:
    """Write ``target`` from the float16 GGUF ``source``. Widths not divisible by 256 fall back to coarser-grained kinds."""
    try:
        llama_cpp = importlib.import_module("llama_cpp")
    except ImportError as error:
        raise EvaluationError(
            f"the quantisation {kind!r} needs llama-cpp-python",
            where="export.quantisations",
            hint="Install it with `pip install 'rottie[llama-cpp]'` (it compiles for some minutes), or use f16 and q8_0.",
        ) from error
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, FILE_TYPES[kind])
    parameters.nthread = 1
    status = llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), ctypes.byref(parameters))
    if status != 0 or not target.is_file():
        raise EvaluationError(f"llama.cpp could not quantise to {kind}", where=str(source))
