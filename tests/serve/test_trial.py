"""Damaged and hostile model files: each is refused by the trial, and the process that asked lives on."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.assistant import LlmEngine
from schemas.errors import ModelUnusable
from schemas.hashing import file_sha256
from serve.models import try_decode

Change = Callable[[bytes], bytes]


def put(at: int, layout: str, value: int) -> Change:
    """Numbers of the header: version at 4, tensors at 8, keys at 16, the first key's length at 24."""
    return lambda data: data[:at] + struct.pack(layout, value) + data[at + struct.calcsize(layout) :]


def key(name: str, value: int, layout: str = "<I", skip: int = 4) -> Change:
    """The value of a key; ``skip`` is what stands between its name and that: a type, and a type of items."""
    return lambda data: put(data.index(name.encode()) + len(name) + skip, layout, value)(data)


CUT_OR_LYING = {
    "half": lambda data: data[: len(data) // 2],
    "tokens without end": key("tokenizer.ggml.tokens", 2**50, "<Q", 8),
}
OTHERS = {
    "many blocks": key("llama.block_count", 2**31 - 1),
    "empty": lambda data: b"",
    "magic alone": lambda data: b"GGUF",
    "another version": put(4, "<I", 999),
    "tensors without end": put(8, "<Q", 2**60),
    "fewer than no tensors": put(8, "<q", -1),
    "keys without end": put(16, "<Q", 2**62),
    "a million keys": put(16, "<Q", 10**6),
    "a key without end": put(24, "<Q", 2**63 - 1),
    "no width": key("llama.embedding_length", 0),
    "great width": key("llama.embedding_length", 2**31),
    "no heads": key("llama.attention.head_count", 0),
    "heads that do not divide": key("llama.attention.head_count", 7),
    "no keys' heads": key("llama.attention.head_count_kv", 0),
    "wide rotation": key("llama.rope.dimension_count", 2**30),
    "a tensor elsewhere": key("output_norm.weight", 2**62, "<Q", 16),
    "a tensor of another size": key("output_norm.weight", 2**62, "<Q", 4),
    "a tensor of another kind": key("output_norm.weight", 77, "<I", 12),
    "the last byte": lambda data: data[:-1],
}


def refused(export: Path, folder: Path, change: Change) -> None:
    file = folder / "bad.gguf"
    file.write_bytes(change((export / "model-q8_0.gguf").read_bytes()))
    with pytest.raises(ModelUnusable):
        try_decode(file, file_sha256(file), LlmEngine())
    assert not list(folder.glob("core*"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("change", CUT_OR_LYING.values(), ids=CUT_OR_LYING)
def test_damaged_files(tiny_export: Path, tmp_path: Path, change: Change) -> None:
    refused(tiny_export, tmp_path, change)


@pytest.mark.slow
@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_more_damaged_files(tiny_export: Path, tmp_path: Path, change: Change) -> None:
    refused(tiny_export, tmp_path, change)


@pytest.mark.parametrize(
    ("act", "ends"),
    [
        ("bytearray(2**36)", 1),
        ("open('f', 'wb').write(bytes(2**21))", 1),
        ("os.abort()", -signal.SIGABRT),
    ],
)
def test_a_trial_has_limits(tiny_export: Path, tmp_path: Path, act: str, ends: int) -> None:
    code = (
        "import os, sys; from pathlib import Path; from schemas.assistant import LlmEngine; from serve.trial import limit\n"
        f"limit(Path(sys.argv[1]), LlmEngine())\n{act}"
    )
    command = [sys.executable, "-c", code, str(tiny_export / "model-q8_0.gguf")]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, env=environment, check=False)
    assert done.returncode == ends
    assert [file for file in tmp_path.iterdir() if file.stat().st_size > 2**20] == []
