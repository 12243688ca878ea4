from __future__ import annotations

import hashlib
from collections import Counter
from itertools import groupby, islice

import pytest

from flows.steps.checking import measure_calls
from flows.steps.generating import GENERATOR, generate, homes
from flows.steps.normalising import Normaliser
from schemas.conversation import Conversation
from schemas.hashing import canonical
from schemas.home_lines import inventory_of
from schemas.pipeline import HomeSource, Part
from schemas.prompt import render_messages


def source(**changes: object) -> HomeSource:
    return HomeSource.model_validate({"kind": "home", **changes})


def rows_of(**changes: object) -> list[Conversation]:
    return list(generate(source(**changes)))


@pytest.fixture(scope="module")
def rows() -> list[Conversation]:
    return rows_of(rows=2000, homes=100)


def test_rows_are_as_many_as_asked_for() -> None:
    assert len(rows_of(rows=7, homes=3)) == 7
    assert len(rows_of(rows=2, homes=200)) == 2


def test_rows_of_a_home_follow_one_another(rows: list[Conversation]) -> None:
    assert len(rows) == 2000
    for at in range(0, 2000, 20):
        [(_, share)] = Counter(row.home for row in rows[at : at + 20]).most_common(1)
        assert share >= 6  # the others come later in a conversation, or bring a home of their own
    plain = [row for row in rows if len(row.messages) == 2 and row.tags[0] not in ("tools", "injection")]
    assert len([1 for _ in groupby(plain, key=lambda row: row.home)]) == 100


def test_seeded(rows: list[Conversation]) -> None:
    assert rows_of(rows=200, homes=10) == rows[:200]
    assert rows_of(rows=200, homes=10, seed=1) != rows[:200]
    assert rows_of(rows=200, homes=10, part="test") != rows[:200]


def test_any_home_can_be_made_alone(rows: list[Conversation]) -> None:
    whole = source(rows=2000, homes=100)
    assert list(homes(whole, 37, 2)) == rows[37 * 20 : 39 * 20]
    assert list(homes(whole, 99, 5)) == rows[99 * 20 :]
    assert list(homes(whole, 100, 5)) == []
    far = source(rows=50_000_000, homes=5_000_000)
    assert len(list(homes(far, 4_999_999, 1))) == 10


def test_a_large_set_is_not_held_in_memory() -> None:
    assert len(list(islice(generate(source(rows=10_000_000, homes=100_000)), 150))) == 150


def test_the_generator_is_pinned(rows: list[Conversation]) -> None:
    """Other rows from the same seed must come with another GENERATOR, or cached versions would lie."""
    digest = hashlib.sha256(canonical(rows[:500]).encode()).hexdigest()[:16]
    assert (GENERATOR, digest) == GOLDEN


GOLDEN = (5, "df24d32edd98b11a")


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_rows_are_valid_and_in_normal_form(part: Part) -> None:
    normaliser = Normaliser()
    for row in rows_of(rows=400, homes=40, part=part, seed=5):
        assert Conversation.model_validate(row.model_dump()) == row
        normal = normaliser.conversation(row.model_dump(exclude_none=True))
        assert render_messages(normal.messages) == render_messages(row.messages)
        assert (normal.tools, normal.home, normal.tags) == (row.tools, row.home, row.tags)
        specs = {tool.function.name: tool.function for tool in row.tools}
        assert measure_calls([row.answer().model_dump()], specs) == (0, 0, 0, 0)


def test_homes_can_be_acted_in(rows: list[Conversation]) -> None:
    assert all(inventory_of(row.home) is not None for row in rows if row.tags[0] != "tools")


def test_no_request_comes_twice_in_a_home(rows: list[Conversation]) -> None:
    said = Counter((at // 20, *(m.content or "" for m in row.messages if m.role == "user")) for at, row in enumerate(rows))
    assert len(said) / len(rows) > 0.998


def test_shares(rows: list[Conversation]) -> None:
    kinds = Counter(row.tags[0] for row in rows)
    assert 0.12 <= sum(len(row.answer().tool_calls) > 1 for row in rows) / len(rows) <= 0.25
    assert 0.08 <= kinds["refusal"] / len(rows) <= 0.13
    assert 0.05 <= (kinds["talk"] + kinds["offtopic"]) / len(rows) <= 0.1
    ways = Counter(tag for row in rows for tag in row.tags[1:])
    assert 0.2 <= 1 - ways["ref_exact"] / ways.total() <= 0.33


def test_requests_of_parts_differ() -> None:
    said = {part: {row.messages[0].content for row in rows_of(rows=1500, homes=150, part=part)} for part in ("train", "test")}
    assert len(said["train"] & said["test"]) <= 8  # fragments that are no sentences
