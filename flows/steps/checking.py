"""What the checks look at: measures of each row, computed once, that expectations then set bounds for.

Columns: id, request, answer, tool, calls and source as in schemas.tables.CONVERSATIONS; ``split``, ``messages_count``,
``home_lines``, ``request_splits`` (in how many splits the request text occurs); and, over all calls of the row,
``undeclared_calls``, ``unknown_arguments``, ``missing_arguments`` and ``mistyped_arguments``.
Does not cover: whether an argument is right, only whether its tool declares it so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from schemas.conversation import FunctionSpec, Tool

CALL_MEASURES = ("undeclared_calls", "unknown_arguments", "missing_arguments", "mistyped_arguments")
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def measured(rows: pa.Table, sides: Sequence[str], sets: Mapping[str, tuple[Tool, ...]]) -> pl.DataFrame:
    """One line a row, in the same order: the columns that a suite may name. ``sides`` holds each row's split."""
    specs = {key: {tool.function.name: tool.function for tool in tools} for key, tools in sets.items()}
    measures: dict[str, list[int]] = {name: [] for name in (*CALL_MEASURES, "messages_count")}
    for text, key in zip(rows["messages"].to_pylist(), rows["tools"].to_pylist(), strict=True):
        messages = json.loads(text)
        measures["messages_count"].append(len(messages))
        for name, value in zip(CALL_MEASURES, measure_calls(messages, specs[key]), strict=True):
            measures[name].append(value)
    frame = pl.DataFrame(rows.select(["id", "request", "answer", "tool", "calls", "source"]))
    lowered = pl.col("request").str.to_lowercase()
    return frame.with_columns(
        pl.Series("split", sides, dtype=pl.String),
        pl.Series("home_lines", [len(home) for home in rows["home"].to_pylist()], dtype=pl.Int64),
        *(pl.Series(name, values, dtype=pl.Int64) for name, values in measures.items()),
    ).with_columns(request_splits=pl.col("split").n_unique().over(lowered))


def measure_calls(messages: Sequence[Mapping[str, Any]], specs: Mapping[str, FunctionSpec]) -> tuple[int, int, int, int]:
    """Counts in the order of CALL_MEASURES, over the calls of all messages."""
    undeclared = unknown = missing = mistyped = 0
    for call in (call for message in messages for call in message.get("tool_calls", ())):
        spec = specs.get(call["function"]["name"])
        if spec is None:
            undeclared += 1
            continue
        arguments, declared = json.loads(call["function"]["arguments"]), spec.properties()
        unknown += sum(name not in declared for name in arguments)
        missing += sum(name not in arguments for name in spec.required())
        mistyped += sum(name in declared and not fits(value, declared[name]) for name, value in arguments.items())
    return undeclared, unknown, missing, mistyped


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether ``value`` has the type, the enumeration and the bounds of a JSON schema, at its top level."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        return schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return True


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS.get(kind, object))
