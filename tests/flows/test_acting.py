"""Answers acted out: homes out of lines, and what counts as right and as wrong for each tier."""

from __future__ import annotations

from typing import Any

import pytest

from flows.steps.acting import act, after_failure
from flows.steps.doubting import curve, proposed
from flows.steps.evaluating import score
from flows.steps.exporting import export
from flows.steps.generating import generate
from flows.steps.judging import by_tag, copied, judged, measures
from flows.steps.reporting import at_home, tag_image, tag_table, tiers
from flows.steps.scoring import Outcome, Scored, summarise
from schemas.conversation import Conversation, Message, Tool, call
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
    assert act(outcome("x", [("Dock", {})], []), LINES) is None
    for lines in ((), ("no line at all",), ("hall lamp: light: melted",), ("hall lamp: light @ b",)):
        assert act(outcome("x", [ON], [ON]), lines) is None
    assert act(outcome("x", [("HassTurnOn", {"name": "ghost"})], []), LINES) is None


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (("HassLightSet", {"name": "hall lamp", "color": "red"}), "hall lamp: light @ hall: on 50%"),
        (("HassLightSet", {"area": "hall", "temperature": 3000}), "hall lamp: light @ hall: off"),
        (("HassListCompleteItem", {"name": "groceries", "item": "milk"}), "groceries: todo: 3"),
        (("HassClimateSetFanMode", {"name": "heater", "fan_mode": "whisper"}), "heater: climate: heat 21"),
        (("HassClimateSetTemperature", {"name": "boiler", "temperature": 62}), "boiler: climate: heat 60, now 55"),
        (("HassCancelTimer", {"name": "pasta"}), "hall lamp: light: on"),
        (("HassUnpauseTimer", {"start_minutes": 5}), "hall lamp: light: on"),
        (("HassIncreaseTimer", {"name": "tea timer", "minutes": 5}), "tea timer: timer: active"),
    ],
)
def test_what_lines_cannot_say_is_there_for_the_right_calls(wanted: Any, line: str) -> None:
    acted = act(outcome("do it", [wanted], [wanted]), (line,))
    assert acted is not None
    assert acted.moves
    assert "both" in acted.right & acted.served
    other = {"hours": 1} if "Timer" in wanted[0] else {}
    nothing = act(outcome("do it", [wanted], [("HassStartTimer", {"hours": 1})] if other else []), (line,))
    assert nothing is not None
    assert "both" not in nothing.right


def spoken(said: str, made: Any, result: str, number: int) -> list[Message]:
    """An earlier turn as conversations keep it."""
    tool, arguments = made
    made = call(tool, arguments, f"call_{number}")
    return [
        Message(role="user", content=said),
        Message(role="assistant", tool_calls=(made,)),
        Message(role="tool", tool_call_id=made.id, name=made.function.name, content=result),
    ]


def test_timers_of_earlier_turns_run() -> None:
    start = ("HassStartTimer", {"minutes": 5, "name": "eggs"})
    earlier = [
        *spoken("eggs for 5 minutes", start, "Done.", 1),
        Message(role="assistant", content="5 minutes."),
        Message(role="user", content="stop it"),
    ]
    stop = ("HassCancelTimer", {"name": "eggs"})
    acted = act(outcome("stop it", [stop], [("HassCancelAllTimers", {})]), LINES, earlier)
    assert acted is not None
    assert {"model", "both"} <= acted.right


def test_a_call_after_one_that_failed() -> None:
    """What has been done for the request stays done, what failed did nothing, and known sentences had their turn."""
    before = [*spoken("turn on the hall lamp", ON, "Error: it did not answer. Try again.", 1)]
    acted = act(outcome("turn on the hall lamp", [ON], [ON]), LINES, before)
    assert acted is not None
    assert (acted.known, acted.moves) == (False, True)
    assert {"model", "both"} <= acted.served
    before = spoken("turn on the hall lamp", ON, "Done. hall lamp: on", 1)
    acted = act(outcome("turn on the hall lamp", [OFF], [ON, OFF]), LINES, before)
    assert acted is not None
    assert {"model", "both"} <= acted.right


def test_a_model_is_asked_again_after_a_call_that_the_home_refused() -> None:
    asked = Message(role="user", content="make the hall glow")
    row = Conversation(messages=(asked, Message(role="assistant", tool_calls=(call(*ON),))), home=LINES)
    ghost = ("HassTurnOn", {"name": "ghost"})
    found = outcome("make the hall glow", [ON], [OFF, ghost])
    again = after_failure(found, row)
    assert again is not None
    assert [message.role for message in again.request()] == ["user", "assistant", "tool", "tool"]
    assert (again.request()[-1].content or "").startswith("Error: nothing in this home is called 'ghost'")
    assert "desk lamp: light @ study: off" in again.home
    assert after_failure(outcome("make the hall glow", [ON], [ON]), row) is None
    assert after_failure(outcome("make the hall glow", [ON], []), row) is None
    found = outcome("make the hall glow", [ON], [ghost])
    found.again = (call(*ON),)
    acted = act(found, LINES)
    assert acted is not None
    assert {"model", "both"} <= acted.served


def test_a_call_that_the_home_refused_is_nothing_done() -> None:
    acted = act(outcome("hm", [], [("HassTurnOn", {"name": "ghost"})]), LINES)
    assert acted is not None
    assert acted.doing == frozenset()
    assert {"model", "both"} <= acted.served


LIVE_LAMP, LIVE_LIGHTS = ("GetLiveContext", {"name": "hall lamp"}), ("GetLiveContext", {"area": "hall", "domain": "light"})


@pytest.mark.parametrize(
    ("wanted", "got", "served"),
    [
        ([LIVE_LAMP], [LIVE_LAMP], True),
        ([LIVE_LAMP], [LIVE_LIGHTS], True),  # the same is read
        ([LIVE_LAMP], [READ], False),
        ([LIVE_LAMP], [], False),
        ([LIVE_LAMP], [ON], False),
        ([], [], True),
        ([], [LIVE_LAMP], False),
        ([ON], [LIVE_LAMP, ON], True),
        ([ON], [], False),
    ],
)
def test_what_is_right_as_served(wanted: list[Any], got: list[Any], served: bool) -> None:
    acted = act(outcome("hm", wanted, got), LINES)
    assert acted is not None
    assert (acted.served >= {"model", "both"}) == served


NAMED = Tool.model_validate(
    {
        "function": {
            "name": "HassTurnOn",
            "parameters": {"properties": {"name": {"format": "home-entity"}, "area": {"format": "home-area"}, "domain": {}}},
        }
    }
)


@pytest.mark.parametrize(
    ("wanted", "got", "right"),
    [
        ([{"name": "Hall lamp"}], [{"name": "hall lamp"}], [True]),
        ([{"name": "hall lamp"}], [{"name": "hall"}], [False]),
        ([{"name": "a"}, {"name": "b", "area": "c"}], [{"name": "b", "area": "d"}, {"name": "a"}], [True, False, True]),
        ([{"name": "a"}], [{"area": "a", "domain": "light"}], []),
        ([{"name": "a"}], [{"name": "a"}, {"name": "b"}], [True]),
        ([{"domain": "light"}], [{"domain": "fan"}], []),
    ],
)
def test_names_copied(wanted: list[Any], got: list[Any], right: list[bool]) -> None:
    found = outcome("x", [("HassTurnOn", each) for each in wanted], [("HassTurnOn", each) for each in got])
    found.tools = (NAMED,)
    assert sorted(copied(found)) == sorted(right)


def test_figures_by_tag_in_a_table_and_a_chart() -> None:
    rows = [
        outcome("turn on the hall lamp", [ON], [ON]),
        outcome("make the hall glow", [ON], [OFF]),
        outcome("good day", [], [ON]),
        outcome("dock the probe", [("Dock", {"probe": "x"})], [("Dock", {"probe": "x"})]),
    ]
    for row, tags in zip(rows, (("light", "ref_exact"), ("light", "ref_alias"), ("talk",), ("tools",)), strict=True):
        row.tags = tags
    rows[-1].tools = (Tool.model_validate({"function": {"name": "Dock"}}),)
    for row in rows:
        row.acted = act(row, LINES)
    assert rows[-1].acted is None
    table = by_tag(rows)
    assert list(table) == ["light", "talk", "tools", "ref_alias", "ref_exact"]
    assert (table["light"]["rows"], table["light"]["state_exact_both"], table["light"]["wrong_action_model"]) == (2, 0.5, 0.5)
    assert table["talk"]["refused_both"] == 0
    assert (table["tools"]["other_tools_exact"], "served_both" in table["tools"]) == (1, False)
    figures = judged(rows)
    assert (figures["acted_rows"], figures["other_tools_rows"], figures["over_refused_model"]) == (3, 1, 0)
    assert figures["refused_both_low"] == 0 < figures["refused_both_high"] < 1
    result = summarise("s", Scored(rows, 1.0))
    assert result.by_tag == table
    assert result.metrics["tag_ref_exact_exact_match"] == 1
    assert tag_table(result).splitlines()[0].startswith("tag,rows,exact_match,")
    assert len(tag_table(result).splitlines()) == 6
    assert tag_image(result).startswith(b"\x89PNG")
    assert len(at_home(result)) == 5


def test_generated_rows_can_be_acted_out() -> None:
    """The right calls of nearly every row do what they should, and a known sentence hardly ever does harm."""
    drawn = generate(HomeSource(kind="home", rows=240, homes=30))
    rows = [row for row in drawn if row.tags[0] not in ("tools", "injection")]  # those bring tools that no home has
    found = [act(_answered(row), row.home, row.request()) for row in rows]
    acted = [each for each in found if each]
    assert len(acted) >= 0.97 * len(rows)
    assert all(each.right >= {"model"} for each in acted)
    figures = measures(acted)
    assert figures["state_exact_model"] == 1 > 1.05 - figures["state_exact_both"]
    assert figures["wrong_action_intents"] < 0.03  # tier one acts where the rows ask back
    assert figures["state_exact_intents_low"] < figures["state_exact_intents"] < figures["state_exact_intents_high"]
    assert 0.02 < figures["known_share"] < 0.8


def _answered(row: Conversation) -> Outcome:
    """As a model that is always right answers ``row``."""
    asked = next(message.content or "" for message in reversed(row.request()) if message.role == "user")
    calls = row.answer().tool_calls
    return Outcome("id", row.tags, asked, calls, row.tools, got=calls)


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


def test_what_the_model_is_not_sure_of_waits_for_a_yes() -> None:
    right = outcome("make the hall glow", [ON], [ON])
    wrong = outcome("make the hall glow", [ON], [OFF])
    both = outcome("make the hall glow", [ON], [ON, OFF])
    for row, sure in ((right, (0.4,)), (wrong, (0.4,)), (both, (0.4, 0.4))):
        row.sure = sure
        held, done = act(row, LINES, sure=0.5), act(row, LINES, sure=0.3)
        assert held is not None
        assert done is not None
        assert (held.asked, done.asked) == ({"model", "both"}, set())
        assert not held.wrong
        assert not held.doing
        assert ("model" in held.agreed, "model" in done.agreed) == (row is not wrong, row is right)
        assert "model" not in held.right
    question = outcome("is it dark in the hall", [("GetLiveContext", {"name": "hall lamp"})], [("GetLiveContext", {})])
    asked = act(question, LINES, sure=0.9)
    assert asked is not None
    assert not asked.asked, "reading is never asked about"


def test_a_bar_is_proposed_by_what_goes_wrong() -> None:
    rows = [outcome("make the hall glow", [ON], [ON]), outcome("make the hall glow", [ON], [OFF])]
    rows[0].sure, rows[1].sure = (0.9,), (0.5,)
    conversation = Conversation(messages=(Message(role="user", content="x"), Message(role="assistant", content="y")), home=LINES)
    points = curve(Scored(rows, 1.0), [("0", conversation), ("1", conversation)], (0.0, 0.4, 0.6, 0.95))
    assert [(p.wrong_action, p.state_exact, p.state_agreed, p.asked) for p in points] == [
        (0.5, 0.5, 0.5, 0.0),
        (0.5, 0.5, 0.5, 0.0),
        (0.0, 0.5, 0.5, 0.5),
        (0.0, 0.0, 0.5, 1.0),
    ]
    assert (proposed(points, 0.1), proposed(points, 0.6), proposed(points[:2], 0.1)) == (0.6, 0.0, 0.0)
