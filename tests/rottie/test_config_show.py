"""Every value with its origin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.commands.configuration import resolved

PROFILE = """name: laptop
workers:
  count: 2
stack:
  ports: {api: 8100}
"""


@pytest.fixture(autouse=True)
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROTTIE_DEPLOYMENTS", str(tmp_path))
    monkeypatch.setenv("ROTTIE__PROFILE__WORKERS__THREADS", "3")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "profiles").mkdir()
    path = tmp_path / "profiles" / "laptop.yaml"
    path.write_text(PROFILE)
    return path


def test_origins_of_every_kind(profile: Path) -> None:
    rows = resolved("profile", "laptop", ["profile.stack.ports.mlflow=5100"])
    assert rows["workers.count"] == {"value": 2, "origin": f"{profile}:3"}
    assert rows["workers.threads"] == {"value": 3, "origin": "environment ROTTIE__PROFILE__WORKERS__THREADS"}
    assert rows["stack.ports.api"]["origin"] == f"{profile}:5"
    assert rows["stack.ports.mlflow"] == {"value": 5100, "origin": "--set"}
    assert rows["workers.precision"] == {"value": "float32", "origin": "default"}


def test_a_whole_mapping_from_set_covers_its_keys() -> None:
    rows = resolved("profile", "laptop", ["workers={count: 4, cpus: 2}"])
    assert rows["workers.count"] == {"value": 4, "origin": "--set"}


def test_json_and_changed() -> None:
    result = CliRunner().invoke(app, ["config", "show", "profile", "laptop", "--changed", "--json"])
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert set(rows) == {"name", "workers.count", "workers.threads", "stack.ports.api"}


def test_the_table_names_file_and_line() -> None:
    result = CliRunner().invoke(app, ["config", "show", "profile", "laptop"])
    assert "laptop.yaml:3" in "".join(result.output.split("\n"))


def test_an_unknown_kind_and_an_unknown_key() -> None:
    runner = CliRunner()
    assert "pipeline, profile, assistant" in runner.invoke(app, ["config", "show", "flow", "x"]).stderr
    result = runner.invoke(app, ["config", "show", "profile", "laptop", "--set", "stack.port=1"])
    assert result.exit_code == 2
    assert "stack.port" in result.stderr
