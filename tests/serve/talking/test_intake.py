"""Audio of any rate, width and number of channels, in pieces of any size, comes out as the same samples."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import AudioUnusable
from serve.talking.intake import MOST, Coding, Intake


def tone(seconds: float, rate: int, hertz: float = 440.0, loud: float = 0.3) -> np.ndarray:
    return loud * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def pcm(audio: np.ndarray) -> bytes:
    return (audio * 32767).round().clip(-32768, 32767).astype("<i2").tobytes()


def in_pieces(intake: Intake, data: bytes, size: int) -> np.ndarray:
    return np.concatenate([intake.push(data[at : at + size]) for at in range(0, len(data), size)])


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
def test_any_rate_becomes_ours_without_clicks(rate: int) -> None:
    heard = in_pieces(Intake(rate), pcm(tone(1, rate)), 2 * rate // 50)
    assert len(heard) == pytest.approx(16000, abs=400)
    steady = heard[4000:12000]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    peak = int(spectrum.argmax())
    assert peak * 2 == pytest.approx(440, abs=3)
    beside = np.delete(spectrum, range(peak - 5, peak + 6))
    assert beside.max() < 0.003 * spectrum[peak]  # a click at a border between pieces would be broad


@settings(deadline=None, max_examples=25)
@given(size=st.integers(1, 5000), rate=st.sampled_from([8000, 16000, 24000, 44100]), channels=st.integers(1, 3))
def test_pieces_of_any_size_give_the_same_samples(size: int, rate: int, channels: int) -> None:
    rng = np.random.default_rng(size)
    data = pcm(0.2 * rng.standard_normal(rate // 10 * channels))
    whole, parts = Intake(rate, channels).push(data), in_pieces(Intake(rate, channels), data, size)
    assert parts == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize(("coding", "codec"), [("g711_ulaw", "pcm_mulaw"), ("g711_alaw", "pcm_alaw")])
def test_g711_is_what_ffmpeg_makes_of_it(coding: Coding, codec: str) -> None:
    import av

    codes = bytes(range(256)) * 4
    file = io.BytesIO(codes)
    with av.open(file, format="mulaw" if "mu" in codec else "alaw", options={"sample_rate": "16000"}) as container:
        levels = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    ours, theirs = Intake(16000, coding=coding).push(codes), Intake(16000).push(levels.astype("<i2").tobytes())
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_channels_are_averaged() -> None:
    stereo = np.stack((tone(0.1, 16000), -tone(0.1, 16000)), axis=1)
    assert np.abs(Intake(16000, 2).push(pcm(stereo.reshape(-1)))).max() < 1e-3


def test_an_offset_is_removed_and_a_voice_is_not() -> None:
    heard = Intake(16000).push(pcm(tone(1, 16000, 120) + 0.4))
    assert abs(heard[4000:].mean()) < 0.002
    assert heard[4000:].std() == pytest.approx(0.3 / 2**0.5, rel=0.03)
    assert np.abs(Intake(16000).push(pcm(np.full(16000, 0.9)))).max() < 1e-3


def test_the_loudest_samples_stay_in_range() -> None:
    square = np.sign(tone(0.5, 44100, 90))
    heard = Intake(44100).push(pcm(square))
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1


@pytest.mark.parametrize("asked", [(7999,), (48_001,), (0,), (16000, 0), (16000, 9), (16000, 1, "opus")])
def test_other_rates_channels_and_codings_are_refused(asked: tuple) -> None:
    with pytest.raises(AudioUnusable) as error:
        Intake(*asked)
    assert "8000" in error.value.hint


def test_too_much_at_once_is_refused_and_forgotten() -> None:
    intake = Intake(16000)
    with pytest.raises(AudioUnusable):
        intake.push(bytes(MOST + 1))
    assert len(intake.push(bytes(64))) == 32


def test_nothing_gives_nothing() -> None:
    intake = Intake(24000, 2)
    assert len(intake.push(b"")) == 0
    assert len(intake.push(b"\x01")) == 0
