"""rottie models: the registry by default, and model files by themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rottie.cli import app
from tests.foreign import write_foreign_export


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign") / "model"
    write_foreign_export(folder, "qwen-2.5")
    return folder


def rottie(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("command", ["list", "pull", "info", "verify", "speech", "remove"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    assert f"Example: rottie models {command}" in " ".join(rottie("models", command, "--help").output.split())


@pytest.mark.parametrize("words", [(), ("list",), ("--json",), ("rottie-llm",), ("list", "rottie-llm", "--json"), ("info", "3")])
def test_the_registry_is_asked_by_default(words: tuple[str, ...]) -> None:
    result = rottie("models", *words)
    assert result.exit_code == 8
    assert "stack.down" in result.stderr


def test_info(foreign: Path) -> None:
    found = json.loads(rottie("models", "info", str(foreign), "--json").stdout)
    wanted = {
        "name": "Tiny qwen-2.5",
        "architecture": "llama",
        "quantisation": "Q8_0",
        "context": 1024,
        "vocabulary": 400,
        "chat_template": "chatml (qwen, hermes and others)",
        "tool_calls": "tagged",
        "licence": "apache-2.0",
        "format": "template",
    }
    assert {key: found[key] for key in wanted} == wanted
    assert found["sha256"] == json.loads((foreign / "model.json").read_text())["files"]["tiny-Q8_0.gguf"]
    alone = rottie("models", "info", str(foreign / "tiny-Q8_0.gguf"))
    assert alone.exit_code == 0
    assert "87,360" in alone.stdout


def test_verify(foreign: Path, tmp_path: Path) -> None:
    for place in (foreign, foreign / "tiny-Q8_0.gguf"):
        result = rottie("models", "verify", str(place))
        assert result.exit_code == 0, result.output
        assert "the chat template renders" in result.stdout
        assert "decodes it" in result.stdout
    copy = tmp_path / "copy"
    shutil.copytree(foreign, copy)
    with (copy / "tiny-Q8_0.gguf").open("r+b") as handle:
        handle.seek(-1, 2)
        handle.write(b"\xff")
    result = rottie("models", "verify", str(copy))
    assert result.exit_code == 3
    assert "SHA-256" in result.stderr


@pytest.mark.parametrize(
    "words", [("info", "nowhere.gguf"), ("verify", "nowhere.gguf"), ("verify", "x.gguf", "--engine", "magic")]
)
def test_what_does_not_exist(words: tuple[str, ...]) -> None:
    result = rottie("models", *words)
    assert result.exit_code in (2, 9)
    assert result.stdout == ""


def test_no_model_file(tmp_path: Path) -> None:
    path = tmp_path / "no.gguf"
    for data in (b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 16, b"plain text"):
        path.write_bytes(data)
        result = rottie("models", "info", str(path))
        assert result.exit_code == 9
        assert "engine.model" in result.stderr
