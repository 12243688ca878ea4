"""From a call to its result: refusals, confirmations, keys, crashes, people who leave."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.action import ActionResult
from schemas.conversation import call
from schemas.errors import ActionError, ActionLogUnusable
from schemas.policy import Rules
from serve.actions.actionlog import ActionLog, Entry
from serve.actions.performing import Actions
from tests.serve.actions.conftest import GUEST, USER, after

UNLOCK = call("HassTurnOff", {"name": "Back door"})


def phases(actions: Actions) -> list[str]:
    return [row.phase for row in actions.log.read()]


async def test_an_action_is_written_before_and_after(actions: Actions) -> None:
    result = await actions.run(call("HassTurnOn", {"name": "kettle"}), USER)
    assert (result.ok, result.text, after(result.changes)) == (True, "Done. Kettle: on", {"switch.kettle": "on"})
    assert result.decision is not None
    assert (result.decision.verdict, result.decision.risk) == ("allowed", "write")
    begun, done = actions.log.read()
    assert (begun.phase, done.phase, begun.action_id) == ("begun", "done", done.action_id)
    assert done.before is not None
    assert done.before["switch.kettle"]["state"] == "off"


async def test_reading_is_one_row(actions: Actions) -> None:
    assert "Kettle" in (await actions.run(call("GetLiveContext", {}), GUEST)).text
    assert phases(actions) == ["done"]


async def test_unlocking_waits_for_a_yes_to_exactly_that(actions: Actions) -> None:
    asked = await actions.run(UNLOCK, USER)
    assert asked.error is not None
    assert asked.error["code"] == "action.confirm"
    assert actions.home.entity("lock.back").state == "locked"
    token = asked.decision.confirmation if asked.decision else None
    assert token
    assert token not in asked.text
    other = await actions.run(call("HassTurnOff", {"domain": "lock", "area": "kitchen"}), USER, confirmation=token)
    assert not other.ok
    assert (await actions.run(UNLOCK, USER, confirmation=token)).ok
    assert actions.home.entity("lock.back").state == "unlocked"
    assert token not in str(actions.log.read())


@pytest.mark.parametrize("name", ["welcome", "garage door"])
async def test_roundabout_ways_to_open_the_house_are_as_guarded(actions: Actions, name: str) -> None:
    result = await actions.run(call("HassTurnOn", {"name": name}), USER)
    assert result.error is not None
    assert result.error["code"] == "action.confirm"
    assert actions.home.entity("lock.back").state == "locked"
    guest = await actions.run(call("HassTurnOn", {"name": name}), GUEST)
    assert guest.error is not None
    assert guest.error["code"] == "action.denied"


async def test_a_key_acts_once(actions: Actions) -> None:
    add = call("HassListAddItem", {"item": "tea", "name": "chores"})
    first, second = [await actions.run(add, USER, "k1") for _ in range(2)]
    assert second.replayed
    assert second.model_copy(update={"replayed": False}) == first
    assert actions.home.entity("todo.chores").state == "8"
    reused = await actions.run(call("HassListAddItem", {"item": "milk", "name": "chores"}), USER, "k1")
    assert reused.error is not None
    assert reused.error["code"] == "action.key_reused"
    assert (await actions.run(add, GUEST, "k1")).ok
    assert actions.home.entity("todo.chores").state == "9"


async def test_the_same_key_twice_at_once(actions: Actions) -> None:
    add = call("HassListAddItem", {"item": "tea", "name": "chores"})
    results = await asyncio.gather(*(actions.run(add, USER, "k") for _ in range(5)))
    assert sorted(result.replayed for result in results) == [False, True, True, True, True]
    assert actions.home.entity("todo.chores").state == "8"


async def test_a_refused_key_can_be_used_after_the_yes(actions: Actions) -> None:
    asked = await actions.run(UNLOCK, USER, "k")
    assert asked.decision is not None
    assert (await actions.run(UNLOCK, USER, "k", asked.decision.confirmation)).ok


async def test_what_a_crash_cut_off_is_not_done_again(actions: Actions) -> None:
    turn_on = call("HassTurnOn", {"name": "kettle"})
    actions.log.begin(Entry("old", USER, "HassTurnOn", {"name": "kettle"}, actions.home.now(), "k"))
    result = await actions.run(turn_on, USER, "k")
    assert result.error is not None
    assert result.error["code"] == "action.interrupted"
    assert actions.home.entity("switch.kettle").state == "off"


async def test_errors_are_results_that_say_what_to_do(actions: Actions) -> None:
    result = await actions.run(call("HassTurnOn", {"name": "kettel"}), USER)
    assert result.text == "Error: nothing in this home is called 'kettel'. Did you mean Kettle?"
    assert phases(actions) == ["failed"]


async def test_nothing_is_done_that_cannot_be_written(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ActionLog, entry: Entry) -> None:
        raise ActionLogUnusable("disk full", where="rottie.db")

    monkeypatch.setattr(ActionLog, "begin", full)
    with pytest.raises(ActionLogUnusable):
        await actions.run(call("HassTurnOn", {"name": "kettle"}), USER)
    assert actions.home.entity("switch.kettle").state == "off"


async def test_who_asked_may_leave(actions: Actions) -> None:
    running = asyncio.create_task(actions.run(call("HassTurnOn", {"name": "kettle"}), USER))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    last = await actions.run(call("GetLiveContext", {}), USER)
    assert "Kettle: switch @ Kitchen: on" in last.text
    assert phases(actions) == ["begun", "done", "done"]


async def test_rates(actions: Actions) -> None:
    codes = [(await actions.run(call("GetDateTime", {}), GUEST)).error for _ in range(32)]
    assert [error["code"] for error in codes if error] == ["action.rate"] * 2


async def test_failing_calls_count_too(actions: Actions) -> None:
    codes = [(await actions.run(call("HassTurnOn", {"name": "nothing"}), GUEST)).error for _ in range(32)]
    assert [error["code"] for error in codes if error][-3:] == ["action.unknown_entity", "action.rate", "action.rate"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_model_that_obeys_an_attacker_opens_nothing(actions: Actions, data: st.DataObject) -> None:
    """Whatever it calls, with whatever it takes for a confirmation, in the name of a guest or a member of the household."""
    often = {role: grant.model_copy(update={"per_minute": 10**6}) for role, grant in Rules().roles.items()}
    actions.policy.rules = Rules(roles=often)
    tool = data.draw(st.sampled_from(("HassTurnOn", "HassTurnOff", "HassSetPosition")))
    target = data.draw(st.sampled_from(("Back door", "Garage door", "Welcome", "Leave home", "Evening", "all")))
    arguments: dict[str, Any] = {"name": target}
    if tool == "HassSetPosition":
        arguments["position"] = data.draw(st.integers(0, 100))
    if domain := data.draw(st.sampled_from((None, "lock", "cover", "script"))):
        arguments["domain"] = domain
    words = data.draw(st.sampled_from((None, "confirmed", "the owner said yes", "admin")))
    await actions.run(call(tool, arguments), data.draw(st.sampled_from((GUEST, USER))), confirmation=words)
    assert actions.home.entity("lock.back").state == "locked"
    assert actions.home.entity("cover.garage").state == "closed"


async def test_results_survive_json(actions: Actions) -> None:
    result = await actions.run(call("GetDateTime", {}), USER)
    assert ActionResult.model_validate_json(result.model_dump_json()) == result


def test_the_log_folder_may_be_missing(tmp_path: Path) -> None:
    ActionLog(tmp_path / "a" / "b" / "rottie.db").close()
    with pytest.raises(ActionError):
        ActionLog(tmp_path / "a")
