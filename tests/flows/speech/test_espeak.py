import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from flows.steps.speech.espeak import MAX_TEXT, RATE, Synthesizer, cleaned, voices
from schemas.errors import EngineError, TextUnspeakable

pytest.importorskip("espeakng_loader")


@pytest.fixture(scope="module")
def speech():
    with Synthesizer() as made:
        yield made


def test_says_a_sentence_with_the_time_of_every_sound(speech):
    spoken = speech.say("Turn on the kitchen light.")
    starts = [at for _, at in spoken.phonemes]
    assert spoken.rate == RATE
    assert spoken.audio.dtype == np.float32
    assert 0.1 < np.abs(spoken.audio).max() <= 1
    assert 1 < spoken.seconds < 3
    assert "".join(symbol for symbol, _ in spoken.phonemes).startswith("tˈɜːn")
    assert starts == sorted(starts)
    assert starts[-1] <= len(spoken.audio)
    assert len(spoken.words) == 4  # "on the" is one to espeak-ng


def test_reads_numbers_and_gives_pipers_phonemes_of_each_sentence(speech):
    pytest.importorskip("piper")
    spoken = speech.say("It is 21 degrees. Fine.", phonemize=True)
    assert ["".join(sentence) for sentence in spoken.sentences] == ["ɪɾ ɪz twˈɛnti wˈʌn dᵻɡɹˈiːz.", "fˈaɪn."]


def test_rate_and_pitch_are_heeded_and_bounded(speech):
    slow, fast = speech.say("one two three four", rate_wpm=100), speech.say("one two three four", rate_wpm=300)
    assert slow.seconds > 1.5 * fast.seconds
    assert speech.say("one", rate_wpm=10**9, pitch=-5, pitch_range=500).seconds > 0.1


def test_no_timbre_of_one_part_occurs_in_another(speech):
    parts = {part: {voice.partition("+")[2] for voice in voices(part)} for part in ("train", "validation", "test")}
    assert len(parts["train"]) > 50
    assert len(parts["test"]) >= 10
    assert not parts["train"] & parts["test"]
    assert not parts["train"] & parts["validation"]
    assert not parts["validation"] & parts["test"]
    for voice in ("en-gb-x-rp+linda", "en-029+Mr serious"):
        assert speech.say("hello", voice).seconds > 0.2


@pytest.mark.parametrize(
    "text", ["<speak>hello</speak>", "[[tɛst]]", "😀", "שלום", "你好", "\ud800 x", "a\x00b", "!!!", "a" * MAX_TEXT]
)
def test_odd_text_is_spoken_somehow(speech, text):
    assert 0 < speech.say(text).seconds <= 180


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x1b", "\u202e\u200b", "a" * (MAX_TEXT + 1)])
def test_what_cannot_be_spoken_is_refused(speech, text):
    with pytest.raises(TextUnspeakable):
        speech.say(text)


def test_text_is_cleaned():
    assert cleaned(" tab\tand\x00nul\nline\u2028e\u0301 ") == "tab and nul line é"


def test_an_unknown_voice_is_refused_and_the_process_lives_on(speech):
    with pytest.raises(EngineError, match="does not have this voice"):
        speech.say("hello", "nobody")
    assert speech.say("hello").seconds > 0.2


def test_a_killed_process_is_started_again():
    with Synthesizer() as speech:
        speech.say("hello")
        held = speech._idle.get()
        os.kill(held.pid, signal.SIGKILL)
        speech._idle.put(held)
        assert speech.say("hello").seconds > 0.2


def test_two_workers_serve_many_threads():
    with Synthesizer(workers=2) as speech, ThreadPoolExecutor(4) as threads:
        assert all(spoken.seconds > 0.2 for spoken in threads.map(speech.say, ["hello"] * 12))
    assert speech.say("again").seconds > 0.2
    speech.close()
