"""Tool calls to what they change: golden comparisons over the house."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.action import Actor
from schemas.conversation import call
from schemas.errors import ActionError
from schemas.loading import load_inventory
from schemas.prompt import signature
from serve.actions.home import SimulatedHome
from serve.actions.tools import TOOLS, offered, plan
from tests.serve.actions.conftest import USER, Clock, after

NOON = "2026-03-01T12:00:00+00:00"


def act(home: SimulatedHome, tool: str, actor: Actor = USER, /, **arguments: Any) -> dict[str, str]:
    made = plan(call(tool, arguments), home, actor)
    return after(home.apply(*made.calls, new=made.new))


@pytest.mark.parametrize(
    ("tool", "arguments", "changes"),
    [
        ("HassTurnOn", {"name": "night light"}, {"light.night": "on"}),
        ("HassTurnOn", {"name": "night light", "area": "", "domain": None}, {"light.night": "on"}),
        ("HassTurnOn", {"name": "heater", "domain": "fan"}, {"fan.heater": "on"}),
        ("HassTurnOn", {"name": "heater", "domain": ["switch"]}, {"switch.heater": "on"}),
        ("HassTurnOff", {"area": "Kitchen"}, {"light.counter": "off", "fan.hood": "off", "media_player.radio": "off"}),
        ("HassTurnOff", {"floor": "ground floor", "domain": "light"}, {"light.counter": "off"}),
        ("HassTurnOff", {"name": "back door"}, {"lock.back": "unlocked"}),
        ("HassTurnOn", {"name": "garage door"}, {"cover.garage": "open"}),
        ("HassTurnOff", {"area": "bedroom", "domain": "cover", "device_class": "blind"}, {"cover.left": "closed"}),
        (
            "HassTurnOn",
            {"name": "evening"},
            {"scene.evening": NOON, "light.night": "on", "cover.left": "closed"},
        ),
        ("HassTurnOn", {"name": "bell"}, {"button.bell": NOON}),
        ("HassLightSet", {"name": "counter lamp", "brightness": 10}, {"light.counter": "on"}),
        ("HassLightSet", {"area": "kitchen", "brightness": 10}, {"light.counter": "on"}),
        ("HassLightSet", {"name": "counter lamp", "color": "teal"}, {"light.counter": "on"}),
        ("HassSetPosition", {"name": "right blind", "position": 40}, {"cover.right": "open"}),
        ("HassSetPosition", {"area": "bedroom", "device_class": "blind", "position": 0}, {"cover.left": "closed"}),
        ("HassClimateSetTemperature", {"temperature": 21}, {"climate.bedroom": "heat"}),
        ("HassFanSetSpeed", {"area": "kitchen", "percentage": 0}, {"fan.hood": "off"}),
        ("HassMediaPause", {}, {"media_player.radio": "paused"}),
        ("HassMediaNext", {"name": "radio"}, {"media_player.radio": "playing"}),
        ("HassSetVolume", {"area": "kitchen", "volume_level": 70}, {"media_player.radio": "playing"}),
        ("HassSetVolumeRelative", {"volume_step": "down"}, {"media_player.radio": "playing"}),
        ("HassSetVolumeRelative", {"volume_step": "-15%"}, {"media_player.radio": "playing"}),
        ("HassMediaSearchAndPlay", {"name": "television", "search_query": "news"}, {"media_player.tv": "playing"}),
        ("HassVacuumStart", {"name": "rolf"}, {"vacuum.rolf": "cleaning"}),
        ("HassVacuumCleanArea", {"area": "bath"}, {"vacuum.rolf": "cleaning"}),
        ("HassVacuumReturnToBase", {"name": "Rolf"}, {}),
        ("HassListAddItem", {"item": "dust", "name": "chores list"}, {"todo.chores": "8"}),
        ("HassListCompleteItem", {"item": "rice", "name": "shopping list"}, {"todo.shopping_list": "1"}),
        ("HassShoppingListAddItem", {"item": "tea"}, {"todo.shopping_list": "3"}),
        ("HassStartTimer", {"minutes": 5}, {"timer.spoken_1": "active"}),
        ("HassStartTimer", {"minutes": 5, "name": "laundry"}, {"timer.laundry": "active"}),
        ("GetLiveContext", {}, {}),
        ("GetDateTime", {}, {}),
    ],
)
def test_changes(home: SimulatedHome, tool: str, arguments: dict[str, Any], changes: dict[str, str]) -> None:
    assert act(home, tool, **arguments) == changes


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("HassExplode", {}, "action.unknown_tool"),
        ("HassTurnOn", {}, "action.bad_argument"),
        ("HassTurnOn", {"name": "all"}, "action.bad_argument"),
        ("HassTurnOn", {"name": 5}, "action.bad_argument"),
        ("HassTurnOn", {"name": "x" * 300}, "action.bad_argument"),
        ("HassTurnOn", {"name": "\ud800"}, "action.bad_argument"),
        ("HassTurnOn", {"nam": "night light"}, "action.bad_argument"),
        ("HassTurnOn", {"name": "bath temperature"}, "action.no_match"),
        ("HassTurnOff", {"name": "evening"}, "action.not_supported"),
        ("HassTurnOff", {"name": "bell"}, "action.not_supported"),
        ("HassLightSet", {"name": "counter lamp"}, "action.bad_argument"),
        ("HassLightSet", {"name": "pantry bulb", "brightness": 5}, "action.not_supported"),
        ("HassLightSet", {"name": "counter lamp", "brightness": 101}, "action.bad_argument"),
        ("HassLightSet", {"name": "counter lamp", "brightness": True}, "action.bad_argument"),
        ("HassLightSet", {"brightness": 5}, "action.bad_argument"),
        ("HassSetPosition", {"position": 5}, "action.bad_argument"),
        ("HassClimateSetTemperature", {"name": "radiator", "temperature": 60}, "action.bad_argument"),
        ("HassMediaPause", {"name": "television"}, "action.wrong_state"),
        ("HassListCompleteItem", {"item": "gold", "name": "chores"}, "action.bad_argument"),
        ("HassStartTimer", {}, "action.bad_argument"),
        ("HassCancelTimer", {}, "action.unknown_entity"),
        ("HassSetVolumeRelative", {"volume_step": "sideways"}, "action.bad_argument"),
        ("HassTurnOn", {"area": "kitchen", "name": "lost lamp"}, "action.no_match"),
        ("HassTurnOn", {"name": "lost lamp"}, "action.unavailable"),
    ],
)
def test_refusals_change_nothing(home: SimulatedHome, tool: str, arguments: dict[str, Any], code: str) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError) as caught:
        act(home, tool, **arguments)
    assert caught.value.code == code
    assert home.content_hash() == before


def test_everything_in_an_area_never_opens_or_unlocks(home: SimulatedHome) -> None:
    for tool in ("HassTurnOn", "HassTurnOff"):
        changed = act(home, tool, area="kitchen") | act(home, tool, floor="ground")
        assert {name.partition(".")[0] for name in changed} <= {"light", "switch", "fan", "media_player", "climate"}


def test_timers_from_start_to_end(home: SimulatedHome, clock: Clock) -> None:
    cook = Actor(id="cook", area="kitchen")
    act(home, "HassStartTimer", cook, minutes=10, name="pasta")
    act(home, "HassStartTimer", minutes=5)
    with pytest.raises(ActionError, match="2 timers are meant"):
        act(home, "HassPauseTimer")
    assert act(home, "HassPauseTimer", cook) == {"timer.spoken_1": "paused"}
    assert act(home, "HassUnpauseTimer", name="Pasta") == {"timer.spoken_1": "active"}
    assert act(home, "HassIncreaseTimer", start_minutes=5, seconds=30) == {"timer.spoken_2": "active"}
    status = plan(call("HassTimerStatus", {}), home, USER)
    assert status.text == "pasta: active, 10 minutes left\n5 minutes timer: active, 5 minutes 30 seconds left"
    clock.forward(331)
    assert after(home.elapse()) == {"timer.spoken_2": "gone"}
    assert act(home, "HassCancelTimer") == {"timer.spoken_1": "gone"}
    assert not [line for line in home.lines() if "pasta" in line]


def test_live_context_tells_what_matters(home: SimulatedHome) -> None:
    text = plan(call("GetLiveContext", {"area": "kitchen"}), home, USER).text or ""
    assert "Counter lamp: light @ Kitchen: on, brightness 50%" in text
    assert "Radiator" not in text


def test_declarations_render_in_the_prompt(home: SimulatedHome) -> None:
    shown = [signature(tool) for tool in offered(home)]
    assert "HassLightSet(name,area,floor,brightness:integer,brightness_step:integer,color,temperature:integer)" in shown
    assert not [line for line in shown if "[" in line]
    assert {tool.function.name for tool in offered(home)} == {name for name, tool in TOOLS.items() if not tool.hidden}


def test_tools_without_anything_to_act_on_are_not_offered() -> None:
    empty = SimulatedHome(load_inventory("home").model_copy(update={"entities": ()}))
    names = {tool.function.name for tool in offered(empty)}
    assert "GetLiveContext" in names
    assert "HassTurnOn" not in names
