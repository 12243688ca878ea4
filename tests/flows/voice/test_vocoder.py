import numpy as np
import pytest
import torch

from flows.steps.voice.pitch import pitch
from flows.steps.voice.vocoder import BINS, HOP, Vocoder, band_centres, spread

RATE = 22050
SILENT = -30.0


@pytest.fixture(scope="module")
def vocoder():
    return Vocoder(RATE, 80, 40)


def flat(frames, level, bands):
    return torch.full((1, frames, bands), float(level))


def test_flat_envelopes_give_the_sources_back(vocoder):
    torch.manual_seed(0)
    hertz, noise = torch.full((1, 60), 120.0), torch.randn(1, 60 * HOP)
    train = vocoder.pulse_train(hertz)
    voiced = vocoder(hertz, flat(60, 0, 80), flat(60, SILENT, 40), noise)
    rough = vocoder(hertz, flat(60, SILENT, 80), flat(60, 0, 40), noise)
    inner = slice(2 * HOP, -2 * HOP)
    assert torch.allclose(voiced[:, inner], train[:, inner], atol=1e-3)
    assert torch.allclose(rough[:, inner], noise[:, inner], atol=1e-4)


def test_a_pulse_train_has_equal_harmonics_and_no_alias(vocoder):
    spectrum = np.abs(np.fft.rfft(vocoder.pulse_train(torch.full((1, 690), 100.0))[0, : RATE * 4].numpy() * np.hanning(RATE * 4)))
    harmonics = spectrum[[400 * k for k in range(1, 99)]]
    assert harmonics.std() < 0.02 * harmonics.mean()
    assert spectrum[4 * 10_000 :].max() < 0.01 * harmonics.mean()


def test_the_pitch_that_is_asked_for_is_heard(vocoder):
    asked = torch.linspace(90, 180, 300)[None]
    falling = (-2 - 0.1 * torch.arange(80.0)).expand(1, 300, 80)
    audio = vocoder(asked, falling, flat(300, SILENT, 40), torch.zeros(1, 300 * HOP))[0].numpy()
    found, voiced = pitch(audio, RATE, HOP)
    assert voiced[5:-5].all()
    assert np.abs(1200 * np.log2(found[5:-5] / asked[0, 5:-5].numpy())).max() < 20


def test_noise_and_silence_have_no_pitch():
    rng = np.random.default_rng(0)
    for audio in (rng.normal(0, 0.1, RATE), np.zeros(RATE)):
        hertz, voiced = pitch(audio.astype(np.float32), RATE, HOP)
        assert voiced.mean() < 0.02
        assert np.isfinite(hertz).all()


def test_bands_reach_from_nothing_to_half_the_rate():
    centres = band_centres(80, RATE)
    assert centres[0] == 0
    assert centres[-1] == pytest.approx(RATE / 2)
    matrix = spread(80, RATE)
    assert matrix.shape == (80, BINS)
    assert torch.allclose(matrix.sum(dim=0), torch.ones(BINS), atol=1e-5)


def test_sound_is_differentiable(vocoder):
    pulses = flat(20, -4, 80).requires_grad_()
    vocoder(torch.full((1, 20), 120.0), pulses, flat(20, -4, 40), torch.randn(1, 20 * HOP)).square().sum().backward()
    assert torch.isfinite(pulses.grad).all()
    assert pulses.grad.abs().sum() > 0
