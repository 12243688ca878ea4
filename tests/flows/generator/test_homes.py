"""Homes: of every domain, taken by the simulated home as they are, no name of one part in another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from flows.steps.generator.homes import LARGEST, Place, folded, make_home
from flows.steps.generator.words import PARTS
from schemas.action import ServiceCall
from schemas.hashing import content_id
from schemas.home_lines import home_lines
from schemas.inventory import Inventory
from schemas.pipeline import Part
from serve.actions.domains import DOMAINS
from serve.actions.home import SimulatedHome
from serve.actions.matching import answers_to


def homes(part: Part, count: int, size: tuple[int, int] | None = None) -> list[Place]:
    return [make_home(Random(f"{part}:{number}"), part, size) for number in range(count)]


@pytest.mark.parametrize("part", PARTS)
def test_homes_are_valid_and_taken_unchanged(part: Part) -> None:
    """Made without validation for speed; what is made must validate, and be whole as it is."""
    for place in homes(part, 100):
        assert Inventory.model_validate_json(place.inventory.model_dump_json()) == place.inventory
        assert SimulatedHome(place.inventory).snapshot() == place.inventory


def test_homes_have_things_of_every_domain() -> None:
    counts = Counter(entity.domain for place in homes("train", 300) for entity in place.inventory.entities)
    assert set(counts) == set(DOMAINS)
    assert counts["light"] == max(counts.values())


def test_most_homes_are_small_and_some_are_large() -> None:
    sizes = sorted(len(place.inventory.entities) for place in homes("train", 300))
    assert sizes[0] <= 3
    assert 7 <= sizes[150] <= 12
    assert 30 <= sizes[-1] <= LARGEST


@pytest.mark.parametrize("size", [(1, 1), (12, 16), (60, 60)])
@pytest.mark.parametrize("part", PARTS)
def test_the_size_is_what_is_asked_for(part: Part, size: tuple[int, int]) -> None:
    for place in homes(part, 5, size):
        assert size[0] <= len(place.inventory.entities) <= size[1]
        assert place.inventory.areas


@pytest.mark.parametrize("part", PARTS)
def test_everything_is_called_differently(part: Part) -> None:
    for place in homes(part, 60):
        home = place.inventory
        named = [(item.id, name) for item in (*home.entities, *home.areas, *home.floors) for name in (item.name, *item.aliases)]
        keys = [folded(name).replace(" ", "") for _, name in named]
        assert len(keys) == len(set(keys))
        for entity in home.entities:
            assert [other.id for other in home.entities if answers_to(other, entity.name)] == [entity.id]


def test_no_name_of_one_part_is_in_another() -> None:
    names = {
        part: {
            folded(name)
            for place in homes(part, 300 if part == "train" else 150)
            for entity in place.inventory.entities
            for name in (entity.name, *entity.aliases)
        }
        for part in PARTS
    }
    assert not names["train"] & (names["validation"] | names["test"])
    assert not names["validation"] & names["test"]


def test_held_out_names_are_mostly_made_of_words_never_seen() -> None:
    seen = {
        word for place in homes("train", 300) for e in place.inventory.entities for n in (e.name, *e.aliases)
        for word in folded(n).split()
    }  # fmt: skip
    held = [folded(entity.name) for place in homes("test", 80) for entity in place.inventory.entities]
    new = sum(any(word not in seen for word in name.split()) for name in held)
    assert 0.4 < new / len(held) < 0.95


def test_scenes_and_scripts_do_something() -> None:
    done = changed = 0
    for place in homes("train", 150):
        home = SimulatedHome(place.inventory)
        for entity in place.inventory.entities:
            if entity.domain in ("scene", "script"):
                done += 1
                changed += len(home.preview(ServiceCall(service="turn_on", entity_id=entity.id))) > 1
    assert done > 50
    assert changed / done > 0.6


def test_homes_have_their_own_ways() -> None:
    places = homes("train", 300)
    entities = [entity for place in places for entity in place.inventory.entities]
    aliased = sum(bool(entity.aliases) for entity in entities) / len(entities)
    assert 0.12 < aliased < 0.28
    assert 0.25 < sum(place.capitals for place in places) / len(places) < 0.55
    assert any(not entity.name.isascii() for entity in entities)
    assert any("'" in entity.name for entity in entities)
    assert any(area.floor for place in places for area in place.inventory.areas)
    assert any(len(place.by_area) == 1 for place in places)


def test_the_same_seed_makes_the_same_home_in_another_process() -> None:
    """Golden across processes with other hash seeds: no set's order and no hash() may reach a home."""
    code = (
        "from random import Random\nfrom flows.steps.generator.homes import make_home\nfrom schemas.hashing import content_id\n"
        "print(content_id(*[make_home(Random(f'test:{n}'), 'test').inventory for n in range(20)]))"
    )
    here = content_id(*[place.inventory for place in homes("test", 20)])
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == here


def test_lines_of_most_homes_are_short() -> None:
    lengths = sorted(sum(len(line) + 1 for line in home_lines(place.inventory)) for place in homes("train", 300))
    assert lengths[150] < 800  # characters: about 400 tokens of two characters each at worst
