"""A tiny random model that sees: a projector beside a foreign model, and images to show it."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from schemas.assistant import Projector
from schemas.hashing import file_sha256

WIDTH, INNER, HEADS, LAYERS, PATCH, SIDE = 32, 64, 2, 2, 14, 28
TOKENS = (SIDE // PATCH) ** 2
"""Of an image, whatever its size."""


def write_projector(path: Path, width: int = 64, side: int = SIDE) -> Projector:
    """A CLIP of two layers with LLaVA's projection, for a model of ``width``; it looks at ``side`` times ``side`` pixels."""
    patches = (side // PATCH) ** 2
    shapes: dict[str, tuple[int, ...]] = {"v.class_embd": (WIDTH,), "v.position_embd.weight": (patches + 1, WIDTH)}
    layers = {"v.pre_ln": (WIDTH,), "v.post_ln": (WIDTH,), "mm.0": (width, WIDTH), "mm.2": (width, width)}
    for layer in range(LAYERS):
        name = f"v.blk.{layer}."
        layers |= {f"{name}{part}": (WIDTH, WIDTH) for part in ("attn_q", "attn_k", "attn_v", "attn_out")}
        layers |= {
            f"{name}ln1": (WIDTH,),
            f"{name}ln2": (WIDTH,),
            f"{name}ffn_up": (INNER, WIDTH),
            f"{name}ffn_down": (WIDTH, INNER),
        }
    for name, sizes in layers.items():
        shapes |= {f"{name}.weight": sizes, f"{name}.bias": sizes[:1]}
    return _write(path, "mlp", side, width, shapes)


def write_resizing(path: Path, width: int = 64) -> Projector:
    """Pixtral's: a larger image is more tokens."""
    shapes: dict[str, tuple[int, ...]] = {"v.pre_ln.weight": (WIDTH,), "v.token_embd.img_break": (width,)}
    shapes |= {"mm.1.weight": (width, WIDTH), "mm.1.bias": (width,), "mm.2.weight": (width, width), "mm.2.bias": (width,)}
    for layer in range(LAYERS):
        name = f"v.blk.{layer}."
        shapes |= {f"{name}{part}.weight": (WIDTH, WIDTH) for part in ("attn_q", "attn_k", "attn_v", "attn_out")}
        shapes |= {f"{name}{part}.weight": (WIDTH,) for part in ("ln1", "ln2")}
        shapes |= {f"{name}{part}.weight": (INNER, WIDTH) for part in ("ffn_up", "ffn_gate")} | {
            f"{name}ffn_down.weight": (WIDTH, INNER)
        }
    return _write(path, "pixtral", 1024, width, shapes)


def _write(path: Path, kind: str, side: int, width: int, shapes: dict[str, tuple[int, ...]]) -> Projector:
    import gguf

    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_bool("clip.use_gelu", True)
    numbers = {"image_size": side, "patch_size": PATCH, "embedding_length": WIDTH, "feed_forward_length": INNER}
    numbers |= {"block_count": LAYERS, "projection_dim": width, "attention.head_count": HEADS}
    for name, value in numbers.items():
        writer.add_uint32(f"clip.vision.{name}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)
    random = np.random.default_rng(0)
    for name, sizes in {**shapes, "v.patch_embd.weight": (WIDTH, 3, PATCH, PATCH)}.items():
        writer.add_tensor(name, random.normal(0, 0.3, sizes).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Projector(path=str(path), sha256=file_sha256(path))


def image(color: Any = "red", size: tuple[int, int] = (40, 30), form: str = "PNG", mode: str = "RGB", **how: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, form, **how)
    return file.getvalue()


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def data_url(raw: bytes, form: str = "png") -> str:
    return f"data:image/{form};base64,{in_base64(raw)}"
