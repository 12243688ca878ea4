"""Tier one: what is recognised, what is left to the model, what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.action import Actor
from schemas.inventory import Area, Entity, Inventory
from serve.actions.home import SimulatedHome
from serve.actions.intents import Recognised, recognise, supported
from serve.actions.performing import Actions
from serve.actions.replies import reply
from tests.serve.actions.conftest import ADMIN, after

WORDS = ["turn", "on", "off", "the", "set", "to", "40", "%", "timer", "lamp", "in", "rollo", "wohnzimmer", "and", "add", "list"]

_THREE = ("Night light", "Kettle", "Radio")


def heard(text: str, home: SimulatedHome, language: str = "en", actor: Actor | None = None) -> tuple[str, dict[str, Any]] | None:
    found = recognise(text, home, language, actor)
    return (found.calls[0].function.name, found.calls[0].function.parsed()) if found else None


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("turn on the counter lamp", "HassTurnOn", {"name": "Counter lamp"}),
        ("Please turn the KETTLE on.", "HassTurnOn", {"name": "Kettle"}),
        ("switch off the moon", "HassTurnOff", {"name": "Night light"}),
        ("turn off the lights in the galley", "HassTurnOff", {"area": "Kitchen", "domain": "light"}),
        ("turn on the upstairs lights", "HassTurnOn", {"floor": "Upper floor", "domain": "light"}),
        ("turn off all the lights", "HassTurnOff", {"domain": "light"}),
        ("turn off everything in the kitchen", "HassTurnOff", {"area": "Kitchen"}),
        ("set the counter lamp to 40%", "HassLightSet", {"name": "Counter lamp", "brightness": 40}),
        ("dim the counter lamp to 5 percent", "HassLightSet", {"name": "Counter lamp", "brightness": 5}),
        ("set the counter lamp to red", "HassLightSet", {"name": "Counter lamp", "color": "red"}),
        ("close the left blind", "HassTurnOff", {"name": "Left blind"}),
        ("open the blinds in the bedroom", "HassTurnOn", {"area": "Bedroom", "device_class": "blind", "domain": "cover"}),
        ("set the right blind to 30 percent", "HassSetPosition", {"name": "Right blind", "position": 30}),
        ("lock the back door", "HassTurnOn", {"name": "Back door"}),
        ("set the radiator to 21.5 degrees", "HassClimateSetTemperature", {"name": "Radiator", "temperature": 21.5}),
        ("pause the radio", "HassMediaPause", {"name": "Radio"}),
        ("start rolf", "HassVacuumStart", {"name": "Rolf"}),
        ("add two lemons to the shopping list", "HassListAddItem", {"item": "two lemons", "name": "Shopping list"}),
        ("put tea on my list", "HassShoppingListAddItem", {"item": "tea"}),
        ("add dusting to my chores list", "HassListAddItem", {"item": "dusting", "name": "Chores"}),
        ("set a timer for 1 hour and 15 minutes", "HassStartTimer", {"hours": 1, "minutes": 15}),
        ("is the back door locked", "HassGetState", {"name": "Back door", "state": "locked", "domain": "lock"}),
        ("which lights are on?", "HassGetState", {"domain": "light", "state": "on"}),
        ("where is Ada", "HassGetState", {"name": "Ada", "domain": "person"}),
        ("what's the weather like", "HassGetWeather", {}),
        ("what time is it", "HassGetCurrentTime", {}),
        ("press the bell", "HassTurnOn", {"name": "Bell"}),
        ("activate the evening scene", "HassTurnOn", {"name": "Evening"}),
    ],
)
def test_english(home: SimulatedHome, text: str, tool: str, arguments: dict[str, Any]) -> None:
    assert heard(text, home) == (tool, arguments)


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("switch off the telly in the bedroom", "HassTurnOff", {"name": "Television"}),
        ("unlock the lock in the kitchen", "HassTurnOff", {"name": "Back door"}),
        ("turn on the conter lamp", "HassTurnOn", {"name": "Counter lamp"}),
        ("turn on the pantry", "HassTurnOn", {"name": "Pantry bulb"}),
    ],
)
def test_things_that_are_not_called_by_their_names(home: SimulatedHome, text: str, tool: str, arguments: dict[str, Any]) -> None:
    assert heard(text, home) == (tool, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "switch off the telly in the bath",
        "switch off the telly in the cellar",
        "turn on the lamp in the garage",
        "turn on the pantry door",
    ],
)
def test_a_thing_that_is_somewhere_else_is_not_taken_for_the_one_meant(home: SimulatedHome, text: str) -> None:
    assert recognise(text, home) is None


@pytest.fixture(scope="module")
def wohnung() -> SimulatedHome:
    return SimulatedHome(
        Inventory(
            areas=(Area(id="wz", name="Wohnzimmer"), Area(id="bad", name="Bad")),
            entities=(
                Entity(id="light.steh", name="Stehlampe", area="wz", state="off"),
                Entity(id="light.spiegel", name="Spiegellicht", area="bad", state="on"),
                Entity(id="cover.rollo", name="Rollo", area="wz", state="open", attributes={"current_position": 100}),
                Entity(id="lock.tuer", name="Haustür", state="locked"),
                Entity(id="todo.einkauf", name="Einkaufsliste", state="0", attributes={"items": []}),
                Entity(id="climate.heizung", name="Heizung", area="bad", state="heat", attributes={"temperature": 20}),
            ),
        )
    )


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("schalte die Stehlampe ein", "HassTurnOn", {"name": "Stehlampe"}),
        ("Mach das Licht im Wohnzimmer an", "HassTurnOn", {"area": "Wohnzimmer", "domain": "light"}),
        ("alle Lichter aus", "HassTurnOff", {"domain": "light"}),
        ("dimme die Stehlampe auf 30 Prozent", "HassLightSet", {"name": "Stehlampe", "brightness": 30}),
        ("schließe das Rollo", "HassTurnOff", {"name": "Rollo"}),
        ("ist die Haustür abgeschlossen?", "HassGetState", {"name": "Haustür", "state": "locked", "domain": "lock"}),
        ("stelle einen Timer auf 10 Minuten", "HassStartTimer", {"minutes": 10}),
        ("wie spät ist es", "HassGetCurrentTime", {}),
        ("schalte die Stelampe ein", "HassTurnOn", {"name": "Stehlampe"}),
    ],
)
def test_german(wohnung: SimulatedHome, text: str, tool: str, arguments: dict[str, Any]) -> None:
    assert heard(text, wohnung, "de") == (tool, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?!",
        "counter lamp",
        "turn on the lava lamp",
        "the counter lamp",
        "turn on the counter lamp and",
        "turn on the counter lamp and the lava lamp",
        "turn the counter lamp on and off",
        "if it is dark turn on the counter lamp and close the left blind",
        "turn on the counter lamp and close the left blind in ten minutes",
        "lock the back door and add milk to the shopping list",
        "turn on the kettle, the radio, the counter lamp, the moon and the radiator",
        "do not turn on the counter lamp",
        "turn on the counter lamp in ten minutes",
        "turn on the lights",
        "pause the television",
        "turn on the heater",
        "tell me a story about the kitchen",
        "add milk to the shopping list and dusting to the chores list",
        "turn on the counter lamp " * 50,
        "set the counter lamp to 400%",
        "\ud800 \x00 turn",
    ],
)
def test_left_to_the_model(home: SimulatedHome, text: str) -> None:
    assert recognise(text, home) is None


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("turn on the counter lamp and close the left blind", [("HassTurnOn", "Counter lamp"), ("HassTurnOff", "Left blind")]),
        ("turn off the kettle and the radio", [("HassTurnOff", "Kettle"), ("HassTurnOff", "Radio")]),
        ("kettle and radio on", [("HassTurnOn", "Kettle"), ("HassTurnOn", "Radio")]),
        ("turn both the kettle and the radio off", [("HassTurnOff", "Kettle"), ("HassTurnOff", "Radio")]),
        ("could you turn the kettle on and the radio off", [("HassTurnOn", "Kettle"), ("HassTurnOff", "Radio")]),
        ("dim the counter lamp to 20 and the moon to 40", [("HassLightSet", "Counter lamp"), ("HassLightSet", "Night light")]),
        ("do me a favor and turn the moon, the kettle and the radio on", [("HassTurnOn", name) for name in _THREE]),
        (
            "how about closing the left blind and locking the back door",
            [("HassTurnOff", "Left blind"), ("HassTurnOn", "Back door")],
        ),
        ("turn off the kettle but leave the radio on", [("HassTurnOff", "Kettle"), ("HassTurnOn", "Radio")]),
        ("kettle on and the moon too", [("HassTurnOn", "Kettle"), ("HassTurnOn", "Night light")]),
        (
            "kettle off, radio off, then lock the back door",
            [("HassTurnOff", "Kettle"), ("HassTurnOff", "Radio"), ("HassTurnOn", "Back door")],
        ),
    ],
)
def test_several_orders_in_one_sentence(home: SimulatedHome, text: str, calls: list[tuple[str, str]]) -> None:
    found = recognise(text, home)
    assert found is not None
    assert [(call.function.name, call.function.parsed()["name"]) for call in found.calls] == calls
    assert len({call.id for call in found.calls}) == len(calls)


def test_an_order_for_several_places(home: SimulatedHome) -> None:
    for places in ("the kitchen and the bedroom", "the kitchen and in the bedroom"):
        found = recognise(f"turn off the lights in {places}", home)
        assert found is not None
        assert [call.function.parsed()["area"] for call in found.calls] == ["Kitchen", "Bedroom"]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("start the kettle", "HassTurnOn", {"name": "Kettle"}),
        ("kill the counter lamp", "HassTurnOff", {"name": "Counter lamp"}),
        ("counter lamp at 30", "HassLightSet", {"name": "Counter lamp", "brightness": 30}),
        ("full brightness on the counter lamp", "HassLightSet", {"name": "Counter lamp", "brightness": 100}),
        ("left blind down", "HassTurnOff", {"name": "Left blind"}),
        ("pull up the left blind", "HassTurnOn", {"name": "Left blind"}),
        ("right blind halfway", "HassSetPosition", {"name": "Right blind", "position": 50}),
        ("make sure the back door is locked", "HassTurnOn", {"name": "Back door"}),
        ("bring the radiator up to 22 degrees", "HassClimateSetTemperature", {"name": "Radiator", "temperature": 22}),
        ("turn the radiator down to 17", "HassClimateSetTemperature", {"name": "Radiator", "temperature": 17}),
        ("any lights still on", "HassGetState", {"domain": "light", "state": "on"}),
        ("turn the heating down to 18", "HassClimateSetTemperature", {"temperature": 18}),
        ("turn the radio down", "HassSetVolumeRelative", {"name": "Radio", "volume_step": "down"}),
        ("radio volume 25", "HassSetVolume", {"name": "Radio", "volume_level": 25}),
        ("rolf go and clean", "HassVacuumStart", {"name": "Rolf"}),
        ("hoover the kitchen", "HassVacuumCleanArea", {"area": "Kitchen"}),
        ("set a timer for an hour and a half", "HassStartTimer", {"hours": 1, "minutes": 30}),
        ("what's on the shopping list", "HassGetState", {"name": "Shopping list", "domain": "todo"}),
    ],
)
def test_what_people_say_beside_the_packages_sentences(
    home: SimulatedHome, text: str, tool: str, arguments: dict[str, Any]
) -> None:
    assert heard(text, home) == (tool, arguments)


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("would you be so kind as to turn off the counter lamp", "HassTurnOff", {"name": "Counter lamp"}),
        ("hey, could you switch the kettle on when you get a chance, please", "HassTurnOn", {"name": "Kettle"}),
        ("would you mind turning the kettle on", "HassTurnOn", {"name": "Kettle"}),
        ("the left blind should be closed", "HassTurnOff", {"name": "Left blind"}),
        ("i'd like the moon on", "HassTurnOn", {"name": "Night light"}),
        ("i need the back door unlocked", "HassTurnOff", {"name": "Back door"}),
        ("see to it that the kettle is off", "HassTurnOff", {"name": "Kettle"}),
        ("the counter lamp needs turning off", "HassTurnOff", {"name": "Counter lamp"}),
        ("the counter lamp, turn it off", "HassTurnOff", {"name": "Counter lamp"}),
        ("in the kitchen turn the lights on", "HassTurnOn", {"area": "Kitchen", "domain": "light"}),
        ("players off in the kitchen", "HassTurnOff", {"area": "Kitchen", "domain": "media_player"}),
        ("set all the lights upstairs to off", "HassTurnOff", {"floor": "Upper floor", "domain": "light"}),
        ("lights off everywhere", "HassTurnOff", {"domain": "light"}),
        ("open the blinds everywhere", "HassTurnOn", {"device_class": "blind", "domain": "cover"}),
        ("raise the right blind to a quarter", "HassSetPosition", {"name": "Right blind", "position": 25}),
        ("close the left blind 20 percent more", "HassSetPosition", {"name": "Left blind", "position_step": -20}),
        ("stop the left blind", "HassStopMoving", {"name": "Left blind"}),
        ("make the counter lamp a bit brighter", "HassLightSet", {"name": "Counter lamp", "brightness_step": 10}),
        ("set the counter lamp to light blue", "HassLightSet", {"name": "Counter lamp", "color": "lightblue"}),
        ("have the hood a lot slower", "HassFanSetSpeed", {"name": "Hood", "percentage_step": -40}),
        ("the radiator should be at 18", "HassClimateSetTemperature", {"name": "Radiator", "temperature": 18}),
        ("radiator half a degree warmer", "HassClimateSetTemperature", {"name": "Radiator", "temperature_step": 0.5}),
        ("put the radio on mute", "HassMediaPlayerMute", {"name": "Radio"}),
        ("let the radio play some jazz", "HassMediaSearchAndPlay", {"name": "Radio", "search_query": "jazz"}),
        ("send rolf home", "HassVacuumReturnToBase", {"name": "Rolf"}),
        ("tell rolf to clean the kitchen", "HassVacuumCleanArea", {"name": "Rolf", "area": "Kitchen"}),
        ("jot cumin down on the shopping list", "HassListAddItem", {"item": "cumin", "name": "Shopping list"}),
        ("shopping list: oat milk", "HassListAddItem", {"item": "oat milk", "name": "Shopping list"}),
        ("we're out of milk", "HassShoppingListAddItem", {"item": "milk"}),
        ("take rice off the shopping list", "HassListRemoveItem", {"item": "rice", "name": "Shopping list"}),
        ("give me ten minutes on the timer", "HassStartTimer", {"minutes": 10}),
        ("start a pasta timer for an hour and a half", "HassStartTimer", {"name": "pasta", "hours": 1, "minutes": 30}),
    ],
)
def test_the_many_ways_of_saying_it(home: SimulatedHome, text: str, tool: str, arguments: dict[str, Any]) -> None:
    assert heard(text, home) == (tool, arguments)


@pytest.mark.parametrize("down", ["the counter lamp down by five percent", "the counter lamp down by 5%"])
def test_less_is_less_in_words_and_digits(home: SimulatedHome, down: str) -> None:
    assert heard(f"turn {down}", home) == ("HassLightSet", {"name": "Counter lamp", "brightness_step": -5})
    assert heard("turn down radio volume by five percent", home) == (
        "HassSetVolumeRelative",
        {"name": "Radio", "volume_step": -5},
    )


@pytest.mark.parametrize(
    "text",
    [
        *("who left the counter lamp on", "do i have to turn off the counter lamp", "should we lock the back door"),
        *("the counter lamp on?", "the back door should be locked?", "i think the counter lamp is on", "can you hear me"),
        *("please don't turn on the counter lamp", "could you not turn on the kettle", "you should never open the left blind"),
        *("turn on the counter lamp at 9", "turn the counter lamp on at 7", "close the left blind at ten"),
        *("kettle on tomorrow", "if it rains the left blind should be closed", "i left the counter lamp on"),
        *("turn off everything in the kitchen but the counter lamp", "turn off the kettle but the radio"),
        *("sorry, the counter lamp 2", "counter lamp 3", "bring up the counter lamp", "no, the kettle", "the kettle please"),
    ],
)
def test_what_is_no_order_or_no_clear_one_is_left_to_the_model(home: SimulatedHome, text: str) -> None:
    assert heard(text, home) is None


@pytest.mark.parametrize(
    "text",
    [
        *("put milk and eggs on the shopping list", "add milk or cream to the shopping list", "we're out of milk and eggs"),
        *("put the kettle on the shopping list", "add everything to the shopping list", "what should be on the shopping list"),
        *(
            "put not milk on the shopping list",
            "add milk in ten minutes to the shopping list",
            "add milk tomorrow to my chores list",
        ),
        *(
            "pop open milk on the shopping list",
            "i want the milk that is on the shopping list",
            "start a pasta and rice timer for 5 minutes",
        ),
    ],
)
def test_a_free_text_swallows_no_other_words(home: SimulatedHome, text: str) -> None:
    assert heard(text, home) is None


def test_a_title_may_end_as_an_order_does(home: SimulatedHome) -> None:
    cook = Actor(id="cook", area="kitchen")
    for text in ("play apocalypse now", "let the radio play it's now", "play jazz on the lava lamp"):
        assert heard(text, home, actor=cook) is None
    jazz = ("HassMediaSearchAndPlay", {"name": "Radio", "search_query": "jazz"})
    assert heard("play jazz on the radio now", home) == heard("could you play jazz on the radio, please", home) == jazz


def test_the_room_of_the_one_who_asks(home: SimulatedHome) -> None:
    cook = Actor(id="cook", area="kitchen")
    assert heard("turn off the lights", home, actor=cook) == ("HassTurnOff", {"area": "Kitchen", "domain": "light"})
    assert heard("turn on the heater", home, actor=Actor(id="b", area="bath")) is not None


def test_names_follow_the_home(home: SimulatedHome) -> None:
    assert heard("turn on the disco ball", home) is None
    lamp = Entity(id="light.disco", name="Disco ball", state="off")
    home.replace(Inventory(entities=(lamp,)))
    assert heard("turn on the disco ball", home) == ("HassTurnOn", {"name": "Disco ball"})


def test_languages() -> None:
    assert (supported("de_DE"), supported("pt-BR"), supported("EN"), supported("tlh")) == ("de", "pt-BR", "en", None)
    home = SimulatedHome(Inventory())
    assert recognise("quelle heure est-il", home, "fr") is not None
    assert recognise("tlhIngan", home, "tlh") is None


@pytest.mark.parametrize(
    ("text", "said", "changes"),
    [
        ("turn on the night light", "Turned on the light", {"light.night": "on"}),
        ("turn off the lights in the kitchen", "Turned off the lights", {"light.counter": "off"}),
        ("turn off everything in the kitchen", "Turned off everything in kitchen", None),
        ("close the left blind", "Closing", {"cover.left": "closed"}),
        ("add tea to the shopping list", "Added tea", {"todo.shopping_list": "3"}),
        ("players off in the kitchen", "Turned off the players", {"media_player.radio": "off"}),
        ("stop the left blind", "Stopped", None),
        ("make the counter lamp brighter", "Brightness set", None),
        ("set a timer for 5 minutes", "Timer set for 5 minutes", {"timer.spoken_1": "active"}),
        ("is the back door locked", "Yes", {}),
        ("which lights are on", "Counter lamp", {}),
        ("turn on the night light and close the left blind", "Turned on the light. Closing", {"light.night": "on"}),
        ("what is the weather", "9 °C and raining", {}),
        ("how much time is left on my timer", "No timers.", {}),
    ],
)
async def test_replies(actions: Actions, text: str, said: str, changes: dict[str, str] | None) -> None:
    found = recognise(text, actions.home)
    assert found is not None
    results = [await actions.run(call, ADMIN) for call in found.calls]
    assert reply(found, results, actions.home) == said
    if changes is not None:
        assert after(results[0].changes) == changes


async def test_what_is_refused_has_no_reply(actions: Actions) -> None:
    found = recognise("unlock the back door", actions.home)
    assert found is not None
    assert reply(found, [await actions.run(found.calls[0], ADMIN)], actions.home) is None


async def test_a_template_that_fails_gives_way_to_the_text(actions: Actions) -> None:
    found = recognise("turn on the night light", actions.home)
    assert found is not None
    results = [await actions.run(found.calls[0], ADMIN)]
    odd = Recognised(found.intent, "en", found.calls, "no such template", {})
    assert reply(odd, results, actions.home) == "Turned on the light"
    assert reply(Recognised("HassUnheard", "en", found.calls, "x", {}), results, actions.home) == results[0].spoken


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_no_text_raises(wohnung: SimulatedHome, text: str) -> None:
    recognise(text, wohnung, "en")


@pytest.mark.parametrize(
    "text",
    [
        *("and the kitchen too", "no, the other one", "the other one", "turn it off", "turn them on", "is it locked", "brighter"),
        *(
            "add it to the shopping list",
            "add that to my chores list",
            "add the same one to the shopping list",
            "put it on my list",
        ),
        *(
            "add two lemons too to the shopping list",
            "play it again",
            "play something else",
            "play the next one",
            "what about it",
        ),
        *("do it again", "undo that", "all of them", "yes", "the bedroom"),
    ],
)
@pytest.mark.parametrize("area", [None, "kitchen"])
def test_what_needs_the_earlier_turns_is_left_to_the_model(home: SimulatedHome, text: str, area: str | None) -> None:
    assert heard(text, home, actor=Actor(id="x", area=area)) is None


def test_words_that_point_back_may_be_a_part_of_a_name(home: SimulatedHome) -> None:
    assert heard("add the other other shampoo to the shopping list", home) is not None
    assert heard("play let it be", home, actor=Actor(id="x", area="kitchen")) is not None
    assert heard("füge das zur Einkaufsliste hinzu", home, "de") is None
