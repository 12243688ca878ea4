"""Conversations and the WebSocket through Ray Serve's proxy, and what outlives the gateway's process. No model is needed."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from flows.steps.rolling_out import roll_out
from schemas.assistant import Assistant, Limits
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve.api.doors import read_key
from tests.cluster.conftest import RayHead

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]
ASSISTANT = Assistant(name="test", inventory="home", limits=Limits(request_bytes=16_384))


class Talk:
    def __init__(self, head: RayHead) -> None:
        taken = [int(head.dashboard.rsplit(":", 1)[1]), int(head.address.rsplit(":", 1)[1])]
        profile = Profile(name="test", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=taken[0], ray_gcs=taken[1])))
        self.home, self.port = Home(head.home), head.api_port
        roll_out(None, ASSISTANT, profile, self.home, timeout_s=120)
        self.headers = {"Authorization": f"Bearer {read_key(self.home.api_key)}"}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=self.headers, trust_env=False, timeout=60)

    def open(self, **headers: str) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/v1/assist/ws", additional_headers={**self.headers, **headers}, proxy=None)


@pytest.fixture(scope="module")
def talk(ray_head: RayHead) -> Talk:
    return Talk(ray_head)


async def heard(client: Any, until: str) -> list[Any]:
    found: list[Any] = []
    while not found or found[-1]["type"] != until:
        found.append(json.loads(await asyncio.wait_for(client.recv(), 30)))
    return found


async def closed(client: Any) -> int | None:
    try:
        while True:
            await asyncio.wait_for(client.recv(), 30)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


async def test_turns_over_a_websocket(talk: Talk) -> None:
    async with talk.open() as client:
        await heard(client, "ready")
        await client.send(json.dumps({"type": "ask", "text": "turn on the lights", "area": "hall"}))
        events = await heard(client, "assist.finished")
        assert [event["type"] for event in events] == ["tier.answered", "action.done", "reply.ready", "assist.finished"]
        name = events[-1]["conversation_id"]
        await client.send(json.dumps({"type": "ask", "text": "and the kitchen too"}))
        assert (await heard(client, "turn.failed"))[-1]["error"]["code"] == "engine.no_champion"
        await client.send(json.dumps({"type": "ping"}))
        await heard(client, "pong")
    kept = talk.http.get(f"/v1/conversations/{name}").json()["exchanges"]
    assert [turn["text"] for turn in kept] == ["turn on the lights"]
    async with connect(f"ws://127.0.0.1:{talk.port}/v1/assist/ws", proxy=None) as client:
        await client.send(json.dumps({"type": "key", "key": talk.headers["Authorization"].removeprefix("Bearer ")}))
        await heard(client, "ready")


async def test_doors_and_limits_hold_behind_the_proxy(talk: Talk) -> None:
    for headers in ({"Authorization": "Bearer wrong"}, {"Origin": "https://evil.example"}):
        with pytest.raises(InvalidStatus) as raised:
            async with talk.open(**headers):
                pass
        assert raised.value.response.status_code in (401, 403)
    for message, code in ((b"\x00", 1003), ("x" * 20_000, 1009)):
        async with talk.open() as client:
            await client.send(message)
            assert await closed(client) == code


def test_a_conversation_outlives_the_gateway(talk: Talk) -> None:
    name = talk.http.post("/v1/assist", json={"text": "turn on the hall lamp"}).json()["conversation_id"]
    (gateway,) = [process for process in psutil.process_iter(["cmdline"]) if _is_gateway(process, talk)]
    gateway.kill()
    deadline = time.monotonic() + 60
    while True:
        assert time.monotonic() < deadline
        try:
            reply = talk.http.post("/v1/assist", json={"text": "turn off the hall lamp", "conversation_id": name})
            if reply.status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    kept = talk.http.get(f"/v1/conversations/{name}").json()["exchanges"]
    assert (kept[0]["text"], kept[-1]["text"]) == ("turn on the hall lamp", "turn off the hall lamp")
    assert all(turn["complete"] and turn["actions"] for turn in kept)


def _is_gateway(process: psutil.Process, talk: Talk) -> bool:
    """Ours alone: other stacks on this machine have gateways too."""
    try:
        title = " ".join(process.cmdline())
        return "ServeReplica:rottie:Gateway" in title and process.environ().get("ROTTIE_HOME") == str(talk.home.root)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
