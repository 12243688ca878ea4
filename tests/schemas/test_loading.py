"""Declarations: every shipped file loads, and every mistake is named with file, key and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from schemas.assistant import Assistant
from schemas.errors import ConfigError
from schemas.inventory import Inventory
from schemas.loading import FOLDERS, declarations, load
from schemas.pipeline import Pipeline
from schemas.profile import Profile
from schemas.speech import RecogniserRecipe, VoiceRecipe, WakeRecipe

GOOD = """\
name: small
sources:
  - kind: jsonl
    path: rows.jsonl
suites:
  - name: held_out
gate:
  rules:
    - {metric: held_out.exact_match, at_least: 0.5}
"""
KINDS = {
    "recogniser": RecogniserRecipe,
    "voice": VoiceRecipe,
    "wake": WakeRecipe,
}  # by the key `kind`, in one folder with pipelines
SHIPPED = [
    (kind, path)
    for kind, folder in FOLDERS.items()
    for path in sorted((declarations() / folder).glob("*.yaml"))
    if folder != "pipelines" or kind is KINDS.get(yaml.safe_load(path.read_text()).get("kind"), Pipeline)
]


def test_every_folder_has_declarations() -> None:
    assert {kind for kind, _ in SHIPPED} == set(FOLDERS)
    known = {declarations() / folder for folder in FOLDERS.values()}
    strays = [path for path in declarations().rglob("*.yaml") if path.parent not in known]
    assert strays == [], "a file that no loader reads"


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=lambda value: getattr(value, "stem", getattr(value, "__name__", "")))
def test_every_shipped_file_loads(kind: type, path: Path) -> None:
    value = load(kind, path.stem, environment={}).value
    if kind is not Inventory:
        assert value.name == path.stem
    if isinstance(value, Profile):
        load(Assistant, value.assistant, environment={})
    if isinstance(value, Assistant) and value.inventory:
        load(Inventory, value.inventory, environment={})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(GOOD)
    return path


def test_precedence_is_file_environment_set(file: Path) -> None:
    environment = {"ROTTIE__PIPELINE__TRAINING__STEPS": "7", "ROTTIE__PIPELINE__TRAINING__BATCH": "3"}
    loaded = load(Pipeline, str(file), ["training.steps=9", "sources.0.path=other.jsonl"], environment)
    assert (loaded.value.training.steps, loaded.value.training.batch) == (9, 3)
    assert loaded.value.sources[0].path == "other.jsonl"  # type: ignore[union-attr]
    assert loaded.origins["training.steps"] == "--set"
    assert loaded.origins["training.batch"] == "environment ROTTIE__PIPELINE__TRAINING__BATCH"
    assert loaded.origins["name"] == f"{file}:1"


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (("name: small", "nmae: small"), ":1", "nmae"),
        (("kind: jsonl", "kind: csv"), ":3", "sources.0"),
        (("at_least: 0.5", "at_leats: 0.5"), ":9", "gate.rules.0"),
        (("held_out.exact_match", "other.exact_match"), "", "names no suite"),
        (("  - name: held_out", "  - name: [1]"), ":6", "suites.0.name"),
        (("name: small", "name: small: x"), ":1", "not valid YAML"),
    ],
)
def test_mistakes_are_named(file: Path, change: tuple[str, str], where: str, reason: str) -> None:
    file.write_text(GOOD.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load(Pipeline, str(file), environment={})
    assert f"{file}{where}" in (caught.value.where or "")
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "override",
    ["training.nosuch=1", "sources.4.path=x", "name.deeper.still=1", "nonsense", "training.steps=[", "training.steps=-1"],
)
def test_bad_overrides_are_named(file: Path, override: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Pipeline, str(file), [override], {})
    assert caught.value.code == "config"


def test_a_missing_file_lists_what_there_is() -> None:
    with pytest.raises(ConfigError) as caught:
        load(Profile, "nosuch", environment={})
    assert "laptop" in caught.value.hint


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"- 1\n- 2\n", b""])
def test_a_file_that_is_no_mapping_of_text(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    with pytest.raises(ConfigError):
        load(Pipeline, str(path), environment={})


def test_combinations_that_cannot_work_are_refused(tmp_path: Path) -> None:
    cases = [
        (Profile, {"name": "x", "workers": {"launcher": "alone", "count": 2}}, "alone"),
        (Profile, {"name": "x", "stack": {"local": False}}, "addresses"),
        (Profile, {"name": "x", "stack": {"ports": {"api": 4200}}}, "share a port"),
        (Profile, {"name": "x", "stack": {"ports": {"ray_gcs": 12000}}}, "10002-19999"),
        (Inventory, {"entities": [{"id": "light.a", "name": "a", "area": "nowhere"}]}, "unknown area"),
    ]
    for kind, document, reason in cases:
        path = tmp_path / "x.yaml"
        path.write_text(yaml.safe_dump(document))
        with pytest.raises(ConfigError, match=reason):
            load(kind, str(path), environment={})
