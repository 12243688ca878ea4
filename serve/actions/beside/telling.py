"""How a built-in tool is declared: a name, a sentence, arguments as pydantic reads them, and what answers the call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.action import Risk
from schemas.conversation import FunctionSpec, Tool
from schemas.errors import UnknownTool
from serve.actions.arguments import Arguments, parameters, read
from serve.actions.providers import Lent, LentTool, Output


@dataclass(frozen=True)
class BuiltIn:
    """``answer`` takes the arguments and who asks, may block, and raises ActionError."""

    name: str
    description: str
    arguments: type[Arguments]
    answer: Callable[[Any, str], str]
    risk: Risk = "read"
    per_minute: int = 60

    def lent(self) -> LentTool:
        function = FunctionSpec(name=self.name, description=self.description, parameters=parameters(self.arguments))
        return LentTool(Tool(function=function), risk=self.risk, timeout_s=10, per_minute=self.per_minute, trusted=True)


class BuiltIns:
    """A Provider of ``tools``, which answer in a thread of their own."""

    def __init__(self, name: str, tools: Sequence[BuiltIn]) -> None:
        self.name = name
        self._tools = {tool.name: tool for tool in tools}
        self._lent = tuple(tool.lent() for tool in tools)

    def tools(self) -> Sequence[LentTool]:
        return self._lent

    async def call(self, call: Lent) -> Output:
        tool = self._tools.get(call.tool)
        if tool is None:
            raise UnknownTool(f"there is no tool {call.tool!r:.64}", where="name")
        arguments = read(tool.arguments, call.arguments, tool.name)
        return Output(await asyncio.to_thread(tool.answer, arguments, call.actor.id))

    async def close(self) -> None:
        """Nothing is held open here."""
