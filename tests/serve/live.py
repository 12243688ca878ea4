"""The real gateway on loopback before a real tiny model, without Ray: for clients that want a network."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from schemas.artifacts import ModelRef
from schemas.assistant import Limits, LlmEngine
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns, open_wish
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.models import read_model
from tests.serve.recordings import scripted_speech

LIMITS = Limits(max_tokens=900, request_bytes=131_072, messages=20, tools=8, timeout_s=30)
ENGINE = LlmEngine(context=1024, slots=2)


@dataclass
class Live:
    url: str
    key: str
    app: Any
    holder: Holder[Any]
    port: int
    settings: Settings

    def http(self, **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60, **more)

    def number(self, name: str) -> float:
        """A metric's value, the sum over its labels."""
        with self.http() as http:
            lines = http.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name) and not line.startswith("#"))

    def at_rest(self) -> bool:
        """No turn runs, and no request but the one that asks for this."""
        return self.holder.status()["turns"] == 0 and self.number("rottie_in_flight_requests") == 1


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.02)


@contextmanager
def live(export: Path, root: Path, limits: Limits = LIMITS, engine: LlmEngine = ENGINE) -> Iterator[Live]:
    """The server, in a thread with a loop of its own; ``root`` is its ROTTIE_HOME."""
    ready: list[Live] = []
    stop = threading.Event()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(_serve(export, Home(root), limits, engine, ready, stop))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROTTIE_HOME", str(root))  # for loading the model, and for no test beside this one
        thread.start()
        until(lambda: bool(ready or failure), "the server listens", 60)
    try:
        if failure:
            raise failure[0]
        yield ready[0]
    finally:
        stop.set()
        thread.join(30)


async def _serve(export: Path, home: Home, limits: Limits, engine: LlmEngine, ready: list[Live], stop: threading.Event) -> None:
    manifest = read_model(export)
    digest = manifest.files[manifest.serve]
    ref = ModelRef(name="rottie-llm", version="7", candidate=manifest.candidate, path=str(export), sha256=digest)
    ensure_key(home.api_key)
    holder: Holder[Any] = Holder(open_wish)
    await holder.want(Wish(model=ref, engine=engine))
    keeper, talks = Keeper(home), Talks(Conversations(home.database))
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    asked = AskedHome(lambda request: answered(keeper, request))
    settings, speech = Settings(limits=limits), scripted_speech(home.root)
    settings.stt, settings.tts = speech.stt, speech.tts
    app = create_app(LocalTurns(holder), settings, home.api_key, home=asked, talks=talks, speech=speech.both)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    ready.append(Live(f"http://127.0.0.1:{port}", read_key(home.api_key), app, holder, port, settings))
    while not stop.is_set():
        await asyncio.sleep(0.05)
    server.should_exit = server.force_exit = True
    await running
    await talks.close()
    await keeper.close()
    await holder.close()
    await speech.close()
