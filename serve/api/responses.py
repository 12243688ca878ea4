"""/v1/responses: OpenAI's newer interface. A response may go on from one that is remembered (response_memory.py)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response

from schemas.assistant import Limits
from schemas.conversation import Message
from schemas.errors import RequestError, ResponseMissing, RottieError
from serve.api import declared
from serve.api.bodies import read_body
from serve.api.describing import answers
from serve.api.keys import Caller, caller_of
from serve.api.metrics import Metrics
from serve.api.response_events import Events
from serve.api.response_items import ItemPage, given_items, messages_of, output_of, remembered
from serve.api.response_memory import Kept, Memory, newest
from serve.api.response_shapes import Forgotten, ResponseBody, ResponseRequest
from serve.api.running import Runner, Whole
from serve.api.wire import Turn, checked, sampling_of

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

PATH = "/v1/responses"
PAGE = 100

BODIES = {("post", PATH): ResponseRequest}


@dataclass
class _Asked:
    """One request, with the conversation that it goes on from."""

    request: ResponseRequest
    limits: Limits
    memory: Memory
    conversation: list[Message]
    caller: Caller
    created: int = field(default_factory=lambda: int(time.time()))

    def turn(self) -> Turn:
        request = self.request
        tools = declared.all_different(
            declared.tool(tool.name, tool.description, tool.parameters, tool.strict, f"tools.{number}")
            for number, tool in enumerate(request.tools or ())
        )
        choice = request.choice(tools)
        if (schema := request.schema_of_reply()) is not None:
            declared.in_order(schema, "text.format.schema")
        most = self.limits.max_tokens
        system = [Message(role="system", content=request.instructions)] if request.instructions else []
        return Turn(
            model=request.model,
            messages=(*system, *self.conversation),
            tools=None if request.tools is None else tools,
            tool_choice=choice,
            reply_schema=schema,
            whole=request.truncation == "disabled",
            sampling=sampling_of(request, min(request.max_output_tokens or most, most), request.logprobs),
        )

    def begun(self, model: str, inference_id: str) -> dict[str, Any]:
        request = self.request
        shown = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {
            "id": f"resp_{inference_id}",
            "object": "response",
            "created_at": self.created,
            "completed_at": None,
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "model": model,
            "output": [],
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": request.previous_response_id,
            "reasoning": {"effort": None, "summary": None},
            "store": request.store is not False,
            "temperature": request.temperature or 0.0,
            "text": {"format": shown.get("text", {}).get("format", {"type": "text"})},
            "tool_choice": shown.get("tool_choice", "auto"),
            "tools": [{"parameters": None, "strict": None, **tool} for tool in shown.get("tools", [])],
            "top_logprobs": request.top_logprobs or 0,
            "top_p": 1.0 if request.top_p is None else request.top_p,
            "truncation": request.truncation or "auto",
            "usage": None,
            "user": request.user,
            "metadata": request.metadata or {},
            "background": False,
        }

    def finished(self, whole: Whole) -> dict[str, Any]:
        """The body of the whole response, which is remembered from now on unless the request forbids it."""
        cut = whole.end.finish_reason == "length"
        body = {
            **self.begun(whole.model, whole.inference_id),
            "completed_at": int(time.time()),
            "status": "incomplete" if cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": output_of(whole),
            "usage": _usage(whole),
        }
        if body["store"]:
            messages = newest([*self.conversation, remembered(whole)], self.limits.messages, self.limits.images)
            given = tuple(given_items(self.request.input, whole.inference_id))
            self.memory.keep(body["id"], Kept(body, messages, given, self.caller))
        return body

    def failed(self, model: str, inference_id: str, error: RottieError) -> dict[str, Any]:
        fault = {"code": "server_error", "message": f"{error.message}. {error.hint}"}
        return {**self.begun(model, inference_id), "status": "failed", "error": fault}


def _usage(whole: Whole) -> dict[str, Any]:
    end = whole.end
    return {
        "input_tokens": end.prompt_tokens,
        "input_tokens_details": {"cached_tokens": end.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": end.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": end.prompt_tokens + end.completion_tokens,
    }


def _asked(raw: bytes, limits: Limits, memory: Memory, caller: Caller) -> _Asked:
    request = checked(ResponseRequest, raw)
    if not isinstance(request.input, str) and len(request.input) > limits.messages:
        raise RequestError(f"more than {limits.messages} items", where="input")
    if request.tools and len(request.tools) > limits.tools:
        raise RequestError(f"more than {limits.tools} tools", where="tools")
    given = messages_of(request.input, limits)
    if request.previous_response_id is None:
        return _Asked(request, limits, memory, given, caller)
    if (before := memory.find(request.previous_response_id, caller)) is None:
        hint = "Send the conversation as input: responses are kept in memory only, and not for ever."
        raise RequestError("that response is not remembered", where="previous_response_id", hint=hint)
    whole = [*before.messages, *given]
    return _Asked(request, limits, memory, list(newest(whole, len(whole), limits.images)), caller)


def add_responses(app: FastAPI, turns: Turns, settings: Settings, metrics: Metrics) -> None:
    memory = Memory()
    described = answers(
        ResponseBody,
        400,
        404,
        413,
        503,
        504,
        events="Events of the Responses interface, such as `response.output_text.delta` and `response.completed`.",
    )

    @app.post(PATH, responses=described)
    async def respond(request: Request) -> Response:
        """One turn, plain or as typed server-sent events."""
        runner = Runner(turns, settings, metrics)
        raw = await read_body(request, settings.limits.request_bytes)
        asked = _asked(raw, settings.limits, memory, caller_of(request.scope))
        wanted = [asked.turn()]
        if asked.request.stream:
            events = Events(asked.begun, asked.finished, asked.failed)
            return await runner.stream(request, wanted, events, events.failed)
        return JSONResponse(asked.finished((await runner.whole(request, wanted))[0]))

    @app.get(PATH + "/{response_id}", responses=answers(ResponseBody, 404))
    async def again(response_id: str, request: Request) -> dict[str, Any]:
        """A response that is remembered."""
        if (kept := memory.find(response_id, caller_of(request.scope))) is None:
            raise _missing()
        return kept.body

    @app.get(PATH + "/{response_id}/input_items", responses=answers(ItemPage, 400, 404))
    async def given(
        response_id: str,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 20,
        order: Literal["asc", "desc"] = "desc",
        after: str | None = None,
    ) -> dict[str, Any]:
        """The items that the request for a remembered response gave, without those that it went on from; the last first, unless
        `order` says otherwise. `after` is the last id of the page before.
        """
        if (kept := memory.find(response_id, caller_of(request.scope))) is None:
            raise _missing()
        return _page(kept.given if order == "asc" else kept.given[::-1], limit, after)

    @app.delete(PATH + "/{response_id}", responses=answers(Forgotten, 404))
    async def forget(response_id: str, request: Request) -> dict[str, Any]:
        """What is forgotten cannot be gone on from."""
        if memory.find(response_id, caller_of(request.scope)) is None:
            raise _missing()
        memory.forget(response_id)
        return {"id": response_id, "object": "response", "deleted": True}


def _page(items: Sequence[dict[str, Any]], limit: int, after: str | None) -> dict[str, Any]:
    names = [item["id"] for item in items]
    if after is not None and after not in names:
        raise RequestError("there is no such item", where="after")
    first = 0 if after is None else names.index(after) + 1
    found = items[first : first + limit]
    ends = {"first_id": found[0]["id"], "last_id": found[-1]["id"]} if found else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": list(found), **ends, "has_more": first + limit < len(items)}


def _missing() -> ResponseMissing:
    return ResponseMissing("that response is not remembered", where="response_id")
