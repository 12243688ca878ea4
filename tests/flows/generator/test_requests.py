"""Right answers acted out: every call is one that the home takes, and does what the sentence says."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from flows.steps.generator.exchanges import Exchange
from flows.steps.generator.homes import Place, make_home
from flows.steps.generator.requests import WEIGHTS, exchange, single
from schemas.action import Actor
from schemas.conversation import call
from schemas.home_lines import NOON
from schemas.pipeline import Part
from serve.actions.home import SimulatedHome
from serve.actions.tools import plan

ACTOR = Actor(id="test", role="admin")
# What only a timer that somebody started by voice can be asked; none is in a home that nobody has spoken in.
OF_SPOKEN_TIMERS = {"HassCancelTimer", "HassPauseTimer", "HassUnpauseTimer", "HassIncreaseTimer", "HassDecreaseTimer"}


def drawn(part: Part, homes: int, each: int) -> list[tuple[Place, Exchange]]:
    found = []
    for number in range(homes):
        rng = random.Random(number)
        place = make_home(rng, part)
        found += [(place, exchange(rng, place, part)) for _ in range(each)]
    return found


@pytest.fixture(scope="module", params=["train", "validation", "test"])
def requests(request: pytest.FixtureRequest) -> list[tuple[Place, Exchange]]:
    return drawn(request.param, 150, 8)


def test_right_calls_are_accepted_and_change_the_home(requests: list[tuple[Place, Exchange]]) -> None:
    idle: Counter[str] = Counter()
    for place, asked in requests:
        if OF_SPOKEN_TIMERS & {tool for tool, _ in asked.calls}:
            continue
        home = SimulatedHome(place.inventory, lambda: NOON)
        before = home.content_hash()
        for tool, arguments in asked.calls:
            made = plan(call(tool, arguments), home, ACTOR)
            home.apply(*made.calls, new=made.new)
        idle[asked.category] += (
            home.content_hash() == before and asked.category not in ("question", "timer") and bool(asked.calls)
        )
    assert idle.total() < 0.06 * len(requests)  # now and then what is wished for is so already


def test_every_string_can_be_read_off_the_request_or_the_home(requests: list[tuple[Place, Exchange]]) -> None:
    for place, asked in requests:
        home = place.inventory
        named = {item.name for item in (*home.entities, *home.areas)}
        for _, arguments in asked.calls:
            for key, value in arguments.items():
                if isinstance(value, str) and key not in ("domain", "device_class", "volume_step"):
                    words = (
                        f" {asked.request.rstrip('.?!')} ".replace(",", " ,")
                        .replace(".", " .")
                        .replace(":", " :")
                        .replace(";", " ;")
                    )
                    assert value in named or f" {value} " in words, (key, value, asked.request)


def test_names_are_canonical(requests: list[tuple[Place, Exchange]]) -> None:
    for place, asked in requests:
        names, areas = {e.name for e in place.inventory.entities}, {a.name for a in place.inventory.areas}
        for tool, arguments in asked.calls:
            assert "Timer" in tool or arguments.get("name") in {None, *names}
            assert arguments.get("area") in {None, *areas}


def test_every_category_occurs(requests: list[tuple[Place, Exchange]]) -> None:
    seen = Counter(asked.category for _, asked in requests)
    assert set(seen) == set(WEIGHTS)
    assert all(asked.calls or asked.reply for _, asked in requests)


def test_a_request_that_leaves_the_room_open_is_asked_back() -> None:
    rng = random.Random(3)
    places = [make_home(rng, "train") for _ in range(20)]
    found = [made for place in places for _ in range(30) if (made := single(rng, place, "train", "indirect"))]
    asked_back = [made for made in found if not made.calls]
    assert 0.02 < len(asked_back) / len(found) < 0.2
    assert {made.reply for made in asked_back} == {"In which room?"}
