"""rottie talk against the real gateway with scripted engines: recordings in place of a microphone, played as fast as spoken."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner
from websockets.asyncio.server import serve

from rottie.cli import app
from rottie.commands import asking
from rottie.talk import conversing
from rottie.talk.beginning import Wishes, converse
from rottie.talk.devices import Devices
from rottie.talk.outlet import Outlet
from rottie.talk.showing import Screen
from rottie.talk.waiting import BEHIND_S, Gate
from schemas.errors import NoSoundDevice, SpeechDown
from serve.engines.wake_word import WakeWord
from serve.speech_models import STARTER, wake_folder
from tests.serve.live import Live, live
from tests.serve.recordings import tone, wav

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def server(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tiny_export, tmp_path_factory.mktemp("talking")) as running:
        yield running


@pytest.fixture(autouse=True)
def door(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "door", lambda: (server.url, server.key))
    monkeypatch.setenv("COLUMNS", "200")


def rottie(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["talk", *words])
    assert done.exit_code == code, done.output
    return done.output


def voice() -> np.ndarray:
    """Somebody's voice; what it says does not matter to the scripted recogniser. It is the wake word, after two seconds."""
    with np.load(FIXTURES / "wake.npz", allow_pickle=False) as kept:
        return kept["audio"][: len(kept["audio"]) // 3].astype(np.float32) / 32768


def test_a_recording_is_heard_done_and_answered_aloud(tmp_path: Path, server: Live) -> None:
    said, out = tmp_path / "said.wav", tmp_path / "reply.wav"
    said.write_bytes(wav(voice()))
    with server.http() as http:
        http.patch("/v1/home/entities/light.hall_lamp", json={"state": "off"})
    printed = rottie("--in", str(said), "--out", str(out), "--timings")
    assert "“turn on the hall lamp”" in printed
    assert "light.hall_lamp: off -> on" in printed
    assert "endpoint" in printed
    with wave.open(str(out)) as played:
        assert (played.getframerate(), played.getnchannels(), played.getsampwidth()) == (24000, 1, 2)
        assert played.getnframes() > 4000


def test_one_turn_by_keys(tmp_path: Path) -> None:
    said, out = tmp_path / "said.wav", tmp_path / "reply.wav"
    said.write_bytes(wav(voice()))
    printed = rottie("--in", str(said), "--out", str(out), "--push")
    assert printed.count("“turn on the hall lamp”") == 1
    assert len(out.read_bytes()) > 4000


def test_nothing_leaves_before_the_wake_word(tmp_path: Path) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(wav(np.concatenate([voice(), voice()])))
    printed = rottie("--in", str(said), "--wake")
    assert printed.index("Say “hey rottie”") < printed.index("I listen.") < printed.index("“turn on the hall lamp”")
    assert printed.count("“turn on the hall lamp”") == 1, "the first one only woke it"


async def test_the_gate_closes_again_after_a_while() -> None:
    gate = Gate()
    samples = (np.repeat(voice(), 3)[::2] * 32767).astype("<i2").tobytes()
    passed = [gate.push(samples[at : at + 1920]) for at in range(0, len(samples), 1920)]
    assert gate.awake
    assert b"".join(passed[:40]) == b""
    quiet = bytes(48_000)
    assert [bool(gate.push(quiet)) for _ in range(10)] == [True] * 8 + [False] * 2


@pytest.mark.parametrize("size", [480, 1920, 200_000])
async def test_what_is_said_in_the_same_breath_as_the_phrase_passes(size: int) -> None:
    """It is known for sure only a while after its end, and the request has begun by then."""
    samples = (np.repeat(voice(), 3)[::2] * 32767).astype("<i2").tobytes()
    (found,) = WakeWord(wake_folder(STARTER)).listen().push(voice())
    gate = Gate()
    passed = b"".join(gate.push(samples[at : at + size]) for at in range(0, len(samples), size))
    assert samples.endswith(passed)
    assert len(passed) / 48_000 == pytest.approx(len(samples) / 48_000 - found.at_s + BEHIND_S, abs=0.02)


def test_what_cannot_be_played_and_what_excludes_itself(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no recording")
    rottie("--in", str(text), code=2)
    rottie("--in", str(tmp_path / "absent.wav"), code=3)
    rottie("--out", str(tmp_path / "out.wav"), code=2)
    rottie("--push", "--wake", "--in", str(text), code=2)
    assert not (tmp_path / "out.wav").exists()


def test_an_api_that_is_down_and_a_wrong_key(tmp_path: Path, server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "said.wav"
    said.write_bytes(wav(tone(0.1)))
    monkeypatch.setattr(asking, "door", lambda: (server.url, "wrong"))
    assert "request.key" in rottie("--in", str(said), code=2)
    monkeypatch.setattr(asking, "door", lambda: ("http://127.0.0.1:9", server.key))
    assert "stack.down" in rottie("--in", str(said), code=8)


def test_without_what_a_microphone_needs_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    printed = rottie(code=2)
    assert "speech.missing" in printed
    assert "--in FILE.wav" in " ".join(printed.split())


class PortAudioError(Exception):
    pass


class Stream:
    """As sounddevice's streams: a callback of another thread is given a buffer to read or to fill."""

    open: ClassVar[list[Stream]] = []

    def __init__(self, callback: Any, device: Any, **form: Any) -> None:
        if device == "none":
            raise PortAudioError("no such device")
        assert (form["samplerate"], form["channels"], form["dtype"]) == (24000, 1, "int16")
        self.callback = callback
        self.open.append(self)

    def start(self) -> None:
        return

    def close(self) -> None:
        self.open.remove(self)


@pytest.fixture
def sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(RawInputStream=Stream, RawOutputStream=Stream, PortAudioError=PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)


@pytest.mark.usefixtures("sounds")
async def test_a_microphone_and_a_loudspeaker() -> None:
    outlet = Outlet()
    outlet.push("one", b"ab" * 3)
    async with Devices(outlet) as devices:
        ear, mouth = Stream.open
        await asyncio.to_thread(ear.callback, b"cdef", 2, None, None)
        assert await anext(devices.pieces()) == b"cdef"
        data = bytearray(8)
        await asyncio.to_thread(mouth.callback, memoryview(data), 4, None, None)
        assert bytes(data) == b"ababab\0\0"
        for _ in range(300):
            await asyncio.to_thread(ear.callback, b"gh", 1, None, None)
    assert Stream.open == []
    with pytest.raises(NoSoundDevice, match="no such device"):
        async with Devices(outlet, loudspeaker="none"):
            pytest.fail("there is none")
    assert Stream.open == []


def test_the_outlet_counts_what_was_played() -> None:
    outlet = Outlet()
    outlet.push("one", bytes(4800))
    outlet.push("two", b"xy" * 2400)
    assert outlet.pull(4800 + 480) == bytes(4800) + b"xy" * 240
    assert (outlet.played_ms("one"), outlet.played_ms("two"), outlet.played_ms("none")) == (100, 10, 0)
    outlet.drop()
    assert not outlet.waits
    assert outlet.pull(4) == bytes(4)
    assert outlet.played_ms("two") == 10


SOUND = base64.b64encode(b"\1\1" * 24_000).decode()  # a second


class Assistant:
    """The other side of the connection: tells what it is set to tell, keeps what it hears."""

    def __init__(self, *told: dict[str, Any]) -> None:
        self.told, self.heard = told, []

    async def __call__(self, websocket: Any) -> None:
        speaking = asyncio.create_task(self.speak(websocket))
        async for raw in websocket:
            message = json.loads(raw)
            if message["type"] != "input_audio_buffer.append":
                self.heard.append(message)
        speaking.cancel()

    async def speak(self, websocket: Any) -> None:
        for event in self.told:
            if event["type"] == "pause":
                await asyncio.sleep(event["s"])
            else:
                await websocket.send(json.dumps(event))


async def talked(assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(conversing, "QUIET_S", 0.3)
    said, out = tmp_path / "said.wav", tmp_path / "reply.wav"
    said.write_bytes(wav(tone(0.05)))
    printed = io.StringIO()
    async with serve(assistant, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        screen = Screen(Console(file=printed))
        await asyncio.wait_for(converse(f"http://127.0.0.1:{port}", "key", screen, Wishes(recording=said, out=out)), 30)
    return printed.getvalue()


def delta(item: str) -> dict[str, Any]:
    return {"type": "response.output_audio.delta", "item_id": item, "delta": SOUND}


def done(status: str, **details: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"status": status, "status_details": details or None}}


STARTED = {"type": "input_audio_buffer.speech_started"}


async def test_an_interrupted_reply_falls_silent_and_is_told_as_far_as_it_was_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = {"type": "input_audio_buffer.speech_stopped"}
    begun = [{"type": "response.created"}, delta("one"), delta("one"), {"type": "pause", "s": 0.3}, STARTED, stopped]
    assistant = Assistant(*begun, done("cancelled"))
    await talked(assistant, tmp_path, monkeypatch)
    (truncated,) = [message for message in assistant.heard if message["type"] == "conversation.item.truncate"]
    assert (truncated["item_id"], truncated["content_index"]) == ("one", 0)
    assert 0 < truncated["audio_end_ms"] < 2000
    with wave.open(str(tmp_path / "reply.wav")) as played:
        assert played.getnframes() / 24 < truncated["audio_end_ms"] + 100


async def test_a_whole_reply_that_is_cut_off_while_it_plays_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = {"type": "input_audio_buffer.cleared"}
    cut = {"type": "conversation.item.truncated", "item_id": "one", "content_index": 0, "audio_end_ms": 10}
    begun = [{"type": "response.created"}, delta("one"), done("completed"), {"type": "pause", "s": 0.3}, STARTED, stopped]
    assistant = Assistant(*begun, cut, cut)
    await talked(assistant, tmp_path, monkeypatch)
    truncated = [message["audio_end_ms"] for message in assistant.heard if message["type"] == "conversation.item.truncate"]
    assert truncated == [10]


async def test_what_was_no_interruption_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = {"type": "input_audio_buffer.cleared"}
    begun = [{"type": "response.created"}, delta("one"), done("completed"), {"type": "pause", "s": 0.2}, STARTED, stopped]
    assistant = Assistant(*begun, delta("one"))
    await talked(assistant, tmp_path, monkeypatch)
    assert [message["type"] for message in assistant.heard] == ["session.update"]
    with wave.open(str(tmp_path / "reply.wav")) as played:
        assert played.getnframes() >= 24_000


async def test_what_goes_wrong_is_told_and_the_conversation_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    down = SpeechDown("the voice is lost").as_dict()
    assistant = Assistant(
        {"type": "error", "error": {"type": "invalid_request_error", "code": "x", "message": "not so"}},
        {"type": "rottie.stage_down", "stage": "tts", "instead": "text", "error": down},
        {"type": "response.created"},
        {"type": "response.output_audio_transcript.delta", "delta": "It is "},
        {"type": "response.output_audio_transcript.delta", "delta": "late."},
        done("failed", type="failed", error={"code": "engine", "message": "the engine broke"}),
        {"type": "nobody.knows"},
    )
    printed = await talked(assistant, tmp_path, monkeypatch)
    told = ["not so", "the voice is lost", "It is late.", "the engine broke"]
    assert [printed.index(text) for text in told] == sorted(printed.index(text) for text in told)


def test_a_sentence_is_written_over_while_it_grows_and_lines_are_whole() -> None:
    printed = io.StringIO()
    screen = Screen(Console(file=printed, force_terminal=True, color_system=None, width=60), timings=True)
    screen.partial("turn", "on")
    screen.partial("turn on the", "hall")
    screen.heard("turn on the hall lamp")
    screen.said(" It is ")
    screen.said("on.")
    screen.replied()
    screen.timings({"llm_first_token": 12.4})
    screen.heard("")
    lines = re.sub(r"\x1b\[[0-9;]*[mK]", "", printed.getvalue())
    assert lines == "… turn on\r… turn on the hall\r“turn on the hall lamp”\nIt is on.\nllm first token 12 ms\n(nothing)\n"
