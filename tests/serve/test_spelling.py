"""One written form for what sounds alike, however it is spelled."""

from __future__ import annotations

import pytest

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
        ("Okay, do me a favour: half-way is all  right", "ok do me a favor halfway is alright"),
        ("書斎 light", ""),
        ("?!", ""),
    ],
)
def test_what_sounds_alike_is_written_alike(said: str, form: str) -> None:
    assert written(said) == form
    assert written(form) == form
