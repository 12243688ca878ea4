"""The assistant over a WebSocket: several turns over one connection, the same events as server-sent ones.

Messages are JSON texts with a ``type``. To the assistant:

    key     {key}: the API key, as the first message of clients that cannot set a header; never in the address
    ask     the fields of POST /v1/assist; without conversation_id it goes on with this connection's conversation. With an
            idempotency_key the turn goes on though the connection ends: asked again, on any connection, it is told again
    cancel  ends the running turn; what it had done stays done
    ping    is answered by pong

From it: ready, once asks are taken; the events of each turn, up to assist.finished, turn.failed or turn.cancelled; refused,
for a message that began nothing; pong. One turn runs at a time. The next event waits until the client has taken the last.

Refused before it begins, with a status line: 401 a wrong key, 403 a foreign page (Origin), 421 another Host, 503 too many.
Closed with: 1000 nothing was said for long, 1001 open for long (connect again, and go on by conversation_id), 1003 bytes, 1008
no key in time, a key that was withdrawn or changed, a client that does not listen or sends nothing but nonsense, 1009 a message
over limits.request_bytes (and the recording that it may hold), 1011 a failure here.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, WebSocket
from pydantic import BaseModel, ConfigDict, Field, RootModel
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect, WebSocketState

from schemas.errors import ConversationBusy, Overloaded, RequestError, RottieError, Unauthorised
from schemas.events import AssistEvent, AssistFinished, TurnFailed
from serve.api.assist import NEW, AssistRequest, Desk
from serve.api.bodies import close_all
from serve.api.doors import GIVEN, KeyFile, foreign
from serve.api.faults import note
from serve.api.keys import Caller
from serve.api.repeating import IdempotencyKey, Once
from serve.api.wire import checked

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/v1/assist/ws"
MOST_OPEN = 100
MOST_REFUSED = 20  # one after the other


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Message):
    type: Literal["key"]
    key: str = Field(max_length=1000)


class Ask(AssistRequest):
    type: Literal["ask"]
    stream: Literal[True] = True
    idempotency_key: IdempotencyKey | None = None


class Cancel(_Message):
    type: Literal["cancel"]


class Ping(_Message):
    type: Literal["ping"]


class Incoming(RootModel[Annotated[Key | Ask | Cancel | Ping, Field(discriminator="type")]]):
    pass


class Ready(_Message):
    type: Literal["ready"] = "ready"


class Pong(_Message):
    type: Literal["pong"] = "pong"


class TurnCancelled(_Message):
    type: Literal["turn.cancelled"] = "turn.cancelled"


class Refused(_Message):
    type: Literal["refused"] = "refused"
    error: dict[str, Any] = Field(description="RottieError.as_dict()")


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a key, for the next message while no turn runs, and for the client to take an event.

    ``life_s``: how long a connection may last. Ray Serve's proxy would cut it off after its own limit, without a word.
    """

    key_s: float = 10
    idle_s: float = 600
    send_s: float = 30
    life_s: float = 800


class _Closing(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def add_socket(
    app: FastAPI, desk: Desk, keys: KeyFile, answer: Callable[[RottieError], Response], patience: Patience | None = None
) -> None:
    """``answer`` renders what is refused before the connection begins."""
    waits, talking = patience or Patience(), set[_Talk]()

    @app.websocket(PATH)
    async def socket(websocket: WebSocket) -> None:
        if refusal := _refusal(websocket, desk, len(talking)):
            if "websocket.http.response" in websocket.scope.get("extensions", {}):
                await websocket.send_denial_response(answer(refusal))
            else:
                await websocket.close()  # which servers tell as 403
            return
        talk = _Talk(websocket, desk, keys, waits)
        talking.add(talk)
        desk.metrics.sockets.inc()
        try:
            await talk.run()
        finally:
            talking.discard(talk)
            desk.metrics.sockets.dec()


def _refusal(websocket: WebSocket, desk: Desk, others: int) -> RottieError | None:
    if refusal := foreign(websocket.headers, desk.settings.origins):
        return refusal
    return Overloaded(f"{MOST_OPEN} connections are open") if others >= MOST_OPEN else None


@dataclass(eq=False)
class _Talk:
    """One connection. ``_own`` is the conversation that it goes on with; ``_named``: by an ask, so that it must be there."""

    _websocket: WebSocket
    _desk: Desk
    _keys: KeyFile
    _waits: Patience
    _key: bytes = b""
    _caller: Caller | None = None
    _own: str = field(default_factory=lambda: uuid.uuid4().hex)
    _named: bool = False
    _turn: asyncio.Task[None] | None = None
    _once: str | None = None  # the idempotency key of the turn
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        await self._websocket.accept()
        try:
            self._key = self._websocket.scope.get(GIVEN) or await self._first()
            if (caller := self._keys.allows(self._key)) is not None:
                self._caller, self._desk = caller, self._desk.of(caller)
            await self._send(Ready())
            await self._listen()
        except _Closing as closing:
            await self._stop()
            await self._close(closing.code, closing.reason)
        except WebSocketDisconnect:
            pass
        except Exception as error:
            note(error)
            await self._close(1011, "something failed")
        finally:
            await self._stop()

    async def _first(self) -> bytes:
        """The key, out of the first message."""
        try:
            async with asyncio.timeout(self._waits.key_s):
                message = checked(Incoming, await self._receive()).root
        except (TimeoutError, RequestError):
            raise _Closing(1008, "the first message must be the key") from None
        key = message.key.encode() if isinstance(message, Key) else b""
        if not self._keys.allows(key):
            await self._send(Refused(error=Unauthorised("the API key is missing or wrong", where="key").as_dict()))
            raise _Closing(1008, "the key is missing or wrong")
        return key

    async def _listen(self) -> None:
        refused, end = 0, time.monotonic() + self._waits.life_s
        while True:
            left_s = end - time.monotonic()
            if left_s <= 0 and not self._is_busy():
                raise _Closing(1001, "it was open for long; connect again")
            try:
                async with asyncio.timeout(min(self._waits.idle_s, max(left_s, 0.1))):
                    raw = await self._receive()
            except TimeoutError:
                if left_s > self._waits.idle_s and not self._is_busy():
                    raise _Closing(1000, "nothing was said for long") from None
                continue
            if self._caller is None or self._keys.allows(self._key) != self._caller:
                raise _Closing(1008, "the key was withdrawn")
            try:
                await self._take(checked(Incoming, raw).root)
                refused = 0
            except RottieError as error:
                refused += 1
                if refused > MOST_REFUSED:
                    raise _Closing(1008, "too many messages that cannot be used") from None
                await self._send(Refused(error=error.as_dict()))

    def _is_busy(self) -> bool:
        return self._turn is not None and not self._turn.done()

    async def _take(self, message: Key | Ask | Cancel | Ping) -> None:
        running = self._is_busy()
        if isinstance(message, Ping):
            await self._send(Pong())
        elif isinstance(message, Cancel):
            if running and self._once is not None:
                self._desk.cancel(self._once)
            await self._stop()
            if running:
                await self._send(TurnCancelled())
        elif isinstance(message, Ask):
            if running:
                raise ConversationBusy("a turn runs on this connection", where="ask")
            self._once = message.idempotency_key
            self._turn = asyncio.create_task(self._answer(message))

    async def _answer(self, ask: Ask) -> None:
        """Every event of one turn; a turn that fails leaves the connection as it is."""
        once = Once.of(ask, ask.idempotency_key)
        if ask.conversation_id == NEW:
            self._own, self._named = uuid.uuid4().hex, False
        named = ask.conversation_id if ask.conversation_id != NEW else None
        if named is None and self._named:
            ask = ask.model_copy(update={"conversation_id": self._own})
        last: AssistEvent | None = None
        try:
            events = self._desk.answer(ask, None if self._named else self._own, once)
            try:
                async for event in events:
                    if last is None and named is not None:
                        self._own, self._named = named, True
                    last = event
                    if once is not None and isinstance(event, AssistFinished):
                        # Begun on a connection before this one, it is in the conversation of that one.
                        self._own = event.conversation_id or self._own
                    await self._send(event)
            finally:
                await close_all(events)
        except RottieError as error:
            await self._failed(last, error)
        except (WebSocketDisconnect, _Closing):
            await self._close(1008, "the client does not listen")
        except Exception as error:
            await self._failed(last, note(error))

    async def _failed(self, last: AssistEvent | None, error: RottieError) -> None:
        stamp = {"inference_id": last.inference_id, "at_ms": last.at_ms} if last else {"inference_id": "", "at_ms": 0}
        try:
            await self._send(TurnFailed(**stamp, error=error.as_dict()))
        except (WebSocketDisconnect, _Closing):
            await self._close(1008, "the client does not listen")

    async def _receive(self) -> bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise _Closing(1003, "messages are JSON texts")
        raw = text.encode("utf-8", "surrogatepass")
        if len(raw) > self._desk.settings.asking_bytes:
            raise _Closing(1009, "the message is too long")
        return raw

    async def _send(self, message: BaseModel) -> None:
        """One message, when the client has room for it."""
        try:
            async with asyncio.timeout(self._waits.send_s), self._sending:
                await self._websocket.send_text(message.model_dump_json())
        except TimeoutError:
            raise _Closing(1008, "the client does not listen") from None
        except RuntimeError as error:
            # Starlette's word for a connection that is closed already.
            raise WebSocketDisconnect(1006) from error

    async def _stop(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None and not turn.done():
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

    async def _close(self, code: int, reason: str) -> None:
        if WebSocketState.DISCONNECTED in (self._websocket.client_state, self._websocket.application_state):
            return
        try:
            async with asyncio.timeout(1):
                await self._websocket.close(code, reason)
        except (TimeoutError, RuntimeError, OSError):
            return
