"""The WebSocket of the assistant, by a real client over a real server on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from schemas.assistant import Limits
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns
from serve.api import socket as api_socket
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.holding import Holder, Wish
from serve.keeping import HomeWish, Keeper
from tests.serve.speaking import Loader, ref


class Served:
    """The gateway behind uvicorn."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.settings = Settings(limits=Limits(request_bytes=16_384, timeout_s=20))
        self.loader = Loader()
        self.talks = Talks(Conversations(self.home.database))
        self.keeper = Keeper(self.home)
        self.port = 0

    async def begin(self) -> None:
        ensure_key(self.home.api_key)
        self.key = read_key(self.home.api_key)
        holder: Holder[Any] = Holder(self.loader)
        await holder.want(Wish(model=ref("3")))
        await self.keeper.want(HomeWish(inventory=load_inventory("home")))
        app = create_app(LocalTurns(holder), self.settings, self.home.api_key, home=self.keeper, talks=self.talks)
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        self.serving = asyncio.create_task(self.server.serve([listener]))

    async def end(self) -> None:
        self.server.should_exit = True
        await self.serving
        await self.talks.close()
        await self.keeper.close()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}{api_socket.PATH}"

    def connect(self, key: str | None = None, **headers: str) -> connect:
        """With the right key unless another is given; an empty one is left out."""
        given = {} if key == "" else {"Authorization": f"Bearer {key or self.key}"}
        return connect(self.url, additional_headers={**given, **headers}, proxy=None)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path)
    await made.begin()
    yield made
    await made.end()


async def said(client: ClientConnection, kind: str, **more: Any) -> None:
    await client.send(json.dumps({"type": kind, **more}))


async def heard(client: ClientConnection, *until: str) -> list[Any]:
    """Messages up to one of a type of ``until``."""
    found: list[Any] = []
    while not found or found[-1]["type"] not in until:
        found.append(json.loads(await asyncio.wait_for(client.recv(), 15)))
    return found


async def told(client: ClientConnection, text: str, **more: Any) -> list[Any]:
    await said(client, "ask", text=text, **more)
    return await heard(client, "assist.finished", "turn.failed", "turn.cancelled", "refused")


async def closed(client: ClientConnection) -> int | None:
    try:
        while True:
            await asyncio.wait_for(client.recv(), 15)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


async def test_several_turns_over_one_connection(served: Served) -> None:
    async with served.connect() as client:
        await heard(client, "ready")
        first = await told(client, "turn on the hall lamp")
        assert [event["type"] for event in first] == ["tier.answered", "action.done", "reply.ready", "assist.finished"]
        second = await told(client, "and the kitchen too")
        assert {event["type"] for event in second} == {"tier.answered", "reply.delta", "reply.ready", "assist.finished"}
        name = first[-1]["conversation_id"]
        assert second[-1]["conversation_id"] == name  # the connection's own
        messages = served.loader.opened[0].turns[-1].messages
        assert [message.role for message in messages] == ["user", "assistant", "tool", "assistant", "user"]
        other = (await told(client, "hello", conversation_id="new"))[-1]["conversation_id"]
        assert other != name
        assert (await told(client, "hello"))[-1]["conversation_id"] == other
        assert (await told(client, "hello", conversation_id=name))[-1]["conversation_id"] == name
        assert (await told(client, "hello", conversation_id="nothing"))[-1]["error"]["code"] == "conversation.missing"
        assert (await told(client, "hello"))[-1]["conversation_id"] == name
        await said(client, "ping")
        assert (await heard(client, "pong"))[-1] == {"type": "pong"}
        assert len(served.talks.store.read("api", name).exchanges) == 4


async def test_the_key_as_first_message(served: Served) -> None:
    async with served.connect("") as client:
        await said(client, "key", key=served.key)
        await heard(client, "ready")
        assert (await told(client, "hello"))[-1]["type"] == "assist.finished"
    for first in ({"type": "key", "key": "wrong"}, {"type": "ask", "text": "turn on the hall lamp"}, {"type": "key"}):
        async with served.connect("") as client:
            await client.send(json.dumps(first))
            assert await closed(client) == 1008
    assert served.keeper.actions.home.entity("light.hall_lamp").state == "off"


@pytest.mark.parametrize(
    ("key", "headers", "status"),
    [
        ("wrong", {}, 401),
        (None, {"Origin": "https://evil.example"}, 403),
        (None, {"Origin": "null"}, 403),
    ],
)
async def test_refused_before_it_begins(served: Served, key: str | None, headers: dict[str, str], status: int) -> None:
    with pytest.raises(InvalidStatus) as raised:
        async with served.connect(key, **headers):
            pass
    assert raised.value.response.status_code == status
    assert "error" in json.loads(raised.value.response.body or b"{}")


async def test_another_host_is_refused(served: Served) -> None:
    with pytest.raises(InvalidStatus) as raised:
        async with connect(f"ws://evil.example{api_socket.PATH}", host="127.0.0.1", port=served.port, proxy=None):
            pass
    assert raised.value.response.status_code == 421


async def test_other_websockets_need_the_key_in_the_header(served: Served) -> None:
    with pytest.raises(InvalidStatus) as raised:
        async with connect(served.url.replace("/assist/ws", "/other"), proxy=None):
            pass
    assert raised.value.response.status_code == 401


async def test_pages_that_may_open_it(served: Served) -> None:
    served.settings.origins = ("https://panel.local",)
    for origin in (f"http://127.0.0.1:{served.port}", "https://panel.local"):
        async with served.connect(Origin=origin) as client:
            await heard(client, "ready")


async def test_a_turn_is_cancelled(served: Served) -> None:
    async with served.connect() as client:
        await said(client, "cancel")  # nothing runs: nothing happens
        await said(client, "ask", text="!hang on")
        await heard(client, "reply.delta")
        await said(client, "ask", text="another")
        assert (await heard(client, "refused"))[-1]["error"]["code"] == "conversation.busy"
        await said(client, "cancel")
        assert (await heard(client, "turn.cancelled"))[-1] == {"type": "turn.cancelled"}
        assert served.loader.opened[0].running == 0
        name = (await told(client, "no, the other one"))[-1]["conversation_id"]
    turns = served.talks.store.read("api", name).exchanges
    assert [(turn.text, turn.complete) for turn in turns] == [("!hang on", False), ("no, the other one", True)]


async def test_a_client_that_leaves_ends_its_turn(served: Served) -> None:
    async with served.connect() as client:
        await said(client, "ask", text="!hang on")
        await heard(client, "reply.delta")
    for _ in range(500):
        if not served.loader.opened[0].running:
            break
        await asyncio.sleep(0.01)
    assert served.loader.opened[0].running == 0


async def test_a_turn_with_a_key_is_told_again(served: Served) -> None:
    speaker = served.loader.opened[0]
    async with served.connect() as client:
        await said(client, "ask", text="!wait", idempotency_key="k1")
        async with asyncio.timeout(15):
            while not speaker.running:
                await asyncio.sleep(0.01)
    speaker.gate.set()  # it left, and the turn goes on
    async with served.connect() as client:
        first = await told(client, "!wait", idempotency_key="k1")
        assert (first[-1]["type"], len(speaker.turns)) == ("assist.finished", 1)
        assert (await told(client, "and then"))[-1]["conversation_id"] == first[-1]["conversation_id"]
        assert (await told(client, "another", idempotency_key="k1"))[-1]["error"]["code"] == "action.key_reused"
        assert await told(client, "!wait", idempotency_key="k1") == [event for event in first if event["type"] != "ready"]
        await said(client, "ask", text="!hang on", idempotency_key="k2")
        await heard(client, "reply.delta")
        await said(client, "cancel")
        await heard(client, "turn.cancelled")
        assert (await told(client, "!hang on", idempotency_key="k2"))[-1]["error"]["code"] == "request.cancelled"
        await said(client, "ask", text="hello", idempotency_key="two words")
        assert (await heard(client, "refused"))[-1]["error"]["code"] == "request"


@pytest.mark.parametrize("text", ["!long", "!crash", "!break it"])
async def test_a_turn_that_fails_leaves_the_connection(served: Served, text: str) -> None:
    async with served.connect() as client:
        failed = (await told(client, text))[-1]
        assert failed["type"] == "turn.failed"
        assert "secret" not in json.dumps(failed)
        assert (await told(client, "hello"))[-1]["type"] == "assist.finished"


async def test_nonsense_begins_nothing(served: Served) -> None:
    kinds = ('{"type":"dance"}', '{"type":"ask"}', '{"type":"ask","text":""}', '{"type":"ask","text":"x","more":1}')
    async with served.connect() as client:
        for text in ("", "{", "[]", "null", *kinds, "[" * 9000, '"\\ud800"'):
            await client.send(text)
            assert (await heard(client, "refused"))[-1]["error"]["code"] == "request"
        assert (await told(client, "hello"))[-1]["type"] == "assist.finished"


async def test_audio_has_no_recogniser(served: Served) -> None:
    async with served.connect() as client:
        await said(client, "ask", audio={"data": "UklGRg=="})
        assert (await heard(client, "turn.failed"))[-1]["error"]["code"] == "request.no_recogniser"
        await client.send(b"\x00\x01")
        assert await closed(client) == 1003


async def test_too_much(served: Served) -> None:
    async with served.connect() as client:
        await client.send("x" * 20_000)
        assert await closed(client) == 1009
    async with served.connect() as client:
        for _ in range(api_socket.MOST_REFUSED + 1):
            await client.send("{")
        assert await closed(client) == 1008


async def test_too_many_connections(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_socket, "MOST_OPEN", 1)
    async with served.connect() as client:
        await heard(client, "ready")
        with pytest.raises(InvalidStatus) as raised:
            async with served.connect():
                pass
        assert raised.value.response.status_code == 503


async def test_a_withdrawn_key_ends_it(served: Served) -> None:
    async with served.connect() as client:
        assert (await told(client, "hello"))[-1]["type"] == "assist.finished"
        served.home.api_key.write_text("another-key\n")
        await said(client, "ask", text="turn on the hall lamp")
        assert await closed(client) == 1008
    assert served.keeper.actions.home.entity("light.hall_lamp").state == "off"


async def test_a_key_with_marks_gets_what_its_role_may(served: Served) -> None:
    with served.home.api_key.open("a") as file:
        file.write("k2 id=tablet role=guest\n")
    for key in ("k2", ""):
        async with served.connect(key) as client:
            if not key:
                await said(client, "key", key="k2")
            events = await told(client, "unlock the front door")
            (action,) = [event["action"] for event in events if event["type"] == "action.done"]
            assert action["error"]["code"] == "action.denied"
            assert served.keeper.actions.log.last(1)[0].actor == "tablet"
    async with served.connect("k2") as client:
        await heard(client, "ready")
        served.home.api_key.write_text(f"{served.key}\nk2 id=tablet role=admin\n")
        await said(client, "ask", text="turn on the hall lamp")
        assert await closed(client) == 1008  # it may come again, as what it is now


async def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_socket, "Patience", lambda: PATIENCE)
    made = Served(tmp_path)
    await made.begin()
    async with made.connect("") as client:
        assert await closed(client) == 1008
    async with made.connect() as client:
        assert await closed(client) == 1000
    await made.end()


async def test_a_connection_ends_before_the_proxy_would_cut_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the middle of a turn."""
    monkeypatch.setattr(api_socket, "Patience", lambda: SHORT)
    made = Served(tmp_path)
    await made.begin()
    async with made.connect() as client:
        await said(client, "ask", text="!hang on")
        await heard(client, "reply.delta")
        await asyncio.sleep(0.4)
        await said(client, "ping")
        await heard(client, "pong")
        await said(client, "cancel")
        await heard(client, "turn.cancelled")
        assert await closed(client) == 1001
    await made.end()


PATIENCE = api_socket.Patience(key_s=0.1, idle_s=0.1)
SHORT = api_socket.Patience(life_s=0.2)
