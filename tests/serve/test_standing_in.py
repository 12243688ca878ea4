"""Second engines: asked where the first fails, ends or is late, and told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from schemas.assistant import Stt, Tts
from schemas.errors import AudioUnusable, Overloaded, RottieError, SpeechDown, SpeechMissing, TextUnspeakable
from serve.api.assist import reply_of
from serve.api.audio import add_audio
from serve.api.gateway import Settings
from serve.engines.faster_whisper import Piece, Told, Transcript
from serve.hearing import Ears, Listen, Understood
from serve.saying import Say, Voice
from serve.standing_in import REST_S, FirstVoice, TwoEars, aloud, patience_s, whole
from serve.voicing import Speech, Spoken, voiced
from tests.serve.recordings import scripted_speech, tone, wav

LISTEN, SAY = Listen(raw=True), Say(text="Hello there.")
HANGS = asyncio.TimeoutError
FAILURES = (SpeechDown("its process ended"), SpeechMissing("it is not there"), ValueError("of a library"), HANGS())


class Ear:
    def __init__(self, text: str, fails: Exception | None = None) -> None:
        self.text, self.fails, self.asked = text, fails, 0

    async def hear(self, recording: bytes, listen: Listen, told: Told | None = None) -> Understood:
        self.asked += 1
        piece = Piece(self.text, 0.0, 1.0, 0.0, 0.9)
        if isinstance(self.fails, HANGS):
            await asyncio.sleep(60)
        if told is not None:
            told(piece)
        if self.fails is not None:
            raise self.fails
        return Understood(transcript=Transcript(self.text, (piece,), 0.0, "de", 1.0, 1.0), timings_ms={})

    async def statuses(self) -> list[dict[str, Any]]:
        return [{"model": self.text}]


class Mouth:
    """Says its name; fails before the first or the second piece."""

    def __init__(self, name: bytes, fails: Exception | None = None, after: int = 0) -> None:
        self.name, self.fails, self.after, self.asked = name, fails, after, list[Say]()

    async def say(self, say: Say) -> AsyncGenerator[bytes, None]:
        self.asked.append(say)
        for number in range(2):
            if number == self.after and self.fails is not None:
                if isinstance(self.fails, HANGS):
                    await asyncio.sleep(60)
                raise self.fails
            yield self.name

    async def statuses(self) -> list[dict[str, Any]]:
        return [{"model": self.name}]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
async def test_the_second_hears_where_the_first_cannot_and_it_is_told(failure: Exception) -> None:
    clock, first, second = Clock(), Ear("first", failure), Ear("second")
    ears = TwoEars(first, second, clock, late_s=0.02)
    found = await ears.hear(b"", LISTEN)
    assert found.transcript.text == "second"
    assert found.fell_back is not None
    assert "library" not in str(found.fell_back)
    await ears.hear(b"", LISTEN)
    assert (first.asked, second.asked) == (1, 2)  # the first is left alone for a while,
    clock.now, first.fails = REST_S + 1, None
    found = await ears.hear(b"", LISTEN)  # and then asked again
    assert (found.transcript.text, found.fell_back) == ("first", None)
    assert await ears.statuses() == [{"model": "first"}]


async def test_what_is_wrong_with_the_recording_is_nobody_elses_matter() -> None:
    first, second = Ear("first", AudioUnusable("it is damaged")), Ear("second")
    for _ in range(2):
        with pytest.raises(AudioUnusable):
            await TwoEars(first, second).hear(b"", LISTEN)
    assert (first.asked, second.asked) == (2, 0)
    busy = Ear("first", Overloaded("too many wait"))
    ears = TwoEars(busy, second)
    for _ in range(2):
        assert (await ears.hear(b"", LISTEN)).transcript.text == "second"
    assert busy.asked == 2  # it works, and may have time again at any moment


async def test_no_piece_is_told_twice_and_two_failures_are_one() -> None:
    told: list[Piece] = []
    with pytest.raises(SpeechDown):
        await TwoEars(Ear("first", SpeechDown("on the way")), Ear("second")).hear(b"", LISTEN, told.append)
    assert [piece.text for piece in told] == ["first"]
    with pytest.raises(SpeechMissing):
        await TwoEars(Ear("a", SpeechDown("it ended")), Ear("b", SpeechMissing("it is not there"))).hear(b"", LISTEN)


def test_a_long_recording_may_take_longer() -> None:
    assert patience_s(bytes(32000 * 10), LISTEN, 3) == 5
    assert patience_s(bytes(16000 * 10), Listen(), 3) == 13


@pytest.mark.parametrize("failure", FAILURES, ids=lambda error: type(error).__name__)
async def test_the_second_speaks_where_the_first_cannot(failure: Exception) -> None:
    clock, first, second = Clock(), Mouth(b"1", failure), Mouth(b"2")
    voices = [FirstVoice(first, clock, late_s=0.02), second]
    for _ in range(2):
        why: list[RottieError] = []
        assert b"".join([piece async for piece in aloud(voices, SAY, why.append)]) == b"22"
        assert len(why) == 1
    assert (len(first.asked), len(second.asked)) == (1, 2)
    clock.now, first.fails = REST_S + 1, None
    why = []
    assert (await whole(voices, SAY, why.append), why) == (b"11", [])


async def test_in_the_middle_only_a_whole_recording_is_begun_anew() -> None:
    voices = [Mouth(b"1", SpeechDown("it ended"), after=1), Mouth(b"2")]
    why: list[RottieError] = []
    with pytest.raises(SpeechDown):
        _ = [piece async for piece in aloud(voices, SAY, why.append)]
    assert why == []
    assert await whole(voices, SAY, why.append) == b"22"
    assert [error.code for error in why] == ["speech.down"]
    with pytest.raises(TextUnspeakable):
        await whole([Mouth(b"1", TextUnspeakable("nothing to say")), Mouth(b"2")], SAY, why.append)


async def test_an_answer_tells_which_stage_fell_back() -> None:
    from schemas.events import AssistFinished, ReplyReady, ReplySpoken, Transcribed
    from serve.engines.encoding import wav_header

    class Homeless:
        async def read(self) -> Any:
            raise SpeechDown("no home")

    async def answer(text: str) -> AsyncGenerator[Any, None]:
        yield ReplyReady(inference_id="i", at_ms=0, text=f"{text}!")
        yield AssistFinished(inference_id="i", at_ms=0, timings_ms={})

    sound = Mouth(wav_header(16000, 400) + bytes(400))
    speech = Speech.joined(Ear("first", SpeechDown("gone")), Mouth(b"", SpeechMissing("gone")), Ear("hallo"), sound)
    spoken = Spoken(recording=b"", aloud_s=5)
    events = [event async for event in voiced(answer, "", spoken, speech, Homeless(), "i")]  # type: ignore[arg-type]
    heard = next(event for event in events if isinstance(event, Transcribed))
    said = next(event for event in events if isinstance(event, ReplySpoken))
    assert (heard.text, heard.fell_back and heard.fell_back["code"]) == ("hallo", "speech.down")
    assert said.audio is not None
    assert (said.error, said.fell_back and said.fell_back["code"]) == (None, "speech.missing")
    assert sound.asked[0].language == "de"  # what was heard
    assert sorted(reply_of(events).fell_back) == ["stt", "tts"]
    assert sorted(await speech.statuses()) == ["stt", "stt_second", "tts", "tts_second"]


async def test_engines_that_cannot_be_loaded_are_stood_in_for(tmp_path: Path) -> None:
    engines = scripted_speech(tmp_path)
    ears, voice, why = Ears(), Voice(), list[RottieError]()
    ears.want(Stt(model=str(tmp_path / "nowhere")))
    voice.want(Tts(model="auto", language="fi"))
    speech = Speech.joined(ears, voice, engines.ears, engines.voice)
    assert speech.ears is not None
    heard = await speech.ears.hear(wav(tone()), Listen())
    assert (heard.transcript.text, heard.fell_back and heard.fell_back["code"]) == ("turn on the hall lamp", "speech.missing")
    assert await whole(speech.voices, SAY, why.append)
    assert [error.code for error in why] == ["speech.missing"]
    assert "rhasspy/piper-voices:fi" in why[0].hint
    for one in (ears, voice, engines):
        await one.close()


async def test_openais_routes_tell_it_in_a_header() -> None:
    first_ear, first_voice, second_voice = Ear("first", SpeechDown("gone")), Mouth(b"1", SpeechDown("gone")), Mouth(b"2")
    app = FastAPI()
    add_audio(app, Speech.joined(first_ear, first_voice, Ear("second"), second_voice), Settings(stt=Stt(), tts=Tts()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as http:
        form = {"data": {"model": "whisper-1"}, "files": {"file": ("said.wav", b"sound")}}
        heard = await http.post("/v1/audio/transcriptions", **form)  # type: ignore[arg-type]
        assert (heard.json()["text"], heard.headers["Rottie-Fell-Back"]) == ("second", "stt")
        form["data"]["stream"] = "true"
        streamed = await http.post("/v1/audio/transcriptions", **form)  # type: ignore[arg-type]
        last = json.loads(streamed.text.splitlines()[-2].removeprefix("data: "))
        assert (last["text"], last["fell_back"]["code"]) == ("second", "speech.down")
        asked = {"model": "tts-1", "input": "Hello.", "voice": "de"}
        said = await http.post("/v1/audio/speech", json=asked)
        assert (said.content, said.headers["Rottie-Fell-Back"]) == (b"22", "tts")
        assert second_voice.asked[0].language == "de"
        first_voice.fails, first_ear.fails = None, None
        assert "Rottie-Fell-Back" in (await http.post("/v1/audio/speech", json=asked)).headers  # it rests
