"""A trained voice as the two files that Piper's runtime loads: an ONNX graph and its JSON.

Inputs ``input`` (1, ids), ``input_lengths`` (1), ``scales`` (noise, length, unused); outputs the samples and the frames of each
id, so that ``include_alignments`` works too. Does not cover the quality of what is said (see measuring).
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import torch
from torch import nn

from flows.steps.speech.espeak import RATE
from flows.steps.voice.aligning import HOP
from flows.steps.voice.modelling import Voice, owners
from flows.steps.voice.vocoder import HOP as FINE_HOP
from schemas.errors import SpeechMissing
from schemas.hashing import write_json

MODEL, CONFIG = "voice.onnx", "voice.onnx.json"
NOISE_SCALE = 0.667  # Piper's default, at which the noise is as loud as in training
MOST_FRAMES = 120  # of one id, whatever its predicted duration
OPSET = 17


class PiperGraph(nn.Module):
    """The whole way from ids to samples, in Piper's signature."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self.voice = voice

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor, scales: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.voice.encode(ids)
        predicted = torch.exp(self.voice.log_durations(hidden)) - 1
        durations = torch.round(predicted.clamp(0, MOST_FRAMES) * scales[1].clamp(0.1, 10.0))
        # One frame at least, and the lengths used, so that the graph keeps the input: the ids are all of one sentence.
        last = (torch.arange(ids.shape[1], device=ids.device) == lengths[0] - 1).float()
        durations = torch.maximum(durations, last).long()
        owner, position = owners(durations, durations.sum())
        frames = self.voice.decode(hidden, owner, position)
        noise = torch.randn_like(frames.hertz[:, :, None].expand(-1, -1, FINE_HOP)).flatten(1)
        audio = self.voice(frames, noise * (scales[0] / NOISE_SCALE))
        return audio[:, None, None, :].clamp(-1.0, 1.0), durations[:, None, :].float()


def export(voice: Voice, table: dict[str, list[int]], language: str, folder: Path) -> Path:
    """Write both files into ``folder``; the model's path. Raises SpeechMissing where the ``onnx`` package is."""
    try:
        import onnx
    except ImportError as error:
        raise SpeechMissing("the package `onnx` is not installed") from error
    path = folder / MODEL
    example = (torch.tensor([[1, 0, 20, 0, 14, 0, 2]]), torch.tensor([7]), torch.tensor([NOISE_SCALE, 1.0, 0.8]))
    voice = voice.cpu().eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the tracer, about shapes that are dynamic on purpose
        torch.onnx.export(
            PiperGraph(voice),
            example,
            str(path),
            input_names=["input", "input_lengths", "scales"],
            output_names=["output", "durations"],
            dynamic_axes={"input": {1: "ids"}, "output": {3: "samples"}, "durations": {2: "ids"}},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(str(path))
    write_json(folder / CONFIG, config(table, language))
    return path


def config(table: dict[str, list[int]], language: str) -> dict[str, object]:
    return {
        "audio": {"sample_rate": RATE, "quality": "starter"},
        "espeak": {"voice": language},
        "language": {"code": language},
        "phoneme_type": "espeak",
        "num_symbols": 1 + max(number for numbers in table.values() for number in numbers),
        "num_speakers": 1,
        "speaker_id_map": {},
        "inference": {"noise_scale": NOISE_SCALE, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_id_map": table,
        "hop_length": HOP,
    }


def language_of(folder: Path) -> str:
    """espeak-ng's name of the language that an exported voice speaks: its teacher."""
    return json.loads((folder / CONFIG).read_text(encoding="utf-8"))["espeak"]["voice"]
