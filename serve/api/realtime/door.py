"""``WS /v1/realtime``: who may come in.

The key comes as a bearer header, or from a browser as the subprotocol ``openai-insecure-api-key.KEY`` beside ``realtime``.
``?model=`` names a model as /v1/chat/completions does, or one of OpenAI's, which stand for the assistant's own;
``?intent=transcription`` begins a session that only tells what was said. Refused before it begins, with a status line: 401 a
wrong key, 403 a foreign page (Origin), 421 another Host, 503 too many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, WebSocket
from starlette.responses import Response

from schemas.errors import RottieError, UpgradeNeeded
from serve.api.doors import GIVEN, KeyFile, foreign
from serve.api.keys import caller_of
from serve.api.realtime.connection import Connection
from serve.api.realtime.line import Line
from serve.api.realtime.messages import RealtimeMessage
from serve.api.realtime.settings import own_default
from serve.api.socket import Patience
from serve.api.talking import Parlour

PATH = "/v1/realtime"
PROTOCOL = "realtime"
MESSAGES = (RealtimeMessage,)
_STOCK = ("gpt-", "whisper-")
_TOLD: dict[int | str, dict[str, Any]] = {101: {"description": "The conversation begins."}, 403: {}, 426: {}, 503: {}}


def add_realtime(
    app: FastAPI, parlour: Parlour, keys: KeyFile, answer: Callable[[RottieError], Response], patience: Patience | None = None
) -> None:
    """``answer`` renders what is refused before the connection begins."""
    messages = f"#/components/schemas/{RealtimeMessage.__name__}"
    waits, metrics = patience or Patience(), parlour.desk.metrics

    @app.get(PATH, status_code=101, responses=_TOLD, openapi_extra={"x-messages": {"$ref": messages}})
    async def described() -> None:
        """A WebSocket: a spoken conversation in the shape of OpenAI's Realtime interface. Plain requests are refused."""
        raise UpgradeNeeded("this is a WebSocket", where="Upgrade")

    @app.websocket(PATH)
    async def realtime(websocket: WebSocket) -> None:
        if refusal := foreign(websocket.headers, parlour.desk.settings.origins) or parlour.full():
            if "websocket.http.response" in websocket.scope.get("extensions", {}):
                await websocket.send_denial_response(answer(refusal))
            else:
                await websocket.close()  # which servers tell as 403
            return
        connection = _connection(websocket, parlour, keys, waits)
        metrics.sockets.inc()
        try:
            await websocket.accept(PROTOCOL if PROTOCOL in websocket.scope.get("subprotocols", ()) else None)
            await connection.run()
        finally:
            metrics.sockets.dec()


def _connection(websocket: WebSocket, parlour: Parlour, keys: KeyFile, waits: Patience) -> Connection:
    asked = websocket.query_params.get("model", "")
    model = parlour.desk.settings.manner.model if not asked or asked.startswith(_STOCK) else asked[:200]
    shape = own_default(websocket.query_params.get("intent") == "transcription", model)
    caller = caller_of(websocket.scope)
    return Connection(Line(websocket, waits.send_s), parlour, keys, websocket.scope[GIVEN], caller, model, shape, waits)
