import numpy as np
import pytest

from flows.steps.speech.espeak import Spoken, Synthesizer
from flows.steps.voice.aligning import HOP, aligned, ids_of, symbols

TABLE = {"_": [0], "^": [1], "$": [2], " ": [3], ".": [10], "a": [14], "ɪ": [74], "t": [32], "ˈ": [120], "ʲ": [119], ",": [8]}


def spoken(phonemes, sentence, samples=10 * HOP):
    return Spoken(np.zeros(samples, np.float32), tuple(phonemes), (), (tuple(sentence),))


def test_every_sound_lasts_until_the_next_and_marks_take_no_time():
    found = aligned(spoken([("t", 2 * HOP), ("ˈaɪ", 4 * HOP), ("", 8 * HOP)], "tˈaɪ."), TABLE)
    assert found is not None
    ids, frames = found
    assert ids == [1, 0, 32, 0, 120, 0, 14, 0, 74, 0, 10, 0, 2]
    assert frames == [2, 0, 2, 0, 0, 0, 2, 0, 2, 0, 2, 0, 0]


def test_pauses_belong_to_punctuation_or_to_the_pad_before_it():
    ids, frames = aligned(spoken([("t", 0), ("", 3 * HOP), ("a", 5 * HOP)], "t, a"), TABLE)
    assert frames[ids.index(8)] == 2
    ids, frames = aligned(spoken([("t", 0), ("", 3 * HOP), ("a", 5 * HOP)], "ta"), TABLE)
    assert frames == [0, 0, 3, 2, 5, 0, 0]


def test_frames_are_those_of_the_audio_to_half_a_frame():
    _, frames = aligned(spoken([("t", 100), ("a", 700), ("t", 1333)], "tat", samples=2001), TABLE)
    assert sum(frames) == 8
    begins = np.cumsum([0, *frames])[[2, 4, 6]] * HOP
    assert np.abs(begins - [100, 700, 1333]).max() <= HOP / 2


@pytest.mark.parametrize("sentences", [(), (("t",), ("a",))])
def test_only_one_sentence_can_be_aligned(sentences):
    assert aligned(Spoken(np.zeros(9, np.float32), (("t", 0),), (), sentences), TABLE) is None


def test_sounds_that_differ_are_refused():
    assert aligned(spoken([("t", 0), ("ɪ", HOP), ("ɪ", 2 * HOP)], "a a"), TABLE) is None


def test_ids_are_pipers():
    piper = pytest.importorskip("piper.phoneme_ids")
    phonemes = tuple("tˈaɪ, a.")
    assert ids_of(phonemes, symbols()) == piper.phonemes_to_ids(list(phonemes))


def test_real_speech_aligns():
    pytest.importorskip("piper")
    pytest.importorskip("espeakng_loader")
    with Synthesizer() as speech:
        told = speech.say("It is 6:45 PM, and the kitchen light is on.", phonemize=True)
    ids, frames = aligned(told, symbols())
    assert len(ids) == len(frames)
    assert sum(frames) == -(-len(told.audio) // HOP)
    assert min(frames) >= 0
    assert frames[ids.index(8)] > 5  # the comma's pause
