"""Effects on audio: the ratios asked for, lengths kept, the same seed giving the same samples, nothing that is no number."""

from __future__ import annotations

import numpy as np
import pytest

from flows.steps.speech import augment
from flows.steps.speech.augment import NOISE_KINDS, Audio

RATE = 16000


def tone(seconds: float = 1.0, hz: float = 440.0, rate: int = RATE) -> Audio:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def decibels(audio: Audio) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))))


@pytest.mark.parametrize("snr", [-5.0, 0.0, 10.0, 30.0])
def test_mixing_gives_the_ratio_that_was_asked_for(snr: float) -> None:
    noise = augment.noise("white", RATE, np.random.default_rng(0))
    mixed = augment.mix(tone(), noise, snr, RATE)
    assert decibels(tone()) - decibels(mixed - tone()) == pytest.approx(snr, abs=0.2)


def test_the_ratio_is_that_of_the_speech_and_not_of_the_silence_around_it() -> None:
    speech = np.concatenate((np.zeros(3 * RATE, np.float32), tone()))
    mixed = augment.mix(speech, augment.noise("pink", RATE, np.random.default_rng(0)), 10.0, RATE)
    assert decibels(tone()) - decibels((mixed - speech)[-RATE:]) == pytest.approx(10.0, abs=1.0)


def test_silence_gets_no_noise() -> None:
    assert not augment.mix(np.zeros(RATE, np.float32), tone(), 0.0, RATE).any()


@pytest.mark.parametrize(("before", "after"), [(22050, 16000), (16000, 22050), (8000, 16000), (48000, 16000), (16000, 16000)])
def test_resampling_keeps_the_pitch_and_the_time(before: int, after: int) -> None:
    audio = augment.resample(tone(rate=before), before, after)
    assert len(audio) == after
    strongest = np.abs(np.fft.rfft(audio * np.hanning(after))).argmax()
    assert strongest == pytest.approx(440, abs=1)


def test_speed_shortens_and_raises() -> None:
    faster = augment.speed(tone(), 1.1)
    assert len(faster) == pytest.approx(RATE / 1.1, abs=2)
    strongest = np.abs(np.fft.rfft(faster * np.hanning(len(faster)))).argmax() * RATE / len(faster)
    assert strongest == pytest.approx(484, abs=2)


def test_a_telephone_loses_what_lies_outside_of_its_band() -> None:
    def loss(hz: float) -> float:
        return decibels(tone(hz=hz)) - decibels(augment.band_pass(tone(hz=hz), RATE, 300, 3400))

    assert loss(1000) < 0.5
    assert loss(80) > 25
    assert loss(7000) > 20


def test_a_tilt_is_a_slope_around_1_khz() -> None:
    def gain(hz: float) -> float:
        return decibels(augment.tilt(tone(hz=hz), RATE, -3.0)) - decibels(tone(hz=hz))

    assert gain(1000) == pytest.approx(0, abs=0.3)
    assert gain(4000) == pytest.approx(-6, abs=0.5)


def test_a_room_begins_with_the_direct_sound_and_decays() -> None:
    response = augment.impulse_response(np.random.default_rng(1), RATE, t60_s=0.4, direct_db=0.0)
    assert response[0] == 1.0
    assert np.sum(response[1:] ** 2) == pytest.approx(1.0, rel=1e-3)
    assert decibels(response[1000:2000]) - decibels(response[-1000:]) > 30


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_noises_have_their_length_and_loudness(kind: augment.NoiseKind) -> None:
    for samples in (0, 1, 399, RATE):
        audio = augment.noise(kind, samples, np.random.default_rng(3))
        assert audio.shape == (samples,)
        assert audio.dtype == np.float32
        assert np.isfinite(audio).all()
    assert decibels(audio) == pytest.approx(-20, abs=0.1)


def test_brown_falls_faster_than_pink_and_pink_than_white() -> None:
    def high_share(kind: augment.NoiseKind) -> float:
        power = np.abs(np.fft.rfft(augment.noise(kind, RATE, np.random.default_rng(0)))) ** 2
        return float(power[2000:].sum() / power.sum())

    assert high_share("white") > high_share("pink") > high_share("brown")


def test_babble_is_made_of_the_talkers() -> None:
    rng = np.random.default_rng(0)
    spectrum = np.abs(np.fft.rfft(augment.babble(RATE, rng, [tone(hz=500), tone(0.5, hz=1500)], voices=6)))
    assert set(np.argsort(spectrum)[-2:]) <= {499, 500, 501, 1499, 1500, 1501}
    assert augment.babble(RATE, rng, []).shape == (RATE,)


def test_clipping_and_steps() -> None:
    clipped = augment.clip(tone(), 2.0)
    assert np.abs(clipped).max() == 1.0
    assert (np.abs(clipped) == 1.0).mean() > 0.5
    assert len(np.unique(augment.quantise(tone(), 6))) <= 65
    assert np.abs(augment.quantise(tone(), 8) - tone()).max() < 0.02


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("samples", [0, 1, 200, 16000])
def test_augmented_audio_stays_in_range(strength: float, samples: int) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        audio = augment.augment(tone()[:samples], RATE, rng, strength, talkers=[tone(0.3)], keep_length=bool(seed % 2))
        assert np.isfinite(audio).all()
        assert np.abs(audio).max(initial=0.0) <= 1.0
        assert audio.dtype == np.float32
        if seed % 2 or strength == 0 or samples < 200:
            assert abs(len(audio) - samples) <= 1


def test_the_same_seed_gives_the_same_samples_and_another_others() -> None:
    def made(seed: int) -> Audio:
        return augment.augment(tone(), RATE, np.random.default_rng(seed), talkers=[tone(0.2)])

    assert np.array_equal(made(4), made(4))
    assert not np.array_equal(made(4), made(5))


def test_silence_stays_silent_or_gets_an_offset_alone() -> None:
    for seed in range(20):
        audio = augment.augment(np.zeros(4000, np.float32), RATE, np.random.default_rng(seed), keep_length=True)
        assert np.ptp(audio) == 0.0


def test_a_background_that_is_given_is_what_is_mixed_in() -> None:
    hum = tone(2.0, hz=3000)
    loudest = []
    for seed in range(10):
        audio = augment.augment(tone(), RATE, np.random.default_rng(seed), 1.4, noises=[hum], keep_length=True)
        spectrum = np.abs(np.fft.rfft(audio))
        loudest.append(spectrum[2990:3010].max() > 20 * np.median(spectrum))
    assert any(loudest)
