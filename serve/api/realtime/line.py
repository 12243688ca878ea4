"""One WebSocket: texts in with a bound on their length, events out with a bound on how long the client may take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from serve.api.faults import note
from serve.api.realtime.messages import LONGEST


class Closing(Exception):
    """The connection ends, with a WebSocket close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def over(task: asyncio.Task[Any]) -> None:
    """For tasks of a connection that nobody awaits: a client that has left is no news."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Closing | WebSocketDisconnect):
        note(error)


@dataclass(eq=False)
class Line:
    websocket: WebSocket
    send_s: float
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def receive(self) -> bytes:
        """Raises Closing, and WebSocketDisconnect when the client has left."""
        message = await self.websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise Closing(1003, "messages are JSON texts")
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) > LONGEST:
            raise Closing(1009, "the message is too long")
        return raw

    async def send(self, events: Sequence[dict[str, Any]]) -> None:
        """In this order and together, when the client has room for them. Raises Closing, WebSocketDisconnect."""
        try:
            async with self._sending:
                for event in events:
                    async with asyncio.timeout(self.send_s):
                        await self.websocket.send_text(json.dumps(event, ensure_ascii=False, separators=(",", ":")))
        except TimeoutError:
            raise Closing(1008, "the client does not listen") from None
        except RuntimeError as error:
            # Starlette's word for a connection that is closed already.
            raise WebSocketDisconnect(1006) from error

    async def close(self, code: int, reason: str) -> None:
        if WebSocketState.DISCONNECTED in (self.websocket.client_state, self.websocket.application_state):
            return
        try:
            async with asyncio.timeout(1):
                await self.websocket.close(code, reason)
        except (TimeoutError, RuntimeError, OSError):
            return
