"""How the starter voice learns: durations and pitch as the teacher has them, sound that has the teacher's spectrum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.nn.functional import l1_loss, smooth_l1_loss

from flows.steps.speech.fitting import device
from flows.steps.voice.aligning import HOP
from flows.steps.voice.examples import Batch, Source
from flows.steps.voice.modelling import Frames, Voice

SIZES = (256, 512, 1024)  # of the transforms that sound is compared in
_FLOOR = 1e-4  # amplitude below which nothing is heard


class VoiceLearner:
    """A Learner (see flows.steps.speech.fitting) that hears one teacher."""

    def __init__(self, model: Voice, source: Source, held_out: Sequence[Batch]) -> None:
        self.device = device()
        self.model: torch.nn.Module = model.to(self.device)
        self.voice = model
        self.source = source
        self.held_out = held_out
        # The network alone: the vocoder's transforms and the spectra need all digits. Slower where no processor has it.
        fast = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        self.low = torch.autocast(self.device.type, torch.bfloat16, enabled=fast)

    def batches(self, start: int) -> Iterator[Batch]:
        return self.source.batches(start)

    def loss(self, batch: Batch, share: float) -> tuple[torch.Tensor, dict[str, float]]:
        duration, tone, spectrum = self._losses(batch.to(self.device))
        figures = {"duration_loss": float(duration.detach()), "tone_loss": float(tone.detach())}
        return spectrum + duration + 4 * tone, figures | {"spectrum_loss": float(spectrum.detach())}

    def evaluate(self) -> dict[str, float]:
        """Means over the held-out batches; ``validation_loss`` is the spectral one, at the teacher's durations and pitch."""
        rows = [[float(value) for value in self._losses(batch.to(self.device))] for batch in self.held_out]
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        return {"validation_loss": means[2], "validation_duration": means[0], "validation_tone": means[1]}

    def _losses(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        voice = self.voice
        with self.low:
            hidden = voice.encode(batch.ids, batch.ids_mask)
            lasting = voice.log_durations(hidden)
            frames = voice.decode(hidden, batch.owner, batch.position, batch.frames_mask)
        known = torch.log1p(batch.durations.float())
        error = smooth_l1_loss(lasting.float(), known, reduction="none", beta=0.1)
        duration = _mean(error, batch.ids_mask[:, :, 0])
        tone = _mean((torch.log(frames.hertz) - torch.log(batch.hertz)).abs(), batch.voiced)
        taught = Frames(batch.hertz, frames.pulses, frames.hiss)  # so that harmonics meet harmonics
        made = voice(taught, torch.randn_like(batch.audio))
        heard = batch.frames_mask.repeat_interleave(HOP, dim=1)[:, :, 0]
        return duration, tone, spectral_distance(made * heard, batch.audio)


def spectral_distance(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Mean over ``SIZES`` of the mean difference of log magnitudes plus spectral convergence.

    Yamamoto et al. 2020, "Parallel WaveGAN", section 2.2. Both are (batch, samples).
    """
    total = made.new_zeros(())
    for size in SIZES:
        window = torch.hann_window(size, device=made.device)
        a, b = (_magnitudes(audio, size, window) for audio in (made, real))
        total = total + l1_loss(torch.log(a + _FLOOR), torch.log(b + _FLOOR)) + (a - b).norm() / (b.norm() + 1e-6)
    return total / len(SIZES)


def _magnitudes(audio: torch.Tensor, size: int, window: torch.Tensor) -> torch.Tensor:
    """Of amplitudes: a sine of amplitude 1 has 0.5."""
    spectrum = torch.stft(audio, size, size // 4, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-12) / (size / 2)


def _mean(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1.0)
