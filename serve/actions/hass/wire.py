"""One connection to Home Assistant's WebSocket API: sign-in, commands with their answers, subscriptions.

Everything that arrives is bounded in size and looked at before it is used. A connection is never mended: whoever holds it
opens another one. Does not cover what the answers mean.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from schemas.text import one_line

LARGEST = 64 * 1024 * 1024  # bytes of one message; a big home's states take some megabytes
LONGEST_REASON = 200  # characters of what Home Assistant says about an error
# At its debug level the library would write every frame, the token among them.
_quiet = logging.getLogger("rottie.serve.hass.wire")
_quiet.setLevel(logging.INFO)

Event = Callable[[dict[str, Any]], None]


class Lost(Exception):
    """The connection is gone, or could not be made. The text is a reason for people, without any secret."""


class SignInRefused(Lost):
    """The token is not taken."""


class CommandFailed(Exception):
    """Home Assistant answered a command with an error. ``code`` is its own, such as ``not_found``."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = one_line(reason)[:LONGEST_REASON]


class _Straight(connect):
    """Follows no redirect: the token is for the host that the assistant's file names."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def address(url: str) -> str:
    """``http://ha.local:8123`` as ``ws://ha.local:8123/api/websocket``."""
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/websocket"


class Wire:
    """Made by ``opened``. Safe in one event loop."""

    def __init__(self, socket: ClientConnection, version: str) -> None:
        self._socket = socket
        self.version = version
        self._last = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, Event] = {}
        self._ended: Lost | None = None

    async def ask(self, kind: str, timeout_s: float, **values: Any) -> Any:
        """The answer to a command. Raises CommandFailed, TimeoutError and Lost."""
        return (await self._ask(kind, timeout_s, values, None))[1]

    async def subscribe(self, kind: str, timeout_s: float, event: Event, **values: Any) -> int:
        """Call ``event`` with what comes of the subscription, in order, until ``unsubscribe`` with the number returned."""
        return (await self._ask(kind, timeout_s, values, event))[0]

    async def unsubscribe(self, number: int, timeout_s: float) -> None:
        if self._events.pop(number, None) is not None:
            await self.ask("unsubscribe_events", timeout_s, subscription=number)

    async def _ask(self, kind: str, timeout_s: float, values: dict[str, Any], event: Event | None) -> tuple[int, Any]:
        if self._ended is not None:
            raise self._ended
        self._last += 1
        number = self._last
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        if event is not None:
            self._events[number] = event
        try:
            async with asyncio.timeout(timeout_s):
                await self._socket.send(json.dumps({"id": number, "type": kind, **values}))
                return number, await answer
        except (CommandFailed, TimeoutError):
            self._events.pop(number, None)
            raise
        except (WebSocketException, OSError) as error:
            raise Lost(f"the connection broke ({type(error).__name__})") from None
        finally:
            self._answers.pop(number, None)

    async def listen(self) -> None:
        """Hand out what arrives until the connection ends; always ends by raising Lost."""
        reason = "Home Assistant closed the connection"
        try:
            async for text in self._socket:
                for message in _messages(text):
                    self._take(message)
        except (WebSocketException, OSError, ValueError) as error:
            reason = f"the connection broke ({type(error).__name__})"
        finally:
            self._ended = Lost(reason)
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Lost(reason))
                    answer.exception()  # read, so that one nobody waits for is not reported as forgotten
        raise Lost(reason)

    def _take(self, message: dict[str, Any]) -> None:
        number = message.get("id")
        if message.get("type") == "event":
            event = self._events.get(number) if isinstance(number, int) else None
            if event is not None and isinstance(message.get("event"), dict):
                event(message["event"])
            return
        answer = self._answers.get(number) if isinstance(number, int) else None
        if answer is None or answer.done() or message.get("type") != "result":
            return
        if message.get("success") is True:
            answer.set_result(message.get("result"))
            return
        error = message.get("error")
        error = error if isinstance(error, dict) else {}
        answer.set_exception(CommandFailed(str(error.get("code", "unknown"))[:40], str(error.get("message", ""))))


@asynccontextmanager
async def opened(url: str, token: str, timeout_s: float) -> AsyncIterator[Wire]:
    """A signed-in connection, closed at the end of the block. Raises Lost and SignInRefused."""
    try:
        socket = await _Straight(
            address(url),
            proxy=None,
            open_timeout=timeout_s,
            close_timeout=2,
            ping_interval=20,
            ping_timeout=20,
            max_size=LARGEST,
            logger=_quiet,
        )
    except (WebSocketException, OSError, TimeoutError, ValueError) as error:
        raise Lost(f"cannot connect ({type(error).__name__})") from None
    try:
        yield Wire(socket, await _sign_in(socket, token, timeout_s))
    finally:
        await socket.close()


async def _sign_in(socket: ClientConnection, token: str, timeout_s: float) -> str:
    """Home Assistant's version."""
    try:
        async with asyncio.timeout(timeout_s):
            asked = _object(await socket.recv())
            if asked.get("type") != "auth_required":
                raise Lost("what answers there is not Home Assistant")
            await socket.send(json.dumps({"type": "auth", "access_token": token}))
            answer = _object(await socket.recv())
    except TimeoutError:
        raise Lost(f"Home Assistant did not sign us in within {timeout_s:g} s") from None
    except (WebSocketException, OSError, ValueError) as error:
        raise Lost(f"the connection broke at the sign-in ({type(error).__name__})") from None
    if answer.get("type") == "auth_invalid":
        raise SignInRefused("Home Assistant does not take this token")
    if answer.get("type") != "auth_ok":
        raise Lost("what answers there is not Home Assistant")
    return str(answer.get("ha_version", "unknown"))[:40]


def _object(text: str | bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _messages(text: str | bytes) -> list[dict[str, Any]]:
    """One message, or several in a list, as Home Assistant may send them together."""
    found = json.loads(text)
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
