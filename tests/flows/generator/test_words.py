"""Words, split: what one part says, no other does; and every entry is said somewhere."""

from __future__ import annotations

from dataclasses import fields
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps.generator.lexicons.qualifiers import MODIFIERS
from flows.steps.generator.words import (
    PARTS,
    artist,
    invented,
    items,
    model_number,
    of_part,
    owner,
    part_of,
    title,
    words_of,
)
from schemas.pipeline import Part

TEXTS = st.lists(st.text(min_size=1, max_size=12), min_size=3, max_size=20, unique=True)
SHARED = {"everyday", "plain", "tongues", "part"}


@given(TEXTS)
def test_every_entry_has_one_part_and_every_part_an_entry(entries: list[str]) -> None:
    split = [of_part(entries, part) for part in PARTS]
    assert all(split)
    assert sorted(entry for found in split for entry in found) == sorted(entries)


@given(TEXTS, st.randoms(use_true_random=False))
def test_the_split_knows_no_order(entries: list[str], rng: Random) -> None:
    shuffled = rng.sample(entries, len(entries))
    assert all(set(of_part(entries, part)) == set(of_part(shuffled, part)) for part in PARTS)


def test_two_entries_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="2 entries"):
        of_part(("lamp", "lamp", "tv"), "train")


def test_the_split_is_the_same_for_ever() -> None:
    """Golden: a change here makes every published figure about held-out words untrue."""
    assert [part_of(text) for text in ("velvet", "lamp", "kitchen lamp", "küche", "movie night")] == GOLDEN


GOLDEN: list[Part] = ["train", "train", "test", "train", "train"]


def test_about_eight_in_ten_are_for_training() -> None:
    shares = [len(of_part(MODIFIERS, part)) / len(MODIFIERS) for part in PARTS]
    assert 0.76 < shares[0] < 0.84
    assert 0.05 < shares[1] < 0.11
    assert 0.09 < shares[2] < 0.15


@pytest.mark.parametrize("field", [f.name for f in fields(words_of("train")) if f.name not in SHARED])
def test_parts_share_no_entry(field: str) -> None:
    said = [set(getattr(words_of(part), field)) for part in PARTS]
    assert all(said)
    assert not said[0] & (said[1] | said[2])
    assert not said[1] & said[2]


def test_rooms_abroad_are_split_too() -> None:
    rooms = [{room for tongue in words_of(part).tongues for room in tongue.rooms if owner(room) == part} for part in PARTS]
    assert all(rooms)
    assert not rooms[0] & (rooms[1] | rooms[2])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_makes_up_words_of_its_own(part: Part) -> None:
    rng = Random(4)
    made = [invented(rng, part) for _ in range(300)] + [model_number(rng, part) for _ in range(100)]
    assert {owner(word) for word in made} == {part}
    assert len(set(made)) > 330


@pytest.mark.parametrize("part", PARTS)
def test_what_is_put_on_lists_and_played_varies(part: Part) -> None:
    rng = Random(4)
    for make, least in ((items, 350), (title, 300), (artist, 250)):
        assert len({make(rng, part) for _ in range(600)}) > least * (0.4 if part == "validation" else 0.6)


def test_the_same_seed_says_the_same() -> None:
    assert [items(Random(7), "test") for _ in range(3)] == [items(Random(7), "test")] * 3
