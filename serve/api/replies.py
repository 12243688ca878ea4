"""Finished turns and turn events as replies of /v1/chat/completions: one object, or server-sent chunks."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Literal

from schemas.conversation import ToolCall
from schemas.errors import RottieError
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnStarted
from serve.api.faults import error_body
from serve.api.running import Numbered, Usage, Whole
from serve.api.wire import Body

DONE = b"data: [DONE]\n\n"
FinishReason = Literal["stop", "length", "tool_calls"]


class CachedTokens(Body):
    cached_tokens: int


class TokenUsage(Body):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: CachedTokens


class CalledFunction(Body):
    name: str
    arguments: str


class Called(Body):
    id: str
    type: Literal["function"]
    function: CalledFunction


class Said(Body):
    role: Literal["assistant"]
    content: str | None
    refusal: None = None
    tool_calls: tuple[Called, ...] | None = None


class TokenShown(Body):
    token: str
    logprob: float
    bytes: tuple[int, ...] | None


class TokenChosen(TokenShown):
    top_logprobs: tuple[TokenShown, ...]


class ChoiceLogprobs(Body):
    content: tuple[TokenChosen, ...] | None
    refusal: None = None


class Choice(Body):
    index: int
    message: Said
    finish_reason: FinishReason
    logprobs: ChoiceLogprobs | None


class ChatCompletion(Body):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: TokenUsage


def completion(wholes: Sequence[Whole], with_logprobs: bool) -> dict[str, Any]:
    """The body of a ChatCompletion."""
    usage = Usage()
    for number, whole in enumerate(wholes):
        usage.add(whole.end, same_prompt=number > 0)
    return {
        "id": f"chatcmpl-{wholes[0].inference_id}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": wholes[0].model,
        "choices": [_choice(number, whole, with_logprobs) for number, whole in enumerate(wholes)],
        "usage": usage.shown(),
    }


def _choice(number: int, whole: Whole, with_logprobs: bool) -> dict[str, Any]:
    content = whole.text if whole.text or not whole.calls else None
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if whole.calls:
        message["tool_calls"] = [_call(item) for item in whole.calls]
    logprobs = {"content": [shown(token) for token in whole.logprobs], "refusal": None} if with_logprobs else None
    return {"index": number, "message": message, "finish_reason": whole.end.finish_reason, "logprobs": logprobs}


def shown(token: TokenLogprob) -> dict[str, Any]:
    """A token with its alternatives, as OpenAI has them."""
    return {**_token(token), "top_logprobs": [_token(other) for other in token.top_logprobs]}


def _token(token: Any) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.bytes)}


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.function.name, "arguments": call.function.arguments}}


class Chunks:
    """Turn events as server-sent chunks, in the order that OpenAI's clients expect; one id for all choices."""

    def __init__(self, choices: int, with_usage: bool, with_logprobs: bool) -> None:
        self._left = choices
        self._with_usage, self._with_logprobs = with_usage, with_logprobs
        self._usage, self._counted = Usage(), False
        self._id, self._model = "", ""
        self._created = int(time.time())

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

    def _delta(
        self, number: int, delta: dict[str, Any], finish_reason: str | None = None, tokens: Sequence[TokenLogprob] = ()
    ) -> bytes:
        logprobs = {"content": [shown(token) for token in tokens], "refusal": None} if self._with_logprobs and tokens else None
        return self._chunk([{"index": number, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}])

    def __call__(self, numbered: Numbered) -> bytes:
        number, event = numbered
        if isinstance(event, TurnStarted):
            self._id, self._model = self._id or f"chatcmpl-{event.inference_id}", self._model or event.model
            return self._delta(number, {"role": "assistant", "content": ""})
        if isinstance(event, ReplyDelta):
            return self._delta(number, {"content": event.text}, tokens=event.logprobs)
        if isinstance(event, CallsReady):
            return self._delta(number, {"tool_calls": [{"index": i, **_call(item)} for i, item in enumerate(event.calls)]})
        return self._end(number, event)

    def _end(self, number: int, event: Any) -> bytes:
        self._usage.add(event, same_prompt=self._counted)
        self._counted = True
        self._left -= 1
        end = self._delta(number, {}, event.finish_reason)
        if self._left:
            return end
        return end + (self._chunk([], self._usage.shown()) if self._with_usage else b"") + DONE


def failed(error: RottieError) -> bytes:
    """An error after the first chunk: the status line is gone, so it travels as an event that clients raise."""
    return sse(error_body(error)) + DONE


def sse(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
