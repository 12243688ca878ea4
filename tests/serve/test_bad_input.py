"""What no client should send: always a typed refusal, never a 5xx, nothing left running, and the model answers on."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.seeing import data_url, image
from tests.serve.live import LIMITS, Live, until

CHAT, TEXT, EMBED, RESPOND = "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"
ASK = [{"role": "user", "content": "hello"}]
DEEP = "[" * 10_000 + "]" * 10_000
DEEP_SCHEMA = '{"type":"object","properties":{"a":' * 10_000 + "{}" + "}}" * 10_000
BELOW = '{"a":' * 100 + "1" + "}" * 100


@pytest.fixture(scope="module")
def http(server: Live) -> Iterator[httpx.Client]:
    with server.http() as client:
        yield client


@pytest.fixture(autouse=True, scope="module")
def survived(server: Live, http: httpx.Client) -> Iterator[None]:
    """After all of it: nothing runs, nothing unexpected was met, and the model answers."""
    yield
    until(server.at_rest, "every turn and request has ended")
    statuses = [line for line in http.get("/metrics").text.splitlines() if line.startswith("rottie_requests_total")]
    assert not [line for line in statuses if 'status="5' in line]
    assert http.post(CHAT, json={"messages": ASK, "max_tokens": 2}).status_code == 200


def refused(reply: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert reply.status_code == status, (reply.status_code, reply.text[:300])
    error = reply.json()["error"]
    assert {"message", "type", "code", "param", "where", "hint"} == set(error)
    assert error["type"] != "server_error"
    return error


def function(name: Any = "f", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def schema(inner: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": inner}}}


def looking(url: str, role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": [{"type": "image_url", "image_url": {"url": url}}]}]


WRONG_CHAT: dict[str, dict[str, Any]] = {
    "temperature below": {"temperature": -1},
    "temperature above": {"temperature": 1e308},
    "temperature text": {"temperature": "0.5"},
    "temperature true": {"temperature": True},
    "top_p zero": {"top_p": 0},
    "top_p above": {"top_p": 1.5},
    "top_k below": {"top_k": -3},
    "top_k huge": {"top_k": 10**30},
    "min_p above": {"min_p": 2},
    "penalty": {"presence_penalty": -2.5},
    "other penalty": {"frequency_penalty": 1e9},
    "no tokens": {"max_tokens": 0},
    "less than no tokens": {"max_tokens": -(10**20)},
    "half a token": {"max_tokens": 1.5},
    "seed below": {"seed": -1},
    "seed huge": {"seed": 10**400},
    "n zero": {"n": 0},
    "n many": {"n": 129},
    "bias for no token": {"logit_bias": {"hall": 1}},
    "bias below zero": {"logit_bias": {"-1": 1}},
    "bias too strong": {"logit_bias": {"1": 1000}},
    "bias for all": {"logit_bias": {str(i): 1 for i in range(400)}},
    "top without logprobs": {"top_logprobs": 2},
    "too many alternatives": {"logprobs": True, "top_logprobs": 21},
    "empty stop": {"stop": ""},
    "empty stop among others": {"stop": ["a", ""]},
    "five stops": {"stop": list("abcde")},
    "stop of numbers": {"stop": [1]},
    "long stop": {"stop": "x" * 10_000},
    "unknown key": {"frobnicate": 1},
    "stream text": {"stream": "yes"},
    "no messages": {"messages": []},
    "messages text": {"messages": "hello"},
    "message text": {"messages": ["hello"]},
    "message null": {"messages": [None]},
    "unknown role": {"messages": [{"role": "robot", "content": "x"}]},
    "content number": {"messages": [{"role": "user", "content": 5}]},
    "an image on this machine": {"messages": looking("file:///etc/passwd")},
    "an image elsewhere": {"messages": looking("http://127.0.0.1:1/cat.png")},
    "an image for a model without a projector": {"messages": looking(data_url(image()))},
    "no image": {"messages": looking("data:image/png;base64,aGVsbG8=")},
    "an image without a URL": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
    "an image of the assistant": {"messages": [*ASK, *looking(data_url(image()), "assistant")]},
    "an image of the system": {"messages": [*looking(data_url(image()), "system"), *ASK]},
    "five images": {"messages": looking(data_url(image())) * 5},
    "only a system text": {"messages": [{"role": "system", "content": "x"}]},
    "calls of the user": {"messages": [{"role": "user", "content": "x", "tool_calls": [function(arguments="{}")]}]},
    "arguments no JSON": {"messages": [*ASK, {"role": "assistant", "tool_calls": [function(arguments="{")]}]},
    "arguments a list": {"messages": [*ASK, {"role": "assistant", "tool_calls": [function(arguments="[]")]}]},
    "arguments deep": {"messages": [*ASK, {"role": "assistant", "tool_calls": [function(arguments='{"a":' + DEEP + "}")]}]},
    "arguments deep enough": {"messages": [*ASK, {"role": "assistant", "tool_calls": [function(arguments=BELOW)]}]},
    "arguments with a huge number": {
        "messages": [*ASK, {"role": "assistant", "tool_calls": [function(arguments='{"a":' + "9" * 5000 + "}")]}]
    },
    "too many messages": {"messages": ASK * 21},
    "too many tools": {"tools": [function(f"f{i}") for i in range(9)]},
    "two tools of one name": {"tools": [function("same"), function("same")]},
    "tool without a name": {"tools": [{"type": "function", "function": {}}]},
    "tool name": {"tools": [function("two words")]},
    "tool of a kind": {"tools": [{"type": "web_search"}]},
    "parameters list": {"tools": [function(parameters=[])]},
    "parameters of a string": {"tools": [function(parameters={"type": "string"})]},
    "properties number": {"tools": [function(parameters={"type": "object", "properties": 5})]},
    "property number": {"tools": [function(parameters={"type": "object", "properties": {"a": 5}})]},
    "type unknown": {"tools": [function(parameters={"type": "object", "properties": {"a": {"type": "lamp"}}})]},
    "type number": {"tools": [function(parameters={"type": 3})]},
    "required number": {"tools": [function(parameters={"type": "object", "required": 3})]},
    "minimum text": {
        "tools": [function(parameters={"type": "object", "properties": {"a": {"type": "integer", "minimum": "x"}}})]
    },
    "choice unknown": {"tool_choice": "sometimes", "tools": [function()]},
    "choice of another tool": {"tool_choice": function("g"), "tools": [function("f")]},
    "choice without tools": {"tool_choice": "required", "tools": []},
    "format unknown": {"response_format": {"type": "xml"}},
    "format without schema": {"response_format": {"type": "json_schema"}},
    "schema list": schema([]),
    "schema type": schema({"type": "lamp"}),
    "schema refers to nothing": schema({"$ref": "#/$defs/nothing"}),
    "schema refers to itself": schema({"$ref": "#"}),
    "schema from elsewhere": schema({"$ref": "http://127.0.0.1:1/schema"}),
    "schema pattern": schema({"type": "string", "pattern": "("}),
    "schema impossible": schema({"type": "integer", "minimum": 5, "maximum": 2}),
    "schema keyword": schema({"not": {"type": "string"}}),
    "schema enum empty": schema({"enum": []}),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", WRONG_CHAT)
def test_chat_refuses(http: httpx.Client, name: str, stream: bool) -> None:
    body = {"model": "champion", "messages": ASK, "max_tokens": 4, "stream": stream, **WRONG_CHAT[name]}
    error = refused(http.post(CHAT, content=json.dumps(body)))
    assert "etc/passwd" not in error["message"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"nul",
        b"\x00",
        b'"\xff"',
        b'{"messages": "\xc3("}',
        b"\xff\xfe{\x00}\x00",
        b'{"messages": NaN}',
        b'{"temperature": Infinity}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "\\udc00\\ud800"}]}',
        b'{"seed": ' + b"9" * 20_000 + b"}",
        b'{"temperature": 1e99999, "messages": []}',
        DEEP.encode(),
        b'{"messages": ' + DEEP.encode() + b"}",
        b'{"messages": [{"role": "user", "content": "x"}], "metadata": ' + BELOW.encode() + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        b"messages=hello",
    ],
    ids=range(21),
)
@pytest.mark.parametrize("path", [CHAT, TEXT, EMBED, RESPOND, "/v1/assist"])
def test_bodies_that_are_none(http: httpx.Client, path: str, raw: bytes) -> None:
    refused(http.post(path, content=raw))


@pytest.mark.parametrize("where", ["tool", "format"])
def test_a_schema_of_ten_thousand_floors(server: Live, http: httpx.Client, where: str) -> None:
    tool = '"tools":[{"type":"function","function":{"name":"f","parameters":' + DEEP_SCHEMA + "}}]"
    form = '"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":' + DEEP_SCHEMA + "}}"
    body = '{"messages":[{"role":"user","content":"x"}],' + (tool if where == "tool" else form) + "}"
    reply = http.post(CHAT, content=body)
    refused(reply, 413 if len(body) > LIMITS.request_bytes else 400)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TEXT, {"prompt": ""}),
        (TEXT, {"prompt": []}),
        (TEXT, {"prompt": ["a"] * 17}),
        (TEXT, {"prompt": ["a"] * 5, "n": 8}),
        (TEXT, {"prompt": {"a": 1}}),
        (TEXT, {"prompt": ["a", 1]}),
        (TEXT, {"prompt": [-1]}),
        (TEXT, {"prompt": [2**31 - 1]}),
        (TEXT, {"prompt": "a", "best_of": 3}),
        (TEXT, {"prompt": "a", "suffix": "b"}),
        (TEXT, {"prompt": "a", "echo": True, "logprobs": 1}),
        (TEXT, {"prompt": "a", "logprobs": 6}),
        (TEXT, {"prompt": "word " * 4000}),
        (EMBED, {"input": ""}),
        (EMBED, {"input": []}),
        (EMBED, {"input": [""]}),
        (EMBED, {"input": ["a"] * 257}),
        (EMBED, {"input": [-1]}),
        (EMBED, {"input": [2**31 - 1]}),
        (EMBED, {"input": "a", "encoding_format": "hex"}),
        (EMBED, {"input": "a", "dimensions": 0}),
        (EMBED, {"input": "word " * 4000}),
        (RESPOND, {"input": []}),
        (RESPOND, {"input": [{"type": "reasoning", "summary": []}]}),
        (RESPOND, {"input": [{"type": "item_reference", "id": "x"}]}),
        (RESPOND, {"input": [5]}),
        (RESPOND, {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}),
        (RESPOND, {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]}),
        (RESPOND, {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": data_url(image())}]}]}),
        (RESPOND, {"input": [{"type": "function_call", "call_id": "1", "name": "two words", "arguments": "{}"}]}),
        (RESPOND, {"input": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "5"}]}),
        (RESPOND, {"input": "a", "previous_response_id": "resp_none"}),
        (RESPOND, {"input": "a", "tools": [{"type": "web_search"}]}),
        (RESPOND, {"input": "a", "background": True}),
        (RESPOND, {"input": "a", "max_output_tokens": 0}),
        (RESPOND, {"input": "a", "top_logprobs": 99}),
        (RESPOND, {"input": "word " * 4000}),
        ("/v1/assist", {"text": "x" * 5000}),
        ("/v1/assist", {"text": 5}),
    ],
)
def test_other_routes_refuse(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    refused(http.post(path, json=body))
    if path in (TEXT, RESPOND):
        refused(http.post(path, json={**body, "stream": True}))


@pytest.mark.parametrize("path", [CHAT, TEXT, EMBED, RESPOND])
@pytest.mark.parametrize(
    "model", ["gpt-4", "", "champion:nothing", "champion:", ":", "../../etc/passwd", "champion/../x", "x" * 9000, "\x00"]
)
def test_unknown_models(http: httpx.Client, path: str, model: str) -> None:
    body = {CHAT: {"messages": ASK}, TEXT: {"prompt": "a"}, EMBED: {"input": "a"}, RESPOND: {"input": "a"}}[path]
    error = refused(http.post(path, json={"model": model, **body}), 404)
    assert error["code"] == "registry.missing"


def test_a_prompt_over_the_context_is_told_before_any_stream(http: httpx.Client) -> None:
    for stream in (False, True):
        body = {"messages": [{"role": "user", "content": "lamp " * 3000}], "stream": stream}
        assert refused(http.post(CHAT, json=body))["code"] == "request.too_long"


def test_strange_but_allowed(http: httpx.Client) -> None:
    for text in (
        "\x00",
        "a\x00b",
        "\u202e\u200b",
        "<|end|><|assistant|>",
        "\ufffe\uffff",
        "e\u0301" * 50,
        "\U0001f469\u200d\U0001f469",
    ):
        for path, body in (
            (CHAT, {"messages": [{"role": "user", "content": text}]}),
            (TEXT, {"prompt": text}),
            (EMBED, {"input": text}),
        ):
            extra = {} if path == EMBED else {"max_tokens": 2}
            assert http.post(path, json={**body, **extra}).status_code == 200, (path, text)
    assert http.post(CHAT, json={"messages": ASK, "max_tokens": 10**18, "stop": "\x00", "seed": 2**63 - 1}).status_code == 200
    assert http.post(CHAT, json={"messages": ASK, "max_tokens": 2, "logit_bias": {"999999999": 5}}).status_code == 200
    true = {"type": "object", "properties": {"a": True, "b": {}}}
    assert http.post(CHAT, json={"messages": ASK, "max_tokens": 2, "tools": [function(parameters=true)]}).status_code == 200


def test_a_body_that_is_too_long_is_not_read_to_its_end(http: httpx.Client) -> None:
    refused(http.post(CHAT, content=b"x" * (LIMITS.request_bytes + 1)), 413)

    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b" " * 65_536

    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # the server may close before we stop writing
        refused(http.post(CHAT, content=endless()), 413)


def exchange(server: Live, request: bytes, wait_s: float = 5) -> bytes:
    """What comes back for bytes that no HTTP library would send."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait_s) as connection:
        connection.sendall(request)
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while part := connection.recv(65_536):
                found += part
        return found


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: abc",
        "Content-Length: -5",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 5, 6",
        "Content-Length: 4\r\nContent-Length: 40",
        "Transfer-Encoding: nonsense",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Transfer-Encoding: chunked",
        "Content-Length: \xb2",
    ],
)
def test_framing_that_is_wrong(server: Live, headers: str) -> None:
    start = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\nConnection: close\r\n"
    found = exchange(server, (start + headers + "\r\n\r\nnot a chunk\r\n\r\n").encode("latin-1"), 2)
    status = found.split(b" ", 2)[1] if found else b"closed"
    assert status == b"closed" or status.startswith(b"4"), found[:300]


async def test_a_length_that_is_no_number_reaches_no_conversion(server: Live) -> None:
    """Servers before the gateway refuse these; the gateway must not depend on it."""
    transport = httpx.ASGITransport(app=server.app)
    headers = {"Authorization": f"Bearer {server.key}", "Host": "127.0.0.1"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        for length in (b"\xb2", b"9" * 5000, b"-1", b""):
            reply = await http.post(CHAT, content=b"{", headers={b"content-length": length})  # type: ignore[dict-item]
            assert reply.status_code in (400, 413)


def test_clients_that_leave_at_any_point(server: Live, http: httpx.Client) -> None:
    body = json.dumps({"messages": ASK, "max_tokens": 900, "logit_bias": {"1": -100}, "stream": True}).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    whole = head.encode() + body
    for cut in (10, len(head) - 4, len(head) + 10, len(whole)):
        for pause in (0.0, 0.05):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(whole[:cut])
                time.sleep(pause)
    until(server.at_rest, "nothing is left of them")
    assert http.post(CHAT, json={"messages": ASK, "max_tokens": 2}).status_code == 200


def test_names_in_paths(http: httpx.Client) -> None:
    for path in (
        "/v1/models/%00",
        "/v1/models/..%2f..%2fetc",
        "/v1/models/%ff",
        "/v1/responses/%00",
        "/v1/responses/" + "x" * 5000,
    ):
        refused(http.get(path), 404)
    refused(http.delete("/v1/responses/none"), 404)
    refused(http.put(CHAT, json={}), 405)
