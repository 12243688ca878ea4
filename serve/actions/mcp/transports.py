"""The two ways to an MCP server, as transports for fastmcp's client, with what those of the SDK lack.

A bound on what a server may send at once, patience with bytes that are no text and lines that are no message (the SDK logs
their words, or ends the connection), an environment that is named variable by variable, and a process that ends with us.
Results are not checked against the server's own output schemas: those are somebody else's regular expressions.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types
from fastmcp.client.transports import ClientTransport, StreamableHttpTransport
from fastmcp.client.transports.base import TransportOptions
from mcp import ClientSession
from mcp.shared.message import SessionMessage

from serve.actions.mcp import launching

LONGEST_MESSAGE = 16 * 2**20  # bytes
DEEPEST_MESSAGE = 100  # levels of JSON; the parser itself takes about 200
INHERITED = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
GRACE_S = 1.0  # for a server to end by itself, and again after SIGTERM


class _Session(ClientSession):
    async def validate_tool_result(self, name: str, result: mcp_types.CallToolResult) -> None:
        return


class Stdio(ClientTransport):
    """A server as a process of ours. ``ended`` is set when it closes its output; ``complaints`` are its last words there.

    Entering it raises OSError where the program cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = list(command), dict(environment)
        self.ended = asyncio.Event()
        self.complaints: deque[str] = deque(maxlen=5)
        self.pid: int | None = None

    @asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Any
    ) -> AsyncIterator[ClientSession]:
        launch = [sys.executable, "-I", "-S", launching.__file__, str(os.getpid())]
        process = await asyncio.create_subprocess_exec(
            *(*launch, *self._command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            limit=LONGEST_MESSAGE,
        )
        self.pid = process.pid
        try:
            # Tasks of this one, so that whatever ends it ends them.
            heard, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
            sending, sent = anyio.create_memory_object_stream[SessionMessage](0)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._read, process, heard)
                tasks.start_soon(self._write, process, sent)
                tasks.start_soon(self._listen, process)
                async with _Session(received, sending, **session_kwargs) as session:
                    yield session
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await _stop(process)

    async def _read(self, process: asyncio.subprocess.Process, heard: Any) -> None:
        assert process.stdout is not None
        try:
            async with heard:
                # ValueError: a line of more than LONGEST_MESSAGE. What it belongs to cannot be told, so all of it ends.
                with suppress(ValueError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    while line := await process.stdout.readline():
                        if (message := _message(line)) is not None:
                            await heard.send(message)
        finally:
            self.ended.set()

    @staticmethod
    async def _write(process: asyncio.subprocess.Process, sent: Any) -> None:
        assert process.stdin is not None
        with suppress(OSError, anyio.ClosedResourceError):
            async with sent:
                async for each in sent:
                    process.stdin.write(each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                    await process.stdin.drain()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """What it writes beside its messages, so that it never waits for a reader; the last lines are kept."""
        assert process.stderr is not None
        while True:
            piece = await process.stderr.read(65_536)
            if not piece:
                return
            self.complaints.extend(line[:200] for line in piece.decode(errors="replace").splitlines()[-5:])


def _message(line: bytes) -> SessionMessage | None:
    """None for what is no message: servers print all sorts of things."""
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        pass
    try:
        found = _mended(json.loads(line.decode(errors="replace")))
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_python(found, by_name=False))
    except (ValueError, RecursionError):
        return None


def _mended(value: Any, depth: int = 0) -> Any:
    """What the strict parser does not take: halves of characters, which JSON can spell, and what lies too deep."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list | dict) and depth > DEEPEST_MESSAGE:
        return None
    if isinstance(value, list):
        return [_mended(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(each, depth + 1) for key, each in value.items()}
    return value


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Its input closed, as the protocol asks; then signals to its whole group, which also reach what it started."""
    if process.stdin is not None:
        process.stdin.close()
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signum)
        if process.returncode is not None:
            break
    # Nothing public closes the pipes, which something that it started may still hold open.
    with suppress(AttributeError, PermissionError):
        process._transport.close()  # type: ignore[attr-defined]


def environment(names: Sequence[str]) -> dict[str, str]:
    """The few variables that every program needs, and those of ours that are named."""
    return {name: os.environ[name] for name in (*INHERITED, *names) if name in os.environ}


def program(command: str) -> str:
    """Where ``command`` is: beside the Python that runs us, or in PATH. Raises FileNotFoundError."""
    if os.sep in command:
        return str(Path(command).expanduser())
    beside = str(Path(sys.executable).parent)
    found = shutil.which(command, path=beside) or shutil.which(command)
    if found is None:
        raise FileNotFoundError(f"there is no program {command}")
    return found


class Http(StreamableHttpTransport):
    """A server at an address. What one answer may hold is bounded, and nothing is followed to another host."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {token}"} if token else {})}
        super().__init__(url, headers=headers, httpx_client_factory=_client)
        self.ended = asyncio.Event()  # never set: there is no connection to lose

    @asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Any
    ) -> AsyncIterator[ClientSession]:
        options = replace(transport_options or TransportOptions(), session_class=_Session)
        async with super().connect_session(transport_options=options, **session_kwargs) as session:
            yield session


def _client(headers: dict[str, str] | None = None, timeout: Any = None, auth: Any = None, **_: Any) -> httpx2.AsyncClient:
    return _Client(headers=headers, timeout=timeout or httpx2.Timeout(30, read=300), auth=auth, follow_redirects=False)


class _Client(httpx2.AsyncClient):
    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        response = await super().send(request, **{**options, "stream": True})
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.DecodingError("the answer is packed, which was not asked for", request=request)
        # The SDK bounds the events of a stream; of whole bodies it reads all there is.
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            response.stream = _Bounded(response.stream, request)
        if not options.get("stream"):
            await response.aread()
        return response


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, request: httpx2.Request) -> None:
        self._stream, self._request = stream, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > LONGEST_MESSAGE:
                raise httpx2.ReadError(f"the answer has over {LONGEST_MESSAGE} bytes", request=self._request)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
