"""Plugins: other people's Python packages that lend tools or listen to what is done.

A package declares an entry point in the group ``rottie``; being installed loads nothing, only a name in the assistant's
file does. What the entry point names has functions marked with ``hookimpl``, for any of the hooks of ``Hooks``:

    from serve.actions.plugins import hookimpl

    @hookimpl
    def rottie_providers():
        return [Weather()]           # see serve/actions/providers.py

A plugin runs in our process with our rights, so list only what you would run yourself. Its tools still pass policy and log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pluggy

from schemas.action import ActionResult, Actor
from serve.actions.providers import Provider

log = logging.getLogger("rottie.serve")
GROUP = "rottie"
MOST_WAITING = 1000  # actions that listeners have not been told of yet

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    @hookspec
    def rottie_providers(self) -> Sequence[Provider]:  # type: ignore[empty-body]
        """Providers of tools, made once when the assistant starts. Their names must differ from all others."""

    @hookspec
    def rottie_action_done(self, actor: Actor, result: ActionResult) -> None:
        """An action was done, refused or failed. In a thread, one action after the other; what is returned is not used."""


class Plugins:
    """The plugins of one assistant. ``faults`` says of each that was left out why."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        """Imports what is named: call it off the event loop."""
        self.names = tuple(names)
        self.faults: dict[str, str] = {}
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(Hooks)
        for name in dict.fromkeys(names):
            self._load(name)
        self.providers = self._providers()
        self._waiting: asyncio.Queue[tuple[Actor, ActionResult]] = asyncio.Queue(MOST_WAITING)
        self._telling: asyncio.Task[None] | None = None

    def tell(self, actor: Actor, result: ActionResult) -> None:
        """Listeners hear of it soon; where they are too slow for all that happens, they miss some."""
        if not self._listeners():
            return
        if self._waiting.full():
            log.warning("plugins do not keep up: an action is not told to them")
            return
        self._waiting.put_nowait((actor, result))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_all())

    async def close(self) -> None:
        """Providers are closed where they are used. What listeners have not heard yet is lost."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling}, timeout=5)

    def _load(self, name: str) -> None:
        try:
            if not self._manager.load_setuptools_entrypoints(GROUP, name=name):
                self._leave_out(name, f"no installed package has an entry point {name} in the group {GROUP}")
                return
            self._manager.check_pending()
        except (Exception, SystemExit) as error:
            plugin = self._manager.get_plugin(name)
            if plugin is not None:
                self._manager.unregister(plugin)
            self._leave_out(name, f"it cannot be loaded ({type(error).__name__})")

    def _leave_out(self, name: str, why: str) -> None:
        self.faults[name] = why
        log.error("the plugin %s is left out: %s", name, why)

    def _providers(self) -> tuple[Provider, ...]:
        found: list[Provider] = []
        for each in self._implementations("rottie_providers"):
            try:
                found += each.function()
            except Exception as error:
                self._leave_out(each.plugin_name, f"its providers cannot be made ({type(error).__name__})")
        return tuple(found)

    def _listeners(self) -> list[Any]:
        return self._implementations("rottie_action_done")

    def _implementations(self, hook: str) -> list[Any]:
        """One by one, so that what one raises does not keep the others from being called."""
        return list(reversed(getattr(self._manager.hook, hook).get_hookimpls()))

    async def _tell_all(self) -> None:
        while not self._waiting.empty():
            actor, result = self._waiting.get_nowait()
            given = {"actor": actor, "result": result}
            for each in self._listeners():
                try:
                    await asyncio.to_thread(each.function, *(given[name] for name in each.argnames))
                except Exception as error:
                    log.warning("the plugin %s failed on an action: %s", each.plugin_name, type(error).__name__)
