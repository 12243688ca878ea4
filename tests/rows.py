"""Chat rows of the tests' own making: the kitchen fixture, and single rows written on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemas.pipeline import JsonlSource

KITCHEN = Path(__file__).parent / "fixtures" / "rows" / "kitchen.jsonl"
KITCHEN_TOOLS = KITCHEN.with_name("tools.json")


def kitchen(**changes: Any) -> JsonlSource:
    return JsonlSource(kind="jsonl", **{"path": str(KITCHEN), "tools": str(KITCHEN_TOOLS), **changes})


def timer(request: str, arguments: dict[str, Any] | str, name: str = "StartTimer", **more: Any) -> dict[str, Any]:
    """A row that calls a tool of the kitchen's."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    call = {"id": "any", "type": "function", "function": {"name": name, "arguments": text}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"messages": [{"role": "user", "content": request}, answer], **more}


def said(request: str, reply: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": request}, {"role": "assistant", "content": reply}]}


def write_rows(path: Path, rows: list[Any]) -> JsonlSource:
    """A source of ``rows``: each a value to be written as JSON, or bytes to be written as they are."""
    raw = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    path.write_bytes(b"\n".join(raw) + b"\n")
    return kitchen(path=str(path))


def fill_disk(monkeypatch: pytest.MonkeyPatch, stem: str) -> None:
    """Let every Parquet file called ``stem`` meet a full disk: /dev/full answers each write with ENOSPC.

    It is opened here and passed as a stream, since Arrow deletes the *path* of a file that it could not write.
    """
    real = pq.write_table

    def write(table: Any, path: Path, **options: Any) -> None:
        if path.stem != stem:
            return real(table, path, **options)
        with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
            return real(table, full, **options)

    monkeypatch.setattr(pq, "write_table", write)
