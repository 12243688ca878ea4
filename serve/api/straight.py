"""Routes whose function takes the request and gives the response, as most here do: FastAPI has nothing to work out for them.

It is a fifth of what the gateway takes for a short answer. Their OpenAPI document is the same. ``Shortcut`` spares the route that
is asked most what FastAPI and Starlette put around every route, which is as much again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import RottieError


class StraightRoute(APIRoute):
    """A route class for FastAPI; functions with other parameters or results are handled as ever."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        needs = self.dependant
        asks = needs.path_params or needs.query_params or needs.header_params or needs.cookie_params or needs.body_params
        bare = needs.request_param_name == "request" and not (asks or needs.dependencies or self.response_field)
        others = needs.response_param_name or needs.background_tasks_param_name or needs.security_scopes_param_name
        if bare and not others and iscoroutinefunction(self.endpoint):
            return self.endpoint
        return super().get_route_handler()


class Shortcut:
    """ASGI: asks the function of the StraightRoute ``POST path`` itself; all else is ``app``'s. ``refuse`` renders its errors.

    What it raises beside them is for whoever stands around this, as what ``app`` raises is.
    """

    def __init__(self, app: FastAPI, path: str, refuse: Callable[[RottieError], ASGIApp]) -> None:
        routes = (route for route in app.routes if isinstance(route, StraightRoute))
        self._app, self._path, self._refuse = app, path, refuse
        self._route = next(route for route in routes if route.path == path and "POST" in (route.methods or ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != "POST" or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        scope.update(app=self._app, route=self._route, endpoint=self._route.endpoint, path_params={})
        try:
            response: ASGIApp = await self._route.endpoint(Request(scope, receive, send))
        except RottieError as error:
            response = self._refuse(error)
        await response(scope, receive, send)
