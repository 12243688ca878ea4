from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps import evaluating, parity
from flows.steps.evaluating import evaluate, score
from flows.steps.exporting import export
from flows.steps.parity import check_parity
from flows.steps.reporting import learning_curve
from flows.steps.scoring import Outcome, Scored, choose, percentile, run_alone, summarise, wilson
from schemas.artifacts import Candidate, Dataset, Exported, ModelManifest, Report
from schemas.conversation import call
from schemas.errors import EvaluationError, ModelUnusable, ParityError, RegistryError
from schemas.pipeline import Decoding, Suite
from schemas.settings import Home
from tests.flows.test_exporting import candidate_in, pipeline, workshop  # noqa: F401 - a fixture
from tests.tiny import TOOLS, write_model

Workshop = tuple[Home, Dataset, Candidate]


def outcome(wanted: list[tuple[str, dict]], got: list[tuple[str, dict]], error: str | None = None, tags: tuple = ()) -> Outcome:
    calls = [tuple(call(name, arguments) for name, arguments in side) for side in (wanted, got)]
    return Outcome("id", tags, "a request", calls[0], TOOLS, got=calls[1], error=error, latency_ms=5.0, completion_tokens=7)


ON, SET = ("TurnOn", {"name": "lamp"}), ("LightSet", {"name": "lamp", "brightness": 20})


@pytest.mark.parametrize(
    ("wanted", "got", "exact", "right_tool", "valid"),
    [
        ([ON], [ON], True, True, True),
        ([ON, SET], [SET, ON], True, True, True),
        ([SET], [("LightSet", {"brightness": 20, "name": "lamp"})], True, True, True),
        ([SET], [("LightSet", {"name": "lamp", "brightness": "20"})], False, True, True),
        ([ON], [("TurnOn", {"name": "Lamp"})], False, True, True),
        ([ON], [ON, ON], False, False, True),
        ([ON], [SET], False, False, True),
        ([ON], [("TurnOn", {"where": "lamp"})], False, True, False),
        ([ON], [("LightSet", {"brightness": 1})], False, False, False),
        ([ON], [], False, False, True),
        ([], [], True, True, True),
        ([], [ON], False, False, True),
    ],
)
def test_what_counts_as_right(wanted: list, got: list, exact: bool, right_tool: bool, valid: bool) -> None:
    found = outcome(wanted, got)
    assert (found.exact, found.right_tool, found.valid) == (exact, right_tool, valid)


def test_an_answer_that_could_not_be_used_is_nothing() -> None:
    found = outcome([], [], error="length")
    assert not found.exact
    assert not found.valid
    assert outcome([ON], [ON], error="engine.call").argument_counts() == (0, 0, 1)


def test_a_summary() -> None:
    scored = Scored([outcome([ON], [ON], tags=("a b",)), outcome([ON], [SET]), outcome([], [])], seconds=2.0)
    result = summarise("s", scored)
    assert result.rows == 3
    assert result.metrics["exact_match"] == pytest.approx(2 / 3)
    assert result.metrics["argument_f1"] == pytest.approx(2 * 1 / (3 + 2))
    assert result.metrics["tokens_per_s"] == 10.5
    assert result.metrics["tag_a_b_exact_match"] == 1.0
    assert result.by_tool["TurnOn"] == {
        "rows": 2.0,
        "exact_match": 0.5,
        "tool_match": 0.5,
        "valid_call_rate": 1.0,
        "argument_f1": pytest.approx(0.4),
    }
    assert result.by_tool["none"]["exact_match"] == 1.0


def test_wilson_against_published_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share(successes: int, failures: int) -> None:
    low, high = wilson(successes, successes + failures)
    share = successes / max(1, successes + failures)
    assert 0 <= low <= share + 1e-9 <= high + 2e-9 <= 1 + 3e-9


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([1, 2, 3], 0.5) == 2
    assert percentile(list(range(100)), 0.95) == 95


async def test_running_beside_an_event_loop() -> None:
    async def seven() -> int:
        return 7

    assert run_alone(seven()) == 7


def test_a_limit_takes_the_same_rows_each_time(workshop: Workshop) -> None:  # noqa: F811
    _, dataset, _ = workshop
    everything = choose(dataset, Suite(name="s"))
    some = choose(dataset, Suite(name="s", limit=5))
    assert len(everything) == dataset.rows["test"]
    assert len(some) == 5
    assert {row for row, _ in some} <= {row for row, _ in choose(dataset, Suite(name="s", limit=8))}


def test_scoring_an_export(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    home, dataset, candidate = workshop
    monkeypatch.setenv("ROTTIE_HOME", str(home.root))
    exported = export(candidate, dataset, pipeline(), home)
    result = score(exported, dataset, Suite(name="s", limit=10, max_tokens=24))
    assert result.rows == 10
    assert 0 <= result.metrics["exact_match_low"] <= result.metrics["exact_match"] <= result.metrics["exact_match_high"] <= 1
    assert result.metrics["tokens_per_s"] > 0
    assert sum(figures["rows"] for figures in result.by_tool.values()) == 10
    with pytest.raises(EvaluationError, match="no rows"):
        score(exported, dataset.model_copy(update={"path": str(_without_rows(dataset, home.root))}), Suite(name="s"))
    (exported.folder / exported.manifest.serve).write_bytes(b"x")
    with pytest.raises(ModelUnusable):
        score(exported, dataset, Suite(name="s", limit=1))


def _without_rows(dataset: Dataset, root: Path) -> Path:
    import pyarrow.parquet as pq

    folder = root / "no-rows"
    folder.mkdir(exist_ok=True)
    (folder / "tools.json").write_bytes((dataset.folder / "tools.json").read_bytes())
    pq.write_table(pq.read_table(dataset.folder / "test.parquet").slice(0, 0), folder / "test.parquet")
    return folder


def test_a_report_from_end_to_end(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    home, dataset, candidate = workshop
    monkeypatch.setenv("ROTTIE_HOME", str(home.root))
    monkeypatch.setattr(parity, "PROMPTS", 6)
    (candidate.folder / "training.jsonl").write_text(
        "".join(json.dumps({"step": i, "loss": 9 - i, "validation_loss": 9.5 - i}) + "\n" for i in range(5))
    )
    spec = pipeline()
    report = evaluate(candidate, dataset, spec, home)
    assert report.exists()
    assert report.parity["f16"]["tokens_equal"] == 1
    assert report.metrics()["tiny.exact_match"] <= 1
    page = (report.folder / "report.html").read_text()
    assert "Learning curve" in page
    assert page.count("<svg") >= 4
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "turn on lamp" not in page  # what users say stays in the failures file
    failures = report.folder / "failures.jsonl"
    assert stat.S_IMODE(failures.stat().st_mode) == 0o600
    assert all(json.loads(line)["suite"] == "tiny" for line in failures.read_text().splitlines())
    monkeypatch.setattr(evaluating, "run_suite", None)
    assert evaluate(candidate, dataset, spec, home) == report
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match="did not take"):
        evaluating._log(report.model_copy(update={"mlflow_run": "run"}))


def test_a_report_is_logged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)  # MLflow's default artifact root is relative
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run = client.create_run("0").info.run_id
    for name in ("report.json", "report.html"):
        (tmp_path / name).write_text("x")
    exported = Exported(id="e", path="e", manifest=manifest())
    suites = (summarise("s", Scored([outcome([ON], [ON])], 1.0)),)
    report = Report(
        id="r",
        path=str(tmp_path),
        candidate="c",
        exported=exported,
        suites=suites,
        parity={"prompts": 1, "f16": {"top1_agreement": 1.0}},
        mlflow_run=run,
    )
    evaluating._log(report)
    evaluating._log(report)
    assert client.get_run(run).data.metrics["s.exact_match"] == 1.0
    assert len(client.get_metric_history(run, "parity.f16.top1_agreement")) == 1
    assert {item.path for item in client.list_artifacts(run, "evaluation")} == {
        "evaluation/report.json",
        "evaluation/report.html",
    }


def manifest() -> ModelManifest:
    return ModelManifest(
        candidate="c",
        pipeline="p",
        dataset="d",
        context=128,
        parameters=1,
        decoding=Decoding(),
        tools=(),
        home=False,
        serve="model.gguf",
        files={},
    )


def test_an_export_of_other_weights_fails_parity(
    workshop: Workshop,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, dataset, candidate = workshop
    monkeypatch.setenv("ROTTIE_HOME", str(home.root))
    monkeypatch.setattr(parity, "PROMPTS", 6)
    write_model(tmp_path / "other", seed=1, context=512)
    exported = export(candidate, dataset, pipeline(), home)
    with pytest.raises(ParityError, match="f16 differs"):
        check_parity(candidate_in(tmp_path / "other"), exported, dataset)


def test_a_curve_needs_two_points(tmp_path: Path) -> None:
    assert learning_curve(tmp_path / "absent.jsonl") == ""
    (tmp_path / "one.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    assert learning_curve(tmp_path / "one.jsonl") == ""
