"""A port in use: found before anything starts, with its service, its holder and the way round it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.stack.ports import check_ports, holder, taken
from schemas.errors import PortInUse
from schemas.profile import Ports, Stack
from tests.cluster.conftest import free_ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server


def test_taken_and_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert taken("127.0.0.1", port)
    listener.close()
    assert not taken("127.0.0.1", port)


def test_the_holder_is_named(listener: socket.socket) -> None:
    assert f"pid {os.getpid()}" in (holder(listener.getsockname()[1]) or "")


def test_the_error_names_port_service_holder_and_both_ways_round(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    api, prefect, dashboard = free_ports(3)
    ports = Ports(api=api, prefect=prefect, mlflow=port, ray_dashboard=dashboard, ray_gcs=6379)
    with pytest.raises(PortInUse) as caught:
        check_ports(Stack(ports=ports))
    assert f"port {port} of mlflow" in caught.value.message
    assert str(os.getpid()) in caught.value.message
    assert "--set stack.ports.mlflow=" in caught.value.hint
    assert "ROTTIE__PROFILE__STACK__PORTS__MLFLOW=" in caught.value.hint


def test_up_refuses_and_leaves_nothing_running(listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    profile = tmp_path / "mine.yaml"
    profile.write_text("name: mine\n")
    port = listener.getsockname()[1]
    result = CliRunner().invoke(app, ["up", "--profile", str(profile), "--set", f"stack.ports.api={port}"])
    assert result.exit_code == PortInUse.exit_code
    assert f"port {port} of api" in result.stderr
    assert not (tmp_path / "home" / "run" / "stack.json").exists()
    assert not (tmp_path / "home" / "run" / "supervisord.pid").exists()
