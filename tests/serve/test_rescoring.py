"""What was most probably said: names of a home found in what was nearly heard, and the likelier guess chosen."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.recogniser.counting import classed, smoothed
from schemas.errors import ModelUnusable
from serve.engines.ngrams import END, NAME, NUMBER, START, UNKNOWN, Bigrams
from serve.engines.rescoring import Rescorer, sound, usable

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


def read(home: Rescorer, text: str) -> str:
    return " ".join(run.text for run in home.runs(text.split()))


NAMES = ("Kitchen Light", "Greenhouse window", "front door", "toilet", "Water heater", "", "書斎", "x" * 500)
HOME = Rescorer(BIGRAMS, NAMES)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("turn on the kitchin lite", "turn on the kitchen light"),
        ("turn on the kitchen light", "turn on the kitchen light"),
        ("open the green house window", "open the greenhouse window"),
        ("is the frunt dor locked and the kitchin light on", "is the front door locked and the kitchen light on"),
        ("what a lovely day", "what a lovely day"),
        ("what a lovly day", "what a lovly day"),
        ("turn on the zorblat", "turn on the zorblat"),
        ("set the kitchen lite to 40", "set the kitchen light to 40"),
        ("a", "a"),
        ("", ""),
    ],
)
def test_names_that_were_nearly_heard_are_put_in(heard: str, meant: str) -> None:
    assert read(HOME, heard) == meant


@pytest.mark.parametrize("heard", ["i'd like it to shine", "let the lights shine", "is the water hot", "turn off all the lights"])
def test_plain_words_are_not_taken_for_names_that_they_sound_like(heard: str) -> None:
    """ "like it to" sounds like "toilet", and "is the water" is nearly "water heater"."""
    assert read(HOME, heard) == heard


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("lamp 2", "turn on lamp 3"),
        ("lamp 2", "set the lamp to 40"),
        ("bedroom 1", "bedroom 20%"),
        ("all lights off", "turn all lights on"),
        ("lock up", "unlock up"),
        ("hallway light", "turn on the balcony light"),
        ("bo", "buy a bow"),
        ("a very long name that is rather prose", "a very long name that is rather prosy"),
    ],
)
def test_what_is_not_that_name(name: str, heard: str) -> None:
    """Numbers and words on which it turns are never put in nor lost, nor is one known word taken for quite another."""
    bigrams = smoothed(Counter({(START, "lamp"): 9, (NAME, END): 99, (START, NAME): 99}), [*heard.split(), "hallway", "light"])
    assert read(Rescorer(bigrams, [name]), heard) == heard


def test_the_likelier_of_two_guesses_that_sound_alike() -> None:
    guesses = [("turn of the kitchen light", -1.0), ("turn off the kitchen light", -1.2)]
    assert HOME.best(guesses) == 1
    assert HOME.best([(text, 40 * sure) for text, sure in guesses]) == 0, "unless the recogniser is much surer of the other"
    assert HOME.best(guesses[:1]) == 0
    assert HOME.best([("", -math.inf), ("turn on", -2.0)]) == 1
    assert HOME.best([]) == 0


def test_a_name_as_it_is_written_goes_before_one_that_is_nearly_it() -> None:
    home = Rescorer(BIGRAMS, ["hall lamp", "wall lamp", "hall"])
    assert [run.text for run in home.runs(["turn", "off", "the", "hall", "lamp"])] == ["turn", "off", "the", "hall lamp"]
    assert [run.text for run in home.runs(["turn", "off", "the", "hol", "lamp"])] == ["turn", "off", "the", "hall lamp"]


def test_many_names_and_none() -> None:
    assert usable([*NAMES, "kitchen light"]) == ["kitchen light", "greenhouse window", "front door", "toilet", "water heater"]
    assert len(usable(f"lamp number {number}" for number in range(3000))) == 400
    many = Rescorer(BIGRAMS, [f"lamp number {number}" for number in range(3000)])
    assert read(many, "turn on lamp number 7") == "turn on lamp number 7"
    assert read(Rescorer(BIGRAMS, []), "turn on the zorblat") == "turn on the zorblat"


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
        assert read(home, "turn on the kitchin lite") == "turn on the kitchen light"
        assert "kitchin lite" in home._likes
        assert read(home, "what a lovely day") == "what a lovely day"
        assert "kitchin lite" not in home._likes


def test_alike_sounds() -> None:
    assert sound("kitchen") == sound("kichin")
    assert sound("night") != sound("day")


def test_bigrams_are_probabilities_and_survive_their_file(tmp_path: Path) -> None:
    file = tmp_path / "bigrams.arpa"
    file.write_text(BIGRAMS.written(), encoding="utf-8")
    kept = Bigrams.read(file)
    for before in (START, "turn", NAME, "beautiful"):
        assert sum(math.exp(-kept.cost(before, word)) for word in kept.words) == pytest.approx(1, abs=2e-3)
    assert kept.cost("turn", "on") == pytest.approx(BIGRAMS.cost("turn", "on"), abs=1e-3)
    assert kept.cost("turn", "on") < kept.cost("turn", "lovely") < kept.cost("turn", "zorblat")
    assert kept.cost("never", "heard") == kept.cost(UNKNOWN, UNKNOWN)


CUT = BIGRAMS.written()[: len(BIGRAMS.written()) // 2]


@pytest.mark.parametrize("text", ["", "no arpa", "\\1-grams:\nhalf\ta", "\\2-grams:\n-1.0\tone", "\\1-grams:\n-1.0", CUT])
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
