"""The network that hears the wake word: log-mel features, then convolutions that look back two seconds, every 80 ms.

No convolution is padded, so scores of a long recording and of a stream that is fed hop by hop are the same numbers. Does not
cover learning (learning), nor the file that is shipped (exporting).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import rfft
from torch import nn
from torch.nn import functional

RATE = 16000
WINDOW, STEP = 400, 160  # samples of a frame, and from one frame to the next
OVERLAP = WINDOW - STEP
BANDS = 40
FRAMES = 8
"""Frames a hop: the convolutions' strides multiplied."""
HOP = FRAMES * STEP
_LOW_HZ, _HIGH_HZ = 60.0, 7600.0
_FLOOR = 1e-5
FEATURE_SCALE = 4.0
"""A feature is log(1 + power / floor) divided by this."""
_EARLY = 2  # blocks between the strides


def mel_edges() -> NDArray[np.float64]:
    """Hertz of the bands' corners and centres, even on the mel scale (O'Shaughnessy 1987): (bands + 2,)."""
    mel = lambda hz: 2595 * math.log10(1 + hz / 700)  # noqa: E731
    return 700 * (10 ** (np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), BANDS + 2) / 2595) - 1)


def mel_bank() -> NDArray[np.float32]:
    """Triangles between them: (bands, bins of a ``WINDOW``-point transform)."""
    edges = mel_edges()
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_BANK = mel_bank()


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """What FrontEnd computes, by a fast transform: (samples,) to (frames, bands); digital silence is 0, full scale near 5."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, WINDOW)[::STEP]
    spectrum: Any = rfft(frames * _HANN)
    power = spectrum.real**2 + spectrum.imag**2
    return np.log1p(power @ _BANK.T / _FLOOR) / np.float32(FEATURE_SCALE)


class FrontEnd(nn.Module):
    """Audio (batch, samples) at 16 kHz to features (batch, frames, bands), by convolutions that every runtime has."""

    def __init__(self) -> None:
        super().__init__()
        used = np.flatnonzero(_BANK.sum(axis=0))
        angles = 2 * np.pi * np.outer(used, np.arange(WINDOW)) / WINDOW
        kernels = np.concatenate((np.cos(angles), np.sin(angles))) * _HANN
        self.register_buffer("kernels", torch.tensor(kernels, dtype=torch.float32).unsqueeze(1), persistent=False)
        self.register_buffer("bank", torch.tensor(_BANK[:, used].T / _FLOOR), persistent=False)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        cosine, sine = functional.conv1d(audio.unsqueeze(1), self.kernels, stride=STEP).chunk(2, dim=1)  # type: ignore[arg-type]
        power = (cosine.square() + sine.square()).transpose(1, 2)
        return torch.log(1 + power @ self.bank) / FEATURE_SCALE  # type: ignore[operator]


class Block(nn.Module):
    """A dense convolution of three, around it a residual cut to the newest frames but one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv1d(channels, channels, 3, bias=False), _norm(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.body(x) + x[..., 1:-1])


class WakeNetwork(nn.Module):
    """Features (batch, frames, bands) to logits (batch, hops); ``view`` frames give one hop, each 8 more give another.

    ``layers`` blocks look at the hops, each of them one hop further to both sides. Dense convolutions: depthwise ones of half as
    many operations take a core as long to learn.
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(BANDS, channels, 8, 4, bias=False), _norm(channels), nn.ReLU())
        self.body = nn.Sequential(
            *(Block(channels) for _ in range(_EARLY)),
            nn.Conv1d(channels, channels, 4, 2, bias=False),
            _norm(channels),
            nn.ReLU(),
            *(Block(channels) for _ in range(layers)),
        )
        self.head = nn.Sequential(nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, 1, 1))
        last = self.head[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        nn.init.constant_(last.bias, -4.0)  # the phrase is rare: nothing to unlearn at first
        # Each layer widens the view by (kernel - 1) times the strides before it.
        self.view = 8 + _EARLY * 2 * 4 + 3 * 4 + layers * 2 * 8

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(self.stem(features.transpose(1, 2)))).squeeze(1)


def _norm(channels: int) -> nn.BatchNorm1d:
    """With figures of a hundred batches: those of ten differ by what happened to be said in them, and the scores with them."""
    return nn.BatchNorm1d(channels, momentum=0.01)
