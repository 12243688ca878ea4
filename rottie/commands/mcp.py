"""rottie mcp: the home's tools over stdio, for desktop programs that start MCP servers themselves."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command(epilog="Example, in a client's settings: command rottie, args [mcp]")(mcp)


def mcp() -> None:
    """Serve the home's tools over stdio (MCP).

    Every message goes to the running API with its key, so policy and log are those of the API's own /mcp.
    """
    from rottie.commands.asking import door

    relay(*door())


def relay(address: str, key: str) -> None:
    """Between standard input and output and the API at ``address``, until the input ends."""
    from fastmcp import Client
    from fastmcp.client.transports import StreamableHttpTransport
    from fastmcp.server import create_proxy

    from serve.actions.mcp.serving import Asking

    transport = StreamableHttpTransport(f"{address}/mcp", auth=key)
    proxy = create_proxy(transport, mode="auto", name="rottie")
    proxy.add_middleware(Asking(lambda: Client(transport)))
    proxy.run(transport="stdio", show_banner=False)
