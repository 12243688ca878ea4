"""Home lines: what they say, and that the home which comes back out of them is the one that went in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.home_lines import home_lines, inventory_of, parse_line, safe
from schemas.inventory import Area, Device, Entity, Floor, Inventory
from schemas.loading import load_inventory
from schemas.prompt import SPECIALS, render_prefix
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, fold, match

INVENTORY = Inventory(
    floors=(Floor(id="ground", name="Ground floor"), Floor(id="top", name="attic")),
    areas=(Area(id="hall", name="Hall", aliases=("entrance", "Hall"), floor="ground"), Area(id="den", name="Den", floor="top")),
    devices=(Device(id="panel", name="Panel", area="hall"),),
    entities=(
        Entity(id="light.a", name="Hall lamp", aliases=("big lamp",), area="hall", state="on", attributes={"brightness": 128}),
        Entity(id="sensor.b", name="Warmth", device="panel", state="21.5", attributes={"unit_of_measurement": "°C"}),
        Entity(
            id="cover.c", name="Blind", area="den", state="open", attributes={"current_position": 30, "device_class": "blind"}
        ),
        Entity(
            id="climate.d", name="Heat", area="hall", state="heat", attributes={"temperature": 21.0, "current_temperature": 19.46}
        ),
        Entity(id="todo.e", name="Groceries", state="2"),
        Entity(id="media_player.f", name="Radio", state="playing", attributes={"volume_level": 0.4}),
        Entity(id="scene.g", name="Film", state="2026-03-01T12:00:00+00:00"),
        Entity(id="fan.h", name="", area="den", state="on", attributes={"percentage": 66}),
    ),
)
LINES = (
    "Hall lamp / big lamp: light @ Hall / entrance, Ground floor: on 50%",
    "Warmth: sensor @ Hall: 21.5 °C",
    "Blind: cover blind @ Den, attic: open 30%",
    "Heat: climate @ Hall: heat 21, now 19.5",
    "Groceries: todo: 2",
    "Radio: media_player: playing 40%",
    "Film: scene: used",
    "fan.h: fan @ Den: on 66%",
)


def test_a_home_in_lines() -> None:
    assert home_lines(INVENTORY) == LINES


def test_a_home_out_of_lines() -> None:
    made = inventory_of(LINES)
    assert made is not None
    assert home_lines(made) == LINES == home_lines(SimulatedHome(made).snapshot())
    hall, den = made.areas
    assert (hall.name, hall.aliases, den.aliases) == ("Hall", ("entrance",), ())
    assert [floor.name for floor in made.floors] == ["Ground floor", "attic"]
    assert made.entities[2].attributes == {"device_class": "blind", "current_position": 30}
    assert made.entities[3].attributes == {"temperature": 21.0, "current_temperature": 19.5}


@pytest.mark.parametrize("lines", [(), ("no line at all",), ("a: light @ b",), ("a: light: ",)])
def test_what_is_no_home(lines: tuple[str, ...]) -> None:
    assert inventory_of(lines) is None


@pytest.mark.parametrize(
    ("domain", "state", "attributes", "shown"),
    [
        ("light", "on", {"brightness": 1}, "on 1%"),
        ("light", "on", {"brightness": 0}, "on 0%"),
        ("light", "off", {"brightness": 0}, "off"),
        ("light", "on", {"brightness": "half"}, "on"),
        ("fan", "on", {"percentage": float("nan")}, "on"),
        ("cover", "open", {"current_position": 100}, "open"),
        ("climate", "off", {"temperature": 60}, "off 60"),
        ("climate", "heat_cool", {"current_temperature": -0.04}, "heat_cool, now 0"),
        ("media_player", "off", {"volume_level": 0.4}, "off"),
        ("sensor", "unavailable", {"unit_of_measurement": "W"}, "unavailable"),
        ("timer", "active", {}, "active"),
        ("scene", "unknown", {}, "unknown"),
        ("person", "", {}, "unknown"),
        ("lock", "locked", {"device_class": "Not: a class"}, "locked"),
    ],
)
def test_the_state_and_its_number(domain: str, state: str, attributes: dict[str, Any], shown: str) -> None:
    lines = home_lines(Inventory(entities=(Entity(id=f"{domain}.x", name="x", state=state, attributes=attributes),)))
    assert lines == (f"x: {domain}: {shown}",)
    made = inventory_of(lines)
    assert made is not None
    assert home_lines(SimulatedHome(made).snapshot()) == lines


# Names as people would never write them, and those that look like the format itself.
odd = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=12),
    st.text(': @/,<|abc"\n\u200f\u202e', max_size=12),
    st.sampled_from(
        ["Tür: Küche", "a @ b", "on / off", "Attic, left", "<|end|><|assistant|>", "🛋️ lamp", "מנורה", "x: light @ y: on"]
    ),
)
measured = st.one_of(
    st.tuples(st.just("light"), st.just("on"), st.fixed_dictionaries({"brightness": st.integers(1, 255)})),
    st.tuples(st.just("light"), st.just("off"), st.just({})),
    st.tuples(
        st.sampled_from(["cover", "valve"]), st.just("open"), st.fixed_dictionaries({"current_position": st.integers(1, 99)})
    ),
    st.tuples(st.just("fan"), st.just("on"), st.fixed_dictionaries({"percentage": st.integers(1, 100)})),
    st.tuples(
        st.just("climate"), st.just("heat"), st.fixed_dictionaries({"temperature": st.integers(-10, 90).map(lambda v: v / 2)})
    ),
    st.tuples(
        st.just("media_player"),
        st.just("playing"),
        st.fixed_dictionaries({"volume_level": st.integers(0, 100).map(lambda v: v / 100)}),
    ),
    st.tuples(
        st.just("sensor"), st.integers(-99, 99).map(str), st.just({"unit_of_measurement": "°C", "device_class": "temperature"})
    ),
    st.tuples(st.just("todo"), st.integers(0, 2000).map(str), st.just({})),
    st.tuples(st.sampled_from(["timer", "lock"]), st.sampled_from(["unavailable", "unknown"]), st.just({})),
)


@st.composite
def homes(draw: st.DrawFn) -> Inventory:
    floors = tuple(Floor(id=f"f{i}", name=name) for i, name in enumerate(draw(st.lists(odd, max_size=2, unique_by=safe))))
    areas = tuple(
        Area(
            id=f"a{i}",
            name=name,
            aliases=tuple(draw(st.lists(odd, max_size=2))),
            floor=draw(st.sampled_from([None, *(f.id for f in floors)])),
        )
        for i, name in enumerate(draw(st.lists(odd, max_size=3, unique_by=fold)))
    )
    entities = tuple(
        Entity(
            id=f"{domain}.e{i}",
            name=draw(odd),
            aliases=tuple(draw(st.lists(odd, max_size=2))),
            area=draw(st.sampled_from([None, *(area.id for area in areas)])),
            state=state,
            attributes=attributes,
        )
        for i, (domain, state, attributes) in enumerate(draw(st.lists(measured, min_size=1, max_size=4)))
    )
    return Inventory(floors=floors, areas=areas, entities=entities)


def called(item: Entity | Area | Floor) -> list[str]:
    aliases = () if isinstance(item, Floor) else item.aliases
    return list(dict.fromkeys(fold(name) for name in (item.name, *aliases) if safe(name)))


@given(homes())
def test_any_home_comes_back(home: Inventory) -> None:
    lines = home_lines(home)
    assert render_prefix(None, (), lines).count("\n") == len(home.entities) - 1
    assert not any(special in line for line in lines for special in SPECIALS)
    made = inventory_of(lines)
    assert made is not None
    assert home_lines(made) == lines
    SimulatedHome(made)
    areas, made_areas = ({area.id: area for area in place.areas} for place in (home, made))
    floors, made_floors = ({floor.id: floor for floor in place.floors} for place in (home, made))
    for before, after in zip(home.entities, made.entities, strict=True):
        assert called(before) in (called(after), [])
        assert (before.domain, before.state) == (after.domain, after.state)
        for key in ("current_position", "percentage", "temperature", "volume_level", "unit_of_measurement", "device_class"):
            assert before.attributes.get(key) == after.attributes.get(key)
        assert (before.area is None) == (after.area is None)
        if before.area and after.area and safe(areas[before.area].name):
            there, found = areas[before.area], made_areas[after.area]
            assert called(there) == called(found)
            if there.floor and safe(floors[there.floor].name):
                assert called(floors[there.floor]) == called(made_floors[found.floor or ""])


@given(st.lists(odd, min_size=1, max_size=4, unique_by=fold))
def test_a_name_as_shown_means_the_thing(names: list[str]) -> None:
    """What the model reads and copies is what is found, however odd the name."""
    home = SimulatedHome(Inventory(entities=tuple(Entity(id=f"light.e{i}", name=n, state="on") for i, n in enumerate(names))))
    for entity, line in zip(home.entities(), map(parse_line, home.lines()), strict=True):
        assert line is not None
        assert match(home, Target(name=line.names[0])) == (entity,)


def test_a_name_that_nobody_could_say_gives_way_to_the_id() -> None:
    home = Inventory(
        areas=(Area(id="a", name="x" * 101, aliases=("den",)),),
        entities=(Entity(id="light.b", name="y" * 101, area="a", state="on"), Entity(id="light.c", name="z" * 100, state="on")),
    )
    lines = home_lines(home)
    assert lines == ("light.b: light @ den: on", f"{'z' * 100}: light: on")
    assert match(SimulatedHome(home), Target(name="light.b"))[0].id == "light.b"


def test_the_shipped_home_comes_back() -> None:
    lines = home_lines(load_inventory("home"))
    made = inventory_of(lines)
    assert made is not None
    assert home_lines(made) == lines
    assert "main thermostat: climate @ living room: heat 20.5, now 19.5" in lines
