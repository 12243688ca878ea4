"""An MCP server over stdio for tests, by hand and from the standard library alone: it can misbehave as no library lets it.

``python mcp_server.py [TOOLS]``: TOOLS is a JSON file, a list of tools; by default one for each way to behave.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}
READ, SAFE = {"readOnlyHint": True}, {"destructiveHint": False}


def tool(name: str, hints: dict[str, Any] | None = None, schema: Any = None) -> dict[str, Any]:
    return {"name": name, "description": f"Does {name}.", "inputSchema": schema or TEXT, "annotations": hints or {}}


TOOLS = [
    tool("echo", READ),
    tool("environment", READ),
    tool("note", SAFE),
    tool("buy"),
    *(
        tool(name, READ)
        for name in ("hang", "fail", "refuse", "die", "big", "endless", "binary", "garbage", "image", "grow", "child")
    ),
]


def send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}], **more}


def called(name: str, arguments: dict[str, Any], tools: list[Any]) -> dict[str, Any]:
    raw = sys.stdout.buffer
    if name == "environment":
        return text(json.dumps(dict(os.environ)))
    if name == "hang":
        time.sleep(3600)
    if name == "fail":
        return text("the oven is on fire", isError=True)
    if name == "die":
        os._exit(3)
    if name == "big":
        return text("x" * 10_000_000)
    if name == "endless":
        while True:
            raw.write(b"x" * 1_000_000)
    if name == "binary":
        raw.write(b'\x00\xff\xfe{"jsonrpc"\n\n' + b"\x80" * 5000 + b"\n")
        raw.write(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"\xff"}}\n')
        return text("still \udcff here \x1b[31m")
    if name == "garbage":
        print("Starting up ...\n{}\n[]\nnull\n" + "[" * 5000)
        send({"method": "no/such/notification", "params": {"x": 1}})
        send({"id": 99999, "result": {}})
        return text("still here")
    if name == "image":
        return {"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"}], "structuredContent": {"width": 3}}
    if name == "grow":
        tools.append(tool("grown", READ))
        send({"method": "notifications/tools/list_changed"})
        return text("grown")
    if name == "child":
        return text(str(subprocess.Popen(["sleep", "600"]).pid))
    return text(str(arguments.get("text", "")), structuredContent=arguments)


def main() -> None:
    tools = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else list(TOOLS)
    print("a server says hello on the wrong channel")
    for line in sys.stdin:
        request = json.loads(line)
        method, number = request.get("method"), request.get("id")
        if number is None:
            continue
        if method == "initialize":
            info = {"name": "test", "version": "1"}
            capabilities = {"tools": {"listChanged": True}}
            version = request["params"]["protocolVersion"]
            send({"id": number, "result": {"protocolVersion": version, "capabilities": capabilities, "serverInfo": info}})
        elif method == "tools/list":
            send({"id": number, "result": {"tools": tools}})
        elif method == "tools/call" and request["params"]["name"] != "refuse":
            result = called(request["params"]["name"], request["params"].get("arguments") or {}, tools)
            send({"id": number, "result": result})
        else:
            send({"id": number, "error": {"code": -32601, "message": "secret words"}})


if __name__ == "__main__":
    main()
