"""Servers in an assistant's file: every mistake is refused, no secret stands in what is written down."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from schemas.assistant import Assistant
from schemas.lending import McpServer
from schemas.loading import declarations


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"command": "x", "url": "http://localhost/mcp"},
        {"command": "x", "token": {"env": "KEY"}},
        {"url": "http://localhost/mcp", "args": ["x"]},
        {"url": "http://localhost/mcp", "token": {}},
        {"url": "http://localhost/mcp", "token": {"env": "KEY", "file": "key"}},
        {"url": "http://localhost/mcp", "token": {"file": "../api_key"}},
        {"url": "http://user:secret@localhost/mcp"},
        {"url": "ftp://localhost/mcp"},
        {"url": "file:///etc/passwd"},
        {"command": "x", "env": ["A=B"]},
        {"command": "x", "secrets": {"KEY": "sub/key"}},
        {"command": "x", "name": "Bad__name"},
        {"command": "x", "timeout_s": 0},
        {"command": "x", "risk": {"tool": "harmless"}},
        {"command": "x", "unknown": 1},
    ],
)
def test_mistakes_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        McpServer.model_validate({"name": "test", **wrong})


def test_names_are_unique() -> None:
    two = [{"name": "one", "command": "x"}] * 2
    with pytest.raises(ValidationError, match="same name"):
        Assistant.model_validate({"name": "test", "servers": two})


def test_the_example_in_the_shipped_file_is_right() -> None:
    lines = (declarations() / "assistants" / "home.yaml").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# servers:"))
    example = [line.removeprefix("# ") for line in lines[start:] if line.startswith("# ")]
    assistant = Assistant.model_validate({"name": "test", **yaml.safe_load("\n".join(example))})
    assert [server.name for server in assistant.servers] == ["time", "weather"]
    assert assistant.plugins == ("dice",)
