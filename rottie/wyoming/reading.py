"""One event after another from a client, bounded in size and time; nothing of it is believed before it was checked.

An event is a line of JSON, then as many bytes of JSON and of payload as that line says.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from wyoming.event import Event

from schemas.errors import RequestError, RequestTooLarge
from schemas.nesting import too_deep

HEADER_BYTES = 65_536
DATA_BYTES = 262_144
PAYLOAD_BYTES = 524_288
_HINT = "An event is a line of JSON with a type, then `data_length` bytes of JSON and `payload_length` bytes."


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for the next event, for the rest of one that began, and for the client to take what it is sent."""

    idle_s: float = 600
    event_s: float = 30
    send_s: float = 30


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    type: str = Field(min_length=1, max_length=64)
    data: dict[str, Any] | None = None
    data_length: int | None = Field(default=None, ge=0)
    payload_length: int | None = Field(default=None, ge=0)


_DATA: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
Kind = TypeVar("Kind", bound=BaseModel)


async def read_event(reader: asyncio.StreamReader, patience: Patience) -> Event | None:
    """None where the client has left, also in the middle of an event, or said nothing for long.

    Raises RequestError and RequestTooLarge, after which nothing of the stream can be made out, and TimeoutError for an event
    that does not come to its end. ``reader`` was opened with ``limit=HEADER_BYTES``.
    """
    try:
        try:
            async with asyncio.timeout(patience.idle_s):
                line = await reader.readuntil(b"\n")
        except TimeoutError:
            return None
        except asyncio.LimitOverrunError as error:
            raise RequestTooLarge(f"a line is longer than {HEADER_BYTES} bytes", where="header", hint=_HINT) from error
        header = _header(line)
        async with asyncio.timeout(patience.event_s):
            data = await reader.readexactly(_within(header.data_length, DATA_BYTES, "data_length"))
            payload = await reader.readexactly(_within(header.payload_length, PAYLOAD_BYTES, "payload_length"))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    merged = {**(header.data or {}), **(_data(data) if data else {})}
    if too_deep(merged):
        raise RequestError("lists and objects stand too deep in one another", where="data")
    return Event(header.type, merged, payload or None)


def fields(kind: type[Kind], event: Event) -> Kind:
    """What the event says, checked. Raises RequestError, which names the field and never its value."""
    try:
        return kind.model_validate(event.data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RequestError(f"{event.type}: {place}: {first['msg']}", where=place, hint="Correct that field.") from None


def _header(line: bytes) -> _Header:
    try:
        return _Header.model_validate_json(line)
    except ValidationError:
        raise RequestError("this line begins no event", where="header", hint=_HINT) from None


def _data(raw: bytes) -> dict[str, Any]:
    try:
        return _DATA.validate_json(raw)
    except ValidationError:
        raise RequestError("an event's data is no JSON object", where="data", hint=_HINT) from None


def _within(length: int | None, most: int, where: str) -> int:
    if (length or 0) > most:
        raise RequestTooLarge(f"{where} is more than {most}", where=where, hint="Send audio in shorter pieces.")
    return length or 0
