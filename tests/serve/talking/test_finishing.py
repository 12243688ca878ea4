"""Which texts sound finished: whole requests do, and those that break off where more must come do not."""

from __future__ import annotations

from itertools import islice

import pytest

from serve.spelling import written
from serve.talking.finishing import finished

WHOLE = {
    "en": (
        "Turn on the hall lamp.",
        "turn the kitchen light off",
        "set the thermostat to 21 degrees",
        "what temperature is the heater set to",
        "what time is it",
        "turn it up",
        "set the bedtime scene",
        "yes",
        "stop it",
        "set a timer for 5 minutes",
        "thank you",
        "turn the lamp on would you please",
        "open the blinds if you can",
        "get the towel radiator shut down",
        "tell me where arthur is",
        "what is the hygrometer at",
        "set the blinds halfway",
        "matches is what we need",
    ),
    "de": (
        "Schalte das Licht ein.",
        "mach die Tür zu",
        "mach das Fenster auf",
        "stell die Heizung auf 21 Grad",
        "schalte im Bad die Lampe aus",
        "wie warm ist es",
        "ja bitte",
    ),
}
BROKEN_OFF = {
    "en": (
        "turn on the",
        "turn on",
        "could you please turn off",
        "turn the kitchen light",
        "set the thermostat",
        "set the thermostat to",
        "turn on the lamp and",
        "set a timer for 5",
        "what is the",
        "could you",
        "hey",
        "tell me",
        "um",
        "turn on the lamp and would you",
        "the lamp, would you please turn",
        "tell me where the",
    ),
    "de": (
        "schalte das Licht",
        "mach bitte das Licht im",
        "stell die Heizung",
        "stell die Heizung auf",
        "wie ist",
        "kannst du",
        "Licht an und",
    ),
}


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in WHOLE.items() for text in texts])
def test_a_whole_request_is_finished(language: str, text: str) -> None:
    assert finished(text, language)


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, texts in BROKEN_OFF.items() for text in texts])
def test_what_breaks_off_is_not(language: str, text: str) -> None:
    assert not finished(text, language)


def test_half_a_name_is_not_finished() -> None:
    names = ("coffee maker", "coffee maker deluxe", "Küche")
    assert not finished("turn off the coffee", "en", names)
    assert finished("turn off the coffee maker", "en", names)
    assert finished("turn off the coffee", "en", ("tea pot",))


@pytest.mark.parametrize("text", ["", "...", "turn on the"])
def test_nothing_and_other_languages_are_finished(text: str) -> None:
    assert finished(text, "fr")
    assert finished("", "en")


def test_what_people_ask_of_homes_is_finished_nearly_always() -> None:
    from flows.steps.recogniser.texts import requests

    asked = [text for each in islice(requests("test", 17), 400) if (text := written(each))]
    assert sum(finished(text, "en") for text in asked) >= 0.99 * len(asked)


def test_a_long_text_is_judged_at_once() -> None:
    assert finished("turn on switch set to what is " * 2000 + "lamp", "en")
