"""The providers of one assistant: those of its own process, of the plugins and of the servers that its file names.

What is no longer wanted is closed, what is new is started, and what stays the same stays connected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from schemas.action import ActionResult, Actor
from schemas.lending import McpServer
from schemas.settings import Home
from serve.actions.plugins import Plugins
from serve.actions.providers import Provider, close_all

if TYPE_CHECKING:
    from serve.actions.mcp.lending import McpProvider

log = logging.getLogger("rottie.serve")
START_S = 5.0  # that a start waits for servers; what comes later is offered from then on


class Gathered:
    """``own`` come first. ``want`` before anything else; not safe from several tasks at once."""

    def __init__(self, home: Home, own: Sequence[Provider] = ()) -> None:
        self._home = home
        self._own = tuple(own)
        self._servers: dict[str, McpProvider] = {}
        self.plugins = Plugins()

    @property
    def providers(self) -> tuple[Provider, ...]:
        """All of them; of two with one name the first."""
        found: dict[str, Provider] = {}
        for provider in (*self._own, *self._servers.values(), *self.plugins.providers):
            if provider.name in found:
                log.error("a provider of tools is left out: another one is called %.64s too", provider.name)
            found.setdefault(provider.name, provider)
        return tuple(found.values())

    async def want(self, servers: Sequence[McpServer], plugins: Sequence[str]) -> tuple[Provider, ...]:
        if self.plugins.names != tuple(plugins):
            await self._close(self.plugins)
            self.plugins = await asyncio.to_thread(Plugins, tuple(plugins))
        wanted = {server.name: server for server in servers}
        gone = [name for name, provider in self._servers.items() if wanted.get(name) != provider.server]
        await close_all([self._servers.pop(name) for name in gone])
        fresh = [await self._started(server) for name, server in wanted.items() if name not in self._servers]
        self._servers = {name: self._servers[name] for name in wanted}
        if fresh:
            await asyncio.wait([asyncio.ensure_future(each.connection.settled.wait()) for each in fresh], timeout=START_S)
        return self.providers

    def tell(self, actor: Actor, result: ActionResult) -> None:
        self.plugins.tell(actor, result)

    async def close(self) -> None:
        await close_all([*self._own, *self._servers.values()])
        await self._close(self.plugins)

    async def _started(self, server: McpServer) -> McpProvider:
        made = self._servers[server.name] = await asyncio.to_thread(_provider, server, self._home)
        made.start()
        return made

    @staticmethod
    async def _close(plugins: Plugins) -> None:
        await plugins.close()
        await close_all(plugins.providers)


def _provider(server: McpServer, home: Home) -> McpProvider:
    """Importing what speaks MCP takes a second: off the event loop, and only where there is a server."""
    from serve.actions.mcp.lending import McpProvider

    return McpProvider(server, home.secrets)
