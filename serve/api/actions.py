"""GET /v1/actions: what was done, by whom, and what the policy said, out of the log of actions."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from schemas.action import Logged
from serve.api.keys import caller_of
from serve.assisting import LiveHome

PAGE = 100
After = Annotated[int | None, Query(ge=0, le=2**53, description="The last row that is known; absent for the newest rows.")]


class ActionList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    actions: tuple[Logged, ...]


def add_actions(app: FastAPI, home: LiveHome) -> None:
    @app.get("/v1/actions", responses={200: {"model": ActionList}})
    async def actions(request: Request, after: After = None, limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE) -> Response:
        """Oldest first. An admin sees all, anybody else what they did. What changes something has two rows: `begun`, and what
        came of it.
        """
        caller = caller_of(request.scope)
        rows = await home.log(after, limit, None if caller.manages else caller.id)
        return JSONResponse(ActionList(actions=rows).model_dump(mode="json"))
