"""The shipped recogniser and voice, as a replica opens them: who speaks is understood, and what is answered can be heard."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from schemas.assistant import Stt, Tts
from schemas.loading import load_inventory
from serve import speech_models
from serve.engines.decoding import Decoder
from serve.hearing import Ears, Listen
from serve.saying import Say, Voice
from serve.spelling import written
from tests.said import BEFORE_S, Recording, Speakers, quiet
from tests.serve.recordings import wav, whole_wav

REQUESTS = (
    "Turn on the hall lamp.",
    "Turn off the coffee maker.",
    "Close the east blind.",
    "Set the main thermostat to 21 degrees.",
    "Lock the front door.",
    "Start the vacuum.",
    "What is the temperature?",
    "Turn off all the lights.",
)
PAIRS = (
    ("Lock the front door.", "Start the coffee maker."),
    ("Turn on the hall lamp.", "Close the east blind."),
    ("Start the vacuum.", "Lock the front door."),
)
RECOGNISER = (speech_models.STARTERS / "stt" / "model.bin").is_file()
VOICE = any((speech_models.STARTERS / "tts").glob("*.onnx"))


@pytest.fixture
async def ears() -> AsyncIterator[Ears]:
    made = Ears()
    made.want(Stt())
    yield made
    await made.close()


@pytest.fixture
async def voice() -> AsyncIterator[Voice]:
    pytest.importorskip("piper")
    made = Voice()
    made.want(Tts())
    yield made
    await made.close()


@pytest.fixture(scope="module")
def speakers() -> Iterator[Speakers]:
    pytest.importorskip("piper")
    pytest.importorskip("espeakng_loader")
    with Speakers() as made:
        yield made


@pytest.fixture(params=[speech_models.STARTER, "en-us+f3"])
def said(request: pytest.FixtureRequest, speakers: Speakers) -> dict[str, Recording]:
    return {text: speakers.say(text, request.param) for pair in PAIRS for text in pair}


def names() -> tuple[str, ...]:
    home = load_inventory("home")
    return tuple(name for one in (*home.areas, *home.entities) for name in (one.name, *one.aliases))


def right(heard: list[str]) -> float:
    """The share of words that are where they belong."""
    pairs = [(h.split(), written(r).split()) for h, r in zip(heard, REQUESTS, strict=True)]
    return sum(sum(a == b for a, b in zip(h, r, strict=False)) for h, r in pairs) / sum(len(r) for _, r in pairs)


async def heard_of(ears: Ears, recording: bytes) -> str:
    return (await ears.hear(recording, Listen(names=names()))).transcript.text


@pytest.mark.slow
@pytest.mark.skipif(not RECOGNISER, reason="no recogniser is shipped with this version")
@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "en+m7"])
async def test_a_voice_that_it_never_heard_is_understood(ears: Ears, voice: str) -> None:
    pytest.importorskip("espeakng_loader")
    from flows.steps.speech.espeak import RATE, Synthesizer

    with Synthesizer() as synthesizer:
        said = [wav(synthesizer.say(text, voice).audio, RATE) for text in REQUESTS]
    heard = [await heard_of(ears, each) for each in said]
    assert right(heard) > 0.6, heard


@pytest.mark.slow
@pytest.mark.skipif(not (RECOGNISER and VOICE), reason="no recogniser and voice are shipped with this version")
@pytest.mark.parametrize("pause_s", [0.8, 1.5, 2.5])
async def test_of_two_requests_with_a_pause_each_is_heard_as_alone(
    ears: Ears, said: dict[str, Recording], pause_s: float
) -> None:
    async def pieces(pcm: bytes) -> list[str]:
        heard = await ears.hear(pcm + quiet(0.5), Listen(names=names(), raw=True))
        return [piece.text for piece in heard.transcript.pieces]

    for first, second in PAIRS:
        alone = [await pieces(said[text].pcm) for text in (first, second)]
        assert [len(each) for each in alone] == [1, 1]
        joined = said[first].pcm + quiet(pause_s - BEFORE_S) + said[second].pcm
        assert await pieces(joined) == [*alone[0], *alone[1]]


@pytest.mark.skipif(not RECOGNISER, reason="no recogniser is shipped with this version")
async def test_noise_says_nothing(ears: Ears) -> None:
    rng = np.random.default_rng(0)
    for loud in (0.0, 0.01, 0.3):
        assert await heard_of(ears, wav(rng.normal(0, loud, 3 * 16000).astype(np.float32))) == ""


@pytest.mark.slow
@pytest.mark.skipif(not (RECOGNISER and VOICE), reason="no recogniser and voice are shipped with this version")
async def test_what_the_voice_says_the_recogniser_hears(ears: Ears, voice: Voice) -> None:
    heard = []
    for text in REQUESTS:
        streamed = b"".join([piece async for piece in voice.say(Say(text=text))])
        heard.append(await heard_of(ears, whole_wav(streamed)))
    assert right(heard) > 0.5, heard


async def test_a_voice_of_ones_own_is_a_file_or_its_folder(tmp_path: Path) -> None:
    pytest.importorskip("piper")
    pytest.importorskip("onnx")
    from tests.tiny_voice import tiny_voice

    file = tiny_voice(tmp_path)
    decoder, own = Decoder(), Voice()
    for place in (file, file.parent):
        own.want(Tts(model=str(place), speed=2))
        streamed = b"".join([piece async for piece in own.say(Say(text="One two three. Four.", form="flac"))])
        assert len(await decoder.decode(streamed, 60)) > 4000
    decoder.close()
    await own.close()


async def test_a_recogniser_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing")
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {"model.bin": "0" * 64}}))
    from serve.hearing import heard

    own = Ears()
    own.want(Stt(model=str(tmp_path)))
    assert json.loads(await heard(own, b"RIFF", "{}"))["error"]["code"] == "engine.model"
    await own.close()
