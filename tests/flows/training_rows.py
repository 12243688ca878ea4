"""Small rows and recipes for the tests of training; nothing here is read from outside."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from flows.steps.founding import write_manifest
from schemas.artifacts import Base, Dataset
from schemas.conversation import Conversation, Message, Tool, call
from schemas.hashing import content_id
from schemas.pipeline import Pipeline, ScratchBase
from schemas.tables import CONVERSATIONS

TOOLS = tuple(
    Tool.model_validate({"function": {"name": name, "parameters": {"properties": {key: {"type": "string"} for key in keys}}}})
    for name, keys in (("PlayMusic", ("track", "artist")), ("AddToList", ("item", "list")))
)
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "isle", "jade", "kelp", "lagoon")
BASE = ScratchBase(vocabulary=330, hidden=32, layers=2, heads=2, kv_heads=1, intermediate=48, context=512)


def conversation(index: int, home: bool = False) -> Conversation:
    rng = random.Random(index)
    track, artist = " ".join(rng.sample(WORDS, 2)), " ".join(rng.sample(WORDS, rng.randint(1, 3)))
    if index % 2:
        said, answer = f"play {track} by {artist}", call("PlayMusic", {"track": track, "artist": artist})
    else:
        said, answer = f"put {track} on the {artist} list", call("AddToList", {"item": track, "list": artist})
    return Conversation(
        messages=(Message(role="user", content=said), Message(role="assistant", tool_calls=(answer,))),
        tools=TOOLS,
        home=(f"{WORDS[index % 3]} lamp: light: on",) if home else (),
    )


def conversations(count: int, home: bool = False) -> list[Conversation]:
    return [conversation(index, home) for index in range(count)]


def write_dataset(folder: Path, rows: int = 60, home: bool = False) -> Dataset:
    """A dataset version as ingesting writes it, reduced to what training reads."""
    folder.mkdir(parents=True)
    sizes = {"train": rows, "validation": max(2, rows // 10), "test": max(2, rows // 10)}
    start = 0
    for split, size in sizes.items():
        table = [_row(conversation(start + index, home), start + index) for index in range(size)]
        pq.write_table(pa.Table.from_pylist(table, CONVERSATIONS), folder / f"{split}.parquet")
        start += size
    sets = {"both": [tool.model_dump(mode="json") for tool in TOOLS]}
    (folder / "tools.json").write_text(json.dumps(sets))
    identity = content_id(rows, home)
    write_manifest(folder, "dataset", identity, ())
    return Dataset(id=identity, path=str(folder), rows=sizes)


def _row(item: Conversation, number: int) -> dict[str, object]:
    return {
        "id": str(number),
        "messages": json.dumps([message.model_dump(mode="json") for message in item.messages]),
        "tools": "both",
        "home": list(item.home),
        "tags": [],
        "tool": item.answer().tool_calls[0].function.name,
        "calls": 1,
        "request": item.messages[0].content,
        "answer": "",
        "source": "test",
        "source_row": number,
    }


def pipeline(**training: object) -> Pipeline:
    recipe = {"base": BASE.model_dump(), "steps": 8, "sequence": 256, "batch": 4, "learning_rate": 0.01} | training
    return Pipeline.model_validate(
        {
            "name": "small",
            "sources": [{"kind": "home"}],
            "training": recipe,
            "suites": [{"name": "small"}],
            "gate": {"rules": [{"metric": "small.exact_match", "at_least": 0}]},
        }
    )


def curve(candidate: Base | Path) -> list[dict[str, float]]:
    folder = candidate if isinstance(candidate, Path) else candidate.folder
    return [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
