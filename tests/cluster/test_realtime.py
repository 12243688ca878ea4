"""The Realtime interface through the real Serve application, by the official client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from flows.steps.rolling_out import roll_out
from schemas.assistant import Assistant, Stt, Talk, Tts
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve import speech_models
from serve.api.doors import read_key
from tests.cluster.conftest import RayHead
from tests.said import Speakers
from tests.serve.realtime.served import Client, pcm, quiet
from tests.serve.realtime.test_turns import HEARD, SPOKEN, TRANSCRIBE, TRANSCRIBED

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(280),
    pytest.mark.skipif(not any((speech_models.STARTERS / "tts").glob("*.onnx")), reason="nobody could speak to it"),
]


class Assisted:
    """An assistant that hears what a script says, and answers without a model."""

    def __init__(self, head: RayHead, script: Path) -> None:
        taken = [int(head.dashboard.rsplit(":", 1)[1]), int(head.address.rsplit(":", 1)[1])]
        profile = Profile(name="test", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=taken[0], ray_gcs=taken[1])))
        stt, tts = Stt(kind="scripted", model=str(script)), Tts(kind="scripted")
        assistant = Assistant(name="test", inventory="home", stt=stt, tts=tts, talk=Talk(sessions=3))
        self.address = f"127.0.0.1:{head.api_port}"
        roll_out(None, assistant, profile, Home(head.home), timeout_s=120)
        self.key = read_key(Home(head.home).api_key)
        self.http = httpx.Client(base_url=f"http://{self.address}", headers=self.headers, trust_env=False, timeout=60)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @asynccontextmanager
    async def client(self, **session: Any) -> AsyncIterator[Client]:
        official = openai.AsyncOpenAI(api_key=self.key, base_url=f"http://{self.address}/v1", max_retries=0)
        async with official.realtime.connect(model="gpt-realtime") as connection:
            client = Client(connection)
            await client.until("session.created")
            await client.update(**session)
            yield client

    def state(self) -> str:
        entities = self.http.get("/v1/home").json()["entities"]
        return next(one["state"] for one in entities if one["id"] == "light.hall_lamp")

    async def deserted(self) -> None:
        async with asyncio.timeout(60):
            while "rottie_open_websockets 0.0" not in self.http.get("/metrics").text:
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def stack(ray_head: RayHead) -> Assisted:
    script = ray_head.home / "heard.txt"
    script.write_text("turn on the hall lamp")
    return Assisted(ray_head, script)


@pytest.fixture(scope="module")
def aloud() -> bytes:
    with Speakers() as speakers:
        said = np.frombuffer(speakers.say("turn on the hall lamp").pcm, "<i2").astype(np.float32) / np.float32(32768)
    return pcm(said) + quiet(1.5)


async def test_a_spoken_turn(stack: Assisted, aloud: bytes) -> None:
    stack.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"}).raise_for_status()
    async with stack.client(**TRANSCRIBE) as client:
        await client.append(aloud, 4800)
        done = (await client.until("response.done"))["response"]
        assert client.kinds()[2:] == [*HEARD, *TRANSCRIBED, *SPOKEN]
        assert done["status"] == "completed"
        assert len(client.sound()) > 4800
        done = await client.ask("turn off the hall lamp", output_modalities=["text"])
        assert done["status"] == "completed"
    assert stack.state() == "off"
    kept = stack.http.get(f"/v1/conversations/{done['conversation_id']}").json()["exchanges"]
    assert [turn["text"] for turn in kept] == ["turn on the hall lamp", "turn off the hall lamp"]


async def test_a_long_message_passes_the_proxy(stack: Assisted, aloud: bytes) -> None:
    stack.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"}).raise_for_status()
    async with stack.client(audio={"input": {"turn_detection": {"type": "server_vad"}}}) as client:
        whole = quiet(190) + aloud
        audio = base64.b64encode(whole).decode()
        assert len(audio) > 12_000_000
        await client.tell("input_audio_buffer.append", audio=audio)
        async with asyncio.timeout(120):
            await client.until("response.done")
    assert stack.state() == "on"


async def test_doors_hold_behind_the_proxy(stack: Assisted) -> None:
    def opened(headers: dict[str, str] | None = None, protocols: tuple[str, ...] = ()) -> connect:
        offered = [Subprotocol(name) for name in protocols]
        return connect(
            f"ws://{stack.address}/v1/realtime", additional_headers=headers or {}, subprotocols=offered or None, proxy=None
        )

    async def refused(line: connect) -> int:
        with pytest.raises(InvalidStatus) as error:
            async with line:
                pass
        return error.value.response.status_code

    await stack.deserted()
    assert await refused(opened({"Authorization": "Bearer wrong"})) in (401, 403)
    assert await refused(opened({**stack.headers, "Origin": "https://evil.example"})) == 403
    async with opened(protocols=("realtime", f"openai-insecure-api-key.{stack.key}")) as page:
        assert page.subprotocol == "realtime"
        await page.recv()
        async with opened(stack.headers) as second, opened(stack.headers) as third:
            await second.recv()
            await third.recv()
            assert await refused(opened(stack.headers)) in (403, 503)
    await stack.deserted()
