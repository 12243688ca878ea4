"""The network of the starter voice: phoneme ids -> durations -> frames -> pitch and envelopes -> sound.

Does not cover learning (see learning) nor Piper's files (see exporting).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from flows.steps.voice.aligning import HOP
from flows.steps.voice.vocoder import BINS, Vocoder, band_centres
from flows.steps.voice.vocoder import HOP as FINE_HOP

FINE = HOP // FINE_HOP  # frames of the vocoder in one of the decoder
PULSES, HISS = 80, 40  # bands of the two envelopes
QUIETEST, LOUDEST = -16.0, 2.0  # natural logarithms of amplitudes
MIDDLE = 100.0  # Hz at which the pitch starts out


class Block(nn.Module):
    """A depthwise convolution and two linear layers, added to what went in. Liu et al. 2022, "A ConvNet for the 2020s"."""

    def __init__(self, width: int, dilation: int = 1, kernel: int = 7) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 3 * width)
        self.narrow = nn.Linear(3 * width, width)
        nn.init.normal_(self.narrow.weight, std=0.01)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """``x`` (batch, time, width); ``mask`` (batch, time, 1) is 0 beyond a sentence's end."""
        mixed = self.mix(x.transpose(1, 2)).transpose(1, 2)
        y = x + self.narrow(nn.functional.gelu(self.wide(self.norm(mixed)), approximate="tanh"))
        return y if mask is None else y * mask


@dataclass(frozen=True)
class Frames:
    """What the vocoder takes, (batch, frames*FINE, ...), with the pitch in Hz."""

    hertz: torch.Tensor
    pulses: torch.Tensor
    hiss: torch.Tensor


class Voice(nn.Module):
    def __init__(self, symbols: int, rate: int, width: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, width)
        self.encoder = nn.ModuleList(Block(width, 2 ** (i % 4)) for i in range(layers))
        self.duration = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        self.place = nn.Linear(6, width)
        self.decoder = nn.ModuleList(Block(width, (1, 1, 2)[i % 3]) for i in range(layers))
        self.norm = nn.LayerNorm(width)
        self.tone = nn.Linear(width, FINE)
        self.shape = nn.Linear(width, FINE * (PULSES + HISS))
        nn.init.normal_(self.tone.weight, std=0.01)
        nn.init.normal_(self.shape.weight, std=0.02)
        nn.init.constant_(self.shape.bias, -7.0)
        self.vocoder = Vocoder(rate, PULSES, HISS)

    def encode(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """(batch, ids, width)."""
        x = self.embedding(ids)
        x = x if mask is None else x * mask
        for block in self.encoder:
            x = block(x, mask)
        return x

    def log_durations(self, hidden: torch.Tensor) -> torch.Tensor:
        """Natural logarithms of one more than the frames of each id, (batch, ids)."""
        return self.duration(hidden).squeeze(-1)

    def decode(
        self, hidden: torch.Tensor, owner: torch.Tensor, position: torch.Tensor, mask: torch.Tensor | None = None
    ) -> Frames:
        """``owner`` (batch, frames) says which id a frame belongs to; ``position`` (batch, frames, 6) is from ``positions``."""
        width = hidden.shape[-1]
        x = torch.gather(hidden, 1, owner[:, :, None].expand(-1, -1, width)) + self.place(position)
        x = x if mask is None else x * mask
        for block in self.decoder:
            x = block(x, mask)
        x = self.norm(x)
        batch, frames = owner.shape[0], owner.shape[1] * FINE
        tone = self.tone(x).float().reshape(batch, frames).clamp(-1.0, 1.5)
        both = self.shape(x).float().reshape(batch, frames, PULSES + HISS).clamp(QUIETEST, LOUDEST)
        return Frames(MIDDLE * torch.exp(tone), both[:, :, :PULSES], both[:, :, PULSES:])

    @torch.no_grad()
    def settle(self, hertz: torch.Tensor, voiced: torch.Tensor, audio: torch.Tensor) -> None:
        """Let both envelopes begin as the means of real speech: its pitch and voicing (batch, frames), and its sound."""
        vocoder = self.vocoder
        loud = _level(vocoder.spectrum(audio))
        sources = ((vocoder.pulse_train(hertz), voiced, PULSES), (torch.randn_like(audio), 1 - voiced, HISS))
        for number, (source, where, bands) in enumerate(sources):
            ratio = torch.log(loud + 1e-4) - torch.log(_level(vocoder.spectrum(source)).mean(dim=(0, 1)) + 1e-4)
            mean = (ratio * where[:, :, None]).sum(dim=(0, 1)) / where.sum().clamp(min=1.0)
            nearest = (band_centres(bands, vocoder.rate) * 2 / vocoder.rate * (BINS - 1)).round().long()
            begin = number * PULSES
            for fine in range(FINE):
                self.shape.bias.view(FINE, PULSES + HISS)[fine, begin : begin + bands] = mean[nearest.to(mean.device)]

    def forward(self, frames: Frames, noise: torch.Tensor) -> torch.Tensor:
        return self.vocoder(frames.hertz, frames.pulses, frames.hiss, noise)


def _level(spectrum: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Magnitudes (batch, frames, BINS)."""
    real, imaginary = spectrum
    return torch.sqrt(real**2 + imaginary**2)


def owners(durations: torch.Tensor, frames: int | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Which id each of ``frames`` frames belongs to, (batch, frames), and ``positions`` of it, from whole (batch, ids) durations.

    Frames beyond the end belong to the last id.
    """
    ends = torch.cumsum(durations, dim=1)
    at = torch.arange(frames, device=durations.device)  # type: ignore[arg-type]
    # Each end of an id moves the frames after it one id on; a table of frames by ids would be too large for long texts.
    ended = torch.zeros_like(at)[None, :].repeat(durations.shape[0], 1)
    ended = nn.functional.pad(ended, (0, 1)).scatter_add(1, ends.clamp(max=frames), torch.ones_like(ends))
    owner = torch.cumsum(ended, dim=1)[:, :-1].clamp(max=durations.shape[1] - 1)
    length = torch.gather(durations, 1, owner).float()
    begin = torch.gather(ends, 1, owner).float() - length
    return owner, positions(at[None, :].float() - begin, length)


def positions(since: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
    """Where in its id a frame lies: from its begin, from its end, in parts, and how long the id is. (batch, frames, 6)."""
    length = length.clamp(min=1.0)
    since = since.clamp(min=0.0)
    left = (length - 1 - since).clamp(min=0.0)
    part = (since + 0.5) / length
    return torch.stack(
        [part, 4 * part * (1 - part), torch.exp(-since), torch.exp(-left), torch.log(length) - 1.5, 0.1 * (since - left)], dim=-1
    )
