"""What a name, an area, a floor and a kind mean together."""

from __future__ import annotations

import pytest

from schemas.errors import ActionError
from serve.actions.home import SimulatedHome
from serve.actions.matching import Target, match, match_one

LIGHT = frozenset({"light"})


@pytest.mark.parametrize(
    ("target", "near", "ids"),
    [
        (Target("counter LAMP"), None, ["light.counter"]),
        (Target("  Counter   lamp "), None, ["light.counter"]),
        (Target("light.counter"), None, ["light.counter"]),
        (Target("Moon"), None, ["light.night"]),
        (Target(area="galley", domains=LIGHT), None, ["light.counter", "light.pantry"]),
        (Target(area="bath", domains=LIGHT), None, ["light.mirror"]),
        (Target(floor="upstairs", domains=LIGHT), None, ["light.night", "light.mirror"]),
        (Target(domains=frozenset({"lock"})), None, ["lock.back", "lock.safe"]),
        (Target("all", domains=frozenset({"lock"})), None, ["lock.back", "lock.safe"]),
        (Target(device_classes=frozenset({"blind"})), None, ["cover.left", "cover.right"]),
        (Target("heater"), "bath", ["switch.heater"]),
        (Target("heater"), "bedroom", ["fan.heater"]),
        (Target("heater", area="bath"), None, ["switch.heater"]),
        (Target("heater", domains=frozenset({"fan"})), None, ["fan.heater"]),
        (Target("heater", floor="upper", domains=frozenset({"switch"})), None, ["switch.heater"]),
    ],
)
def test_found(home: SimulatedHome, target: Target, near: str | None, ids: list[str]) -> None:
    assert [entity.id for entity in match(home, target, near)] == ids


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        (Target("counter lam"), "action.unknown_entity", "Counter lamp"),
        (Target("lamp"), "action.unknown_entity", "called 'lamp'"),
        (Target("counter lamp", area="garage"), "action.no_match", "Garage"),
        (Target("counter lamp", floor="upper"), "action.no_match", "Upper floor"),
        (Target("radio", domains=LIGHT), "action.no_match", "media_player"),
        (Target(area="attic"), "action.unknown_area", "Kitchen"),
        (Target(area="kitchn"), "action.unknown_area", "Did you mean Kitchen"),
        (Target(floor="cellar"), "action.unknown_floor", "Ground floor"),
        (Target(area="garage", domains=LIGHT), "action.no_match", "a light"),
        (Target(domains=frozenset({"siren"})), "action.no_match", "no siren"),
        (Target(device_classes=frozenset({"shade"}), domains=frozenset({"cover"})), "action.no_match", "blind"),
        (Target("heater"), "action.ambiguous", "switch in bath"),
    ],
)
def test_refused(home: SimulatedHome, target: Target, code: str, says: str) -> None:
    with pytest.raises(ActionError) as caught:
        match(home, target)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_one_is_chosen_by_state_then_by_room(home: SimulatedHome) -> None:
    players = Target(domains=frozenset({"media_player"}))
    assert match_one(home, players, states=("playing",)).id == "media_player.radio"
    assert match_one(home, players, near="bedroom").id == "media_player.tv"
    with pytest.raises(ActionError, match="2 things"):
        match_one(home, players)
