"""Who may come in: the bearer key, and the Host header (a defence against DNS rebinding on loopback)."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import ForeignPage, KeysUnusable, RequestError, RottieError, Unauthorised
from serve.api.keys import CALLER, OWNER, Caller, keys_in

log = logging.getLogger("rottie.serve")
OPEN = frozenset({"/healthz", "/readyz"})
FIRST_MESSAGE = frozenset({"/v1/assist/ws"})
KEY_PROTOCOL = "openai-insecure-api-key."  # what OpenAI's browser clients put before the key, among a WebSocket's subprotocols
GIVEN = "rottie.key"  # in the ASGI scope: the key that let this connection in
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def new_key() -> str:
    return f"rottie-{secrets.token_urlsafe(32)}"


def ensure_key(path: Path) -> None:
    """Write a first key, mode 600, unless there is one. Whole or not at all, and never over an existing file."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(f"{new_key()}\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(temporary, path)  # unlike rename, fails where another process was first
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def read_key(path: Path) -> str:
    """A key of ``path``, for a client on this machine: the first one without marks, else the first. Raises KeysUnusable."""
    try:
        keys = keys_in(path)
    except OSError as error:
        raise Unauthorised("there is no API key", where=str(path)) from error
    if not keys:
        raise Unauthorised("the key file is empty", where=str(path))
    return next((key for key, caller in keys.items() if caller == OWNER), next(iter(keys))).decode()


class KeyFile:
    """Keys of ``path``, read again when the file changes, so that a key is withdrawn by deleting its line.

    A file that cannot be used raises KeysUnusable at first; should it become so later, nobody comes in until it is corrected.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: dict[bytes, Caller] = {}
        self._refresh()

    def allows(self, key: bytes) -> Caller | None:
        """Whose key it is; None where it is nobody's."""
        try:
            self._refresh()
        except KeysUnusable as error:
            log.error("%s", error)
        found = None
        # No early end: the time taken must not tell which key was close.
        for known, caller in self._keys.items():
            found = caller if hmac.compare_digest(key, known) else found
        return found

    def _refresh(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._keys, self._stamp = {}, stamp
                self._keys = keys_in(self._path)
        except OSError:
            self._keys, self._stamp = {}, None


Answer = Callable[[RottieError, int | None], ASGIApp]


class Doors:
    """ASGI middleware: first the Host header, then the key on everything but health. ``answer`` renders a refusal."""

    def __init__(self, app: ASGIApp, keys: KeyFile, hosts: Callable[[], frozenset[str] | None], answer: Answer) -> None:
        self._app, self._keys, self._hosts, self._answer = app, keys, hosts, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = self._hosts()
        if allowed is not None and hostname(headers.get("host", "")) not in allowed:
            hint = "Use 127.0.0.1 or localhost; other names are refused while the API listens on loopback only."
            refusal: RottieError = RequestError("the Host header names another machine", where="Host", hint=hint)
            await self._answer(refusal, 421)(scope, receive, send)
        elif self._is_open(scope, headers):
            await self._app(scope, receive, send)
        elif caller := self._keys.allows(key := bearer(headers.get("authorization", "")) or _protocol_key(scope)):
            # Not in a copy: what the router notes in the scope is read by those around it.
            scope[GIVEN], scope[CALLER] = key, caller
            await self._app(scope, receive, send)
        else:
            await self._answer(Unauthorised("the API key is missing or wrong", where="Authorization"), None)(scope, receive, send)

    @staticmethod
    def _is_open(scope: Scope, headers: Headers) -> bool:
        """Browsers cannot set a header on a WebSocket: those of ``FIRST_MESSAGE`` ask for the key themselves."""
        if scope["type"] == "websocket":
            return scope["path"] in FIRST_MESSAGE and "authorization" not in headers
        return scope["path"] in OPEN


def bearer(header: str) -> bytes:
    scheme, _, key = header.partition(" ")
    return key.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def _protocol_key(scope: Scope) -> bytes:
    """The key of a page's WebSocket, which cannot have headers; empty where there is none."""
    offered = scope.get("subprotocols", ()) if scope["type"] == "websocket" else ()
    found = next((name for name in offered if name.startswith(KEY_PROTOCOL)), KEY_PROTOCOL)
    return found.removeprefix(KEY_PROTOCOL).encode("latin-1", "replace")


def foreign(headers: Headers, origins: Collection[str]) -> ForeignPage | None:
    """Why the page that opens a WebSocket may not: browsers let any page open one to any address."""
    origin = headers.get("origin")
    if origin is None or origin in origins:
        return None
    host = urlsplit(origin).netloc.lower()
    if host and host == headers.get("host", "").lower():
        return None
    return ForeignPage("this page is not the API's own", where="Origin")


def hostname(header: str) -> str:
    """The name in a Host header, without port and brackets, lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def allowed_hosts(bound: str) -> frozenset[str] | None:
    """Names accepted in the Host header, or None for any, where the API deliberately listens beyond loopback."""
    return LOOPBACK if bound in LOOPBACK or bound.startswith("127.") else None
