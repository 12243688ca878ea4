"""The gate, bar by bar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps.deciding import decide
from schemas.artifacts import Exported, ModelManifest, ModelRef, Report, SuiteResult
from schemas.pipeline import Decoding, Gate, Rule


def report(**metrics: float) -> Report:
    manifest = ModelManifest(
        candidate="c",
        pipeline="p",
        dataset="d",
        context=1,
        parameters=1,
        decoding=Decoding(),
        tools=(),
        home=False,
        serve="w",
        files={},
    )
    exported = Exported(id="e", path="/nowhere", manifest=manifest)
    return Report(
        id="r", path="/nowhere", candidate="c", exported=exported, suites=(SuiteResult(suite="home", rows=9, metrics=metrics),)
    )


def champion(candidate: str = "other") -> ModelRef:
    return ModelRef(name="rottie-llm", version="1", candidate=candidate, path="/nowhere", sha256="0")


def gate(**bars: float) -> Gate:
    return Gate(rules=(Rule(metric=f"home.{bars.pop('metric', 'exact_match')}", **bars),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bars", "ours", "theirs", "promoted"),
    [
        ({"at_least": 0.5}, 0.5, None, True),
        ({"at_least": 0.5}, 0.49, None, False),
        ({"at_most": 0.5}, 0.51, None, False),
        ({"not_worse_by": 0.02}, 0.88, 0.90, True),
        ({"not_worse_by": 0.02}, 0.87, 0.90, False),
        ({"improve_by": 0.01}, 0.91, 0.90, True),
        ({"improve_by": 0.01}, 0.905, 0.90, False),
        ({"improve_by": 0.01}, 0.2, None, True),  # the first candidate has nobody to beat
    ],
)
def test_bars(bars: dict[str, float], ours: float, theirs: float | None, promoted: bool) -> None:
    against = {} if theirs is None else {"home.exact_match": theirs}
    decision = decide(report(exact_match=ours), None if theirs is None else champion(), against, gate(**bars))
    assert decision.promoted is promoted
    assert decision.outcomes[0].held is promoted
    assert decision.reason


def test_latency_is_better_when_lower() -> None:
    rules = Gate(rules=(Rule(metric="home.latency_p50_ms", improve_by=1),))
    assert decide(report(latency_p50_ms=8), champion(), {"home.latency_p50_ms": 10}, rules).promoted
    assert not decide(report(latency_p50_ms=12), champion(), {"home.latency_p50_ms": 10}, rules).promoted


def test_what_was_not_measured_does_not_pass() -> None:
    assert not decide(report(tool_match=1.0), None, {}, gate(at_least=0.1)).promoted
    assert not decide(report(exact_match=1.0), champion(), {}, gate(improve_by=0.1)).promoted


def test_the_champion_itself_is_unchanged() -> None:
    decision = decide(report(exact_match=0.0), champion("c"), {}, gate(at_least=0.9))
    assert decision.unchanged
    assert not decision.promoted


def test_what_followed_it_is_not_undone() -> None:
    decision = decide(report(exact_match=1.0), champion(), {"home.exact_match": 0.1}, gate(improve_by=0.1), replaced=True)
    assert not decision.promoted
    assert "by hand" in decision.reason


@given(ours=st.floats(0, 1), theirs=st.floats(0, 1), margin=st.floats(0, 1))
def test_improving_implies_not_worse(ours: float, theirs: float, margin: float) -> None:
    against = {"home.exact_match": theirs}
    if decide(report(exact_match=ours), champion(), against, gate(improve_by=margin)).promoted:
        assert decide(report(exact_match=ours), champion(), against, gate(not_worse_by=0)).promoted
