"""A candidate as GGUF files and the manifest that serving reads: content-addressed, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from flows.steps.converting import convert, read_config
from flows.steps.quantising import FILE_TYPES, quantise
from flows.steps.reading import read_table_rows, tools
from flows.steps.storing import new_version
from schemas.artifacts import Candidate, Dataset, Exported, ModelManifest
from schemas.conversation import Tool
from schemas.errors import IntegrityError, ModelUnusable
from schemas.hashing import MANIFEST, content_id, file_sha256, verify, write_json
from schemas.pipeline import Pipeline
from schemas.settings import Home
from serve.models import read_model

FORMAT = 2  # part of every export's name: raise it when the same candidate must be written anew


def export(candidate: Candidate, dataset: Dataset, pipeline: Pipeline, home: Home) -> Exported:
    """GGUF files of every quantisation that the pipeline names, under ``models/exports/<id>``; nothing where it exists whole.

    Raises EvaluationError for what this writer cannot export, DiskFull where there is no room.
    """
    name = content_id("export", FORMAT, candidate.id, dataset.id, pipeline.name, pipeline.export, pipeline.decoding)
    folder = home.models / "exports" / name
    parents = (candidate.id, dataset.id)
    if (manifest := _existing(folder)) is not None:
        return Exported(id=name, path=str(folder), parents=parents, manifest=manifest)
    shutil.rmtree(folder, ignore_errors=True)  # there, but not whole
    with new_version(folder) as work:
        manifest = _write(work, candidate, dataset, pipeline)
        write_json(work / MANIFEST, {"kind": "exported", "id": name, "parents": list(parents), "sums": manifest.files})
    return Exported(id=name, path=str(folder), parents=parents, manifest=manifest)


def file_name(quantisation: str) -> str:
    return f"model-{quantisation}.gguf"


def _existing(folder: Path) -> ModelManifest | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        manifest = read_model(folder)
        verify(folder, manifest.files)
    except (IntegrityError, ModelUnusable):
        return None
    return manifest


def _write(folder: Path, candidate: Candidate, dataset: Dataset, pipeline: Pipeline) -> ModelManifest:
    config = read_config(candidate.folder)
    kinds = pipeline.export.quantisations
    label = f"{pipeline.model} {candidate.id}"
    for kind in kinds:
        if kind in ("f16", "q8_0"):
            convert(candidate.folder, folder / file_name(kind), kind, label)
    if any(kind in FILE_TYPES for kind in kinds):
        source = folder / file_name("f16")
        if "f16" not in kinds:
            convert(candidate.folder, source, "f16", label)
        for kind in kinds:
            if kind in FILE_TYPES:
                quantise(source, folder / file_name(kind), kind)
        if "f16" not in kinds:
            source.unlink()
    manifest = ModelManifest(
        candidate=candidate.id,
        pipeline=pipeline.name,
        dataset=dataset.id,
        context=int(config["max_position_embeddings"]),
        parameters=candidate.parameters,
        decoding=pipeline.decoding,
        tools=_all_tools(dataset),
        home=_has_home(dataset),
        turns=_turns(dataset),
        serve=file_name(pipeline.export.serve),
        files={file_name(kind): file_sha256(folder / file_name(kind)) for kind in kinds},
    )
    write_json(folder / "model.json", manifest)
    return manifest


def _all_tools(dataset: Dataset) -> tuple[Tool, ...]:
    """Every tool of the dataset once, the first declaration of a name wins."""
    found: dict[str, Tool] = {}
    for offered in tools(dataset).values():
        for tool in offered:
            found.setdefault(tool.function.name, tool)
    return tuple(found.values())


def _turns(dataset: Dataset) -> int:
    """The most user messages that at least one training row in 100 has; a stray long row makes no conversationalist."""
    rows = (json.loads(row["messages"]) for row in read_table_rows(dataset, "train", ["messages"]))
    counts = sorted((sum(message["role"] == "user" for message in messages) for messages in rows), reverse=True)
    return max(1, counts[len(counts) // 100]) if counts else 1


def _has_home(dataset: Dataset) -> bool:
    return any(row["home"] for row in read_table_rows(dataset, "train", ["home"]))
