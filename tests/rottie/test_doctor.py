"""Each finding at its level, with advice; the decode runs for real, in its own process."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.doctor import Finding, examining, machine, services, software
from rottie.doctor.tiny_model import write_tiny
from schemas.profile import Profile
from schemas.settings import Home


@pytest.mark.parametrize(("found", "level"), [((3, 11, 7), "ok"), ((3, 12, 0), "ok"), ((3, 10, 9), "fail"), ((3, 13, 1), "fail")])
def test_python(found: tuple[int, ...], level: str) -> None:
    assert software.check_python(found).level == level


def test_sqlite_in_the_range_that_may_corrupt_a_log() -> None:
    assert software.check_sqlite((3, 40, 1)).level == "warn"
    assert software.check_sqlite((3, 51, 3)).level == "ok"
    assert software.check_sqlite().message.startswith(sqlite3.sqlite_version)


def test_packages_against_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text('# comment\nrich==0.0.1\nno-such-package==1.0\ntyper==9 ; python_version < "3"\n')
    finding = software.check_packages(lock)
    assert finding.level == "warn"
    assert "rich is" in finding.message
    assert "no-such-package is missing" in finding.message
    assert "typer" not in finding.message
    assert software.check_packages(tmp_path / "none.lock").level == "warn"


@pytest.mark.parametrize(("free", "level"), [(0.5e9, "fail"), (3e9, "warn"), (50e9, "ok")])
def test_disk(free: float, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert machine.check_disk(Home(tmp_path / "not" / "there")).level == level


@pytest.mark.parametrize(("total", "available", "level"), [(1.5e9, 1e9, "fail"), (8e9, 2e9, "warn"), (16e9, 9e9, "ok")])
def test_memory(total: float, available: float, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=total, available=available))
    monkeypatch.setattr(machine, "_container_limit", lambda: None)
    assert machine.check_memory().level == level


def test_a_processor_without_avx2_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "processor_flags", lambda: {"sse2"})
    assert "AVX2" in machine.check_processor().advice


def test_a_gpu_whose_driver_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho NVIDIA-SMI has failed\nexit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.check_gpu().level == "warn"
    tool.write_text("#!/bin/sh\necho 'H200, 143771 MiB'\n")
    assert machine.check_gpu() == Finding("gpu", "ok", "H200, 143771 MiB")
    tool.unlink()
    assert "processor" in machine.check_gpu().message


def test_a_taken_port_fails_with_its_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "taken", lambda host, port: port == 5000)
    [finding] = services.check_ports(Home(tmp_path), Profile(name="laptop"))
    assert finding.level == "fail"
    assert "5000 (mlflow)" in finding.message
    assert "stack.ports.mlflow" in finding.advice


def test_a_tiny_quantised_model_decodes_in_its_own_process(tmp_path: Path) -> None:
    assert write_tiny(tmp_path / "tiny.gguf").stat().st_size > 10_000
    assert services.check_decode(Home(tmp_path / "home")) == Finding("decode", "ok", "tiny-q8_0.gguf decodes")


def test_a_decode_that_crashes_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(code: int) -> Any:
        return lambda *_, **__: SimpleNamespace(returncode=code, stdout='{"message": "damaged"}', stderr="")

    monkeypatch.setattr(services.subprocess, "run", ended(-4))
    assert "signal 4" in services.check_decode(Home(tmp_path)).message
    monkeypatch.setattr(services.subprocess, "run", ended(1))
    assert "damaged" in services.check_decode(Home(tmp_path)).message


def test_the_newest_whole_export_is_decoded(tmp_path: Path, tiny_export: Path) -> None:
    home = Home(tmp_path)
    assert services.newest_export(home) is None
    folder = home.models / "exports" / "abc"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tiny_export)
    broken = home.models / "exports" / "def"
    broken.mkdir()
    (broken / "model.json").write_text("{}")
    weights = services.newest_export(home)
    assert weights is not None
    assert weights.suffix == ".gguf"


@pytest.mark.parametrize(("rates", "level"), [([100.0, 30.0, False], "warn"), ([100.0, 190.0, False], "ok")])
def test_threads_that_slow_each_other_down(rates: list[Any], level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=json.dumps(rates)))
    [finding] = machine.check_threads(gpu_seen=False)
    assert finding.level == level
    assert "cannot use it" in machine.check_threads(gpu_seen=True)[-1].message


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_the_command_ends_with_1_when_something_fails(
    level: Any, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    (tmp_path / "p.yaml").write_text("name: p\n")
    monkeypatch.setattr(examining, "examine", lambda *_: iter([Finding("disk", level, "message", "do this")]))
    result = CliRunner().invoke(app, ["doctor", "--json", "--profile", str(tmp_path / "p.yaml")])
    assert result.exit_code == code
    assert json.loads(result.stdout) == [{"check": "disk", "level": level, "message": "message", "advice": "do this"}]
    assert "do this" in CliRunner().invoke(app, ["doctor", "--profile", str(tmp_path / "p.yaml")]).stdout
