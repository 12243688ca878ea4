"""Bodies: read with a limit, and written so that everything under them ends when the client leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request

from schemas.errors import RequestTooLarge


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused as soon as it is known to be longer than ``limit``, with or without a Content-Length."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise RequestTooLarge(f"the body is longer than {limit} bytes", where="body")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise RequestTooLarge(f"the body is longer than {limit} bytes", where="body")
        parts.append(part)
    return b"".join(parts)


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
