"""Tools from elsewhere and to elsewhere through the real stack: Serve, the home's process, a server's process, `rottie ask`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from rottie.stack.recording import Record, urls, write_record
from schemas.artifacts import ModelManifest, ModelRef
from schemas.assistant import Assistant, LlmEngine
from schemas.lending import McpServer
from schemas.pipeline import Decoding
from serve.api.doors import read_key
from tests.cluster.running import ROOT
from tests.cluster.test_serving import Stage, replicas, stage, until
from tests.serve.actions import mcp_server

__all__ = ["stage"]
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(280),
    pytest.mark.skipif(find_spec("mcp_server_time") is None, reason="mcp-server-time is not installed"),
]
TOKYO = 'time__get_current_time{"timezone":" Asia/Tokyo"}'
GLOOMY = 'HassTurnOff{"name":" hall lamp"}'


def scripted(folder: Path) -> ModelRef:
    """A model without tools of its own, that asks for the time in Tokyo when it hears of it. How sure it is it cannot say."""
    folder.mkdir(exist_ok=True)
    (folder / "model.gguf").write_bytes(b"words")
    script = [{"when": "Tokyo", "reply": TOKYO}, {"when": "gloomy", "reply": GLOOMY}, {"reply": " Hello."}]
    (folder / "script.json").write_text(json.dumps(script))
    digest = hashlib.sha256(b"words").hexdigest()
    manifest = ModelManifest(
        candidate="c0ffee",
        pipeline="p",
        dataset="d",
        context=4096,
        parameters=1,
        decoding=Decoding(arguments="typed"),
        tools=(),
        home=False,
        serve="model.gguf",
        files={"model.gguf": digest},
    )
    (folder / "model.json").write_text(manifest.model_dump_json())
    return ModelRef(name="rottie-llm", version="1", candidate="c0ffee", path=str(folder), sha256=digest)


def assistant(*servers: McpServer) -> Assistant:
    return Assistant(name="test", engine=LlmEngine(kind="scripted", context=4096), inventory="home", servers=servers)


def ask(stage: Stage, text: str, *more: str) -> Any:
    """Through the command line, as a person would."""
    environment = {**os.environ, "ROTTIE_HOME": str(stage.home.root)}
    command = [sys.executable, "-m", "rottie.cli", "ask", text, "--json", *more]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def servers_of(stage: Stage) -> list[psutil.Process]:
    (home,) = replicas(stage, "Home")
    return [each for each in home.children(recursive=True) if "mcp-server-time" in " ".join(each.cmdline())]


async def turn_on(stage: Stage) -> tuple[set[str], bool]:
    """What another program's MCP client sees and does: the tools' names, and whether its call went wrong."""
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {read_key(stage.home.api_key)}"}, trust_env=False, timeout=60)
    async with Client(streamable_http_client(f"{stage.url}/mcp", http_client=http)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        return names, (await client.call_tool("HassTurnOn", {"name": "hall lamp"})).is_error


def test_a_server_that_somebody_else_wrote_answers_through_rottie_ask(stage: Stage, tmp_path: Path) -> None:
    ours = psutil.Process()
    record = Record(id="t", profile=stage.profile, urls=urls(stage.profile), pid=ours.pid, started=ours.create_time())
    write_record(stage.home, record)
    clock = McpServer(name="time", command="mcp-server-time", args=("--local-timezone=UTC",), default_risk="read")
    hanging = McpServer(name="hanging", command=sys.executable, args=("-c", "import time; time.sleep(600)"))
    dying = McpServer(name="dying", command=sys.executable, args=(str(Path(mcp_server.__file__)),))
    ref = scripted(tmp_path / "model")
    stage.roll(ref, assistant(clock, hanging, dying))

    answer = ask(stage, "what time is it in Tokyo?")
    (action,) = answer["actions"]
    assert (answer["tier"], action["name"], action["error"]) == ("model", "time__get_current_time", None)
    assert json.loads(action["text"])["timezone"] == "Asia/Tokyo"

    names, wrong = asyncio.run(turn_on(stage))
    assert {"HassTurnOn", "time__get_current_time", "dying__echo"} <= names
    assert not wrong
    states = {entity["id"]: entity["state"] for entity in stage.get("/v1/home").json()["entities"]}
    assert states["light.hall_lamp"] == "on"

    # Killed: the server of the killed home goes with it, and the home that comes has its own.
    (server,) = servers_of(stage)
    (home,) = replicas(stage, "Home")
    home.kill()
    until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "the server ends")
    deadline = time.monotonic() + 60
    while not (done := ask(stage, "the time in Tokyo, please")["actions"]) or done[0]["error"]:
        assert time.monotonic() < deadline, done
    # No longer declared: gone, without a restart of the home.
    (home,) = replicas(stage, "Home")
    stage.roll(ref, assistant())
    until(lambda: not home.children(recursive=True), "the servers end")
    assert replicas(stage, "Home") == [home]
    assert ask(stage, "what time is it in Tokyo?")["actions"] == []

    # What a model is not sure of waits for a person's yes, across all processes.
    stage.roll(ref, assistant().model_copy(update={"sure": 0.5}))
    held = ask(stage, "make it gloomy")
    assert (held["reply"], held["actions"][0]["error"]["code"]) == ("Shall I turn off the hall lamp?", "action.unsure")
    done = ask(stage, "yes", "--yes", held["actions"][0]["confirmation_needed"])
    assert (done["tier"], done["actions"][0]["changes"][0]["after"]["state"]) == ("confirmation", "off")
    logs = [path for path in stage.head.home.parent.joinpath("ray").rglob("logs/**/*") if path.is_file()]
    assert logs
    assert not [path for path in logs if b"in Tokyo" in path.read_bytes() or b"hall lamp" in path.read_bytes()]
