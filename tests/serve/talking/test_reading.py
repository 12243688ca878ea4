"""How texts are read aloud."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.talking.reading import read


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I turned on the kitchen light.", "I turned on the kitchen light."),
        ("It is 21.5 °C, 1 °C less than at 7:30.", "It is 21.5 degrees, 1 degree less than at 7 30."),
        ("At 19:00, 07:05, 12:00 and 0:15.", "At 7 p m, 7 oh 5, 12 o'clock and 12 15 a m."),
        ("7 pm or 7:30 a.m. sharp", "7 p m or 7 30 a m sharp"),
        ("It used 3.5 kWh at 60 W.", "It used 3.5 kilowatt hours at 60 watts."),
        ("1013 hPa, 800ppm, 300 lx", "1013 hectopascals, 800 parts per million, 300 lux"),
        ("5 km/h, 40%", "5 kilometres per hour, 40 percent"),
        ("1 min 30 s; 2½ h; 5-10 min", "1 minute 30 seconds; 2.5 hours; 5 to 10 minutes"),
        ("20–22 °C, then -5 °C", "20 to 22 degrees, then minus 5 degrees"),
        ("On 2026-11-21 and 2026-11-21T18:00", "On November 21, 2026 and November 21, 2026 6 p m"),
        ("No. 5 costs $3.50, #1 10 €", "number 5 costs 3 dollars 50, number 1 10 euros"),
        ("e.g. Dr. Smith vs. me", "for example Doctor Smith versus me"),
        ("The 5 in the kitchen, the 90s, 555-1234", "The 5 in the kitchen, the 90s, 555-1234"),
        ("`light.kitchen_lamp` is _on_, my_switch is **off**", "kitchen lamp is on, my switch is off"),
        ("See [the manual](https://x.org/a_b?c=1) at https://www.example.com/x.", "See the manual at example.com."),
        ("b](https://x.org/a) and ok", "b and ok"),
        ("# Lights\n- *Hall*: on & bright\n- Attic\n", "Lights. Hall: on and bright. Attic"),
        ("| a | b |\n|---|---|\n| 1 W | 2 W |", "a, b. 1 watt, 2 watts"),
        ("Here:\n```yaml\na: 1\n```\nDone 😀 ❤️", "Here: Done"),
        ("```\nnever closed", ""),
        ("a < b, x=1, <b>bold</b>", "a less than b, x equals 1, bold"),
        ("👍", ""),
    ],
)  # fmt: skip
def test_english(written: str, spoken: str) -> None:
    assert read(written) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Es sind -3,5 °C um 7:30 Uhr.", "Es sind minus 3,5 Grad um 7 Uhr 30."),
        ("Um 19:00, z. B. 1 kWh, ca. 5 Min. lang.", "Um 19 Uhr, zum Beispiel 1 Kilowattstunde, circa 5 Minuten lang."),
        ("Am 21.11.2026: 3,50 € bzw. 12 km/h", "Am 21. November 2026: 3 Euro 50 beziehungsweise 12 Kilometer pro Stunde"),
    ],
)
def test_german(written: str, spoken: str) -> None:
    assert read(written, "de-DE") == spoken


def test_other_languages_lose_their_markup_only() -> None:
    assert read("Il fait **21 °C** à 7:30 😀", "fr") == "Il fait 21 °C à 7:30"


@pytest.mark.parametrize(("written", "spoken"), [(" " * 5000 + "x", "x"), ("1" * 50_000, "1" * 50_000)])
def test_long_runs_of_the_same_are_read_in_one_pass(written: str, spoken: str) -> None:
    """Tried anew from each place they would take minutes."""
    assert read(written) == spoken


@given(st.one_of(st.text(), st.text(alphabet="a1 .:,-–*_`|[]()<>°C%€\n/", max_size=200)), st.sampled_from(["en", "de", "fr"]))
def test_anything_is_read_on_one_line_and_without_markup(text: str, language: str) -> None:
    spoken = read(text, language)
    assert spoken == spoken.strip()
    assert not set("\n*`") & set(spoken)


@given(st.lists(st.sampled_from(("the", "lamp", "in", "kitchen", "is", "now", "And", "Wohnung")), max_size=20))
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    assert read(" ".join(words)) == " ".join(words)
