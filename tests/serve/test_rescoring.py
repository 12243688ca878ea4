"""What was most probably said: names of a home and known words found in what was nearly heard, and the likelier guess chosen."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.recogniser.counting import classed, smoothed
from schemas.errors import ModelUnusable
from serve.engines.ngrams import END, NAME, NUMBER, START, UNKNOWN, Bigrams
from serve.engines.rescoring import Rescorer, sound

SAID = (
    "turn on the <name>", "turn off the <name>", "is the <name> locked and the <name> on", "open the <name>",
    "turn off all the lights", "turn off all the lights in the <name>", "what a lovely day", "make sure to lock up",
    "set the <name> to <number>", "we'd like it to be warmer", "let the <name> shine", "add ginger to the list", "i'd like it on",
    "is the water hot",
)  # fmt: skip
BIGRAMS = smoothed(
    Counter(pair for text in SAID for pair in pairwise([START, *text.split(), END]) for _ in range(20)),
    ["beautiful", "kitchen", "imported"],
)
NAMES = ("Kitchen Light", "Greenhouse window", "front door", "toilet", "Water heater", "", "書斎", "x" * 500)
HOME = Rescorer(BIGRAMS, NAMES)


@pytest.mark.parametrize(
    ("heard", "read"),
    [
        ("turn on the kitchin lite", "turn on the kitchen light"),
        ("turn on the kitchen light", "turn on the kitchen light"),
        ("open the green house window", "open the greenhouse window"),
        ("is the frunt dor locked and the kitchin light on", "is the front door locked and the kitchen light on"),
        ("what a lovely day", "what a lovely day"),
        ("what a lovly day", "what a lovely day"),
        ("turn on the zorblat", "turn on the zorblat"),
        ("set the kitchen lite to 40", "set the kitchen light to 40"),
        ("a", "a"),
        ("", ""),
    ],
)
def test_names_and_words_that_were_nearly_heard_are_put_in(heard: str, read: str) -> None:
    assert HOME.corrected(heard) == read


@pytest.mark.parametrize("heard", ["i'd like it to shine", "let the lights shine", "is the water hot", "turn off all the lights"])
def test_plain_words_are_not_taken_for_names_that_they_sound_like(heard: str) -> None:
    """ "like it to" sounds like "toilet", and "is the water" is nearly "water heater"."""
    assert HOME.corrected(heard) == heard


def test_the_likelier_of_two_guesses_that_sound_alike() -> None:
    guesses = [("turn of the kitchen light", -1.0), ("turn off the kitchen light", -1.2)]
    assert HOME.best(guesses) == 1
    assert HOME.best([(text, 40 * sure) for text, sure in guesses]) == 0, "unless the recogniser is much surer of the other"
    assert HOME.best([guesses[0]]) == 0
    assert HOME.best([("", -1.0), ("", -2.0)]) == 0
    assert HOME.best([]) == 0


def test_a_longer_name_goes_before_a_part_of_it() -> None:
    home = Rescorer(BIGRAMS, ["hall", "hall lamp"])
    assert home.corrected("turn off all the lights") == "turn off all the lights"
    assert [run.text for run in home.runs(["turn", "off", "the", "hol", "lamp"])] == ["turn", "off", "the", "hall lamp"]


def test_many_names_and_none() -> None:
    many = Rescorer(BIGRAMS, [f"lamp number {number}" for number in range(3000)])
    assert many.corrected("turn on lamp number 7") == "turn on lamp number 7"
    assert Rescorer(BIGRAMS, []).corrected("turn on the zorblat") == "turn on the zorblat"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*"abcdeghlnorst", "the", "on", "kitchin", "window", "7", "20%", "it's"]), max_size=12))
def test_runs_follow_one_another_and_cover_all_words(words: list[str]) -> None:
    runs = HOME.runs(words)
    assert [run.start for run in runs] == [0, *(run.end for run in runs[:-1])][: len(runs)]
    assert (runs[-1].end if runs else 0) == len(words)
    assert all(run.text for run in runs)


def test_likenesses_that_were_forgotten_are_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.engines.rescoring._REMEMBERED", 3)
    home = Rescorer(BIGRAMS, NAMES)
    for _ in range(3):
        assert home.corrected("turn on the kitchin lite") == "turn on the kitchen light"
        assert home.corrected("what a lovly day") == "what a lovely day"


def test_alike_sounds() -> None:
    assert sound("kitchen") == sound("kichin")
    assert sound("night") != sound("day")


def test_bigrams_are_probabilities_and_survive_their_file(tmp_path: Path) -> None:
    from math import exp

    file = tmp_path / "bigrams.arpa"
    file.write_text(BIGRAMS.written(), encoding="utf-8")
    read = Bigrams.read(file)
    for before in (START, "turn", NAME, "beautiful"):
        assert sum(exp(-read.cost(before, word)) for word in read.words) == pytest.approx(1, abs=2e-3)
    assert read.cost("turn", "on") == pytest.approx(BIGRAMS.cost("turn", "on"), abs=1e-3)
    assert read.cost("turn", "on") < read.cost("turn", "lovely") < read.cost("turn", "zorblat")
    assert read.cost("never", "heard") == read.cost(UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("text", ["", "no arpa", "\\1-grams:\nhalf\ta", "\\2-grams:\n-1.0\tone", "\\1-grams:\n-1.0"])
def test_what_is_no_file_of_bigrams(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bigrams.arpa"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ModelUnusable):
        Bigrams.read(file)
    with pytest.raises(ModelUnusable):
        Bigrams.read(tmp_path / "none")


def test_names_and_numbers_count_as_classes() -> None:
    names = [["hall"], ["hall", "lamp"], ["amy's", "lamp"]]
    text = "set the hall lamp in the hall and lamp to 20% at 7:30"
    assert classed(text.split(), names) == f"set the {NAME} in the {NAME} and lamp to {NUMBER} at {NUMBER}".split()
    assert classed([], names) == []
