"""A Transformers Llama folder as one GGUF file: weights, tokenizer and chat template. A PEFT LoRA folder as another.

Only what our own training makes, and its kin: Llama architecture with plain rotary positions and a byte-level BPE
tokenizer. K-quants are not numpy's work: see quantising.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from schemas.errors import EvaluationError
from schemas.prompt import CHAT_TEMPLATE, END, PAD

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["f32", "f16", "q8_0"]

# Pre-tokenizers by what they do: each regular expression of a HF tokenizer has exactly one name in llama.cpp.
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}

_ADAPTED = re.compile(r"base_model\.model\.(?P<matrix>model\.layers\.[0-9]+\.[a-z_.]+_proj)\.lora_(?P<part>[AB])\.weight")
_NOT_LORA = (
    "use_dora",
    "alpha_pattern",
    "modules_to_save",
    "fan_in_fan_out",
    "layer_replication",
    "lora_bias",
    "target_parameters",
)


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a model that this writer can export; EvaluationError, with the reason, for any other."""
    path = folder / "config.json"
    if not path.is_file():
        raise EvaluationError("the candidate has no config.json", where=str(folder), hint="Run the training step again.")
    config = json.loads(path.read_text(encoding="utf-8"))
    hint = "Only Llama-family models are exported; choose such a base in training.base."
    if config.get("model_type") != "llama":
        raise EvaluationError(f"cannot export architecture {config.get('model_type')!r}", where=str(path), hint=hint)
    if _rope(config).get("rope_type", "default") != "default":
        raise EvaluationError("cannot export scaled rotary positions", where=str(path), hint=hint)
    if config.get("attention_bias") or config.get("mlp_bias"):
        raise EvaluationError("cannot export attention or MLP biases", where=str(path), hint=hint)
    return config


def convert(folder: Path, target: Path, kind: Kind, name: str) -> None:
    """Write ``target`` from the model in ``folder``.

    Norms stay float32 in every kind: they are tiny, and llama.cpp multiplies them in float32. A matrix whose rows are
    not a multiple of 32 wide cannot be q8_0 and is kept in float16.
    """
    import gguf

    config = read_config(folder)
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_name(name)
    _add_shape(writer, config)
    _add_tokenizer(writer, folder, int(config["vocab_size"]))
    file_type = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0"}[kind]
    writer.add_file_type(gguf.LlamaFileType[file_type])
    for tensor_name, values in _tensors(folder, config):
        quantisation = _quantisation(values, kind)
        data = gguf.quants.quantize(values, quantisation)
        writer.add_tensor(tensor_name, data, raw_dtype=quantisation)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def convert_adapter(folder: Path, base: Path, target: Path, name: str) -> None:
    """Write ``target`` from the PEFT LoRA adapter in ``folder``, for the GGUF file made of the model in ``base``.

    In float32, since adapters are small. Raises EvaluationError for what llama.cpp's LoRA cannot express: DoRA, biases,
    whole trained modules, a scale of its own for some modules, layers that are no plain Llama matrix.
    """
    import gguf
    from safetensors import safe_open

    config, path = read_config(base), folder / "adapter_config.json"
    settings = _adapter_settings(path)
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    # llama.cpp multiplies by alpha / rank, rank-stabilised LoRA by alpha / sqrt(rank).
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, settings["lora_alpha"] * (settings["r"] ** 0.5 if settings["rs"] else 1))
    heads, kv_heads, _ = _heads(config)
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise EvaluationError("the adapter has no adapter_model.safetensors", where=str(folder))
    with safe_open(weights, framework="numpy") as handle:
        for tensor in sorted(handle.keys()):
            part, matrix = _adapter_part(tensor, config, str(weights))
            values = _float32(weights, tensor, handle)
            if part == "lora_b" and ".attn_q." in matrix:
                values = _permute(values, heads)
            elif part == "lora_b" and ".attn_k." in matrix:
                values = _permute(values, kv_heads)
            writer.add_tensor(f"{matrix}.{part}", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _adapter_settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        found = {"r": int(settings["r"]), "lora_alpha": float(settings["lora_alpha"]), "rs": bool(settings.get("use_rslora"))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError("the adapter's configuration cannot be read", where=str(path)) from error
    odd = [key for key in _NOT_LORA if settings.get(key)]
    if found["rs"] and settings.get("rank_pattern"):
        odd.append("rank_pattern")
    if settings.get("peft_type") != "LORA" or settings.get("bias", "none") != "none" or odd:
        what = ", ".join(odd) or "peft_type or bias"
        raise EvaluationError(f"cannot export this adapter: {what}", where=str(path), hint="Train a plain LoRA.")
    return found


def _adapter_part(tensor: str, config: dict[str, Any], where: str) -> tuple[str, str]:
    """``lora_a`` or ``lora_b``, and the GGUF name of the matrix that it changes."""
    found = _ADAPTED.fullmatch(tensor)
    matrix = _target_name(f"{found['matrix']}.weight", config) if found else None
    if found is None or matrix is None or not matrix.startswith("blk."):
        raise EvaluationError(f"cannot export the adapter's tensor {tensor!r}", where=where)
    return f"lora_{found['part'].lower()}", matrix


def _rope(config: dict[str, Any]) -> dict[str, Any]:
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    return {"rope_theta": config.get("rope_theta", 10000.0), **scaling}


def _heads(config: dict[str, Any]) -> tuple[int, int, int]:
    """Query heads, key/value heads, width of a head."""
    heads = int(config["num_attention_heads"])
    width = config.get("head_dim") or config["hidden_size"] // heads
    return heads, int(config.get("num_key_value_heads") or heads), int(width)


def _add_shape(writer: Any, config: dict[str, Any]) -> None:
    heads, kv_heads, width = _heads(config)
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(float(_rope(config)["rope_theta"]))
    writer.add_layer_norm_rms_eps(float(config["rms_norm_eps"]))
    writer.add_vocab_size(int(config["vocab_size"]))


def pre_tokenizer(tokenizer: dict[str, Any], where: str) -> str:
    """llama.cpp's name for the pre-tokenizer of a tokenizer.json; EvaluationError for one that it has no equal of here."""
    pre = tokenizer.get("pre_tokenizer") or {}
    steps = pre.get("pretokenizers", [pre])
    kinds = [step.get("type") for step in steps]
    spaced = any(step.get("add_prefix_space") for step in steps if step.get("type") == "ByteLevel")
    if tokenizer.get("model", {}).get("type") == "BPE" and not spaced:
        if kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
            return "refact"
        if kinds == ["ByteLevel"]:
            return "gpt-2"
        if kinds == ["Split", "ByteLevel"] and (steps[0].get("pattern") or {}).get("Regex") == _LLAMA3:
            return "llama-bpe"
        if kinds == ["Split", "ByteLevel"] and (steps[0].get("pattern") or {}).get("Regex") == _GPT2:
            return "gpt-2"
    raise EvaluationError(
        "this tokenizer has no equal in llama.cpp that the export knows",
        where=where,
        hint="Byte-level BPE with the pre-tokenizer of GPT-2, Llama 3 or our own is supported.",
    )


def _add_tokenizer(writer: Any, folder: Path, rows: int) -> None:
    """Tokens in id order; embedding rows beyond the tokenizer (padding to a round number) become unused tokens."""
    import gguf

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise EvaluationError("the candidate has no tokenizer.json", where=str(folder), hint="Run the training step again.")
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    ids: dict[str, int] = {**tokenizer["model"]["vocab"], **{t["content"]: t["id"] for t in tokenizer["added_tokens"]}}
    special = {t["content"] for t in tokenizer["added_tokens"] if t["special"]}
    added = {t["content"] for t in tokenizer["added_tokens"]} - special
    by_id = {number: text for text, number in ids.items()}
    if END not in ids or (by_id and max(by_id) >= rows):
        raise EvaluationError("the tokenizer does not fit the model", where=str(path), hint="Run the training step again.")
    texts = [by_id.get(number, f"[unused{number}]") for number in range(rows)]
    types = [_token_type(text, number in by_id, special, added) for number, text in enumerate(texts)]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer(tokenizer, str(path)))
    writer.add_token_list(texts)
    writer.add_token_types([gguf.TokenType[name] for name in types])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(ids[END])
    # llama.cpp assumes token 11 where none is named; naming the end token keeps an ordinary token ordinary.
    writer.add_bos_token_id(ids[END])
    writer.add_pad_token_id(ids.get(PAD, ids[END]))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _token_type(text: str, known: bool, special: set[str], added: set[str]) -> str:
    if not known:
        return "UNUSED"
    if text in special:
        return "CONTROL"
    return "USER_DEFINED" if text in added else "NORMAL"


def _tensors(folder: Path, config: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Every tensor under its GGUF name, as float32."""
    from safetensors import safe_open

    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise EvaluationError("the candidate has no safetensors weights", where=str(folder), hint="Run the training step again.")
    heads, kv_heads, _ = _heads(config)
    for file in files:
        with safe_open(file, framework="numpy") as handle:
            for name in handle.keys():  # noqa: SIM118  (not a mapping)
                target = _target_name(name, config)
                if target is None:
                    continue
                values = _float32(file, name, handle)
                if target.endswith("attn_q.weight"):
                    values = _permute(values, heads)
                elif target.endswith("attn_k.weight"):
                    values = _permute(values, kv_heads)
                yield target, values


def _float32(file: Path, name: str, handle: Any) -> np.ndarray:
    import numpy as np

    if handle.get_slice(name).get_dtype() != "BF16":
        return handle.get_tensor(name).astype(np.float32)
    from safetensors import safe_open  # numpy has no bfloat16: torch widens it

    with safe_open(file, framework="pt") as wide:
        return wide.get_tensor(name).float().numpy()


def _target_name(name: str, config: dict[str, Any]) -> str | None:
    if name == "lm_head.weight":
        # Tied weights: llama.cpp takes the embedding where there is no output matrix.
        return None if config.get("tie_word_embeddings") else "output.weight"
    if name in _OUTER:
        return _OUTER[name]
    parts = name.split(".")
    inner = ".".join(parts[3:-1])
    if parts[:2] == ["model", "layers"] and inner in _NAMES and parts[-1] == "weight":
        return f"blk.{parts[2]}.{_NAMES[inner]}.weight"
    raise EvaluationError(f"cannot export the tensor {name!r}", hint="Only plain Llama-family models are exported.")


def _permute(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows from Transformers' order of rotary pairs (halves) to llama.cpp's (neighbours), within each head."""
    rows, columns = values.shape
    return values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _quantisation(values: np.ndarray, kind: Kind) -> Any:
    import gguf

    types = gguf.GGMLQuantizationType
    if kind == "f32" or values.ndim == 1:
        return types.F32
    if kind == "q8_0" and values.shape[-1] % 32 == 0:
        return types.Q8_0
    return types.F16
