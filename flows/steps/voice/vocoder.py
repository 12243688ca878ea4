"""From pitch and two spectral envelopes to sound: a pulse train and noise, each shaped by its envelope (source and filter).

Differentiable, without parameters, and made of operations that ONNX has. After Engel et al. 2020, "DDSP", with the harmonics
as one band-limited pulse train in closed form instead of a sum of sines. Frames are filtered by their product with
zero-phase envelopes in the spectrum and added up.
"""

from __future__ import annotations

import math

import torch
from torch import nn

HOP = 128  # samples a frame of this module
WINDOW, SIZE = 2 * HOP, 4 * HOP  # of analysis, and of the transform: the filters may ring for HOP samples on either side
BINS = SIZE // 2 + 1


def band_centres(bands: int, rate: int) -> torch.Tensor:
    """Hz, from 0 to half the rate, evenly on the ERB-rate scale (Glasberg and Moore 1990)."""
    top = 21.4 * math.log10(1 + 0.00437 * rate / 2)
    return (10 ** (torch.linspace(0, top, bands, dtype=torch.float64) / 21.4) - 1) / 0.00437


def spread(bands: int, rate: int) -> torch.Tensor:
    """(bands, BINS): linear interpolation from bands to the bins of the transform."""
    centres = band_centres(bands, rate)
    bins = torch.linspace(0, rate / 2, BINS, dtype=torch.float64)
    right = torch.searchsorted(centres, bins).clamp(1, bands - 1)
    part = ((bins - centres[right - 1]) / (centres[right] - centres[right - 1])).clamp(0, 1)
    matrix = torch.zeros(bands, BINS, dtype=torch.float64)
    at = torch.arange(BINS)
    matrix[right - 1, at] += 1 - part
    matrix[right, at] += part
    return matrix.float()


class Vocoder(nn.Module):
    """``pulses`` and ``hiss`` are how many bands each envelope has."""

    cosines: torch.Tensor
    sines: torch.Tensor
    even: torch.Tensor
    odd: torch.Tensor
    pulse_bins: torch.Tensor
    hiss_bins: torch.Tensor
    ramp: torch.Tensor

    def __init__(self, rate: int, pulses: int, hiss: int) -> None:
        super().__init__()
        self.rate = rate
        # Frames are taken about their middles, so that the filters ring to both sides. What is even about it has only cosines,
        # what is odd only sines: half the work of a whole transform.
        bins, times = (torch.arange(count, dtype=torch.float64) for count in (BINS, SIZE // 2 + 1))
        angles = 2 * math.pi / SIZE * bins[:, None] * times
        hann = torch.hann_window(WINDOW, dtype=torch.float64)[HOP:, None]
        weight = torch.full((BINS, 1), 2.0 / SIZE, dtype=torch.float64)
        weight[0] = weight[-1] = 1.0 / SIZE
        self._keep("cosines", angles[:, :HOP].cos().T * hann)
        self._keep("sines", -angles[:, :HOP].sin().T * hann)
        self._keep("even", angles.cos() * weight)
        self._keep("odd", -angles.sin() * weight)
        self._keep("pulse_bins", spread(pulses, rate))
        self._keep("hiss_bins", spread(hiss, rate))
        self._keep("ramp", (torch.arange(HOP, dtype=torch.float64) + 0.5) / HOP)

    def _keep(self, name: str, value: torch.Tensor) -> None:
        self.register_buffer(name, value.float(), persistent=False)

    def forward(self, hertz: torch.Tensor, pulses: torch.Tensor, hiss: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Samples (batch, frames*HOP) in about [-1, 1].

        ``hertz`` (batch, frames) is the pitch; ``pulses`` and ``hiss`` (batch, frames, bands) are logarithms of amplitudes;
        ``noise`` (batch, frames*HOP) is white, of deviation 1.
        """
        real, imaginary = self.spectrum(self.pulse_train(hertz))
        rough_real, rough_imaginary = self.spectrum(noise)
        loud, soft = torch.exp(pulses @ self.pulse_bins), torch.exp(hiss @ self.hiss_bins)
        even = (real * loud + rough_real * soft) @ self.even
        odd = (imaginary * loud + rough_imaginary * soft) @ self.odd
        before, after = (even - odd)[:, :, 1:].flip(2), (even + odd)[:, :, :-1]
        return self._added(torch.cat([before, after], dim=2))

    def pulse_train(self, hertz: torch.Tensor) -> torch.Tensor:
        """The sum of cos(k*phase) over all harmonics k below nine tenths of half the rate, by Dirichlet's kernel."""
        following = torch.cat([hertz[:, 1:], hertz[:, -1:]], dim=1)
        each = hertz[:, :, None] + (following - hertz)[:, :, None] * self.ramp
        turns = torch.cumsum(each / self.rate, dim=2)
        ends = torch.cumsum(turns[:, :, -1], dim=1)
        phase = turns + (ends - turns[:, :, -1])[:, :, None]
        half = math.pi * (phase - torch.floor(phase))
        count = torch.floor(0.45 * self.rate / hertz)[:, :, None]
        below = torch.sin(half)
        near = below.abs() < 1e-3
        ratio = torch.sin((2 * count + 1) * half) / torch.where(near, torch.ones_like(below), below)
        train = torch.where(near, count, 0.5 * ratio - 0.5)
        return train.reshape(hertz.shape[0], -1)

    def spectrum(self, samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Real and imaginary parts, (batch, frames, BINS) each, of Hann windows around each frame."""
        halves = nn.functional.pad(samples, (HOP // 2, HOP // 2)).reshape(samples.shape[0], -1, HOP)
        after = halves[:, 1:]
        mirrored = nn.functional.pad(halves[:, :-1, 1:].flip(2), (1, 0))  # the window's first sample weighs nothing
        return (after + mirrored) @ self.cosines, (after - mirrored) @ self.sines

    def _added(self, frames: torch.Tensor) -> torch.Tensor:
        """Overlapping (batch, frames, SIZE) summed, cut to where their windows' frames lie."""
        parts = [
            nn.functional.pad(frames[:, :, i * HOP : (i + 1) * HOP], (0, 0, i, SIZE // HOP - 1 - i)) for i in range(SIZE // HOP)
        ]
        total = (parts[0] + parts[1] + parts[2] + parts[3]).reshape(frames.shape[0], -1)
        begin = HOP + HOP // 2
        return total[:, begin : begin + frames.shape[1] * HOP]
