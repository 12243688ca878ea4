"""References: exact ones are found by matching, others mean one thing, and what is absent is nothing that is there."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps.generator.homes import Place, make_home
from flows.steps.generator.misspelling import misspelled, plainly
from flows.steps.generator.places import folded, one_edit_apart
from flows.steps.generator.references import absent_name, refer, refer_area, refer_floor
from flows.steps.generator.words import PARTS
from schemas.errors import UnknownEntity
from schemas.pipeline import Part
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, find_area, find_floor, match

WORDS = st.text("abcdef", min_size=1, max_size=8)


def places(part: Part, count: int) -> list[Place]:
    return [make_home(Random(f"{part}:{number}"), part) for number in range(count)]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_said_exactly_or_by_alias_is_found(part: Part) -> None:
    rng = Random(1)
    for place in places(part, 40):
        home = SimulatedHome(place.inventory)
        for entity in place.inventory.entities:
            said = refer(rng, place, entity, verbatim=0.5)
            if said.kind in ("exact", "alias"):
                assert match(home, Target(said.text))[0].id == entity.id
            else:
                with pytest.raises(UnknownEntity):
                    match(home, Target(said.text))


@pytest.mark.parametrize("part", PARTS)
def test_what_is_said_otherwise_means_one_thing(part: Part) -> None:
    rng = Random(2)
    for place in places(part, 60):
        for entity in place.inventory.entities:
            said = refer(rng, place, entity, verbatim=0)
            if said.kind in ("described", "partial"):
                bare = said.text.replace(" in the ", " ").replace(" on the ", " ").replace(" in ", " ")
                assert {found.id for found in place.meant(bare)} <= {entity.id}
            if said.kind in ("partial", "misspelled"):
                assert not place.taken(said.text)
                assert not place.near(said.text, entity)


def test_all_ways_occur_and_names_lead() -> None:
    rng = Random(3)
    kinds = Counter(refer(rng, p, e).kind for p in places("train", 250) for e in p.inventory.entities)
    total = kinds.total()
    assert kinds["exact"] / total > 0.68
    assert all(kinds[kind] / total > 0.02 for kind in ("alias", "described", "partial", "misspelled"))


def test_areas_and_floors_are_found_by_name_and_alias() -> None:
    rng = Random(4)
    seen: Counter[str] = Counter()
    for place in places("train", 150):
        home = SimulatedHome(place.inventory)
        for area in place.inventory.areas:
            said = refer_area(rng, place, area, verbatim=0.5)
            seen[said.kind] += 1
            if said.kind != "misspelled":
                assert find_area(home, said.text).id == area.id
        for floor in place.inventory.floors:
            said = refer_floor(rng, place, floor)
            assert said.kind == "misspelled" or find_floor(home, said.text).id == floor.id
    assert set(seen) == {"exact", "alias", "misspelled"}


@pytest.mark.parametrize("near", [True, False])
@pytest.mark.parametrize("part", PARTS)
def test_what_is_absent_is_not_there(part: Part, near: bool) -> None:
    rng = Random(5)
    for place in places(part, 50):
        for domain in place.by_domain:
            name = absent_name(rng, place, domain, near)
            assert not place.taken(name)
            assert not place.near(name)
            assert not place.meant(name)


def test_near_names_look_like_what_is_there() -> None:
    rng = Random(6)
    shared = made = 0
    for place in places("train", 80):
        words = {word for name in place.names for word in name.split()}
        for entity in place.by_domain.get("light", ()):
            name = absent_name(rng, place, "light", near=True)
            made += 1
            shared += any(word in words for word in name.split())
            assert entity.name != name
    assert shared / made > 0.7


def test_the_article_goes_where_it_belongs() -> None:
    rng = Random(7)
    for place in places("train", 60):
        for entity in place.inventory.entities:
            said = refer(rng, place, entity)
            assert said.the == (said.text if said.proper else f"the {said.text}")
            if entity.domain == "person":
                assert said.proper


@given(WORDS, WORDS)
def test_one_edit_apart_is_symmetric_and_close(one: str, two: str) -> None:
    assert one_edit_apart(one, two) == one_edit_apart(two, one)
    assert one_edit_apart(one, one)
    if one_edit_apart(one, two):
        assert abs(len(one) - len(two)) <= 1


@given(WORDS, st.integers(0, 7), st.sampled_from("abxyz"))
def test_a_letter_more_is_one_edit(word: str, at: int, letter: str) -> None:
    assert one_edit_apart(word, word[:at] + letter + word[at:])


@given(st.text(max_size=30), st.randoms(use_true_random=False))
def test_misspelling_takes_any_name(name: str, rng: Random) -> None:
    text = misspelled(rng, folded(name))
    assert text is None or text != folded(name)
    assert plainly(name) or not name


def test_marks_and_numbers_are_said_plainly() -> None:
    assert plainly("reading-lamp 💡") == "reading lamp"
    assert plainly("living_room_lamp") == "living room lamp"
    assert plainly("💡") == "💡"
    made = {misspelled(Random(seed), "küche lampe 2") for seed in range(60)}
    assert {"kuche lampe two", "kueche lampe two"} & made
