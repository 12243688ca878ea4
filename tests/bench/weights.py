"""A Llama of any size with random weights as one GGUF file, written tensor by tensor: for timings, and without meaning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schemas.prompt import CHAT_TEMPLATE, END, PAD, SPECIALS


@dataclass(frozen=True)
class Shape:
    """Widths of a Llama. ``vocabulary`` is at least 300: bytes, special tokens and words."""

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int = 2048


# Llama 3.2 1B, and one of the size that is trained at home.
ONE_BILLION = Shape(hidden=2048, inner=8192, layers=16, heads=32, kv_heads=8, vocabulary=128_256)
THIRTY_MILLION = Shape(hidden=512, inner=1536, layers=8, heads=8, kv_heads=4, vocabulary=4096)


def write_random(target: Path, shape: Shape, *, seed: int = 0) -> None:
    """A q4_0 model of ``shape``. A byte of a prompt is about a token; a token of a reply is a word."""
    import gguf

    writer = gguf.GGUFWriter(target, "llama", use_temp_file=True)
    width = shape.hidden // shape.heads
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    _add_tokens(writer, shape.vocabulary)
    random = np.random.default_rng(seed)
    keys = width * shape.kv_heads
    _add_matrix(writer, random, "token_embd.weight", shape.vocabulary, shape.hidden)
    writer.add_tensor("output_norm.weight", np.ones(shape.hidden, np.float32))
    for layer in range(shape.layers):
        name = f"blk.{layer}."
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{name}{norm}.weight", np.ones(shape.hidden, np.float32))
        for part, rows, columns in (
            ("attn_q", shape.hidden, shape.hidden),
            ("attn_k", keys, shape.hidden),
            ("attn_v", keys, shape.hidden),
            ("attn_output", shape.hidden, shape.hidden),
            ("ffn_gate", shape.inner, shape.hidden),
            ("ffn_up", shape.inner, shape.hidden),
            ("ffn_down", shape.hidden, shape.inner),
        ):
            _add_matrix(writer, random, f"{name}{part}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_matrix(writer: Any, random: np.random.Generator, name: str, rows: int, columns: int) -> None:
    """Blocks of 32 weights: a half-precision scale and 16 bytes of two weights each."""
    import gguf

    blocks = np.empty((rows, columns // 32, 18), np.uint8)
    blocks[:, :, :2] = np.frombuffer(np.float16(0.01).tobytes(), np.uint8)
    blocks[:, :, 2:] = random.integers(0, 256, (rows, columns // 32, 16), np.uint8)
    writer.add_tensor(name, blocks.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType.Q4_0)


def _add_tokens(writer: Any, count: int) -> None:
    import gguf
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    words = [f"Ġw{number}" for number in range(count - len(SPECIALS) - len(letters))]
    kinds = [gguf.TokenType.CONTROL] * len(SPECIALS) + [gguf.TokenType.NORMAL] * (len(letters) + len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*SPECIALS, *letters, *words])
    writer.add_token_types(kinds)
    writer.add_token_merges(["Ġ w", "Ġw 1"])
    writer.add_eos_token_id(SPECIALS.index(END))
    writer.add_bos_token_id(SPECIALS.index(END))
    writer.add_pad_token_id(SPECIALS.index(PAD))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)
