"""The two addresses a roll-out talks to: the Ray dashboard's Serve REST API, and the served API itself."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from schemas.artifacts import ModelRef
from schemas.errors import RollOutFailed, StackDown
from serve.api.doors import read_key
from serve.config import APPLICATION

PAUSE_S = 0.5
REQUEST_S = 30.0


class _Client:
    def __init__(self, url: str, headers: dict[str, str]) -> None:
        # Loopback must never go through a proxy that the environment names for the outside.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=REQUEST_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()


class Dashboard(_Client):
    """Serve's REST API. Connection errors and 5xx are tried again until the deadline: the dashboard starts late."""

    def __init__(self, url: str, token: str | None, deadline: float) -> None:
        super().__init__(url, {"Authorization": f"Bearer {token}"} if token else {})
        self._deadline = deadline
        self._url = url

    @classmethod
    def current(cls, deadline: float) -> Dashboard:
        """The dashboard that the environment names. ``deadline`` is on time.monotonic's clock."""
        url = os.environ.get("RAY_DASHBOARD_ADDRESS") or os.environ.get("RAY_API_SERVER_ADDRESS")
        if not url:
            raise StackDown("no Ray dashboard is named in the environment", where="RAY_DASHBOARD_ADDRESS")
        return cls(url, ray_token(), deadline)

    def put(self, config: dict[str, Any]) -> None:
        self._insist("PUT", json=config)

    def application(self) -> dict[str, Any] | None:
        """status and message of the application, or None where Serve has none (yet)."""
        details = self._insist("GET").json()
        return (details.get("applications") or {}).get(APPLICATION)

    def _insist(self, method: str, **body: Any) -> httpx.Response:
        while True:
            problem: str
            try:
                reply = self._http.request(method, "/api/serve/applications/", **body)
                if reply.status_code < 400:
                    return reply
                problem = f"HTTP {reply.status_code}: {reply.text.strip()[-300:]}"
                if reply.status_code in {401, 403}:
                    raise RollOutFailed("the Ray dashboard refuses the token", where="RAY_AUTH_TOKEN_PATH")
                if reply.status_code < 500:
                    raise RollOutFailed(f"Serve refuses the config: {problem}", where=self._url)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
            if time.monotonic() + PAUSE_S > self._deadline:
                raise StackDown(f"the Ray dashboard does not answer: {problem}", where=self._url)
            time.sleep(PAUSE_S)


class Api(_Client):
    """The served API, with the first key of the key file."""

    @classmethod
    def of(cls, config: dict[str, Any], key_file: Path) -> Api:
        """The address that ``config`` makes Serve listen on; a wildcard is reached through loopback."""
        options = config["http_options"]
        host = "127.0.0.1" if options["host"] in {"0.0.0.0", "::", ""} else options["host"]  # noqa: S104 - compared, not bound
        url = f"http://[{host}]:{options['port']}" if ":" in host else f"http://{host}:{options['port']}"
        return cls(url, {"Authorization": f"Bearer {read_key(key_file)}"})

    def statuses(self) -> dict[str, list[dict[str, Any]]]:
        """One state for each replica, by the deployment's name: Llm, and Stt, Tts, SttSecond and TtsSecond where they are told.

        Nothing while the API cannot be reached or has another key.
        """
        try:
            reply = self._http.get("/v1/status")
            if reply.status_code != 200:
                return {}
            told = reply.json()
            speech = {name.title().replace("_", ""): found for name, found in told.get("speech", {}).items()}
            return {"Llm": told["replicas"]} | speech
        except (httpx.TransportError, ValueError, KeyError, AttributeError):
            return {}

    def decode(self, ref: ModelRef) -> None:
        """One real turn through the whole path, as a client would ask it."""
        body = {"model": f"{ref.name}/{ref.version}", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
        try:
            reply = self._http.post("/v1/chat/completions", json=body)
        except httpx.TransportError as error:
            raise RollOutFailed(f"the API broke off: {type(error).__name__}", where="/v1/chat/completions") from error
        if reply.status_code != 200:
            text = reply.text[:300]
            raise RollOutFailed(f"{ref.label} does not answer: HTTP {reply.status_code} {text}", where="/v1/chat/completions")


def ray_token() -> str | None:
    """Ray's token: from RAY_AUTH_TOKEN, or the file that RAY_AUTH_TOKEN_PATH names; None where there is neither."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token.strip()
    path = os.environ.get("RAY_AUTH_TOKEN_PATH")
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").strip() if path else None
    except OSError as error:
        raise StackDown(f"cannot read Ray's token: {error.strerror}", where=path) from error
