"""A trained recogniser as the folder that faster-whisper loads: CTranslate2 in int8, tokenizer and feature settings beside it.

Does not cover the card and the manifest (see speech.registering).
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from flows.steps.recogniser.modelling import FRAMES, MELS, TARGETS, Recogniser
from flows.steps.recogniser.tokenizing import END, START, TIMES, specials

FILES = ("model.bin", "config.json", "vocabulary.json", "tokenizer.json", "preprocessor_config.json")


def export(model: Recogniser, tokenizer: Tokenizer, language: str, seconds: int, folder: Path) -> None:
    """Write ``FILES`` into ``folder``. Deterministic for the same weights."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".exporting-") as temporary:
        place = Path(temporary)
        _write_transformers(model, tokenizer, language, place / "transformers")
        _convert(place / "transformers", place / "converted")
        for name in FILES[:3]:
            shutil.copy2(place / "converted" / name, folder / name)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"feature_size": MELS, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "chunk_length": seconds}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def _write_transformers(model: Recogniser, tokenizer: Tokenizer, language: str, folder: Path) -> None:
    import torch
    from transformers import GenerationConfig, PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

    shape = model.shape
    end, start = tokenizer.token_to_id(END), tokenizer.token_to_id(START)
    ids: dict[str, Any] = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end, "decoder_start_token_id": start}
    config = WhisperConfig(
        vocab_size=shape.vocabulary,
        num_mel_bins=MELS,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        max_source_positions=FRAMES,
        max_target_positions=TARGETS,
        suppress_tokens=[],
        begin_suppress_tokens=[],
        **ids,
    )
    with torch.random.fork_rng():
        whole = WhisperForConditionalGeneration(config)
    whole.load_state_dict(model.exported(), strict=True)
    heads = [[shape.decoder_layers - 1, head] for head in range(shape.heads)]
    whole.generation_config = GenerationConfig(
        suppress_tokens=[],
        begin_suppress_tokens=[],
        alignment_heads=heads,
        lang_to_id={f"<|{language}|>": tokenizer.token_to_id(f"<|{language}|>")},
        **ids,
    )
    whole.save_pretrained(folder)
    others = [name for name in specials(language) if name != END]
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=END, bos_token=END, unk_token=END, additional_special_tokens=others
    ).save_pretrained(folder)


def _convert(source: Path, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    logging.getLogger("transformers").setLevel(logging.ERROR)
    TransformersConverter(str(source)).convert(str(target), quantization="int8")


def vocabulary_size(tokenizer: Tokenizer) -> int:
    return tokenizer.get_vocab_size() + TIMES
