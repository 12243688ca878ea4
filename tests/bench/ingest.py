"""Ingest and validate of the SNIPS rows, imports included, each round in a fresh process and a fresh home.

    ROTTIE_SNIPS=<folder with train.jsonl and tools.json> python -m tests.bench.ingest [rounds]

The peer is what a script without any of it does: every line through ``json`` into a pandas frame and out as Parquet,
with no validation, no duplicates found, no split and no checks. Rounds alternate, so that a busy machine slows both.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

from tests.bench.comparing import keep

TARGET_SECONDS = 10.0
OURS = """
import json, sys, time
start = time.perf_counter()
from pathlib import Path
from flows.steps.ingesting import ingest
from flows.steps.validating import validate
from schemas.pipeline import Checks, JsonlSource, Split
from schemas.settings import Home
source = JsonlSource(kind="jsonl", path=sys.argv[1] + "/train.jsonl", tools=sys.argv[1] + "/tools.json")
home = Home(Path(sys.argv[2]))
imported = time.perf_counter()
dataset = ingest([source], Split(), home)
ingested = time.perf_counter()
checked = validate(dataset, Checks(), home)
validated = time.perf_counter()
ingest([source], Split(), home); validate(dataset, Checks(), home)
print(json.dumps({"imports": imported - start, "ingest": ingested - imported, "validate": validated - ingested,
                  "again": time.perf_counter() - validated, "rows": sum(checked.rows.values())}))
"""
PEER = """
import json, sys
import pandas
rows = [json.loads(line) for line in open(sys.argv[1] + "/train.jsonl", encoding="utf-8")]
pandas.DataFrame({"messages": [json.dumps(row["messages"]) for row in rows]}).to_parquet(sys.argv[2] + "/rows.parquet")
print(json.dumps({"rows": len(rows)}))
"""


def timed(script: str, folder: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        start, used = time.perf_counter(), processor_seconds()
        done = subprocess.run([sys.executable, "-c", script, folder, home], check=True, capture_output=True, text=True)
        seconds, processor = time.perf_counter() - start, processor_seconds() - used
        return {"seconds": seconds, "processor": processor, **json.loads(done.stdout.splitlines()[-1])}


def processor_seconds() -> float:
    """Time that finished children spent on a processor: what is left of a measurement on a machine that others use."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder: str, rounds: int) -> dict[str, Any]:
    ours, peer = [], []
    for _ in range(rounds):
        ours.append(timed(OURS, folder))
        peer.append(timed(PEER, folder))
    ratios = sorted(a["processor"] / b["processor"] for a, b in zip(ours, peer, strict=True))
    seconds = median(run["seconds"] for run in ours)
    return {
        "name": "ingest",
        "rounds": rounds,
        "rows": ours[0]["rows"],
        "seconds": round(seconds, 2),
        "processor_seconds": round(median(run["processor"] for run in ours), 2),
        "load_average": os.getloadavg()[0],
        "target_seconds": TARGET_SECONDS,
        "reached": seconds < TARGET_SECONDS,
        "rows_per_second": round(peer[0]["rows"] / seconds),
        "parts": {part: round(median(run[part] for run in ours), 3) for part in ("imports", "ingest", "validate", "again")},
        "peer_seconds": round(median(run["seconds"] for run in peer), 2),
        "processor_ratio_to_peer": {"median": round(median(ratios), 2), "low": round(ratios[0], 2), "high": round(ratios[-1], 2)},
    }


def main() -> int:
    folder = os.environ.get("ROTTIE_SNIPS")
    if not folder:
        print("skipped: ROTTIE_SNIPS does not name the folder of the SNIPS rows")
        return 0
    result = measure(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    print(keep("ingest", result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
