from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.assistant import Adapter, LlmEngine, Speculation
from schemas.conversation import Message
from schemas.errors import EngineError, ModelUnusable
from schemas.hashing import file_sha256
from serve import models
from serve.models import open_engine, open_model, read_model
from serve.turn import TurnRequest

WEIGHTS = "model-q8_0.gguf"


@pytest.fixture
def folder(tiny_export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may damage, and a home of its own."""
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    copy = tmp_path / "export"
    copy.mkdir()
    for name in ("model.json", WEIGHTS):
        shutil.copy(tiny_export / name, copy / name)
    return copy


def resum(folder: Path, **changes: object) -> None:
    """Make model.json agree with the weights as they are now."""
    manifest = json.loads((folder / "model.json").read_text())
    manifest["files"][WEIGHTS] = file_sha256(folder / WEIGHTS)
    (folder / "model.json").write_text(json.dumps(manifest | changes))


async def test_an_export_answers(folder: Path) -> None:
    answerer = open_model(folder, LlmEngine(context=4096, slots=1))
    try:
        assert answerer.engine.context == 1024  # the model's own, which is smaller
        found = [e async for e in answerer.answer(TurnRequest((Message(role="user", content="hello"),)))]
        assert found[-1].type == "turn.finished"
    finally:
        answerer.close()


def test_a_decode_is_tried_once_for_each_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_model(folder, LlmEngine()).close()
    monkeypatch.setattr(models, "TRIAL", (sys.executable, "-c", "raise SystemExit(1)"))
    open_model(folder, LlmEngine()).close()
    with (folder / WEIGHTS).open("ab") as handle:
        handle.write(b"\0")
    resum(folder)
    with pytest.raises(ModelUnusable, match="test decode failed"):
        open_model(folder, LlmEngine())


def test_a_model_that_crashes_takes_only_the_trial_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "TRIAL", (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGILL)"))
    with pytest.raises(ModelUnusable, match="crashed with signal 4"):
        open_model(folder, LlmEngine())


def test_a_trial_that_hangs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "TRIAL", (sys.executable, "-c", "import time; time.sleep(30)"))
    monkeypatch.setattr(models, "TRIAL_TIMEOUT_S", 0.2)
    with pytest.raises(ModelUnusable, match="longer than"):
        open_model(folder, LlmEngine())


def test_a_changed_file_is_refused(folder: Path) -> None:
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    with pytest.raises(ModelUnusable, match="SHA-256"):
        open_model(folder, LlmEngine())


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelUnusable, match="missing"):
        open_model(folder, LlmEngine())


def test_a_file_that_is_no_model_is_refused(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"not a model")
    resum(folder)
    with pytest.raises(ModelUnusable, match="cannot load this model file"):
        open_model(folder, LlmEngine())


def test_weights_cut_short_are_refused(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:60_000])
    resum(folder)
    with pytest.raises(ModelUnusable):
        open_model(folder, LlmEngine())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"candidate": "x"}'])
def test_a_manifest_that_cannot_be_read(folder: Path, text: str) -> None:
    (folder / "model.json").write_text(text)
    with pytest.raises(ModelUnusable, match=r"model\.json cannot be read"):
        read_model(folder)


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"no model\.json"):
        open_model(tmp_path, LlmEngine())


def test_served_weights_without_a_sum(folder: Path) -> None:
    resum(folder, serve="other.gguf")
    with pytest.raises(ModelUnusable, match="no sum"):
        open_model(folder, LlmEngine())


async def test_the_scripted_engine(folder: Path) -> None:
    spec = LlmEngine(kind="scripted")
    with pytest.raises(ModelUnusable, match="script"):
        open_model(folder, spec)
    script = [{"when": "lamp", "reply": 'TurnOn{"name":" hall lamp"}'}, {"reply": " Hello."}]
    (folder / "script.json").write_text(json.dumps(script))
    answerer = open_model(folder, spec)
    found = [e async for e in answerer.answer(TurnRequest((Message(role="user", content="the lamp"),)))]
    assert found[1].calls[0].function.name == "TurnOn"
    answerer.close()


def test_an_engine_that_is_not_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(EngineError, match="not installed") as caught:
        open_engine(folder / WEIGHTS, LlmEngine(kind="llama_cpp"))
    assert "rottie[llama-cpp]" in (caught.value.hint or "")
    with pytest.raises(EngineError, match="not installed"):  # the other process tells the same
        open_model(folder, LlmEngine(kind="llama_cpp"))


def test_a_draft_is_opened_by_its_sum(folder: Path) -> None:
    draft = Adapter(path=str(folder / WEIGHTS), sha256=file_sha256(folder / WEIGHTS))
    for speculation in (Speculation(), Speculation(draft=draft)):
        open_model(folder, LlmEngine(context=512, slots=1, speculation=speculation)).close()
    with pytest.raises(ModelUnusable, match="another SHA-256"):
        open_engine(folder / WEIGHTS, LlmEngine(speculation=Speculation(draft=draft.model_copy(update={"sha256": "0" * 64}))))
    with pytest.raises(ValidationError, match="xllamacpp"):
        LlmEngine(kind="llama_cpp", speculation=Speculation())
