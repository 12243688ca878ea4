"""Requests in fewer words: what is left out, what is said in one way, and what stays."""

from __future__ import annotations

import pytest

from serve.actions.wording import bared, plain


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Could you please turn off the lamp?", "turn off the lamp"),
        ("ok, i'd like you to lock the door when you get a chance, thanks", "lock the door"),
        ("would you mind closing the blind and locking the door", "close the blind and lock the door"),
        ("it would be great if you could start the fan right away", "start the fan"),
        ("let's switch the lamp on", "switch the lamp on"),
        ("well, pump on", "pump on"),
        ("well pump on", "well pump on"),
        ("first floor lights off", "first floor lights off"),
        ("could you not lock the door", "could you not lock the door"),
        ("please don't lock the door", "don't lock the door"),
        ("should we lock the door", "should we lock the door"),
        ("please", "please"),
        ("", ""),
    ],
)
def test_courtesies_are_left_out(text: str, short: str) -> None:
    assert bared(text, "en") == short


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("i want the lamp on", "have the lamp on"),
        ("the lamp has to be off", "have the lamp off"),
        ("make sure that the door is locked", "have the door locked"),
        ("the lamp shouldn't be on", "have the lamp off"),
        ("raise the heating to 21 degrees celsius", "set the heating to 21 degrees"),
        ("run the fan at 40 percent", "set the fan to 40 percent"),
        ("turn the lamp on at 9", "turn the lamp on at 9"),
        ("take ten percent off the lamp", "turn the lamp down by ten percent"),
        ("the door isn't locked", "the door isn't locked"),
        ("i don't want the lamp on", "i don't want the lamp on"),
        ("pull the plug on the fan", "turn off the fan"),
        ("wake up the radio", "turn the radio on"),
        ("wake me up at seven", "wake me up at seven"),
        ("we no longer need the heating", "turn off the heating"),
        ("the lamp is not needed any more", "turn off the lamp"),
        ("we don't need all the lights on", "we don't need all the lights on"),
        ("all the lights are not needed", "all the lights are not needed"),
        ("eggs need to be on the shopping list", "have eggs on the shopping list"),
        ("soap doesn't need to be on the shopping list", "soap doesn't need to be on the shopping list"),
    ],
)
def test_many_ways_become_one(text: str, short: str) -> None:
    assert plain(text, "en") == short


def test_a_title_keeps_its_end_where_asked() -> None:
    assert bared("please play apocalypse now", "en", ending=False) == "play apocalypse now"
    assert bared("please play apocalypse now", "en") == "play apocalypse"


def test_other_languages_are_taken_as_said() -> None:
    assert plain("s'il te plaît, allume la lampe", "fr") == "s'il te plaît, allume la lampe"
