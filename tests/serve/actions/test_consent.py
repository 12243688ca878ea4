"""A yes, a no, and what is neither."""

from __future__ import annotations

import pytest

from serve.actions.consent import consent


@pytest.mark.parametrize("text", ["Yes.", "yes, please", "Yeah", "ok", "Do it!", "That's right.", "go ahead", "yes yes"])
def test_a_yes(text: str) -> None:
    assert consent(text, "en") is True


@pytest.mark.parametrize("text", ["No.", "nope", "no, thank you", "Never mind", "don’t do it", "cancel"])
def test_a_no(text: str) -> None:
    assert consent(text, "en-GB") is False


@pytest.mark.parametrize(
    "text", ["", "...", "yes and the kitchen lamp too", "turn it off", "no, the other one", "is it on", "ja"]
)
def test_whatever_says_more_is_another_request(text: str) -> None:
    assert consent(text, "en") is None


def test_german() -> None:
    assert consent("Ja, bitte!", "de") is True
    assert consent("Nein danke", "de-DE") is False
    assert consent("yes", "de") is None
