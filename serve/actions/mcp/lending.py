"""The tools of one MCP server as a Provider: named after it, with risks from the assistant's file or the server's hints.

A tool is offered as ``server__tool``, every character that OpenAI does not take in a name written as ``_``; a name of more
than 64 characters is cut and ends with a part of its hash. What a server says of itself raises no right: hints matter only
where the assistant's file leaves the risk open, and unknown is irreversible.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mcp_types
from pydantic import ValidationError

from schemas.action import Risk
from schemas.conversation import FunctionSpec, Tool
from schemas.errors import UnknownTool
from schemas.hashing import canonical
from schemas.lending import McpServer
from serve.actions.mcp.connecting import Connection
from serve.actions.providers import Lent, LentTool, Output

LONGEST_NAME = 64
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]")


class McpProvider:
    def __init__(self, server: McpServer, secrets: Path) -> None:
        self.name = server.name
        self.server = server
        self.connection = Connection(server, secrets)
        self._listed: tuple[mcp_types.Tool, ...] | None = None
        self._lent: dict[str, tuple[str, LentTool]] = {}

    def start(self) -> None:
        self.connection.start()

    def tools(self) -> Sequence[LentTool]:
        if self._listed is not self.connection.tools:
            self._listed = self.connection.tools
            self._lent = _lent(self.server, self._listed)
        return [lent for _, lent in self._lent.values()]

    async def call(self, call: Lent) -> Output:
        self.tools()
        if call.tool not in self._lent:
            raise UnknownTool(f"{self.name} no longer has {call.tool}", where=call.tool)
        return output_of(await self.connection.call(self._lent[call.tool][0], call.arguments))

    async def close(self) -> None:
        await self.connection.close()


def _lent(server: McpServer, tools: Sequence[mcp_types.Tool]) -> dict[str, tuple[str, LentTool]]:
    """By the name that it is offered under: the server's own name, and the tool. The first of a name stays."""
    found: dict[str, tuple[str, LentTool]] = {}
    for tool in tools:
        if (server.allow is not None and tool.name not in server.allow) or tool.name in server.deny:
            continue
        name = offered_name(server.name, tool.name)
        try:
            function = FunctionSpec(name=name, description=tool.description or tool.title or "", parameters=tool.input_schema)
        except ValidationError:
            continue
        rules: dict[str, Any] = {"roles": server.roles, "timeout_s": server.timeout_s}
        rules |= {"per_minute": server.per_minute, "output": server.output}
        found.setdefault(name, (tool.name, LentTool(Tool(function=function), risk=risk_of(server, tool), **rules)))
    return found


def offered_name(server: str, tool: str) -> str:
    name = f"{server}__{_FOREIGN.sub('_', tool)}"
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(tool.encode(errors="replace")).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}_{digest}"


def risk_of(server: McpServer, tool: mcp_types.Tool) -> Risk:
    known = server.risk.get(tool.name) or server.default_risk
    if known is not None:
        return known
    hints = tool.annotations
    if hints is not None and hints.read_only_hint is True:
        return "read"
    return "write" if hints is not None and hints.destructive_hint is False else "irreversible"


def output_of(result: mcp_types.CallToolResult) -> Output:
    """Text as it is; what is no text is named and left out."""
    lines = [_line(block) for block in result.content]
    if not lines and result.structured_content is not None:
        lines = [canonical(result.structured_content)]
    return Output("\n".join(lines), result.structured_content, bool(result.is_error))


def _line(block: mcp_types.ContentBlock) -> str:
    if isinstance(block, mcp_types.TextContent):
        return block.text
    if isinstance(block, mcp_types.ImageContent | mcp_types.AudioContent):
        return f"[{block.type} left out: {block.mime_type}]"
    if isinstance(block, mcp_types.ResourceLink):
        return f"[resource: {block.name} {block.uri}]"
    if isinstance(block, mcp_types.EmbeddedResource) and isinstance(block.resource, mcp_types.TextResourceContents):
        return block.resource.text
    return "[something left out that is no text]"
