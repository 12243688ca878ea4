"""Tools that are not the home's own: what offers them, and the one list of all that are offered.

A Provider is anything with tools: built in, a plugin, a server that speaks MCP. It runs beside the home, never inside its
order of calls, and none of it is trusted: names, descriptions and schemas are checked and bounded before a model reads
them, arguments before the provider gets them, and what it answers before anybody does (see performing.py for the policy).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from schemas.action import Actor, Risk, Role
from schemas.conversation import FunctionSpec, Tool
from schemas.errors import ActionError, ToolBusy, ToolFailed, ToolTimedOut
from schemas.hashing import content_id
from schemas.prompt import clean
from schemas.text import block, one_line
from serve.actions.checking import SchemaUnusable, bounded_schema, check, readable

log = logging.getLogger("rottie.serve")

MOST_TOOLS = 128  # of one provider
AT_ONCE = 4  # calls of one provider
LONGEST_DESCRIPTION = 1000  # characters
CLOSE_S = 10.0
LONGEST_OUTPUT = 1_000_000  # characters; more is an error, not something to be cut
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")  # what OpenAI takes


@dataclass(frozen=True)
class LentTool:
    """A tool with what policy needs to know of it. ``roles`` None: every role whose rights reach ``risk``.

    ``timeout_s`` is for one call, waiting for its turn included; ``per_minute`` for all callers together; ``output`` the
    characters of text that are kept. ``trusted``: what it says is our own, and not marked as somebody else's words.
    """

    tool: Tool
    risk: Risk = "irreversible"
    roles: frozenset[Role] | None = None
    timeout_s: float = 30
    per_minute: int = 60
    output: int = 16_000
    trusted: bool = False

    @property
    def name(self) -> str:
        return self.tool.function.name


@dataclass(frozen=True)
class Lent:
    """One call as its provider gets it: allowed, written down, arguments checked. ``action_id`` names it in the log."""

    tool: str
    arguments: dict[str, Any]
    actor: Actor
    action_id: str
    key: str | None = None


@dataclass(frozen=True)
class Output:
    """What came of a call. ``failed``: the tool itself says that it did not work, and ``text`` tells why."""

    text: str
    structured: dict[str, Any] | None = None
    failed: bool = False


class Provider(Protocol):
    """``name`` is short and unique. ``tools`` is asked before every use and must answer at once, from memory."""

    name: str

    def tools(self) -> Sequence[LentTool]: ...

    async def call(self, call: Lent) -> Output:
        """Raises ActionError; whatever else it raises is told as ToolFailed. Cancelled when its time is over."""
        ...

    async def close(self) -> None: ...


@dataclass
class Borrowed:
    """A tool as it is offered: checked, with the provider that lends it."""

    lent: LentTool
    tool: Tool
    provider: Provider
    _room: asyncio.Semaphore

    @cached_property
    def meaning(self) -> str:
        """Of all that a person says yes to with this tool: a provider that changes it must ask again."""
        return content_id([self.provider.name, self.tool.model_dump(mode="json"), self.lent.risk])

    @property
    def source(self) -> str | None:
        return None if self.lent.trusted else self.provider.name

    def check(self, arguments: dict[str, Any]) -> None:
        """Raises BadArgument."""
        check(arguments, self.tool.function.parameters)

    async def enter(self) -> None:
        """Wait for a place among the calls that run. Raises ToolBusy."""
        try:
            await asyncio.wait_for(self._room.acquire(), self.lent.timeout_s)
        except TimeoutError as error:
            raise ToolBusy(f"{self.lent.name} has too much to do", where=self.lent.name) from error

    def leave(self) -> None:
        self._room.release()

    async def run(self, call: Lent) -> Output:
        """What the provider answers, in time, readable and bounded. Raises ActionError and nothing else."""
        name, limit = self.lent.name, self.lent.timeout_s
        asked = asyncio.ensure_future(self.provider.call(call))
        # Not wait_for: a provider that will not be cancelled must not keep anybody waiting.
        done, _ = await asyncio.wait({asked}, timeout=limit)
        if not done:
            asked.cancel()
            asked.add_done_callback(_seen)
            raise ToolTimedOut(f"{name} did not answer within {limit:g} s", where=name)
        if asked.cancelled():
            raise ToolFailed(f"{name} was broken off", where=name)
        if (error := asked.exception()) is not None:
            if isinstance(error, ActionError):
                raise error
            log.warning("%s failed: %s", name, type(error).__name__)
            raise ToolFailed(f"{name} failed", where=name) from None
        return _bounded(asked.result(), self.lent)


def _seen(task: asyncio.Task[Any]) -> None:
    """Nobody waits for this any more; its error is read so that it is not reported as forgotten."""
    if not task.cancelled():
        task.exception()


def _bounded(output: Any, lent: LentTool) -> Output:
    if not isinstance(output, Output) or not isinstance(output.text, str):
        raise ToolFailed(f"{lent.name} answered with something that is no text", where=lent.name)
    if len(output.text) > LONGEST_OUTPUT:
        raise ToolFailed(f"{lent.name} answered with over {LONGEST_OUTPUT} characters", where=lent.name)
    text = outside(output.text[: lent.output])
    if (more := len(output.text) - lent.output) > 0:
        text += f"\n[cut: {more} more characters]"
    structured = output.structured
    if not isinstance(structured, dict) or not readable(structured, lent.output):
        structured = None
    return Output(text, structured, output.failed)


def outside(text: str) -> str:
    """Text from outside in normal form: no control characters, no half characters, nothing that ends or starts a turn."""
    return clean(block(text.encode("utf-8", "replace").decode()))


class Borrowing:
    """All tools beside the home's own. ``reserved`` names are the home's; a name is offered once, the first one stays."""

    def __init__(self, providers: Iterable[Provider] = (), reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._checked: dict[int, tuple[LentTool, Tool | None]] = {}
        self._told: set[str] = set()
        self.providers: tuple[Provider, ...] = tuple(providers)

    def offered(self) -> tuple[Tool, ...]:
        return tuple(borrowed.tool for borrowed in self._all().values())

    def find(self, name: str) -> Borrowed | None:
        return self._all().get(name)

    def _all(self) -> dict[str, Borrowed]:
        found: dict[str, Borrowed] = {}
        kept: dict[int, tuple[LentTool, Tool | None]] = {}
        for provider in self.providers:
            lent = self._of(provider)
            for each in lent[:MOST_TOOLS]:
                tool = self._usable(each, kept)
                if tool is None:
                    continue
                if each.name in found or each.name in self._reserved:
                    self._tell(f"{provider.name}: the tool {each.name:.64} is left out: there is one of this name already")
                    continue
                room = self._rooms.setdefault(provider.name, asyncio.Semaphore(AT_ONCE))
                found[each.name] = Borrowed(each, tool, provider, room)
            if len(lent) > MOST_TOOLS:
                self._tell(f"{provider.name}: {len(lent) - MOST_TOOLS} tools are left out: {MOST_TOOLS} are the most")
        self._checked = kept
        return found

    def _of(self, provider: Provider) -> Sequence[LentTool]:
        try:
            return tuple(provider.tools())
        except Exception as error:
            self._tell(f"{provider.name}: its tools cannot be listed ({type(error).__name__})")
            return ()

    def _usable(self, lent: LentTool, kept: dict[int, tuple[LentTool, Tool | None]]) -> Tool | None:
        """As a model may read it, or None for one that cannot be offered; worked out once for each object."""
        known = self._checked.get(id(lent))
        if known is None or known[0] is not lent:
            try:
                known = (lent, usable(lent.tool))
            except SchemaUnusable as error:
                self._tell(f"the tool {lent.name:.64} is left out: {error}")
                known = (lent, None)
        kept[id(lent)] = known
        return known[1]

    def _tell(self, what: str) -> None:
        """Once: the list is made anew for every request."""
        if what not in self._told:
            self._told.add(what)
            log.warning("%s", what)


async def close_all(providers: Sequence[Provider]) -> None:
    """Every one closed; one that fails or hangs there is left behind."""
    closing = [asyncio.ensure_future(provider.close()) for provider in providers]
    if not closing:
        return
    done, late = await asyncio.wait(closing, timeout=CLOSE_S)
    for task in late:
        task.cancel()
    for task in done:
        if error := task.exception():
            log.error("a provider of tools did not close: %s", type(error).__name__)


def usable(tool: Tool) -> Tool:
    """``tool`` with a readable, bounded description and schema. Raises SchemaUnusable."""
    function = tool.function
    if not _NAME.fullmatch(function.name):
        raise SchemaUnusable("its name is not made of 1 to 64 letters, digits, _ and -")
    description = one_line(outside(function.description))[:LONGEST_DESCRIPTION]
    return Tool(
        function=FunctionSpec(name=function.name, description=description, parameters=bounded_schema(function.parameters))
    )
