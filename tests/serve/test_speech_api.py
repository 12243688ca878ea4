"""Speech through ASGI with scripted engines: OpenAI's routes, and a turn that is heard and spoken."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.action import Actor
from schemas.assistant import Limits, Stt, Tiers, Tts
from schemas.errors import EngineError, SpeechDown, SpeechMissing
from schemas.hashing import content_id
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.assisting import Manner
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.engines import encoding
from serve.engines.decoding import Decoder
from serve.engines.encoding import MEDIA
from serve.engines.faster_whisper import Piece, Told, Transcript
from serve.hearing import Ears, Listen, Understood, heard, heard_in_pieces, in_pieces, piece_or_whole, understood
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.loaded import Loaded
from serve.saying import Say, Voice, piece_of, said
from serve.voicing import NOTHING_HEARD, Speech
from tests.serve.recordings import Scripted, coded, scripted_speech, tone, wav
from tests.serve.speaking import Loader, Speaker, ref

LIMITS = Limits(request_bytes=16_384, timeout_s=10)
WORDS = "turn on the hall lamp"
SAID = wav(tone(1.5))


class Passing:
    """``Hears`` and ``Says`` that tests can exchange under a running gateway."""

    def __init__(self, scripted: Scripted) -> None:
        self.ears: Any = scripted.ears
        self.voice: Any = scripted.voice
        self.listened: list[Listen] = []
        self.spoken: list[Say] = []

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        self.listened.append(listen)
        return await self.ears.hear(recording, listen, told)

    def say(self, say: Say) -> AsyncIterator[bytes]:
        self.spoken.append(say)
        return self.voice.say(say)

    async def statuses(self) -> list[dict[str, Any]]:
        return await self.ears.statuses()


@dataclass
class Served:
    http: httpx.AsyncClient
    keeper: Keeper
    speaker: Speaker
    settings: Settings
    engines: Passing
    scripted: Scripted

    async def ask(self, recording: bytes, **more: Any) -> httpx.Response:
        audio = {"data": base64.b64encode(recording).decode(), "format": "wav"}
        return await self.http.post("/v1/assist", json={"audio": audio, **more})

    async def lamp(self) -> str:
        return next(e.state for e in (await self.keeper.read()).entities if e.id == "light.hall_lamp")

    async def transcribe(self, file: Any = SAID, **fields: Any) -> httpx.Response:
        data = {"model": "rottie-stt", **fields}
        return await self.http.post("/v1/audio/transcriptions", data=data, files={"file": ("said.wav", file)})

    async def speak(self, **fields: Any) -> httpx.Response:
        return await self.http.post("/v1/audio/speech", json={"model": "rottie-tts", "input": "Hello. It is late.", **fields})

    async def hears(self, text: str) -> None:
        self.scripted.script.write_text(text)
        await self.engines.ears.close()
        self.engines.ears = Ears()
        self.engines.ears.want(self.scripted.stt)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    home = Home(tmp_path)
    ensure_key(home.api_key)
    loader = Loader()
    holder: Holder[Any] = Holder(loader)
    await holder.want(Wish(model=ref("3")))
    keeper = Keeper(home)
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    asked = AskedHome(lambda request: answered(keeper, request))
    talks = Talks(Conversations(home.database))
    scripted = scripted_speech(tmp_path, WORDS)
    engines = Passing(scripted)
    settings = Settings(limits=LIMITS, manner=Manner(), stt=scripted.stt, tts=scripted.tts)
    speech = Speech(engines, engines)  # type: ignore[arg-type]
    app = create_app(LocalTurns(holder), settings, home.api_key, home=asked, talks=talks, speech=speech)
    headers = {"Authorization": f"Bearer {read_key(home.api_key)}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        yield Served(http, keeper, loader.opened[0], settings, engines, scripted)
    await talks.close()
    await keeper.close()
    await scripted.close()
    if isinstance(engines.ears, Ears):
        await engines.ears.close()


def error_of(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    return reply.json()["error"]["code"]


async def test_a_recording_changes_the_home_and_is_answered_with_one(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert await served.lamp() == "off"
    reply = await served.ask(SAID, speak=True)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["transcript"] == {"text": WORDS, "language": "en", "seconds": 1.5}
    assert body["tier"] == "intents"
    assert await served.lamp() == "on"
    assert set(body["timings_ms"]) == {"decode", "stt", "intents", "act", "tts", "total"}
    assert body["timings_ms"]["total"] >= sum(ms for stage, ms in body["timings_ms"].items() if stage != "total") - 1
    decoder = Decoder()
    spoken = await decoder.decode(base64.b64decode(body["audio"]["data"]), 60)
    decoder.close()
    assert len(spoken) / 16000 == pytest.approx(body["audio"]["seconds"], abs=0.01)
    assert body["audio_error"] is None
    assert served.engines.listened[0].names.count("hall lamp") + served.engines.listened[0].names.count("Hall lamp") == 1
    kept = (await served.http.get(f"/v1/conversations/{body['conversation_id']}")).json()["exchanges"]
    assert [turn["text"] for turn in kept] == [WORDS]
    assert WORDS not in caplog.text


async def test_the_events_of_a_spoken_turn(served: Served) -> None:
    reply = await served.ask(SAID, speak=True, stream=True)
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    kinds = ["transcript.ready", "tier.answered", "action.done", "reply.ready", "reply.spoken", "assist.finished"]
    assert [event["type"] for event in events] == kinds
    assert len({event["inference_id"] for event in events}) == 1
    assert [event["at_ms"] for event in events] == sorted(event["at_ms"] for event in events)
    assert events[0]["text"] == WORDS


async def test_what_the_model_answers_is_spoken_too(served: Served) -> None:
    await served.hears("tell me something nice")
    body = (await served.ask(SAID, speak=True)).json()
    assert (body["tier"], body["reply"]) == ("model", "tell me something nice")
    assert {"stt", "model", "tts"} <= set(body["timings_ms"])
    assert body["audio"]["seconds"] > 0


async def test_a_text_may_be_answered_aloud(served: Served) -> None:
    body = (await served.http.post("/v1/assist", json={"text": WORDS, "speak": True})).json()
    assert body["transcript"] is None
    assert body["audio"]["seconds"] > 0


async def test_a_follow_up_by_voice_goes_on_with_its_conversation(served: Served) -> None:
    first = (await served.ask(SAID)).json()["conversation_id"]
    assert (await served.ask(SAID, conversation_id=first)).json()["conversation_id"] == first
    assert (await served.ask(wav(tone(1, loud=0)), conversation_id=first)).json()["conversation_id"] == first
    assert error_of(await served.ask(SAID, conversation_id="f" * 32), 404) == "conversation.missing"


@pytest.mark.parametrize("seconds", [0.01, 3])
async def test_nothing_is_done_where_nobody_spoke(served: Served, seconds: float) -> None:
    body = (await served.ask(wav(tone(seconds, loud=0)))).json()
    assert body["transcript"]["text"] == ""
    assert (body["tier"], body["actions"], body["reply"]) == ("none", [], NOTHING_HEARD)
    assert body["conversation_id"] is None
    assert await served.lamp() == "off"


async def test_nothing_is_done_where_too_little_was_understood(served: Served) -> None:
    served.settings.stt = served.scripted.stt.model_copy(update={"confidence": 0.95})
    body = (await served.ask(SAID)).json()
    assert body["transcript"]["text"] == WORDS
    assert (body["tier"], body["actions"]) == ("none", [])
    assert await served.lamp() == "off"


BAD = {
    "cut short": (SAID[: len(SAID) // 2], "request.audio"),
    "no audio": (b"hello there, this is text", "request.audio"),
    "too long": (wav(tone(20.5, 8000), 8000), "request.audio"),
    "a header": (SAID[:44], "request.audio"),
}


@pytest.mark.parametrize(("recording", "code"), BAD.values(), ids=BAD)
async def test_nothing_is_done_on_a_recording_that_is_not_whole(served: Served, recording: bytes, code: str) -> None:
    assert error_of(await served.ask(recording), 400) == code
    assert error_of(await served.transcribe(recording), 400) == code
    assert await served.lamp() == "off"


async def test_a_recording_stands_alone_and_is_base64(served: Served) -> None:
    for more in ({"text": "turn it off"}, {"confirmation": "x"}):
        assert error_of(await served.ask(SAID, **more), 400) == "request"
    for data in ("", "x", "====", "a b=", "é" * 4):
        reply = await served.http.post("/v1/assist", json={"audio": {"data": data}})
        assert error_of(reply, 400) == "request", data
    assert error_of(await served.ask(bytes(400_100)), 413) == "request.too_large"
    assert error_of(await served.ask(bytes(600_000)), 413) == "request.too_large"


class Deaf:
    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        raise SpeechDown("the process of the recogniser ended, again and again")


class Mute:
    def __init__(self, kind: str) -> None:
        self.kind = kind

    async def say(self, say: Say) -> AsyncIterator[bytes]:
        if self.kind == "down":
            raise SpeechDown("the process of the voice ended")
        yield b"RIFF"
        if self.kind == "breaks":
            raise ValueError(f"secret: {say.text}")
        await asyncio.sleep(60)


async def test_without_a_recogniser_text_still_works(served: Served) -> None:
    served.engines.ears = Deaf()
    assert error_of(await served.ask(SAID), 503) == "speech.down"
    assert error_of(await served.transcribe(), 503) == "speech.down"
    served.settings.stt = None
    assert error_of(await served.ask(SAID[:8000]), 400) == "request.no_recogniser"
    told = (await served.ask(SAID)).json()["error"]
    assert "recogniser" in told["hint"]
    assert error_of(await served.transcribe(), 400) == "request.no_recogniser"
    assert (await served.http.post("/v1/assist", json={"text": WORDS})).json()["actions"]


@pytest.mark.parametrize(("kind", "code"), [("down", "speech.down"), ("breaks", "engine"), ("hangs", "speech.down")])
async def test_a_voice_that_fails_costs_the_sound_and_not_the_words(
    served: Served, kind: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    served.engines.voice = Mute(kind)
    served.settings.tts = Tts(kind="scripted", timeout_s=0.2)
    body = (await served.ask(SAID, speak=True)).json()
    assert body["audio"] is None
    assert body["audio_error"]["code"] == code
    assert body["reply"]
    assert await served.lamp() == "on"
    assert "secret" not in caplog.text


async def test_a_voice_that_is_off_is_told(served: Served) -> None:
    served.settings.tts = None
    assert error_of(await served.speak(), 400) == "request.no_voice"


async def test_transcriptions_in_every_format(served: Served) -> None:
    plain = (await served.transcribe()).json()
    assert plain == {"text": WORDS, "usage": {"type": "duration", "seconds": 2}}
    assert (await served.transcribe(response_format="text")).text == f"{WORDS}\n"
    assert (await served.transcribe(response_format="srt")).text == f"1\n00:00:00,000 --> 00:00:01,500\n{WORDS}\n"
    assert (await served.transcribe(response_format="vtt")).text == f"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n{WORDS}\n"
    assert served.engines.listened[-1].words, "so that long pieces can be cut"
    verbose = (await served.transcribe(response_format="verbose_json", language="pt-BR", temperature="0")).json()
    assert (verbose["duration"], verbose["text"], len(verbose["segments"])) == (1.5, WORDS, 1)
    assert verbose["language"] == "pt"
    assert "words" not in verbose
    fields = {"response_format": "verbose_json", "timestamp_granularities[]": "word"}
    timed = (await served.transcribe(**fields)).json()
    assert [word["word"] for word in timed["words"]] == WORDS.split()
    streamed = (await served.transcribe(stream="true")).text
    events = [json.loads(line[6:]) for line in streamed.splitlines() if line]
    assert [event["type"] for event in events] == ["transcript.text.delta", "transcript.text.done"]


class Slow:
    """Hears two pieces, and goes on only when it may; then ends as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.may = error, asyncio.Event()

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        pieces = tuple(Piece(text, 0.0, 1.0, 0.0, 0.9) for text in ("turn on", "the lamp"))
        for piece in pieces:
            if told is not None:
                told(piece)
            await self.may.wait()
        if self.error is not None:
            raise self.error
        return Understood(transcript=Transcript("turn on the lamp", pieces, 0.0, "en", 1.0, 2.0), timings_ms={})


def events_in(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line]


async def test_each_piece_is_told_as_soon_as_it_is_heard(served: Served) -> None:
    slow = served.engines.ears = Slow()
    pieces = in_pieces(slow, b"", Listen())
    assert await anext(pieces) == Piece("turn on", 0.0, 1.0, 0.0, 0.9)  # of a recording that is not yet heard out
    await pieces.aclose()
    slow.may.set()
    assert [event.get("delta", event.get("text")) for event in events_in((await served.transcribe(stream="true")).text)] == [
        "turn on",
        " the lamp",
        "turn on the lamp",
    ]


@pytest.mark.parametrize(("error", "code"), [(SpeechDown("it ended"), "speech.down"), (ValueError("secret words"), "engine")])
async def test_what_fails_between_two_pieces_is_the_last_event(served: Served, error: Exception, code: str) -> None:
    slow = served.engines.ears = Slow(error)
    slow.may.set()
    *told, last = events_in((reply := await served.transcribe(stream="true")).text)
    assert (reply.status_code, len(told), last["error"]["code"]) == (200, 2, code)
    assert "secret" not in reply.text


async def test_what_fails_before_the_first_piece_has_its_status(served: Served) -> None:
    served.engines.ears = Deaf()
    assert error_of(await served.transcribe(stream="true"), 503) == "speech.down"
    assert error_of(await served.transcribe(b"RIFF", stream="true"), 503) == "speech.down"


@pytest.mark.parametrize("error", [None, SpeechDown("it ended"), ValueError("secret words")])
async def test_pieces_travel_between_processes(error: Exception | None) -> None:
    slow = Slow(error)
    slow.may.set()
    messages = [message async for message in heard_in_pieces(slow, b"", "{}")]  # type: ignore[arg-type]
    assert "secret" not in "".join(messages)
    assert [piece_or_whole(message).text for message in messages[:2]] == ["turn on", "the lamp"]  # type: ignore[union-attr]
    if error is None:
        assert piece_or_whole(messages[2]) == await slow.hear(b"", Listen())
    else:
        with pytest.raises(EngineError):
            piece_or_whole(messages[2])


async def test_names_that_may_be_said_and_files_of_other_kinds(served: Served) -> None:
    reply = await served.transcribe(coded("webm", "libopus", 48000), prompt="Anna's lamp, the Sonos;  \n x")
    assert reply.json()["text"] == WORDS
    assert served.engines.listened[-1].names == ("Anna's lamp", "the Sonos", "x")


BAD_FORMS: dict[str, tuple[dict[str, Any], int]] = {
    "another model": ({"model": "gpt-4"}, 404),
    "an unknown field": ({"diarize": "yes"}, 400),
    "a way to part recordings": ({"chunking_strategy": '{"type": "server_vad"}'}, 400),
    "more than there is": ({"include[]": "speakers"}, 400),
    "a hot temperature": ({"temperature": "9"}, 400),
    "no temperature": ({"temperature": "warm"}, 400),
    "an unknown format": ({"response_format": "xml"}, 400),
    "a long language": ({"language": "english"}, 400),
    "times of words without place for them": ({"timestamp_granularities[]": "word"}, 400),
    "streamed subtitles": ({"stream": "true", "response_format": "srt"}, 400),
    "a long prompt": ({"prompt": "x" * 5000}, 400),
    "a field twice": ({"prompt": ["a", "b"]}, 400),
    "a huge field": ({"prompt": "x" * 70_000}, 400),
    "many fields": ({f"f{n}": "x" for n in range(30)}, 400),
}


@pytest.mark.parametrize(("fields", "status"), BAD_FORMS.values(), ids=BAD_FORMS)
async def test_wrong_fields_are_refused(served: Served, fields: dict[str, Any], status: int) -> None:
    error_of(await served.transcribe(**fields), status)


async def test_bodies_that_are_no_form_are_refused(served: Served) -> None:
    path, form = "/v1/audio/transcriptions", {"Content-Type": "multipart/form-data; boundary=x"}
    for content, headers in (
        (b"{}", {"Content-Type": "application/json"}),
        (b"", {}),
        (b"--x\r\nnothing", form),
        (b"\x00" * 100, form),
        (b"--y\r\n\r\n--y--", form),
        (b"--x\r\n\r\n--x--", {"Content-Type": "multipart/form-data"}),
        (b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nrottie-stt\r\n--x--\r\n', form),
    ):
        assert error_of(await served.http.post(path, content=content, headers=headers), 400) == "request"
    assert error_of(await served.transcribe(bytes(500_000)), 413) == "request.too_large"


READ = (
    ("**Hall**: 21.5 °C at 18:30, 3 kWh", "Hall: 21.5 degrees at 6 30 p m, 3 kilowatt hours"),
    ("**Flur**: 21,5 °C um 18:30, 3 kWh", "Flur: 21,5 Grad um 18 Uhr 30, 3 Kilowattstunden"),
)


async def test_a_text_is_spoken_as_people_read_it(served: Served) -> None:
    for language, (written, read) in zip(("en", "de"), READ, strict=True):
        for voice in (language, "alloy", "ash"):  # the language that is asked for, or the assistant's
            own = Actor(id="api", language="fr" if voice == language else language)
            served.settings.manner = replace(served.settings.manner, actor=own)
            assert (await served.speak(input=written, voice=voice)).status_code == 200
            assert served.engines.spoken[-1].text == read
    for nothing in ("**", "```\nx = 1\n```", "👍"):
        assert error_of(await served.speak(input=nothing), 400) == "request.unspeakable"
    grows = "1 W " * 74
    assert error_of(await served.speak(input=grows, voice="en"), 400) == "request.unspeakable"


@pytest.mark.parametrize("asked", [{"language": "de"}, {}])
async def test_a_reply_is_spoken_as_people_read_it(served: Served, asked: dict[str, str]) -> None:
    own = Actor(id="api", language="fr" if asked else "de")
    served.settings.manner = replace(served.settings.manner, actor=own, tiers=Tiers(intents=False))
    written, read = READ[1]
    body = (await served.http.post("/v1/assist", json={"text": written, "speak": True, **asked})).json()
    assert (body["tier"], body["reply"]) == ("model", written)
    assert served.engines.spoken[-1].text == read
    body = (await served.http.post("/v1/assist", json={"text": "👍👍", "speak": True, **asked})).json()
    assert (body["reply"], body["audio"], body["audio_error"]["code"]) == ("👍👍", None, "request.unspeakable")


@pytest.mark.parametrize("form", MEDIA)
async def test_speech_in_every_format(served: Served, form: str) -> None:
    reply = await served.speak(response_format=form, voice="alloy")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == MEDIA[form]
    if form == "pcm":
        assert len(reply.content) == pytest.approx(2 * 24000 * 0.02 * len("Hello.It is late."), rel=0.05)
        return
    decoder = Decoder()
    audio = await decoder.decode(reply.content, 60)
    decoder.close()
    assert len(audio) == pytest.approx(16000 * 0.02 * len("Hello.It is late."), abs=1600)


@pytest.mark.parametrize("missing", [("mp3", "no_such_codec"), ("no_such_container", "libmp3lame")])
async def test_a_codec_that_is_missing_is_told(served: Served, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, str]) -> None:
    monkeypatch.setitem(encoding._CONTAINERS, "mp3", missing)
    reply = await served.speak(response_format="mp3")
    assert error_of(reply, 400) == "request"
    assert reply.json()["error"]["param"] == "response_format"
    assert (await served.speak(response_format="wav")).status_code == 200


async def test_speed_and_bounds_of_speech(served: Served) -> None:
    slow, fast = [(await served.speak(response_format="wav", speed=speed)).content for speed in (0.5, 2)]
    assert len(slow) == pytest.approx(4 * len(fast), rel=0.1)
    for fields, status in (
        ({"input": ""}, 400),
        ({"input": "..."}, 400),
        ({"input": "x" * 301}, 400),
        ({"input": "x" * 20_000}, 413),
        ({"speed": 9}, 400),
        ({"response_format": "aac"}, 400),
        ({"instructions": "x" * 5000}, 400),
        ({"stream_format": "events"}, 400),
        ({"model": "gpt-4"}, 404),
    ):
        error_of(await served.speak(**fields), status)
    for form in ("audio", "sse"):
        served.engines.voice = Mute("down")
        assert error_of(await served.speak(stream_format=form), 503) == "speech.down"
    served.engines.voice = Mute("breaks")
    begun, last = events_in((reply := await served.speak(stream_format="sse")).text)
    assert (base64.b64decode(begun["audio"]), last["error"]["code"]) == (b"RIFF", "engine")
    assert "secret" not in reply.text


async def test_across_processes_errors_are_data() -> None:
    class Broken:
        async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
            raise ValueError("secret words")

    for ears, kind in ((Deaf(), SpeechDown), (Broken(), EngineError)):
        answer = await heard(ears, b"", "{}")  # type: ignore[arg-type]
        assert "secret" not in answer
        with pytest.raises(kind):
            understood(answer)
    piece = Piece("a b", 0.0, 1.0, 0.1, 0.9)
    whole = Understood(transcript=Transcript("a b", (piece,), 0.1, "en", 1.0, 1.0), timings_ms={"stt": 1.0})
    assert understood(whole.model_dump_json()) == whole
    for kind, error in (("down", SpeechDown), ("breaks", EngineError)):
        messages = [message async for message in said(Mute(kind), Say(text="a").model_dump_json())]  # type: ignore[arg-type]
        assert b"secret" not in b"".join(messages)
        with pytest.raises(error):
            list(map(piece_of, messages))


async def test_a_model_that_is_missing_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from serve import speech_models

    monkeypatch.setattr(speech_models, "STARTERS", tmp_path)
    ears, voice = Ears(), Voice()
    for model in ("starter", str(tmp_path / "nowhere")):
        ears.want(Stt(model=model))
        voice.want(Tts(model=model))
        answer = await heard(ears, SAID, "{}")
        assert json.loads(answer)["error"]["code"] == "speech.missing"
        assert "rottie run train_recogniser" in answer
        (message,) = [message async for message in said(voice, Say(text="a").model_dump_json())]
        assert b"rottie run train_voice" in message
    await ears.close()
    await voice.close()


async def test_the_status_tells_what_is_loaded(served: Served) -> None:
    async with served.engines.ears._recognisers.hold():
        told = (await served.http.get("/v1/status")).json()
    assert (told["language"], sorted(told["speech"])) == ("en", ["stt", "tts"])
    (state,) = told["speech"]["stt"]
    assert state == {
        "model": served.scripted.stt.model,
        "wanted": content_id(served.scripted.stt),
        "reached": True,
        "languages": ["en"],
        "error": None,
    }


async def test_a_stage_that_cannot_be_loaded_tells_why(tmp_path: Path) -> None:
    ears = Ears()
    ears.want(Stt(model=str(tmp_path)))
    assert (ears.status()["reached"], ears.status()["error"]) == (False, None)
    with pytest.raises(SpeechMissing):
        await ears.hear(SAID, Listen())
    assert (ears.status()["reached"], ears.status()["error"]["code"]) == (False, "speech.missing")
    ears.want(Stt(model="starter", language="de"))
    assert ears.status()["error"] is None, "that was another one's"
    await ears.close()


class Engine:
    languages = ("en",)

    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False

    def close(self) -> None:
        self.closed = True


async def test_an_engine_is_replaced_when_nobody_uses_it_and_never_by_a_broken_one() -> None:
    opened: list[Engine] = []
    clock = [0.0]

    def load(name: str) -> Engine:
        if name == "broken" and clock[0] < 100:
            raise SpeechDown("not now")
        opened.append(Engine(name))
        return opened[-1]

    loaded: Loaded[str, Engine] = Loaded("an engine", load, lambda: clock[0])
    loaded.want("one")
    async with loaded.hold() as one:
        loaded.want("two")
        await asyncio.sleep(0.05)
        async with loaded.hold() as two:
            assert (one.name, two.name, one.closed) == ("one", "two", False)
    await asyncio.sleep(0.05)
    assert one.closed
    loaded.want("broken")
    await asyncio.sleep(0.05)
    async with loaded.hold() as still:
        assert still.name == "two"
    clock[0] = 200.0
    loaded.retry()
    await asyncio.sleep(0.05)
    async with loaded.hold() as mended:
        assert mended.name == "broken"
    await loaded.close()
    assert all(engine.closed for engine in opened)
