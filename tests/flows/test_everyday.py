"""Everyday requests: all of them can be done in their homes, and tier one does no harm with any."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.steps.acting import Acted, act
from flows.steps.everyday import PARTS, _read, everyday, said_of
from flows.steps.scoring import Outcome, Scored
from schemas.conversation import Conversation
from schemas.errors import ConfigError


@pytest.fixture(scope="module")
def answered() -> list[tuple[Outcome, Acted]]:
    """As a model that is always right answers."""
    found = []
    for name, row in everyday():
        acted = act(_right(name, row), row.home, row.request())
        assert acted is not None, f"not to be done in its home: {row.request()[-1].content}"
        found.append((_right(name, row), acted))
    return found


def _right(name: str, row: Conversation) -> Outcome:
    calls = row.answer().tool_calls
    return Outcome(name, row.tags, row.request()[-1].content or "", calls, row.tools, got=calls)


def test_what_is_said_to_be_right_is_right_and_changes_the_home(answered: list[tuple[Outcome, Acted]]) -> None:
    assert all("model" in acted.served for _, acted in answered)
    reading = ("question", "impossible", "chat")
    assert all(acted.moves is not (outcome.tags[1] in reading) for outcome, acted in answered)


def test_tier_one_is_never_wrong_and_knows_what_is_said_often(answered: list[tuple[Outcome, Acted]]) -> None:
    harm = [outcome.request for outcome, acted in answered if "intents" in acted.wrong]
    assert not harm
    assert sum(acted.known for _, acted in answered) > 0.4 * len(answered)


def test_the_parts_are_alike_and_nothing_is_asked_twice() -> None:
    rows = everyday()
    parts = [sum(part in row.tags for _, row in rows) for part in PARTS]
    assert min(parts) > 0.4 * len(rows)
    assert len({name for name, _ in rows}) == len(rows)
    assert len(everyday(3)) == 3 * len(PARTS)


def test_figures_are_told_by_part(answered: list[tuple[Outcome, Acted]]) -> None:
    for outcome, acted in answered:
        outcome.acted = acted
    figures = said_of(Scored([outcome for outcome, _ in answered], 1.0))
    assert figures["everyday.dev.rows"] + figures["everyday.test.rows"] == len(answered)
    assert figures["everyday.test.served_model"] == 1
    assert figures["everyday.dev.served_light"] == 1
    assert not said_of(Scored())


@pytest.mark.parametrize("row", ["[light, 3]", "[light, on, {A: {}, B: {}}]", "[light, on, TurnOn]"])
def test_a_row_that_is_none_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "everyday.yaml"
    path.write_text(f"home:\n  - {row}\n")
    with pytest.raises(ConfigError, match="home"):
        _read(path)
