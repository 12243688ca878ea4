"""The registry on a real MLflow store (SQLite): versions, the alias, going back, and what a failure looks like."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
import pytest

from flows.steps import registering
from schemas.artifacts import Candidate, Dataset, Exported, ModelManifest, Report, SuiteResult
from schemas.conversation import FunctionSpec, Tool
from schemas.errors import StackDown, VersionMissing
from schemas.hashing import MANIFEST, file_sha256, write_json
from schemas.pipeline import Decoding, Gate, HomeSource, Pipeline, Rule, Suite
from schemas.settings import Home

PIPELINE = Pipeline(
    name="small",
    sources=(HomeSource(kind="home", rows=10),),
    suites=(Suite(name="home"),),
    gate=Gate(rules=(Rule(metric="home.exact_match", at_least=0.5),)),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)  # MLflow's default artifact root is relative
    return Home(tmp_path / "home")


def built(home: Home, name: str) -> tuple[Candidate, Report]:
    """A candidate and its report, whose weights are a few bytes: the registry never opens them."""
    folder = home.models / "exports" / f"export-{name}"
    folder.mkdir(parents=True)
    (folder / "model-q8_0.gguf").write_bytes(b"GGUF" + name.encode())
    manifest = ModelManifest(
        candidate=f"candidate-{name}",
        pipeline="small",
        dataset="d1",
        context=256,
        parameters=10,
        decoding=Decoding(),
        tools=(Tool(function=FunctionSpec(name="Do")),),
        home=False,
        serve="model-q8_0.gguf",
        files={"model-q8_0.gguf": file_sha256(folder / "model-q8_0.gguf")},
    )
    write_json(folder / "model.json", manifest)
    write_json(folder / MANIFEST, {"sums": manifest.files})
    exported = Exported(id=f"export-{name}", path=str(folder), parents=(f"candidate-{name}",), manifest=manifest)
    run = mlflow.MlflowClient().create_run("0").info.run_id
    candidate = Candidate(
        id=f"candidate-{name}",
        path=str(folder),
        parents=("b1", "d1"),
        pipeline="small",
        dataset="d1",
        parameters=10,
        mlflow_run=run,
    )
    suites = (SuiteResult(suite="home", rows=4, metrics={"exact_match": 0.75}),)
    report = Report(id=f"report-{name}", path=str(folder), candidate=candidate.id, exported=exported, suites=suites)
    return candidate, report


def test_versions_carry_lineage_card_and_signature(home: Home) -> None:
    candidate, report = built(home, "one")
    ref = registering.register(candidate, report, PIPELINE, home)
    assert (ref.name, ref.version) == ("rottie-llm", "1")
    [row] = registering.versions("rottie-llm")
    assert row["metrics"] == {"home.exact_match": 0.75}
    assert row["lineage"]["dataset"] == "d1"
    assert row["lineage"]["parents"] == "b1 d1"
    assert row["aliases"] == []
    version = mlflow.MlflowClient().get_model_version("rottie-llm", "1")
    assert "candidate-one" in version.description
    info = mlflow.models.get_model_info("models:/rottie-llm/1")
    assert info.signature is not None
    assert info.signature.inputs.input_names() == ["prompt"]
    assert "rottie_gguf" in info.flavors


def test_registering_twice_makes_one_version(home: Home) -> None:
    candidate, report = built(home, "one")
    assert registering.register(candidate, report, PIPELINE, home) == registering.register(candidate, report, PIPELINE, home)
    assert len(registering.versions("rottie-llm")) == 1


def test_alias_moves_forth_and_back(home: Home) -> None:
    assert registering.champion("rottie-llm", home) is None
    for name in ("one", "two"):
        ref = registering.register(*built(home, name), PIPELINE, home)
        registering.promote("rottie-llm", ref.version, home)
    champion = registering.champion("rottie-llm", home)
    assert champion is not None
    assert champion.candidate == "candidate-two"
    assert registering.was_replaced("rottie-llm", "candidate-one")
    assert not registering.was_replaced("rottie-llm", "candidate-two")
    assert registering.rollback("rottie-llm", home).candidate == "candidate-one"
    assert registering.was_replaced("rottie-llm", "candidate-two")
    with pytest.raises(VersionMissing):
        registering.rollback("rottie-llm", home)
    registering.promote("rottie-llm", "2", home)
    assert not registering.was_replaced("rottie-llm", "candidate-two")


def test_withdrawing_restores_the_alias(home: Home) -> None:
    first = registering.register(*built(home, "one"), PIPELINE, home)
    registering.promote("rottie-llm", first.version, home)
    registering.withdraw(first, None)
    assert registering.champion("rottie-llm", home) is None


def test_a_lost_or_damaged_export_is_fetched_from_the_registry(home: Home) -> None:
    candidate, report = built(home, "one")
    registering.register(candidate, report, PIPELINE, home)
    registering.promote("rottie-llm", "1", home)
    shutil.rmtree(report.exported.folder)
    ref = registering.champion("rottie-llm", home)
    assert ref is not None
    weights = Path(ref.path) / "model-q8_0.gguf"
    assert file_sha256(weights) == ref.sha256
    assert json.loads((Path(ref.path) / "model.json").read_text())["candidate"] == "candidate-one"
    weights.write_bytes(b"damaged")
    again = registering.champion("rottie-llm", home)
    assert again is not None
    assert file_sha256(Path(again.path) / "model-q8_0.gguf") == again.sha256
    assert registering.exported(again).manifest.pipeline == "small"


def test_unknown_version_and_missing_server_are_typed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VersionMissing, match="no version 9"):
        registering.promote("rottie-llm", "9", home)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StackDown):
        registering.versions()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with pytest.raises(StackDown):
        registering.versions()


def test_docs_are_attached_once(home: Home, tmp_path: Path) -> None:
    candidate, _ = built(home, "one")
    folder = tmp_path / "dataset"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "index.html").write_text("<html></html>")
    write_json(folder / MANIFEST, {})
    dataset = Dataset(id="d1", path=str(folder), rows={"train": 1}, validated=True, docs=str(folder / "docs"))
    registering.attach_docs(candidate, dataset)
    registering.attach_docs(candidate, dataset)
    assert candidate.mlflow_run is not None
    client = mlflow.MlflowClient()
    assert client.get_run(candidate.mlflow_run).data.tags["rottie.data_docs"] == "d1"
    assert [item.path for item in client.list_artifacts(candidate.mlflow_run, "data_docs")] == ["data_docs/index.html"]


def test_the_shipped_starter_becomes_one_version_that_can_answer(home: Home) -> None:
    _, report = built(home, "shipped")
    folder = report.exported.folder
    (folder / "README.md").write_text("# The card")
    write_json(folder / "figures.json", {"exact_match": 0.25, "light.exact_match": 0.5})
    ref = registering.register_starter(report.exported, "rottie-llm", home)
    assert registering.register_starter(report.exported, "rottie-llm", home) == ref
    [row] = registering.versions("rottie-llm")
    assert row["aliases"] == []
    assert row["lineage"]["pipeline"] == registering.STARTER
    assert row["metrics"] == {"exact_match": 0.25}
    assert mlflow.MlflowClient().get_model_version("rottie-llm", "1").description == "# The card"
    promoted = registering.promote("rottie-llm", registering.promotable("rottie-llm"), home)
    assert promoted.sha256 == report.exported.manifest.files["model-q8_0.gguf"]
    shutil.rmtree(folder)  # the registry has it, whatever becomes of the checkout
    assert Path(registering.champion("rottie-llm", home).path, "model-q8_0.gguf").is_file()  # type: ignore[union-attr]
