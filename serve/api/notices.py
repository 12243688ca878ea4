"""GET /v1/notices: what happens by itself (reminders, timers), as a list or as it happens; GET /v1/home/status.

A listener that was away sends the last number that it heard (``after``, or Last-Event-ID) and misses nothing that is kept.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from schemas.errors import Overloaded, RottieError
from schemas.notices import Notice
from serve.api.faults import error_body, note
from serve.api.keys import Caller, caller_of
from serve.assisting import LiveHome

MOST_LISTENERS = 32  # each waits with a request of its own where the home is kept
WAIT_S = 10.0  # for one look; a word in between keeps the line open and shows who has left
PAGE = 100

After = Annotated[int, Query(ge=0, le=2**53, description="The last notice heard; 0 for all that are kept.")]


class NoticeList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    notices: tuple[Notice, ...]


def add_notices(app: FastAPI, home: LiveHome) -> None:
    listening = 0

    @app.get("/v1/home/status", responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}})
    async def status() -> dict[str, Any]:
        """Which home this is, and of a real one whether it is connected and how old its states are."""
        return await home.status()

    @app.get("/v1/notices", responses={200: {"model": NoticeList, "content": {"text/event-stream": {}}}})
    async def notices(
        request: Request,
        after: After = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
        last_event_id: Annotated[str | None, Header(max_length=20)] = None,
    ) -> Response:
        """Oldest first; an admin hears all, anybody else what is theirs or the whole home's. Who accepts text/event-stream above
        all gets server-sent events from then on, without end.
        """
        nonlocal listening
        if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal():
            after = max(after, min(int(last_event_id), 2**53))
        caller, found = caller_of(request.scope), await home.notices(after, limit, 0)
        if accept.partition(";")[0].strip().lower() != "text/event-stream":
            while found and not any(_concerns(caller, notice) for notice in found):
                found = await home.notices(found[-1].seq, limit, 0)
            theirs = tuple(notice for notice in found if _concerns(caller, notice))
            return JSONResponse(NoticeList(notices=theirs).model_dump(mode="json"))
        if listening >= MOST_LISTENERS:
            raise Overloaded(f"{MOST_LISTENERS} listeners are here already")

        async def events() -> AsyncIterator[bytes]:
            nonlocal listening
            listening += 1
            heard, fresh = after, found
            try:
                while True:
                    for notice in fresh:
                        if _concerns(caller, notice):
                            yield _event(notice)
                        heard = notice.seq
                    if not fresh:
                        yield b": waiting\n\n"
                    fresh = await home.notices(heard, limit, WAIT_S)
            except RottieError as error:
                yield _failed(error)
            except Exception as error:
                yield _failed(note(error))
            finally:
                listening -= 1

        return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _concerns(caller: Caller, notice: Notice) -> bool:
    return caller.manages or notice.actor in (None, caller.id)


def _event(notice: Notice) -> bytes:
    return f"id: {notice.seq}\nevent: notice\ndata: {notice.model_dump_json()}\n\n".encode()


def _failed(error: RottieError) -> bytes:
    """The line ends with it; a listener comes back by itself."""
    return f"event: error\ndata: {json.dumps(error_body(error))}\n\n".encode()
