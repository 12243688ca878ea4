"""What rooms, microphones and lines do to speech, made from a random generator: numpy and scipy alone, some 3 ms a clip.

Audio is mono float32 in [-1, 1]. Every function gives a new array and never NaN. Does not cover where speech comes from
(espeak), nor masking of features, which belongs to the model that is trained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import fftconvolve, resample_poly

Audio = NDArray[np.float32]
NoiseKind = Literal["white", "pink", "brown", "hum", "fan", "clicks", "music"]
NOISE_KINDS: tuple[NoiseKind, ...] = get_args(NoiseKind)

_EPSILON = 1e-9
_FRAME_S = 0.02
_SOUND_M_S = 343.0


def resample(audio: Audio, rate_from: int, rate_to: int) -> Audio:
    """Polyphase resampling; the length becomes ceil(len * rate_to / rate_from)."""
    if rate_from == rate_to or audio.size == 0:
        return audio.astype(np.float32)
    common = math.gcd(rate_from, rate_to)
    return resample_poly(audio, rate_to // common, rate_from // common).astype(np.float32)


def speed(audio: Audio, factor: float) -> Audio:
    """Play ``factor`` times as fast, pitch and formants shifted along; steps of about 1%, so that the filters stay short."""
    ratio = Fraction(factor).limit_denominator(100)
    if ratio == 1 or audio.size == 0:
        return audio.astype(np.float32)
    return resample_poly(audio, ratio.denominator, ratio.numerator).astype(np.float32)


def level(audio: Audio, rate: int) -> float:
    """RMS over the 20 ms frames within 30 dB of the loudest one: how loud the speech is, however much silence lies around it."""
    frame = max(1, int(rate * _FRAME_S))
    if audio.size < frame:
        return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) if audio.size else 0.0
    whole = audio[: audio.size // frame * frame].reshape(-1, frame)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    return float(np.sqrt(power[power >= power.max() * 1e-3].mean()))


def mix(audio: Audio, other: Audio, snr_db: float, rate: int) -> Audio:
    """``audio`` with ``other`` under it, the ratio of their levels being ``snr_db``; ``other`` is repeated or cut to fit.

    Silent audio gets none of it, for no ratio can be had.
    """
    signal, background = level(audio, rate), level(other, rate)
    if signal < _EPSILON or background < _EPSILON:
        return audio.astype(np.float32)
    scale = signal / background * 10 ** (-snr_db / 20)
    return (audio + np.resize(other, audio.size) * scale).astype(np.float32)


def tilt(audio: Audio, rate: int, db_per_octave: float) -> Audio:
    """A straight slope over log frequency around 1 kHz, held flat below 50 Hz."""
    octaves = np.log2(np.maximum(_frequencies(audio.size, rate), 50.0) / 1000.0)
    return _shaped(audio, 10 ** (db_per_octave * octaves / 20))


def equalise(audio: Audio, rate: int, rng: np.random.Generator, range_db: float = 6.0, bands: int = 6) -> Audio:
    """A smooth random response: ``bands`` gains within ± ``range_db``, joined over log frequency."""
    knots = np.geomspace(80.0, rate / 2, bands)
    gains = rng.uniform(-range_db, range_db, bands)
    curve = np.interp(np.log(np.maximum(_frequencies(audio.size, rate), 1.0)), np.log(knots), gains)
    return _shaped(audio, 10 ** (curve / 20))


def band_pass(audio: Audio, rate: int, low_hz: float, high_hz: float, order: int = 4) -> Audio:
    """Butterworth magnitudes with no phase; ``low_hz`` 0 is a low-pass. A telephone is 300 to 3,400 Hz."""
    frequencies = np.maximum(_frequencies(audio.size, rate), 1e-3)
    gain = 1 / np.sqrt(1 + (frequencies / high_hz) ** (2 * order))
    if low_hz > 0:
        gain /= np.sqrt(1 + (low_hz / frequencies) ** (2 * order))
    return _shaped(audio, gain)


def impulse_response(rng: np.random.Generator, rate: int, t60_s: float, direct_db: float) -> Audio:
    """A room: the direct sound, a few early taps as walls give them, then a tail of noise that falls 60 dB in ``t60_s``.

    ``direct_db`` is the energy of the direct sound against all the rest. The first sample is the direct sound, so
    nothing is delayed.
    """
    length = max(int(rate * t60_s), 8)
    when = np.arange(length) / rate
    tail = rng.standard_normal(length) * 10 ** (-3 * when / t60_s)
    tail *= np.clip((when - 0.002) / 0.02, 0, 1)  # it builds up while reflections become dense
    size = rng.uniform(2.0, 8.0)  # metres, the order of a room's side
    for distance in rng.uniform(0.3, 2.0, rng.integers(3, 9)) * size:
        at = int(rate * distance / _SOUND_M_S)
        if 0 < at < length:
            tail[at] += rng.choice((-1, 1)) * rng.uniform(2.0, 6.0) / (1 + distance) * 10 ** (-3 * at / rate / t60_s)
    tail[0] = 0.0
    tail *= 10 ** (-direct_db / 20) / max(_EPSILON, float(np.sqrt(np.sum(tail**2))))
    tail[0] = 1.0
    return tail.astype(np.float32)


def reverb(audio: Audio, rate: int, rng: np.random.Generator, t60_s: float | None = None) -> Audio:
    """``audio`` in a made-up room, as loud and as long as before; ``t60_s`` is drawn from 0.1 to 0.8 s unless given."""
    if audio.size == 0:
        return audio.astype(np.float32)
    t60_s = float(rng.uniform(0.1, 0.8)) if t60_s is None else t60_s
    response = impulse_response(rng, rate, t60_s, direct_db=float(rng.uniform(-4.0, 12.0)))
    wet = fftconvolve(audio, response)[: audio.size]
    before, after = level(audio, rate), level(wet.astype(np.float32), rate)
    return (wet * (before / after if after > _EPSILON else 1.0)).astype(np.float32)


def noise(kind: NoiseKind, samples: int, rng: np.random.Generator, rate: int = 16000) -> Audio:
    """``samples`` of one kind of noise, at an RMS of 0.1."""
    return _levelled(_MAKERS[kind](samples, rng, rate)) if samples else np.zeros(0, np.float32)


def babble(samples: int, rng: np.random.Generator, talkers: Sequence[Audio], voices: int = 5) -> Audio:
    """Several of ``talkers`` at once, each repeated from a random place and about as loud as the others, at an RMS of 0.1."""
    if not talkers:
        return noise("pink", samples, rng)
    total = np.zeros(samples, np.float32)
    for _ in range(voices):
        talker = talkers[int(rng.integers(len(talkers)))]
        if talker.size:
            total += np.resize(np.roll(talker, int(rng.integers(talker.size))), samples) * float(rng.uniform(0.4, 1.0))
    return _levelled(total)


def clip(audio: Audio, drive: float) -> Audio:
    """Overdriven: the peak taken to ``drive`` times full scale, what stands over is cut off."""
    peak = float(np.abs(audio).max(initial=0.0))
    return np.clip(audio * (drive / peak), -1, 1).astype(np.float32) if peak > _EPSILON else audio.astype(np.float32)


def quantise(audio: Audio, bits: int) -> Audio:
    """Mu-law steps, as old codecs make them: 8 bits is G.711's."""
    steps, mu = 2 ** (bits - 1), 255.0
    pressed = np.sign(audio) * np.log1p(mu * np.abs(np.clip(audio, -1, 1))) / math.log1p(mu)
    rounded = np.round(pressed * steps) / steps
    return (np.sign(rounded) * np.expm1(np.abs(rounded) * math.log1p(mu)) / mu).astype(np.float32)


def set_peak(audio: Audio, peak: float) -> Audio:
    highest = float(np.abs(audio).max(initial=0.0))
    return (audio * (peak / highest)).astype(np.float32) if highest > _EPSILON else audio.astype(np.float32)


def augment(
    audio: Audio,
    rate: int,
    rng: np.random.Generator,
    strength: float = 1.0,
    talkers: Sequence[Audio] = (),
    keep_length: bool = False,
    noises: Sequence[Audio] = (),
) -> Audio:
    """One clip as some microphone in some room may have heard it. The peak never exceeds 1.

    ``strength`` 0 only sets the gain, 1 is what training wants, above 1 is harder; it scales how often each effect comes and
    how far it goes. ``talkers`` (at ``rate``) make babble; the background is cut from ``noises`` instead, where
    they are given, which is twice as fast. Without ``keep_length`` the speed varies by up to 12%.
    """
    happens = lambda chance: bool(rng.random() < chance * strength)  # noqa: E731
    if audio.size == 0:
        return audio.astype(np.float32)
    if not keep_length and happens(0.6):
        audio = speed(audio, float(rng.uniform(1 - 0.12 * min(strength, 1.5), 1 + 0.12 * min(strength, 1.5))))
    if happens(0.4):
        audio = reverb(audio, rate, rng)
    if happens(0.5):
        audio = equalise(audio, rate, rng, 5.0 * strength)
    if happens(0.4):
        audio = tilt(audio, rate, float(rng.uniform(-3.0, 2.0)) * strength)
    if happens(0.7):
        background = _cut(noises, audio.size, rng) if noises else any_noise(audio.size, rng, rate, talkers)
        audio = mix(audio, background, _ratio(rng, strength), rate)
    if happens(0.15):
        audio = band_pass(audio, rate, float(rng.choice((0.0, 150.0, 300.0))), float(rng.uniform(2800, rate * 0.45)))
    if happens(0.06):
        audio = clip(audio, float(rng.uniform(1.2, 4.0)))
    audio = set_peak(audio, float(10 ** rng.uniform(-1.3, -0.02)))
    if happens(0.08):
        audio = quantise(audio, int(rng.integers(6, 9)))
    if happens(0.08):
        audio = audio + np.float32(rng.uniform(-0.05, 0.05))
    return np.clip(audio, -1, 1).astype(np.float32)


def any_noise(samples: int, rng: np.random.Generator, rate: int, talkers: Sequence[Audio] = ()) -> Audio:
    """One kind of noise or two together, babble among them when there are ``talkers``; an RMS of 0.1."""
    kinds: list[str] = [*NOISE_KINDS, *(["babble", "babble"] if talkers else [])]
    chosen = rng.choice(kinds, 1 + int(rng.random() < 0.3))
    parts = [
        babble(samples, rng, talkers, int(rng.integers(2, 8))) if k == "babble" else noise(k, samples, rng, rate) for k in chosen
    ]
    return _levelled(sum((part * float(rng.uniform(0.3, 1)) for part in parts), np.zeros(samples)))


def _cut(noises: Sequence[Audio], samples: int, rng: np.random.Generator) -> Audio:
    chosen = noises[int(rng.integers(len(noises)))]
    at = int(rng.integers(max(1, chosen.size - samples)))
    return chosen[at : at + samples]


def _ratio(rng: np.random.Generator, strength: float) -> float:
    """8 to 40 dB at strength 1, mostly above 15."""
    return float(8 + 32 * rng.beta(1.2, 1.5) - 6 * (strength - 1))


def _levelled(audio: NDArray[Any]) -> Audio:
    rms = float(np.sqrt(np.mean(np.square(audio)))) if audio.size else 0.0
    return (audio * (0.1 / rms)).astype(np.float32) if rms > _EPSILON else audio.astype(np.float32)


def _frequencies(samples: int, rate: int) -> NDArray[Any]:
    return rfftfreq(_padded(samples), 1 / rate)


def _padded(samples: int) -> int:
    """A length that the transform is fast for, a little longer, so that the end does not wrap into the beginning."""
    length: Any = next_fast_len(samples + 256, real=True)
    return length


def _shaped(audio: Audio, gain: NDArray[Any]) -> Audio:
    length = _padded(audio.size)
    spectrum: Any = rfft(audio.astype(np.float32), length)
    shaped: Any = irfft(spectrum * gain.astype(np.float32), length)
    return shaped[: audio.size]


def _coloured(samples: int, rng: np.random.Generator, rate: int, slope: float) -> NDArray[Any]:
    """White noise whose power falls as frequency to the ``slope``, flat below 20 Hz."""
    gain = np.maximum(_frequencies(samples, rate), 20.0) ** (-slope / 2)
    gain[0] = 0.0
    return _shaped(rng.standard_normal(samples, np.float32), gain / gain.max())


def _white(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    return rng.standard_normal(samples, np.float32)


def _pink(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    return _coloured(samples, rng, rate, 1.0)


def _brown(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    return _coloured(samples, rng, rate, 2.0)


def _hum(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    """Mains at 50 or 60 Hz with harmonics, and a little hiss."""
    when = np.arange(samples) / rate
    base = float(rng.choice((50.0, 60.0)))
    total = 0.02 * rng.standard_normal(samples)
    for harmonic in range(1, int(rng.integers(4, 12))):
        total += rng.uniform(0.1, 1) / harmonic * np.sin(2 * np.pi * (base * harmonic * when + rng.random()))
    return total


def _fan(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    """Low noise whose loudness goes round with the blades, and their tone."""
    when = np.arange(samples) / rate
    blades = float(rng.uniform(15.0, 120.0))
    air = _coloured(samples, rng, rate, float(rng.uniform(1.0, 2.0)))
    air = air / max(_EPSILON, float(air.std()))
    turn = np.sin(2 * np.pi * blades * when)
    return air * (1 + rng.uniform(0.1, 0.5) * turn) + rng.uniform(0.0, 0.5) * turn


def _clicks(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    """Knocks, dishes and keys: short bursts that ring at random pitches, over a faint hiss."""
    total = 0.003 * rng.standard_normal(samples)
    for _ in range(1 + rng.poisson(3.0 * samples / rate)):
        length = int(rate * rng.uniform(0.003, 0.08))
        at = int(rng.integers(0, max(1, samples - length)))
        when = np.arange(min(length, samples - at)) / rate
        ring = np.sin(2 * np.pi * rng.uniform(200, 5000) * when) + rng.uniform(0, 1) * rng.standard_normal(when.size)
        total[at : at + when.size] += rng.uniform(0.2, 1) * ring * np.exp(-6 * when / (length / rate))
    return total


def _music(samples: int, rng: np.random.Generator, rate: int) -> NDArray[Any]:
    """Chords and a tune of plucked or held tones with harmonics."""
    total = np.zeros(samples)
    beat = int(rate * rng.uniform(0.15, 0.6))
    scale = np.array((0, 2, 4, 5, 7, 9, 11, 12)) + int(rng.integers(-5, 7))
    decay, brightness = float(rng.uniform(0.5, 8)), float(rng.uniform(0.8, 2.0))
    for at in range(0, samples, beat):
        when = np.arange(min(beat, samples - at)) / rate
        shape = np.exp(-decay * when) * np.minimum(1, when / 0.01)
        for note in rng.choice(scale, int(rng.integers(1, 4))):
            pitch = 220.0 * 2 ** (note / 12) * float(rng.choice((0.5, 1, 2)))
            for harmonic in range(1, 6):
                if pitch * harmonic < rate / 2:
                    total[at : at + when.size] += shape * np.sin(2 * np.pi * pitch * harmonic * when) / harmonic**brightness
    return total


_MAKERS = {
    "white": _white,
    "pink": _pink,
    "brown": _brown,
    "hum": _hum,
    "fan": _fan,
    "clicks": _clicks,
    "music": _music,
}
