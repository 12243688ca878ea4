"""Bodies: read with a limit, and written so that everything under them ends when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from schemas.errors import RequestTooLarge

Result = TypeVar("Result")


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused as soon as it is known to be longer than ``limit``, with or without a Content-Length."""
    if _announced(request) > limit:
        raise RequestTooLarge(f"the body is longer than {limit} bytes", where="body")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise RequestTooLarge(f"the body is longer than {limit} bytes", where="body")
        parts.append(part)
    return b"".join(parts)


def _announced(request: Request) -> int:
    """Content-Length, or 0 where it says nothing that can be believed; very long numbers are not even converted."""
    text = request.headers.get("content-length", "")
    return int(text[:20]) if text.isascii() and text.isdigit() else 0


async def attended(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` returns; it is cancelled when the client leaves before, which raises ClientDisconnect, whatever came of it.

    Only after the whole body was read.
    """
    mine, left = asyncio.current_task(), False
    assert mine is not None

    async def watch() -> None:
        nonlocal left
        with suppress(Exception):  # a channel that breaks has nobody at its end
            await _left(request)
        left = True
        mine.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await work
    finally:
        watching.cancel()
        # Uncounted though the work let it pass; where it is cancelled from outside too, that is what is raised.
        if left and not mine.uncancel():
            raise ClientDisconnect


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def close_all(*events: AsyncIterator[Any]) -> None:
    for each in events:
        if (close := getattr(each, "aclose", None)) is not None:
            await close()


async def closing(body: AsyncIterator[bytes], *inner: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """``body``, with everything under it closed when the client leaves, not when the collector comes by."""
    try:
        async for part in body:
            yield part
    finally:
        await close_all(body, *inner)
