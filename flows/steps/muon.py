"""Muon: momentum whose direction is made orthogonal before each step (Jordan et al. 2024, "Muon").

torch.optim.Muon iterates in bfloat16, one matrix at a time: on a processor without bfloat16 arithmetic that is 13 times as
slow (764 against 59 ms a step for a million parameters). This one works in bfloat16 only where there is arithmetic for it,
on all matrices of one shape at once, and shares the work out among the workers of a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

from flows.steps.halving import cpu_has_bfloat16

# Quintic Newton-Schulz coefficients, chosen by Jordan et al. for the steepest slope at zero.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """For matrices only. ``lr`` is the step's size for a square matrix; a tall one's grows with sqrt(rows / columns)."""

    def __init__(
        self, matrices: Sequence[torch.nn.Parameter], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(list(matrices), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        for group in self.param_groups:
            learning = [parameter for parameter in group["params"] if parameter.grad is not None]
            directions = _orthogonal_shared([self._direction(parameter, group["momentum"]) for parameter in learning])
            for parameter, direction in zip(learning, directions, strict=True):
                rows, columns = parameter.shape
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(direction.to(parameter.dtype), alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)

    def _direction(self, parameter: torch.nn.Parameter, momentum: float) -> torch.Tensor:
        """Nesterov's look ahead of the running mean of gradients."""
        gradient = parameter.grad
        assert gradient is not None
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        buffer = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(buffer, momentum)


def _orthogonal_shared(matrices: list[torch.Tensor]) -> list[torch.Tensor]:
    """Every worker makes a share of them orthogonal and gets the others' from them."""
    world = dist.get_world_size() if dist.is_initialized() else 1
    if world == 1:
        return _orthogonal_all(matrices)
    rank = dist.get_rank()
    mine = iter(_orthogonal_all(matrices[rank::world]))
    whole = [next(mine) if index % world == rank else torch.zeros_like(matrix) for index, matrix in enumerate(matrices)]
    flat = torch.cat([matrix.flatten() for matrix in whole])
    dist.all_reduce(flat)
    parts = flat.split([matrix.numel() for matrix in matrices])
    return [part.view_as(matrix) for part, matrix in zip(parts, matrices, strict=True)]


def _orthogonal_all(matrices: list[torch.Tensor]) -> list[torch.Tensor]:
    by_shape: dict[torch.Size, list[int]] = {}
    for index, matrix in enumerate(matrices):
        by_shape.setdefault(matrix.shape, []).append(index)
    result = list(matrices)
    for indices in by_shape.values():
        for index, matrix in zip(indices, orthogonal(torch.stack([matrices[i] for i in indices])), strict=True):
            result[index] = matrix
    return result


def orthogonal(stack: torch.Tensor) -> torch.Tensor:
    """``stack`` [matrices, rows, columns] with singular values brought near 1 (within about 0.7 to 1.2)."""
    low = torch.bfloat16 if stack.is_cuda or cpu_has_bfloat16() else torch.float32
    tall = stack.shape[1] > stack.shape[2]
    x = (stack.transpose(1, 2) if tall else stack).to(low)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=_B, alpha=_C), x, beta=_A)
    return (x.transpose(1, 2) if tall else x).to(stack.dtype)
