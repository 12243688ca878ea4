"""Who speaks when: Silero and its stand-in, in pieces of any size, and the end of a turn between its floor and its cap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schemas.errors import AudioUnusable, ConfigError, ModelUnusable
from serve.engines import voice_activity
from serve.engines.samples import RATE
from serve.engines.voice_activity import Endpointer, Endpointing, EnergyVad, SileroVad, VoiceActivity, open_voice_activity

KINDS = [SileroVad, EnergyVad]


@pytest.fixture(scope="module")
def said() -> np.ndarray:
    """Two seconds of silence and a short phrase, thrice."""
    with np.load(Path(__file__).parents[1] / "fixtures" / "wake.npz", allow_pickle=False) as kept:
        return kept["audio"].astype(np.float32) / 32768


class Told:
    """A voice activity that says what it is told: one probability for each window."""

    def __init__(self, *values: float) -> None:
        self._values = list(values)

    def push(self, audio: np.ndarray) -> np.ndarray:
        count = len(audio) // voice_activity.WINDOW
        given, self._values = self._values[:count], self._values[count:]
        return np.array(given, np.float32)

    def reset(self) -> None:
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_speech_is_told_from_silence(kind: type[VoiceActivity], said: np.ndarray) -> None:
    values = kind().push(said[: len(said) // 3])
    assert values[: int(1.8 * RATE / 512)].max() < 0.35
    assert values[int(2 * RATE / 512) :].max() > 0.8
    assert ((values >= 0) & (values <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [320, 511, 512, 513, 7000])
def test_pieces_of_any_size_give_the_same_probabilities(kind: type[VoiceActivity], said: np.ndarray, size: int) -> None:
    whole, stream = kind().push(said), kind()
    parts = np.concatenate([stream.push(said[at : at + size]) for at in range(0, len(said), size)])
    assert parts == pytest.approx(whole, abs=1e-3)
    stream.reset()
    assert stream.push(said) == pytest.approx(whole, abs=1e-3)


def test_silero_hears_as_it_does_in_faster_whisper(said: np.ndarray) -> None:
    from faster_whisper.vad import get_vad_model

    whole = said[: len(said) // 512 * 512]
    assert SileroVad().push(whole) == pytest.approx(np.asarray(get_vad_model()(whole)).reshape(-1), abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_an_offset_is_not_speech_and_steady_noise_not_for_long(kind: type[VoiceActivity]) -> None:
    assert kind().push(np.full(5 * RATE, 0.5, np.float32)).max() < 0.5
    noise = (0.05 * np.random.default_rng(0).standard_normal(20 * RATE)).astype(np.float32)
    assert kind().push(noise)[-100:].max() < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_bad_audio_is_refused(kind: type[VoiceActivity]) -> None:
    with pytest.raises(AudioUnusable):
        kind().push(np.full(10, np.nan, np.float32))
    with pytest.raises(AudioUnusable):
        kind().push(np.zeros((2, 10), np.float32))


def test_loudness_stands_in_where_the_network_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModelUnusable("not installed")

    assert isinstance(open_voice_activity(), SileroVad)
    monkeypatch.setattr(voice_activity, "_session", missing)
    assert isinstance(open_voice_activity(), EnergyVad)


def run(values: list[float], finished: list[bool] | None = None, **settings: float) -> list[tuple[str, int, int]]:
    """Events as (kind, window at which it was, window at which it was told)."""
    answers = iter(finished or [])
    endpointer = Endpointer(
        Endpointing(**settings),  # type: ignore[arg-type]
        Told(*values),
        (lambda: next(answers)) if finished is not None else (lambda: True),
    )
    events = endpointer.push(np.zeros(len(values) * 512, np.float32))
    return [(each.kind, round(each.at_s / 0.032), round(each.told_s / 0.032)) for each in events]


def test_a_finished_turn_ends_at_the_floor() -> None:
    assert run([0] * 5 + [1] * 20 + [0] * 40, floor_ms=320, cap_ms=960) == [("started", 5, 8), ("ended", 25, 35)]


def test_an_unfinished_turn_ends_at_the_cap() -> None:
    events = run([0] * 5 + [1] * 20 + [0] * 40, finished=[False] * 40, floor_ms=320, cap_ms=960)
    assert events == [("started", 5, 8), ("ended", 25, 55)]


def test_a_turn_that_is_finished_later_ends_then() -> None:
    events = run([1] * 10 + [0] * 40, finished=[False, False, True], floor_ms=320, cap_ms=960)
    assert events[-1] == ("ended", 10, 22)


def test_a_pause_within_a_sentence_ends_nothing() -> None:
    assert run([1] * 10 + [0] * 9 + [1] * 10, floor_ms=320, cap_ms=960) == [("started", 0, 3)]


def test_a_click_is_not_the_start_of_speech() -> None:
    assert run([0, 1, 1, 0, 0, 1, 0, 1, 1, 0] * 5) == []


def test_a_weak_syllable_is_still_speech() -> None:
    assert run([1] * 10 + [0.4] * 50) == [("started", 0, 3)]
    assert run([0.4] * 50) == []


def test_two_turns_follow_one_another() -> None:
    values = ([0] * 10 + [1] * 10 + [0] * 20) * 2
    assert [kind for kind, _, _ in run(values)] == ["started", "ended", "started", "ended"]


def test_each_saying_is_a_turn(said: np.ndarray) -> None:
    endpointer = Endpointer(Endpointing(floor_ms=300))
    events = [event for at in range(0, len(said), 320) for event in endpointer.push(said[at : at + 320])]
    events += endpointer.push(np.zeros(RATE, np.float32))
    assert [each.kind for each in events] == ["started", "ended"] * 3
    assert not endpointer.speaking


@pytest.mark.parametrize(
    "settings", [{"floor_ms": 0}, {"floor_ms": 900, "cap_ms": 800}, {"cap_ms": 90_000}, {"start_ms": 0}, {"release": 0.9}]
)
def test_settings_that_contradict_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Endpointing(**settings)  # type: ignore[arg-type]
