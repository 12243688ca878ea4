from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.splitting import SPLITS, assign
from schemas.pipeline import Split

ROWS = st.lists(st.tuples(st.text("abc ", max_size=5), st.sampled_from(["light", "lock", "none"])), min_size=1, max_size=60)


def test_shares_are_exact_within_each_tool() -> None:
    requests = [f"request {i}" for i in range(1100)]
    tools = ["often"] * 1000 + ["rarely"] * 100
    counts = Counter(zip(assign(requests, tools, Split()), tools, strict=True))
    assert [counts[side, "often"] for side in SPLITS] == [850, 50, 100]
    assert [counts[side, "rarely"] for side in SPLITS] == [85, 5, 10]


def test_a_tool_with_three_requests_is_tested() -> None:
    assert sorted(assign(["a", "b", "c"], ["t"] * 3, Split())) == ["test", "train", "train"]
    assert assign(["a"], ["t"], Split()) == ["train"]
    assert assign([], [], Split()) == []


@settings(deadline=None)
@given(ROWS)
def test_equal_requests_are_on_one_side_whatever_the_order(rows: list[tuple[str, str]]) -> None:
    sides = assign(*map(list, zip(*rows, strict=True)), Split())
    found = defaultdict(set)
    for (request, _), side in zip(rows, sides, strict=True):
        found[request].add(side)
    assert all(len(sides) == 1 for sides in found.values())
    backwards = assign(*map(list, zip(*reversed(rows), strict=True)), Split())
    assert backwards == sides[::-1]


def test_rows_of_another_tool_move_nothing() -> None:
    requests, tools = [f"light {i}" for i in range(200)], ["light"] * 200
    alone = assign(requests, tools, Split())
    assert assign(requests + [f"lock {i}" for i in range(500)], tools + ["lock"] * 500, Split())[:200] == alone


def test_more_rows_of_the_same_tool_move_few() -> None:
    requests = [f"light {i}" for i in range(2200)]
    before = assign(requests[:2000], ["light"] * 2000, Split())
    after = assign(requests, ["light"] * 2200, Split())[:2000]
    assert sum(a != b for a, b in zip(before, after, strict=True)) < 40


def test_salt_and_case() -> None:
    requests, tools = [f"light {i}" for i in range(100)], ["light"] * 100
    assert assign(requests, tools, Split()) != assign(requests, tools, Split(salt="other"))
    both = assign([*requests, *(r.upper() for r in requests)], tools * 2, Split())
    assert both[:100] == both[100:]
