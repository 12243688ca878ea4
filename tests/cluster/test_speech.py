"""Speech through the real Serve application: a recording in, the home changed, a recording out, and stages that are killed."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from flows.steps.rolling_out import roll_out
from schemas.assistant import Assistant, Stt, Tts
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve import speech_models
from serve.api.doors import read_key
from serve.engines.decoding import Decoder
from tests.cluster.conftest import RayHead
from tests.serve.recordings import tone, wav

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]


class Talk:
    """An assistant without a model of its own, which known sentences need not."""

    def __init__(self, head: RayHead, stt: Stt | None, tts: Tts | None) -> None:
        taken = [int(head.dashboard.rsplit(":", 1)[1]), int(head.address.rsplit(":", 1)[1])]
        self.profile = Profile(name="test", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=taken[0], ray_gcs=taken[1])))
        self.home, self.url = Home(head.home), f"http://127.0.0.1:{head.api_port}"
        self.roll_out(stt, tts)
        key = read_key(self.home.api_key)
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60)
        self.openai = openai.OpenAI(api_key=key, base_url=f"{self.url}/v1", max_retries=0, timeout=60)

    def roll_out(self, stt: Stt | None, tts: Tts | None) -> None:
        assistant = Assistant(name="test", inventory="home", stt=stt, tts=tts)
        roll_out(None, assistant, self.profile, self.home, timeout_s=120)

    def say(self, recording: bytes, **more: Any) -> httpx.Response:
        return self.http.post("/v1/assist", json={"audio": {"data": base64.b64encode(recording).decode()}, **more})

    def state(self, entity_id: str) -> str:
        return next(one["state"] for one in self.http.get("/v1/home").json()["entities"] if one["id"] == entity_id)


@pytest.fixture(scope="module")
def script(ray_head: RayHead) -> Path:
    path = ray_head.home / "heard.txt"
    path.write_text("turn on the hall lamp")
    return path


@pytest.fixture(scope="module")
def talk(ray_head: RayHead, script: Path) -> Talk:
    return Talk(ray_head, Stt(kind="scripted", model=str(script)), Tts(kind="scripted"))


async def test_a_recording_changes_the_home_and_is_answered_with_one(talk: Talk) -> None:
    talk.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"})
    reply = talk.say(wav(tone(1.5, 44100), 44100), speak=True)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert talk.state("light.hall_lamp") == "on"
    assert {"decode", "stt", "intents", "act", "tts", "total"} == set(body["timings_ms"])
    decoder = Decoder()
    assert len(await decoder.decode(base64.b64decode(body["audio"]["data"]), 60)) > 4000
    decoder.close()


def test_the_official_client_hears_and_speaks(talk: Talk) -> None:
    file = ("said.wav", wav(tone(1.5)))
    assert talk.openai.audio.transcriptions.create(model="whisper-1", file=file).text == "turn on the hall lamp"
    large = ("long.wav", wav(tone(100)))  # 3 MB through the proxy and between replicas
    assert talk.openai.audio.transcriptions.create(model="whisper-1", file=large).text == "turn on the hall lamp"
    with talk.openai.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="This is said. And this after it.", response_format="wav"
    ) as spoken:
        assert spoken.read().startswith(b"RIFF")
    with pytest.raises(openai.BadRequestError) as refused:
        talk.openai.audio.speech.create(model="tts-1", voice="alloy", input="...")
    assert refused.value.code == "request.unspeakable"
    with pytest.raises(openai.BadRequestError) as damaged:
        talk.openai.audio.transcriptions.create(model="whisper-1", file=("said.wav", wav(tone(1))[:5000]))
    assert damaged.value.code == "request.audio"


def test_a_roll_out_has_waited_for_the_stages(talk: Talk) -> None:
    told = talk.http.get("/v1/status").json()["speech"]
    assert [(name, state["reached"], state["error"]) for name in told for state in told[name]] == [
        ("stt", True, None),
        ("tts", True, None),
    ]


@pytest.mark.parametrize("stage", ["Stt", "Tts"])
def test_a_killed_stage_comes_back_and_nothing_is_done_twice(talk: Talk, stage: str) -> None:
    talk.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"})
    (replica,) = [p for p in psutil.process_iter(["cmdline"]) if _is(p, stage) and _below(p, talk.home)]
    replica.kill()
    deadline = time.monotonic() + 60
    while True:
        reply = talk.say(wav(tone(1.5)), speak=True)
        assert reply.status_code in (200, 503), reply.text
        if reply.status_code == 200:
            done = reply.json()
            assert [action["error"] for action in done["actions"]] == [None]
            assert done["audio"] or done["audio_error"]["code"] == "speech.down"
            if done["audio"]:
                break
        else:
            assert reply.json()["error"]["code"] == "speech.down"
        assert time.monotonic() < deadline, "the stage came back"
        time.sleep(0.2)
    assert talk.state("light.hall_lamp") == "on"


def _is(process: psutil.Process, stage: str) -> bool:
    return any(f"ServeReplica:rottie:{stage}" in part for part in process.info["cmdline"] or ())


def _below(process: psutil.Process, home: Home) -> bool:
    """Of this test's cluster, and of no other on the machine."""
    try:
        return process.environ().get("ROTTIE_HOME") == str(home.root)
    except psutil.Error:
        return False


SHIPPED = (speech_models.STARTERS / "stt" / "model.bin").is_file() and any((speech_models.STARTERS / "tts").glob("*.onnx"))


@pytest.mark.skipif(not SHIPPED, reason="no recogniser and voice are shipped with this version")
def test_the_starter_voice_asks_and_the_starter_recogniser_hears(talk: Talk) -> None:
    talk.roll_out(Stt(), Tts())
    talk.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"})
    asked = talk.openai.audio.speech.create(
        model="tts-1", voice="alloy", input="Turn on the hall lamp.", response_format="wav"
    ).content
    body = talk.say(asked, speak=True).json()
    assert talk.state("light.hall_lamp") == "on", body["transcript"]
    assert body["reply"]
    assert base64.b64decode(body["audio"]["data"]).startswith(b"RIFF")
    nothing = talk.say(wav(tone(2, loud=0))).json()
    assert (nothing["transcript"]["text"], nothing["actions"]) == ("", [])


# Last: afterwards there is nobody to listen.
def test_stages_that_are_off_are_told_and_text_goes_on(talk: Talk) -> None:
    talk.roll_out(None, None)
    refused = talk.say(wav(tone(1)))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "request.no_recogniser")
    body = talk.http.post("/v1/assist", json={"text": "turn off the hall lamp", "speak": True}).json()
    assert talk.state("light.hall_lamp") == "off"
    assert body["audio_error"]["code"] == "request.no_voice"
