"""The loop that fits speech models: budgets, resuming after a kill, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from flows.steps.speech import fitting
from schemas.errors import TrainingDiverged
from schemas.speech import Fit


class Line:
    """Learns y = 2x through dropout and a batch norm, whose buffers must survive too."""

    def __init__(self, dies_at: int = -1, poison: int = -1) -> None:
        torch.manual_seed(1)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.2), torch.nn.Linear(4, 1)
        )
        self.dies_at, self.poison = dies_at, poison

    def batches(self, start):
        step = start
        while True:
            if step == self.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
            yield x * (float("inf") if step == self.poison else 1.0)
            step += 1

    def loss(self, batch, share):
        assert 0 <= share <= 1
        return (self.model(batch)[:, 0] - 2 * batch[:, 0]).square().mean(), {"share": share}

    def evaluate(self):
        assert not self.model.training
        return {"held_out": float(self.model(torch.ones(2, 4)).mean())}


RECIPE = Fit(steps=12, batch=8, learning_rate=0.05, checkpoint_every=4, evaluate_every=4, optimizer="muon")


def quiet(line: str) -> None:
    pass


def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from test_fitting import *; "
        f"fitting.fit(Line(dies_at=7), RECIPE, Path({str(tmp_path / 'killed')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    killed, straight = Line(), Line()
    fitting.fit(killed, RECIPE, tmp_path / "killed", quiet)
    fitting.fit(straight, RECIPE, tmp_path / "straight", quiet)
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, killed.model.state_dict()[name]), name
    steps = [json.loads(line)["step"] for line in (tmp_path / "killed" / fitting.METRICS).read_text().splitlines()]
    assert steps == list(range(1, 13))


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    first = fitting.fit(Line(), RECIPE, tmp_path, quiet)
    assert first["step"] == 12
    assert "held_out" in first
    assert (tmp_path / fitting.CURVE).read_bytes().startswith(b"\x89PNG")
    again = Line(dies_at=12)
    assert fitting.fit(again, RECIPE, tmp_path, quiet)["loss"] == pytest.approx(first["loss"], abs=1e-6)


def test_the_clock_ends_a_run_and_its_rate_falls_to_nothing(tmp_path: Path) -> None:
    last = fitting.fit(Line(), Fit(minutes=0.005, batch=8, warmup=0, evaluate_every=10**6), tmp_path, quiet)
    assert last["seconds"] >= 0.3
    assert last["learning_rate"] < 0.5e-3
    assert "held_out" in last


def test_what_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="step 3"):
        fitting.fit(Line(poison=2), RECIPE, tmp_path, quiet)


@pytest.mark.parametrize(("share", "part"), [(0.0, 0.01), (0.05, 0.5), (0.1, 1.0), (0.5, 1.0), (0.75, 0.5), (1.0, 0.0)])
def test_the_rate_rises_stays_and_falls(share: float, part: float) -> None:
    assert fitting.rate_share(share, Fit(steps=1, warmup=0.1, decay=0.5)) == pytest.approx(part)
