"""Rows about a home that somebody has."""

from __future__ import annotations

from flows.steps.generating import generate
from flows.steps.generator.owned import owned_place
from schemas.action import Actor
from schemas.home_lines import home_lines
from schemas.inventory import Area, Entity, Inventory
from schemas.loading import load_inventory
from schemas.pipeline import HomeSource
from serve.actions.home import SimulatedHome
from serve.actions.tools import plan


def test_rows_about_an_inventory_call_its_things_and_can_be_done():
    inventory = load_inventory("home")
    rows = list(generate(HomeSource(kind="home", rows=150, homes=1, inventory="home")))
    lines = home_lines(inventory)
    here = [row for row in rows if row.home == lines and row.tags[0] not in ("tools", "failure")]
    assert len(here) > 60
    assert all("own_home" in row.tags for row in rows)
    names = {entity.name for entity in inventory.entities}
    called = [call for row in here for call in row.answer().tool_calls]
    assert len({name for call in called if (name := call.function.parsed().get("name")) in names}) > 5
    home, actor = SimulatedHome(inventory), Actor(id="test", role="admin")
    for call in called:
        if "Timer" not in call.function.name and call.function.parsed().get("name") in names:
            plan(call, home, actor)


def test_kinds_are_guessed_from_class_and_name():
    inventory = Inventory(
        areas=(Area(id="attic", name="Attic", floor="top"),),
        entities=(
            Entity(id="media_player.a", name="Grandpa's old radio", area="attic"),
            Entity(id="cover.b", name="Sun blind", attributes={"device_class": "blind"}),
            Entity(id="update.c", name="Firmware"),
        ),
    )
    place = owned_place(inventory, "train")
    assert [place.kinds[entity.id].domain for entity in inventory.entities] == ["media_player", "cover", "update"]
    assert place.nouns["media_player.a"] == "radio"
    assert place.nouns["update.c"] == ""
    assert [floor.name for floor in place.inventory.floors] == ["top"]
    assert place.capitals
