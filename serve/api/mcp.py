"""The route /mcp: the home's tools over Streamable HTTP, for clients that speak the Model Context Protocol.

Stateless, so that any replica may answer any request. Behind the same key and Host check as everything else; what speaks
the protocol is imported and started by the first request, since that takes a second and most homes have no such client.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.action import Actor
from schemas.errors import EngineError
from serve.api.bodies import read_body
from serve.api.doors import read_key
from serve.api.keys import caller_of
from serve.assisting import LiveHome

if TYPE_CHECKING:
    from serve.api.gateway import Settings

PATH = "/mcp"


def add_mcp(app: FastAPI, home: LiveHome, settings: Settings, key_file: Path) -> None:
    def made() -> Any:
        from fastmcp.server.dependencies import get_http_request

        from serve.actions.mcp.serving import home_server

        seal = hashlib.sha256(b"rottie mcp " + read_key(key_file).encode()).digest()

        def actor() -> Actor:
            return caller_of(get_http_request().scope).actor(settings.manner.actor.model_copy(update={"id": "mcp"}))

        server = home_server(home, actor, seal)
        return server.http_app(path=PATH, stateless_http=True, json_response=True, host_origin_protection=False)

    app.router.routes.append(Route(PATH, _Door(made, settings), include_in_schema=False))


class _Door:
    """An ASGI application around another, which it makes and keeps running."""

    def __init__(self, make: Any, settings: Settings) -> None:
        self._make, self._settings = make, settings
        self._app: ASGIApp | None = None
        self._starting = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        body = await read_body(Request(scope, receive), self._settings.limits.request_bytes)
        async with self._starting:
            if self._app is None or self._running is None or self._running.done():
                await self._start()
        assert self._app is not None
        await self._app(scope, _replayed(body, receive), send)

    async def _start(self) -> None:
        """Its lifespan in a task of its own: it ends in the task that began it, and requests come and go."""
        app = await asyncio.to_thread(self._make)
        ready = asyncio.Event()

        async def run() -> None:
            async with app.router.lifespan_context(app):
                ready.set()
                await asyncio.Event().wait()

        self._running = asyncio.get_running_loop().create_task(run())
        begun = asyncio.ensure_future(ready.wait())
        await asyncio.wait({self._running, begun}, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if self._running.done():
            raise EngineError("the MCP server did not start", where=PATH) from self._running.exception()
        self._app = app


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body again, which was read to know its size; then what really comes, which is the client leaving."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
