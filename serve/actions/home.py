"""The simulated home: holds the states of any inventory and changes them as Home Assistant's services would.

Safe from several threads: every method holds one lock, and what it hands out never changes afterwards. Nothing happens
by itself but in ``elapse``, which whoever runs the home calls when ``next_due`` has come (clock.py keep_time does).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.action import Change, ServiceCall
from schemas.errors import InvalidState, UnknownEntity
from schemas.hashing import content_id
from schemas.home_lines import home_lines
from schemas.inventory import Area, Device, Entity, Floor, Inventory
from serve.actions.domains import domain_of
from serve.actions.transaction import Transaction, attributes_of, script_cycle

_log = logging.getLogger(__name__)
Listener = Callable[[tuple[Change, ...]], None]


def system_clock() -> datetime:
    return datetime.now(UTC)


class SimulatedHome:
    """``clock`` gives the present as an aware datetime; tests hand in their own."""

    def __init__(self, inventory: Inventory, clock: Callable[[], datetime] = system_clock) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._listeners: list[Listener] = []
        self._timed: list[Callable[[], object]] = []
        self.replace(inventory)

    def now(self) -> datetime:
        return self._clock()

    def replace(self, inventory: Inventory) -> None:
        """Take another inventory, whole or not at all. Raises InvalidState for a state that its domain does not have."""
        entities = {entity.id: domain_of(entity.domain).verify(entity) for entity in inventory.entities}
        if cycle := script_cycle(entities):
            raise InvalidState("scripts call each other without end", where=" -> ".join(cycle))
        with self._lock:
            self._inventory = inventory.model_copy(update={"entities": ()})
            self._entities: dict[str, Entity] = entities
        self._wake()

    def snapshot(self) -> Inventory:
        """The home as it is now: an inventory that another home can start from, running timers included."""
        with self._lock:
            return self._inventory.model_copy(update={"entities": tuple(self._entities.values())})

    def entities(self) -> tuple[Entity, ...]:
        with self._lock:
            return tuple(self._entities.values())

    def entity(self, entity_id: str) -> Entity:
        with self._lock:
            found = self._entities.get(entity_id)
        if found is None:
            raise UnknownEntity(f"there is no {entity_id!r:.80}", where="entity_id")
        return found

    @property
    def areas(self) -> tuple[Area, ...]:
        return self._inventory.areas

    @property
    def devices(self) -> tuple[Device, ...]:
        return self._inventory.devices

    def floors(self) -> tuple[Floor, ...]:
        """The declared floors, or those that areas name."""
        declared = self._inventory.floors
        named = dict.fromkeys(area.floor for area in self.areas if area.floor)
        return declared or tuple(Floor(id=name, name=name) for name in named)

    def apply(self, *calls: ServiceCall, new: Entity | None = None) -> tuple[Change, ...]:
        """All services in their order, or none; ``new`` comes into being first, as a spoken timer does.

        Raises ActionError with nothing changed.
        """
        with self._lock:
            return self._commit(self._tried(calls, new))

    def check(self) -> None:
        """Raises Unreachable for a home that is far away and of which nothing is known yet."""

    def status(self) -> dict[str, Any]:
        """As JSON, for whoever looks after the home."""
        return {"kind": "simulated", "entities": len(self.entities())}

    def warning(self) -> str | None:
        """What has to be said with every state that is read: that it may be old."""
        return None

    def read(self) -> Inventory:
        """``snapshot`` for people. Raises HomeDown for a home that is far away and of which nothing is known yet."""
        return self.snapshot()

    async def perform(self, *calls: ServiceCall, new: Entity | None = None) -> tuple[Change, ...]:
        """``apply``, for homes of any kind: a real one is far away, takes its time, and may do a part only."""
        return self.apply(*calls, new=new)

    def preview(self, *calls: ServiceCall, new: Entity | None = None) -> tuple[Change, ...]:
        """What ``apply`` would change now, scenes and scripts followed to their ends. Raises what it would raise."""
        with self._lock:
            return self._tried(calls, new).changes()

    def _tried(self, calls: Iterable[ServiceCall], new: Entity | None) -> Transaction:
        transaction = Transaction(self._entities, self.now())
        if new is not None:
            if new.id in self._entities:
                raise InvalidState(f"there is a {new.id} already", where=new.id)
            transaction.put(new)
        for call in calls:
            transaction.call(call)
        return transaction

    def patch(self, entity_id: str, state: str | None = None, attributes: Mapping[str, Any] | None = None) -> tuple[Change, ...]:
        """Set a state by hand, as an admin or a test does; attributes are merged, and None removes one."""
        with self._lock:
            entity = self.entity(entity_id)
            if state is not None and not isinstance(state, str):
                raise InvalidState("a state is a text", where=entity_id)
            given = attributes_of(attributes or {}, entity_id)
            removed = {key for key, value in given.items() if value is None}
            kept = {key: value for key, value in entity.attributes.items() if key not in removed}
            given = {key: value for key, value in given.items() if value is not None}
            transaction = Transaction(self._entities, self.now())
            bare = entity.model_copy(update={"attributes": kept})
            transaction.result[entity_id] = domain_of(entity.domain).put(bare, state, given)
            if cycle := script_cycle(transaction.result):
                raise InvalidState("scripts call each other without end", where=" -> ".join(cycle))
            return self._commit(transaction)

    def timed(self) -> tuple[Entity, ...]:
        """The entities that time changes in this home."""
        return self.entities()

    def next_due(self) -> datetime | None:
        """When something changes by itself next."""
        return min((when for entity in self.timed() if (when := domain_of(entity.domain).due(entity))), default=None)

    def elapse(self) -> tuple[Change, ...]:
        """Let happen what time has brought: timers end, a vacuum docks. Tells the listeners of ``on_elapsed``."""
        with self._lock:
            now = self.now()
            transaction = Transaction(self._entities, now)
            for entity in self.timed():
                domain = domain_of(entity.domain)
                when = domain.due(entity)
                if when is not None and when <= now:
                    after = domain.elapse(entity)
                    if after is None:
                        transaction.remove(entity.id)
                    else:
                        transaction.put(after)
            changes = self._commit(transaction)
        self._tell(changes)
        return changes

    def _tell(self, changes: tuple[Change, ...]) -> None:
        for listener in tuple(self._listeners) if changes else ():
            try:
                listener(changes)
            except Exception:
                # Time goes on, whatever becomes of the one who was told.
                _log.exception("a listener of the home failed")

    def on_elapsed(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with what time changed; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_timed(self, wake: Callable[[], object]) -> Callable[[], None]:
        """Call ``wake`` (from any thread) whenever ``next_due`` may have changed; the result ends that."""
        self._timed.append(wake)
        return lambda: self._timed.remove(wake)

    def lines(self) -> tuple[str, ...]:
        """The home as the prompt has it. Spoken timers are left out: they come and go, and the prefix cache with them."""
        home = self.snapshot()
        lasting = tuple(entity for entity in home.entities if not entity.attributes.get("spoken"))
        return home_lines(home.model_copy(update={"entities": lasting}))

    def content_hash(self) -> str:
        """Of everything, states included."""
        return content_id(self.snapshot())

    def structure_hash(self) -> str:
        """Of what things are called and where they are; states and spoken timers leave it as it is."""
        home = self.snapshot()
        lasting = [entity for entity in home.entities if not entity.attributes.get("spoken")]
        named = [(e.id, e.name, e.area, e.aliases, e.attributes.get("device_class")) for e in lasting]
        return content_id(home.floors, home.areas, home.devices, named)

    def _commit(self, transaction: Transaction) -> tuple[Change, ...]:
        changes = transaction.changes()
        if changes:
            self._entities = transaction.result
            self._wake()
        return changes

    def _wake(self) -> None:
        for wake in tuple(self._timed):
            wake()
