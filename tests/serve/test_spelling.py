"""One written form for what sounds alike, and names of a home found in what was nearly heard."""

from __future__ import annotations

import pytest

from serve.engines.heard_names import Names, sound
from serve.spelling import written


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("Turn on the Küche lamp, please!", "turn on the kuche lamp please"),
        ("set it to twenty-one point five degrees", "set it to 21.5 degrees"),
        ("dim to 20 percent.", "dim to 20%"),
        ("Dim to fifteen %", "dim to 15%"),
        ("a hundred percent", "100%"),
        ("one hundred and five", "105"),
        ("the other one", "the other one"),
        ("one minute", "1 minute"),
        ("GU10 bulb at 7:30 pm", "gu 10 bulb at 7:30 pm"),
        ("the kids' room isn't on", "the kids' room isn't on"),
        ("21 °C & rising", "21 degrees and rising"),
        ("書斎 light", ""),
        ("?!", ""),
    ],
)
def test_what_sounds_alike_is_written_alike(said: str, form: str) -> None:
    assert written(said) == form
    assert written(form) == form


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("turn on the kitchin lite", "turn on the kitchen light"),
        ("turn on the kitchen light", "turn on the kitchen light"),
        ("open the green house window", "open the greenhouse window"),
        ("is the front dor locked and the kitchen light on", "is the front door locked and the kitchen light on"),
        ("what a lovely day", "what a lovely day"),
        ("", ""),
    ],
)
def test_a_name_that_was_nearly_heard_is_put_in(heard: str, meant: str) -> None:
    names = Names(["Kitchen Light", "Greenhouse window", "front door", "", "書斎", "x" * 500])
    assert names.corrected(heard) == meant


def test_many_names_and_no_names() -> None:
    assert Names([]).corrected("as it was") == "as it was"
    assert Names([]).prompt is None
    assert Names(["hall"]).corrected("turn off all the lights in the hall") == "turn off all the lights in the hall"
    assert (
        Names(["hall", "hall lamp"]).corrected("turn off all the lights and the hol lamp")
        == "turn off all the lights and the hall lamp"
    )
    many = Names([f"lamp number {number}" for number in range(3000)])
    assert len(many.prompt or "") <= 600
    assert many.corrected("turn on lamp number 7") == "turn on lamp number 7"
    assert sound("kitchen") == sound("kichin")
