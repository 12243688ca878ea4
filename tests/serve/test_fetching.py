"""Bringing a model folder to a node: once, whole, and only what the reference names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from schemas.artifacts import ModelRef
from schemas.errors import ModelUnusable
from schemas.settings import Home
from serve import fetching
from serve.fetching import folder_of, forget, is_uri

WEIGHTS = b"weights"
SUM = hashlib.sha256(WEIGHTS).hexdigest()


def write(folder: Path, weights: bytes = WEIGHTS, digest: str = SUM) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.gguf").write_bytes(weights)
    (folder / "model.json").write_text(json.dumps({"serve": "model.gguf", "files": {"model.gguf": digest}}))
    return folder


def ref(path: object) -> ModelRef:
    return ModelRef(name="m", version="1", candidate="c", path=str(path), sha256=SUM)


def test_what_is_a_uri() -> None:
    uris = ["models:/m@champion", "runs:/1/a", "mlflow-artifacts:/1/2", "s3://b/k", "file:///x", "http://h/x"]
    assert all(map(is_uri, uris))
    assert not any(map(is_uri, ["/models/x", "models/x", "C:/x", "./a:b"]))


def test_a_local_folder_is_used_where_it_lies(tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    assert folder_of(ref(folder), Home(tmp_path / "home")) == folder
    with pytest.raises(ModelUnusable) as missing:
        folder_of(ref(tmp_path / "gone"), Home(tmp_path / "home"))
    assert missing.value.where == str(tmp_path / "gone")


@pytest.mark.slow
def test_a_uri_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, source = Home(tmp_path / "home"), write(tmp_path / "store" / "m")
    uri = ref(source.as_uri())
    folder = folder_of(uri, home)
    assert folder.parent == home.models / "served"
    assert (folder / "model.gguf").read_bytes() == WEIGHTS
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
    monkeypatch.setattr(fetching, "_fetch", lambda *_: pytest.fail("fetched again"))
    assert folder_of(uri, home) == folder
    forget(uri, home)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda f: write(f, b"other"), "damaged"),
        (lambda f: write(f, b"other", hashlib.sha256(b"other").hexdigest()), "is not"),
        (lambda f: f.mkdir(parents=True), "no model.json"),
        (lambda f: (write(f) / "model.json").write_text("{"), "cannot be read"),
    ],
)
def test_nothing_else_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object, reason: str) -> None:
    home, source = Home(tmp_path / "home"), tmp_path / "store" / "m"
    make(source)  # type: ignore[operator]
    copy = "import sys, shutil; print(shutil.copytree(sys.argv[1].removeprefix('file://'), sys.argv[2] + '/m'))"
    monkeypatch.setattr(fetching, "_DOWNLOAD", copy)
    with pytest.raises(ModelUnusable, match=reason):
        folder_of(ref(source.as_uri()), home)
    assert list((home.models / "served").iterdir()) == []


def test_an_address_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_DOWNLOAD", "raise OSError('connection refused')")
    with pytest.raises(ModelUnusable, match="connection refused"):
        folder_of(ref("http://127.0.0.1:1/x"), Home(tmp_path))
