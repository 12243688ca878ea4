"""Stages killed in the middle of a spoken turn, the real models behind the real Serve: told or made up for, never done twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import psutil
import pytest

from schemas.settings import Home
from serve import speech_models
from serve.actions.actionlog import ActionLog
from tests.bench.stack import Served, serve_starters
from tests.cluster.conftest import RayHead
from tests.realtime_voice import Answered, RealtimeVoice, realtime_voice
from tests.said import Recording, Speakers

SHIPPED = (speech_models.STARTERS / "stt" / "model.bin").is_file() and any((speech_models.STARTERS / "tts").glob("*.onnx"))
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not SHIPPED, reason="no recogniser and voice are shipped with this version"),
]

# The model answers all by itself, so that there is one to kill; it acts at once, however sure anybody is.
OVERRIDES = (
    *("tiers.intents=false", "stt.confidence=0", "sure=0"),
    *("tools.reminders=false", "tools.notes=false", "tools.calculator=false"),
)
LIMIT_S = 75.0  # a turn ends by then, whatever happens: limits.timeout_s, and the time to say so
BACK_S = 120.0
LAMP = "light.hall_lamp"
# When each is killed: while somebody speaks, when the words are there, when the answer has words.
MOMENTS = {
    "Stt": "input_audio_buffer.speech_started",
    "Llm": "conversation.item.input_audio_transcription.completed",
    "Tts": "response.output_audio_transcript.delta",
}


class House:
    """What was done in the home of one server, and the processes of its stages."""

    def __init__(self, served: Served) -> None:
        self.served = served
        headers = {"Authorization": f"Bearer {served.key}"}
        self.http = httpx.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60)
        self._log = ActionLog(Home(served.head.home).actions_db)

    def darken(self) -> int:
        """The lamp off; the number of the newest row of the log afterwards."""
        self.http.patch(f"/v1/home/entities/{LAMP}", json={"state": "off"}).raise_for_status()
        return self._log.last(1)[0].seq

    def is_lit(self) -> bool:
        return next(one["state"] for one in self.http.get("/v1/home").json()["entities"] if one["id"] == LAMP) == "on"

    def begun_since(self, seq: int) -> list[str]:
        return [row.tool for row in self._log.read(seq) if row.phase == "begun"]

    def open(self) -> float:
        lines = self.http.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("rottie_open_websockets "))

    def replica(self, stage: str) -> psutil.Process:
        """The newest one of this cluster, and of no other on the machine."""
        found = [process for process in psutil.process_iter(["cmdline", "create_time"]) if self._is(process, stage)]
        return max(found, key=lambda process: process.info["create_time"])

    def _is(self, process: psutil.Process, stage: str) -> bool:
        if not any(f"ServeReplica:rottie:{stage}" in part for part in process.info["cmdline"] or ()):
            return False
        try:
            return process.environ().get("ROTTIE_HOME") == str(self.served.head.home)
        except psutil.Error:
            return False


@pytest.fixture(scope="module")
def house(ray_head: RayHead) -> House:
    return House(serve_starters(ray_head, OVERRIDES))


@pytest.fixture(scope="module")
def request_aloud() -> Recording:
    with Speakers() as speakers:
        return speakers.say("turn on the hall lamp")


async def turn(house: House, voice: RealtimeVoice, said: Recording, watch: Callable[[str], None] = lambda _: None) -> Answered:
    """One turn after which the lamp is on or nothing was done, once."""
    since = house.darken()
    answered = await voice.say(said, LIMIT_S, watch=watch)
    assert answered.over, ("the turn hangs", answered.seen)
    begun = house.begun_since(since)
    assert len(begun) <= 1, begun
    assert house.is_lit() == (begun == ["HassTurnOn"])
    return answered


async def back(house: House, voice: RealtimeVoice, said: Recording) -> Answered:
    """The next turn that is heard, done and answered aloud. Until then each one says what is wrong."""
    deadline = time.monotonic() + BACK_S
    while True:
        answered = await turn(house, voice, said)
        if house.is_lit() and answered.audio_ms:
            return answered
        assert time.monotonic() < deadline, (answered.seen, answered.down)
        await asyncio.sleep(0.5)


@pytest.mark.parametrize("stage", MOMENTS)
async def test_a_stage_killed_in_the_middle_of_a_turn_costs_one_answer_at_most(
    house: House, request_aloud: Recording, stage: str
) -> None:
    async with realtime_voice(house.served.url, house.served.key) as voice:
        await back(house, voice, request_aloud)
        victim, killed = house.replica(stage), asyncio.Event()

        def watch(event: str) -> None:
            if event == MOMENTS[stage] and not killed.is_set():
                victim.kill()
                killed.set()

        answered = await turn(house, voice, request_aloud, watch)
        assert killed.is_set(), answered.seen
        # Done and told, or what is down is told: aloud, or in words where it is the voice.
        assert house.is_lit() or answered.down, answered.seen
        assert answered.audio_ms or answered.reply or answered.down, answered.seen
        await back(house, voice, request_aloud)  # on the same connection


async def test_a_conversation_that_is_left_in_the_middle_of_a_turn_leaves_nothing_behind(
    house: House, request_aloud: Recording
) -> None:
    since = house.darken()
    for moment in MOMENTS.values():

        def leave(event: str, moment: str = moment) -> None:
            if event == moment:
                raise ConnectionError

        async with realtime_voice(house.served.url, house.served.key) as voice:
            with pytest.raises(ConnectionError):
                await voice.say(request_aloud, LIMIT_S, watch=leave)
    deadline = time.monotonic() + LIMIT_S
    while house.open():
        assert time.monotonic() < deadline, "a session is left open"
        await asyncio.sleep(0.5)
    assert len(house.begun_since(since)) <= len(MOMENTS)
    async with realtime_voice(house.served.url, house.served.key) as voice:
        await back(house, voice, request_aloud)
