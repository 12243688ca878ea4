"""A real home through a real socket: the mirror, acting, and everything that goes wrong between here and there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas.action import ActionResult, Actor
from schemas.assistant import HomeChoice
from schemas.conversation import call
from schemas.errors import HomeDown, NotSupported
from schemas.inventory import Inventory
from schemas.lending import Token
from serve.actions.actionlog import ActionLog
from serve.actions.hass import link
from serve.actions.hass.home import STALE, RealHome
from serve.actions.hass.mirror import Documents, seen
from serve.actions.hass.reach import Reach
from serve.actions.intents import recognise
from serve.actions.performing import Actions
from serve.actions.policy import Policy
from tests.serve.actions.conftest import GUEST, USER, after
from tests.serve.actions.home_assistant import TOKEN, FakeHomeAssistant, running, state


@dataclass
class There:
    far: FakeHomeAssistant
    home: RealHome
    actions: Actions

    async def do(self, tool: str, actor: Actor = USER, key: str | None = None, **arguments: Any) -> ActionResult:
        return await self.actions.run(call(tool, arguments), actor, key)


def choice(far: FakeHomeAssistant, **more: Any) -> HomeChoice:
    limits = {"timeout_s": 2, "follow_s": 0.5, **more}
    return HomeChoice(kind="home_assistant", url=far.url, token=Token(env="UNUSED"), **limits)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "SOONEST_S", 0.02)
    monkeypatch.setattr(link, "SETTLED_S", 0.02)


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[There]:
    async with running() as far:
        home = RealHome(choice(far), lambda: TOKEN)
        await home.open(10)
        log = ActionLog(tmp_path / "rottie.db")
        yield There(far, home, Actions(home, Policy(), log))
        await home.close()
        log.close()


async def test_the_mirror_has_names_areas_floors_and_aliases(there: There) -> None:
    found = there.home.read()
    entities = {entity.id: entity for entity in found.entities}
    assert [(floor.id, floor.aliases) for floor in found.floors] == [("ground", ("downstairs",))]
    assert [(area.id, area.floor, area.aliases) for area in found.areas] == [
        ("kitchen", "ground", ("cook room",)),
        ("hall", "ground", ()),
    ]
    light = entities["light.ceiling"]
    assert (light.name, light.device, light.aliases, light.state) == ("Ceiling light", "d1", ("big lamp",), "off")
    assert [(device.name, device.area) for device in found.devices] == [("Kitchen bulb", "kitchen")]
    assert entities["todo.shopping"].attributes["items"] == ["Milk"]
    assert "lock.cellar" not in entities, "it is not exposed"
    assert "light.legacy" in entities, "nobody decided, and lights are exposed by default"
    assert entities["sensor.odd"].state == "not a number", "what is odd is shown as it is"
    assert "Ceiling light / big lamp: light @ Kitchen / cook room, Ground floor: off" in there.home.lines()
    assert there.home.status()["connected"] is True
    assert TOKEN not in str(there.home.status())


async def test_tiers_tools_and_areas_work_on_it(there: There) -> None:
    found = recognise("turn on the big lamp", there.home)
    assert found is not None
    assert [each.function.parsed() for each in found.calls] == [{"name": "Ceiling light"}]
    assert "HassLightSet" in {tool.function.name for tool in there.actions.tools()}
    result = await there.do("HassTurnOn", area="kitchen", domain="light")
    assert after(result.changes) == {"light.ceiling": "on"}
    assert there.far.calls[0]["target"] == {"entity_id": ["light.ceiling"]}


async def test_an_order_is_one_command_and_tells_what_really_changed(there: There) -> None:
    result = await there.do("HassLightSet", floor="downstairs", brightness=40)
    assert result.ok, result.text
    (sent,) = there.far.calls
    assert (sent["domain"], sent["service"], sent["service_data"]) == ("light", "turn_on", {"brightness_pct": 40})
    (change,) = result.changes
    assert change.before is not None
    assert change.after is not None
    assert (change.before.state, change.after.state, change.after.attributes["brightness"]) == ("off", "on", 102)
    assert "brightness 40%" in result.text


async def test_lists_and_timers_are_home_assistants_own(there: There) -> None:
    assert (await there.do("HassListAddItem", name="shopping list", item="Bread")).ok
    assert (await there.do("HassListCompleteItem", name="shopping list", item="milk")).ok
    assert there.far.calls[-1]["service_data"] == {"item": "Milk", "status": "completed"}
    entity = there.home.entity("todo.shopping")
    assert (entity.state, entity.attributes["items"], entity.attributes["completed"]) == ("1", ["Bread"], ["Milk"])
    assert (await there.do("HassStartTimer", name="tea", minutes=5)).ok
    assert there.home.entity("timer.tea").state == "active"
    assert there.far.calls[-1]["service_data"] == {"duration": 300.0}
    rung: list[Any] = []
    there.home.on_elapsed(rung.append)
    there.far.fire("timer.finished", {"entity_id": "timer.tea"})
    await until(lambda: bool(rung))
    assert after(rung[0]) == {"timer.tea": "idle"}


async def test_a_spoken_timer_is_kept_here(there: There) -> None:
    result = await there.do("HassStartTimer", minutes=5)
    assert (result.ok, there.far.calls) == (True, [])
    assert [entity.id for entity in there.home.timed()] == ["timer.spoken_1"]
    assert there.home.next_due() is not None


async def test_playing_searches_first(there: There) -> None:
    result = await there.do("HassMediaSearchAndPlay", search_query="jazz")
    assert result.ok, result.text
    assert [each["service"] for each in there.far.calls] == ["search_media", "play_media"]
    assert there.far.calls[-1]["service_data"] == {"media_content_id": "x:1", "media_content_type": "playlist"}
    there.far.media = []
    assert "found nothing" in (await there.do("HassMediaSearchAndPlay", search_query="nothing like it")).text


@pytest.mark.parametrize("name", ["front door", "garage", "welcome"])
async def test_what_lets_someone_in_waits_for_a_yes(there: There, name: str) -> None:
    tool = "HassTurnOff" if name == "front door" else "HassTurnOn"
    result = await there.do(tool, name=name)
    assert result.error is not None
    assert (result.error["code"], there.far.calls) == ("action.confirm", [])
    assert result.decision is not None
    assert (await there.actions.run(call(tool, {"name": name}), USER, None, result.decision.confirmation)).ok


async def test_a_guest_may_not_reach_a_hidden_lock_by_a_script(there: There) -> None:
    result = await there.do("HassTurnOn", GUEST, name="welcome")
    assert result.error is not None
    assert result.error["code"] == "action.denied"


async def test_a_failure_there_is_an_error_here(there: There) -> None:
    there.far.fail = ("home_assistant_error", "Device said no")
    result = await there.do("HassTurnOn", name="kettle")
    assert result.error is not None
    assert (result.error["code"], "Device said no" in result.text, result.changes) == ("action.home", True, ())
    there.far.fail = ("not_found", "Service switch.turn_on not found.")
    refused = (await there.do("HassTurnOn", name="kettle")).error
    assert refused is not None
    assert refused["code"] == "action.not_supported"
    assert [row.phase for row in there.actions.log.read()] == ["begun", "failed", "begun", "failed"]


async def test_states_that_arrive_late_are_awaited(there: There) -> None:
    there.far.late_s = 0.1
    assert after((await there.do("HassTurnOn", name="kettle")).changes) == {"switch.kettle": "on"}


async def test_what_shows_no_change_is_not_called_done(there: There) -> None:
    there.far.mute = True
    result = await there.do("HassTurnOn", name="kettle", key="k")
    assert result.error is not None
    assert (result.error["code"], "Kettle shows no change" in result.text) == ("action.not_seen", True)
    again = await there.do("HassTurnOn", name="kettle", key="k")
    assert (again.replayed, len(there.far.calls)) == (True, 1), "nothing is sent twice under one key"


async def test_a_slow_service_and_a_broken_connection_end_in_time(tmp_path: Path) -> None:
    async with running() as far:
        home = RealHome(choice(far, timeout_s=0.3), lambda: TOKEN)
        await home.open(10)
        there = There(far, home, Actions(home, Policy(), ActionLog(tmp_path / "rottie.db")))
        far.slow_s = 5
        assert "did not answer within 0.3 s" in (await there.do("HassTurnOn", name="kettle")).text
        far.slow_s, far.drop = 0, True
        assert "before an answer came" in (await there.do("HassTurnOn", name="kettle")).text
        far.drop = False
        await until(lambda: far.sign_ins >= 2 and home.status()["connected"])
        assert (await there.do("HassTurnOn", name="hall light")).ok
        await home.close()


async def test_while_it_is_away_states_are_marked_and_orders_refused(there: There) -> None:
    await there.far.stop()
    await until(lambda: not there.home.status()["connected"])
    told = await there.do("GetLiveContext", name="kettle")
    assert told.text.startswith("Home Assistant cannot be reached")
    assert "Kettle: switch: off" in told.text
    assert all(STALE in entity.attributes for entity in there.home.read().entities)
    refused = (await there.do("HassTurnOn", name="kettle")).error
    assert refused is not None
    assert refused["code"] == "action.unreachable"
    assert (await there.do("HassStartTimer", minutes=1)).ok, "a spoken timer needs nobody"
    await there.far.start()
    await until(lambda: there.home.status()["connected"])
    assert there.far.calls == [], "nothing was kept to be sent later"
    assert not any(STALE in entity.attributes for entity in there.home.read().entities)
    assert [entity.id for entity in there.home.timed()] == ["timer.spoken_1"], "it survives the reconnection"


async def test_a_wrong_token_is_told_and_a_new_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "REFUSED_S", 0.05)
    async with running() as far:
        tokens = ["wrong"]
        home = RealHome(choice(far), lambda: tokens[-1])
        await home.open(10)
        assert home.status()["error"] == link.REFUSED
        with pytest.raises(HomeDown):
            home.read()
        tokens.append(TOKEN)
        await until(lambda: home.status()["connected"])
        await home.close()


async def test_nothing_there_is_an_error_and_never_an_empty_home(tmp_path: Path) -> None:
    far = FakeHomeAssistant()
    far.port = 1
    home = RealHome(choice(far), lambda: TOKEN)
    await home.open(0.2)
    there = There(far, home, Actions(home, Policy(), ActionLog(tmp_path / "rottie.db")))
    refused = (await there.do("HassTurnOn", name="kettle")).error
    assert refused is not None
    assert refused["code"] == "action.unreachable"
    await home.close()


async def test_registries_that_change_are_read_again(there: There) -> None:
    there.far.states["light.flur"] = there.far.states.pop("light.hall") | {"entity_id": "light.flur"}
    for row in there.far.entries:
        if row["entity_id"] == "light.hall":
            row["entity_id"] = "light.flur"
    there.far.areas = [area for area in there.far.areas if area["area_id"] != "hall"]
    there.far.fire("entity_registry_updated", {"action": "update", "entity_id": "light.flur", "old_entity_id": "light.hall"})
    there.far.fire("area_registry_updated", {"action": "remove", "area_id": "hall"})
    await until(lambda: "light.flur" in {entity.id for entity in there.home.entities()})
    entities = {entity.id: entity for entity in there.home.entities()}
    assert "light.hall" not in entities
    assert (entities["light.flur"].area, entities["lock.front"].area) == (None, None)
    assert (await there.do("HassTurnOn", name="hall light")).ok


async def test_entities_come_and_go_and_change_their_names(there: There) -> None:
    there.far.set("switch.kettle", "on", friendly_name="Boiler")
    await until(lambda: there.home.entity("switch.kettle").name == "Boiler")
    there.far.entries.append({"entity_id": "switch.new", "options": {"conversation": {"should_expose": True}}})
    there.far.set("switch.new", "off", friendly_name="Fan heater")
    await until(lambda: "switch.new" in {entity.id for entity in there.home.entities()})
    there.far.set("switch.new", None)
    await until(lambda: "switch.new" not in {entity.id for entity in there.home.entities()})


async def test_without_an_administrators_token_only_what_was_decided_is_exposed() -> None:
    async with running() as far:
        far.admin = False
        home = RealHome(choice(far), lambda: TOKEN)
        await home.open(10)
        ids = {entity.id for entity in home.entities()}
        assert "light.ceiling" in ids
        assert "light.legacy" not in ids
        await home.close()


async def test_states_of_another_run_are_shown_until_newer_ones_come(there: There) -> None:
    kept = Inventory.model_validate(there.home.read().model_dump(mode="json"))
    there.far.set("switch.kettle", "on")
    later = RealHome(choice(there.far), lambda: TOKEN, kept)
    assert later.read().entities[0].attributes[STALE]
    await later.open(10)
    assert later.entity("switch.kettle").state == "on"
    await later.close()


async def test_its_states_are_not_set_by_hand(there: There) -> None:
    with pytest.raises(NotSupported):
        there.home.patch("switch.kettle", "on")
    with pytest.raises(NotSupported):
        there.home.replace(Inventory())


def test_any_answer_makes_a_home() -> None:
    strange: list[Any] = [None, 7, {}, {"entity_id": 5}, {"entity_id": "No.Id"}, {"entity_id": "light.x", "attributes": 3}]
    documents = Documents(states=strange, entries=strange, areas=[{"area_id": 1}, {"area_id": "a"}], expose_new=True)
    assert [entity.id for entity in seen(documents).inventory.entities] == ["light.x"]


@pytest.mark.parametrize(
    ("steps", "reached"),
    [
        ([{"action": "light.turn_on", "target": {"entity_id": "light.a"}}], {"light.a"}),
        ([{"action": "lock.unlock", "target": {"area_id": "hall"}}], {"lock.a", "cover.g"}),
        ([{"action": "lock.unlock", "target": {"entity_id": "{{ door }}"}}], {"lock.a", "cover.g"}),
        ([{"if": [{"condition": "template", "value_template": "{{ true }}"}], "then": []}], set()),
        ({"use_blueprint": {"path": "x.yaml"}}, {"lock.a", "cover.g"}),
        ([{"action": "script.other"}], {"lock.a", "cover.g", "script.other"}),
        ([{"scene": "scene.night"}], {"scene.night", "light.a"}),
        (None, {"lock.a", "cover.g"}),
    ],
)
def test_what_a_script_reaches(steps: Any, reached: set[str]) -> None:
    raw = [
        *(state(each, "off") for each in ("light.a", "lock.a", "script.s", "script.other", "cover.blind")),
        state("cover.g", "closed", device_class="garage"),
        state("scene.night", "unknown", entity_id=["light.a"]),
    ]
    everything = seen(Documents(states=raw)).everything
    assert Reach(everything, {"script.s": steps}).of("script.s", "turn_on") == reached


@pytest.mark.parametrize("url", ["homeassistant.local", "ftp://x", "http://a:b@x", "http://x?token=1"])
def test_an_address_is_plain(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        HomeChoice(kind="home_assistant", url=url, token=Token(env="X"))
