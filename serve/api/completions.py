"""POST /v1/completions, OpenAI's older interface: the model continues a text as it stands, without any prompt format."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from schemas.assistant import Limits
from schemas.errors import RequestError
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnStarted
from serve.api.bodies import read_body
from serve.api.chat import StreamOptions
from serve.api.describing import answers
from serve.api.metrics import Metrics
from serve.api.replies import DONE, TokenUsage, failed, sse
from serve.api.running import Numbered, Runner, Usage, Whole
from serve.api.wire import Body, PenalisedSampling, TokenId, Turn, checked, repeated, sampling_of

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

PATH = "/v1/completions"
MOST_TURNS = 16
USUAL_TOKENS = 16  # OpenAI's own default

Tokens = Annotated[tuple[TokenId, ...], Field(min_length=1)]


class CompletionRequest(PenalisedSampling):
    model: str = "champion"
    prompt: (
        Annotated[str, Field(min_length=1)]
        | Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1, max_length=MOST_TURNS)]
        | Tokens
        | Annotated[tuple[Tokens, ...], Field(min_length=1, max_length=MOST_TURNS)]
    ) = Field(description="Text, or token ids for the text that they stand for, one or several. Special tokens are recognised.")
    max_tokens: int | None = Field(default=None, ge=1)
    echo: bool | None = Field(default=None, description="The prompt's text before each reply.")
    logprobs: int | None = Field(default=None, ge=0, le=5)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # Accepted at their neutral value only, or dropped.
    suffix: None = None
    best_of: Literal[1] | None = None
    user: str | None = None

    def prompts(self) -> tuple[str | tuple[int, ...], ...]:
        if isinstance(self.prompt, str):
            return (self.prompt,)
        if isinstance(self.prompt[0], int):
            return (self.prompt,)  # type: ignore[return-value]
        return self.prompt  # type: ignore[return-value]


class OldLogprobs(Body):
    """Lists of the same length. ``text_offset`` counts characters from the start of the choice's text."""

    tokens: tuple[str, ...]
    token_logprobs: tuple[float, ...]
    top_logprobs: tuple[dict[str, float], ...]
    text_offset: tuple[int, ...]


class TextChoice(Body):
    index: int
    text: str
    finish_reason: Literal["stop", "length"]
    logprobs: OldLogprobs | None


class TextCompletion(Body):
    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: tuple[TextChoice, ...]
    usage: TokenUsage


BODIES = {("post", PATH): CompletionRequest}


def parse(raw: bytes) -> CompletionRequest:
    request = checked(CompletionRequest, raw)
    if len(request.prompts()) * request.choices > MOST_TURNS:
        raise RequestError(f"more than {MOST_TURNS} replies in one request", where="n")
    if request.echo and request.logprobs is not None:
        raise RequestError("log-probabilities of a prompt are not computed: echo and logprobs exclude each other", where="echo")
    if request.echo and not all(isinstance(prompt, str) for prompt in request.prompts()):
        raise RequestError("token ids are not turned back into text: echo needs a prompt of text", where="echo")
    return request


def turns_of(request: CompletionRequest, limits: Limits) -> list[Turn]:
    """One turn for each choice: those of the first prompt, then those of the second."""
    found = []
    for prompt in request.prompts():
        turn = Turn(
            model=request.model,
            prompt=prompt,
            sampling=sampling_of(request, min(request.max_tokens or USUAL_TOKENS, limits.max_tokens), request.logprobs),
        )
        found += repeated(turn, request.choices)
    return found


def completion(wholes: Sequence[Whole], asked: CompletionRequest) -> dict[str, Any]:
    """The body of a TextCompletion."""
    usage, choices = Usage(), []
    for number, whole in enumerate(wholes):
        usage.add(whole.end, same_prompt=number % asked.choices > 0)
        logprobs = None if asked.logprobs is None else _old(whole.logprobs, 0)
        text = _echoed(asked, number) + whole.text
        choices.append({"index": number, "text": text, "finish_reason": whole.end.finish_reason, "logprobs": logprobs})
    head = {"id": f"cmpl-{wholes[0].inference_id}", "object": "text_completion", "created": int(time.time())}
    return {**head, "model": wholes[0].model, "choices": choices, "usage": usage.shown()}


def _echoed(asked: CompletionRequest, number: int) -> str:
    return str(asked.prompts()[number // asked.choices]) if asked.echo else ""


def _old(tokens: Sequence[TokenLogprob], offset: int) -> dict[str, Any]:
    found: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        found["tokens"].append(token.token)
        found["token_logprobs"].append(token.logprob)
        found["top_logprobs"].append({other.token: other.logprob for other in token.top_logprobs})
        found["text_offset"].append(offset)
        offset += len(token.token)
    return found


@dataclass
class Chunks:
    """Turn events as server-sent chunks of the older interface."""

    asked: CompletionRequest
    left: int
    _id: str = ""
    _model: str = ""
    _created: int = field(default_factory=lambda: int(time.time()))
    _usage: Usage = field(default_factory=Usage)
    _counted: set[int] = field(default_factory=set)
    _sent: dict[int, int] = field(default_factory=dict)

    def __call__(self, numbered: Numbered) -> bytes:
        number, event = numbered
        if isinstance(event, TurnStarted):
            self._id, self._model = self._id or f"cmpl-{event.inference_id}", self._model or event.model
            echoed = _echoed(self.asked, number)
            return self._piece(number, echoed) if echoed else b""
        if isinstance(event, ReplyDelta):
            return self._piece(number, event.text, event.logprobs)
        return b"" if isinstance(event, CallsReady) else self._end(number, event)

    def _piece(self, number: int, text: str, tokens: Sequence[TokenLogprob] = (), finish_reason: str | None = None) -> bytes:
        logprobs = _old(tokens, self._sent.get(number, 0)) if tokens and self.asked.logprobs is not None else None
        self._sent[number] = self._sent.get(number, 0) + sum(len(token.token) for token in tokens)
        return self._chunk([{"index": number, "text": text, "finish_reason": finish_reason, "logprobs": logprobs}])

    def _end(self, number: int, event: Any) -> bytes:
        prompt = number // self.asked.choices
        self._usage.add(event, same_prompt=prompt in self._counted)
        self._counted.add(prompt)
        self.left -= 1
        end = self._piece(number, "", finish_reason=event.finish_reason)
        if self.left:
            return end
        return end + (self._chunk([], self._usage.shown()) if self._with_usage else b"") + DONE

    @property
    def _with_usage(self) -> bool:
        return bool(self.asked.stream_options and self.asked.stream_options.include_usage)

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
        body = {"id": self._id, "object": "text_completion", "created": self._created, "model": self._model, "choices": choices}
        return sse({**body, "usage": usage} if self._with_usage else body)


def add_completions(app: FastAPI, turns: Turns, settings: Settings, metrics: Metrics) -> None:
    described = answers(TextCompletion, 400, 404, 413, 503, 504, events="Chunks, as `text_completion`.")

    @app.post(PATH, responses=described)
    async def complete(request: Request) -> Response:
        """Each prompt continued ``n`` times, all at once, plain or as server-sent events."""
        runner = Runner(turns, settings, metrics)
        asked = parse(await read_body(request, settings.limits.request_bytes))
        wanted = turns_of(asked, settings.limits)
        if asked.stream:
            return await runner.stream(request, wanted, Chunks(asked, len(wanted)), failed)
        return JSONResponse(completion(await runner.whole(request, wanted), asked))
