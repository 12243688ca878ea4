"""Rottie's API as the bridge asks it: with the first key of the key file, read anew for every request.

Errors arrive as the kinds that they were there; an API that does not answer is StackDown.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from rottie.wyoming.following import Following
from schemas.errors import RottieError, StackDown
from serve.api.doors import read_key
from serve.api.faults import error_from, refusal_of
from serve.engines.encoding import wav_header
from serve.engines.samples import RATE

CONNECT_S, ANSWER_S = 5.0, 120.0
LANGUAGE_S = 60.0
PROMPT = 4000  # characters of names that a recogniser is told


class Api:
    """Safe to use from many connections of one event loop at once."""

    def __init__(self, url: str, key_file: Path) -> None:
        self._url, self._key_file = url, key_file
        self._language = ("", 0.0)
        self._told: dict[str, Any] | None = None  # the last status
        self._telling: asyncio.Task[dict[str, Any]] | None = None
        # On loopback, without TLS: reading the authorities' certificates would cost more than all questions.
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,
            verify=url.startswith("https:"),
            limits=httpx.Limits(max_connections=None),
        )

    def follow(self, language: str | None) -> Following:
        """Hear a recording while it comes in."""
        return Following(self._url, self._key_file, language)

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])
        await self._http.aclose()

    async def status(self) -> dict[str, Any]:
        async with self._asked("GET", "/v1/status") as reply:
            return json.loads(await reply.aread())

    async def status_soon(self, within_s: float) -> dict[str, Any]:
        """As ``status``; where that takes longer than ``within_s``, what was told before, if anything was. One request stands for
        all who wait, and goes on when they have left, so that whoever asks again has its answer.
        """
        if self._telling is None:
            self._telling = asyncio.create_task(self.status())
            self._telling.add_done_callback(self._has_told)
        telling = self._telling
        before = self._told
        done, _ = await asyncio.wait([telling], timeout=None if before is None else within_s)
        return before if before is not None and not done else telling.result()

    def _has_told(self, telling: asyncio.Task[dict[str, Any]]) -> None:
        self._telling = None
        if not telling.cancelled() and telling.exception() is None:
            self._told = telling.result()

    async def language(self) -> str:
        """What the assistant is spoken to in; asked again after a while. English while nobody can be asked."""
        found, at = self._language
        if not found or time.monotonic() - at > LANGUAGE_S:
            try:
                found = str((await self.status())["language"])
            except RottieError:
                return "en"
            self._language = (found, time.monotonic())
        return found

    async def names(self) -> tuple[str, ...]:
        """Of the home's areas and of what is in them; none where the home does not answer."""
        try:
            async with self._asked("GET", "/v1/home") as reply:
                home = json.loads(await reply.aread())
        except RottieError:
            return ()
        named = [*home["areas"], *home["floors"], *home["entities"]]
        return tuple(dict.fromkeys(name for one in named for name in (one["name"], *one["aliases"])))

    async def hear(self, samples: bytes, language: str | None, names: tuple[str, ...]) -> dict[str, Any]:
        """``text`` and ``language`` of 16-bit mono samples at 16,000 Hz."""
        wanted = {"model": "rottie-stt", "response_format": "verbose_json", "prompt": _prompt(names)}
        wanted |= {"language": language} if language else {}
        files = {"file": ("said.wav", wav_header(RATE, len(samples)) + samples, "audio/wav")}
        async with self._asked("POST", "/v1/audio/transcriptions", data=wanted, files=files) as reply:
            return json.loads(await reply.aread())

    async def speak(self, text: str, language: str | None) -> AsyncGenerator[bytes, None]:
        """Pieces of schemas.talking.OUT_RATE's samples, as they are made; ``language`` None: by the default voice."""
        wanted = {"model": "rottie-tts", "voice": language or "default", "input": text, "response_format": "pcm"}
        async with self._asked("POST", "/v1/audio/speech", json=wanted) as reply:
            async for piece in reply.aiter_bytes():
                yield piece

    async def ask(self, text: str, conversation: str | None) -> AsyncGenerator[dict[str, Any], None]:
        """The events of POST /v1/assist. Raises what failed the turn."""
        wanted = {"text": text, "stream": True} | ({"conversation_id": conversation} if conversation else {})
        async with self._asked("POST", "/v1/assist", json=wanted) as reply:
            async for line in reply.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                event = json.loads(line.removeprefix("data: "))
                if event["type"] == "turn.failed":
                    raise error_from(event["error"])
                yield event

    @asynccontextmanager
    async def _asked(self, method: str, path: str, **body: Any) -> AsyncGenerator[httpx.Response, None]:
        headers = {"Authorization": f"Bearer {read_key(self._key_file)}"}
        try:
            async with self._http.stream(method, path, headers=headers, **body) as reply:
                if reply.status_code >= 400:
                    raise refusal_of(await reply.aread(), reply.status_code)
                yield reply
        except httpx.TransportError as error:
            hint = "`rottie status` tells what runs; it is tried again with the next request."
            raise StackDown("the assistant's API does not answer", where=self._url, hint=hint) from error


def _prompt(names: tuple[str, ...]) -> str:
    """As many of ``names`` as a request takes, with commas between."""
    told = ", ".join(dict.fromkeys(" ".join(name.replace(",", " ").split()) for name in names))
    return told if len(told) <= PROMPT else told[:PROMPT].rpartition(",")[0]
