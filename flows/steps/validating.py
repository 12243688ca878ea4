"""The checks between rows and training: a dataset version in, a validated one out, with Data Docs and a quarantine.

Rows that fail an expectation are set aside with their reasons; the rest goes on. When too many fail, or too few are left,
nothing goes on: what was found stays on disk, and the error names the page that shows it.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from flows.steps.checking import measured
from flows.steps.expecting import Outcome, read_suite, run_suite
from flows.steps.ingesting import write_table
from flows.steps.reading import TOOLS_FILE, open_dataset, read_manifest, tools
from flows.steps.splitting import SPLITS
from flows.steps.storing import new_version
from schemas.artifacts import Dataset
from schemas.errors import ChecksFailed
from schemas.hashing import MANIFEST, content_id, sums, write_json
from schemas.pipeline import Checks
from schemas.settings import Home
from schemas.tables import CONVERSATIONS, QUARANTINE

RECIPE = 1  # raise when the same rows and suite would give another outcome


def validate(dataset: Dataset, checks: Checks, home: Home) -> Dataset:
    """The version of ``dataset`` without the rows that fail the suite, built if it is not there yet.

    Raises ChecksFailed (more than ``max_failed_share`` fail, fewer than ``min_rows`` are left, or an expectation about
    the whole table fails); Data Docs and quarantine.parquet are kept then too, in the folder that the error names.
    """
    suite = read_suite(checks.suite)
    limits = {"max_failed_share": checks.max_failed_share, "min_rows": checks.min_rows}
    identity = content_id("validated", RECIPE, dataset.id, suite, limits)
    target = home.datasets / identity
    if not (target / MANIFEST).is_file():
        with new_version(target) as folder:
            _check(dataset, checks, suite, folder, identity)
    failed = read_manifest(target).get("failed")
    if failed:
        _fail(failed, target)
    return open_dataset(target)


def _fail(failed: str, target: Path) -> NoReturn:
    raise ChecksFailed(
        failed,
        where=str(target / "docs" / "index.html"),
        hint=f"Open these Data Docs and {target / 'quarantine.parquet'}; correct the rows, or loosen `checks` in the pipeline.",
    )


def _check(dataset: Dataset, checks: Checks, suite: dict[str, Any], folder: Path, identity: str) -> None:
    dataset = open_dataset(dataset.folder)  # raises IntegrityError when a file was changed since it was written
    tables = {name: pq.read_table(dataset.folder / f"{name}.parquet", schema=CONVERSATIONS) for name in SPLITS}
    rows = pa.concat_tables(tables.values())
    sides = [name for name, table in tables.items() for _ in range(table.num_rows)]
    sets = tools(dataset)
    declared = sorted({tool.function.name for tools_ in sets.values() for tool in tools_} | {"none"})
    outcomes = run_suite(measured(rows, sides, sets), suite, {"declared_tools": declared}, folder / "docs")
    reasons = _reasons(outcomes)
    ids = rows["id"].to_pylist()
    good = [row not in reasons for row in ids]
    _write_quarantine(rows.filter(pa.array([not g for g in good], pa.bool_())), reasons, folder)
    failed = _verdict(outcomes, len(ids), sum(good), checks)
    written: list[str] = []
    if failed is None:
        for name in SPLITS:
            kept = [ok and side == name for ok, side in zip(good, sides, strict=True)]
            write_table(rows.filter(pa.array(kept, pa.bool_())), folder / f"{name}.parquet")
        shutil.copy(dataset.folder / TOOLS_FILE, folder / TOOLS_FILE)
        written = [*(f"{name}.parquet" for name in SPLITS), TOOLS_FILE]
    manifest = _manifest(dataset, identity, checks, outcomes, reasons, len(ids))
    manifest |= _counts(sides, rows["tool"].to_pylist(), good) | {"validated": failed is None, "failed": failed}
    manifest["sums"] = sums(folder, [*written, "quarantine.parquet"])
    write_json(folder / MANIFEST, manifest)


def _reasons(outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for outcome in outcomes:
        for row in outcome.rows:
            reasons[row].append(outcome.reason)
    return dict(reasons)


def _write_quarantine(rows: pa.Table, reasons: Mapping[str, list[str]], folder: Path) -> None:
    listed = [reasons[row] for row in rows["id"].to_pylist()]
    table = rows.append_column(QUARANTINE.field("reasons"), pa.array(listed, QUARANTINE.field("reasons").type))
    write_table(table.cast(QUARANTINE), folder / "quarantine.parquet")


def _verdict(outcomes: Sequence[Outcome], rows: int, good: int, checks: Checks) -> str | None:
    """Why the gate stays shut, or None when it opens."""
    whole = [outcome.expectation for outcome in outcomes if not outcome.held and not outcome.rows]
    if whole:
        return f"the dataset as a whole fails {', '.join(whole)}"
    share = (rows - good) / rows if rows else 0.0
    if share > checks.max_failed_share:
        return f"{rows - good} of {rows} rows fail ({share:.1%}), more than checks.max_failed_share={checks.max_failed_share:.1%}"
    if good < checks.min_rows:
        return f"{good} rows pass, fewer than checks.min_rows={checks.min_rows}"
    return None


def _manifest(
    dataset: Dataset, identity: str, checks: Checks, outcomes: Sequence[Outcome], reasons: Mapping[str, list[str]], rows: int
) -> dict[str, Any]:
    return {
        "kind": "dataset",
        "id": identity,
        "parents": [dataset.id],
        "recipe": RECIPE,
        "checks": checks.model_dump(),
        "checked": rows,
        "quarantined": len(reasons),
        "reasons": dict(sorted(Counter(reason for listed in reasons.values() for reason in listed).items())),
        "expectations": [
            {"reason": o.reason, "expectation": o.expectation, "held": o.held, "failing": len(o.rows)} for o in outcomes
        ],
    }


def _counts(sides: Sequence[str], called: Sequence[str], good: Sequence[bool]) -> dict[str, Any]:
    pairs = Counter((side, tool) for side, tool, kept in zip(sides, called, good, strict=True) if kept)
    by_tool = {name: {tool: count for (side, tool), count in sorted(pairs.items()) if side == name} for name in SPLITS}
    return {"rows": {name: sum(by_tool[name].values()) for name in SPLITS}, "by_tool": by_tool}
