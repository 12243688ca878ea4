"""What each domain's services do to an entity, as Home Assistant's do."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.action import ServiceCall
from schemas.errors import ActionError
from schemas.home_lines import from_percent, to_percent
from schemas.inventory import Entity, Inventory
from serve.actions.home import SimulatedHome


def do(home: SimulatedHome, entity_id: str, service: str, **data: Any) -> tuple[str, dict[str, Any]]:
    home.apply(ServiceCall(service=service, entity_id=entity_id, data=data))
    entity = home.entity(entity_id)
    return entity.state, dict(entity.attributes)


@pytest.mark.parametrize(
    ("entity_id", "service", "data", "state", "attributes"),
    [
        ("light.counter", "turn_on", {"brightness_pct": 50}, "on", {"brightness": 128}),
        ("light.counter", "turn_on", {"brightness": 1}, "on", {"brightness": 1}),
        ("light.counter", "turn_on", {"brightness_pct": 0}, "off", {"brightness": 0}),
        ("light.counter", "turn_on", {"brightness_step_pct": 20}, "on", {"brightness": 178}),
        ("light.counter", "turn_on", {"color_name": "Dark Red"}, "on", {"rgb_color": [139, 0, 0], "color_mode": "rgb"}),
        ("light.counter", "turn_on", {"color_temp_kelvin": 9000}, "on", {"color_temp_kelvin": 6500, "rgb_color": None}),
        ("light.counter", "toggle", {}, "off", {"brightness": 0}),
        ("light.mirror", "turn_on", {}, "on", {"brightness": 255}),
        ("light.night", "turn_on", {}, "on", {}),
        ("switch.kettle", "toggle", {}, "on", {}),
        ("input_boolean.away", "turn_on", {}, "on", {}),
        ("fan.hood", "set_percentage", {"percentage": 0}, "off", {"percentage": 0}),
        ("fan.hood", "increase_speed", {"percentage_step": 70}, "on", {"percentage": 100}),
        ("fan.hood", "turn_off", {}, "off", {"percentage": 0}),
        ("cover.left", "close_cover", {}, "closed", {"current_position": 0}),
        ("cover.right", "set_cover_position", {"position": 30}, "open", {"current_position": 30}),
        ("valve.water", "close_valve", {}, "closed", {}),
        ("lock.back", "unlock", {}, "unlocked", {}),
        ("climate.bedroom", "set_temperature", {"temperature": 15}, "heat", {"temperature": 15.0, "hvac_action": "idle"}),
        ("climate.bedroom", "turn_off", {}, "off", {"hvac_action": "off"}),
        ("climate.bedroom", "set_temperature", {"temperature": 20, "hvac_mode": "off"}, "off", {"temperature": 20.0}),
        ("media_player.radio", "media_next_track", {}, "playing", {"media_track": 2, "media_title": "Noon"}),
        ("media_player.radio", "media_previous_track", {}, "playing", {"media_track": 1, "media_title": "Dawn"}),
        ("media_player.radio", "volume_set", {"volume_level": 0.25}, "playing", {"volume_level": 0.25}),
        ("media_player.radio", "volume_up", {}, "playing", {"volume_level": 0.5}),
        ("media_player.radio", "media_pause", {}, "paused", {}),
        ("media_player.radio", "play_media", {"media_content_id": "Bach"}, "playing", {"media_title": "Bach"}),
        ("media_player.tv", "turn_on", {}, "idle", {}),
        ("vacuum.rolf", "start", {}, "cleaning", {}),
        ("vacuum.rolf", "return_to_base", {}, "docked", {}),
        ("todo.shopping_list", "add_item", {"item": " brown   bread "}, "3", {"items": ["rice", "salt", "brown bread"]}),
        ("todo.shopping_list", "update_item", {"item": "RICE", "status": "completed"}, "1", {"completed": ["jam", "rice"]}),
        ("todo.shopping_list", "update_item", {"item": "jam", "status": "needs_action"}, "3", {"completed": []}),
        ("todo.shopping_list", "remove_item", {"item": "salt"}, "1", {"items": ["rice"]}),
        ("todo.chores", "add_item", {"item": "sweep"}, "8", {"items": ["sweep"]}),
        ("timer.laundry", "start", {}, "active", {"remaining": "1:00:00", "finishes_at": "2026-03-01T13:00:00+00:00"}),
        ("timer.laundry", "start", {"duration": 90}, "active", {"duration": "0:01:30"}),
        ("button.bell", "press", {}, "2026-03-01T12:00:00+00:00", {}),
    ],
)
def test_services(
    home: SimulatedHome, entity_id: str, service: str, data: dict[str, Any], state: str, attributes: dict[str, Any]
) -> None:
    now, has = do(home, entity_id, service, **data)
    assert now == state
    assert {key: has.get(key) for key in attributes} == attributes


@pytest.mark.parametrize(
    ("entity_id", "service", "data", "code"),
    [
        ("light.counter", "turn_on", {"brightness": 256}, "action.bad_argument"),
        ("light.counter", "turn_on", {"brightness": True}, "action.bad_argument"),
        ("light.counter", "turn_on", {"brightness": "50"}, "action.bad_argument"),
        ("light.counter", "turn_on", {"brightness_pct": float("nan")}, "action.bad_argument"),
        ("light.counter", "turn_on", {"color_name": "plaid"}, "action.bad_argument"),
        ("light.counter", "turn_on", {"sparkle": 1}, "action.bad_argument"),
        ("light.pantry", "turn_on", {"brightness_pct": 10}, "action.not_supported"),
        ("light.night", "turn_on", {"color_name": "red"}, "action.not_supported"),
        ("light.lost", "turn_on", {}, "action.unavailable"),
        ("light.gone", "turn_on", {}, "action.unknown_entity"),
        ("light.counter", "explode", {}, "action.not_supported"),
        ("camera.yard", "turn_on", {}, "action.not_supported"),
        ("sensor.bath", "turn_on", {}, "action.not_supported"),
        ("lock.safe", "unlock", {}, "action.not_supported"),
        ("cover.left", "set_cover_position", {}, "action.bad_argument"),
        ("cover.left", "set_cover_position", {"position": 2.5}, "action.bad_argument"),
        ("climate.bedroom", "set_temperature", {"temperature": 29}, "action.bad_argument"),
        ("climate.bedroom", "set_hvac_mode", {"hvac_mode": "cool"}, "action.bad_argument"),
        ("climate.bedroom", "set_temperature", {}, "action.bad_argument"),
        ("media_player.tv", "media_pause", {}, "action.wrong_state"),
        ("media_player.tv", "media_next_track", {}, "action.wrong_state"),
        ("todo.chores", "remove_item", {"item": "sweep"}, "action.bad_argument"),
        ("timer.laundry", "pause", {}, "action.wrong_state"),
        ("timer.laundry", "start", {"duration": "forever"}, "action.bad_argument"),
    ],
)
def test_refusals_change_nothing(home: SimulatedHome, entity_id: str, service: str, data: dict[str, Any], code: str) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError) as caught:
        home.apply(ServiceCall(service=service, entity_id=entity_id, data=data))
    assert caught.value.code == code
    assert caught.value.where
    assert home.content_hash() == before


def test_features_are_respected() -> None:
    shade = Entity(id="cover.a", name="a", state="closed", attributes={"supported_features": 3})
    home = SimulatedHome(Inventory(entities=(shade,)))
    assert do(home, "cover.a", "open_cover")[0] == "open"
    with pytest.raises(ActionError, match="position"):
        do(home, "cover.a", "set_cover_position", position=50)


def test_percent_and_brightness_are_inverse_for_every_percent() -> None:
    assert [to_percent(from_percent(percent)) for percent in range(101)] == list(range(101))


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes"),
    [
        ("light.counter", "purple", {}),
        ("light.counter", None, {"brightness": 300}),
        ("cover.left", None, {"current_position": -1}),
        ("climate.bedroom", "cool", {}),
        ("climate.bedroom", None, {"temperature": 99}),
        ("sensor.bath", "warm", {}),
        ("weather.home", "lovely", {}),
        ("todo.chores", "many", {}),
        ("todo.chores", None, {"items": [1, 2]}),
        ("timer.laundry", None, {"duration": "1 year"}),
        ("scene.evening", None, {"states": ["light.night"]}),
        ("script.leave", None, {"sequence": [{"service": "light"}]}),
        ("person.ada", "x" * 300, {}),
    ],
)
def test_states_that_a_domain_does_not_have_are_refused(
    home: SimulatedHome, entity_id: str, state: str | None, attributes: dict[str, Any]
) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError) as caught:
        home.patch(entity_id, state, attributes)
    assert caught.value.code == "action.invalid_state"
    assert home.content_hash() == before
