from __future__ import annotations

import json
import pickle

import pytest
import torch

from flows.steps import checkpointing
from flows.steps.checkpointing import State
from schemas.errors import TrainingError


def learned(steps: int, kind: str = "adamw") -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 2))
    if kind == "adamw":
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    advance(model, optimizer, steps)
    return model, optimizer


def advance(model, optimizer, steps):
    for step in range(steps):
        optimizer.zero_grad()
        model(torch.full((3, 4), float(step))).square().sum().backward()
        optimizer.step()


def state(step: int) -> State:
    return State(step=step, epoch=1, taken=2, tokens=3, seconds=4.5)


def saved(root, step: int, kind: str = "adamw"):
    model, optimizer = learned(step, kind)
    return checkpointing.save(root, state(step), checkpointing.trainable(model), optimizer)


@pytest.mark.parametrize("kind", ["adamw", "sgd"])
def test_going_on_from_a_checkpoint_is_as_if_nothing_had_happened(tmp_path, kind):
    folder = saved(tmp_path, 3, kind)
    model, optimizer = learned(0, kind)
    assert checkpointing.restore(folder, model, optimizer) == state(3)
    straight, other = learned(3, kind)
    advance(model, optimizer, 4)
    advance(straight, other, 4)
    for mine, theirs in zip(model.parameters(), straight.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_nothing_in_it_is_pickled(tmp_path):
    folder = saved(tmp_path, 2)
    assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}
    for path in folder.iterdir():
        with pytest.raises(Exception):  # noqa: B017, PT011 (any failure will do)
            pickle.loads(path.read_bytes())


def test_the_last_two_are_kept(tmp_path):
    for step in (1, 2, 3):
        saved(tmp_path, step)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000002", "step-00000003"]
    assert checkpointing.read_state(checkpointing.newest(tmp_path)).step == 3


def test_half_written_and_damaged_ones_are_passed_over(tmp_path):
    saved(tmp_path, 1)
    damaged = saved(tmp_path, 2)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    half = tmp_path / ".step-00000009"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"ab")
    (tmp_path / "step-00000008").mkdir()
    assert checkpointing.read_state(checkpointing.newest(tmp_path)).step == 1
    (tmp_path / "step-00000001" / "manifest.json").write_text("{")
    assert checkpointing.newest(tmp_path) is None


@pytest.mark.parametrize("fatal", ["save_file", "write_json"])
def test_a_failure_while_writing_leaves_the_earlier_one(tmp_path, monkeypatch, fatal):
    saved(tmp_path, 1)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpointing, fatal, full)
    with pytest.raises(OSError, match="No space"):
        saved(tmp_path, 2)
    monkeypatch.undo()
    assert checkpointing.read_state(checkpointing.newest(tmp_path)).step == 1
    saved(tmp_path, 2)
    assert checkpointing.read_state(checkpointing.newest(tmp_path)).step == 2


def test_another_models_checkpoint_is_refused(tmp_path):
    folder = saved(tmp_path, 1)
    other = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 2), torch.nn.Linear(2, 2))
    with pytest.raises(TrainingError, match="another model"):
        checkpointing.restore(folder, other, torch.optim.AdamW(other.parameters()))


def test_no_folder_means_no_checkpoint(tmp_path):
    assert checkpointing.newest(tmp_path / "nowhere") is None


def test_state_is_plain_json(tmp_path):
    folder = saved(tmp_path, 1)
    record = json.loads((folder / "state.json").read_text())
    assert record["state"] == vars(state(1))
    assert record["optimizer"]["param_groups"][0]["lr"] == 0.01
