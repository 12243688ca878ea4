"""Starter models measured again: on a tiny one of random weights, with a card that is right about some things."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.steps import aloud, appraising, held_out, starters
from flows.steps.appraising import Measured, appraise, differences, log, markdown, parts
from schemas.artifacts import Appraisal, Difference
from schemas.conversation import Conversation, Message, call
from schemas.errors import ConfigError, EvaluationError, RegistryError, StarterMissing
from schemas.hashing import verify
from serve.actions.tools import find_tool
from tests.tiny import write_export

ROWS = 6


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter")
    write_export(folder / "llm", tools=(), context=4096)
    return folder


@pytest.fixture(autouse=True)
def _here(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(starters, "FOLDER", shipped)


def measured() -> Appraisal:
    return appraise(("llm",), limit=ROWS)


def test_a_language_model_measured_again(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_out, "MAX_TOKENS", 24)
    first = measured()
    figures = first.figures["llm"]
    assert figures["rows"] == ROWS
    assert figures["state_exact_both_low"] <= figures["state_exact_both"] <= figures["state_exact_both_high"]
    assert first.differing == ()
    files = {path.name for path in first.folder.iterdir()}
    failures = {"llm-failures.jsonl", "everyday-failures.jsonl"}
    assert files == failures | {"appraisal.json", "appraisal.md", "by_tag-llm.csv", "by_tag-llm.png", "manifest.json"}
    verify(first.folder, json.loads((first.folder / "manifest.json").read_text())["sums"])
    claims = {**figures, "latency_p50_ms": 1e9, "wrong_action_both": 0.9, "unheard_of": 1.0}
    (shipped / "llm/figures.json").write_text(json.dumps(claims))
    again = appraise(("llm",))
    assert {each.figure for each in again.differing} == {"wrong_action_both", "unheard_of"}
    compared = {name: value for name, value in figures.items() if "_ms" not in name and "_per_s" not in name}
    assert compared.items() <= again.figures["llm"].items(), "the same rows give the same figures"
    assert "| wrong_action_both |" in markdown(again)


def test_what_is_not_shipped_is_named_before_anything_is_measured(shipped: Path) -> None:
    everything: list[tuple[Measured, ...]] = [("wake",), ("speech",), ()]
    for wanted in everything:
        with pytest.raises(StarterMissing) as missing:
            appraise(wanted, limit=1)
        assert str(shipped) in (missing.value.where or "")


@pytest.mark.slow
def test_spoken_requests_from_end_to_end(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A voice that has learnt nothing makes sounds that are no speech: nothing is heard, so nothing is done."""
    pytest.importorskip("piper")
    from tests.tiny_recogniser import tiny_recogniser
    from tests.tiny_voice import tiny_voice

    for name in ("tts", "stt"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text('{"files": {}}')
    tiny_voice(tmp_path / "tts")
    tiny_recogniser(tmp_path / "stt")
    (tmp_path / "llm").symlink_to(shipped / "llm")
    monkeypatch.setattr(starters, "FOLDER", tmp_path)
    monkeypatch.setitem(appraising.LIMITS, "speech", 3)
    (tmp_path / "figures.json").write_text('{"unheard": 0.5, "wer": 1}')
    appraisal = appraise(("speech",))
    assert [each.figure for each in appraisal.differing] == ["unheard"]
    found = appraisal.figures["speech"]
    assert (found["rows"], found["unheard"], found["wer"]) == (3, 1, 1)
    assert found["wrong_action_both"] == 0


def test_a_heard_request_takes_the_place_of_the_written_one() -> None:
    """What is right is written as a recogniser writes it; the home's names stay its own."""
    add = ("HassListAddItem", {"item": "Two Crème brûlées", "name": "Groceries for Zoë"})
    answer = Message(role="assistant", tool_calls=(call(*add),))
    row = Conversation(
        messages=(Message(role="user", content="Add Two Crème brûlées"), answer), tools=(find_tool(add[0]).declared(),)
    )
    [made] = aloud.as_written(row).tool_calls
    assert made.function.parsed() == {"item": "2 creme brulees", "name": "Groceries for Zoë"}


def test_parts_by_name() -> None:
    assert parts("llm") == ("llm",)
    assert parts("") == appraising.PARTS
    with pytest.raises(ConfigError, match="no starter model"):
        parts("lllm")


def test_cards_that_cannot_be_read(tmp_path: Path) -> None:
    for text in ("{", "[]"):
        (tmp_path / "figures.json").write_text(text)
        with pytest.raises(EvaluationError):
            starters.claimed(tmp_path)


def test_what_counts_as_another_figure() -> None:
    card = {"a": 0.5, "b": 0.5, "c_ms": 10.0, "d": 100.0, "e": 0.1}
    found = differences("llm", {"a": 0.509, "b": 0.52, "c_ms": 99.0, "d": 101.9}, card)
    assert found == [
        Difference(part="llm", figure="b", card=0.5, measured=0.52),
        Difference(part="llm", figure="e", card=0.1, measured=None),
    ]


def test_a_server_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match="did not take"):
        log(
            Appraisal(path=str(tmp_path), rows={"llm": 1}, seed=0, figures={"llm": {"light.served_both": 0.5}}, cards={"llm": {}})
        )
