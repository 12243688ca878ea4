"""How far a reply got, on a clock of the test's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.talking import OUT_RATE
from serve.talking.playback import KEPT_MS, Playback


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pcm(ms: int, value: int = 1) -> bytes:
    return np.full(ms * OUT_RATE // 1000, value, "<i2").tobytes()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playback(clock: Clock) -> Playback:
    return Playback(clock)


def test_plays_in_real_time_and_waits_for_what_comes_late(playback: Playback, clock: Clock) -> None:
    assert (playback.playing, playback.played_ms) == (False, 0)
    playback.sent(0, "One two three four. ", pcm(400))
    playback.ended(0)
    clock.now += 0.3
    assert (playback.playing, round(playback.played_ms)) == (True, 300)
    clock.now += 5
    assert (playback.playing, playback.played_ms) == (False, 400)
    playback.sent(1, "Five.", pcm(200))
    clock.now += 0.1
    assert round(playback.played_ms) == 500
    assert playback.sent_ms == 600


def test_what_was_heard_is_whole_clauses_and_whole_words(playback: Playback, clock: Clock) -> None:
    playback.sent(0, "One two three four. ", pcm(400))
    playback.ended(0)
    playback.sent(1, "Five six seven eight.", pcm(400))
    playback.ended(1)
    expected = {
        0.0: "", 0.05: "", 0.1: "One", 0.2: "One two", 0.39: "One two three", 0.4: "One two three four.",
        0.45: "One two three four.", 0.61: "One two three four. Five six", 0.8: "One two three four. Five six seven eight.",
    }  # fmt: skip
    for seconds, text in expected.items():
        clock.now = 100 + seconds
        assert playback.heard() == text, seconds


def test_a_clause_is_not_taken_for_heard_while_the_rest_of_it_is_made(playback: Playback, clock: Clock) -> None:
    text = "This is a long clause of which only the beginning is there."
    playback.sent(0, text, pcm(500))
    clock.now += 0.5
    assert text.startswith(playback.heard())
    assert len(playback.heard()) < 20
    playback.ended(0)
    assert playback.heard() == text


def test_clauses_that_are_only_shown_are_heard_once_all_before_them_was(playback: Playback, clock: Clock) -> None:
    playback.sent(0, "Done. ", pcm(100))
    playback.ended(0)
    playback.sent(1, "😀", b"")
    playback.ended(1)
    assert playback.heard() == ""
    clock.now += 1
    assert playback.heard() == "Done. 😀"


def test_pausing_keeps_the_place_and_resuming_gives_the_rest(playback: Playback, clock: Clock) -> None:
    playback.sent(0, "a", pcm(400, 1))
    clock.now += 0.1
    playback.pause()
    clock.now += 60
    playback.sent(1, "b", pcm(100, 2))
    assert (playback.playing, round(playback.played_ms)) == (False, 100)
    assert playback.resume() == [(0, pcm(300, 1)), (1, pcm(100, 2))]
    clock.now += 0.2
    assert (playback.playing, round(playback.played_ms)) == (True, 300)
    clock.now += 9
    assert playback.resume() == []


def test_the_client_is_believed(playback: Playback, clock: Clock) -> None:
    playback.sent(0, "One two three four.", pcm(400))
    playback.ended(0)
    clock.now += 0.4
    playback.told(100)
    assert (playback.playing, playback.played_ms, playback.heard()) == (True, 100, "One")
    playback.pause()
    playback.told(200)
    assert playback.heard() == "One two"
    assert playback.resume() == [(0, pcm(200))]
    playback.told(10**9)
    assert playback.played_ms == 400
    playback.told(-5)
    assert playback.played_ms == 0


def test_half_a_sample_is_refused(playback: Playback) -> None:
    with pytest.raises(ValueError, match="half"):
        playback.sent(0, "a", b"123")


def test_what_was_played_long_ago_is_forgotten(playback: Playback, clock: Clock) -> None:
    for number in range(200):
        playback.sent(number, f"{number} ", pcm(1000))
        playback.ended(number)
        clock.now += 1
    assert playback.heard().split() == [str(number) for number in range(200)]
    playback.told(0)
    rest = sum(len(part) for _, part in playback.resume())
    assert KEPT_MS <= rest / 48 <= KEPT_MS + 2000


def test_the_reference_is_what_is_audible_now(playback: Playback, clock: Clock) -> None:
    def means() -> list[float]:
        heard = playback.reference(400)
        assert heard.dtype == np.float32
        assert len(heard) == 400 * OUT_RATE // 1000
        return [round(float(part.mean()) * 4, 2) for part in np.split(heard, 4)]

    assert means() == [0, 0, 0, 0]
    playback.sent(0, "a", pcm(200, 8192))
    clock.now += 0.1
    assert means() == [0, 0, 0, 1]
    clock.now += 0.2
    assert means() == [0, 1, 1, 0]
    playback.sent(0, "a", pcm(500, 16384))
    clock.now += 0.1
    assert means() == [1, 1, 0, 2]
    playback.pause()
    clock.now += 0.1
    assert means() == [1, 0, 2, 0]
    playback.resume()
    clock.now += 0.1
    assert means() == [0, 2, 0, 2]


class Playing(RuleBasedStateMachine):
    """Whatever happens, a place is only ever left forwards, and what was heard is the beginning of what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.playback = Playback(self.clock)
        self.clause, self.text, self.last, self.total = -1, "", 0.0, 0

    @rule(ms=st.integers(0, 3000), new=st.booleans())
    def send(self, ms: int, new: bool) -> None:
        if new or self.clause < 0:
            self.playback.ended(self.clause)
            self.clause += 1
            self.text += f"word{self.clause} and more. "
        self.playback.sent(self.clause, f"word{self.clause} and more. ", pcm(ms))
        self.total += ms

    @rule(ms=st.integers(0, 4000))
    def wait(self, ms: int) -> None:
        self.clock.now += ms / 1000

    @rule()
    def pause(self) -> None:
        self.playback.pause()
        assert not self.playback.playing

    @rule()
    def resume(self) -> None:
        before = self.playback.played_ms
        rest = sum(len(part) for _, part in self.playback.resume()) / 48
        assert self.playback.played_ms == before
        assert rest == pytest.approx(self.total - before, abs=0.1)

    @rule(share=st.floats(0, 1))
    def told(self, share: float) -> None:
        low = max(self.last, self.total - 1000)  # no further back than what is kept
        ms = low + share * (self.total - low)
        before = self.playback.played_ms
        self.playback.told(ms)
        assert self.playback.played_ms in (before, pytest.approx(ms, abs=0.1))
        self.last = self.playback.played_ms

    @invariant()
    def forwards(self) -> None:
        assert self.last <= self.playback.played_ms <= self.playback.sent_ms
        self.last = self.playback.played_ms
        assert self.text.startswith(self.playback.heard())

    @invariant()
    def referenced(self) -> None:
        assert len(self.playback.reference(50)) == 1200


TestPlaying = Playing.TestCase
TestPlaying.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


@given(st.floats(0, 2000))
def test_any_length_of_reference(ms: float) -> None:
    assert abs(len(Playback().reference(ms)) - ms * 24) <= 1
