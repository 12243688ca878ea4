"""A provider of tools for tests, in this process: it does what it is told to, good or bad."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from schemas.conversation import FunctionSpec, Tool
from serve.actions.providers import Lent, LentTool, Output

Does = Callable[[Lent], Awaitable[Output]]


def lent(name: str, schema: dict[str, Any] | None = None, **rules: Any) -> LentTool:
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}} if schema is None else schema
    return LentTool(Tool(function=FunctionSpec(name=name, description="A tool.", parameters=parameters)), **rules)


class Lender:
    """Tools with what each does when it is called. ``calls`` are those that reached it."""

    def __init__(self, name: str, *tools: tuple[LentTool, Does]) -> None:
        self.name = name
        self.offers = [tool for tool, _ in tools]
        self._does = {tool.name: does for tool, does in tools}
        self.calls: list[Lent] = []
        self.closed = False

    def tools(self) -> list[LentTool]:
        return self.offers

    async def call(self, call: Lent) -> Output:
        self.calls.append(call)
        return await self._does[call.tool](call)

    async def close(self) -> None:
        self.closed = True


def says(text: str, **more: Any) -> Does:
    async def does(_: Lent) -> Output:
        return Output(text, **more)

    return does


async def echoes(call: Lent) -> Output:
    return Output(str(call.arguments.get("text", "")), {"arguments": call.arguments})


async def raises(_: Lent) -> Output:
    raise ValueError("secret words")


async def hangs(_: Lent) -> Output:
    """And will not be cancelled either."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
            raise
