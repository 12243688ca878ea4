"""RealHome: Home Assistant's entities, mirrored as they are now, and acted on through its services.

The mirror is a SimulatedHome whose states come from outside: matching, planning, preview and policy work on it unchanged.
Acting sends the planned services, waits a short time for the states to follow, and tells what really changed. While the
connection is down, what was last known can be read and is marked so, and every order is refused; none is kept for later.
Timers that a person speaks have no counterpart there: they are kept, and end, here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from schemas.action import Change, EntityState, ServiceCall
from schemas.assistant import HomeChoice
from schemas.errors import ActionError, HomeDown, NotSeen, NotSupported, Unreachable
from schemas.inventory import Entity, Inventory
from serve.actions.domains.moments import written
from serve.actions.hass.link import REFUSED, Link
from serve.actions.hass.mirror import Seen, fitted, name_of, state_of
from serve.actions.hass.reach import Reach, worst
from serve.actions.hass.sending import send
from serve.actions.hass.translating import commands
from serve.actions.hass.wire import Wire
from serve.actions.home import SimulatedHome, system_clock
from serve.actions.transaction import state_of as held

log = logging.getLogger("rottie.serve")
STALE = "stale_since"  # an attribute of every entity while nothing new comes
CONTEXTS = 1000  # that are remembered, to tell what followed from an order
_ITEMS = ("items", "completed")


class RealHome(SimulatedHome):
    """``token`` gives the secret before every try. ``last`` are the states of an earlier run, shown until newer ones come."""

    def __init__(
        self,
        source: HomeChoice,
        token: Callable[[], str],
        last: Inventory | None = None,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._source = source
        self._wire: Wire | None = None
        self._filled = last is not None and any(not entity.attributes.get("spoken") for entity in last.entities)
        self._stale_since: datetime | None = clock()
        self._trouble: str | None = "not connected yet"
        self._everything: dict[str, EntityState] = {}
        self._reach = Reach({}, {})
        self._missed: list[dict[str, Any]] | None = None
        self._touched: dict[str, set[str]] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self._link = Link(source, token, self)
        super().__init__(Inventory(), clock)
        if last is not None:
            self._inventory = last.model_copy(update={"entities": ()})
            self._entities = {entity.id: _unmarked(entity) for entity in last.entities}

    async def open(self, wait_s: float) -> None:
        """Begin to follow Home Assistant. Returns when it has answered, or after ``wait_s``; never fails."""
        self._link.keep()
        await self._until(lambda: self._wire is not None or self._trouble == REFUSED, wait_s)

    def keep_open(self) -> None:
        self._link.keep()

    async def close(self) -> None:
        await self._link.close()

    def status(self) -> dict[str, Any]:
        """As JSON: whether it is connected, and if not why, and how old the states are. The token is never told."""
        with self._lock:
            entities = sum(1 for entity in self._entities.values() if not entity.attributes.get("spoken"))
        return {
            "kind": "home_assistant",
            "url": self._source.url,
            "connected": self._wire is not None,
            "version": self._wire.version if self._wire else None,
            "entities": entities,
            "last_known_at": written(self._stale_since) if self._stale_since and self._filled else None,
            "error": self._trouble,
        }

    # Reading

    def check(self) -> None:
        if not self._filled:
            raise Unreachable(f"Home Assistant has not answered yet: {self._trouble}", where=self._source.url)

    def read(self) -> Inventory:
        """The home as it is known now. Raises HomeDown where nothing is."""
        if not self._filled:
            raise HomeDown(f"Home Assistant has not answered yet: {self._trouble}", where=self._source.url)
        return self.snapshot()

    def snapshot(self) -> Inventory:
        found = super().snapshot()
        if self._stale_since is None:
            return found
        mark = {STALE: written(self._stale_since)}
        marked = tuple(
            entity if entity.attributes.get("spoken") else entity.model_copy(update={"attributes": {**entity.attributes, **mark}})
            for entity in found.entities
        )
        return found.model_copy(update={"entities": marked})

    def warning(self) -> str | None:
        if self._stale_since is None:
            return None
        return f"Home Assistant cannot be reached; this was so at {self._stale_since.astimezone():%H:%M on %Y-%m-%d}."

    def timed(self) -> tuple[Entity, ...]:
        """Only timers that were spoken here: everything else ends in Home Assistant."""
        with self._lock:
            return tuple(entity for entity in self._entities.values() if entity.attributes.get("spoken"))

    def replace(self, inventory: Inventory) -> None:
        if hasattr(self, "_entities"):
            raise _not_ours()
        super().replace(inventory)

    def patch(self, entity_id: str, state: str | None = None, attributes: Mapping[str, Any] | None = None) -> tuple[Change, ...]:
        raise _not_ours()

    # Acting

    def preview(self, *calls: ServiceCall, new: Entity | None = None) -> tuple[Change, ...]:
        """With the worst that may come of what a scene, script or group reaches."""
        with self._lock:
            reached = {
                entity_id: worst(entity_id, self._everything[entity_id], call.service)
                for call in calls
                for entity_id in sorted(self._reach.of(call.entity_id, call.service))
            }
            more = (Change(entity_id=each, before=self._everything[each], after=after) for each, after in reached.items())
            return (*super().preview(*calls, new=new), *more)

    async def perform(self, *calls: ServiceCall, new: Entity | None = None) -> tuple[Change, ...]:
        """Raises ActionError, its ``changes`` telling what was done all the same."""
        spoken = {entity.id for entity in self.timed()} | ({new.id} if new is not None else set())
        here = tuple(call for call in calls if call.entity_id in spoken)
        there = tuple(call for call in calls if call.entity_id not in spoken)
        changes = await self._order(there) if there else ()
        return (*changes, *self.apply(*here, new=new)) if here or new is not None else changes

    async def _order(self, calls: tuple[ServiceCall, ...]) -> tuple[Change, ...]:
        wire = self._wire
        if wire is None:
            raise Unreachable(f"Home Assistant cannot be reached: {self._trouble}", where=self._source.url)
        with self._lock:
            before = dict(self._entities)
            expected = {change.entity_id: change for change in super().preview(*calls)}
        contexts: set[str] = set()
        try:
            for command in commands(calls, before, self.areas):
                contexts.add(await send(wire, command, before[command.entity_ids[0]], self._source.timeout_s))
            await self._seen(before, expected)
        except ActionError as error:
            error.changes = self._since(before, calls, contexts)
            raise
        return self._since(before, calls, contexts)

    async def _seen(self, before: Mapping[str, Entity], expected: Mapping[str, Change]) -> None:
        """Wait for what should change. Raises NotSeen; attributes alone may stay as they are, devices round and clip."""

        def missing(states_alone: bool) -> list[str]:
            with self._lock:
                now = dict(self._entities)
            return [
                before[key].name
                for key, change in expected.items()
                if key in before and held(now.get(key)) == held(before[key]) and not (states_alone and _same_state(change))
            ]

        await self._until(lambda: not missing(states_alone=False), self._source.follow_s)
        if late := missing(states_alone=True):
            names = ", ".join(late[:3])
            raise NotSeen(f"Home Assistant took the order, and {names} shows no change yet", where=names[:100])

    def _since(self, before: Mapping[str, Entity], calls: tuple[ServiceCall, ...], contexts: set[str]) -> tuple[Change, ...]:
        """What differs from ``before``, of the things that were meant and of all that Home Assistant says followed."""
        with self._lock:
            touched = {call.entity_id for call in calls}.union(*(self._touched.get(each, set()) for each in contexts))
            pairs = [(key, held(before[key]), held(self._entities.get(key))) for key in before if key in touched]
        return tuple(Change(entity_id=key, before=old, after=new) for key, old, new in pairs if old != new)

    # Following: what the link tells

    def begin(self) -> None:
        self._missed = []

    def fill(self, found: Seen, scripts: dict[str, Any]) -> None:
        with self._lock:
            old, spoken = self._entities, self.timed()
            kept = [_with_items(entity, old.get(entity.id)) for entity in found.inventory.entities]
            self._inventory = found.inventory.model_copy(update={"entities": ()})
            self._entities = {entity.id: entity for entity in (*kept, *spoken)}
            self._everything = dict(found.everything)
            self._reach = Reach(self._everything, scripts)
            missed, self._missed = self._missed or [], None
            for event in missed:
                self.take_state(event)
        self._stir()

    def up(self, wire: Wire) -> None:
        log.info("Home Assistant %s: %d entities", wire.version, len(self._entities))
        self._wire, self._trouble, self._stale_since, self._filled = wire, None, None, True
        self._stir()

    def down(self, reason: str) -> None:
        if self._trouble != reason:
            log.warning("Home Assistant: %s", reason)
        self._wire, self._trouble = None, reason
        self._stale_since = self._stale_since or self.now()
        self._stir()

    def take_state(self, event: dict[str, Any]) -> bool:
        data = event.get("data")
        if not isinstance(data, dict) or not isinstance(entity_id := data.get("entity_id"), str):
            return False
        fresh = data.get("new_state")
        with self._lock:
            if self._missed is not None:
                self._missed.append(event)
            known = entity_id in self._everything
            if not isinstance(fresh, dict):
                self._everything.pop(entity_id, None)
                return self._entities.pop(entity_id, None) is not None
            state = {**fresh, "entity_id": entity_id}
            self._everything[entity_id] = EntityState(**state_of(state))
            if (entity := self._entities.get(entity_id)) is not None:
                changed = entity.model_copy(update={"name": name_of(state), **state_of(state)})
                self._entities[entity_id] = _with_items(changed, entity)
                self._remember(entity_id, fresh.get("context"))
        if entity is not None:
            self._stir()
        return not known

    def take_items(self, entity_id: str, items: Any) -> None:
        known = [item for item in (items if isinstance(items, list) else ()) if isinstance(item, dict)]
        done = [str(item.get("summary"))[:255] for item in known if item.get("status") == "completed"]
        left = [str(item.get("summary"))[:255] for item in known if item.get("status") != "completed"]
        with self._lock:
            if (entity := self._entities.get(entity_id)) is None:
                return
            attributes = {**entity.attributes, "items": left, "completed": done}
            self._entities[entity_id] = fitted(entity.model_copy(update={"attributes": attributes}))
        self._stir()

    def rang(self, event: dict[str, Any]) -> None:
        """A timer of Home Assistant has ended."""
        data = event.get("data")
        with self._lock:
            timer = self._entities.get(str(data.get("entity_id"))) if isinstance(data, dict) else None
        if timer is not None:
            before, after = (EntityState(state=state, attributes=timer.attributes) for state in ("active", "idle"))
            self._tell((Change(entity_id=timer.id, before=before, after=after),))

    def _remember(self, entity_id: str, context: Any) -> None:
        for key in ("id", "parent_id") if isinstance(context, dict) else ():
            if isinstance(found := context.get(key), str):
                self._touched.setdefault(found, set()).add(entity_id)
        while len(self._touched) > CONTEXTS:
            del self._touched[next(iter(self._touched))]

    def _stir(self) -> None:
        """Let those look again who wait for something."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def _until(self, true: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not true():
                    stirred = asyncio.get_running_loop().create_future()
                    self._waiting.add(stirred)
                    try:
                        await stirred
                    finally:
                        self._waiting.discard(stirred)


def _same_state(change: Change) -> bool:
    return change.before is not None and change.after is not None and change.before.state == change.after.state


def _with_items(entity: Entity, old: Entity | None) -> Entity:
    """Fitted, and with the items that a list had: they come on another way than its state."""
    if entity.domain == "todo" and old is not None:
        kept = {key: old.attributes[key] for key in _ITEMS if key in old.attributes}
        return entity.model_copy(update={"attributes": {**entity.attributes, **kept}})
    return fitted(entity)


def _unmarked(entity: Entity) -> Entity:
    kept = {key: value for key, value in entity.attributes.items() if key != STALE}
    return entity.model_copy(update={"attributes": kept})


def _not_ours() -> ActionError:
    hint = "Ask for it in a sentence, by a tool, or in Home Assistant itself."
    return NotSupported("this home is a real one: its states are Home Assistant's", where="home", hint=hint)
