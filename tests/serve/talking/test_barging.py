"""Whether the reply itself is heard, or somebody else: on a clock of the test's own, in a made-up room."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.talking import OUT_RATE
from serve.engines.samples import RATE
from serve.talking.barging import OwnVoice, is_backchannel
from serve.talking.playback import Playback

Audio = NDArray[np.float32]
BLOCK = RATE // 50


def speech(seconds: float, rate: int, seed: int) -> Audio:
    """Something like it: noise through resonances that move, in syllables."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(seconds * rate)) / rate
    sound = np.zeros(len(at))
    for _ in range(int(6 * seconds)):
        begin, pitch = rng.uniform(0, seconds), rng.uniform(90, 250)
        shape = np.exp(-(((at - begin) / rng.uniform(0.03, 0.09)) ** 2))
        tones = sum(rng.uniform(0, 1) * np.sin(2 * np.pi * pitch * n * at) for n in range(1, 20))
        sound += shape * (tones + rng.uniform(0, 0.5) * rng.standard_normal(len(at)))
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


class Heard:
    """A microphone beside a loudspeaker that plays ``seconds`` of a reply."""

    def __init__(self, own: OwnVoice, seconds: float, loud: float = 0.3, late_s: float = 0.15, seed: int = 1) -> None:
        self.at, self.own = 0, own
        said = speech(seconds, OUT_RATE, seed)
        self.playback = Playback(lambda: self.at / RATE)
        self.playback.sent(0, "x", (said * 32767).astype("<i2").tobytes())
        own.follow(self.playback)
        room = np.random.default_rng(9).standard_normal(RATE // 4) * np.exp(-np.arange(RATE // 4) / RATE * 20) * 0.1
        room[0] = 1
        there = np.interp(np.arange(int(seconds * RATE)) / RATE, np.arange(len(said)) / OUT_RATE, said)
        echo = np.convolve(there, room)[: len(there)] * loud
        self.microphone = np.concatenate((np.zeros(int(late_s * RATE)), echo)).astype(np.float32)
        self.microphone += 0.0003 * np.random.default_rng(seed).standard_normal(len(self.microphone)).astype(np.float32)

    def until(self, seconds: float) -> list[bool]:
        found: list[bool] = []
        while self.at < seconds * RATE:
            self.at += BLOCK
            self.own.hear(self.microphone[self.at - BLOCK : self.at])
            if self.at > RATE // 10:  # the first frame is whole
                found.append(self.own())
        return found


def test_an_echo_is_the_replys_own_and_a_stranger_in_it_is_not() -> None:
    heard = Heard(OwnVoice(), 6)
    voice = speech(1, RATE, 5)
    heard.microphone[5 * RATE : 6 * RATE] += voice
    assert all(heard.until(5))
    assert not all(heard.until(5.4))


def test_a_stranger_who_falls_silent_is_forgotten() -> None:
    heard = Heard(OwnVoice(), 7)
    heard.microphone[5 * RATE : 5 * RATE + RATE // 2] += speech(0.5, RATE, 5)
    assert not all(heard.until(5.5))
    heard.until(6)
    assert all(heard.until(7))


@pytest.mark.parametrize("late_s", [0.02, 0.4])
def test_the_next_reply_in_the_same_room_is_known_at_once(late_s: float) -> None:
    own = OwnVoice()
    assert all(Heard(own, 4, late_s=late_s).until(4))
    assert all(Heard(own, 3, late_s=late_s + 0.01, seed=2).until(3))


def test_a_stranger_is_heard_where_the_reply_is_not() -> None:
    heard = Heard(OwnVoice(), 6, loud=0.0)
    heard.microphone[4 * RATE : 5 * RATE] += 0.1 * speech(1, RATE, 5)
    assert all(heard.until(4))
    assert not all(heard.until(4.4))


def test_nothing_is_its_own_where_nothing_plays() -> None:
    own = OwnVoice()
    own.hear(speech(1, RATE, 3))
    assert not own()
    own.follow(Playback())
    for part in np.array_split(speech(1, RATE, 3), 37):
        own.hear(part)
    assert not own()


def test_a_reply_that_is_over_is_forgotten() -> None:
    heard = Heard(OwnVoice(), 3)
    heard.until(3)
    heard.microphone = np.zeros(6 * RATE, np.float32)
    assert not heard.until(5)[-1]


def test_a_room_that_was_another_one_is_learnt_anew() -> None:
    own = OwnVoice()
    Heard(own, 4, loud=0.01, late_s=0.3).until(4)
    louder = Heard(own, 4, loud=1.0, late_s=0.05, seed=2)
    assert not all(louder.until(2))
    own.learn_anew()
    assert all(louder.until(4))


@pytest.mark.parametrize(
    "said", ["Uh-huh.", "mhm", "Mmmm", "OK", "okay, okay", "Yeah.", "I see", "hmmm", "", "[cough]", "*coughs*"]
)
def test_who_only_listens_wants_nothing(said: str) -> None:
    assert is_backchannel(said, "en")


@pytest.mark.parametrize("said", ["stop", "no", "yes", "okay stop", "turn it off", "wait a moment", "okay okay okay okay okay"])
def test_who_says_more_wants_a_word(said: str) -> None:
    assert not is_backchannel(said, "en")


def test_each_language_agrees_in_its_own_way() -> None:
    assert is_backchannel("Ach so, ja genau", "de-DE")
    assert not is_backchannel("nein", "de")
    assert is_backchannel("mhm", "fr")
