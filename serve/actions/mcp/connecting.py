"""One MCP server, kept connected: found again after it was lost, its list of tools followed.

A server that is down, hangs or talks nonsense costs its own tools and nothing else: neither the start nor a turn waits
for it. Does not cover what a server may ask of us (sampling, elicitation, roots): it is told that we have none of these.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import mcp_types
from fastmcp import Client
from fastmcp.client.messages import MessageHandler
from mcp import MCPError

from schemas.errors import ActionError, ToolDown, ToolFailed
from schemas.lending import McpServer
from serve.actions.mcp.transports import Http, Stdio, environment, program

log = logging.getLogger("rottie.serve")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
REFRESH_S = 60.0  # how often tools are listed again from servers that do not say when they changed
STEADY_S = 30.0  # a connection that lasted this long was a good one
MOST_PAGES = 20


class Connection:
    """``tools`` are those of the last list that came; they stay while the server is away."""

    def __init__(self, server: McpServer, secrets: Path) -> None:
        self.server = server
        self.tools: tuple[mcp_types.Tool, ...] = ()
        self.settled = asyncio.Event()  # the first attempt has ended, well or not
        self.pid: int | None = None
        self._secrets = secrets
        self._client: Client[Any] | None = None
        self._doubt = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep())

    @property
    def up(self) -> bool:
        return self._client is not None

    async def call(self, tool: str, arguments: dict[str, Any]) -> mcp_types.CallToolResult:
        """Raises ToolDown where nothing was sent, ToolFailed where it is not known what came of it."""
        client = self._client
        if client is None:
            raise ToolDown(f"{self.server.name} is not connected", where=self.server.name)
        try:
            return await client.call_tool_mcp(tool, arguments)
        except asyncio.CancelledError:
            self._doubt.set()
            raise
        except MCPError as error:
            self._doubt.set()
            raise ToolFailed(f"{self.server.name} refused the call (code {error.code})", where=self.server.name) from None
        except Exception as error:
            self._doubt.set()
            kind = type(error).__name__
            raise ToolFailed(f"the connection to {self.server.name} was lost ({kind})", where=self.server.name) from None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        # Only servers that shake hands in the old way say by themselves that their tools have changed.
        modes = ("auto",) if self.server.url else ("legacy", "auto")
        for attempt in range(2**62):
            began = time.monotonic()
            try:
                await self._connected(modes[attempt % len(modes)])
            except ActionError as error:
                log.warning("tools of %s: %s", self.server.name, error.message)
            except Exception as error:
                log.warning("tools of %s: not connected (%s)", self.server.name, type(error).__name__)
            finally:
                self._client = None
                self.settled.set()
            pause = FIRST_PAUSE_S if time.monotonic() - began > STEADY_S else min(2 * pause, LONGEST_PAUSE_S)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - only spreads the attempts

    async def _connected(self, mode: str) -> None:
        """Until the connection is lost, which is told by raising or returning."""
        transport = self._transport()
        changed = _Changed(self._doubt)
        client = Client(transport, name="rottie", init_timeout=self.server.connect_s, message_handler=changed, mode=mode)
        try:
            async with client:
                while True:
                    self._doubt.clear()
                    async with asyncio.timeout(self.server.connect_s):
                        self.tools = await _listed(client)
                    self.pid = getattr(transport, "pid", None)
                    if self._client is None:
                        log.info("tools of %s: connected, %d of them", self.server.name, len(self.tools))
                    self._client = client
                    self.settled.set()
                    if not await self._until_doubt(transport.ended):
                        raise ToolDown("it has ended", where=self.server.name)
        except Exception:
            if not self.settled.is_set() and isinstance(transport, Stdio) and transport.complaints:
                # Nobody has said anything to it yet, so these are words of its own.
                log.warning("%s said: %s", self.server.name, " / ".join(transport.complaints))
            raise

    async def _until_doubt(self, ended: asyncio.Event) -> bool:
        """Whether the server is still there, when its tools should be listed again."""
        waiting = [asyncio.ensure_future(event.wait()) for event in (ended, self._doubt)]
        try:
            await asyncio.wait(waiting, timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return not ended.is_set()

    def _transport(self) -> Stdio | Http:
        server = self.server
        if server.command is None:
            return Http(str(server.url), self._token())
        secrets = {name: self._secret(file) for name, file in server.secrets.items()}
        return Stdio([program(server.command), *server.args], environment(server.env) | secrets)

    def _token(self) -> str | None:
        token = self.server.token
        if token is None:
            return None
        if token.file is not None:
            return self._secret(token.file)
        found = os.environ.get(token.env or "")
        if not found:
            raise ToolDown(f"the environment has no {token.env}", where=self.server.name)
        return found

    def _secret(self, name: str) -> str:
        with suppress(OSError, UnicodeDecodeError):
            if found := (self._secrets / name).read_text().strip():
                return found
        raise ToolDown(f"there is no readable secret {name}", where=self.server.name)


class _Changed(MessageHandler):
    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed

    async def on_tool_list_changed(self, message: mcp_types.ToolListChangedNotification) -> None:
        self._changed.set()


async def _listed(client: Client[Any]) -> tuple[mcp_types.Tool, ...]:
    return tuple(await client.list_tools(max_pages=MOST_PAGES))
