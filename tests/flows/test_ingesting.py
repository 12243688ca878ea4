from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.steps import ingesting, sourcing
from flows.steps.ingesting import ingest
from flows.steps.reading import open_dataset, read_manifest, read_rows, read_table_rows, tools
from flows.steps.splitting import SPLITS
from flows.steps.storing import new_version, remove_leftovers
from schemas.artifacts import Dataset
from schemas.errors import DataError, DiskFull, IntegrityError, SourceEmpty, SourceMissing
from schemas.pipeline import HomeSource, JsonlSource, Split
from schemas.prompt import render_body
from schemas.settings import Home
from tests.rows import KITCHEN, KITCHEN_TOOLS, fill_disk, kitchen, said, timer, write_rows

SNIPS = os.environ.get("ROTTIE_SNIPS")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def drops(dataset: Dataset) -> list[tuple[int, str, str]]:
    rows = pq.read_table(dataset.folder / "dropped.parquet").to_pylist()
    return [(row["source_row"], row["reason"], row["detail"]) for row in rows]


def stored(dataset: Dataset) -> list[dict]:
    rows = [row for split in SPLITS for row in read_table_rows(dataset, split)]
    return sorted(rows, key=lambda row: row["source_row"])


def test_kitchen_becomes_a_whole_dataset_version(home: Home) -> None:
    dataset = ingest([kitchen()], Split(), home)
    manifest = read_manifest(dataset.folder)
    assert dataset.rows == manifest["rows"] == {"train": 49, "validation": 3, "test": 8}
    assert manifest["dropped"] == {}
    assert manifest["sources"]["kitchen.jsonl"] | {"read": 60, "kept": 60} == manifest["sources"]["kitchen.jsonl"]
    assert dataset.parents == (manifest["sources"]["kitchen.jsonl"]["sha256"],)
    assert not dataset.validated
    row = stored(dataset)[0]
    assert row["request"] == "set a timer for 3 minutes for the lentil soup"
    assert row["answer"] == 'StartTimer{"minutes":3,"label":" lentil soup"}'
    assert (row["tool"], row["calls"], row["tags"]) == ("StartTimer", 1, ["kitchen"])
    assert {path.name for path in dataset.folder.iterdir()} == {
        "train.parquet", "validation.parquet", "test.parquet", "dropped.parquet", "tools.json", "manifest.json",
    }  # fmt: skip
    assert pq.ParquetFile(dataset.folder / "train.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_rows_come_back_as_they_went_in(home: Home) -> None:
    dataset = ingest([kitchen()], Split(), home)
    given = [json.loads(line) for line in KITCHEN.read_text(encoding="utf-8").splitlines()]
    rows = [row for split in SPLITS for row in read_rows(dataset, split)]
    asked = {row.messages[0].content: row for row in rows}
    for item in given:
        row = asked[item["messages"][0]["content"]]
        calls = item["messages"][1].get("tool_calls", [])
        assert [c.function.parsed() for c in row.answer().tool_calls] == [json.loads(c["function"]["arguments"]) for c in calls]
        assert [tool.function.name for tool in row.tools] == ["StartTimer", "ScaleRecipe", "ConvertUnit", "FindRecipe"]
    assert len({id(row.tools) for row in read_rows(dataset, "train")}) == 1
    assert set(tools(dataset)) == {"", stored(dataset)[0]["tools"]}


def test_same_inputs_give_the_same_version_and_write_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ingest([kitchen()], Split(), home)
    monkeypatch.setattr(ingesting, "_collect", lambda opened: pytest.fail("read the rows again"))
    assert ingest([kitchen()], Split(), home) == first


def test_the_name_follows_the_content_not_the_place(home: Home, tmp_path: Path) -> None:
    first = ingest([kitchen()], Split(), home)
    moved = tmp_path / "kitchen.jsonl"
    shutil.copy(KITCHEN, moved)
    assert ingest([kitchen(path=str(moved))], Split(), home).id == first.id
    assert ingest([kitchen()], Split(test=0.2), home).id != first.id
    assert ingest([kitchen(limit=30)], Split(), home).id != first.id
    moved.write_text(moved.read_text(encoding="utf-8") + json.dumps(said("a", "b")) + "\n", encoding="utf-8")
    assert ingest([kitchen(path=str(moved))], Split(), home).id != first.id


def test_sources_are_labelled_apart(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "kitchen.jsonl"
    write_rows(other, [said(f"hello {i}", "hi") for i in range(5)])
    dataset = ingest([kitchen(), kitchen(path=str(other)), HomeSource(kind="home", rows=30, homes=3)], Split(), home)
    kept = {label: source["kept"] for label, source in read_manifest(dataset.folder)["sources"].items()}
    assert kept == {"kitchen.jsonl": 60, "kitchen.jsonl#2": 5, "home:0": 30}
    assert len(dataset.parents) == 3


def test_homes_of_a_held_out_part_are_held_out_whole(home: Home) -> None:
    parts = [HomeSource(kind="home", rows=20, homes=2, part=part) for part in ("train", "validation", "test")]
    dataset = ingest(parts, Split(validation=0, test=0.001), home)
    sources = {split: Counter(row["source"] for row in read_table_rows(dataset, split)) for split in SPLITS}
    assert sources["validation"] == {"home:0#2": 20}
    assert sources["test"]["home:0#3"] == 20
    assert set(sources["train"]) == {"home:0"}
    alone = ingest(parts[1:], Split(), home)
    assert alone.rows == {"train": 0, "validation": 20, "test": 20}


def test_every_bad_line_is_dropped_with_its_reason(home: Home, tmp_path: Path) -> None:
    good = timer("start a 3 minute timer called soup", {"minutes": 3, "label": "soup"})
    cases: list[tuple[object, str | None]] = [
        (good, None),
        (b'{"messages": [', "malformed_json"),
        (b'{"messages": [{"role": "user", "content": "caf\xe9"}]}', "not_utf8"),
        ([good], "not_an_object"),
        (timer("open the pod bay doors", {}, name="OpenDoors"), "undeclared_tool"),
        (b'{"messages": [], "messages": []}', "duplicate_key"),
        (timer("twice", '{"minutes": 1, "minutes": 2}'), "duplicate_key"),
        (b"[" * 200_000, "malformed_json"),
        (b'{"messages": ' + b"9" * 5000 + b"}", "malformed_json"),
        (timer("no number", '{"minutes": NaN}'), "malformed_json"),
        (timer("too far", '{"minutes": 1e999}'), "malformed_json"),
        (timer("no object", "[3]"), "schema"),
        (timer("no json", "{"), "schema"),
        ({"messages": []}, "no_answer"),
        ({}, "schema"),
        ({"messages": [{"role": "user", "content": "anyone?"}]}, "no_answer"),
        ({"messages": [{"role": "assistant", "content": "hello?"}]}, "no_request"),
        ({"messages": [*said("a", "b")["messages"], {"role": "user", "content": "c"}]}, "answer_not_last"),
        ({**said("a", "b"), "weight": 1}, "schema"),
        ({"messages": [{"role": "user", "content": "\ufffc", "images": ["x"]}, {"role": "assistant", "content": "b"}]}, "schema"),
        ({**said("a", "b"), "home": "one line"}, "schema"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "b"}]}', "lone_surrogate"),
        (b'{"messages": "' + b"x" * (sourcing.LONGEST_LINE + 10) + b'"}', "line_too_long"),
        (good, "duplicate"),
    ]  # fmt: skip
    dataset = ingest([write_rows(tmp_path / "dirty.jsonl", [row for row, _ in cases])], Split(), home)
    found = {line: reason for line, reason, _ in drops(dataset)}
    assert found == {line: reason for line, (_, reason) in enumerate(cases, start=1) if reason}
    assert sum(dataset.rows.values()) == 1
    details = {line: detail for line, _, detail in drops(dataset)}
    assert details[3] == "byte 46 of the line is 0xe9"
    assert details[5] == "OpenDoors"
    assert details[6] == "messages"
    assert details[len(cases)] == "of dirty.jsonl:1"
    assert read_manifest(dataset.folder)["dropped"]["malformed_json"] == 5
    assert not any("hello?" in detail or "anyone" in detail or "bay doors" in detail for detail in details.values())


def test_byte_order_mark_line_ends_and_blank_lines(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    rows = [json.dumps(said(f"question {i}", "answer")) for i in range(3)]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([rows[0], "", rows[1], "   ", rows[2]]).encode())
    dataset = ingest([kitchen(path=str(path))], Split(), home)
    assert [row["source_row"] for row in stored(dataset)] == [1, 3, 5]
    assert drops(dataset) == []


def test_limit_counts_lines_that_are_not_blank(home: Home, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "r.jsonl", [b"{", b"", *(said(f"q {i}", "a") for i in range(5))])
    dataset = ingest([source.model_copy(update={"limit": 3})], Split(), home)
    assert (sum(dataset.rows.values()), len(drops(dataset))) == (2, 1)


def test_normal_form_and_duplicates(home: Home, tmp_path: Path) -> None:
    messy = timer(
        "  Start a\t3 minute\u00a0timer called cafe\u0301\u200b\x07soup ", {"minutes": 3, "label": "cafe\u0301\u200b\x07soup "}
    )
    tidy = timer("Start a 3 minute timer called café soup", {"minutes": 3, "label": "café soup", "note": " ", "other": None})
    dataset = ingest([write_rows(tmp_path / "r.jsonl", [messy, tidy])], Split(), home)
    (row,) = stored(dataset)
    assert row["request"] == "Start a 3 minute timer called café soup"
    assert row["answer"] == 'StartTimer{"minutes":3,"label":" café soup"}'
    assert drops(dataset) == [(2, "duplicate", "of r.jsonl:1")]


def test_one_request_with_two_answers_is_kept_and_noted(home: Home, tmp_path: Path) -> None:
    rows = [timer("a timer", {"minutes": 3}), timer("a timer", {"minutes": 4}), timer("a timer", {"minutes": 3})]
    dataset = ingest([write_rows(tmp_path / "r.jsonl", rows)], Split(), home)
    assert read_manifest(dataset.folder)["conflicts"] == {"count": 1, "first": ["r.jsonl:1 and r.jsonl:2"]}
    assert sum(dataset.rows.values()) == 2


def test_rows_may_bring_their_own_tools_and_homes(home: Home, tmp_path: Path) -> None:
    own = [{"type": "function", "function": {"name": "Ring"}}]
    row = {**timer("ring it", {}, name="Ring"), "tools": own, "home": [" bell:  switch: off "], "tags": ["bell"]}
    conversation = next(read_rows(ingest([write_rows(tmp_path / "r.jsonl", [row])], Split(), home), "train"))
    assert [tool.function.name for tool in conversation.tools] == ["Ring"]
    assert (conversation.home, conversation.tags) == (("bell: switch: off",), ("bell",))


def test_call_ids_are_counted_and_results_follow_them(home: Home, tmp_path: Path) -> None:
    row = timer("start a timer", {"minutes": 1})
    row["messages"] += [{"role": "tool", "tool_call_id": "any", "content": "started"}, {"role": "assistant", "content": "Done."}]
    conversation = next(read_rows(ingest([write_rows(tmp_path / "r.jsonl", [row])], Split(), home), "train"))
    assert conversation.messages[1].tool_calls[0].id == conversation.messages[2].tool_call_id == "call_0"
    assert render_body(conversation.answer()) == " Done."


def test_missing_file_names_the_unset_variable(home: Home) -> None:
    with pytest.raises(SourceMissing, match="ROTTIE_NO_SUCH_FOLDER"):
        ingest([kitchen(path="$ROTTIE_NO_SUCH_FOLDER/rows.jsonl")], Split(), home)
    with pytest.raises(SourceMissing):
        ingest([kitchen(tools="nowhere.json")], Split(), home)
    assert not home.datasets.exists()


def test_variables_and_home_folders_are_expanded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_TEST_ROWS", str(KITCHEN.parent))
    monkeypatch.setenv("HOME", str(KITCHEN.parent))
    source = kitchen(path="$ROTTIE_TEST_ROWS/kitchen.jsonl", tools="~/tools.json")
    assert ingest([source], Split(), home) == ingest([kitchen()], Split(), home)


@pytest.mark.parametrize(("content", "error"), [
    (b"", SourceEmpty),
    (b" \n\n", SourceEmpty),
    (b"\xef\xbb\xbf", SourceEmpty),
    (b"{\n[\n", SourceEmpty),
    ("{}".encode("utf-16"), DataError),
    ("{}".encode("utf-32"), DataError),
])  # fmt: skip
def test_files_that_are_of_no_use_as_a_whole(home: Home, tmp_path: Path, content: bytes, error: type[DataError]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(error, match=r"rows\.jsonl"):
        ingest([kitchen(path=str(path))], Split(), home)
    assert not home.datasets.exists() or not list(home.datasets.iterdir())


def test_a_folder_is_no_source(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a file"):
        ingest([kitchen(path=str(tmp_path))], Split(), home)


@pytest.mark.parametrize(("text", "message"), [
    ("[", "not valid JSON"),
    ('{"type": "function"}', "tuple"),
    ('[{"type": "function", "function": {"name": "a b"}}]', "0.function.name"),
    ('[{"type": "function", "function": {"name": "a"}}, {"type": "function", "function": {"name": "a"}}]', "twice"),
])  # fmt: skip
def test_bad_tools_files(home: Home, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tools.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        ingest([kitchen(tools=str(tmp_path / "tools.json"))], Split(), home)


def test_rows_that_call_tools_need_a_declaration(home: Home) -> None:
    dataset = ingest([kitchen(tools=None)], Split(), home)
    assert read_manifest(dataset.folder)["dropped"] == {"undeclared_tool": 55}


def test_a_source_that_changes_under_the_reader_is_refused(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingesting, "checked_sum", lambda path: "0" * 64)
    with pytest.raises(DataError, match="changed while it was read"):
        ingest([kitchen()], Split(), home)


def test_a_damaged_version_is_noticed(home: Home) -> None:
    dataset = ingest([kitchen()], Split(), home)
    (dataset.folder / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(IntegrityError):
        ingest([kitchen()], Split(), home)


def test_full_disk_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, "test")
    with pytest.raises(DiskFull, match="no space left"):
        ingest([kitchen()], Split(), home)
    assert list(home.datasets.iterdir()) == []


def test_other_write_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), new_version(tmp_path / "version"):
        raise PermissionError(errno.EACCES, "no")
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_builders_wins(tmp_path: Path) -> None:
    target = tmp_path / "version"
    with new_version(target) as slow:
        (slow / "who").write_text("slow")
        with new_version(target) as fast:
            (fast / "who").write_text("fast")
    assert (target / "who").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["version"]


def test_a_killed_builder_leaves_nothing_that_lasts(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from flows.steps.storing import new_version\n"
        "with new_version(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half').write_text('half'); print('building', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "version")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"building\n"
    assert remove_leftovers(tmp_path) == []  # its builder lives
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (leftover,) = remove_leftovers(tmp_path)
    assert leftover.startswith(".building-version-")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_lock_is_left_until_it_is_old(tmp_path: Path) -> None:
    young, old = tmp_path / ".building-a-1", tmp_path / ".building-b-2"
    young.mkdir()
    old.mkdir()
    past = time.time() - 3600
    os.utime(old, (past, past))
    assert remove_leftovers(tmp_path) == [old.name]


def test_open_dataset_reads_what_ingest_wrote(home: Home) -> None:
    dataset = ingest([kitchen()], Split(), home)
    assert open_dataset(dataset.folder) == dataset
    with pytest.raises(IntegrityError, match="no manifest"):
        open_dataset(home.datasets)
    with pytest.raises(DataError, match="no split 'dev'"):
        next(read_rows(dataset, "dev"))


def test_the_recipe_is_pinned(home: Home) -> None:
    """Other rows from the same sources must come with another RECIPE, or cached versions would lie."""
    dataset = ingest([kitchen()], Split(), home)
    ids = sorted(row["id"] for row in stored(dataset))
    test = sorted(row["source_row"] for row in read_table_rows(dataset, "test"))
    assert (ingesting.RECIPE, ids[0], ids[-1], test) == GOLDEN


GOLDEN = (1, "082e00b92373737b", "f8e99615daa787d2", [6, 10, 22, 36, 37, 40, 50, 58])


@pytest.mark.skipif(SNIPS is None, reason="ROTTIE_SNIPS does not name the folder of the SNIPS rows")
def test_snips(home: Home) -> None:
    source = JsonlSource(kind="jsonl", path="$ROTTIE_SNIPS/train.jsonl", tools="$ROTTIE_SNIPS/tools.json")
    dataset = ingest([source], Split(), home)
    manifest = read_manifest(dataset.folder)
    assert manifest["sources"]["train.jsonl"]["read"] == 13_784
    assert sum(dataset.rows.values()) + sum(manifest["dropped"].values()) == 13_784
    assert manifest["dropped"] == {"duplicate": 169}
    for tool, rows in manifest["by_tool"]["test"].items():
        total = sum(manifest["by_tool"][split][tool] for split in SPLITS)
        assert abs(rows - total * 0.1) <= 1
    requests = {split: {row["request"].lower() for row in read_table_rows(dataset, split)} for split in SPLITS}
    assert not requests["train"] & requests["test"]
    assert not requests["train"] & requests["validation"]
    verbatim = [all(str(v) in row["request"] for c in json.loads(row["messages"])[-1]["tool_calls"]
                    for v in json.loads(c["function"]["arguments"]).values()) for row in stored(dataset)]  # fmt: skip
    assert sum(verbatim) / len(verbatim) > 0.995


def test_tools_fixture_is_what_the_rows_call() -> None:
    names = {tool.function.name for tool in sourcing.read_tools(KITCHEN_TOOLS)}
    called = {
        call["function"]["name"]
        for line in KITCHEN.read_text(encoding="utf-8").splitlines()
        for call in json.loads(line)["messages"][-1].get("tool_calls", [])
    }
    assert called == names
