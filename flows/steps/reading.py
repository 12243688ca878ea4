"""Reading a dataset version: its rows as conversations, its tool sets, and the artifact that a folder holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from schemas.artifacts import Dataset
from schemas.conversation import Conversation, Message, Tool
from schemas.errors import DataError, IntegrityError
from schemas.hashing import MANIFEST, verify

TOOLS_FILE = "tools.json"
_MESSAGES = TypeAdapter(tuple[Message, ...])
_TOOL_SETS = TypeAdapter(dict[str, tuple[Tool, ...]])
_BATCH = 4096  # rows held in memory at a time


def read_rows(dataset: Dataset, split: str) -> Iterator[Conversation]:
    """Conversations of one split, in the order of their sources. Rows with the same tools share one tuple of them."""
    sets = tools(dataset)
    for row in read_table_rows(dataset, split, ["messages", "tools", "home", "tags"]):
        # Checked when it was ingested: constructing keeps the shared tuple, which validating would copy for every row.
        yield Conversation.model_construct(
            messages=_MESSAGES.validate_json(row["messages"]),
            tools=sets[row["tools"]],
            home=tuple(row["home"]),
            tags=tuple(row["tags"]),
        )


def read_table_rows(dataset: Dataset, split: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a split as they are stored (schemas.tables.CONVERSATIONS), in batches."""
    path = dataset.folder / f"{split}.parquet"
    if not path.is_file():
        raise DataError(f"the dataset has no split {split!r}", where=str(path))
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH, columns=columns):
                yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise IntegrityError("the file is no readable Parquet", where=str(path)) from error


def tools(dataset: Dataset) -> dict[str, tuple[Tool, ...]]:
    """Tool sets by the key that rows name them by; "" is the empty set."""
    return {"": (), **_TOOL_SETS.validate_json((dataset.folder / TOOLS_FILE).read_bytes())}


def read_manifest(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IntegrityError("the folder has no manifest", where=str(folder)) from error
    except ValueError as error:
        raise IntegrityError("the manifest is damaged", where=str(folder / MANIFEST)) from error


def open_dataset(folder: Path) -> Dataset:
    """The dataset version in ``folder``, its files checked against its manifest; IntegrityError when one differs."""
    manifest = read_manifest(folder)
    verify(folder, manifest["sums"])
    docs = folder / "docs"
    return Dataset(
        id=manifest["id"],
        path=str(folder),
        parents=tuple(manifest["parents"]),
        rows=manifest["rows"],
        validated=manifest["validated"],
        docs=str(docs) if docs.is_dir() else None,
    )
