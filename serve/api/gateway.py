"""The gateway as an ASGI application: routes, doors, limits and the one place where errors become replies.

It knows nothing of Ray: ``Turns`` is what it asks, through a Serve handle in production and directly in tests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.assistant import Limits
from schemas.errors import NoChampion, RequestError, RottieError, TimedOut
from schemas.events import TurnEvent, TurnFailed, TurnFinished, TurnStarted
from serve.api import replies
from serve.api.assist import BODIES, add_assist, add_home
from serve.api.bodies import close_all, closing, read_body
from serve.api.doors import Doors, KeyFile, allowed_hosts
from serve.api.faults import RETRY_AFTER_S, error_body, error_from, fault_of, note
from serve.api.metrics import Metrics
from serve.api.wire import ChatRequest, Turn, parse, turn
from serve.assisting import LiveHome, Manner


class Turns(Protocol):
    """Where turns are answered. Both raise Overloaded or another RottieError."""

    async def whole(self, turn: Turn) -> list[TurnEvent]:
        """All events of a turn at once: cheaper where nobody watches it grow."""
        ...

    def stream(self, turn: Turn) -> AsyncIterator[list[TurnEvent]]:
        """Events as they come, those of a moment together; closing it early ends the turn."""
        ...

    async def statuses(self) -> list[dict[str, Any]]:
        """One ``Holder.status()`` for each replica that can be reached."""
        ...


@dataclass
class Settings:
    """What may change while the gateway runs."""

    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    manner: Manner = field(default_factory=Manner)


def create_app(
    turns: Turns, settings: Settings, key_file: Path, metrics: Metrics | None = None, home: LiveHome | None = None
) -> ASGIApp:
    """Without a ``home`` there is a model to talk to and nothing to act on."""
    metrics = metrics or Metrics()
    app = FastAPI(title="Rottie", version="1", redoc_url=None)
    _health(app, turns)
    _models(app, turns, metrics)
    _chat(app, turns, settings, metrics)
    if home is not None:
        add_assist(app, turns, home, settings, metrics)
        add_home(app, home, settings)
    _describe(app)
    app.add_exception_handler(RottieError, lambda _, error: _reply(error))  # type: ignore[arg-type]
    # Answers; the error itself goes on to Counted, which logs it.
    app.add_exception_handler(Exception, lambda _, error: _reply(fault_of(error)))
    app.add_exception_handler(HTTPException, lambda _, error: _no_route(error))  # type: ignore[arg-type]
    doors = Doors(app, KeyFile(key_file), lambda: allowed_hosts(settings.host), _reply)
    return Counted(doors, metrics)


def _reply(error: RottieError, status: int | None = None) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 503 else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error_body(error, status), status or error.status, headers)


def _no_route(error: Any) -> Response:
    """404 and 405 of the router."""
    refusal = RequestError(f"{error.detail}", where="path", hint="The routes are listed at /docs.")
    return JSONResponse(error_body(refusal, error.status_code), error.status_code, getattr(error, "headers", None))


def _health(app: FastAPI, turns: Turns) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The gateway runs."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        """A model answers. Tells no more than that without a key."""
        states = await turns.statuses()
        if any(state["model"] for state in states):
            return JSONResponse({"status": "ready"})
        code = next((state["error"]["code"] for state in states if state["error"]), NoChampion.code)
        return JSONResponse({"status": "not ready", "code": code}, 503, {"Retry-After": str(RETRY_AFTER_S)})


def _models(app: FastAPI, turns: Turns, metrics: Metrics) -> None:
    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        """Versions that answer now: one, but for the moment of a swap over several replicas."""
        found: dict[str, dict[str, Any]] = {}
        for state in await turns.statuses():
            ref = state["model"]
            if ref:
                entry = {"id": ref["name"], "object": "model", "created": state["since"], "owned_by": "rottie"}
                entry |= {"version": ref["version"], "sha256": ref["sha256"], "candidate": ref["candidate"]}
                found.setdefault(f"{ref['name']}/{ref['version']}", entry | {"alias": state["alias"]})
        return {"object": "list", "data": list(found.values())}

    @app.get("/v1/status")
    async def status() -> dict[str, Any]:
        """What every replica was told to answer with, what it answers with, and what went wrong in between."""
        return {"replicas": await turns.statuses()}

    @app.get("/metrics")
    async def numbers() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _chat(app: FastAPI, turns: Turns, settings: Settings, metrics: Metrics) -> None:
    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        """One turn of a conversation, plain or as server-sent events."""
        began = time.monotonic()
        limits = settings.limits
        asked = parse(await read_body(request, limits.request_bytes), limits)
        wanted = turn(asked, limits)
        if not asked.stream:
            try:
                async with asyncio.timeout(limits.timeout_s):
                    events = await turns.whole(wanted)
            except TimeoutError as error:
                raise _late(limits) from error
            body = replies.completion(_noted(events, metrics, began))
            return JSONResponse(body)
        watched = _watched(turns.stream(wanted), metrics, began, limits)
        head = await _head(watched)
        body = replies.stream(head, watched, asked.wants_usage)
        return StreamingResponse(closing(body, watched), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _late(limits: Limits) -> TimedOut:
    return TimedOut(f"the reply took over {limits.timeout_s:g} s")


def _noted(events: list[TurnEvent], metrics: Metrics, began: float) -> list[TurnEvent]:
    for event in events:
        _note_event(event, metrics)
    metrics.first.observe(time.monotonic() - began)
    return events


def _note_event(event: TurnEvent, metrics: Metrics) -> None:
    if isinstance(event, TurnStarted):
        metrics.answered_by(event.model)
    elif isinstance(event, TurnFinished):
        metrics.finished(event)


async def _watched(
    bundles: AsyncIterator[list[TurnEvent]], metrics: Metrics, began: float, limits: Limits
) -> AsyncIterator[list[TurnEvent]]:
    """The same events, counted, and ended by TimedOut when the turn takes too long."""
    deadline, first = began + limits.timeout_s, True
    try:
        while True:
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    bundle = await anext(bundles)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise _late(limits) from error
            if first and not isinstance(bundle[-1], TurnStarted):
                metrics.first.observe(time.monotonic() - began)
                first = False
            for event in bundle:
                _note_event(event, metrics)
            yield bundle
    finally:
        await close_all(bundles)


async def _head(bundles: AsyncIterator[list[TurnEvent]]) -> list[TurnEvent]:
    """Events up to the first that is more than a start: a turn that fails before has a proper status line."""
    head: list[TurnEvent] = []
    async for bundle in bundles:
        head += bundle
        begun = next((event for event in head if not isinstance(event, TurnStarted)), None)
        if isinstance(begun, TurnFailed):
            raise error_from(begun.error)
        if begun is not None:
            break
    return head


def _describe(app: FastAPI) -> None:
    """Put the requests, which are parsed by hand, into the OpenAPI document."""
    plain = app.openapi
    bodies: dict[tuple[str, str], type[BaseModel]] = {("post", "/v1/chat/completions"): ChatRequest, **BODIES}

    def openapi() -> dict[str, Any]:
        document = plain()
        parts = document.setdefault("components", {}).setdefault("schemas", {})
        for (method, path), kind in bodies.items():
            if path not in document["paths"]:
                continue
            schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
            parts |= schema.pop("$defs", {})
            parts[kind.__name__] = schema
            content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
            document["paths"][path][method]["requestBody"] = {"required": True, "content": content}
        return document

    app.openapi = openapi  # type: ignore[method-assign]


class Counted:
    """Outermost ASGI middleware: counts requests, and turns what nobody expected into a reply without its message."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            fault = note(error)
            if not status:
                await _reply(fault)(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.in_flight.dec()
            self._metrics.requests.labels(route, str(status or 499)).inc()
            self._metrics.seconds.labels(route).observe(time.monotonic() - began)
