"""The pitch of clean speech of one voice, by the autocorrelation of short windows."""

from __future__ import annotations

import numpy as np

LOWEST, HIGHEST = 60.0, 420.0  # Hz
_WINDOW, _SIZE = 512, 1024  # at half the rate
VOICED = 0.5  # autocorrelation of a voiced window, at least
OCTAVE = 0.06  # what a period twice as long must correlate better


def pitch(audio: np.ndarray, rate: int, hop: int) -> tuple[np.ndarray, np.ndarray]:
    """Hz and voicing (0 or 1) of each ``hop`` samples of ``audio``, both float32; unvoiced frames lie between their neighbours.

    Autocorrelation corrected for the window, Boersma 1993, "Accurate short-term analysis of the fundamental frequency".
    """
    half = (audio[: len(audio) // 2 * 2].reshape(-1, 2).mean(axis=1)).astype(np.float32)
    rate, step = rate // 2, hop // 2
    count = -(-len(audio) // hop)
    padded = np.pad(half, (_WINDOW // 2 - step // 2, _WINDOW + step))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::step][:count]
    shape = np.hanning(_WINDOW).astype(np.float32)
    spectrum = np.fft.rfft((windows - windows.mean(axis=1, keepdims=True)) * shape, _SIZE)
    low, high = int(rate / HIGHEST), int(rate / LOWEST) + 1
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:, : high + 2]
    own = np.fft.irfft(np.abs(np.fft.rfft(shape, _SIZE)) ** 2)[: high + 2]
    energy = correlation[:, :1]
    correlation = correlation / (energy + 1e-9) / (own / own[0])
    # The shortest of nearly equal periods: a multiple of the period correlates as well.
    lags = np.arange(low, high)
    best = low + np.argmax(correlation[:, low:high] - OCTAVE * np.log2(lags / low), axis=1)
    rows = np.arange(count)
    left, mid, right = (correlation[rows, best + offset] for offset in (-1, 0, 1))
    bend = left - 2 * mid + right
    exact = best + np.where(np.abs(bend) > 1e-6, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-6, bend, 1.0), 0.0).clip(
        -0.5, 0.5
    )
    voiced = (mid > VOICED) & (energy[:, 0] / _WINDOW > 1e-5)
    hertz = _without_jumps(rate / exact, voiced)
    return hertz.astype(np.float32), voiced.astype(np.float32)


def _without_jumps(hertz: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    if not voiced.any():
        return np.full_like(hertz, 100.0)
    middle = np.median(hertz[voiced])
    sure = voiced & (hertz > 0.6 * middle) & (hertz < 1.7 * middle)
    if not sure.any():
        return np.full_like(hertz, middle)
    return np.interp(np.arange(len(hertz)), np.flatnonzero(sure), hertz[sure])
