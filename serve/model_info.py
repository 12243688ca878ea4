"""What is known of a model file or folder, in words and figures: for `rottie models info` and `verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.artifacts import ModelManifest
from schemas.assistant import LlmEngine
from schemas.errors import IntegrityError, ModelUnusable
from schemas.hashing import file_sha256, verify
from schemas.pipeline import Decoding
from serve.formats.syntax import syntax_of
from serve.formats.template import open_template
from serve.gguf_header import Header, read_header
from serve.models import open_form, read_model, try_decode

# What a chat template marks its turns with, and the families that do so; the first that fits.
_FAMILIES = (
    ("<|home|>", "rottie"),
    ("<|start_header_id|>", "llama-3"),
    ("[INST]", "mistral"),
    ("<start_of_turn>", "gemma"),
    ("<|im_sep|>", "phi-4"),
    ("<|im_start|>", "chatml (qwen, hermes and others)"),
    ("<|end|>", "phi"),
    ("<|assistant|>", "zephyr"),
)
TRIAL_CONTEXT = 512


def weights_of(place: Path) -> tuple[Path, ModelManifest | None]:
    """The weights in ``place``, a folder with model.json or a file by itself. Raises ModelUnusable."""
    if place.is_dir():
        manifest = read_model(place)
        return place / manifest.serve, manifest
    if not place.is_file():
        raise ModelUnusable("there is no such file", where=str(place), hint="Name a GGUF file, a model folder or a version.")
    return place, None


def info(place: Path) -> dict[str, Any]:
    """Plain values by name; those that the file does not say are None. Texts out of the file hold no control characters."""
    weights, manifest = weights_of(place)
    header = read_header(weights)
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    return {
        "file": str(weights),
        "name": _shown(header.text("general.name")),
        "architecture": _shown(header.architecture),
        "parameters": header.parameters,
        "quantisation": _quantisation(header),
        "context": header.context or None,
        "tokenizer": _shown(" ".join(header.text(f"tokenizer.ggml.{key}") for key in ("model", "pre")).strip()),
        "vocabulary": len(tokens) if isinstance(tokens, list) else None,
        "chat_template": _family(header.template),
        "tool_calls": _calls(header.template),
        "licence": (manifest.origin.license if manifest and manifest.origin else None) or _shown(header.text("general.license")),
        "bytes": weights.stat().st_size,
        "sha256": file_sha256(weights),
        "origin": manifest.origin.model_dump() if manifest and manifest.origin else None,
        "format": manifest.format if manifest else None,
        "made_from": manifest.model_dump(include={"pipeline", "dataset", "candidate"}) if manifest else None,
    }


def check(place: Path, kind: str = "xllamacpp") -> Iterator[str]:
    """What was found right, step by step. Raises IntegrityError or ModelUnusable at the first step that fails."""
    weights, manifest = weights_of(place)
    if manifest is None:
        sha = file_sha256(weights)
        yield f"no model.json beside it; its SHA-256 sum is {sha}"
    else:
        sha = manifest.files.get(manifest.serve, "")
        if not sha:
            raise IntegrityError("the manifest names no sum for the served weights", where=str(place / "model.json"))
        verify(place, manifest.files)
        yield f"{len(manifest.files)} file(s) have the SHA-256 sums of model.json"
    header = read_header(weights)
    yield f"GGUF with {len(header.tensors)} tensors, {header.parameters:,} parameters"
    if manifest is None and header.template is not None:
        open_template(header, Decoding(), str(weights)).close()
        yield "the chat template renders"
    elif manifest is not None:
        open_form(manifest, weights).close()
        yield "the chat template renders" if manifest.format == "template" else "spoken to as the models that are trained here"
    context = max(128, min(header.context or TRIAL_CONTEXT, TRIAL_CONTEXT))
    try_decode(weights, sha, LlmEngine.model_validate({"kind": kind, "context": context, "slots": 1}))
    yield f"{kind} decodes it on this machine"


def _family(template: str | None) -> str | None:
    if template is None:
        return None
    return next((family for mark, family in _FAMILIES if mark in template), "other")


def _calls(template: str | None) -> str | None:
    """How it calls tools: in its own way, or as it is told to."""
    if template is None or "<|home|>" in template:
        return None
    syntax = syntax_of(template)
    return syntax.name if syntax else "as told in the system text"


def _quantisation(header: Header) -> str | None:
    """The file's own name for it, else the most frequent one among its matrices."""
    import gguf

    number = header.metadata.get("general.file_type")
    try:
        return gguf.LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        kinds = Counter(tensor.kind for tensor in header.tensors if len(tensor.shape) > 1)
    try:
        return gguf.GGMLQuantizationType(kinds.most_common(1)[0][0]).name
    except (ValueError, IndexError):
        return None


def _shown(text: str) -> str | None:
    """A terminal obeys control characters, and these texts come from anywhere."""
    return "".join(character for character in text if character.isprintable())[:200] or None
