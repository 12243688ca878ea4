"""The connection to WS /v1/realtime: OpenAI's Realtime events, as they come, and messages to the assistant."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from schemas.errors import StackDown
from serve.api.faults import refusal_of

PATH = "/v1/realtime"
MOST = 16 * 2**20  # bytes of one event
EVENTS = ("rottie.partial_transcript", "rottie.action", "rottie.waterfall", "rottie.stage_down")


class Line:
    """An open connection."""

    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket

    async def events(self) -> AsyncGenerator[dict[str, Any], None]:
        """Until the assistant ends the connection. Raises StackDown where that was not on purpose."""
        try:
            async for raw in self._websocket:
                yield json.loads(raw)
        except ConnectionClosed as error:
            reason = error.rcvd.reason if error.rcvd else "it broke off"
            raise StackDown(f"the connection ended: {reason}", hint="See `rottie status`, then talk again.") from error

    async def send(self, kind: str, **fields: Any) -> None:
        """One message. A connection that has ended is told by ``events``."""
        try:
            await self._websocket.send(json.dumps({"type": kind, **fields}))
        except ConnectionClosed:
            return

    async def hear(self, pcm: bytes) -> None:
        await self.send("input_audio_buffer.append", audio=base64.b64encode(pcm).decode())


@asynccontextmanager
async def opened(address: str, key: str, query: str = "") -> AsyncGenerator[Line, None]:
    """``address`` is the API's. Raises StackDown, and what the API refuses it with."""
    url = f"ws{address.removeprefix('http')}{PATH}{query}"
    headers = {"Authorization": f"Bearer {key}"}
    try:
        # Loopback must never go through a proxy that the environment names for the outside.
        websocket = await connect(url, additional_headers=headers, proxy=None, max_size=MOST, open_timeout=20)
    except InvalidStatus as error:
        raise refusal_of(bytes(error.response.body or b""), error.response.status_code) from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        hint = "`rottie status` tells what runs; `rottie up` starts it."
        raise StackDown("nothing answers at the API's address", where=address, hint=hint) from error
    try:
        yield Line(websocket)
    finally:
        await websocket.close()


def settings(manual: bool, area: str | None, conversation: str | None) -> dict[str, Any]:
    """What the session is set to: with ``manual`` turns end when the client says so, else where the speaker ends."""
    turns = None if manual else {"type": "semantic_vad"}
    own = {"events": list(EVENTS)} | {
        name: value for name, value in (("area", area), ("conversation_id", conversation)) if value is not None
    }
    return {"type": "realtime", "audio": {"input": {"transcription": {}, "turn_detection": turns}}, "rottie": own}
