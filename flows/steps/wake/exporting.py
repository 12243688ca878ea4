"""A trained wake word as wake.onnx and wake.json, which onnxruntime runs hop by hop with nothing of ours.

The threshold is taken into the last layer, so that it is a score of one half. Does not cover the card and the manifest.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from flows.steps.wake.network import BANDS, FRAMES, HOP, OVERLAP, RATE, FrontEnd, WakeNetwork
from schemas.errors import ParityError
from schemas.hashing import write_json
from schemas.wake import WAKE_FILE, WAKE_MODEL, WakeModel
from serve.engines.samples import open_session

_TOLERANCE = 1e-3
_OPSET = 17


class Streaming(nn.Module):
    """The front end, the network and what they must remember: see schemas.wake.WakeModel."""

    def __init__(self, network: WakeNetwork, threshold: float) -> None:
        super().__init__()
        self.front = FrontEnd()
        self.network = copy.deepcopy(network)
        last = self.network.head[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        with torch.no_grad():
            last.bias -= threshold

    def forward(
        self, audio: torch.Tensor, tail: torch.Tensor, features: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        samples = torch.cat((tail, audio), dim=1)
        seen = torch.cat((features, self.front(samples)), dim=1)
        return torch.sigmoid(self.network(seen)), samples[:, -OVERLAP:], seen[:, -(self.network.view - FRAMES) :]


def export(network: WakeNetwork, phrase: str, threshold: float, folder: Path) -> None:
    """Write both files. ``threshold`` is a logit. Raises ParityError where onnxruntime computes something else."""
    streaming = Streaming(network, threshold).eval()
    view = network.view - FRAMES
    inputs = (torch.zeros(1, HOP), torch.zeros(1, OVERLAP), torch.zeros(1, view, BANDS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the older exporter's age: it is the one that needs no further package
        torch.onnx.export(
            streaming,
            inputs,
            str(folder / WAKE_MODEL),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["audio", "tail", "features"],
            output_names=["scores", "next_tail", "next_features"],
            dynamic_axes={"audio": {1: "samples"}, "scores": {1: "hops"}},
        )
    about = WakeModel(phrase=phrase, hop=HOP, overlap=OVERLAP, view=view, bands=BANDS, threshold=0.5)
    write_json(folder / WAKE_FILE, about)
    _compare(streaming, folder)


@torch.no_grad()
def _compare(streaming: Streaming, folder: Path) -> None:
    """Four hops of noise, one by one in the file and at once in the network."""
    rng = np.random.default_rng(0)
    audio = (0.1 * rng.standard_normal((1, 4 * HOP))).astype(np.float32)
    tail = np.zeros((1, OVERLAP), np.float32)
    features = np.zeros((1, streaming.network.view - FRAMES, BANDS), np.float32)
    expected = streaming(torch.from_numpy(audio), torch.from_numpy(tail), torch.from_numpy(features))[0].numpy()
    session, scores = open_session(folder / WAKE_MODEL), []
    for hop in range(4):
        piece = audio[:, hop * HOP : (hop + 1) * HOP]
        score, tail, features = session.run(None, {"audio": piece, "tail": tail, "features": features})
        scores.append(np.asarray(score)[0, 0])
    if (difference := float(np.abs(np.array(scores) - expected[0]).max())) > _TOLERANCE:
        raise ParityError(f"scores differ by {difference:.4f} at {RATE} Hz", where=str(folder / WAKE_MODEL))
