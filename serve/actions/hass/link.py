"""The link to Home Assistant: connect, mirror everything, follow what changes; begin again when it ends, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from schemas.assistant import HomeChoice
from schemas.errors import ConfigError
from serve.actions.hass.mirror import Documents, Seen, exposed_ids, seen
from serve.actions.hass.wire import CommandFailed, Lost, SignInRefused, Wire, opened

log = logging.getLogger("rottie.serve")
REFUSED = "Home Assistant does not take this token"
# Between tries. A token that is refused is not tried often: Home Assistant can ban a host for that.
SOONEST_S, LATEST_S, REFUSED_S = 0.5, 20.0, 300.0
SETTLED_S = 0.5  # registries change in bursts; they are read again when it has been quiet for so long
LISTING_S = 30.0  # for a list of everything, which is slow in a large home
REGISTRIES = ("area_registry_updated", "floor_registry_updated", "device_registry_updated", "entity_registry_updated")


class Mirror(Protocol):
    """What is kept up to date."""

    def begin(self) -> None:
        """A list of everything is under way: what ``take_state`` gets from now on counts after it, too."""

    def fill(self, found: Seen, scripts: dict[str, Any]) -> None: ...

    def up(self, wire: Wire) -> None: ...

    def down(self, reason: str) -> None: ...

    def take_state(self, event: dict[str, Any]) -> bool:
        """One ``state_changed``; True where an entity came or went, so that everything is to be read again."""
        ...

    def take_items(self, entity_id: str, items: Any) -> None: ...

    def rang(self, event: dict[str, Any]) -> None: ...


class Link:
    """``token`` is asked before every try, so that a new one is taken without a restart."""

    def __init__(self, source: HomeChoice, token: Callable[[], str], mirror: Mirror) -> None:
        self._source = source
        self._token = token
        self._mirror = mirror
        self._again = asyncio.Event()
        self._lists: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def keep(self) -> None:
        """Follow Home Assistant, begun again should it ever have ended."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        wait = SOONEST_S
        while True:
            reason = "the connection ended"
            try:
                async with opened(self._source.url or "", self._token(), self._source.timeout_s) as wire:
                    listening = asyncio.ensure_future(wire.listen())
                    try:
                        await self._first(wire)
                        wait = SOONEST_S
                        await self._keep_up(wire, listening)
                    finally:
                        listening.cancel()
                        with suppress(asyncio.CancelledError, Lost):
                            await listening
            except SignInRefused:
                reason, wait = REFUSED, REFUSED_S
            except (Lost, ConfigError) as error:
                reason = error.message if isinstance(error, ConfigError) else str(error)
            except TimeoutError:
                reason = "Home Assistant did not answer in time"
            except CommandFailed as error:
                reason = f"Home Assistant did not tell what it has ({error.code})"
            except Exception as error:
                # What a strange answer broke may be whole the next time; the link must go on.
                log.error("following Home Assistant failed: %s", type(error).__name__)
                reason = f"an unexpected {type(error).__name__}"
            self._mirror.down(reason)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - only spreads the tries
            wait = min(LATEST_S, wait * 2)

    async def _first(self, wire: Wire) -> None:
        limit = self._source.timeout_s
        self._lists = set()
        self._mirror.begin()
        await wire.subscribe("subscribe_events", limit, self._changed, event_type="state_changed")
        for name in REGISTRIES:
            await wire.subscribe("subscribe_events", limit, lambda _: self._again.set(), event_type=name)
        # A user who is no administrator may not hear of these; all else works without.
        for name, told in (("homeassistant_started", lambda _: self._again.set()), ("timer.finished", self._mirror.rang)):
            with suppress(CommandFailed):
                await wire.subscribe("subscribe_events", limit, told, event_type=name)
        await self._read(wire)
        self._mirror.up(wire)

    async def _keep_up(self, wire: Wire, listening: asyncio.Future[None]) -> None:
        """Read everything again whenever the registries changed; ends by raising Lost."""
        while True:
            again = asyncio.ensure_future(self._again.wait())
            try:
                await asyncio.wait({again, listening}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                again.cancel()
            if listening.done():
                await listening
            await asyncio.sleep(SETTLED_S)
            self._mirror.begin()
            await self._read(wire)

    async def _read(self, wire: Wire) -> None:
        self._again.clear()
        found = seen(await _documents(wire))
        scripts: dict[str, Any] = {}
        for entity_id in found.everything:
            if entity_id.startswith("script."):
                with suppress(CommandFailed):
                    answer = await wire.ask("script/config", LISTING_S, entity_id=entity_id)
                    scripts[entity_id] = answer.get("config") if isinstance(answer, dict) else None
        self._mirror.fill(found, scripts)
        for entity in found.inventory.entities:
            if entity.domain == "todo" and entity.id not in self._lists:
                await self._follow_list(wire, entity.id)

    async def _follow_list(self, wire: Wire, entity_id: str) -> None:
        """Items are no attributes of a list; Home Assistant tells them to those who ask for them."""

        def told(event: dict[str, Any]) -> None:
            self._mirror.take_items(entity_id, event.get("items"))

        with suppress(CommandFailed):
            await wire.subscribe("todo/item/subscribe", self._source.timeout_s, told, entity_id=entity_id)
            self._lists.add(entity_id)

    def _changed(self, event: dict[str, Any]) -> None:
        if self._mirror.take_state(event):
            self._again.set()


async def _documents(wire: Wire) -> Documents:
    """Raises CommandFailed for what every version of Home Assistant has."""
    states = await wire.ask("get_states", LISTING_S)
    entries = await wire.ask("config/entity_registry/list", LISTING_S)
    # Only administrators may ask for these two. Without them, what was never decided counts as not exposed.
    exposed = await _if_told(wire, "homeassistant/expose_entity/list", {})
    fresh = await _if_told(wire, "homeassistant/expose_new_entities/get", {}, assistant="conversation")
    documents = Documents(
        states=_list(states),
        entries=_list(entries),
        areas=_list(await wire.ask("config/area_registry/list", LISTING_S)),
        floors=_list(await _if_told(wire, "config/floor_registry/list", [])),
        devices=_list(await wire.ask("config/device_registry/list", LISTING_S)),
        exposed=_object(_object(exposed).get("exposed_entities")),
        expose_new=_object(fresh).get("expose_new") is True,
    )
    known = {entry.get("entity_id") for entry in documents.entries if isinstance(entry, dict)}
    wanted = [entity_id for entity_id in exposed_ids(documents) if entity_id in known]
    details = await _if_told(wire, "config/entity_registry/get_entries", {}, entity_ids=wanted)
    return Documents(**{**vars(documents), "aliases": _object(details)})


async def _if_told(wire: Wire, kind: str, otherwise: Any, **values: Any) -> Any:
    try:
        return await wire.ask(kind, LISTING_S, **values)
    except CommandFailed:
        return otherwise


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
