"""The Wyoming bridge through the stock client, before the real gateway with scripted engines and the real wake word."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript, TranscriptStop
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event, async_read_event
from wyoming.handle import Handled, HandledStop, NotHandled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice
from wyoming.wake import Detect, Detection, NotDetected

from rottie.wyoming import bridge as bridging
from rottie.wyoming import connection, following
from rottie.wyoming.asking import Api
from rottie.wyoming.bridge import bridge, wake_of
from rottie.wyoming.connection import Parts
from rottie.wyoming.reading import Patience
from rottie.wyoming.telling import info_of
from schemas.assistant import Tiers
from schemas.errors import EngineError, HomeDown, Overloaded, RottieError, TimedOut
from schemas.talking import CANNOT_ANSWER
from tests.serve.live import Live, live
from tests.serve.recordings import tone

WAKE = Path(__file__).parents[1] / "fixtures" / "wake.npz"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wyoming")


@pytest.fixture(scope="module")
def server(tiny_export: Path, root: Path) -> Iterator[Live]:
    with live(tiny_export, root) as running:
        yield running


@pytest.fixture
async def parts(server: Live, root: Path) -> AsyncIterator[Parts]:
    api = Api(server.url, root / "api_key")
    yield Parts(api, wake_of("starter"))
    await api.close()


@pytest.fixture
async def port(parts: Parts) -> AsyncIterator[int]:
    async with bridge("127.0.0.1", 0, parts) as listening:
        yield listening.sockets[0].getsockname()[1]


def client(port: int) -> AsyncClient:
    return AsyncClient.from_uri(f"tcp://127.0.0.1:{port}", connect_timeout=5, read_timeout=20)


async def told(port: int, *events: Any, until: Any) -> list[Event]:
    """What the bridge answers to ``events`` on a connection of its own, up to the first of the type ``until``, or its end."""
    async with client(port) as one:
        for event in events:
            await one.write_event(event.event())
        return await rest(one, until)


async def rest(one: AsyncClient, until: Any) -> list[Event]:
    found: list[Event] = []
    while (event := await one.read_event()) is not None:
        found.append(event)
        if until.is_type(event.type):
            break
    return found


def transcript(answers: list[Event]) -> Transcript:
    """The whole transcript; what was told in parts, between start and stop, is the same."""
    (whole,) = [Transcript.from_event(event) for event in answers if Transcript.is_type(event.type)]
    parts = "".join(event.data["text"] for event in answers if event.type == "transcript-chunk")
    kinds = [event.type for event in answers if event.type != "transcript-chunk"]
    assert parts == whole.text
    assert kinds == [*(["transcript-start"] if parts else []), "transcript", "transcript-stop"]
    return whole


def voice() -> bytes:
    """Somebody's voice, after two seconds; what it says does not matter to the scripted recogniser."""
    with np.load(WAKE, allow_pickle=False) as kept:
        return kept["audio"][: len(kept["audio"]) // 3].tobytes()


def samples(seconds: float = 1.5, rate: int = 16000, loud: float = 0.3) -> bytes:
    return (tone(seconds, rate, loud) * 32767).astype("<i2").tobytes()


def chunks(audio: bytes, rate: int = 16000, width: int = 2, channels: int = 1, size: int = 2048) -> list[Any]:
    form = {"rate": rate, "width": width, "channels": channels}
    parts = [AudioChunk(**form, audio=audio[at : at + size]) for at in range(0, len(audio), size)]
    return [AudioStart(**form), *parts, AudioStop()]


def state(server: Live, entity_id: str) -> str:
    with server.http() as http:
        return next(one["state"] for one in http.get("/v1/home").json()["entities"] if one["id"] == entity_id)


def set_state(server: Live, entity_id: str, state: str) -> None:
    with server.http() as http:
        assert http.patch(f"/v1/home/entities/{entity_id}", json={"state": state}).status_code == 200


async def test_it_tells_what_it_can_do(port: int) -> None:
    (event,) = await told(port, Describe(), until=Info)
    info = Info.from_event(event)
    assert [program.models[0].languages for program in info.asr] == [["en"]]
    assert [(program.supports_synthesize_streaming, program.voices[0].languages) for program in info.tts] == [(True, ["en"])]
    assert [(p.supports_handled_streaming, p.supports_home_control) for p in info.handle] == [(True, True)]
    assert [program.models[0].phrase for program in info.wake] == ["hey rottie"]
    assert all(p.installed for p in (*info.asr, *info.tts, *info.handle, *info.wake))


def test_each_language_has_a_voice_that_its_name_tells() -> None:
    """Home Assistant gives nothing but a name back."""
    replica = {"model": "/voices/amy/", "languages": ["de", "en", "fr"], "reached": True}

    def voices(language: str, *replicas: dict[str, Any]) -> list[tuple[str, list[str]]]:
        told = info_of({"language": language, "speech": {"tts": replicas}}, None)
        return [(voice.name, voice.languages) for voice in told.tts[0].voices]

    assert voices("en", replica) == [("amy", ["en"]), ("rottie-de", ["de"]), ("rottie-fr", ["fr"])]
    assert voices("es", replica) == [("amy", ["de"]), ("rottie-en", ["en"]), ("rottie-fr", ["fr"])]
    assert voices("en", replica | {"languages": []}) == [("amy", ["en"])]
    assert voices("en") == [("rottie", ["en"])]


async def test_what_is_known_is_told_where_the_replicas_are_slow(
    port: int, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "INFO_S", 0.01)
    status, may, asked = await parts.api.status(), asyncio.Event(), 0

    async def slow() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        await may.wait()
        return status

    monkeypatch.setattr(parts.api, "status", slow)
    async with client(port) as impatient:
        await impatient.write_event(Describe().event())
        while not asked:
            await asyncio.sleep(0.01)
    waiting = asyncio.create_task(told(port, Describe(), until=Info))  # nothing is known, so that nothing could be left out
    assert not (await asyncio.wait([waiting], timeout=0.2))[0]
    may.set()
    (first,) = await waiting
    assert asked == 1, "what was asked for a client that has left answers the next"
    may.clear()
    assert await told(port, Describe(), until=Info) == [first]
    assert asked == 2
    may.set()


async def test_a_recording_is_transcribed(port: int) -> None:
    context = {"turn": 7}
    answers = await told(port, Transcribe(language="en-US", context=context), *chunks(voice()), until=TranscriptStop)
    assert transcript(answers) == Transcript(text="turn on the hall lamp", language="en", context=context)
    assert answers[0].data == {"language": "en", "context": context}
    for silence in (chunks(samples(loud=0)), [AudioStart(16000, 2, 1), AudioStop()]):
        answers = await told(port, Transcribe(), *silence, until=TranscriptStop)
        assert transcript(answers).text == ""


async def test_what_was_said_so_far_is_told_while_somebody_speaks(port: int) -> None:
    start, *pieces, stop = chunks(voice() * 2)
    async with client(port) as one:
        for event in (Transcribe(), start, *pieces):
            await one.write_event(event.event())
        for _ in range(200):  # as long as somebody speaks, the recogniser is asked again and again
            await one.write_event(pieces[-30].event())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    first = await one.read_event()
                    break
        else:
            pytest.fail("nothing was told before the end")
        assert first is not None
        assert first.type == "transcript-start"
        await one.write_event(stop.event())
        answers = [first, *await rest(one, TranscriptStop)]
    assert transcript(answers).text.startswith("turn on the hall lamp"), "of each phrase, where there was a pause"


async def test_where_it_cannot_be_followed_it_is_heard_whole(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LONGEST_S", 1)
    answers = await told(port, Transcribe(), *chunks(samples()), until=TranscriptStop)
    assert transcript(answers).text == "turn on the hall lamp", "a tone, in which only the whole recording's hearing finds words"
    other = Transcribe(transcript_names=["a lamp of elsewhere"])
    assert transcript(await told(port, other, *chunks(samples()), until=TranscriptStop)).text == "turn on the hall lamp"


async def test_two_recordings_on_one_connection_and_one_without_a_request(port: int) -> None:
    async with client(port) as one:
        for begin in ([], [Transcribe()]):
            for event in [*begin, *chunks(voice())]:
                await one.write_event(event.event())
            assert transcript(await rest(one, TranscriptStop)).text == "turn on the hall lamp"


FORMATS = {
    "8 bits": (16000, 1, 1),
    "24 bits": (16000, 3, 1),
    "32 bits, stereo": (44100, 4, 2),
    "8 kHz": (8000, 2, 1),
    "48 kHz, six channels": (48000, 2, 6),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_audio_of_any_format_is_the_same_sound(port: int, name: str) -> None:
    rate, width, channels = FORMATS[name]
    said = np.frombuffer(voice(), "<i2") / 32768
    audio = np.repeat(np.interp(np.arange(0, len(said), 16000 / rate), np.arange(len(said)), said), channels)
    if width == 1:
        raw = ((audio * 127) + 128).astype(np.uint8).tobytes()
    else:
        whole = (audio * (2 ** (8 * width - 1) - 1)).astype("<i8")
        raw = whole.view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    for size in (4096, 1023):  # the second cuts samples in two
        answers = await told(port, Transcribe(), *chunks(raw, rate, width, channels, size), until=TranscriptStop)
        assert transcript(answers).text == "turn on the hall lamp"


async def spoken(port: int, *events: Any, until: Any = AudioStop) -> tuple[list[Event], np.ndarray]:
    answers = await told(port, *events, until=until)
    audio = b"".join(event.payload or b"" for event in answers if AudioChunk.is_type(event.type))
    return answers, np.frombuffer(audio, "<i2")


async def test_a_text_is_spoken(port: int) -> None:
    answers, audio = await spoken(port, Synthesize(text="Hello. It is late."))
    assert [answers[0].type, answers[1].type, answers[-1].type] == ["audio-start", "audio-chunk", "audio-stop"]
    assert {event.data["rate"] for event in answers[:-1]} == {24000}
    assert len(audio) == pytest.approx(24000 * 0.02 * len("Hello.It is late."), abs=2400)
    assert np.abs(audio).max() > 3000
    times = [event.data["timestamp"] for event in answers]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(len(audio) / 24, abs=2)


async def test_a_long_text_is_spoken_whole(port: int) -> None:
    text = "This is a sentence of many. " * 100
    _, audio = await spoken(port, Synthesize(text=text))
    pauses = 100 / (250 // 28) * 0.25
    assert len(audio) == pytest.approx(24000 * (0.02 * len(text) + pauses), rel=0.05)


async def test_a_text_is_spoken_while_it_streams_in(port: int) -> None:
    async with client(port) as one:
        await one.write_event(SynthesizeStart().event())
        for text in ("The hall lamp is on. ", "It is "):
            await one.write_event(SynthesizeChunk(text=text).event())
        first = await rest(one, AudioChunk)
        assert [event.type for event in first] == ["audio-start", "audio-chunk"], "before the text has come to its end"
        for event in (SynthesizeChunk(text="late."), Synthesize(text="The hall lamp is on. It is late."), SynthesizeStop()):
            await one.write_event(event.event())
        answers = await rest(one, SynthesizeStopped)
    kinds = [event.type for event in answers]
    assert (kinds.count("audio-start"), kinds[-2:]) == (0, ["audio-stop", "synthesize-stopped"])
    audio = b"".join(event.payload or b"" for event in (*first, *answers))
    assert len(audio) / 2 == pytest.approx(24000 * (0.25 + 0.02 * len("The hall lamp is on.It is late.")), abs=2400)


@pytest.mark.parametrize(
    ("voice", "language"),
    [
        (None, None),
        (SynthesizeVoice(name="starter"), None),
        (SynthesizeVoice(name="rottie-de"), "de"),
        (SynthesizeVoice(name="rottie-de", speaker="x"), "de"),
        (SynthesizeVoice(language="de_DE"), "de"),
        (SynthesizeVoice(language="?"), None),
    ],
)
async def test_a_voice_is_chosen_by_its_language(
    port: int, parts: Parts, monkeypatch: pytest.MonkeyPatch, voice: SynthesizeVoice | None, language: str | None
) -> None:
    speak, said = parts.api.speak, list[tuple[str, str | None]]()

    def noted(text: str, language: str | None) -> AsyncGenerator[bytes, None]:
        said.append((text, language))
        return speak(text, language)

    monkeypatch.setattr(parts.api, "speak", noted)
    text = "Das war am 3. Mai. "
    _, audio = await spoken(port, Synthesize(text=text, voice=voice))
    assert len(audio)
    assert said == [(text, language)]
    said.clear()
    stream = [SynthesizeStart(voice=voice), SynthesizeChunk(text=f"{text}```x```"), SynthesizeStop()]
    await spoken(port, *stream, until=SynthesizeStopped)
    assert said == [(part, language) for part in ([text] if language else ["Das war am 3. ", "Mai. "])]


async def test_the_wake_word_is_detected(port: int) -> None:
    with np.load(WAKE, allow_pickle=False) as kept:
        said = kept["audio"][: len(kept["audio"]) // 3]
    stereo = np.repeat(np.repeat(said, 3), 2).tobytes()  # at 48 kHz, in two channels
    for asked in (Detect(), Detect(names=["hey_rottie", "other"])):
        answers = await told(port, asked, *chunks(said.tobytes()), until=Detection)
        assert [event.data["name"] for event in answers] == ["hey_rottie"]
        assert 2000 < answers[0].data["timestamp"] < 1000 * len(said) / 16000 + 200
    assert [event.type for event in await told(port, Detect(), *chunks(stereo, 48000, 2, 2), until=Detection)] == ["detection"]
    (event,) = await told(port, Detect(), *chunks(samples(3)), until=NotDetected)
    assert event.type == "not-detected"
    (refused,) = await told(port, Detect(names=["alexa"]), until=Error)
    assert refused.data["code"] == "request"


async def test_a_text_is_handled_and_the_home_changes(port: int, server: Live) -> None:
    set_state(server, "light.hall_lamp", "off")
    (event,) = await told(port, Transcript(text="turn on the hall lamp"), until=Handled)
    assert state(server, "light.hall_lamp") == "on"
    assert event.data["text"]
    assert event.data["context"]["conversation_id"]


async def test_what_nobody_understands_is_not_handled(port: int, server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.settings, "manner", replace(server.settings.manner, tiers=Tiers(model=False)))
    (event,) = await told(port, Transcript(text="the weather of yesterday's yesterday"), until=NotHandled)
    assert event.type == "not-handled"
    assert event.data["text"]


@pytest.mark.parametrize("error", [Overloaded("64 requests wait"), TimedOut("60 s"), EngineError("x"), HomeDown("gone")])
@pytest.mark.parametrize("begun", [False, True])
async def test_where_an_engine_fails_the_assistant_says_so(
    port: int, parts: Parts, monkeypatch: pytest.MonkeyPatch, error: RottieError, begun: bool
) -> None:
    async def fails(text: str, conversation: str | None) -> AsyncGenerator[dict[str, Any], None]:
        if begun:
            yield {"type": "reply.delta", "text": "It is"}
        raise error

    monkeypatch.setattr(parts.api, "ask", fails)
    answers = await told(port, Transcript(text="hi", context={"a": 1}), Ping(), until=Pong)
    (event,) = [event for event in answers if NotHandled.is_type(event.type)]
    assert event.data == {"text": CANNOT_ANSWER, "context": {"a": 1}}
    whole = ["handled-start", "handled-chunk", "not-handled", "handled-stop", "pong"]
    assert [event.type for event in answers] == (whole if begun else ["not-handled", "pong"])


async def test_a_reply_of_the_model_comes_in_parts_and_whole(port: int) -> None:
    answers = await told(port, Transcript(text="tell me of the weather"), until=HandledStop)
    kinds = [event.type for event in answers]
    assert (kinds[0], kinds[-2:]) == ("handled-start", ["handled", "handled-stop"])
    parts = "".join(event.data["text"] for event in answers if event.type == "handled-chunk")
    assert parts.split() == answers[-2].data["text"].split()


async def test_a_conversation_goes_on_by_connection_and_by_context(port: int, server: Live) -> None:
    async with client(port) as one:
        ids = []
        for text in ("turn on the hall lamp", "turn off the hall lamp"):
            await one.write_event(Transcript(text=text).event())
            ids.append((await rest(one, Handled))[-1].data["context"]["conversation_id"])
    assert ids[0] == ids[1]
    theirs = {"conversation_id": "01JD0ABCDEF", "device_id": "d"}
    for _ in range(2):  # Home Assistant names it by an id of its own, on a connection for each turn
        answers = await told(port, Transcript(text="turn on the hall lamp", context=theirs), until=Handled)
        assert answers[-1].data["context"] == theirs
    with server.http() as http:
        counts = [one["turns"] for one in http.get("/v1/conversations").json()["data"][:2]]
        assert counts == [2, 2], http.get("/v1/conversations").text
    (event,) = await told(port, Transcript(text="turn on the hall lamp", context={"conversation_id": ids[0]}), until=Handled)
    assert event.data["context"]["conversation_id"] == ids[0]


async def test_ping_and_what_is_not_known(port: int) -> None:
    async with client(port) as one:
        await one.write_event(Event("run-satellite", {"x": 1}, b"abc"))
        await one.write_event(Ping(text="hello").event())
        assert [event.data for event in await rest(one, Pong)] == [{"text": "hello"}]


def raw(header: Any, data: bytes = b"", payload: bytes = b"") -> bytes:
    return json.dumps(header).encode() + b"\n" + data + payload


MALFORMED = {
    "no JSON": b"hello\n",
    "a browser": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + raw({"type": "ping"}),
    "a list": b"[]\n",
    "no type": raw({"data": {}}),
    "a type that is no text": raw({"type": 5}),
    "a negative length": raw({"type": "ping", "data_length": -1}),
    "a length that is no number": raw({"type": "ping", "data_length": "7"}),
    "data that is too long": raw({"type": "ping", "data_length": 10**12}),
    "a payload that is too long": raw({"type": "audio-chunk", "payload_length": 2**40}),
    "data that is no object": raw({"type": "ping", "data_length": 2}, b"[]"),
    "data that is no JSON": raw({"type": "ping", "data_length": 2}, b"{x"),
    "deep data": raw({"type": "ping", "data_length": 20000}, b"[" * 20000),
    "deep objects": raw({"type": "ping"} | {"data": json.loads('{"a":' * 100 + "1" + "}" * 100)}),
    "no UTF-8": b'{"type": "\xff\xfe"}\n',
    "a line without an end": b"x" * 100_000,
    "audio before anything": raw({"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}}),
    "a rate of nothing": raw({"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}),
    "a width of nine": raw({"type": "audio-start", "data": {"rate": 16000, "width": 9, "channels": 1}}),
    "a format that is missing": raw({"type": "audio-start", "data": {}}),
    "a text that is none": raw({"type": "synthesize", "data": {"text": {"a": 1}}}),
    "a text with nothing to say": raw({"type": "synthesize", "data": {"text": "..."}}),
    "a text without end": raw({"type": "synthesize", "data": {"text": "x" * 30_000}}),
    "SSML": raw({"type": "synthesize", "data": {"text": "<speak/>", "text_format": "ssml"}}),
    "words without end": raw({"type": "transcript", "data": {"text": "x" * 5000}}),
    "nothing said": raw({"type": "transcript", "data": {"text": " "}}),
    "a context that is none": raw({"type": "transcript", "data": {"text": "hi", "context": [1]}}),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_malformed_is_told_and_ends_the_connection(port: int, name: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MALFORMED[name])
    header = json.loads(await asyncio.wait_for(reader.readline(), 20))
    error = json.loads(await reader.readexactly(header["data_length"]))
    assert header["type"] == "error"
    assert error["code"].startswith("request")
    assert "xxxx" not in error["text"]
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()
    assert (await told(port, Ping(), until=Pong))[-1].type == "pong"


def spoilt(rng: random.Random) -> bytes:
    """Events as clients send them, some of whose bytes are others, twice there, or not."""
    events = (Transcribe(language="en"), Detect(), SynthesizeStart(), SynthesizeChunk(text="It is "), Synthesize(text="Hello."))
    plain = [event.event() for event in (*events, SynthesizeStop(), Transcript(text="hi"), *chunks(samples(0.1)), Describe())]
    sent = bytearray()
    for event in rng.sample(plain, 4):
        data = json.dumps(event.data).encode()
        header = {"type": event.type, "data_length": len(data), "payload_length": len(event.payload or b"")}
        sent += raw(header, data, event.payload or b"")
    for _ in range(rng.randrange(1, 12)):
        at, size = rng.randrange(len(sent)), rng.choice((1, 1, 1, 8))
        sent[at : at + size] = rng.choice((b"", rng.randbytes(size), sent[at : at + size] * 2, b'{"type": []}\n', b"-1", b"null"))
    return bytes(sent)


async def test_whatever_comes_the_door_stays_open(parts: Parts) -> None:
    """Each gets answers and typed errors, then its connection is closed; none meets a bug of ours."""
    rng = random.Random(0)

    async def answers(port: int, sent: bytes) -> list[Event]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        found: list[Event] = []
        with contextlib.suppress(ConnectionError):
            while (event := await asyncio.wait_for(async_read_event(reader), 20)) is not None:
                found.append(event)
        writer.close()
        return found

    async with bridge("127.0.0.1", 0, replace(parts, patience=Patience(idle_s=0.3, event_s=0.3))) as listening:
        port = listening.sockets[0].getsockname()[1]
        codes = set[str]()
        for _ in range(10):
            for found in await asyncio.gather(*(answers(port, spoilt(rng)) for _ in range(15))):
                codes |= {str(event.data["code"]) for event in found if Error.is_type(event.type)}
        assert "request" in codes
        assert "engine" not in codes, "which stands for a bug"
        assert [event.type for event in await told(port, Ping(), until=Pong)] == ["pong"]


async def test_a_format_that_changes_and_a_recording_without_end(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rottie.wyoming import hearing

    other = AudioChunk(rate=8000, width=2, channels=1, audio=b"ab")
    (event,) = await told(port, Transcribe(), AudioStart(16000, 2, 1), other, until=Error)
    assert event.data["code"] == "request.audio"
    monkeypatch.setattr(hearing, "LONGEST_S", 1)
    (event,) = await told(port, Transcribe(), *chunks(samples(1.5)), until=Error)
    assert "longer than 1 seconds" in event.data["text"]


async def test_an_api_that_is_down_is_told(root: Path) -> None:
    api = Api("http://127.0.0.1:9", root / "api_key")
    async with bridge("127.0.0.1", 0, Parts(api, None)) as listening:
        port = listening.sockets[0].getsockname()[1]
        asked: list[list[Any]] = [[Describe()], [Transcript(text="hi")], [Transcribe(), *chunks(samples())]]
        for events in [*asked, [Synthesize(text="hi")], [SynthesizeStart(), SynthesizeChunk(text="hi"), SynthesizeStop()]]:
            answers = await told(port, *events, until=Error)
            assert (answers[-1].type, answers[-1].data["code"]) == ("error", "stack.down")
        assert [event.type for event in await told(port, Detect(), until=Error)] == ["error"]
    await api.close()


async def test_a_wrong_key_is_told_without_it(server: Live, tmp_path: Path) -> None:
    (tmp_path / "api_key").write_text("sesame\n")
    api = Api(server.url, tmp_path / "api_key")
    async with bridge("127.0.0.1", 0, Parts(api, None)) as listening:
        answers = await told(listening.sockets[0].getsockname()[1], Describe(), until=Error)
    assert answers[-1].data["code"] == "request.key"
    assert "sesame" not in answers[-1].data["text"]
    await api.close()


async def test_more_clients_than_are_taken(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridging, "MOST_OPEN", 2)
    async with bridge("127.0.0.1", 0, parts) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with client(port) as one, client(port) as two:
            for each in (one, two):
                await each.write_event(Ping().event())
                assert (await rest(each, Pong))[-1].type == "pong"
            (event,) = await told(port, until=Error)
            assert event.data["code"] == "engine.overloaded"
        for _ in range(100):
            with contextlib.suppress(ConnectionError):
                if (await told(port, Ping(), until=Pong))[-1].type == "pong":
                    return
            await asyncio.sleep(0.02)
        pytest.fail("those who left made no room")


async def test_an_idle_client_and_one_that_stops_in_the_middle_are_sent_away(parts: Parts) -> None:
    for patience, begun in ((Patience(idle_s=0.05), b""), (Patience(event_s=0.05), raw({"type": "ping", "data_length": 9}))):
        async with bridge("127.0.0.1", 0, replace(parts, patience=patience)) as listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            writer.write(begun)
            assert await asyncio.wait_for(reader.read(), 20) == b""
            writer.close()


async def test_clients_that_leave_leave_nothing_behind(parts: Parts, server: Live) -> None:
    before = len(asyncio.all_tasks())
    async with bridge("127.0.0.1", 0, parts) as listening:
        port = listening.sockets[0].getsockname()[1]
        left: list[list[Any]] = [
            [],
            [Transcribe(), *chunks(voice())[:-4]],
            [Synthesize(text="This is a sentence. " * 100)],
            [SynthesizeStart(), SynthesizeChunk(text="half a ")],
            [Detect(), *chunks(samples())[:-1]],
            [Transcript(text="tell me a long story")],
        ]
        for _ in range(5):
            for events in left:
                async with client(port) as one:
                    for event in events:
                        await one.write_event(event.event())
        one = await asyncio.open_connection("127.0.0.1", port)
        one[1].write(b'{"type": "synth')
        one[1].close()
        for _ in range(500):
            if len(asyncio.all_tasks()) <= before + 1 and server.at_rest():
                break
            await asyncio.sleep(0.02)
        assert len(asyncio.all_tasks()) <= before + 1
        assert server.at_rest()
        assert (await told(port, Ping(), until=Pong))[-1].type == "pong"


async def test_a_folder_without_a_wake_word_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert wake_of(str(tmp_path)) is None
    assert "no wake word" in caplog.text
    assert wake_of(None) is None
    assert NotHandled(text="x").event().type == "not-handled"
