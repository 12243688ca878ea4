"""Turns as the routes need them: several at once, in time, counted, and ended when the client leaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse

from schemas.assistant import Limits
from schemas.conversation import ToolCall
from schemas.errors import EngineError, RottieError, TimedOut
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnEvent, TurnFailed, TurnFinished, TurnStarted
from serve.api.bodies import attended, close_all, closing
from serve.api.faults import error_from, note
from serve.api.metrics import Metrics
from serve.api.wire import Turn

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

Result = TypeVar("Result")
Numbered = tuple[int, TurnEvent]


@dataclass(frozen=True)
class Whole:
    """One finished turn."""

    model: str
    inference_id: str
    text: str
    calls: tuple[ToolCall, ...]
    logprobs: tuple[TokenLogprob, ...]
    end: TurnFinished


@dataclass
class Usage:
    """Tokens of several replies to one prompt: the prompt counts once."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    def add(self, end: TurnFinished, same_prompt: bool = False) -> None:
        if not same_prompt:
            self.prompt_tokens += end.prompt_tokens
            self.cached_tokens += end.cached_tokens
        self.completion_tokens += end.completion_tokens

    def shown(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }


def folded(events: Iterable[TurnEvent]) -> Whole:
    """The turn that ``events`` tell of. Raises what it failed with."""
    model, inference_id = "", ""
    text: list[str] = []
    calls: list[ToolCall] = []
    logprobs: list[TokenLogprob] = []
    for event in events:
        if isinstance(event, TurnStarted):
            model, inference_id = event.model, event.inference_id
        elif isinstance(event, ReplyDelta):
            text.append(event.text)
            logprobs.extend(event.logprobs)
        elif isinstance(event, CallsReady):
            calls.extend(event.calls)
        elif isinstance(event, TurnFailed):
            raise error_from(event.error)
        else:
            return Whole(model, inference_id, "".join(text), tuple(calls), tuple(logprobs), event)
    raise EngineError("the turn ended without a reply")


@dataclass
class Runner:
    """Asks for turns on behalf of one route."""

    turns: Turns
    settings: Settings
    metrics: Metrics
    began: float = field(default_factory=time.monotonic)

    async def whole(self, request: Request, wanted: Sequence[Turn]) -> list[Whole]:
        """All turns, finished, in their order. The first that fails ends the others and is raised."""
        return await attended(request, self._in_time(together([self._one(turn) for turn in wanted])))

    async def _one(self, turn: Turn) -> Whole:
        events = await self.turns.whole(turn)
        for event in events:
            _count(event, self.metrics)
        self.metrics.first.observe(time.monotonic() - self.began)
        return folded(events)

    async def _in_time(self, work: Coroutine[Any, Any, Result]) -> Result:
        limits = self.settings.limits
        try:
            async with asyncio.timeout(limits.timeout_s):
                return await work
        except TimeoutError as error:
            raise late(limits) from error

    async def stream(
        self, request: Request, wanted: Sequence[Turn], write: Callable[[Numbered], bytes], fail: Callable[[RottieError], bytes]
    ) -> StreamingResponse:
        """Server-sent events: ``write`` renders each event, ``fail`` the error that ends the stream early.

        What fails before the first word is raised here: it has a proper status line.
        """
        bundles = self._watched(merged([self.turns.stream(turn) for turn in wanted]))
        try:
            head = await attended(request, _head(bundles))
        except BaseException:
            await close_all(bundles)
            raise
        return event_stream(closing(_written(head, bundles, write, fail), bundles))

    async def _watched(self, bundles: AsyncIterator[list[Numbered]]) -> AsyncIterator[list[Numbered]]:
        """The same events, counted, and ended by TimedOut when the turns take too long."""
        limits, first = self.settings.limits, True
        deadline = self.began + limits.timeout_s
        try:
            while True:
                try:
                    async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                        bundle = await anext(bundles)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise late(limits) from error
                if first and not isinstance(bundle[-1][1], TurnStarted):
                    self.metrics.first.observe(time.monotonic() - self.began)
                    first = False
                for _, event in bundle:
                    _count(event, self.metrics)
                yield bundle
        finally:
            await close_all(bundles)


def event_stream(body: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(body, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def late(limits: Limits) -> TimedOut:
    return TimedOut(f"the reply took over {limits.timeout_s:g} s")


async def together(work: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All results in order; the first failure cancels the rest, which have ended when it is raised."""
    if len(work) == 1:
        return [await work[0]]
    tasks = [asyncio.create_task(each) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def merged(streams: Sequence[AsyncIterator[list[TurnEvent]]]) -> AsyncGenerator[list[Numbered], None]:
    """Events of all streams as they come, each with the number of its stream; the first failure is raised."""
    if len(streams) == 1:
        try:
            async for bundle in streams[0]:
                yield [(0, event) for event in bundle]
        finally:
            await close_all(*streams)
        return
    waiting: asyncio.Queue[list[Numbered] | Exception | None] = asyncio.Queue(maxsize=2 * len(streams))

    async def pump(number: int, stream: AsyncIterator[list[TurnEvent]]) -> None:
        try:
            async for bundle in stream:
                await waiting.put([(number, event) for event in bundle])
            await waiting.put(None)
        except Exception as error:  # handed to the reader below, which raises it
            await waiting.put(error)
        finally:
            await close_all(stream)

    pumping = [asyncio.create_task(pump(number, stream)) for number, stream in enumerate(streams)]
    left = len(streams)
    try:
        while left:
            item = await waiting.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                left -= 1
            else:
                yield item
    finally:
        for task in pumping:
            task.cancel()
        await asyncio.gather(*pumping, return_exceptions=True)


def _count(event: TurnEvent, metrics: Metrics) -> None:
    if isinstance(event, TurnStarted):
        metrics.answered_by(event.model)
    elif isinstance(event, TurnFinished):
        metrics.finished(event)


async def _head(bundles: AsyncIterator[list[Numbered]]) -> list[Numbered]:
    """Events up to the first that is more than a start. Raises what a turn failed with among them."""
    head: list[Numbered] = []
    async for bundle in bundles:
        head += bundle
        for _, event in bundle:
            if isinstance(event, TurnFailed):
                raise error_from(event.error)
        if any(not isinstance(event, TurnStarted) for _, event in bundle):
            break
    return head


async def _written(
    head: list[Numbered],
    rest: AsyncIterator[list[Numbered]],
    write: Callable[[Numbered], bytes],
    fail: Callable[[RottieError], bytes],
) -> AsyncIterator[bytes]:
    try:
        async for bundle in _after(head, rest):
            parts = []
            for numbered in bundle:
                if isinstance(numbered[1], TurnFailed):
                    yield b"".join(parts) + fail(error_from(numbered[1].error))
                    return
                parts.append(write(numbered))
            yield b"".join(parts)
    except RottieError as error:
        yield fail(error)
    except Exception as error:
        yield fail(note(error))


async def _after(head: list[Numbered], rest: AsyncIterator[list[Numbered]]) -> AsyncIterator[list[Numbered]]:
    yield head
    async for bundle in rest:
        yield bundle
