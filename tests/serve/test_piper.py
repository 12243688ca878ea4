import asyncio
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from schemas.errors import EngineError, ModelUnusable, SpeechMissing, TextUnspeakable
from serve.engines import piper
from serve.engines.piper import PiperEngine
from serve.engines.spoken_pieces import LONGEST, MAX_TEXT, cleaned, pieces

pytest.importorskip("piper")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from tests.tiny_voice import tiny_voice

    return tiny_voice(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def engine(model):
    made = PiperEngine(model)
    yield made
    made.close()


async def spoken(engine, text, **settings):
    return [chunk async for chunk in engine.speak(text, **settings)]


async def test_speaks_piece_by_piece(engine):
    chunks = await spoken(engine, "I turned on the kitchen light. It is 21 degrees outside, and sunny.")
    assert engine.rate == 22050
    assert len(chunks) == 2
    for chunk in chunks:
        assert chunk.dtype == np.float32
        assert len(chunk) > 0.5 * engine.rate
        assert np.abs(chunk).max() <= 1


async def test_speed_is_heeded_and_bounded(engine):
    slow, fast, fastest = [sum(map(len, await spoken(engine, "one two three", speed=s))) for s in (0.5, 2, 10**9)]
    assert slow > 3 * fast > 3 * fastest > 0


@pytest.mark.parametrize("text", ["", "\n\x00", "😀 ❤️", "...", "a" * (MAX_TEXT + 1)])
async def test_what_cannot_be_spoken_is_refused(engine, text):
    with pytest.raises(TextUnspeakable):
        await spoken(engine, text)


@pytest.mark.parametrize("text", ["[[tɛst]] a", "<speak>x</speak>", "привет שלום 你好", "é\u0301\u202e1", "\ud800 x", "x" * 500])
async def test_odd_text_is_spoken_somehow(engine, text):
    assert sum(map(len, await spoken(engine, text))) > 0


async def test_a_killed_process_is_started_again(engine):
    before = engine.pid
    os.kill(before, signal.SIGKILL)
    assert len(await spoken(engine, "Hello.")) == 1
    assert engine.pid != before


async def test_a_process_that_is_lost_over_the_same_words_again_is_an_error(engine, monkeypatch):
    monkeypatch.setattr(piper, "PIECE_S", 0.0)
    with pytest.raises(EngineError, match="lost twice"):
        await spoken(engine, "Hello.")
    monkeypatch.undo()
    assert len(await spoken(engine, "Hello.")) == 1


async def test_leaving_early_and_cancelling_leave_nothing_behind(engine):
    whole = [len(chunk) for chunk in await spoken(engine, "Three.")]
    stream = engine.speak("One. Two. Three.")
    await anext(stream)
    await stream.aclose()
    waiting = asyncio.ensure_future(spoken(engine, "Four five six seven eight nine ten."))
    await asyncio.sleep(0.001)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [len(chunk) for chunk in await spoken(engine, "Three.")] == whole


async def test_several_speak_at_once(engine):
    texts = ["One.", "One two three four. Five.", "One two."]
    alone = [[len(chunk) for chunk in await spoken(engine, text)] for text in texts]
    together = await asyncio.gather(*(spoken(engine, text) for text in texts))
    assert [[len(chunk) for chunk in chunks] for chunks in together] == alone


def test_what_is_no_voice_is_refused(tmp_path):
    with pytest.raises(ModelUnusable, match="JSON beside it"):
        PiperEngine(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"x")
    (tmp_path / "bad.onnx.json").write_text("{}")
    with pytest.raises(ModelUnusable, match="no voice"):
        PiperEngine(tmp_path / "bad.onnx")


def test_without_the_package_it_says_what_to_install(model, tmp_path, monkeypatch):
    (tmp_path / "piper.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SpeechMissing, match="not installed"):
        PiperEngine(model)


def test_the_engine_loads_nothing_of_piper_into_its_own_process():
    code = "import serve.engines.piper, sys; sys.exit('piper' in sys.modules or 'onnxruntime' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pieces_are_sentences_and_clauses_of_long_ones():
    text = (
        "It is 3.5 degrees outside! The window, which is open in the kitchen, should be closed; the heating is on - it is cold."
    )
    cut = list(pieces(cleaned(text)))
    assert cut[0] == "It is 3.5 degrees outside!"
    assert " ".join(cut) == text
    assert all(len(piece) <= LONGEST for piece in pieces("word " * 900))
    assert list(pieces("你好。世界！")) == ["你好。", "世界！"]
