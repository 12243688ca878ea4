"""What is said around the wake word."""

from __future__ import annotations

from random import Random

import pytest

from flows.steps.wake import wording


@pytest.mark.parametrize("phrase", ["hey rottie", "computer", "okay my little house"])
def test_near_misses_share_letters_with_the_phrase_and_say_something(phrase: str) -> None:
    made = [wording.near(Random(n), phrase, "train") for n in range(300)]
    assert all(text.strip() and text == text.lower() for text in made)
    shared = [len(set(text) & set(phrase)) / len(set(phrase)) for text in made]
    assert sum(shared) / len(shared) > 0.5
    assert len(set(made)) > 100
    assert sum(text == phrase for text in made) < 30


def test_talk_differs_between_the_parts() -> None:
    def words(part: wording.Part) -> set[str]:
        return {word for n in range(400) for word in wording.talk(Random(n), part).split()}

    train, test = words("train"), words("test")
    common = set(wording.listed(" ".join(train & test)))
    assert len(train - test) > 300
    assert len(test - train) > 100
    assert len(common) < 220  # little words, and pieces of longer names


def test_talk_never_holds_the_phrase() -> None:
    assert not any("rottie" in wording.talk(Random(n), "train") for n in range(500))
