"""Tiny random GGUF files as other families publish them: their special tokens, their chat template, no word of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.artifacts import ModelManifest
from schemas.hashing import file_sha256, write_json
from schemas.pipeline import Decoding
from tests.serve.formats.families import template_of
from tests.tiny import write_export

_CONTROL, _USER_DEFINED = 3, 4
# Eight tokens take the places of our own eight: first what pads, second what ends a turn.
TOKENS = {
    "qwen-2.5": ("<|endoftext|>", "<|im_end|>", "<|im_start|>", "<tool_call>", "</tool_call>", "<think>", "</think>", "<tools>"),
    "mistral-nemo": ("<unk>", "</s>", "<s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
}
USER_DEFINED = {"qwen-2.5": 3, "mistral-nemo": 8}
"""From which of them on they are user-defined, not control tokens."""


def write_foreign(path: Path, family: str, *, context: int = 1024, license: str = "apache-2.0") -> None:
    import gguf
    from gguf.scripts.gguf_new_metadata import MetadataDetails, copy_with_new_metadata

    own = path.parent / f"own-{family}"
    own.mkdir(parents=True)
    manifest = write_export(own, context=context)
    reader = gguf.GGUFReader(own / manifest.serve)
    tokens = _contents(reader, "tokenizer.ggml.tokens")
    kinds = _contents(reader, "tokenizer.ggml.token_type")
    for number, text in enumerate(TOKENS[family]):
        tokens[number] = text
        kinds[number] = _CONTROL if number < USER_DEFINED[family] else _USER_DEFINED
    begins = family.startswith("mistral")
    text, whole, yes = gguf.GGUFValueType.STRING, gguf.GGUFValueType.UINT32, gguf.GGUFValueType.BOOL
    several = gguf.GGUFValueType.ARRAY
    writer = gguf.GGUFWriter(path, "llama")
    changes = {
        "general.name": MetadataDetails(text, f"Tiny {family}"),
        "general.license": MetadataDetails(text, license),
        "tokenizer.chat_template": MetadataDetails(text, template_of(family)),
        "tokenizer.ggml.tokens": MetadataDetails(several, tokens, sub_type=text),
        "tokenizer.ggml.token_type": MetadataDetails(several, kinds, sub_type=gguf.GGUFValueType.INT32),
        "tokenizer.ggml.bos_token_id": MetadataDetails(whole, 2),
        "tokenizer.ggml.add_bos_token": MetadataDetails(yes, begins),
    }
    copy_with_new_metadata(reader, writer, changes, [])


def _contents(reader: Any, key: str) -> list[Any]:
    return list(reader.get_field(key).contents())


def write_foreign_export(folder: Path, family: str, **how: Any) -> ModelManifest:
    """A folder as serving opens it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny-Q8_0.gguf"
    write_foreign(path, family, **how)
    manifest = ModelManifest(
        candidate=family,
        pipeline="pulled",
        dataset="none",
        context=1024,
        parameters=1,
        decoding=Decoding(),
        tools=(),
        home=True,
        format="template",
        serve=path.name,
        files={path.name: file_sha256(path)},
    )
    write_json(folder / "model.json", manifest)
    return manifest
