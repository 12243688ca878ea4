"""Who may come in, what cannot be used, and how a connection ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from schemas.assistant import Talk
from serve.api.realtime import connection
from serve.api.realtime.connection import Connection
from serve.api.realtime.messages import MOST_AUDIO
from serve.api.socket import Patience
from tests.serve.realtime.served import Served, tool
from tests.serve.realtime.test_turns import TEXT

_BEGIN = Connection.__post_init__


def plain(served: Served, key: str | None = None, **headers: str) -> connect:
    return connect(served.url, additional_headers={"Authorization": f"Bearer {key or served.key}", **headers}, proxy=None)


async def closed(line: ClientConnection) -> int | None:
    try:
        while True:
            await asyncio.wait_for(line.recv(), 20)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else None


async def refused(line: connect) -> int:
    with pytest.raises(InvalidStatus) as error:
        async with line:
            pass
    return error.value.response.status_code


async def test_only_those_with_the_key_come_in(served: Served) -> None:
    assert await refused(plain(served, "wrong")) == 401
    assert await refused(connect(served.url, proxy=None)) == 401
    assert await refused(plain(served, Origin="https://elsewhere.example")) == 403
    elsewhere = connect("ws://elsewhere.example/v1/realtime", host="127.0.0.1", port=served.port, proxy=None)
    assert await refused(elsewhere) == 421
    served.settings.origins = ("https://panel.local",)
    async with plain(served, Origin="https://panel.local") as line:
        assert json.loads(await line.recv())["type"] == "session.created"
        served.root.api_key.write_text("another\n")
        await line.send('{"type": "input_audio_buffer.clear"}')
        assert await closed(line) == 1008
    assert served.open() == 0


async def test_a_key_with_marks_gets_what_its_role_may(served: Served) -> None:
    own, served.key = served.key, "k2"
    served.root.api_key.write_text(f"{own}\nk2 id=tablet role=guest\n")
    async with served.client({**TEXT, "rottie": {"events": ["rottie.action"]}}) as client:
        done = await client.ask("unlock the front door")
        assert client.of("rottie.action")[0]["action"]["error"]["code"] == "action.denied"
        assert len(served.talks.store.read("tablet", done["conversation_id"]).exchanges) == 1
        served.root.api_key.write_text(f"{own}\nk2 id=tablet role=admin\n")
        await client.tell("input_audio_buffer.clear")
        with pytest.raises(ConnectionClosed):
            await client.until("input_audio_buffer.cleared")


async def test_a_page_brings_its_key_as_a_subprotocol(served: Served) -> None:
    def page(key: str) -> connect:
        protocols = [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{key}")]
        origin = f"http://127.0.0.1:{served.port}"
        return connect(served.url, subprotocols=protocols, additional_headers={"Origin": origin}, proxy=None)

    async with page(served.key) as line:
        assert line.subprotocol == "realtime"
        assert json.loads(await line.recv())["type"] == "session.created"
    assert await refused(page("wrong")) == 401


async def test_no_more_than_so_many_at_once(served: Served) -> None:
    served.settings.talk = Talk(sessions=2)
    async with plain(served) as first, plain(served) as second:
        await first.recv()
        await second.recv()
        assert await refused(plain(served)) == 503
    await served.deserted()
    async with plain(served) as line:
        await line.recv()


BAD: list[tuple[Any, str, str | None]] = [
    ("no json", "request", None),
    ([], "request", None),
    ({"type": "unknown"}, "request", None),
    ({"type": "session.update"}, "request", "session"),
    ({"type": "session.update", "session": {"type": "realtime", "voice": "x"}}, "request", "session.voice"),
    ({"type": "session.update", "session": {"type": "transcription"}}, "invalid_value", "session.type"),
    ({"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text", "audio"]}}, "request", None),
    (
        {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 1}}}},
        },
        "request",
        "session.audio.input.format.rate",
    ),
    ({"type": "session.update", "session": {"type": "realtime", "tools": [tool("f"), tool("f")]}}, "request", "tools.1"),
    ({"type": "session.update", "session": {"type": "realtime", "tool_choice": "required"}}, "request", "tool_choice"),
    (
        {"type": "session.update", "session": {"type": "realtime", "tools": [{"type": "mcp", "server_label": "x"}]}},
        "request",
        None,
    ),
    ({"type": "input_audio_buffer.append", "audio": "###"}, "request", "audio"),
    ({"type": "input_audio_buffer.append", "audio": "AAA"}, "request", "audio"),
    ({"type": "input_audio_buffer.append", "audio": 5}, "request", "audio"),
    ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", None),
    ({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": []}}, "request", None),
    (
        {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "x"}]},
        },
        "request",
        None,
    ),
    (
        {"type": "conversation.item.create", "item": {"type": "function_call", "name": "f", "arguments": "no json"}},
        "request",
        "item",
    ),
    (
        {"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c", "output": "x"}},
        "item_create_invalid_call_id",
        "item.call_id",
    ),
    ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id", "item_id"),
    (
        {"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1},
        "item_truncate_invalid_item_id",
        "item_id",
    ),
    ({"type": "response.create", "response": {"tools": [{**tool("f"), "parameters": {"type": "nonsense"}}]}}, "request", None),
    (
        {"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "x"}]}},
        "item_reference_invalid_item_id",
        None,
    ),
    ({"type": "response.cancel"}, "response_cancel_not_active", None),
    ({"type": "conversation.item.retrieve", "item_id": "x" * 100_000}, "request", None),
]


async def test_what_cannot_be_used_is_told_and_the_connection_goes_on(served: Served) -> None:
    async with served.client(TEXT) as client:
        raw = client.connection._connection
        for number, (message, code, param) in enumerate(BAD):
            text = (
                message if isinstance(message, str) else json.dumps({**message, "event_id": f"e{number}"} if message else message)
            )
            await raw.send(text)
            error = (await client.until("error"))["error"]
            assert error["code"].startswith(code), (text[:200], error)
            assert param is None or error["param"] == param, error
            assert error["event_id"] == (f"e{number}" if isinstance(message, dict) else None)
            assert error["type"] in ("invalid_request_error", "overloaded_error")
        assert (await client.ask("turn on the hall lamp"))["status"] == "completed"


async def test_bytes_too_much_and_nothing_but_nonsense_end_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_REFUSED", 3)
    for message, code in ((b"bytes", 1003), ("x" * (MOST_AUDIO + 70_000), 1009), ("nonsense", 1008)):
        async with plain(served) as line:
            for _ in range(4):
                await line.send(message)
            assert await closed(line) == code
    await served.deserted()


async def test_a_setting_stays_until_it_is_changed(served: Served) -> None:
    async with served.client() as client:
        begun = client.seen[0]["session"]
        assert (begun["model"], begun["type"], begun["object"]) == ("champion", "realtime", "realtime.session")
        assert begun["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
        assert "rottie" not in begun
        detection = {"type": "server_vad", "threshold": 0.7, "silence_duration_ms": 400}
        told = await client.update(instructions="Be brief.", tool_choice="none", audio={"input": {"turn_detection": detection}})
        told = await client.update(audio={"output": {"speed": 1.2, "voice": {"id": "voice_1"}}, "input": {"noise_reduction": {}}})
        session = told["session"]
        assert session["instructions"] == "Be brief."
        assert session["audio"]["input"]["turn_detection"]["threshold"] == 0.7
        assert session["audio"]["input"]["noise_reduction"] is None  # there is none, and that is said
        assert (session["audio"]["output"]["speed"], session["audio"]["output"]["voice"]) == (1.2, "default")
        assert session["id"] == begun["id"]
        told = await client.update(audio={"input": {"turn_detection": None}}, tracing="auto")
        assert told["session"]["audio"]["input"]["turn_detection"] is None


async def test_a_connection_that_was_open_for_long_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for waits, code in ((Patience(life_s=0.3), 1001), (Patience(idle_s=0.3), 1000)):
        monkeypatch.setattr(Connection, "__post_init__", _with(waits))
        async with plain(served) as line:
            begun = json.loads(await line.recv())
            assert begun["session"]["expires_at"] <= time.time() + waits.life_s
            if code == 1001:
                assert json.loads(await line.recv())["error"]["code"] == "session_expired"
            assert await closed(line) == code


def _with(waits: Patience) -> Callable[[Connection], None]:
    """As it is, but with less patience."""
    begin = _BEGIN

    def begun(self: Connection) -> None:
        self.waits = waits
        begin(self)

    return begun
