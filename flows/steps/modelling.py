"""Model folders: built from random weights, loaded without running anything they bring along, saved as safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from schemas.errors import ConfigError, SourceMissing, TrainingError
from schemas.pipeline import Lora, PretrainedBase, ScratchBase
from schemas.prompt import END, PAD

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

ADAPTER = "adapter"


def scratch_model(base: ScratchBase, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """A Llama with tied embeddings and random weights that ``base.seed`` fixes. Sets torch's seed."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=base.hidden,
        num_hidden_layers=base.layers,
        num_attention_heads=base.heads,
        num_key_value_heads=base.kv_heads,
        intermediate_size=base.intermediate,
        max_position_embeddings=base.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.get_vocab()[END],
        pad_token_id=tokenizer.get_vocab()[PAD],
        # 0.02 suits widths around 1,000; small models learn faster with the usual 1/sqrt(width).
        initializer_range=base.hidden**-0.5,
        rope_parameters={"rope_type": "default", "rope_theta": base.rope_theta},
    )
    torch.manual_seed(base.seed)
    model = LlamaForCausalLM(config)
    if base.copying:
        from flows.steps.priming import prime

        prime(model, base.seed)
    return model


def load_model(folder: Path, attention: str = "sdpa", dtype: torch.dtype | None = None) -> PreTrainedModel:
    """Weights of a local folder in ``dtype`` (float32 when absent). Raises TrainingError for a folder without safetensors."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar for every small file would drown our own
    if not any(folder.glob("*.safetensors")):
        raise TrainingError("the model folder has no safetensors weights", where=str(folder))
    return AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype or torch.float32,
        attn_implementation=attention,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, use_fast=True)
    return cast(PreTrainedTokenizerFast, tokenizer)


def pretrained_folder(base: PretrainedBase) -> Path:
    """The folder itself, or the pinned commit of the hub's repository in the local download cache.

    Only weights in safetensors, JSON and text files are fetched. Raises ConfigError, SourceMissing.
    """
    folder = Path(base.source).expanduser()
    if folder.is_dir():
        return folder
    if base.source.count("/") != 1 or base.source.startswith((".", "/", "~")):
        raise SourceMissing("no such model folder", where=base.source, hint="Correct training.base.source.")
    if base.revision is None:
        raise ConfigError(
            "a model of the hub must be pinned",
            where="training.base.revision",
            hint="Give the 40 hex digits of the commit as training.base.revision.",
        )
    from huggingface_hub import snapshot_download

    wanted = ["*.safetensors", "*.json", "*.txt", "*.jinja", "LICENSE*", "README.md"]
    try:
        return Path(snapshot_download(base.source, revision=base.revision, allow_patterns=wanted))
    except (OSError, ValueError) as error:
        raise SourceMissing(
            f"cannot fetch the model: {type(error).__name__}",
            where=f"{base.source}@{base.revision}",
            hint="Check the name and the network, or give a local folder as training.base.source.",
        ) from error


def add_adapter(model: PreTrainedModel, method: Lora, seed: int) -> Any:
    """A PEFT model whose adapter alone learns; the adapter's random half follows ``seed``."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(
        r=method.rank,
        lora_alpha=method.alpha,
        lora_dropout=method.dropout,
        target_modules=list(method.targets),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise ConfigError(str(error), where="training.method.targets") from error


def save_model(model: Any, tokenizer: PreTrainedTokenizerFast, folder: Path) -> int:
    """Write weights, configuration and tokenizer; an adapter is kept under adapter/ and merged into the weights.

    Returns the number of parameters. ``model`` is spent afterwards where it was a PEFT model.
    """
    if hasattr(model, "merge_and_unload"):
        model.save_pretrained(folder / ADAPTER, safe_serialization=True)
        model = model.merge_and_unload()
    # Ours is a training-time attention; what reads the folder later chooses its own.
    model.set_attn_implementation("sdpa")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model.num_parameters()


def halved(source: Path, target: Path) -> None:
    """Weights of one file in bfloat16: what a starter is shipped as, half the size."""
    import torch
    from safetensors.torch import load_file, save_file

    save_file({name: value.to(torch.bfloat16) for name, value in load_file(source).items()}, target, metadata={"format": "pt"})
