"""A tiny random Llama with our tokenizer: real files made without torch, in well under a second, and without meaning."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from schemas.artifacts import ModelManifest
from schemas.conversation import Tool
from schemas.hashing import file_sha256, write_json
from schemas.pipeline import Decoding
from schemas.prompt import CHAT_TEMPLATE, END, PAD, SPECIALS

TEXT = [
    " turn on the hall lamp, please",
    ' HassTurnOn{"name":" hall lamp","area":" kitchen"}',
    " play the album Rough Diamonds by Curtis Lee on Lastfm and Deezer",
    " what is the weather in Croatia at 7:45? I'd say “warm” — naïve ☀️ 猫",
    " add Unite and Win to my night out playlist",
]
LIGHT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "brightness": {"type": "integer", "minimum": 0},
        "mode": {"enum": ["warm", "cold", 3]},
    },
    "required": ["name"],
}
TOOLS = (
    Tool.model_validate({"function": {"name": "TurnOn", "parameters": {"properties": {"name": {"type": "string"}}}}}),
    Tool.model_validate({"function": {"name": "LightSet", "parameters": LIGHT}}),
    Tool.model_validate({"function": {"name": "Nevermind"}}),
)


def write_tokenizer(folder: Path, vocabulary: int = 400) -> int:
    """Returns the number of tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[AddedToken(text, special=True, normalized=False) for text in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return tokenizer.get_vocab_size()


def write_model(
    folder: Path, *, seed: int = 0, context: int = 1024, spread: float = 0.08, layers: int = 2, hidden: int = 64
) -> None:
    """A Transformers folder. ``spread`` is the weights' standard deviation: larger decides more."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    inner, heads, kv_heads = hidden * 3 // 2, 4, 2
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": write_tokenizer(folder),
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": context,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
        "tie_word_embeddings": True,
        "hidden_act": "silu",
        "dtype": "float32",
        "bos_token_id": None,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    key_width = hidden // heads * kv_heads
    shapes = {"self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (key_width, hidden)}
    shapes |= {"self_attn.v_proj": (key_width, hidden), "self_attn.o_proj": (hidden, hidden)}
    shapes |= {"mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden), "mlp.down_proj": (hidden, inner)}
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, spread, shape).astype(np.float32)

    tensors = {"model.embed_tokens.weight": weights(config["vocab_size"], hidden)}
    tensors["model.norm.weight"] = np.ones(hidden, np.float32) + weights(hidden)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        tensors |= {f"{prefix}{name}.weight": weights(*shape) for name, shape in shapes.items()}
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}{norm}.weight"] = np.ones(hidden, np.float32) + weights(hidden)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_export(
    folder: Path, *, tools: tuple[Tool, ...] = TOOLS, arguments: str = "typed", context: int = 1024, seed: int = 0
) -> ModelManifest:
    """A folder as serving opens it: model.json and a q8_0 file."""
    from flows.steps.converting import convert

    write_model(folder / "candidate", context=context, seed=seed)
    weights = folder / "model-q8_0.gguf"
    convert(folder / "candidate", weights, "q8_0", "tiny")
    manifest = ModelManifest(
        candidate="0123456789abcdef",
        pipeline="tiny",
        dataset="fedcba9876543210",
        context=context,
        parameters=1,
        decoding=Decoding.model_validate({"arguments": arguments}),
        tools=tools,
        home=False,
        serve=weights.name,
        files={weights.name: file_sha256(weights)},
    )
    write_json(folder / "model.json", manifest)
    return manifest
