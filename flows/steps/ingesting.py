"""From sources to a dataset version: read, normalise, drop repeats, split, write. Polars splits, Arrow writes.

The version is named by what goes into it (sums of the source files, how they are read, the split, this recipe), so the
name is known before a row is read and unchanged inputs cost one look at the files. Whether rows are good enough is
for the checks (validating.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from flows.steps.collecting import Collection
from flows.steps.generating import GENERATOR, generate
from flows.steps.normalising import Normaliser, Rejected
from flows.steps.reading import TOOLS_FILE, open_dataset
from flows.steps.sourcing import checked_sum, expand, lines, read_tools
from flows.steps.splitting import SPLITS, assign
from flows.steps.storing import new_version
from schemas.artifacts import Dataset
from schemas.conversation import Conversation, Tool
from schemas.errors import SourceEmpty
from schemas.hashing import MANIFEST, content_id, sums, write_json
from schemas.loading import load_inventory
from schemas.pipeline import HomeSource, Source, Split
from schemas.settings import Home
from schemas.tables import CONVERSATIONS, DROPPED

RECIPE = 1  # raise when the same sources would give other rows: the golden test tells
_TOOL_SETS = TypeAdapter(dict[str, tuple[Tool, ...]])


@dataclass(frozen=True)
class Opened:
    """A source that is there and readable. ``spec`` is what names its content; ``parent`` the sum of its file."""

    label: str
    source: Source
    spec: dict[str, Any]
    parent: str
    tools: tuple[Tool, ...] = ()


def ingest(sources: Sequence[Source], split: Split, home: Home) -> Dataset:
    """The dataset version that ``sources`` give, built if it is not there yet.

    Raises SourceMissing, SourceEmpty (also when no row is usable), DataError (a file that cannot be read as a whole)
    and DiskFull. A row that cannot be used is dropped and listed with its reason in dropped.parquet.
    """
    opened = _labelled([_open(source) for source in sources])
    identity = content_id("dataset", RECIPE, split, [{"label": item.label, **item.spec} for item in opened])
    target = home.datasets / identity
    if (target / MANIFEST).is_file():
        return open_dataset(target)
    rows = _collect(opened)
    if not rows.columns["id"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in rows.reasons().items()) or "no rows"
        raise SourceEmpty(f"no usable row ({reasons})", where=", ".join(_place(item) for item in opened))
    with new_version(target) as folder:
        _write(folder, identity, rows, opened, split)
    return open_dataset(target)


def _open(source: Source) -> Opened:
    if isinstance(source, HomeSource):
        spec = {**source.model_dump(exclude_none=True), "generator": GENERATOR}
        if source.inventory is not None:
            spec["inventory"] = content_id(load_inventory(source.inventory))
        return Opened(f"home:{source.seed}", source, spec, parent=content_id(spec))
    path = expand(source.path)
    spec: dict[str, Any] = {"kind": source.kind, "limit": source.limit, "sha256": checked_sum(path)}
    tools: tuple[Tool, ...] = ()
    if source.tools is not None:
        tools = read_tools(expand(source.tools))
        spec["tools"] = content_id(tools)
    return Opened(path.name, source, spec, spec["sha256"], tools)


def _labelled(opened: list[Opened]) -> list[Opened]:
    """A label for each source that no other has: rows name where they come from by it."""
    seen: Counter[str] = Counter()
    labelled = []
    for item in opened:
        seen[item.label] += 1
        label = item.label if seen[item.label] == 1 else f"{item.label}#{seen[item.label]}"
        labelled.append(Opened(label, item.source, item.spec, item.parent, item.tools))
    return labelled


def _place(item: Opened) -> str:
    return item.label if isinstance(item.source, HomeSource) else item.source.path


def _collect(opened: Sequence[Opened]) -> Collection:
    rows = Collection()
    for item in opened:
        for number, found in _conversations(item):
            if isinstance(found, Rejected):
                rows.drop(item.label, number, found.reason, found.detail)
            else:
                rows.add(item.label, number, found)
    return rows


def _conversations(item: Opened) -> Iterator[tuple[int, Conversation | Rejected]]:
    if isinstance(item.source, HomeSource):
        yield from enumerate(generate(item.source), start=1)
        return
    normaliser = Normaliser(item.tools)
    for line in lines(expand(item.source.path), item.spec["sha256"], item.source.limit):
        if line.problem is not None:
            yield line.number, line.problem
            continue
        try:
            yield line.number, normaliser.conversation(line.value)
        except Rejected as problem:
            yield line.number, problem


def _write(folder: Path, identity: str, rows: Collection, opened: Sequence[Opened], split: Split) -> None:
    table = pa.Table.from_pydict(rows.columns, schema=CONVERSATIONS)
    sides = _sides(rows, opened, split)
    for name in SPLITS:
        write_table(table.filter(pa.array([side == name for side in sides], pa.bool_())), folder / f"{name}.parquet")
    write_table(pa.Table.from_pylist(rows.dropped, schema=DROPPED), folder / "dropped.parquet")
    (folder / TOOLS_FILE).write_bytes(_TOOL_SETS.dump_json(rows.tool_sets, indent=1))
    by_tool = Counter(zip(sides, rows.columns["tool"], strict=True))
    counts = Counter(sides)
    write_json(
        folder / MANIFEST,
        {
            "kind": "dataset",
            "id": identity,
            "validated": False,
            "parents": sorted({item.parent for item in opened}),
            "recipe": RECIPE,
            "split": split.model_dump(),
            "sources": {
                item.label: {
                    **item.spec,
                    "read": rows.read[item.label],
                    "kept": rows.columns["source"].count(item.label),
                }
                for item in opened
            },
            "rows": {name: counts[name] for name in SPLITS},
            "by_tool": {name: {tool: n for (side, tool), n in sorted(by_tool.items()) if side == name} for name in SPLITS},
            "dropped": rows.reasons(),
            "conflicts": {"count": len(rows.conflicts), "first": rows.conflicts[:20]},
            "sums": sums(folder, [*(f"{name}.parquet" for name in SPLITS), "dropped.parquet", TOOLS_FILE]),
        },
    )


def _sides(rows: Collection, opened: Sequence[Opened], split: Split) -> list[str]:
    """The split of every row: homes of part validation or test are held out whole, and other rows are drawn by ``split``."""
    held = {
        item.label: item.source.part for item in opened if isinstance(item.source, HomeSource) and item.source.part != "train"
    }
    drawn = [at for at, label in enumerate(rows.columns["source"]) if label not in held]
    requests, tools = ([rows.columns[name][at] for at in drawn] for name in ("request", "tool"))
    sides: list[str] = [held.get(label, "") for label in rows.columns["source"]]
    for at, side in zip(drawn, assign(requests, tools, split), strict=True):
        sides[at] = side
    return sides


def write_table(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")
