"""Work that ends when the client leaves: all that may happen in the same moment. The client is a queue of ASGI messages."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from serve.api.bodies import attended

LEAVES: Message = {"type": "http.disconnect"}


class Client:
    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message | Exception] = asyncio.Queue()
        self.request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, self.receive)

    async def receive(self) -> Message:
        message = await self.messages.get()
        if isinstance(message, Exception):
            raise message
        return message

    def leaves(self) -> None:
        self.messages.put_nowait(LEAVES)


@pytest.fixture
async def client() -> Client:
    return Client()


async def outcome(client: Client, work: Coroutine[Any, Any, Any]) -> tuple[Any, int]:
    """What comes of ``work``, and how many cancellations the task then still counts. None may come later."""
    task = asyncio.current_task()
    assert task is not None
    try:
        found = await attended(client.request, work)
    except (Exception, asyncio.CancelledError) as error:
        found = type(error)
    counted = task.cancelling()
    while task.cancelling():
        task.uncancel()
    for _ in range(3):
        await asyncio.sleep(0)
    return found, counted


async def begun(client: Client, work: Coroutine[Any, Any, Any]) -> asyncio.Task[tuple[Any, int]]:
    """``outcome`` in a task that waits for its work."""
    task = asyncio.create_task(outcome(client, work))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_work_ends_when_the_client_leaves(client: Client) -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    task = await begun(client, work())
    client.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await asyncio.sleep(0)
    assert not task.done()
    client.leaves()
    assert (await task, ended) == ((ClientDisconnect, 0), [True])


@pytest.mark.parametrize("leaving_first", [True, False])
async def test_work_that_ends_in_the_moment_that_the_client_leaves(client: Client, leaving_first: bool) -> None:
    done = asyncio.get_running_loop().create_future()
    task = await begun(client, asyncio.wait_for(done, 30) if leaving_first else _awaited(done))
    if leaving_first:
        client.leaves()
    done.set_result("reply")
    if not leaving_first:
        client.leaves()
    assert await task in [("reply", 0), (ClientDisconnect, 0)]


async def _awaited(future: asyncio.Future[Any]) -> Any:
    return await future


@pytest.mark.parametrize("leaving_first", [True, False])
async def test_a_timeout_in_the_moment_that_the_client_leaves(client: Client, leaving_first: bool) -> None:
    limits = []

    async def work() -> None:
        async with asyncio.timeout(30) as limit:
            limits.append(limit)
            await asyncio.Event().wait()

    task = await begun(client, work())
    if leaving_first:
        client.leaves()
    limits[0].reschedule(0)
    if not leaving_first:
        client.leaves()
    assert await task in [(TimeoutError, 0), (ClientDisconnect, 0)]


@pytest.mark.parametrize("leaving_first", [True, False])
async def test_a_cancellation_from_outside_stays_one_where_the_client_leaves_too(client: Client, leaving_first: bool) -> None:
    task = await begun(client, asyncio.sleep(30))
    if leaving_first:
        client.leaves()
        await asyncio.sleep(0)
    task.cancel()
    if not leaving_first:
        client.leaves()
    assert await task == (asyncio.CancelledError, 1)


async def test_a_cancellation_from_outside(client: Client) -> None:
    task = await begun(client, asyncio.sleep(30))
    task.cancel()
    assert await task == (asyncio.CancelledError, 1)


@pytest.mark.parametrize("error", [None, ValueError("the engine was interrupted")])
async def test_work_that_does_not_pass_on_that_it_was_cancelled(client: Client, error: Exception | None) -> None:
    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if error:
                raise error from None
        return "reply"

    task = await begun(client, work())
    client.leaves()
    assert await task == (ClientDisconnect, 0)


async def test_one_within_another(client: Client) -> None:
    inner = Client()
    task = await begun(client, attended(inner.request, asyncio.sleep(30)))
    client.leaves()
    inner.leaves()
    assert await task == (ClientDisconnect, 0)


async def test_a_channel_that_breaks(client: Client) -> None:
    task = await begun(client, asyncio.sleep(30))
    client.messages.put_nowait(RuntimeError("the proxy is gone"))
    assert await task == (ClientDisconnect, 0)


async def test_who_listens_next_hears_that_the_client_left(client: Client) -> None:
    """As a streamed response does, before the loop has ended the one that listened here."""
    assert await attended(client.request, asyncio.sleep(0.01, "reply")) == "reply"
    listening = asyncio.create_task(client.receive())
    client.leaves()
    assert await asyncio.wait_for(listening, 30) == LEAVES


async def test_what_came_in_the_moment_that_the_work_ended_is_heard_next(client: Client) -> None:
    async def work() -> str:
        await asyncio.sleep(0.01)
        client.leaves()
        return "reply"

    assert await outcome(client, work()) == ("reply", 0)
    assert await asyncio.wait_for(client.receive(), 30) == LEAVES
