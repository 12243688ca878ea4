"""The gateway through ASGI: doors, limits, OpenAI's shapes. The model is a Speaker, the client the official one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.assistant import Limits
from schemas.conversation import IMAGE, Message
from schemas.errors import Overloaded, TooOften
from serve.answering import LocalTurns
from serve.api.chat import parse
from serve.api.doors import ensure_key, hostname, read_key
from serve.api.gateway import Settings, create_app
from serve.api.response_memory import Kept, Memory, newest
from serve.engines.grammar import ToolChoice
from serve.engines.protocol import Sampling
from serve.holding import Holder, Wish
from tests.serve.speaking import Loader, ref

CHAT = "/v1/chat/completions"
LIMITS = Limits(max_tokens=20, request_bytes=4096, messages=5, tools=2, timeout_s=0.5)
TOOL = {"type": "function", "function": {"name": "HassTurnOn", "parameters": {"type": "object", "properties": {"name": {}}}}}


@dataclass
class Served:
    http: httpx.AsyncClient
    holder: Holder[Any]
    loader: Loader
    settings: Settings
    key_file: Path
    turns: LocalTurns

    @property
    def speaker(self) -> Any:
        return self.loader.opened[-1]

    async def ask(self, content: Any = "one two", **more: Any) -> httpx.Response:
        return await self.http.post(CHAT, json={"model": "champion", "messages": [{"role": "user", "content": content}], **more})

    def openai(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key=read_key(self.key_file), base_url="http://127.0.0.1/v1", http_client=self.http, max_retries=0
        )


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    key_file = tmp_path / "api_key"
    ensure_key(key_file)
    loader = Loader()
    holder: Holder[Any] = Holder(loader)
    await holder.want(Wish(model=ref("3")))
    knobs = Settings(limits=LIMITS)
    turns = LocalTurns(holder)
    app = create_app(turns, knobs, key_file)
    headers = {"Authorization": f"Bearer {read_key(key_file)}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=True), base_url="http://127.0.0.1", headers=headers
    ) as http:
        yield Served(http, holder, loader, knobs, key_file, turns)


def error_of(reply: httpx.Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert {"message", "type", "code", "param", "where", "hint"} <= set(error)
    return error


async def test_plain_through_the_official_client(served: Served) -> None:
    reply = await served.openai().chat.completions.create(model="champion", messages=[{"role": "user", "content": "one two"}])
    assert reply.choices[0].message.content == "one two "
    assert reply.choices[0].finish_reason == "stop"
    assert reply.model == "rottie-llm/3"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (10, 2, 12)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == 4


async def test_stream_through_the_official_client(served: Served) -> None:
    stream = await served.openai().chat.completions.create(
        model="champion",
        messages=[{"role": "user", "content": "one two"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "one two "
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 12
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_calls_plain_and_streamed(served: Served) -> None:
    client = served.openai()
    plain = await client.chat.completions.create(model="rottie-llm", messages=[{"role": "user", "content": "!call"}])
    message = plain.choices[0].message
    assert plain.choices[0].finish_reason == "tool_calls"
    assert message.content is None
    assert [(c.id, c.function.name) for c in message.tool_calls or ()] == [("call_0", "HassTurnOn"), ("call_1", "HassTurnOff")]
    stream = await client.chat.completions.create(
        model="rottie-llm", messages=[{"role": "user", "content": "!call"}], stream=True
    )
    deltas = [call async for c in stream for call in c.choices[0].delta.tool_calls or ()]
    assert [(d.index, d.function.name) for d in deltas if d.function] == [(0, "HassTurnOn"), (1, "HassTurnOff")]
    # The client's own reply goes back in as the next request's history, nulls and all.
    history: list[Any] = [
        {"role": "user", "content": "!call"},
        message.model_dump(),
        {"role": "tool", "tool_call_id": "call_0", "content": [{"type": "text", "text": "done"}]},
    ]
    await client.chat.completions.create(model="rottie-llm", messages=history)
    assert served.speaker.turns[-1].messages[1].tool_calls[0].function.parsed() == {"name": "hall lamp"}
    assert served.speaker.turns[-1].messages[2].content == "done"


async def test_raw_stream_ends_with_done(served: Served) -> None:
    reply = await served.ask(stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    assert json.loads(lines[0][6:])["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert all("usage" not in json.loads(line[6:]) for line in lines[:-1])


async def test_settings_reach_the_turn(served: Served) -> None:
    reply = await served.http.post(
        CHAT,
        json={
            "model": "champion",
            "messages": [
                {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "short."}]},
                {"role": "user", "content": "hi"},
            ],
            "tools": [TOOL],
            "tool_choice": {"type": "function", "function": {"name": "HassTurnOn"}},
            "temperature": 0.5,
            "top_p": 0.9,
            "max_completion_tokens": 7,
            "max_tokens": 9,
            "stop": "x",
            "seed": 5,
            "home": ["Hall lamp: light: on"],
            "user": "someone",
        },
    )
    assert reply.status_code == 200, reply.text
    turn = served.speaker.turns[-1]
    assert turn.messages[0].role == "system"
    assert turn.messages[0].content == "Be short."
    assert turn.sampling == Sampling(max_tokens=7, temperature=0.5, top_p=0.9, stop=("x",), seed=5, in_one=True)
    assert turn.tool_choice == ToolChoice("named", "HassTurnOn")
    assert turn.home == ("Hall lamp: light: on",)
    assert [tool.function.name for tool in turn.tools] == ["HassTurnOn"]


async def test_reply_length_is_bounded(served: Served) -> None:
    reply = await served.ask("a " * 100, max_tokens=50)
    assert reply.json()["choices"][0]["finish_reason"] == "length"
    assert reply.json()["usage"]["completion_tokens"] == LIMITS.max_tokens


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n", 9),
        ("n", 0),
        ("logprobs", 3),
        ("top_logprobs", 3),
        ("temperature", 3),
        ("top_p", 0),
        ("repeat_penalty", 0),
        ("repeat_penalty", 2.5),
        ("max_tokens", 0),
        ("max_tokens", "many"),
        ("frobnicate", 1),
        ("tool_choice", "sometimes"),
        ("tool_choice", {"type": "function", "function": {"name": "Nope"}}),
        ("tools", [{"type": "function", "function": {"name": "two words"}}]),
        ("tools", [TOOL] * 3),
        ("messages", []),
        ("messages", [{"role": "user", "content": "hi"}] * 6),
        ("messages", [{"role": "user"}]),
        ("messages", [{"role": "robot", "content": "hi"}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x"}}]}]),
        ("messages", [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "not json"}}]}]),
        ("messages", [{"role": "user", "content": "half a pair \ud800"}]),
        ("response_format", {"type": "xml"}),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("seed", -1),
    ],
)
async def test_refusals_name_the_key(served: Served, key: str, value: Any) -> None:
    body = {"model": "champion", "messages": [{"role": "user", "content": "hi"}], key: value}
    reply = await served.http.post(CHAT, content=json.dumps(body).encode())
    error = error_of(reply, 400)
    assert error["type"] == "invalid_request_error"
    assert str(error["where"]).startswith((key, "body"))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"nul", b'"\xff"', b"[" * 3000, b'{"messages": NaN}', b'{"seed": ' + b"9" * 4000 + b"}", b"\x00"]
)
async def test_bodies_that_are_no_request(served: Served, raw: bytes) -> None:
    error_of(await served.http.post(CHAT, content=raw), 400)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_breaks_the_parser(document: Any) -> None:
    from schemas.errors import RequestError

    for shape in (
        document,
        {"messages": document},
        {"messages": [document]},
        {"messages": [{"role": "user", "content": document}]},
    ):
        try:
            parse(json.dumps(shape).encode(), LIMITS)
        except RequestError:
            continue


async def test_body_size_announced_and_chunked(served: Served) -> None:
    error = error_of(await served.ask("x" * 5000), 413)
    assert error["code"] == "request.too_large"

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 100

    sent: list[int] = []
    error_of(await served.http.post(CHAT, content=endless()), 413)
    assert served.speaker.turns == []


async def test_the_key_opens_all_but_health(served: Served) -> None:
    routes = ["/v1/models", "/v1/status", "/metrics", "/docs", "/openapi.json", "/nowhere"]
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        served.http.headers.pop("Authorization", None)
        for route in routes:
            error = error_of(await served.http.get(route, headers=header), 401)
            assert error["type"] == "authentication_error"
        assert (await served.http.post(CHAT, headers=header, json={})).status_code == 401
        for route in ("/healthz", "/readyz"):
            assert (await served.http.get(route, headers=header)).status_code == 200


async def test_keys_are_read_again_when_the_file_changes(served: Served) -> None:
    served.key_file.write_text("# the first one was withdrawn\nsecond\n\nthird\n")
    assert (await served.http.get("/v1/models")).status_code == 401
    for key in ("second", "third"):
        assert (await served.http.get("/v1/models", headers={"Authorization": f"Bearer {key}"})).status_code == 200
    served.key_file.unlink()
    assert (await served.http.get("/v1/models", headers={"Authorization": "Bearer second"})).status_code == 401


def test_the_first_key_is_private_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "home" / "api_key"
    ensure_key(path)
    first = path.read_text()
    ensure_key(path)
    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["api_key"]


async def test_other_hosts_are_refused_on_loopback(served: Served) -> None:
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""):
        assert (await served.http.get("/healthz", headers={"Host": host})).status_code == 421
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"):
        assert (await served.http.get("/healthz", headers={"Host": host})).status_code == 200
    served.settings.host = "0.0.0.0"
    assert (await served.http.get("/healthz", headers={"Host": "rottie.lan"})).status_code == 200
    reply = await served.http.get("/healthz", headers={"Origin": "http://evil.example"})
    assert not [name for name in reply.headers if name.startswith("access-control")]


def test_host_names() -> None:
    assert [hostname(h) for h in ("A:1", "[::1]:80", "[::1]", "x", "")] == ["a", "::1", "::1", "x", ""]


async def test_no_champion(served: Served) -> None:
    await served.holder.want(Wish())
    await served.holder.settled()
    assert (await served.http.get("/healthz")).status_code == 200
    ready = await served.http.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "engine.no_champion")
    reply = await served.ask()
    assert error_of(reply, 503)["code"] == "engine.no_champion"
    assert "retry-after" in reply.headers
    assert error_of(await served.ask(stream=True), 503)["code"] == "engine.no_champion"
    assert (await served.http.get("/v1/models")).json()["data"] == []


async def test_models_and_unknown_models(served: Served) -> None:
    models = (await served.openai().models.list()).data
    assert [(m.id, m.owned_by) for m in models] == [("rottie-llm", "rottie"), ("rottie-llm:snips", "rottie")]
    extra = models[0].model_extra or {}
    assert (extra["version"], extra["sha256"], extra["alias"]) == ("3", "a" * 64, "champion")
    for stream in (False, True):
        reply = await served.http.post(
            CHAT, json={"model": "gpt-4", "messages": [{"role": "user", "content": "x"}], "stream": stream}
        )
        assert error_of(reply, 404)["code"] == "registry.missing"


async def test_routes_that_are_not_there(served: Served) -> None:
    error_of(await served.http.get("/nowhere"), 404)
    error_of(await served.http.get(CHAT), 405)


@pytest.mark.parametrize(("said", "status", "code"), [("!long", 400, "request.too_long"), ("!crash", 500, "engine")])
@pytest.mark.parametrize("stream", [False, True])
async def test_failures_before_the_first_word(
    served: Served, said: str, status: int, code: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert error_of(await served.ask(said, stream=stream), status)["code"] == code
    assert "secret words" not in caplog.text


async def test_a_failure_in_the_middle_of_a_stream(served: Served) -> None:
    stream = await served.openai().chat.completions.create(
        model="champion", messages=[{"role": "user", "content": "!break it"}], stream=True
    )
    with pytest.raises(openai.APIError, match="engine broke"):
        [chunk async for chunk in stream]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_turn_that_takes_too_long(served: Served, stream: bool) -> None:
    reply = await served.ask("!hang on", stream=stream)
    text = reply.text
    assert "engine.timeout" in text
    assert reply.status_code == (200 if stream else 504)
    assert served.holder.status()["turns"] == 0


async def test_too_many_requests(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(turn: Any) -> Any:
        raise Overloaded("too many requests are waiting")

    monkeypatch.setattr(served.turns, "whole", full)
    reply = await served.ask()
    assert error_of(reply, 503)["type"] == "overloaded_error"
    assert reply.headers["retry-after"] == "1"


async def test_the_unexpected_is_a_500_without_words(served: Served, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async def wrong(turn: Any) -> Any:
        raise KeyError("secret words")

    monkeypatch.setattr(served.turns, "whole", wrong)
    reply = await served.ask()
    assert error_of(reply, 500)["where"] == "KeyError"
    assert "secret" not in reply.text + caplog.text


async def test_what_is_not_quite_the_most_asked_route_is_answered_as_ever(served: Served) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        refused = await served.http.request(method, CHAT)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    moved = await served.http.post(f"{CHAT}/", json={})
    assert (moved.status_code, moved.headers["location"]) == (307, f"http://127.0.0.1{CHAT}")
    error_of(await served.http.post(f"/{CHAT}", json={}), 404)


async def test_the_most_asked_route_below_a_prefix(served: Served) -> None:
    app = create_app(served.turns, served.settings, served.key_file)
    below = httpx.ASGITransport(app=app, root_path="/below")
    async with httpx.AsyncClient(transport=below, base_url="http://127.0.0.1", headers=served.http.headers) as http:
        reply = await http.post(f"/below{CHAT}", json={"messages": [{"role": "user", "content": "one"}]})
        assert (reply.status_code, reply.json()["choices"][0]["message"]["content"]) == (200, "one ")


async def test_metrics_count_and_keep_quiet(served: Served) -> None:
    await served.ask("unmistakable words")
    await served.ask("unmistakable words", stream=True)
    await served.http.post(CHAT, content=b"{")
    text = (await served.http.get("/metrics")).text
    assert 'rottie_requests_total{route="/v1/chat/completions",status="200"} 2.0' in text
    assert 'rottie_requests_total{route="/v1/chat/completions",status="400"} 1.0' in text
    assert 'rottie_tokens_total{kind="prompt"} 20.0' in text
    assert 'rottie_model_info{model="rottie-llm/3"} 1.0' in text
    assert "rottie_first_token_seconds_count 2.0" in text
    assert "unmistakable" not in text


async def test_openapi_describes_the_request(served: Served) -> None:
    document = (await served.http.get("/openapi.json")).json()
    body = document["paths"][CHAT]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ChatRequest"}
    assert "messages" in document["components"]["schemas"]["ChatRequest"]["properties"]
    for part in json.dumps(document).split('"$ref": "#/')[1:]:
        found = document
        for step in part.partition('"')[0].split("/"):
            found = found[step]


async def test_many_at_once(served: Served) -> None:
    replies = await asyncio.gather(*[served.ask(f"w{i}") for i in range(50)])
    assert [reply.json()["choices"][0]["message"]["content"] for reply in replies] == [f"w{i} " for i in range(50)]


async def test_every_setting_reaches_the_turn(served: Served) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    knobs = {"temperature": 1, "top_k": 3, "min_p": 0.1, "presence_penalty": 0.5, "frequency_penalty": -0.5, "seed": 2**63 - 1}
    knobs |= {"repeat_penalty": 1.25}
    reply = await served.http.post(
        CHAT,
        json={
            "model": "rottie-llm/3:snips",
            "messages": [{"role": "user", "content": "hi"}],
            "logit_bias": {"5": -100},
            "logprobs": True,
            "top_logprobs": 4,
            "parallel_tool_calls": False,
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
            "n": 2,
            **knobs,
        },
    )
    assert reply.status_code == 200, reply.text
    first, second = served.speaker.turns
    sampling = Sampling(
        max_tokens=20, temperature=1, top_k=3, min_p=0.1, presence_penalty=0.5, frequency_penalty=-0.5, seed=2**63 - 1,
        repeat_penalty=1.25, logit_bias=((5, -100.0),), logprobs=4, in_one=True,
    )  # fmt: skip
    assert first.sampling == sampling
    assert second.sampling == replace(sampling, seed=0)
    assert first.tool_choice == ToolChoice("auto", None, several=False)
    assert first.adapter == "snips"
    assert first.reply_schema == schema


async def test_adapters_are_models_of_their_own(served: Served) -> None:
    for name in ("champion", "rottie-llm", "rottie-llm/3"):
        assert (await served.http.get(f"/v1/models/{name}")).json()["id"] == "rottie-llm"
        assert (await served.http.get(f"/v1/models/{name}:snips")).json()["id"] == "rottie-llm:snips"
        error_of(await served.http.get(f"/v1/models/{name}:other"), 404)
        reply = await served.http.post(CHAT, json={"model": f"{name}:other", "messages": [{"role": "user", "content": "x"}]})
        assert error_of(reply, 404)["code"] == "registry.missing"


@pytest.mark.parametrize("stream", [False, True])
async def test_one_of_several_choices_that_fails_ends_them_all(served: Served, stream: bool) -> None:
    reply = await served.ask("!break this", n=3, stream=stream)
    assert "engine broke" in reply.text
    assert reply.status_code == (200 if stream else 500)
    assert served.holder.status()["turns"] == 0
    assert served.speaker.running == 0


async def test_a_failed_response_says_so(served: Served) -> None:
    async with served.openai().responses.stream(model="champion", input="!break it") as events:
        seen = [event async for event in events]
    assert seen[-1].type == "response.failed"
    assert seen[-1].response.error is not None
    with pytest.raises(openai.BadRequestError):
        await served.openai().responses.create(model="champion", input="!long", stream=True)


async def test_a_conversation_goes_on_from_a_response(served: Served) -> None:
    client = served.openai()
    first = await client.responses.create(model="champion", input="!call", instructions="once")
    result: Any = {"type": "function_call_output", "call_id": "call_0", "output": [{"type": "input_text", "text": "done"}]}
    await client.responses.create(model="champion", input=[result], previous_response_id=first.id)
    roles = [message.role for message in served.speaker.turns[-1].messages]
    assert roles == ["user", "assistant", "tool"]  # and not the instructions, which were for the first one only
    assert [call.id for call in served.speaker.turns[-1].messages[1].tool_calls] == ["call_0", "call_1"]


async def test_a_refusal_for_haste_says_when_to_come_back(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hasty(turn: Any) -> Any:
        raise TooOften("too many actions")

    monkeypatch.setattr(served.turns, "whole", hasty)
    reply = await served.ask()
    assert error_of(reply, 429)["type"] == "rate_limit_error"
    assert reply.headers["retry-after"] == "1"
    with pytest.raises(openai.RateLimitError):
        await served.openai().chat.completions.create(model="champion", messages=[{"role": "user", "content": "x"}])


def test_remembered_responses_are_bounded() -> None:
    said = tuple(Message(role="user", content="x" * 1000) for _ in range(3))
    memory = Memory(most=3, most_bytes=40_000)
    for number in range(5):
        memory.keep(f"r{number}", Kept({"id": f"r{number}"}, said[:1]))
        assert memory.find("r0")  # used again and again, it stays
    assert [name for name in ("r0", "r1", "r2", "r3", "r4") if memory.find(name)] == ["r0", "r3", "r4"]
    memory.keep("large", Kept({}, said * 10))
    assert memory.find("large") is None
    assert not memory.forget("r4")
    assert newest([*said, Message(role="assistant", content="a"), said[0]], 2, 0) == (said[0],)


def test_remembered_images_count_and_the_oldest_give_way() -> None:
    shown = Message(role="user", content=IMAGE * 2, images=("x" * 1000, "y" * 1000))
    answer = Message(role="assistant", content="a")
    assert Kept({}, (shown,)).size > Kept({}, (Message(role="user", content=IMAGE * 2),)).size + 1999
    whole = [shown, answer, shown, answer, Message(role="user", content="b")]
    assert newest(whole, 9, 4) == tuple(whole)
    assert newest(whole, 9, 3) == newest(whole, 9, 2) == tuple(whole[2:])
    assert newest(whole, 9, 1) == tuple(whole[4:])
