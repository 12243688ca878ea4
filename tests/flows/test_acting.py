"""Answers acted out: homes out of lines, and what counts as right and as wrong for each tier."""

from __future__ import annotations

from typing import Any

import pytest

from flows.steps.acting import act, measures
from flows.steps.evaluating import score
from flows.steps.exporting import export
from flows.steps.generating import generate
from flows.steps.reporting import tiers
from flows.steps.scoring import Outcome, Scored, summarise
from schemas.conversation import call
from schemas.errors import EvaluationError
from schemas.loading import load_pipeline
from schemas.pipeline import HomeSource, Suite
from tests.flows.test_exporting import pipeline, workshop  # noqa: F401 - a fixture

LINES = (
    "hall lamp: light @ hall: off",
    "desk lamp: light @ study: on",
    "front door: lock @ hall: locked",
    "groceries: todo: 2",
)
ON, OFF = ("HassTurnOn", {"name": "hall lamp"}), ("HassTurnOff", {"name": "desk lamp"})
READ = ("GetLiveContext", {})


def outcome(request: str, wanted: list[Any], got: list[Any], error: str | None = None) -> Outcome:
    calls = [tuple(call(name, arguments) for name, arguments in side) for side in (wanted, got)]
    return Outcome("id", (), request, calls[0], (), got=calls[1], error=error)


@pytest.mark.parametrize(
    ("request_", "wanted", "got", "right", "wrong", "moves"),
    [
        ("turn on the hall lamp", [ON], [ON], {"intents", "model", "both"}, set(), True),
        ("turn on the hall lamp", [ON], [OFF], {"intents", "both"}, {"model"}, True),
        ("turn on the hall lamp", [ON], [], {"intents", "both"}, set(), True),
        ("make the hall glow", [ON], [ON], {"model", "both"}, set(), True),
        ("make the hall glow", [ON], [ON, OFF], set(), {"model", "both"}, True),
        ("make the hall glow", [ON], [("HassTurnOn", {"name": "ghost"})], set(), set(), True),
        ("is it dark?", [READ], [READ], {"intents", "model", "both"}, set(), False),
        ("is it dark?", [READ], [ON], {"intents"}, {"model", "both"}, False),
        ("good day", [], [("HassTurnOff", {"name": "front door"})], {"intents"}, {"model", "both"}, False),
        ("turn on the hall lamp", [OFF], [OFF], {"model"}, {"intents", "both"}, True),
        # The same states by another call are as right as the row's own.
        ("make the hall glow", [ON], [("HassTurnOn", {"area": "hall", "domain": "light"})], {"model", "both"}, set(), True),
    ],
)
def test_states_judge(request_: str, wanted: list[Any], got: list[Any], right: set[str], wrong: set[str], moves: bool) -> None:
    acted = act(outcome(request_, wanted, got), LINES)
    assert acted is not None
    assert (acted.right, acted.wrong, acted.moves) == (right, wrong, moves)


def test_an_answer_that_could_not_be_used_does_nothing() -> None:
    acted = act(outcome("make the hall glow", [ON], [ON], error="length"), LINES)
    assert acted is not None
    assert (acted.right, acted.wrong) == (set(), set())


def test_rows_that_nothing_can_be_judged_by() -> None:
    for lines in ((), ("no line at all",), ("hall lamp: light: melted",), ("hall lamp: light @ b",)):
        assert act(outcome("x", [ON], [ON]), lines) is None
    assert act(outcome("x", [("HassTurnOn", {"name": "ghost"})], []), LINES) is None


def test_generated_rows_can_be_acted_out() -> None:
    """The right calls of nearly every row do what they should, and a known sentence never does harm."""
    rows = list(generate(HomeSource(kind="home", rows=200, homes=25)))
    found = [(row, act(outcome(row.messages[0].content or "", _calls(row), _calls(row)), row.home)) for row in rows]
    acted = [each for _, each in found if each]
    assert len(acted) >= 0.97 * len(rows)
    assert all(each.right >= {"model"} and not each.wrong for each in acted)
    figures = measures(acted)
    assert figures["state_exact_model"] == figures["state_exact_both"] == 1
    assert figures["wrong_action_intents"] == 0
    assert figures["state_exact_intents_low"] < figures["state_exact_intents"] < figures["state_exact_intents_high"]
    assert 0.2 < figures["known_share"] < 0.8


def _calls(row: Any) -> list[Any]:
    return [(made.function.name, made.function.parsed()) for made in row.answer().tool_calls]


def test_a_summary_tells_the_tiers_apart() -> None:
    outcomes = [outcome("turn on the hall lamp", [ON], [OFF]), outcome("good day", [], [])]
    for each in outcomes:
        each.acted = act(each, LINES)
    result = summarise("s", Scored(outcomes, 1.0))
    assert (result.metrics["state_exact_model"], result.metrics["state_exact_both"]) == (0, 1)
    assert (result.metrics["wrong_action_model"], result.metrics["wrong_action_both"]) == (0.5, 0)
    assert [tier["name"] for tier in tiers(result)] == ["known sentences alone", "the model alone", "both, as served"]
    assert tiers(summarise("s", Scored([outcome("good day", [], [])], 1.0))) == []


def test_rows_without_homes_cannot_be_acted_out(workshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    home, dataset, candidate = workshop
    monkeypatch.setenv("ROTTIE_HOME", str(home.root))
    exported = export(candidate, dataset, pipeline(), home)
    with pytest.raises(EvaluationError, match="no row describes a home"):
        score(exported, dataset, Suite(name="s", limit=4, max_tokens=8, acting=True))


@pytest.mark.parametrize("name", ["starter", "tiny"])
def test_home_pipelines_act_their_suites_out(name: str) -> None:
    assert load_pipeline(name).suites[0].acting
