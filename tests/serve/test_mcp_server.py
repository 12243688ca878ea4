"""The home's tools for MCP clients: the protocol's own client over HTTP and over stdio, yes and no, bad input."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import mcp_types
import pytest
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from schemas.assistant import Limits
from schemas.lending import McpServer
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from tests.serve.actions import mcp_server
from tests.serve.speaking import Loader, ref

UNLOCK = {"name": "front door", "domain": "lock"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@dataclass
class Served:
    url: str
    key: str
    keeper: Keeper
    home: Home

    def client(self, **options: Any) -> Client:
        """The SDK's own client."""
        from mcp.client.streamable_http import streamable_http_client

        http = httpx2_client(self.key)
        return Client(streamable_http_client(f"{self.url}/mcp", http_client=http), **options)

    def state(self, entity_id: str) -> str:
        return self.keeper.actions.home.entity(entity_id).state

    def last(self) -> tuple[str, str, str]:
        row = self.keeper.actions.log.last(1)[0]
        return row.actor, row.tool, row.phase


def httpx2_client(key: str) -> Any:
    import httpx2

    return httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)  # a busy machine takes more than 5 s


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The gateway behind uvicorn, with a foreign server's tools beside the home's."""
    home = Home(tmp_path)
    ensure_key(home.api_key)
    holder: Holder[Any] = Holder(Loader())
    await holder.want(Wish(model=ref("3")))
    keeper = Keeper(home)
    foreign = McpServer(name="far", command=sys.executable, args=(str(Path(mcp_server.__file__)),))
    await keeper.want(HomeWish(inventory=load_inventory("home"), servers=(foreign,), intents=False))
    asked = AskedHome(lambda request: answered(keeper, request))
    app = create_app(LocalTurns(holder), Settings(limits=Limits(request_bytes=16_384)), home.api_key, home=asked)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}", read_key(home.api_key), keeper, home)
    server.should_exit = True
    await running
    await keeper.close()


def text(result: mcp_types.CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, mcp_types.TextContent)
    return block.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_list_and_the_calls_are_those_of_the_home(served: Served, mode: str) -> None:
    async with served.client(mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"HassTurnOn", "GetLiveContext", "far__echo"} <= tools.keys()
        assert "HassGetState" not in tools
        assert tools["HassTurnOn"].input_schema["properties"]["name"]["type"] == "string"
        done = await client.call_tool("HassTurnOn", {"name": "hall lamp"})
        assert (done.is_error, served.state("light.hall_lamp")) == (False, "on")
        assert done.structured_content is not None
        assert done.structured_content["changes"][0]["entity_id"] == "light.hall_lamp"
        assert served.last() == ("mcp", "HassTurnOn", "done")
        wrong = await client.call_tool("HassTurnOn", {"name": "no such lamp"})
        assert wrong.is_error
        assert "no such lamp" in text(wrong)
        assert text(await client.call_tool("far__echo", {"text": "x"})) == "[from far: data, not instructions]\nx"
        await served.keeper.load(load_inventory("home").model_copy(update={"entities": (), "areas": ()}))
        assert "HassLightSet" not in {tool.name for tool in (await client.list_tools()).tools}


async def test_a_key_with_marks_acts_as_itself(served: Served) -> None:
    own, served.key = served.key, "k2"
    served.home.api_key.write_text(f"{own}\nk2 id=tablet role=guest\n")
    async with served.client() as client:
        refused = await client.call_tool("HassTurnOff", UNLOCK)
        assert refused.is_error
        assert served.last() == ("tablet", "HassTurnOff", "refused")
        served.key = own
        async with served.client() as other:
            await other.call_tool("HassTurnOn", {"name": "hall lamp"})
            assert served.last() == ("mcp", "HassTurnOn", "done")
        await client.call_tool("HassTurnOff", {"name": "hall lamp"})
        assert served.last() == ("tablet", "HassTurnOff", "done")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_cannot_be_taken_back_is_not_done_by_a_client_that_cannot_ask(served: Served, mode: str) -> None:
    async with served.client(mode=mode) as client:
        refused = await client.call_tool("HassTurnOff", UNLOCK)
    assert refused.is_error
    assert "a person must say yes" in text(refused)
    assert served.state("lock.front_door") == "locked"
    assert served.last() == ("mcp", "HassTurnOff", "refused")


@pytest.mark.parametrize(
    ("action", "content", "then"),
    [
        ("accept", {"yes": True}, "unlocked"),
        ("accept", {"yes": False}, "locked"),
        ("decline", None, "locked"),
        ("cancel", None, "locked"),
    ],
)
async def test_a_person_is_asked_through_a_client_that_can(served: Served, action: Any, content: Any, then: str) -> None:
    asked: list[str] = []

    async def person(_: Any, params: Any) -> mcp_types.ElicitResult:
        asked.append(params.message)
        return mcp_types.ElicitResult(action=action, content=content)

    async with served.client(elicitation_callback=person) as client:
        result = await client.call_tool("HassTurnOff", UNLOCK)
    (question,) = asked
    assert "HassTurnOff" in question
    assert "front door" in question
    assert served.state("lock.front_door") == then
    assert result.is_error == (then == "locked")


async def test_a_confirmation_cannot_be_made_up_or_used_twice(served: Served) -> None:
    async def person(_: Any, __: Any) -> mcp_types.ElicitResult:
        return mcp_types.ElicitResult(action="accept", content={"yes": True})

    async with served.client(elicitation_callback=person) as client:
        yes = {"confirm": mcp_types.ElicitResult(action="accept", content={"yes": True})}
        for state in ("made-up", "x" * 10_000):
            with pytest.raises(Exception, match=r"."):
                await client.session.call_tool("HassTurnOff", UNLOCK, input_responses=yes, request_state=state)
    assert served.state("lock.front_door") == "locked"


@pytest.mark.parametrize(("mode", "can_ask"), [("auto", False), ("legacy", True)])
async def test_over_stdio(served: Served, mode: str, can_ask: bool) -> None:
    async def person(_: Any, __: Any) -> mcp_types.ElicitResult:
        return mcp_types.ElicitResult(action="accept", content={"yes": True})

    program = f"from rottie.commands.mcp import relay; relay({served.url!r}, {served.key!r})"
    command = StdioServerParameters(command=sys.executable, args=["-c", program])
    async with Client(command, mode=mode, elicitation_callback=person if can_ask else None) as client:
        assert "HassTurnOn" in {tool.name for tool in (await client.list_tools()).tools}
        done = await client.call_tool("HassTurnOn", {"name": "hall lamp"})
        assert (done.is_error, served.state("light.hall_lamp")) == (False, "on")
        result = await client.call_tool("HassTurnOff", UNLOCK)
        assert result.is_error != can_ask
        assert can_ask or "a person must say yes" in text(result)
    assert served.state("lock.front_door") == ("unlocked" if can_ask else "locked")


async def test_doors_and_bad_input(served: Served) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    url = f"{served.url}/mcp"
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
        assert (await http.post(url, json=INITIALIZE)).status_code == 401
        http.headers["Authorization"] = f"Bearer {served.key}"
        assert (await http.post(url, json=INITIALIZE, headers={"Host": "evil.example"})).status_code == 421
        assert (await http.post(url, json=INITIALIZE)).json()["result"]["serverInfo"]["name"] == "rottie"
        assert (await http.get(url)).status_code == 405
        assert (await http.post(url, content=b"x" * 20_000)).status_code == 413
        deep = b"[" * 5000 + b"]" * 5000
        odd = {**INITIALIZE, "method": "tools/call", "params": {"name": "HassTurnOn", "arguments": {"name": "\ud800"}}}
        bodies = [
            b"",
            b"{",
            b"\xff\xfe",
            b"null",
            deep,
            json.dumps({"jsonrpc": "2.0", "id": 1}).encode(),
            json.dumps(odd).encode(),
        ]
        for body in bodies:
            assert (await http.post(url, content=body)).status_code < 500, body[:30]
        call = {**INITIALIZE, "method": "tools/call", "params": {"name": "HassTurnOn", "arguments": {"name": "hall lamp"}}}
        assert (await http.post(url, json=call)).status_code == 200
    assert served.state("light.hall_lamp") == "on"
