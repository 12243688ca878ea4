"""What a person is told of the home, against what the model reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.action import ActionResult, Actor
from schemas.conversation import call
from schemas.errors import UnknownEntity, UnknownTool
from schemas.inventory import Entity
from schemas.loading import load_inventory
from serve.actions.home import SimulatedHome
from serve.actions.speaking import LONGEST, NOT_HERE, outcome, sentences, told_of
from serve.actions.tools import plan

NOW = datetime(2026, 3, 4, 17, 5, tzinfo=UTC)


def one(entity_id: str, name: str, state: str, /, **attributes: Any) -> Entity:
    return Entity(id=entity_id, name=name, state=state, attributes=attributes)


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        (one("light.a", "hall lamp", "on", brightness=102), "The hall lamp is on at 40%."),
        (one("light.a", "hall lamp", "off", brightness=0), "The hall lamp is off."),
        (one("light.a", "fairy lights", "off"), "The fairy lights are off."),
        (one("light.a", "sofa glass", "off"), "The sofa glass is off."),
        (one("light.a", "my lamp", "unavailable"), "My lamp does not answer."),
        (one("switch.a", "anna's plug", "unknown"), "The state of anna's plug is not known."),
        (one("fan.a", "fan", "on", percentage=30), "The fan is on at 30%."),
        (one("cover.a", "blind", "open", current_position=100), "The blind is open."),
        (one("cover.a", "blind", "open", current_position=30), "The blind is open to 30%."),
        (one("lock.a", "front door", "locked"), "The front door is locked."),
        (
            one("climate.a", "heater", "heat", temperature=21.0, current_temperature=19.5),
            "The heater is on heat, set to 21 degrees, now 19.5.",
        ),
        (one("media_player.a", "radio", "playing", media_title="Blue", volume_level=0.2), "The radio is playing Blue at 20%."),
        (one("vacuum.a", "biscuit", "docked", battery_level=100), "Biscuit is docked."),
        (one("todo.a", "groceries", "2", items=["milk", "eggs"]), "On the groceries list: milk and eggs."),
        (one("todo.a", "shopping list", "0", items=[]), "There is nothing on the shopping list."),
        (one("todo.a", "chores", "1", items=[]), "There is 1 thing on the chores list."),
        (one("sensor.a", "attic", "21.5", unit_of_measurement="°C"), "The attic is 21.5 °C."),
        (one("binary_sensor.a", "window", "on", device_class="window"), "The window is open."),
        (one("person.a", "anna", "not_home"), "Anna is away."),
        (one("weather.a", "forecast", "partlycloudy", temperature=8), "The forecast is partly cloudy, 8 degrees."),
        (one("scene.a", "evening", "unknown"), "Done."),
    ],
)
def test_one_thing_is_one_sentence(entity: Entity, said: str) -> None:
    assert sentences([entity], {}, NOW) == said


def test_many_things_are_told_by_their_states() -> None:
    lamps = [Entity(id=f"light.{n}", name=f"lamp {n}", area="k", state="off") for n in range(9)]
    strip = Entity(id="light.s", name="strip", area="k", state="on", attributes={"brightness": 255})
    said = sentences([*lamps, strip], {"k": "kitchen"}, NOW)
    assert said == "On in the kitchen: strip at 100%. Off: lamp 0, lamp 1, lamp 2, lamp 3, lamp 4, lamp 5 and 3 more."


def test_the_model_reads_lines_and_a_person_hears_sentences() -> None:
    home = SimulatedHome(load_inventory("home"), lambda: NOW)
    heard = []
    for name, arguments in (
        ("HassStartTimer", {"minutes": 5}),
        ("GetLiveContext", {"name": "hall lamp"}),
        ("GetDateTime", {}),
        ("HassCancelAllTimers", {}),
    ):
        made = plan(call(name, arguments), home, Actor(id="a"))
        home.apply(*made.calls, new=made.new)
        there = {entity.id: entity for entity in home.entities()}
        heard.append((made.say(home), outcome(made, there, {}, NOW, "en-GB")))
        assert outcome(made, there, {}, NOW, "de") is None, "there are no sentences of ours in other languages"
    assert heard[0][1] == "The 5 minutes timer has 5 minutes left."
    assert heard[1] == ("hall lamp: light @ hall: off", "The hall lamp is off.")
    assert (heard[2][1] or "").startswith("It is Wednesday, 4 March 2026, ")
    assert heard[3] == ("Cancelled 1 timers.", None)


def test_results_of_every_kind_are_told() -> None:
    def result(text: str, **more: Any) -> ActionResult:
        return ActionResult(action_id="1", tool="T", text=text, **more)

    assert told_of(result("Done. a: on\nb: off")) == "a: on; b: off."
    assert told_of(result("Done. a: on", spoken="The a is on.")) == "The a is on."
    assert told_of(result("Error: x.", error=UnknownTool("there is none").as_dict())) == NOT_HERE
    assert told_of(result("Error: x.", error=UnknownEntity("nothing is called 'x'").as_dict())) == "Sorry, nothing is called 'x'."
    assert told_of(result("word " * 1000)).endswith(" …")
    assert len(told_of(result("word " * 1000))) < LONGEST + 3
    assert sentences([], {}, NOW) == "Done."
