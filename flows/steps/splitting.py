"""Which split a row belongs to.

Within each tool, requests are sorted by a salted hash of their text and cut at the shares. Cutting a sorted list gives
exact shares even for rare tools, which comparing each hash with a threshold does not; and as the cuts are quantiles of
uniform hashes, rows added later move only the few requests that lie at a cut. Rows of another tool move nothing. Equal
request texts have equal hashes and one stratum, so they are never on two sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from schemas.pipeline import Split

SPLITS = ("train", "validation", "test")


def assign(requests: Sequence[str], tools: Sequence[str], split: Split) -> list[str]:
    """The split of every row, given its request text and the tool that it calls.

    A request with rows of several tools counts as the first of them in alphabetical order. A tool with three requests
    or more has at least one of them in the test split.
    """
    rows = pl.DataFrame(
        {"request": list(requests), "tool": list(tools)}, schema={"request": pl.String, "tool": pl.String}
    ).with_columns(pl.col("request").str.to_lowercase())
    groups = rows.group_by("request").agg(pl.col("tool").min(), pl.len().alias("rows"))
    hashed = groups.with_columns(pl.Series("hash", [_hash(split.salt, text) for text in groups["request"]]))
    ordered = hashed.sort("tool", "hash", "request")
    # A group lies where its middle row lies, so that a group of many rows goes to the side that holds most of it.
    before = pl.col("rows").cum_sum().over("tool") - pl.col("rows")
    middle = before + (pl.col("rows") - 1) / 2
    placed = ordered.with_columns(
        middle=middle, total=pl.col("rows").sum().over("tool"), groups=pl.len().over("tool"), first=before == 0
    ).with_columns(held=(pl.col("total") * split.test).round(), kept=(pl.col("total") * split.validation).round())
    name = (
        pl.when((pl.col("middle") < pl.col("held")) | (pl.col("first") & (pl.col("groups") >= 3)))
        .then(pl.lit("test"))
        .when(pl.col("middle") < pl.col("held") + pl.col("kept"))
        .then(pl.lit("validation"))
        .otherwise(pl.lit("train"))
    )
    named = placed.select("request", name.alias("split"))
    return rows.join(named, on="request", how="left", maintain_order="left")["split"].to_list()


def _hash(salt: str, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{salt}\0{text}".encode()).digest()[:8], "big") >> 1
