"""The home as a whole: all or nothing, snapshots, scenes and scripts, time."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import ValidationError

from schemas.action import Change, ServiceCall
from schemas.errors import ActionError
from schemas.home_lines import home_lines
from schemas.inventory import Entity, Inventory
from schemas.loading import load_inventory
from serve.actions.clock import keep_time
from serve.actions.home import SimulatedHome
from tests.serve.actions.conftest import Clock, after


def call(entity_id: str, service: str, **data: object) -> ServiceCall:
    return ServiceCall(service=service, entity_id=entity_id, data=data)


def test_the_shipped_home_runs() -> None:
    home = SimulatedHome(load_inventory("home"))
    assert after(home.apply(call("light.hall_lamp", "turn_on"))) == {"light.hall_lamp": "on"}
    assert home.lines() == home_lines(home.snapshot())


def test_several_services_happen_all_or_none(home: SimulatedHome) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError):
        home.apply(call("light.night", "turn_on"), call("switch.kettle", "turn_on"), call("lock.safe", "unlock"))
    assert home.content_hash() == before
    assert after(home.apply(call("light.night", "turn_on"), call("switch.kettle", "turn_on"))) == {
        "light.night": "on",
        "switch.kettle": "on",
    }


def test_what_stays_the_same_is_no_change(home: SimulatedHome) -> None:
    assert home.apply(call("switch.kettle", "turn_off")) == ()


def test_a_preview_changes_nothing(home: SimulatedHome) -> None:
    before = home.content_hash()
    assert after(home.preview(call("script.welcome", "turn_on")))["lock.back"] == "unlocked"
    assert home.content_hash() == before


def test_a_scene_sets_what_it_names(home: SimulatedHome) -> None:
    changes = home.apply(call("scene.evening", "turn_on"))
    assert after(changes) == {"light.night": "on", "cover.left": "closed", "scene.evening": "2026-03-01T12:00:00+00:00"}
    assert home.entity("cover.left").attributes["current_position"] == 0
    assert home.entity("light.night").attributes["brightness"] == 60


def test_a_script_runs_scripts(home: SimulatedHome) -> None:
    home.apply(call("lock.back", "unlock"))
    changes = after(home.apply(call("script.leave", "turn_on")))
    assert (changes["light.counter"], changes["lock.back"]) == ("off", "locked")


def test_scripts_that_call_each_other_are_refused(home: SimulatedHome) -> None:
    step = {"service": "script.turn_on", "entity_id": "script.leave"}
    with pytest.raises(ActionError, match="without end"):
        home.patch("script.secure", attributes={"sequence": [step]})
    loop = Entity(id="script.a", name="a", state="off", attributes={"sequence": [{**step, "entity_id": "script.a"}]})
    with pytest.raises(ActionError, match=r"script\.a -> script\.a"):
        SimulatedHome(Inventory(entities=(loop,)))


def test_a_scene_of_a_stranger_changes_nothing(home: SimulatedHome) -> None:
    home.patch("scene.evening", attributes={"states": {"light.night": {"state": "on"}, "light.moon": {"state": "on"}}})
    before = home.content_hash()
    with pytest.raises(ActionError, match="not in this home"):
        home.apply(call("scene.evening", "turn_on"))
    assert home.content_hash() == before


def test_snapshots_start_an_equal_home(home: SimulatedHome, clock: Clock) -> None:
    home.apply(call("timer.laundry", "start"), call("light.night", "turn_on"))
    twin = SimulatedHome(Inventory.model_validate_json(home.snapshot().model_dump_json()), clock)
    assert twin.content_hash() == home.content_hash()
    assert twin.next_due() == home.next_due()


def test_hashes_tell_states_from_names(home: SimulatedHome) -> None:
    content, structure = home.content_hash(), home.structure_hash()
    home.apply(call("light.night", "turn_on"))
    assert home.content_hash() != content
    assert home.structure_hash() == structure
    home.patch("cover.left", attributes={"device_class": "curtain"})
    assert home.structure_hash() != structure


def test_a_bad_inventory_leaves_the_old_one(home: SimulatedHome) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError):
        home.replace(Inventory(entities=(Entity(id="light.a", name="a", state="dim"),)))
    assert home.content_hash() == before
    with pytest.raises(ValidationError, match="duplicate"):
        Inventory(entities=(Entity(id="light.a", name="a"), Entity(id="light.a", name="b")))
    with pytest.raises(ValidationError, match="unknown floor"):
        Inventory.model_validate({"floors": [{"id": "g", "name": "G"}], "areas": [{"id": "a", "name": "A", "floor": "h"}]})


def test_patching(home: SimulatedHome) -> None:
    assert after(home.patch("person.ada", "not_home")) == {"person.ada": "not_home"}
    home.patch("cover.left", "closed")
    assert home.entity("cover.left").attributes["current_position"] == 0
    home.patch("weather.home", attributes={"humidity": None, "wind_speed": 5})
    assert "humidity" not in home.entity("weather.home").attributes
    with pytest.raises(ActionError, match=r"no 'light\.nowhere'"):
        home.patch("light.nowhere", "on")


def test_time_ends_timers_and_docks_the_vacuum(home: SimulatedHome, clock: Clock) -> None:
    seen: list[tuple[Change, ...]] = []
    forget = home.on_elapsed(seen.append)
    home.apply(call("vacuum.rolf", "start"))
    home.apply(call("vacuum.rolf", "return_to_base"), call("timer.laundry", "start", duration=60))
    assert home.elapse() == ()
    clock.forward(31)
    assert after(home.elapse()) == {"vacuum.rolf": "docked"}
    clock.forward(31)
    assert after(home.elapse()) == {"timer.laundry": "idle"}
    assert home.next_due() is None
    assert [after(changes) for changes in seen] == [{"vacuum.rolf": "docked"}, {"timer.laundry": "idle"}]
    forget()


def test_a_paused_timer_waits(home: SimulatedHome, clock: Clock) -> None:
    home.apply(call("timer.laundry", "start", duration=60))
    clock.forward(20)
    home.apply(call("timer.laundry", "pause"))
    clock.forward(600)
    assert home.elapse() == ()
    home.apply(call("timer.laundry", "start"))
    home.apply(call("timer.laundry", "change", duration=-10))
    clock.forward(30)
    assert after(home.elapse()) == {"timer.laundry": "idle"}


async def test_timers_really_fire(home: SimulatedHome, clock: Clock) -> None:
    fired = asyncio.Event()
    home.on_elapsed(lambda changes: fired.set())
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        if seconds == 60.0 and home.next_due() is None:
            await asyncio.Event().wait()
        clock.forward(seconds)
        await asyncio.sleep(0)

    keeper = asyncio.create_task(keep_time(home, nap))
    await asyncio.sleep(0)
    # From another thread, as a blocking caller would: the keeper wakes all the same.
    thread = threading.Thread(target=home.apply, args=(call("timer.laundry", "start", duration=150),))
    thread.start()
    await asyncio.wait_for(fired.wait(), 10)
    thread.join()
    keeper.cancel()
    assert home.entity("timer.laundry").state == "idle"
    assert sum(naps[1:]) >= 150


async def test_a_real_second_passes(inventory: Inventory) -> None:
    home, fired = SimulatedHome(inventory), asyncio.Event()
    home.on_elapsed(lambda changes: fired.set())
    keeper = asyncio.create_task(keep_time(home))
    home.apply(call("timer.laundry", "start", duration=0.2))
    await asyncio.wait_for(fired.wait(), 20)
    keeper.cancel()


def test_threads_lose_nothing(home: SimulatedHome) -> None:
    def add(who: int) -> None:
        for number in range(25):
            home.apply(call("todo.chores", "add_item", item=f"{who}-{number}"))

    threads = [threading.Thread(target=add, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert home.entity("todo.chores").state == "107"
    assert len(set(home.entity("todo.chores").attributes["items"])) == 100
