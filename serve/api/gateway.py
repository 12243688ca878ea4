"""The gateway as an ASGI application: routes, doors, limits and the one place where errors become replies.

It knows nothing of Ray: ``Turns`` is what it asks, through a Serve handle in production and directly in tests.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.assistant import Limits, Stt, Talk, Tts
from schemas.errors import NoChampion, RequestError, RottieError
from schemas.events import TurnEvent
from serve.api import assist, audio, chat, completions, conversations, embeddings, responses
from serve.api.actions import add_actions
from serve.api.assist import Desk, add_assist, add_home
from serve.api.at_home import AtHome
from serve.api.audio import add_audio
from serve.api.chat import add_chat
from serve.api.completions import add_completions
from serve.api.conversations import add_conversations
from serve.api.describing import describe
from serve.api.doors import Doors, KeyFile, allowed_hosts
from serve.api.embeddings import add_embeddings
from serve.api.faults import RETRY_AFTER_S, error_body, fault_of, note
from serve.api.mcp import add_mcp
from serve.api.metrics import Metrics
from serve.api.models import add_models
from serve.api.notices import add_notices
from serve.api.realtime import door
from serve.api.realtime.door import add_realtime
from serve.api.responses import add_responses
from serve.api.socket import add_socket
from serve.api.straight import Shortcut, StraightRoute
from serve.api.talking import Parlour
from serve.api.wire import Body, Passages, Turn, Vectors
from serve.assisting import LiveHome, Manner
from serve.conversing import Talks
from serve.voicing import Speech

LEFT = 499  # what proxies log for a client that left


class Turns(Protocol):
    """Where turns are answered. All raise Overloaded or another RottieError."""

    async def whole(self, turn: Turn) -> list[TurnEvent]:
        """All events of a turn at once: cheaper where nobody watches it grow."""
        ...

    def stream(self, turn: Turn) -> AsyncIterator[list[TurnEvent]]:
        """Events as they come, those of a moment together; closing it early ends the turn."""
        ...

    async def embed(self, passages: Passages) -> Vectors:
        """One vector for each passage."""
        ...

    async def statuses(self) -> list[dict[str, Any]]:
        """One ``Holder.status()`` for each replica that can be reached."""
        ...


class Readiness(Body):
    status: str
    code: str | None = None


@dataclass
class Settings:
    """What may change while the gateway runs."""

    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    origins: tuple[str, ...] = ()
    manner: Manner = field(default_factory=Manner)
    stt: Stt | None = None
    tts: Tts | None = None
    talk: Talk = field(default_factory=Talk)

    @property
    def asking_bytes(self) -> int:
        """The longest request to the assistant, which may hold a recording as base64."""
        return self.limits.request_bytes + (-(-self.stt.bytes // 3) * 4 if self.stt else 0)


def create_app(
    turns: Turns,
    settings: Settings,
    key_file: Path,
    metrics: Metrics | None = None,
    home: LiveHome | None = None,
    talks: Talks | None = None,
    speech: Speech | None = None,
) -> ASGIApp:
    """Without a ``home`` there is a model to talk to and nothing to act on; without ``talks`` nothing is remembered; without
    ``speech`` nothing is heard or spoken.
    """
    metrics, keys = metrics or Metrics(), KeyFile(key_file)
    turns = turns if home is None else AtHome(turns, home)
    app = FastAPI(title="Rottie", version="1", redoc_url=None)
    app.router.route_class = StraightRoute
    add_chat(app, turns, settings, metrics)  # first, where it is found first
    _health(app, turns, metrics)
    speech = speech or Speech()
    add_models(app, turns, speech, settings)
    add_completions(app, turns, settings, metrics)
    add_embeddings(app, turns, settings)
    add_responses(app, turns, settings, metrics)
    add_audio(app, speech, settings)
    if home is not None:
        desk = Desk(turns, home, settings, metrics, talks, speech)
        add_assist(app, desk)
        add_home(app, home, settings)
        add_notices(app, home)
        add_actions(app, home)
        add_socket(app, desk, keys, _reply)
        add_realtime(app, Parlour(desk), keys, _reply)
        add_mcp(app, home, settings, key_file)
    if talks is not None:
        add_conversations(app, talks.store, settings)
    describe(
        app,
        {
            **audio.BODIES,
            **chat.BODIES,
            **completions.BODIES,
            **embeddings.BODIES,
            **responses.BODIES,
            **assist.BODIES,
            **conversations.BODIES,
        },
        audio.FORMS,
        door.MESSAGES,
    )
    app.add_exception_handler(RottieError, lambda _, error: _reply(error))  # type: ignore[arg-type]
    # Answers; the error itself goes on to Counted, which logs it.
    app.add_exception_handler(Exception, lambda _, error: _reply(fault_of(error)))
    app.add_exception_handler(HTTPException, lambda _, error: _no_route(error))  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, lambda _, error: _reply(_unfit(error)))  # type: ignore[arg-type]
    app.add_exception_handler(ClientDisconnect, lambda *_: Response(status_code=LEFT))
    doors = Doors(Shortcut(app, chat.PATH, _reply), keys, lambda: allowed_hosts(settings.host), _reply)
    return Counted(doors, metrics)


def _reply(error: RottieError, status: int | None = None) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status in (429, 503) else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error_body(error, status), status or error.status, headers)


def _no_route(error: Any) -> Response:
    """404 and 405 of the router."""
    refusal = RequestError(f"{error.detail}", where="path", hint="The routes are listed at /docs.")
    return JSONResponse(error_body(refusal, error.status_code), error.status_code, getattr(error, "headers", None))


def _unfit(error: Any) -> RequestError:
    """A path or query that FastAPI refused, without its value."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return RequestError(f"{place}: {first['msg']}", where=place)


def _health(app: FastAPI, turns: Turns, metrics: Metrics) -> None:
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The gateway runs."""
        return {"status": "ok"}

    @app.get("/readyz", responses={200: {"model": Readiness}, 503: {"model": Readiness}})
    async def readyz() -> Response:
        """A model answers. Tells no more than that without a key."""
        states = await turns.statuses()
        if any(state["model"] for state in states):
            return JSONResponse({"status": "ready"})
        code = next((state["error"]["code"] for state in states if state["error"]), NoChampion.code)
        return JSONResponse({"status": "not ready", "code": code}, 503, {"Retry-After": str(RETRY_AFTER_S)})

    @app.get("/metrics", response_class=PlainTextResponse)
    async def numbers() -> Response:
        """For Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


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
        except ClientDisconnect:
            status = status or LEFT
        except Exception as error:
            fault = note(error)
            if not status:
                await _reply(fault)(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.in_flight.dec()
            self._metrics.requests.labels(route, str(status or 499)).inc()
            self._metrics.seconds.labels(route).observe(time.monotonic() - began)
