"""Questions before a call that waits for a yes: what would be done, in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.action import Actor, ServiceCall
from schemas.conversation import call
from schemas.inventory import Entity
from schemas.loading import load_inventory
from serve.actions.home import SimulatedHome
from serve.actions.planning import Plan
from serve.actions.questioning import FINAL, question
from serve.actions.tools import plan

ACTOR = Actor(id="test")


def asked(tool: str, language: str = "en", final: bool = False, **arguments: Any) -> str:
    home = SimulatedHome(load_inventory("home"))
    started = plan(call("HassStartTimer", {"minutes": 10, "name": "pizza"}), home, ACTOR)
    home.apply(*started.calls, new=started.new)
    made = plan(call(tool, arguments), home, ACTOR)
    return question(made, {entity.id: entity for entity in home.entities()}, tool, language, final=final)


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("HassTurnOn", {"name": "hall lamp"}, "Shall I turn on the hall lamp?"),
        ("HassTurnOff", {"domain": "light"}, "Shall I turn off the hall lamp, the reading lamp and the desk light?"),
        ("HassTurnOn", {"name": "front door"}, "Shall I lock the front door?"),
        ("HassTurnOff", {"name": "east blind"}, "Shall I close the east blind?"),
        ("HassLightSet", {"name": "hall lamp", "brightness": 40}, "Shall I set the hall lamp to 40%?"),
        ("HassSetPosition", {"name": "east blind", "position": 30}, "Shall I open the east blind to 30%?"),
        ("HassClimateSetTemperature", {"temperature": 21}, "Shall I set the main thermostat to 21 degrees?"),
        ("HassListAddItem", {"item": "milk", "name": "groceries"}, "Shall I put milk on the groceries list?"),
        ("HassListCompleteItem", {"item": "oats", "name": "groceries"}, "Shall I tick oats off on the groceries list?"),
        ("HassStartTimer", {"minutes": 5}, "Shall I start a timer for 5 minutes?"),
        ("HassIncreaseTimer", {"minutes": 5}, "Shall I add 5 minutes to the pizza timer?"),
        ("HassDecreaseTimer", {"minutes": 5}, "Shall I take 5 minutes off the pizza timer?"),
        ("HassCancelTimer", {}, "Shall I cancel the pizza timer?"),
        ("HassVacuumStart", {}, "Shall I let biscuit clean?"),
        ("HassVacuumCleanArea", {"area": "kitchen"}, "Shall I let biscuit clean the kitchen?"),
        ("HassSetVolume", {"volume_level": 30}, "Shall I set the volume of the old radio to 30%?"),
        ("HassMediaPlayerMute", {}, "Shall I mute the old radio?"),
        ("HassMediaSearchAndPlay", {"search_query": "{jazz}"}, "Shall I play {jazz} on the old radio?"),
    ],
)
def test_the_question_names_what_would_be_done(tool: str, arguments: dict[str, Any], expected: str) -> None:
    assert asked(tool, **arguments) == expected


def test_what_cannot_be_taken_back_is_said_to_be_so() -> None:
    expected = "This cannot be taken back. Shall I really unlock the front door?"
    assert asked("HassTurnOff", final=True, name="front door") == expected


def test_other_languages_and_tools_are_named() -> None:
    assert asked("HassTurnOn", "de", name="hall lamp") == "Shall I really do it? (HassTurnOn)"
    assert question(None, {}, "time__set_clock", "en", arguments={"to": 5}) == "Shall I set clock (to: 5)?"
    assert question(None, {}, "CancelReminder", "en", final=True) == f"{FINAL} Shall I really cancel reminder?"


def test_many_things_are_counted_and_an_unheard_of_service_is_named_as_it_is() -> None:
    things = {f"siren.s{n}": Entity(id=f"siren.s{n}", name=f"siren {n}", state="off") for n in range(9)}
    calls = tuple(ServiceCall(service="wail_on", entity_id=name) for name in things)
    expected = ", ".join(f"the siren {n}" for n in range(6))
    assert question(Plan(calls), things, "Wail", "en") == f"Shall I wail on {expected} and 3 more?"
