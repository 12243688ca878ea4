"""Checkpoints of a training run: whole or not there at all, and nothing in them needs unpickling.

A checkpoint is a folder ``step-00000100`` with model.safetensors, optimizer.safetensors and state.json, and, written last,
a manifest of their sums. It is built in a hidden folder beside its place and renamed into it, so a kill at any moment
leaves the earlier ones as they were. Does not cover DeepSpeed's partitioned state (see partitioning).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from schemas.errors import IntegrityError, TrainingError
from schemas.hashing import MANIFEST, sums, verify, write_json

KEEP = 2
_NAME = re.compile(r"step-(\d{8})")


@dataclass(frozen=True)
class State:
    """Where a run stands: ``step`` steps are done and ``epoch``, ``taken`` say which pack comes next."""

    step: int
    epoch: int
    taken: int
    tokens: int
    seconds: float


def folder_of(root: Path, step: int) -> Path:
    return root / f"step-{step:08d}"


def save(root: Path, state: State, model: Mapping[str, torch.Tensor], optimizer: torch.optim.Optimizer) -> Path:
    """Write one checkpoint and delete all but the newest ``KEEP``."""
    target = folder_of(root, state.step)
    building = root / f".{target.name}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    save_file({name: value.detach().contiguous() for name, value in model.items()}, building / "model.safetensors")
    tensors, plain = flatten_optimizer(optimizer.state_dict())
    save_file(tensors, building / "optimizer.safetensors")
    write_json(building / "state.json", {"state": vars(state), "optimizer": plain})
    return seal(root, building, target)


def seal(root: Path, building: Path, target: Path) -> Path:
    """Write the manifest, move the folder into its place, and drop what is old."""
    write_json(building / MANIFEST, {"files": sums(building)})
    shutil.rmtree(target, ignore_errors=True)
    building.rename(target)
    for _, old in _steps(root)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def newest(root: Path) -> Path | None:
    """The newest checkpoint whose sums hold; damaged and half-written ones are passed over."""
    for _, folder in reversed(_steps(root)):
        try:
            verify(folder, json.loads((folder / MANIFEST).read_text())["files"])
        except (OSError, ValueError, KeyError, IntegrityError):
            continue
        return folder
    return None


def read_state(folder: Path) -> State:
    return State(**json.loads((folder / "state.json").read_text())["state"])


def restore(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> State:
    """Put weights and optimizer back as they were. Raises TrainingError where the checkpoint is another model's."""
    weights = load_file(folder / "model.safetensors")
    missing = [name for name, value in model.named_parameters() if value.requires_grad and name not in weights]
    _, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or missing:
        raise TrainingError(
            "the checkpoint belongs to another model", where=str(folder), hint="Delete this folder and run again."
        )
    plain = json.loads((folder / "state.json").read_text())["optimizer"]
    optimizer.load_state_dict(unflatten_optimizer(load_file(folder / "optimizer.safetensors"), plain))
    return read_state(folder)


def trainable(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What learns, once each: tied weights have one name."""
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


def flatten_optimizer(state: dict[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Split an optimizer's state_dict into tensors (``<parameter>.<name>``) and a JSON value."""
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for parameter, entries in state["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{parameter}.{name}"] = value.contiguous()
            else:
                numbers.setdefault(str(parameter), {})[name] = value
    return tensors, {"numbers": numbers, "param_groups": state["param_groups"]}


def unflatten_optimizer(tensors: Mapping[str, torch.Tensor], plain: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[int, dict[str, Any]] = {int(parameter): dict(values) for parameter, values in plain["numbers"].items()}
    for key, value in tensors.items():
        parameter, _, name = key.partition(".")
        state.setdefault(int(parameter), {})[name] = value
    groups = [
        {key: tuple(v) if isinstance(v, list) and key == "betas" else v for key, v in g.items()} for g in plain["param_groups"]
    ]
    return {"state": state, "param_groups": groups}


def _steps(root: Path) -> list[tuple[int, Path]]:
    if not root.is_dir():
        return []
    found = [(match, path) for path in root.iterdir() if (match := _NAME.fullmatch(path.name))]
    return sorted((int(match[1]), path) for match, path in found)
