"""Turn events as the typed server-sent events of the Responses interface."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from schemas.conversation import ToolCall
from schemas.errors import RottieError
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnEvent, TurnFinished, TurnStarted
from serve.api.replies import shown
from serve.api.response_items import called_item, said_item, text_part
from serve.api.running import Numbered, Whole, folded

# The body of a response: of a finished turn; or of one that has begun, by its model and id; or that failed.
Finish = Callable[[Whole], dict[str, Any]]
Begin = Callable[[str, str], dict[str, Any]]
Fail = Callable[[str, str, RottieError], dict[str, Any]]


class Events:
    """One turn, event by event; ``sequence_number`` counts from 0."""

    def __init__(self, begin: Begin, finish: Finish, fail: Fail) -> None:
        self._begin, self._finish, self._fail = begin, finish, fail
        self._seen: list[TurnEvent] = []
        self._text: list[str] = []
        self._tokens: list[TokenLogprob] = []
        self._id, self._model = "", ""
        self._sequence = 0
        self._items = 0
        self._speaking = False

    def __call__(self, numbered: Numbered) -> bytes:
        event = numbered[1]
        self._seen.append(event)
        if isinstance(event, TurnStarted):
            self._id, self._model = event.inference_id, event.model
            body = self._begin(self._model, self._id)
            return self._event("response.created", response=body) + self._event("response.in_progress", response=body)
        if isinstance(event, ReplyDelta):
            return self._said(event)
        if isinstance(event, CallsReady):
            return self._quiet(True) + b"".join(self._called(number, call) for number, call in enumerate(event.calls))
        return self._ended(event)

    def failed(self, error: RottieError) -> bytes:
        return self._event("response.failed", response=self._fail(self._model, self._id, error))

    def _said(self, event: ReplyDelta) -> bytes:
        begun = b"" if self._speaking else self._speak()
        self._text.append(event.text)
        self._tokens += event.logprobs
        logprobs = [shown(token) for token in event.logprobs]
        return begun + self._part("response.output_text.delta", delta=event.text, logprobs=logprobs)

    def _speak(self) -> bytes:
        self._speaking = True
        added = self._item("response.output_item.added", said_item(self._id, "", "in_progress"))
        return added + self._part("response.content_part.added", part=text_part(""))

    def _quiet(self, complete: bool) -> bytes:
        """The end of what was said, where anything was."""
        if not self._speaking:
            return b""
        self._speaking = False
        text = "".join(self._text)
        part = text_part(text, self._tokens)
        item = said_item(self._id, text, "completed" if complete else "incomplete", self._tokens)
        done = self._part("response.output_text.done", text=text, logprobs=part["logprobs"])
        done += self._part("response.content_part.done", part=part) + self._item("response.output_item.done", item)
        self._items += 1
        return done

    def _called(self, number: int, call: ToolCall) -> bytes:
        begun = called_item(self._id, number, call, "in_progress")
        place = {"item_id": begun["id"], "output_index": self._items}
        arguments = call.function.arguments
        parts = self._item("response.output_item.added", begun)
        parts += self._event("response.function_call_arguments.delta", **place, delta=arguments)
        parts += self._event("response.function_call_arguments.done", **place, name=call.function.name, arguments=arguments)
        parts += self._item("response.output_item.done", called_item(self._id, number, call, "completed"))
        self._items += 1
        return parts

    def _ended(self, event: Any) -> bytes:
        assert isinstance(event, TurnFinished)
        whole = folded(self._seen)
        empty = b"" if self._speaking or self._items else self._speak()
        complete = event.finish_reason != "length"
        end = "response.completed" if complete else "response.incomplete"
        return empty + self._quiet(complete) + self._event(end, response=self._finish(whole))

    def _part(self, kind: str, **fields: Any) -> bytes:
        return self._event(kind, item_id=f"msg_{self._id}", output_index=self._items, content_index=0, **fields)

    def _item(self, kind: str, item: dict[str, Any]) -> bytes:
        return self._event(kind, output_index=self._items, item=item)

    def _event(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._sequence, **fields}
        self._sequence += 1
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return f"event: {kind}\ndata: {data}\n\n".encode()
