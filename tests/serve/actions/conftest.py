"""A home with one of everything, a clock that stands still until told, and an actor of each role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.action import Actor, Change
from schemas.inventory import Inventory
from schemas.loading import load_inventory
from serve.actions.actionlog import ActionLog
from serve.actions.home import SimulatedHome
from serve.actions.performing import Actions
from serve.actions.policy import Policy

HOUSE = Path(__file__).resolve().parents[2] / "fixtures" / "homes" / "house.yaml"
ADMIN, USER, GUEST = Actor(id="ann", role="admin"), Actor(id="uma", role="user"), Actor(id="gus", role="guest")


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def inventory() -> Inventory:
    return load_inventory(str(HOUSE))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(inventory: Inventory, clock: Clock) -> SimulatedHome:
    return SimulatedHome(inventory, clock)


@pytest.fixture
def actions(home: SimulatedHome, clock: Clock, tmp_path: Path) -> Iterator[Actions]:
    log = ActionLog(tmp_path / "rottie.db")
    yield Actions(home, Policy(clock=clock), log)
    log.close()


def after(changes: tuple[Change, ...]) -> dict[str, str]:
    """Entity id to new state, of what changed."""
    return {change.entity_id: change.after.state if change.after else "gone" for change in changes}
