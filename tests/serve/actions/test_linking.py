"""Things that are not called by their names: what is put in the home's words, and what must stay as it was said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import Message
from serve.actions.linking import LONGEST, MOST, Linked, Linker, Thing, linked
from serve.actions.sentences import language

ENGLISH, GERMAN = language("en").linking, language("de").linking
PLACES = [
    ("Kitchen",),
    ("Bathroom", "bath"),
    ("Living room", "lounge"),
    ("Bedroom",),
    ("Hall",),
    ("Office", "study"),
    ("Garage",),
    ("Upper floor", "upstairs"),
]
UPSTAIRS = ("Upper floor", "upstairs")
HOME = Linker(
    [
        Thing(("Kitchen ceiling light", "sunshine"), "light", None, ("Kitchen",)),
        Thing(("Kitchen pumpkin lamp",), "light", None, ("Kitchen",)),
        Thing(("Night light", "21"), "light", None, ("Bedroom", *UPSTAIRS)),
        Thing(("Hall lamp 💡",), "light", None, ("Hall",)),
        Thing(("Ann's lantern",), "light", None, ("Office", "study")),
        Thing(("Fridge plug 2",), "switch", "outlet", ("Kitchen",)),
        Thing(("Bath radiator",), "climate", "heating", ("Bathroom", "bath")),
        Thing(("Flat panel",), "media_player", "tv", ("Living room", "lounge")),
        Thing(("Old radio",), "media_player", "speaker", ("Kitchen",)),
        Thing(("Navy blind",), "cover", "blind", ("Bedroom", *UPSTAIRS)),
        Thing(("Front door",), "lock", None, ("Hall",)),
        Thing(("Biscuit",), "vacuum", None, ("Hall",)),
        Thing(("Away mode",), "input_boolean"),
        Thing(("Movie night",), "scene"),
        Thing(("Alarm",), "siren"),
        Thing(("The On Air sign",), "switch", None, ("Office", "study")),
        Thing(("Groceries",), "todo"),
        Thing(("Bedroom temperature",), "sensor", "temperature", ("Bedroom", *UPSTAIRS)),
        Thing(("Egg",), "timer"),
        Thing(("Bobby Tables",), "person"),
        Thing(("Forecast home",), "weather"),
    ],
    PLACES,
    ENGLISH,
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        # What it is and where.
        ("turn up the heater in the bathroom", "turn up the Bath radiator"),
        ("turn on the lamp in the bedroom please", "turn on the Night light please"),
        ("dim the upstairs lamp", "dim the Night light"),
        ("turn off the telly", "turn off the Flat panel"),
        ("turn off the tv in the lounge", "turn off the Flat panel"),
        ("the tv in living room off", "the Flat panel off"),
        ("set the heater to 21", "set the Bath radiator to 21"),
        ("put the blind halfway", "put the Navy blind halfway"),
        ("turn off the tv in 10 minutes", "turn off the Flat panel in 10 minutes"),
        ("tell the robot to clean", "tell the Biscuit to clean"),
        ("what's on my list", "what's on my Groceries"),
        ("add lamp oil to the list", "add lamp oil to the Groceries"),
        ("don't turn off the radio", "don't turn off the Old radio"),
        ("turn the radio off and lock the lock", "turn the Old radio off and lock the Front door"),
        # Some of its words.
        ("turn off the pumpkin", "turn off the Kitchen pumpkin lamp"),
        ("is the fridge on", "is the Fridge plug 2 on"),
        ("turn on the sign", "turn on The On Air sign"),
        # A mistake or two.
        ("turn on the pumkin lamp", "turn on the Kitchen pumpkin lamp"),
        ("turn on moovie night", "turn on Movie night"),
        ("turn on the lamp in the bedroon", "turn on the Night light"),
        ("anns lantern on", "Ann's lantern on"),
        # Other names of it, and of a place.
        ("turn on the sunshine", "turn on the Kitchen ceiling light"),
        ("turn everything off in the study", "turn everything off in the Office"),
    ],
)
def test_a_thing_is_called_by_its_name(said: str, meant: str) -> None:
    assert HOME.link(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        # Called by its name already, in whatever case.
        "turn on the KITCHEN ceiling light",
        "hall lamp on",
        "lock the front door",
        # Several may be meant, or all.
        "turn on the lamp",
        "turn on the lamps",
        "turn on the lamp in the kitchen",
        "turn the tvs off",
        # Not there, or somewhere that the home does not have.
        "turn on the bedroom tv",
        "turn on the lamp in the cellar",
        "turn off the tv in the kitchen",
        "turn off the tv on the third floor",
        "turn off the tv from the cellar",
        "turn the tv on in the cellar",
        "set the heater to 21 in the cellar",
        "in the kitchen turn off the tv",
        "please in the cellar turn off the tv",
        "turn on the heater near the bathroom",
        "turn off my brother's tv",
        # Another thing that begins or ends so.
        "turn off the navy curtain",
        "play the radio edit of blue monday",
        "call the plug company",
        "play video killed the radio star",
        "what is the list of presidents",
        "turn on plug 4",
        "turn on plug two",
        # Idle words.
        "what does tv stand for",
        "who invented the radio",
        "tell me about the radio",
        "tell me a joke about a list",
        "call the cleaner",
        "call the navy",
        "put away the shades",
        "i study a lot",
        "i have to study for the test",
        "run a bath",
        "play the study",
        "lounge around",
        "old macdonald had a farm",
        "set a timer for the oven",
        "buy a pumpkin",
        # Another word, not the same with a mistake.
        "turn on the tight light",
        "turn on the might",
        "close the clock",
        # What is asked of a thing is no thing; nor is a number.
        "set the temperature in the bedroom to 21",
        "set the volume to two",
        "put the brightness at 2",
        # What goes on a list stays as it is said, and so do people, timers and the weather.
        "put the radio on the shopping list",
        "add the pumpkin to groceries",
        "is bobby home",
        "cancel the eg",
        "what's the forcast",
    ],
)
def test_what_is_not_surely_meant_stays_as_it_is_said(said: str) -> None:
    assert HOME.link(said) == said


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("put the heater in the bathroom on the list", "put the heater in the bathroom on the Groceries"),
        ("turn off the pumpkin and add milk to the list", "turn off the Kitchen pumpkin lamp and add milk to the Groceries"),
    ],
)
def test_what_goes_on_a_list_is_not_what_is_done_beside_it(said: str, meant: str) -> None:
    assert HOME.link(said) == meant


def _home(*things: Thing) -> Linker:
    return Linker(things, PLACES, ENGLISH)


def test_two_things_of_one_name_are_never_put_in() -> None:
    one, two = (Thing(("Warmer",), "climate", "heating", (place,)) for place in ("Hall", "Bedroom"))
    assert _home(one, two).link("turn on the heater in the hall") == "turn on the heater in the hall"
    assert _home(one).link("turn on the heater in the hall") == "turn on the Warmer"


def test_a_name_that_another_thing_is_also_called_is_never_put_in() -> None:
    one, two = Thing(("Warmer",), "climate", None, ("Hall",)), Thing(("Stove", "warmer"), "switch")
    assert _home(one, two).link("turn on the heater in the hall") == "turn on the heater in the hall"


def test_a_thing_that_is_called_like_a_place_is_never_put_in() -> None:
    home = _home(Thing(("Bedroom",), "climate", "heating", ("Bedroom",)), Thing(("Office",), "light", None, ("Office", "study")))
    for said in ("turn on the heater", "turn on the heater in the bedroom", "turn on the study"):
        assert home.link(said) == said


def test_any_script_can_be_a_name() -> None:
    home = _home(Thing(("مصباح الغرفة",), "light", None, ("Bedroom",)), Thing(("Лампа-2",), "light", None, ("Hall",)))
    assert home.link("turn on the lamp in the bedroom") == "turn on the مصباح الغرفة"
    assert home.link("turn on the lamp in the hall") == "turn on the Лампа-2"


def test_a_thing_without_letters_in_its_name_is_passed_over() -> None:
    assert _home(Thing(("💡",), "light", None, ("Hall",))).link("turn on the lamp in the hall") == "turn on the lamp in the hall"


def test_a_home_with_nothing_or_too_much_in_it_is_left_alone() -> None:
    said = "turn on the heater in the hall"
    heater = Thing(("Warmer",), "climate", "heating", ("Hall",))
    others = [Thing((f"Spot {number}",), "light") for number in range(MOST)]
    assert _home().link(said) == said
    assert _home(heater, *others).link(said) == said
    assert _home(heater, *others[1:]).link(said) == "turn on the Warmer"


def test_a_long_text_is_left_alone() -> None:
    said = "turn off the telly"
    assert HOME.link(" ".join(["and"] * (LONGEST - 4)) + " " + said) != HOME.link(said)
    long = " ".join(["and"] * (LONGEST - 3)) + " " + said
    assert HOME.link(long) == long


WORDS = sorted(
    {word for thing in HOME._things for name in (*thing.names, *thing.places) for word in name.casefold().split()}
    | {
        "turn",
        "the",
        "in",
        "on",
        "off",
        "to",
        "set",
        "list",
        "tv",
        "heater",
        "lamp",
        "pumkin",
        "cellar",
        "add",
        "21",
        "a",
        ",",
        "s",
    }
)
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=LONGEST + 5).map(" ".join)


@given(st.text(max_size=300) | SENTENCES)
def test_linking_never_raises_and_a_second_time_changes_nothing(text: str) -> None:
    linked = HOME.link(text)
    assert HOME.link(linked) == linked


@given(st.text(alphabet="qxzvjк雨 .,'-\n", max_size=300))
def test_a_text_with_no_word_of_the_home_is_unchanged(text: str) -> None:
    assert HOME.link(text) == text


LINES = (
    "Bath radiator: climate heating @ Bathroom / bath, upstairs: heat 21, now 19.5",
    "Flat panel: media_player tv @ Living room: off",
)


def test_only_what_the_user_says_is_linked() -> None:
    said = "the heater in the bathroom"
    messages = (
        Message(role="system", content=said),
        Message(role="user", content=said),
        Message(role="assistant", content=said),
        Message(role="tool", content=said, tool_call_id="call_0"),
    )
    assert [message.content for message in linked(messages, LINES, "en").messages] == [said, "the Bath radiator", said, said]


def test_lines_tell_the_places_of_things() -> None:
    said = "turn up the upstairs heater and turn off the telly"
    (message,) = linked((Message(role="user", content=said),), (*LINES, "no line of a home"), "en-GB").messages
    assert message.content == "turn up the Bath radiator and turn off the Flat panel"


@pytest.mark.parametrize(("lines", "tag"), [((), "en"), (LINES, "xx"), (LINES, "fr")])
def test_without_a_home_or_words_for_it_nothing_is_linked(lines: tuple[str, ...], tag: str) -> None:
    messages = (Message(role="user", content="turn off the telly"),)
    assert linked(messages, lines, tag) == Linked(messages)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("turn the Navy blind and the Bath radiator off", {"Navy blind", "Bath radiator"}),
        ("turn the navy blind off", {"Navy blind"}),
        ("turn the Navy blind off and the lamp on", set()),  # which lamp nobody knows
        ("turn the Navy blind off and that one on", set()),
        ("do it with the Navy blind instead", set()),
        ("turn everything off", set()),
        ("what is the time", set()),
        ("", set()),
        ("the Navy blind down in the bedroom", {"Navy blind"}),
        ("turn the Bath radiator up to 21 degrees", {"Bath radiator"}),
        ("no, not the Navy blind", set()),
        ("turn everything off except the Navy blind", set()),
        # What is in another place, or has another kind's words, may be a thing that is not named.
        ("play jazz in the kitchen and put the Navy blind down", set()),
        ("put the Navy blind down and turn off the kitchen", set()),
        ("put the Navy blind down and the music off", set()),
        ("put the Navy blind down and make the bath warmer", set()),
        ("put the Navy blind down and turn on the ceiling", set()),
        ("add ceiling paint to Groceries", set()),
    ],
)
def test_what_can_be_meant(said: str, names: set[str]) -> None:
    assert HOME.meant(said) == (names | {"Groceries"} if names else names)


def test_a_list_can_be_meant_where_another_thing_is_named() -> None:
    home = _home(Thing(("Milk",), "light"), Thing(("Shopping",), "todo"), Thing(("Chores",), "todo"))
    assert home.meant("we are out of milk") == {"Milk", "Shopping", "Chores"}
    assert home.meant("add milk to shopping") == {"Milk", "Shopping"}
    assert home.meant("we are out of eggs") == set()


def test_only_the_newest_request_tells_what_can_be_meant() -> None:
    asked = (Message(role="user", content="turn off the heater"),)
    assert linked(asked, LINES, "en").meant == {"Bath radiator"}
    assert linked((*asked, Message(role="assistant", content="Done.")), LINES, "en").meant == set()
    assert linked((*asked, Message(role="user", content="and back on")), LINES, "en").meant == set()


WOHNUNG = Linker(
    [
        Thing(("Spiegelleuchte",), "light", None, ("Bad", "Badezimmer")),
        Thing(("Stehlampe",), "light", None, ("Wohnzimmer",)),
        Thing(("Samsung",), "media_player", "tv", ("Wohnzimmer",)),
        Thing(("Badheizkörper",), "climate", "heating", ("Bad", "Badezimmer")),
        Thing(("Rollo Süd",), "cover", "blind", ("Schlafzimmer",)),
        Thing(("Gardinen",), "cover", "curtain", ("Wohnzimmer",)),
        Thing(("Einkauf",), "todo"),
    ],
    [("Bad", "Badezimmer"), ("Wohnzimmer",), ("Schlafzimmer",), ("Küche",)],
    GERMAN,
)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("mach die lampe im bad an", "mach die Spiegelleuchte an"),
        ("schalte das Licht in dem Badezimmer aus", "schalte das Spiegelleuchte aus"),
        ("schalte den fernseher aus", "schalte den Samsung aus"),
        ("dreh die heizung im bad auf 22 grad", "dreh die Badheizkörper auf 22 grad"),
        ("öffne die jalousie im schlafzimmer", "öffne die Rollo Süd"),
        ("mach den vorhang zu", "mach den Gardinen zu"),
        ("mach die stelampe an", "mach die Stehlampe an"),
        ("was steht auf der liste", "was steht auf der Einkauf"),
    ],
)
def test_german(said: str, meant: str) -> None:
    assert WOHNUNG.link(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "mach die lampe an",
        "mach die lampen im bad an",
        "mach die lampe im keller an",
        "mach den fernseher in der küche aus",
        "stell die heizung auf 21 im keller",
        "wofür steht tv",
        "wer hat den fernseher erfunden",
        "erzähl mir einen witz über eine liste",
    ],
)
def test_german_that_is_left_alone(said: str) -> None:
    assert WOHNUNG.link(said) == said


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("mach die Stehlampe an", {"Stehlampe", "Einkauf"}),
        ("mach die Stehlampe an und die musik aus", set()),
        ("mach die Stehlampe an und das bad wärmer", set()),
        ("nein, nicht die Stehlampe", set()),
    ],
)
def test_what_can_be_meant_in_german(said: str, names: set[str]) -> None:
    assert WOHNUNG.meant(said) == names


def test_a_language_without_words_for_it_links_nothing_in_tier_one_either() -> None:
    home = Linker([Thing(("Kitchen pumpkin lamp",), "light", None, ("Kitchen",))], PLACES, language("fr").linking)
    assert home.link("turn on the Kitchen pumkin lamp") == "turn on the Kitchen pumkin lamp"
    assert home.meant("turn on the Kitchen pumpkin lamp") == set()
