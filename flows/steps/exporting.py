"""A candidate as GGUF files and the manifest that serving reads: content-addressed, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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

FORMAT = 3  # part of every export's name: raise it when the same candidate must be written anew
MOST_SETS = 8  # of tools: a model that has seen more of them knows none by heart and reads those of the prompt


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
        results=_reads_results(dataset),
        serve=file_name(pipeline.export.serve),
        files={file_name(kind): file_sha256(folder / file_name(kind)) for kind in kinds},
    )
    write_json(folder / "model.json", manifest)
    return manifest


def _all_tools(dataset: Dataset) -> tuple[Tool, ...]:
    """Every tool of the dataset once, the first declaration of a name wins; none where rows have tools of all kinds."""
    sets, found = tools(dataset), dict[str, Tool]()
    if len(sets) > MOST_SETS:
        return ()
    for offered in sets.values():
        for tool in offered:
            found.setdefault(tool.function.name, tool)
    return tuple(found.values())


def _turns(dataset: Dataset) -> int:
    """The most user messages that at least one training row in 100 has; a stray long row makes no conversationalist."""
    counts = sorted((sum(message["role"] == "user" for message in messages) for messages in _messages(dataset)), reverse=True)
    return max(1, counts[len(counts) // 100]) if counts else 1


def _reads_results(dataset: Dataset) -> bool:
    """Whether at least one training row in 100 ends with an answer to the result of a call."""
    answers = [len(messages) > 1 and messages[-2]["role"] == "tool" for messages in _messages(dataset)]
    return sum(answers) * 100 >= len(answers) > 0


def _messages(dataset: Dataset) -> Iterator[list[dict[str, Any]]]:
    return (json.loads(row["messages"]) for row in read_table_rows(dataset, _learned(dataset), ["messages"]))


def _learned(dataset: Dataset) -> str:
    """The split of training rows; where those are made as training goes, the one that is like them."""
    return "train" if dataset.rows.get("train") else "validation"


def _has_home(dataset: Dataset) -> bool:
    return any(row["home"] for row in read_table_rows(dataset, _learned(dataset), ["home"]))
