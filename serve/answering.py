"""From a Wish to something that answers, and from a Turn to its events: what a replica does, without Ray."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from schemas.errors import ModelUnusable, RequestError, RottieError, VersionMissing
from schemas.events import TurnEvent, TurnFailed, TurnStarted
from schemas.home_lines import home_lines
from schemas.settings import Home
from serve.api.faults import note
from serve.api.wire import Passages, Turn, Vectors
from serve.fetching import folder_of, forget
from serve.holding import Held, Holder, Wish
from serve.models import open_model, read_model
from serve.turn import Answerer, TurnRequest

BUNDLE_S = 0.02


async def open_wish(wish: Wish) -> Answerer:
    """The loaded and proven model of ``wish``; blocking work runs in a thread, beside the version that answers."""
    return await asyncio.to_thread(_open, wish, Home.current())


def _open(wish: Wish, home: Home) -> Answerer:
    ref = wish.model
    assert ref is not None
    folder = folder_of(ref, home)
    try:
        manifest = read_model(folder)
        if manifest.files.get(manifest.serve) != ref.sha256:
            raise ModelUnusable(f"the folder holds other weights than {ref.label}", where=str(folder))
        return open_model(folder, wish.engine, home_lines(wish.inventory) if wish.inventory else ())
    except ModelUnusable:
        forget(ref, home)
        raise


def request_of(turn: Turn) -> TurnRequest:
    return TurnRequest(
        messages=turn.messages,
        prompt=turn.prompt,
        tools=turn.tools,
        home=turn.home,
        home_now=turn.home_now,
        home_tools=turn.home_tools,
        earlier=turn.earlier,
        whole=turn.whole,
        sampling=turn.sampling,
        tool_choice=turn.tool_choice,
        adapter=turn.model.partition(":")[2] or None,
        reply_schema=turn.reply_schema,
        sure=turn.sure,
        language=turn.language,
    )


async def events_of(holder: Holder[Any], turn: Turn) -> AsyncGenerator[TurnEvent, None]:
    """Events of one turn with the version that answers now, its label as the model. Failures are events too."""
    began = time.monotonic()
    try:
        async with holder.hold() as held:
            _is_meant(turn.model, held)
            # Closed here and now when the client leaves: an iterator left to the collector would keep its slot.
            async with aclosing(held.answerer.answer(request_of(turn))) as events:
                async for event in events:
                    started = isinstance(event, TurnStarted)
                    yield event.model_copy(update={"model": held.ref.label}) if started else event
    except RottieError as error:
        yield _failed(error, began)
    except Exception as error:
        yield _failed(note(error), began)


async def whole_of(holder: Holder[Any], turn: Turn) -> list[TurnEvent]:
    """The same at once. The engine is told so: what each token costs by itself is saved."""
    turn = turn.model_copy(update={"sampling": replace(turn.sampling, in_one=True)})
    return [event async for event in events_of(holder, turn)]


async def embedded(holder: Holder[Any], passages: Passages) -> Vectors:
    """Raises VersionMissing, RequestError, PromptTooLong, Overloaded, EngineError."""
    async with holder.hold() as held:
        _is_meant(passages.model, held)
        if ":" in passages.model:
            raise RequestError("embeddings are the base model's", where="model", hint="Leave the adapter out of the name.")
        engine = held.answerer.engine
        texts = [given if isinstance(given, str) else await engine.detokenize(given) for given in passages.inputs]
        found = await engine.embed(texts)
        vectors = tuple(item.vector for item in found)
        return Vectors(model=held.ref.label, vectors=vectors, tokens=sum(item.tokens for item in found))


def _is_meant(name: str, held: Held[Any]) -> None:
    """Raise VersionMissing unless ``name`` is the alias, the registered model's name, or exactly this version, each alone or
    with ``:`` and one of its adapters.
    """
    base, colon, adapter = name.partition(":")
    known = base in {held.wish.alias, held.ref.name, held.ref.label}
    if not known or (colon and adapter not in held.answerer.adapters):
        raise VersionMissing("no such model is served", where="model", hint="GET /v1/models lists what is.")


def _failed(error: RottieError, began: float) -> TurnFailed:
    elapsed = (time.monotonic() - began) * 1000
    return TurnFailed(inference_id="", at_ms=elapsed, error=error.as_dict())


async def bundled(events: AsyncGenerator[TurnEvent, None], pause_s: float = BUNDLE_S) -> AsyncGenerator[list[TurnEvent], None]:
    """The same events, those that come within ``pause_s`` of each other together: each message between processes costs
    more than a token. The first piece of a reply is never held back. A start comes with the first piece: until then nobody
    has seen anything, and a turn whose replica dies can be begun elsewhere.
    """
    waiting: list[TurnEvent] = []
    something, ended = asyncio.Event(), asyncio.Event()

    async def pump() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    waiting.append(event)
                    something.set()
        finally:
            ended.set()
            something.set()

    pumping = asyncio.create_task(pump())
    try:
        while not (ended.is_set() and not waiting):
            await something.wait()
            if not ended.is_set():
                something.clear()
                if isinstance(waiting[-1], TurnStarted):
                    continue
            bundle = waiting.copy()
            waiting.clear()
            if bundle:
                yield bundle
            if not ended.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), pause_s)
        await pumping
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)


class LocalTurns:
    """``serve.api.gateway.Turns`` in this process: for tests, and for measuring what the network in between costs."""

    def __init__(self, holder: Holder[Any]) -> None:
        self._holder = holder

    async def whole(self, turn: Turn) -> list[TurnEvent]:
        return await whole_of(self._holder, turn)

    def stream(self, turn: Turn) -> AsyncGenerator[list[TurnEvent], None]:
        return bundled(events_of(self._holder, turn))

    async def embed(self, passages: Passages) -> Vectors:
        return await embedded(self._holder, passages)

    async def statuses(self) -> list[dict[str, Any]]:
        return [self._holder.status()]
