"""SNIPS from random weights by deployments/pipelines/snips.yaml on the laptop profile: exact match on the held-out split.

    ROTTIE_SNIPS=<folder with train.jsonl and tools.json> python -m tests.bench.snips [--set key=value]...

Takes as long as the pipeline trains. Published models trained from scratch on these seven intents reach 75 to 87 % of whole
sentences (every intent and slot right); they label words of the utterance, where ours writes the call.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tests.bench.comparing import keep
from tests.cluster.running import own_stack


def main() -> None:
    folder = Path(os.environ.get("ROTTIE_SNIPS", "data/snips")).resolve()
    if not folder.is_dir():
        print("SNIPS rows are not at hand: set ROTTIE_SNIPS to the folder with train.jsonl and tools.json")
        return
    rows = [
        "--set",
        "gate.rules.0.at_least=0",
        "--set",
        f"sources.0.path={folder}/train.jsonl",
        "--set",
        f"sources.0.tools={folder}/tools.json",
    ]
    with own_stack() as stack:
        stack.rottie("up", "--no-starter")
        start = time.monotonic()
        decision = stack.json("run", "retrain", "--pipeline", "snips", *rows, *sys.argv[1:], seconds=6 * 3600)
        seconds = time.monotonic() - start
        [version] = stack.json("models")
    found = {"seconds": seconds, "promoted": decision["promoted"], "reason": decision["reason"], "metrics": version["metrics"]}
    print(keep("snips", found))


if __name__ == "__main__":
    main()
