"""Attention over a tree of stretches of tokens: what prompts have in common is computed once, without padding.

Every stretch attends to itself causally, and whatever comes below a stretch attends to all of it. On the CPU each part is
one call of PyTorch's kernel; parts are joined by their log-sums of exponentials, as in Dao et al. 2022, "FlashAttention".
The kernel's own backward gives each part's gradient when it gets the joined output and sum. On a GPU it is one call of
FlexAttention, which leaves out the blocks where nobody sees anybody. Does not cover dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True)
class Tree:
    """Stretches of a batch's tokens as (start, end, end of everything below), a stretch before what is below it."""

    stretches: tuple[tuple[int, int, int], ...]
    mask: Any = None  # FlexAttention's, on a GPU

    def to(self, device: torch.device) -> Tree:
        return self if device.type == "cpu" else Tree(self.stretches, self.blocks(device))

    def blocks(self, device: torch.device) -> Any:
        """Who sees whom, as FlexAttention takes it: a token is seen by those from itself to the end of all below its stretch."""
        from torch.nn.attention.flex_attention import create_block_mask

        length = self.stretches[-1][1]
        last = torch.empty(length, dtype=torch.int32)
        for start, end, below in self.stretches:
            last[start:end] = below
        last = last.to(device)

        def seen(_batch: Any, _head: Any, at: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
            return (of <= at) & (at < last[of])

        return create_block_mask(seen, None, None, length, length, device=device)


def tree_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, tree: Tree, scale: float | None) -> torch.Tensor:
    """``query``, ``key`` and ``value`` [1, heads, T, size]; returns [1, heads, T, size]."""
    result: Any
    if tree.mask is None:
        result = TreeAttention.apply(query, key, value, tree, scale)
    else:
        result = _flex()(query, key, value, block_mask=tree.mask, scale=scale)
    return result


@lru_cache(maxsize=1)
def _flex() -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=True)  # eagerly it would compute what nobody sees


class TreeAttention(torch.autograd.Function):
    """``query``, ``key`` and ``value`` [1, heads, T, size]; returns [1, heads, T, size]."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, tree: Tree, scale: float | None
    ) -> torch.Tensor:
        out = torch.empty_like(query, memory_format=torch.contiguous_format)
        total = torch.empty(query.shape[:3], dtype=torch.float32)
        for start, end, _ in tree.stretches:
            some = slice(start, end)
            out[:, :, some], total[:, :, some] = _forward(
                query[:, :, some], key[:, :, some], value[:, :, some], is_causal=True, scale=scale
            )
        for start, end, last in tree.stretches:
            if last > end:
                above, below = slice(start, end), slice(end, last)
                part, sums = _forward(query[:, :, below], key[:, :, above], value[:, :, above], scale=scale)
                joined = torch.logaddexp(total[:, :, below], sums)
                out[:, :, below] *= (total[:, :, below] - joined).exp()[..., None].to(out.dtype)
                out[:, :, below] += part * (sums - joined).exp()[..., None].to(out.dtype)
                total[:, :, below] = joined
        ctx.save_for_backward(query, key, value, out, total)
        ctx.tree, ctx.scale = tree, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, out, total = ctx.saved_tensors
        (grad,) = grads
        query_grad, key_grad, value_grad = (
            torch.empty_like(each, memory_format=torch.contiguous_format) for each in (query,) * 3
        )

        def part(at: slice, of: slice, causal: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            return _backward(
                grad[:, :, at], query[:, :, at], key[:, :, of], value[:, :, of], out[:, :, at], total[:, :, at].contiguous(),
                0.0, causal, scale=ctx.scale,
            )  # fmt: skip

        for start, end, _ in ctx.tree.stretches:
            some = slice(start, end)
            query_grad[:, :, some], key_grad[:, :, some], value_grad[:, :, some] = part(some, some, True)
        for start, end, last in ctx.tree.stretches:
            if last > end:
                above, below = slice(start, end), slice(end, last)
                for whole, at, more in zip(
                    (query_grad, key_grad, value_grad), (below, above, above), part(below, above, False), strict=True
                ):
                    whole[:, :, at] += more
        return query_grad, key_grad, value_grad, None, None
