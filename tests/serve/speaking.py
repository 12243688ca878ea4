"""An answerer for tests of everything around it: it says what the last user message asks it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from schemas.artifacts import ModelRef
from schemas.conversation import call
from schemas.errors import EngineError, ModelUnusable, PromptTooLong
from schemas.events import CallsReady, ReplyDelta, TurnEvent, TurnFinished, TurnStarted
from serve.holding import Wish
from serve.turn import TurnRequest


class Speaker:
    """Echoes words; ``!call``, ``!long``, ``!crash``, ``!break``, ``!hang`` choose another course."""

    adapters = frozenset({"snips"})

    def __init__(self, label: str) -> None:
        self.label = label
        self.closed = False
        self.running = 0
        self.turns: list[TurnRequest] = []
        self.gate = asyncio.Event()

    def close(self) -> None:
        assert not self.running, "closed while a turn runs"
        self.closed = True

    async def answer(self, turn: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        assert not self.closed, "asked after it was closed"
        self.turns.append(turn)
        self.running += 1
        try:
            async with aclosing(self._answer(turn)) as events:
                async for event in events:
                    yield event
        finally:
            self.running -= 1

    async def _answer(self, turn: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        said = turn.messages[-1].content or ""
        yield TurnStarted(inference_id="i1", at_ms=0, model=self.label)
        if said == "!long":
            raise PromptTooLong("the prompt has 9999 tokens")
        if said == "!crash":
            raise ValueError(f"secret words: {said}")
        if said == "!call":
            calls = (call("HassTurnOn", {"name": "hall lamp"}, "call_0"), call("HassTurnOff", {"name": "tv"}, "call_1"))
            yield CallsReady(inference_id="i1", at_ms=1, calls=calls)
            yield self._end(turn, "tool_calls", 7)
            return
        if said == "!wait":
            await self.gate.wait()
        words = said.split()[: turn.sampling.max_tokens]
        for word in words:
            yield ReplyDelta(inference_id="i1", at_ms=1, text=word + " ")
            await asyncio.sleep(0)
            if said.startswith("!break"):
                raise EngineError("the engine broke")
            if said.startswith("!hang"):
                await asyncio.sleep(3600)
        yield self._end(turn, "length" if len(words) == turn.sampling.max_tokens else "stop", len(words))

    def _end(self, turn: TurnRequest, reason: str, tokens: int) -> TurnFinished:
        return TurnFinished.model_validate(
            {
                "inference_id": "i1",
                "at_ms": 2,
                "finish_reason": reason,
                "prompt_tokens": 10,
                "cached_tokens": 4,
                "completion_tokens": tokens,
            }
        )


def ref(version: str = "1", path: str = "/models/one") -> ModelRef:
    return ModelRef(name="rottie-llm", version=version, candidate="c" * 16, path=path, sha256="a" * 64)


class Loader:
    """Opens a Speaker for any wish, but for paths that hold ``broken``; keeps what it opened."""

    def __init__(self) -> None:
        self.opened: list[Speaker] = []
        self.slow = asyncio.Event()
        self.slow.set()

    async def __call__(self, wish: Wish) -> Speaker:
        assert wish.model is not None
        await self.slow.wait()
        if "broken" in wish.model.path:
            raise ModelUnusable("a file does not match its sum", where=wish.model.path)
        if "raising" in wish.model.path:
            raise ValueError("unexpected")
        self.opened.append(Speaker(wish.model.label))
        return self.opened[-1]
