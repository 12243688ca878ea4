"""Turn events as OpenAI replies: one object for a plain request, server-sent events for a stream."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from schemas.conversation import ToolCall
from schemas.errors import EngineError, RottieError
from schemas.events import CallsReady, ReplyDelta, TurnEvent, TurnFailed, TurnFinished, TurnStarted
from serve.api.faults import error_body, error_from

DONE = b"data: [DONE]\n\n"


def usage(event: TurnFinished) -> dict[str, Any]:
    return {
        "prompt_tokens": event.prompt_tokens,
        "completion_tokens": event.completion_tokens,
        "total_tokens": event.prompt_tokens + event.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": event.cached_tokens},
    }


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}}


def completion(events: Iterable[TurnEvent]) -> dict[str, Any]:
    """The reply of one finished turn. Raises what the turn failed with."""
    model, inference_id, text, calls = "", "", [], []
    for event in events:
        if isinstance(event, TurnStarted):
            model, inference_id = event.model, event.inference_id
        elif isinstance(event, ReplyDelta):
            text.append(event.text)
        elif isinstance(event, CallsReady):
            calls.extend(event.calls)
        elif isinstance(event, TurnFailed):
            raise error_from(event.error)
        else:
            return _completion(model, inference_id, "".join(text), calls, event)
    raise EngineError("the turn ended without a reply")


def _completion(model: str, inference_id: str, text: str, calls: list[ToolCall], end: TurnFinished) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text if text or not calls else None, "refusal": None}
    if calls:
        message["tool_calls"] = [_call(item) for item in calls]
    return {
        "id": f"chatcmpl-{inference_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": end.finish_reason, "logprobs": None}],
        "usage": usage(end),
    }


class Chunks:
    """Turn events as server-sent chunks, in the order that OpenAI's clients expect."""

    def __init__(self, with_usage: bool) -> None:
        self._id = ""
        self._with_usage = with_usage
        self._created = int(time.time())
        self._model = ""

    def _chunk(self, choices: list[dict[str, Any]], usage_now: dict[str, Any] | None = None) -> bytes:
        body: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }
        if self._with_usage:
            body["usage"] = usage_now
        return sse(body)

    def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        return self._chunk([{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}])

    def of(self, event: TurnEvent) -> bytes:
        if isinstance(event, TurnStarted):
            self._id, self._model = f"chatcmpl-{event.inference_id}", event.model
            return self._delta({"role": "assistant", "content": ""})
        if isinstance(event, ReplyDelta):
            return self._delta({"content": event.text})
        if isinstance(event, CallsReady):
            return self._delta({"tool_calls": [{"index": i, **_call(item)} for i, item in enumerate(event.calls)]})
        if isinstance(event, TurnFailed):
            return self.failed(error_from(event.error))
        end = self._delta({}, event.finish_reason)
        return end + self._chunk([], usage(event)) if self._with_usage else end

    @staticmethod
    def failed(error: RottieError) -> bytes:
        """An error after the first chunk: the status line is gone, so it travels as an event that clients raise."""
        return sse(error_body(error))


def sse(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


async def stream(head: list[TurnEvent], rest: AsyncIterator[list[TurnEvent]], with_usage: bool) -> AsyncIterator[bytes]:
    """Chunks of the events already read and of those still to come, then the end mark."""
    chunks = Chunks(with_usage)
    yield b"".join(map(chunks.of, head))
    try:
        async for bundle in rest:
            yield b"".join(map(chunks.of, bundle))
    except RottieError as error:
        yield chunks.failed(error)
    yield DONE
