"""The optimizer and its schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from flows.steps.muon import Muon
from schemas.pipeline import Training

_NOT_MATRICES = ("embed", "lm_head")  # tables, a row a token, which Muon's orthogonal steps do not suit


class Together(torch.optim.Optimizer):
    """Several optimizers of disjoint parameters as one, with one ``state_dict``."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts
        groups = [group for part in parts for group in part.param_groups]
        super().__init__(groups, {})
        # The base class copies groups; the parts must see every change of a learning rate.
        self.param_groups = groups

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none)

    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict[str, Any]:
        """Parameters numbered through all parts, as one optimizer of all of them would number them."""
        state: dict[int, Any] = {}
        groups: list[dict[str, Any]] = []
        for part, offset in self._offsets():
            own = part.state_dict()
            state |= {index + offset: value for index, value in own["state"].items()}
            groups += [group | {"params": [index + offset for index in group["params"]]} for group in own["param_groups"]]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        groups = list(state_dict["param_groups"])
        for part, offset in self._offsets():
            own, groups = groups[: len(part.param_groups)], groups[len(part.param_groups) :]
            mine = {index for group in own for index in group["params"]}
            part.load_state_dict(
                {
                    "state": {index - offset: value for index, value in state_dict["state"].items() if index in mine},
                    "param_groups": [group | {"params": [index - offset for index in group["params"]]} for group in own],
                }
            )
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def _offsets(self) -> Iterator[tuple[torch.optim.Optimizer, int]]:
        offset = 0
        for part in self.parts:
            yield part, offset
            offset += sum(len(group["params"]) for group in part.param_groups)


def build_optimizer(model: torch.nn.Module, training: Training) -> torch.optim.Optimizer:
    """AdamW in one fused kernel, matrices alone decaying; with ``muon``, Muon for the layers' matrices."""
    learning = {name: value for name, value in model.named_parameters() if value.requires_grad}
    if training.optimizer == "adamw":
        return adamw(list(learning.values()), training)
    matrices = [v for name, v in learning.items() if v.ndim == 2 and not any(part in name for part in _NOT_MATRICES)]
    chosen = {id(value) for value in matrices}
    rest = [value for value in learning.values() if id(value) not in chosen]
    muon = Muon(matrices, lr=training.matrix_rate, weight_decay=training.weight_decay)
    return _remembering_peaks(Together([muon, adamw(rest, training)]))


def adamw(parameters: list[torch.nn.Parameter], training: Training, fused: bool = True) -> torch.optim.Optimizer:
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": training.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizer = torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98), eps=1e-8, fused=fused)
    return _remembering_peaks(optimizer)


def rate_share(step: int, training: Training, seconds: float = 0.0) -> float:
    """Share of the learning rate at ``step`` (from 0): a linear rise, a plateau, and a linear fall to nothing.

    Where the recipe gives minutes, ``seconds`` of training done take the place of steps. Warmup-stable-decay, Hu et al.
    2024, "MiniCPM", section 4.
    """
    if training.minutes is not None:
        whole = training.minutes * 60
        rise = min(1.0, max(seconds, 1e-3) / max(1e-3, whole * training.warmup))
        # The last step starts a little before the end and must not be lost.
        return min(rise, max(0.01, (1 - seconds / whole) / max(1e-9, training.decay)))
    warm = max(1, round(training.steps * training.warmup))
    fall = round(training.steps * training.decay)
    share = min(1.0, (step + 1) / warm)
    if fall and step >= training.steps - fall:
        share = min(share, (training.steps - step) / fall)
    return share


def set_rate(optimizer: torch.optim.Optimizer, step: int, training: Training, seconds: float = 0.0) -> float:
    """Set every group's rate for ``step``; returns that of AdamW's groups."""
    share = rate_share(step, training, seconds)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share
    return training.learning_rate * share


def _remembering_peaks(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    for group in optimizer.param_groups:
        group.setdefault("peak", group["lr"])
    return optimizer
