"""Attention over a batch of packs (see packing): registered with Transformers under the name ``packed``.

Works for every architecture that takes Transformers' attention interface. Does not cover sliding windows and generation.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from flows.steps.branching import Tree, tree_attention
from flows.steps.packing import Layout

NAME = "packed"


class _Take(torch.autograd.Function):
    """``source[index]``, where ``source[i] == result[inverse[i]]`` and what else the result holds gets no gradient.

    The gradient then is a gather, which is much faster than the scatter of a general index.
    """

    @staticmethod
    def forward(ctx: Any, source: torch.Tensor, index: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(inverse)
        return source.index_select(0, index)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (inverse,) = ctx.saved_tensors
        return grads[0].index_select(0, inverse), None, None


class _PutBack(torch.autograd.Function):
    """``table[back]``, each slot taken at most once: the gradient is a copy into zeros."""

    @staticmethod
    def forward(ctx: Any, table: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(back)
        ctx.slots = table.shape[0]
        return table.index_select(0, back)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        (back,) = ctx.saved_tensors
        result = grads[0].new_zeros(ctx.slots, *grads[0].shape[1:])
        return result.index_copy_(0, back, grads[0]), None


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    layout: Layout | Tree,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """``query`` [1, heads, T, size], ``key`` and ``value`` [1, key heads, T, size]; returns [1, T, heads, size].

    Prefixes attend to themselves causally; each row attends to its prefix and, causally, to itself.
    """
    if isinstance(layout, Tree):
        repeat = query.shape[1] // key.shape[1]
        if repeat > 1:
            key, value = key.repeat_interleave(repeat, dim=1), value.repeat_interleave(repeat, dim=1)
        return tree_attention(query, key, value, layout, scaling).transpose(1, 2), None
    prefixes, longest = layout.prefix_at.shape
    rows, width = layout.row_at.shape
    index = torch.cat((layout.prefix_at.flatten(), layout.row_at.flatten()))
    split = prefixes * longest
    groups = query.shape[1] // key.shape[1]

    def regrouped(states: torch.Tensor, repeat: int) -> tuple[torch.Tensor, torch.Tensor]:
        table = _Take.apply(states[0].transpose(0, 1), index, layout.back)
        if repeat > 1:
            table = table.repeat_interleave(repeat, dim=1)
        heads, size = table.shape[1:]
        prefix = table[:split].view(prefixes, longest, heads, size).transpose(1, 2)
        return prefix, table[split:].view(rows, width, heads, size).transpose(1, 2)

    prefix_query, row_query = regrouped(query, 1)
    prefix_key, row_key = regrouped(key, groups)
    prefix_value, row_value = regrouped(value, groups)
    parts = []
    if longest:
        prefix_out = scaled_dot_product_attention(
            prefix_query, prefix_key, prefix_value, is_causal=True, scale=scaling, dropout_p=dropout
        )
        parts.append(prefix_out.transpose(1, 2).flatten(0, 1))
        row_key = torch.cat((_owned(prefix_key, layout.owner), row_key), dim=2)
        row_value = torch.cat((_owned(prefix_value, layout.owner), row_value), dim=2)
    row_out = scaled_dot_product_attention(
        row_query, row_key, row_value, attn_mask=layout.owned_mask, scale=scaling, dropout_p=dropout
    )
    parts.append(row_out.transpose(1, 2).flatten(0, 1))
    return _PutBack.apply(torch.cat(parts), layout.back)[None], None  # pyright: ignore[reportOptionalSubscript]


def _owned(prefix: torch.Tensor, owner: torch.Tensor) -> torch.Tensor:
    """Each row's prefix: a view where all rows share one, so that its gradient is a sum instead of a scatter."""
    if prefix.shape[0] == 1:
        return prefix.expand(len(owner), -1, -1, -1)
    return prefix.index_select(0, owner)


def register() -> None:
    """Make ``packed`` known to Transformers; no mask is made for it."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, packed_attention)
