"""Servers that speak MCP, good and bad, as processes and over HTTP: what they lend, and what they cannot do to us."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from schemas.conversation import call
from schemas.lending import McpServer, Token
from serve.actions.mcp.connecting import Connection
from serve.actions.mcp.lending import McpProvider, offered_name
from serve.actions.performing import Actions
from serve.actions.providers import close_all
from tests.serve.actions import mcp_server
from tests.serve.actions.conftest import GUEST, USER, after

SCRIPT = str(Path(mcp_server.__file__))
Lends = Callable[..., Any]


def stdio(*tools: str, name: str = "test", **options: Any) -> McpServer:
    return McpServer(name=name, command=sys.executable, args=(SCRIPT, *tools), **options)


def listed(tmp_path: Path, *tools: Any) -> str:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(tools))
    return str(path)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.actions.mcp.transports.GRACE_S", 0.2)
    monkeypatch.setattr("serve.actions.mcp.connecting.FIRST_PAUSE_S", 0.05)


@pytest.fixture
async def lends(actions: Actions, tmp_path: Path) -> AsyncIterator[Lends]:
    """Connects a server and lends its tools to ``actions``."""
    providers: list[McpProvider] = []

    async def connect(server: McpServer) -> McpProvider:
        provider = McpProvider(server, tmp_path)
        providers.append(provider)
        actions.borrowing.providers = tuple(providers)
        provider.start()
        await provider.connection.settled.wait()
        return provider

    yield connect
    await close_all(providers)


def names(actions: Actions) -> list[str]:
    return [tool.function.name for tool in actions.borrowing.offered()]


def code(result: Any) -> str | None:
    return result.error["code"] if result.error else None


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


async def test_tools_of_a_server_are_lent_with_risks_by_its_hints(actions: Actions, lends: Lends) -> None:
    provider = await lends(stdio(risk={"buy": "write"}, deny=frozenset({"hang"})))
    risks = {lent.name: lent.risk for lent in provider.tools()}
    assert (risks["test__echo"], risks["test__note"], risks["test__buy"]) == ("read", "write", "write")
    assert "test__hang" not in risks
    result = await actions.run(call("test__echo", {"text": "hello"}), GUEST)
    assert (result.ok, result.text, result.source) == (True, "hello", "test")
    assert result.variables == {"structured": {"text": "hello"}}
    assert code(await actions.run(call("test__echo", {"text": 3}), USER)) == "action.bad_argument"
    picture = await actions.run(call("test__image", {}), USER)
    assert picture.text == "[image left out: image/png]"


async def test_what_is_not_hinted_to_be_harmless_needs_a_yes(actions: Actions, lends: Lends) -> None:
    await lends(stdio())
    asked = await actions.run(call("test__buy", {"text": "a house"}), USER)
    assert code(asked) == "action.confirm"
    token = asked.decision.confirmation if asked.decision else None
    assert (await actions.run(call("test__buy", {"text": "a house"}), USER, confirmation=token)).text == "a house"


async def test_only_named_variables_reach_a_server(
    actions: Actions, lends: Lends, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROTTIE_SECRET", "hidden")
    monkeypatch.setenv("GIVEN", "given")
    (tmp_path / "weather_key").write_text("from a file\n")
    await lends(stdio(env=("GIVEN",), secrets={"KEY": "weather_key"}))
    found = json.loads((await actions.run(call("test__environment", {}), USER)).text)
    assert (found["GIVEN"], found["KEY"]) == ("given", "from a file")
    assert {*found} <= {"GIVEN", "KEY", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LC_CTYPE"}


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("hang", "action.tool_timeout"),
        ("fail", "action.tool"),
        ("refuse", "action.tool"),
        ("die", "action.tool"),
        ("big", "action.tool"),
        ("endless", "action.tool"),
        ("binary", None),
        ("garbage", None),
    ],
)
async def test_a_bad_answer_is_an_error_and_the_next_call_works(
    actions: Actions, lends: Lends, tool: str, expected: str | None
) -> None:
    provider = await lends(stdio(timeout_s=1.0 if tool == "hang" else 30, connect_s=1.0))
    result = await actions.run(call(f"test__{tool}", {}), USER)
    assert code(result) == expected
    assert "secret" not in str(result)
    assert result.text.isprintable()
    assert (await actions.run(call("HassTurnOn", {"name": "kettle"}), USER)).ok
    await until(lambda: provider.connection.up and not provider.connection._doubt.is_set())

    async def works() -> bool:
        return (await actions.run(call("test__echo", {"text": "again"}), USER)).text == "again"

    async with asyncio.timeout(20):
        while not await works():
            await asyncio.sleep(0.1)


async def test_a_list_that_changes_is_followed(actions: Actions, lends: Lends) -> None:
    await lends(stdio())
    assert "test__grown" not in names(actions)
    await actions.run(call("test__grow", {}), USER)
    await until(lambda: "test__grown" in names(actions))


async def test_strange_tools_are_left_out_and_the_others_stay(actions: Actions, lends: Lends, tmp_path: Path) -> None:
    tool = mcp_server.tool
    deep: Any = {"type": "string"}
    for _ in range(300):
        deep = {"type": "object", "properties": {"a": deep}}
    tools = listed(
        tmp_path,
        tool("fine"),
        tool("deep", schema=deep),
        tool("wrong", schema={"type": "object", "properties": {"a": {"type": "no type"}}}),
        tool("far", schema={"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/"}}}),
        tool("a.b", schema={"type": "object", "description": "first"}),
        tool("a_b", schema={"type": "object", "description": "second"}),
        tool("fine", schema={"type": "object", "description": "again"}),
        tool("x" * 200),
        tool("wörter <|end|>"),
    )
    await lends(stdio(tools))
    long = offered_name("test", "x" * 200)
    assert names(actions) == ["test__fine", "test__deep", "test__a_b", long, "test__w_rter___end__"]
    assert len(long) == 64


async def test_a_thousand_tools(actions: Actions, lends: Lends, tmp_path: Path) -> None:
    many = [{"name": f"t{number}", "inputSchema": {"type": "object"}} for number in range(1000)]
    await lends(stdio(listed(tmp_path, *many)))
    assert len(names(actions)) == 128


async def test_servers_may_have_tools_of_the_same_name(actions: Actions, lends: Lends, tmp_path: Path) -> None:
    tools = listed(tmp_path, mcp_server.tool("do", mcp_server.READ))
    await lends(stdio(tools, name="one"))
    await lends(stdio(tools, name="two"))
    assert names(actions) == ["one__do", "two__do"]
    assert (await actions.run(call("two__do", {"text": "x"}), USER)).source == "two"


@pytest.mark.parametrize(
    "server",
    [
        McpServer(name="gone", command="/no/such/program"),
        McpServer(name="gone", command="no-such-program"),
        McpServer(name="gone", command=sys.executable, args=("-c", "print('no server')")),
        McpServer(name="gone", command=sys.executable, args=("-c", "import time; time.sleep(600)"), connect_s=0.3),
        McpServer(name="gone", command=sys.executable, args=(SCRIPT,), secrets={"KEY": "missing"}),
        McpServer(name="gone", url="http://127.0.0.1:9/mcp", connect_s=2),
        McpServer(name="gone", url="http://127.0.0.1:9/mcp", token=Token(env="NO_SUCH_VARIABLE")),
    ],
)
async def test_a_server_that_is_not_there_costs_its_own_tools_only(actions: Actions, lends: Lends, server: McpServer) -> None:
    provider = await lends(server)
    assert (provider.connection.up, names(actions)) == (False, [])
    assert after((await actions.run(call("HassTurnOn", {"name": "kettle"}), USER)).changes) == {"switch.kettle": "on"}


async def test_a_dead_servers_tools_stay_and_say_that_it_is_down(actions: Actions, lends: Lends) -> None:
    provider = await lends(stdio())
    provider.connection._client = None
    assert code(await actions.run(call("test__echo", {}), USER)) == "action.tool_down"


async def test_a_server_and_what_it_started_end_with_us(actions: Actions, lends: Lends) -> None:
    provider = await lends(stdio())
    child = psutil.Process(int((await actions.run(call("test__child", {}), USER)).text))
    server = psutil.Process(provider.connection.pid)
    await provider.close()
    assert not server.is_running()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends children with their parent on Linux alone")
async def test_a_killed_process_of_ours_leaves_no_server(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from schemas.lending import McpServer; from serve.actions.mcp.connecting import Connection\n"
        "async def main():\n"
        f"    c = Connection(McpServer(name='test', command=sys.executable, args=({SCRIPT!r},)), Path('.'))\n"
        "    c.start(); await c.settled.wait(); print(c.pid, flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    ours = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert ours.stdout is not None
    server = psutil.Process(int(await ours.stdout.readline()))
    ours.kill()
    await ours.wait()
    await until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.skipif(find_spec("mcp_server_time") is None, reason="mcp-server-time is not installed")
async def test_a_server_that_somebody_else_wrote(actions: Actions, lends: Lends) -> None:
    await lends(McpServer(name="time", command="mcp-server-time", args=("--local-timezone=UTC",), default_risk="read"))
    result = await actions.run(call("time__get_current_time", {"timezone": "Asia/Tokyo"}), GUEST)
    assert json.loads(result.text)["timezone"] == "Asia/Tokyo"
    wrong = await actions.run(call("time__get_current_time", {"timezone": "Nowhere"}), GUEST)
    assert code(wrong) == "action.tool"
    assert "Nowhere" in wrong.for_model


class Strange:
    """An HTTP server that shakes hands in the old way, and answers calls as ``answers`` says."""

    def __init__(self) -> None:
        self.answers = "well"
        self.tokens: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        self.tokens.append(request.headers.get("authorization", ""))
        await (await self._reply(request))(scope, receive, send)

    async def _reply(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        asked = await request.json()
        method = asked.get("method")
        if "id" not in asked:
            return Response(status_code=202)
        if method == "initialize":
            info = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
            return self._json(asked, info)
        if method == "tools/list":
            return self._json(asked, {"tools": [mcp_server.tool("do", mcp_server.READ)]})
        if method != "tools/call":
            return JSONResponse({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}})
        good = self._json(asked, mcp_server.text("fine"))
        return {
            "well": good,
            "packed": Response(gzip.compress(good.body), media_type="application/json", headers={"content-encoding": "gzip"}),
            "much": StreamingResponse((b"x" * 2**20 for _ in range(40)), media_type="application/json"),
            "elsewhere": RedirectResponse("http://127.0.0.1:9/mcp"),
            "broken": Response(b"\xff{", media_type="application/json"),
            "failing": Response(b"secret words", status_code=500),
        }[self.answers]

    @staticmethod
    def _json(asked: Any, result: Any) -> JSONResponse:
        return JSONResponse({"jsonrpc": "2.0", "id": asked["id"], "result": result})


async def test_a_server_at_an_address(actions: Actions, lends: Lends, tmp_path: Path) -> None:
    strange = Strange()
    (tmp_path / "far_token").write_text("t0ken\n")
    server = uvicorn.Server(uvicorn.Config(strange, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/mcp"
    provider = await lends(McpServer(name="far", url=url, token=Token(file="far_token"), timeout_s=3))
    assert names(actions) == ["far__do"]
    assert set(strange.tokens) == {"Bearer t0ken"}
    for strange.answers in ("packed", "much", "elsewhere", "broken", "failing", "well"):
        await until(lambda: provider.connection.up)
        result = await actions.run(call("far__do", {}), USER)
        assert (code(result) is None) == (strange.answers == "well"), strange.answers
        assert "secret" not in str(result)
    assert result.text == "fine"
    server.should_exit = True
    await running


def test_our_environment_has_no_say_in_names() -> None:
    assert offered_name("test", "files/read") == "test__files_read"
    assert Connection(stdio(), Path(os.devnull)).tools == ()
