"""More and less: how far a step leads from where things are, and where it leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conversation import call
from schemas.errors import ActionError
from schemas.home_lines import to_percent
from serve.actions.home import SimulatedHome
from serve.actions.tools import plan
from tests.serve.actions.conftest import USER


def act(home: SimulatedHome, tool: str, **arguments: Any) -> SimulatedHome:
    home.apply(*plan(call(tool, arguments), home, USER).calls)
    return home


def value(home: SimulatedHome, entity_id: str, attribute: str) -> float | None:
    found = home.entity(entity_id).attributes.get(attribute)
    return to_percent(found) if attribute == "brightness" and found is not None else found


@pytest.mark.parametrize(
    ("tool", "arguments", "entity_id", "attribute", "expected"),
    [
        ("HassLightSet", {"name": "counter lamp", "brightness_step": 20}, "light.counter", "brightness", 70),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": -20}, "light.counter", "brightness", 30),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": -90}, "light.counter", "brightness", 1),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": 90}, "light.counter", "brightness", 100),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": "+10%"}, "light.counter", "brightness", 60),
        ("HassLightSet", {"name": "mirror", "brightness_step": 30}, "light.mirror", "brightness", 30),
        ("HassLightSet", {"area": "kitchen", "brightness_step": -10}, "light.counter", "brightness", 40),
        ("HassFanSetSpeed", {"name": "hood", "percentage_step": 25}, "fan.hood", "percentage", 65),
        ("HassFanSetSpeed", {"name": "hood", "percentage_step": -100}, "fan.hood", "percentage", 1),
        ("HassSetPosition", {"name": "left blind", "position_step": -30}, "cover.left", "current_position", 70),
        ("HassSetPosition", {"name": "right blind", "position_step": -30}, "cover.right", "current_position", 0),
        ("HassSetPosition", {"name": "right blind", "position_step": 30}, "cover.right", "current_position", 30),
        ("HassClimateSetTemperature", {"temperature_step": 0.5}, "climate.bedroom", "temperature", 19.5),
        ("HassClimateSetTemperature", {"temperature_step": -50}, "climate.bedroom", "temperature", 5),
        ("HassSetVolumeRelative", {"name": "radio", "volume_step": 15}, "media_player.radio", "volume_level", 0.55),
    ],
)
def test_steps_lead_from_where_things_are(
    home: SimulatedHome, tool: str, arguments: dict[str, Any], entity_id: str, attribute: str, expected: float
) -> None:
    assert value(act(home, tool, **arguments), entity_id, attribute) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("HassLightSet", {"name": "mirror", "brightness_step": -10}, "action.wrong_state"),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": 0}, "action.bad_argument"),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": 101}, "action.bad_argument"),
        ("HassLightSet", {"name": "counter lamp", "brightness_step": 10, "brightness": 50}, "action.bad_argument"),
        ("HassLightSet", {"name": "pantry bulb", "brightness_step": 10}, "action.not_supported"),
        ("HassFanSetSpeed", {"name": "heater", "percentage_step": -10}, "action.wrong_state"),
        ("HassFanSetSpeed", {"name": "hood"}, "action.bad_argument"),
        ("HassSetPosition", {"name": "left blind"}, "action.bad_argument"),
        ("HassSetPosition", {"name": "left blind", "position": 5, "position_step": 5}, "action.bad_argument"),
        ("HassClimateSetTemperature", {}, "action.bad_argument"),
        ("HassClimateSetTemperature", {"temperature_step": float("nan")}, "action.bad_argument"),
    ],
)
def test_steps_that_lead_nowhere_change_nothing(home: SimulatedHome, tool: str, arguments: dict[str, Any], code: str) -> None:
    before = home.content_hash()
    with pytest.raises(ActionError) as caught:
        act(home, tool, **arguments)
    assert caught.value.code == code
    assert home.content_hash() == before
