"""The tools of the home, as Home Assistant offers them to language models, and how a call becomes a plan."""

from __future__ import annotations

from functools import cache, lru_cache

from schemas.action import Actor
from schemas.conversation import Tool, ToolCall
from schemas.errors import UnknownTool
from serve.actions.arguments import read
from serve.actions.asking import ASKING
from serve.actions.commands import COMMANDS
from serve.actions.home import SimulatedHome
from serve.actions.listing import LISTING
from serve.actions.planning import HomeTool, Plan
from serve.actions.playing import PLAYING
from serve.actions.timing import TIMING

TOOLS: dict[str, HomeTool] = {tool.name: tool for tool in (*COMMANDS, *PLAYING, *LISTING, *TIMING, *ASKING)}


def offered(home: SimulatedHome) -> tuple[Tool, ...]:
    """What a model may call in this home: tools for domains that it lacks are left out."""
    return offered_for(frozenset(entity.domain for entity in home.entities()))


@lru_cache(maxsize=4096)
def offered_for(domains: frozenset[str]) -> tuple[Tool, ...]:
    """What a model may call in a home with things of ``domains``."""
    return tuple(
        _declared(tool.name) for tool in TOOLS.values() if not tool.hidden and (not tool.domains or domains & set(tool.domains))
    )


@cache
def _declared(name: str) -> Tool:
    """Made once: its JSON schema takes longer than all else that a model is told."""
    return TOOLS[name].declared()


def find_tool(name: str) -> HomeTool:
    tool = TOOLS.get(name)
    if tool is None:
        raise UnknownTool(f"there is no tool {name!r:.64}", where="name")
    return tool


def plan(call: ToolCall, home: SimulatedHome, actor: Actor) -> Plan:
    """What ``call`` means in ``home`` for ``actor``; nothing is done. Raises ActionError."""
    tool = find_tool(call.function.name)
    return tool.plan(home, read(tool.arguments, call.function.parsed(), tool.name), actor)
