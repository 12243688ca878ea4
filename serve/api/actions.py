"""GET /v1/actions: what was done, by whom, and what the policy said, out of the log of actions."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from schemas.action import Logged
from serve.api.keys import caller_of
from serve.assisting import LiveHome

PAGE = 100


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int | None = Field(None, ge=0, le=2**53, description="The last row that is known; absent for the newest rows.")
    limit: int = Field(PAGE, ge=1, le=PAGE)


class ActionList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    actions: tuple[Logged, ...]


def add_actions(app: FastAPI, home: LiveHome) -> None:
    @app.get("/v1/actions", responses={200: {"model": ActionList}})
    async def actions(request: Request, page: Annotated[Page, Query()]) -> Response:
        """Oldest first. An admin sees all, anybody else what they did. What changes something has two rows: `begun`, and what
        came of it.
        """
        caller = caller_of(request.scope)
        rows = await home.log(page.after, page.limit, None if caller.manages else caller.id)
        return JSONResponse(ActionList(actions=rows).model_dump(mode="json"))
