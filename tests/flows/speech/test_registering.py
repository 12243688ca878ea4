"""Speech models in a real MLflow store (SQLite): versions of folders, and the alias for the better one only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
import pytest

from flows.steps import registering as versions
from flows.steps.speech import registering
from flows.steps.speech.describing import speech_card
from schemas.hashing import MANIFEST
from schemas.settings import Home
from schemas.speech import Bar, Fit, SpeechGate, WakeRecipe

RECIPE = WakeRecipe(
    name="small",
    kind="wake",
    model="rottie-wake",
    fit=Fit(steps=2),
    gate=SpeechGate(bars=(Bar(metric="misses", at_most=0.5),), less="misses"),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)  # MLflow's default artifact root is relative
    return Home(tmp_path / "home")


def made(home: Home, name: str, misses: float) -> Path:
    folder = home.models / "exports" / name
    folder.mkdir(parents=True)
    (folder / "wake.onnx").write_bytes(name.encode())
    figures = {"misses": misses}
    registering.seal(folder, RECIPE, figures, speech_card(RECIPE, figures, {"parameters": "26,000"}, "rottie run evaluate"))
    run = home.root / "run"
    run.mkdir(parents=True, exist_ok=True)
    (run / "metrics.jsonl").write_text('{"step": 1, "loss": 2.0, "seconds": 1.0}\n{"step": 2, "loss": 1.0, "seconds": 2.0}\n')
    return folder


def registered(home: Home, name: str, misses: float):
    return registering.register(RECIPE, made(home, name, misses), home.root / "run", home)


def measured(folder: Path) -> dict[str, float]:
    return registering.figures_of(folder)


def test_a_version_holds_the_folder_its_figures_and_its_card(home: Home) -> None:
    ref = registered(home, "one", 0.25)
    [row] = versions.versions("rottie-wake")
    assert row["metrics"] == {"misses": 0.25}
    assert registering.register(RECIPE, Path(ref.path), home.root / "run", home) == ref
    version = mlflow.MlflowClient().get_model_version("rottie-wake", ref.version)
    assert "Synthetic speech only" in (version.description or "")
    history = mlflow.MlflowClient().get_metric_history(str(version.run_id), "loss")
    assert [point.value for point in history] == [2.0, 1.0]


def test_a_lost_folder_comes_back_from_the_registry(home: Home) -> None:
    ref = registered(home, "one", 0.25)
    shutil.rmtree(ref.path)
    again = versions.located("rottie-wake", ref.version)
    assert again.path != ref.path
    assert (Path(again.path) / "wake.onnx").read_bytes() == b"one"
    assert set(json.loads((Path(again.path) / MANIFEST).read_text())["files"]) == {"wake.onnx", "README.md", "figures.json"}


def test_only_a_better_one_becomes_champion(home: Home) -> None:
    first, worse, better, bad = (registered(home, str(n), m) for n, m in enumerate((0.25, 0.4, 0.1, 0.6)))
    assert not registering.crown(RECIPE, bad, measured, home).promoted
    assert registering.crown(RECIPE, first, measured, home).promoted
    assert registering.crown(RECIPE, first, measured, home).unchanged
    refused = registering.crown(RECIPE, worse, measured, home)
    assert (refused.promoted, refused.champion) == (False, first)
    assert "0.4, the champion's 0.25" in refused.reason
    assert registering.crown(RECIPE, better, measured, home).champion == better
    assert versions.rollback("rottie-wake", home) == first
    assert "replaced" in registering.crown(RECIPE, better, measured, home).reason
