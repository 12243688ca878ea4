from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.steps import expecting, validating
from flows.steps.checking import fits, measure_calls
from flows.steps.ingesting import ingest
from flows.steps.reading import open_dataset, read_manifest, read_rows, tools
from flows.steps.sourcing import read_tools
from flows.steps.validating import validate
from schemas.artifacts import Dataset
from schemas.errors import ChecksFailed, ConfigError, DiskFull, IntegrityError
from schemas.pipeline import Checks, HomeSource, JsonlSource, Split
from schemas.settings import Home
from schemas.tables import QUARANTINE
from tests.rows import KITCHEN_TOOLS, fill_disk, kitchen, said, timer, write_rows

SNIPS = os.environ.get("ROTTIE_SNIPS")
SPECS = {tool.function.name: tool.function for tool in read_tools(KITCHEN_TOOLS)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Home]:
    home = Home(tmp_path_factory.mktemp("clean"))
    return ingest([kitchen()], Split(), home), home


def dirty(home: Home, tmp_path: Path) -> Dataset:
    """40 good rows and 6 that are readable but no good."""
    rows: list[Any] = [timer(f"timer {i} for {i + 1} minutes", {"minutes": i + 1}) for i in range(40)]
    rows += [
        timer("", {"minutes": 1}),
        timer("x" * 5000, {"minutes": 1}),
        timer("a confidential timer", {"minuets": 1}),
        timer("a timer with words", {"minutes": "five"}),
        timer("a timer of nothing", {"minutes": 0}),
        said("say nothing", "  "),
    ]
    return ingest([write_rows(tmp_path / "dirty.jsonl", rows)], Split(), home)


def test_good_rows_pass_whole(clean: tuple[Dataset, Home]) -> None:
    dataset, home = clean
    checked = validate(dataset, Checks(), home)
    assert checked.validated
    assert checked.rows == dataset.rows
    assert checked.parents == (dataset.id,)
    assert checked.id != dataset.id
    assert tools(checked) == tools(dataset)
    for split in dataset.rows:
        assert list(read_rows(checked, split)) == list(read_rows(dataset, split))
    assert checked.docs is not None
    assert (Path(checked.docs) / "index.html").is_file()
    manifest = read_manifest(checked.folder)
    assert all(expectation["held"] for expectation in manifest["expectations"])
    assert len(manifest["expectations"]) == len(expecting.read_suite("conversations")["expectations"])
    assert pq.read_table(checked.folder / "quarantine.parquet").num_rows == 0
    assert open_dataset(checked.folder) == checked


def test_unchanged_inputs_are_not_checked_again(clean: tuple[Dataset, Home], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, home = clean
    first = validate(dataset, Checks(), home)
    monkeypatch.setattr(validating, "run_suite", lambda *arguments: pytest.fail("checked again"))
    assert validate(dataset, Checks(), home) == first


def test_failing_rows_go_to_quarantine_with_reasons(home: Home, tmp_path: Path) -> None:
    checked = validate(dirty(home, tmp_path), Checks(max_failed_share=0.2), home)
    assert sum(checked.rows.values()) == 40
    table = pq.read_table(checked.folder / "quarantine.parquet")
    assert table.schema.equals(QUARANTINE)
    assert {row["source_row"]: row["reasons"] for row in table.to_pylist()} == {
        41: ["empty_request"],
        42: ["long_request"],
        43: ["unknown_argument", "missing_argument"],
        44: ["mistyped_argument"],
        45: ["mistyped_argument"],
        46: ["empty_answer"],
    }
    manifest = read_manifest(checked.folder)
    assert (manifest["checked"], manifest["quarantined"]) == (46, 6)
    assert manifest["reasons"]["mistyped_argument"] == 2


def test_a_failed_gate_stops_and_keeps_what_it_found(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = dirty(home, tmp_path)
    with pytest.raises(ChecksFailed, match="6 of 46 rows fail") as caught:
        validate(dataset, Checks(), home)
    assert caught.value.where is not None
    docs = Path(caught.value.where)
    assert docs.is_file()
    folder = docs.parent.parent
    assert pq.read_table(folder / "quarantine.parquet").num_rows == 6
    assert not list(folder.glob("t*.parquet"))  # neither train nor test: nothing that could be trained with
    # Told again without being checked again; loosened checks are another version.
    monkeypatch.setattr(validating, "run_suite", lambda *arguments: pytest.fail("checked again"))
    with pytest.raises(ChecksFailed, match="6 of 46 rows fail"):
        validate(dataset, Checks(), home)
    monkeypatch.undo()
    assert validate(dataset, Checks(max_failed_share=0.5), home).validated


def test_too_few_rows_stop_the_flow(clean: tuple[Dataset, Home]) -> None:
    dataset, home = clean
    with pytest.raises(ChecksFailed, match=r"60 rows pass, fewer than checks\.min_rows=61"):
        validate(dataset, Checks(min_rows=61), home)


def test_docs_hold_no_words_of_users_and_no_temporary_paths(home: Home, tmp_path: Path) -> None:
    checked = validate(dirty(home, tmp_path), Checks(max_failed_share=0.2), home)
    pages = [path.read_text(encoding="utf-8") for path in Path(checked.docs or "").rglob("*.html")]
    assert len(pages) == 3
    assert not any("confidential" in page or ".building" in page for page in pages)
    assert any("≈13.04" in page or "2 unexpected values" in page for page in pages)


def test_generated_rows_pass(home: Home) -> None:
    dataset = ingest([HomeSource(kind="home", rows=300, homes=20)], Split(), home)
    assert sum(validate(dataset, Checks(max_failed_share=0), home).rows.values()) == sum(dataset.rows.values())


def test_a_damaged_dataset_is_not_checked(home: Home) -> None:
    dataset = ingest([kitchen()], Split(), home)
    (dataset.folder / "train.parquet").write_bytes(b"")
    with pytest.raises(IntegrityError):
        validate(dataset, Checks(), home)
    assert [path.name for path in home.datasets.iterdir()] == [dataset.id]


def test_a_full_disk_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = ingest([kitchen()], Split(), home)
    fill_disk(monkeypatch, "quarantine")
    with pytest.raises(DiskFull):
        validate(dataset, Checks(), home)
    assert [path.name for path in home.datasets.iterdir()] == [dataset.id]


@pytest.mark.parametrize(("text", "message"), [
    (None, "no such suite.*conversations"),
    ("{", "not valid JSON"),
    ('{"name": "s", "expectations": []}', "a suite holds"),
    ('{"name": "s", "rules": []}', "a suite holds"),
])  # fmt: skip
def test_bad_suite_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, message: str) -> None:
    (tmp_path / "expectations").mkdir()
    (tmp_path / "expectations" / "conversations.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(expecting.schemas, "__file__", str(tmp_path / "__init__.py"))
    if text is not None:
        (tmp_path / "expectations" / "own.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        expecting.read_suite("own")


def suite_of(*expectations: dict[str, Any]) -> dict[str, Any]:
    return {"name": "own", "expectations": list(expectations)}


def test_suites_that_cannot_be_computed(clean: tuple[Dataset, Home], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, home = clean
    for expectation, message in [
        ({"type": "expect_the_moon", "kwargs": {}}, r"cannot be used.*expectations\.0"),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"columns": "id"}}, "cannot be used"),
        ({"kind": "expect_column_values_to_be_unique"}, "cannot be used"),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "colour"}}, "cannot be computed"),
    ]:
        monkeypatch.setattr(validating, "read_suite", lambda name, only=expectation: suite_of(only))
        with pytest.raises(ConfigError, match=message):
            validate(dataset, Checks(), home)


def test_an_expectation_about_the_whole_table_stops_the_flow(
    clean: tuple[Dataset, Home], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, home = clean
    expectation = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1000}}
    monkeypatch.setattr(validating, "read_suite", lambda name: suite_of(expectation))
    with pytest.raises(ChecksFailed, match="as a whole fails expect_table_row_count_to_be_between"):
        validate(dataset, Checks(), home)


@pytest.mark.parametrize(("name", "arguments", "measures"), [
    ("StartTimer", {"minutes": 3, "label": "soup"}, (0, 0, 0, 0)),
    ("StopTimer", {}, (1, 0, 0, 0)),
    ("StartTimer", {"label": "soup", "colour": "red"}, (0, 1, 1, 0)),
    ("StartTimer", {"minutes": True, "label": 4}, (0, 0, 0, 2)),
    ("ConvertUnit", {"amount": 2.5, "unit": "cups", "to": "pints"}, (0, 0, 0, 1)),
])  # fmt: skip
def test_measures_of_a_call(name: str, arguments: dict[str, Any], measures: tuple[int, ...]) -> None:
    assert measure_calls(timer("any", arguments, name)["messages"], SPECS) == measures


@pytest.mark.parametrize(("value", "schema", "right"), [
    (1, {"type": "integer"}, True),
    (1.0, {"type": "integer"}, True),
    (1.5, {"type": "integer"}, False),
    (True, {"type": "number"}, False),
    (True, {"type": ["boolean", "null"]}, True),
    (None, {"type": ["boolean", "null"]}, True),
    ([1], {"type": "array"}, True),
    ({}, {"type": "array"}, False),
    (5, {"type": "integer", "maximum": 4}, False),
    ("a", {"enum": ["a", "b"]}, True),
    ("c", {"enum": ["a", "b"]}, False),
    ("c", {}, True),
])  # fmt: skip
def test_fits(value: Any, schema: dict[str, Any], right: bool) -> None:
    assert fits(value, schema) is right


def test_the_steps_start_without_the_library() -> None:
    """Great Expectations takes seconds to import; only a dataset that is checked pays for it."""
    script = (
        "import sys, flows.steps.validating; print(sorted({'great_expectations', 'pandas', 'torch', 'ray'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.skipif(SNIPS is None, reason="ROTTIE_SNIPS does not name the folder of the SNIPS rows")
def test_snips(home: Home) -> None:
    source = JsonlSource(kind="jsonl", path="$ROTTIE_SNIPS/train.jsonl", tools="$ROTTIE_SNIPS/tools.json")
    checked = validate(ingest([source], Split(), home), Checks(max_failed_share=0), home)
    assert sum(checked.rows.values()) == 13_615
    page = next(Path(checked.docs or "").rglob("dataset-rows.html")).read_text(encoding="utf-8")
    assert re.search(r"Success\s+Percent", page)
    assert json.loads((checked.folder / "manifest.json").read_text())["quarantined"] == 0
