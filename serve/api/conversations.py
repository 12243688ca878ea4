"""Routes of conversations: list, read, entitle and delete what is kept of the one who asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from schemas.text import one_line
from serve.api.bodies import read_body
from serve.api.keys import caller_of
from serve.api.wire import checked
from serve.conversations import PAGE, ConversationHead, ConversationPage, Conversations, KeptConversation

if TYPE_CHECKING:
    from serve.api.gateway import Settings


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Body):
    title: Annotated[str, AfterValidator(one_line)] = Field(max_length=200)

    @model_validator(mode="after")
    def _something(self) -> Title:
        if not self.title:
            raise ValueError("a title is needed")
        return self


class Deleted(_Body):
    id: str
    deleted: bool = True


Limit = Annotated[int, Query(ge=1, le=PAGE)]
BODIES: dict[tuple[str, str], type[BaseModel]] = {("patch", "/v1/conversations/{conversation_id}"): Title}


def add_conversations(app: FastAPI, kept: Conversations, settings: Settings) -> None:
    def owner(request: Request) -> str:
        """Who asks: nobody sees what another one said."""
        return caller_of(request.scope).actor(settings.manner.actor).id

    @app.get("/v1/conversations", responses={200: {"model": ConversationPage}})
    async def page(request: Request, limit: Limit = 20, after: Annotated[str | None, Query(max_length=64)] = None) -> Response:
        """Those that were spoken in last come first; `after` is the last id of the page before."""
        return _json(await asyncio.to_thread(kept.page, owner(request), limit, after))

    @app.get("/v1/conversations/{conversation_id}", responses={200: {"model": KeptConversation}})
    async def read(
        request: Request, conversation_id: str, limit: Limit = 50, before: Annotated[int | None, Query(ge=1, le=2**31)] = None
    ) -> Response:
        """The newest turns with their actions, or those before the turn with the number `before`."""
        return _json(await asyncio.to_thread(kept.read, owner(request), conversation_id, limit, before))

    @app.patch("/v1/conversations/{conversation_id}", responses={200: {"model": ConversationHead}})
    async def entitle(conversation_id: str, request: Request) -> Response:
        """Give it another title than its first words."""
        wanted = checked(Title, await read_body(request, settings.limits.request_bytes))
        return _json(await asyncio.to_thread(kept.entitle, owner(request), conversation_id, wanted.title))

    @app.delete("/v1/conversations/{conversation_id}", responses={200: {"model": Deleted}})
    async def remove(conversation_id: str, request: Request) -> Response:
        """Delete it with all that was said in it."""
        await asyncio.to_thread(kept.remove, owner(request), conversation_id)
        return _json(Deleted(id=conversation_id))


def _json(model: BaseModel) -> Response:
    return JSONResponse(model.model_dump(mode="json"))
