"""The gateway behind uvicorn for Realtime clients: real speech and voice detection, a real home, and a model that says what it is
told to.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openai
import uvicorn
from numpy.typing import NDArray
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from flows.steps.speech.augment import resample
from schemas.assistant import Limits, Talk
from schemas.events import ReplyDelta, TurnEvent, TurnStarted
from schemas.loading import load_inventory
from schemas.settings import Home
from schemas.talking import OUT_RATE
from serve.answering import LocalTurns
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.api.metrics import Metrics
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.engines.samples import RATE
from serve.hearing import Listen, Understood
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.turn import TurnRequest
from serve.voicing import Speech
from tests.serve.recordings import scripted_speech
from tests.serve.speaking import Speaker, ref

LAMP = "Turn on the hall lamp."
_EVENT: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Teller(Speaker):
    """Tells at once what follows ``!tell``, and then thinks about how to go on."""

    async def _answer(self, turn: TurnRequest) -> AsyncGenerator[TurnEvent, None]:
        said = turn.messages[-1].content or ""
        if not said.startswith("!tell "):
            async for event in super()._answer(turn):
                yield event
            return
        yield TurnStarted(inference_id="i1", at_ms=0, model=self.label)
        for word in said.split()[1:]:
            yield ReplyDelta(inference_id="i1", at_ms=1, text=f"{word} ")
        await asyncio.sleep(3600)


@dataclass
class Served:
    """``speech`` is what hears and speaks: scripted, unless a test puts something else there."""

    root: Home
    settings: Settings
    keeper: Keeper
    talks: Talks
    speaker: Speaker
    metrics: Metrics
    script: Path
    engines: Any
    port: int = 0
    key: str = ""

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    @asynccontextmanager
    async def client(self, session: dict[str, Any] | None = None, **query: Any) -> AsyncIterator[Client]:
        """The official one, past session.created, and past session.updated where ``session`` says something."""
        official = openai.AsyncOpenAI(api_key=self.key, base_url=f"http://127.0.0.1:{self.port}/v1", max_retries=0)
        async with official.realtime.connect(extra_query=query or {"model": "gpt-realtime"}) as connection:
            client = Client(connection)
            await client.until("session.created")
            if session is not None:
                await client.update(**session)
            yield client

    async def lamp(self) -> str:
        return next(e.state for e in (await self.keeper.read()).entities if e.id == "light.hall_lamp")

    async def hears(self, text: str) -> None:
        """From now on, whatever is said."""
        self.script.write_text(text)
        assert self.settings.stt is not None
        self.settings.stt = self.settings.stt.model_copy(update={"beam": self.settings.stt.beam + 1})
        self.engines.ears.want(self.settings.stt)  # reads its script again
        async with asyncio.timeout(20):
            while text not in (await self._heard()).transcript.text:
                await asyncio.sleep(0.01)

    async def _heard(self) -> Understood:
        return await self.engines.ears.hear(b"\0\x40" * RATE, Listen(raw=True))

    def open(self) -> float:
        return self.metrics.sockets._value.get()

    async def deserted(self) -> None:
        """No connection is left."""
        async with asyncio.timeout(30):
            while self.open():
                await asyncio.sleep(0.01)


@dataclass
class Client:
    """Reads every event strictly, as the official client's own types have it."""

    connection: AsyncRealtimeConnection
    seen: list[Any] = field(default_factory=list)

    async def next(self) -> Any:
        async with asyncio.timeout(15):
            event = json.loads(await self.connection.recv_bytes())
        if not event["type"].startswith("rottie."):
            _EVENT.validate_python(event, strict=True)
        assert event["event_id"].startswith("event_")
        self.seen.append(event)
        return event

    async def until(self, *kinds: str) -> Any:
        while (event := await self.next())["type"] not in kinds:
            pass
        return event

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.connection.send({"type": kind, **fields})  # type: ignore[arg-type]

    async def update(self, **session: Any) -> Any:
        await self.tell("session.update", session={"type": "realtime", **session})
        return await self.until("session.updated", "error")

    async def append(self, data: bytes, size: int = 4800) -> None:
        for start in range(0, len(data), size):
            await self.tell("input_audio_buffer.append", audio=base64.b64encode(data[start : start + size]).decode())

    async def say(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        await self.tell("conversation.item.create", item={"type": "message", "role": "user", "content": content})

    async def ask(self, text: str, **response: Any) -> Any:
        """The response, done."""
        await self.say(text)
        await self.tell("response.create", response=response)
        return (await self.until("response.done"))["response"]

    def kinds(self, *without: str) -> list[str]:
        """Types in order; those that repeat one after the other once."""
        found: list[str] = []
        for event in self.seen:
            if event["type"] not in without and found[-1:] != [event["type"]]:
                found.append(event["type"])
        return found

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.seen if event["type"] == kind]

    def sound(self) -> bytes:
        return b"".join(base64.b64decode(event["delta"]) for event in self.of("response.output_audio.delta"))


@asynccontextmanager
async def serving(root: Path, talk: Talk | None = None, speech: Speech | None = None) -> AsyncIterator[Served]:
    home = Home(root)
    ensure_key(home.api_key)
    tellers: list[Teller] = []

    async def opened(wish: Wish) -> Teller:
        assert wish.model is not None
        tellers.append(Teller(wish.model.label))
        return tellers[-1]

    holder: Holder[Any] = Holder(opened)
    await holder.want(Wish(model=ref("3")))
    keeper, talks, scripted = Keeper(home), Talks(Conversations(home.database)), scripted_speech(root)
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    asked = AskedHome(lambda request: answered(keeper, request))
    settings = Settings(limits=Limits(request_bytes=65_536, timeout_s=20), talk=talk or Talk(ahead=False))
    settings.stt, settings.tts = scripted.stt, scripted.tts
    metrics, engines = Metrics(), speech or scripted.both
    app = create_app(LocalTurns(holder), settings, home.api_key, metrics, home=asked, talks=talks, speech=engines)
    made = Served(home, settings, keeper, talks, tellers[0], metrics, scripted.script, engines, key=read_key(home.api_key))
    listener = socket.create_server(("127.0.0.1", 0))
    made.port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve([listener]))
    try:
        yield made
    finally:
        server.should_exit = True
        await running
        await talks.close()
        await keeper.close()
        await holder.close()
        await scripted.close()


def pcm(audio: NDArray[np.float32], rate: int = OUT_RATE) -> bytes:
    """What a client sends of samples at 16 kHz."""
    return (resample(audio, RATE, rate).clip(-1, 1) * 32767).astype("<i2").tobytes()


def quiet(seconds: float, rate: int = OUT_RATE) -> bytes:
    return bytes(2 * int(seconds * rate))


def tool(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    return {"type": "function", "name": name, "description": "A tool of the client.", "parameters": parameters}


def texts(items: Sequence[Any]) -> list[str]:
    return [part.get("text") or part.get("transcript") for item in items for part in item["content"]]
