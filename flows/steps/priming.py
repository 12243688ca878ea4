"""Weights to start from that already copy: two heads look one and two tokens back, the heads of the next layer find where
the present token stood before, best after the same token as now, and repeat what followed it there.

Such heads form by themselves (Olsson et al. 2022, "In-context Learning and Induction Heads"), but in a small model that
sees few tokens very late: until then it knows names by heart instead of copying them. Built in, they are there from the
first step, and training moves them as it moves any weight (compare Trockman and Kolter 2023, "Mimetic Initialization").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CONSTANT = 0.5  # the same in every token's embedding: what a head that asks for a position alone can see
_SHARPNESS = 4.0  # how far the score falls from the token that is looked for to its neighbours
_PEAK = 12.0  # the score of each of two tokens that are the same
_LOUD = 1.5  # how strongly the tokens before are written, against an embedding
_GAIN = 0.2  # how strongly what was found is written
_REACH = 300  # tokens over which a pair of dimensions may turn by a radian at most, to serve for finding the same token


@torch.no_grad()
def prime(model: PreTrainedModel, seed: int) -> None:
    """Change a fresh Llama with tied embeddings in place. Needs two layers and two heads, and as many key heads as heads.

    The outputs of all layers start at nothing, those of the two layers' heads aside, so that nothing drowns the embeddings.
    """
    generator = torch.Generator().manual_seed(seed)
    layers: Any = model.get_decoder().layers
    for layer in layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    hidden = model.config.hidden_size
    half = hidden // model.config.num_attention_heads // 2
    turns = model.config.rope_parameters["rope_theta"] ** (-torch.arange(half) / half)  # radians a token
    slow = [i for i in range(half) if turns[i] * _REACH < 1]
    width = min(half, hidden // 6)  # of what is written of a token before
    embeddings: Any = model.get_input_embeddings().weight
    # Dimension 0 is the constant; the next ones are kept free for the tokens before.
    first = 1 + 2 * width
    embeddings[:, 0] = _CONSTANT
    embeddings[:, 1:first] = 0
    view = torch.randn(width, hidden - first, generator=generator) / math.sqrt(hidden - first)
    for back in (1, 2):
        _look_back(layers[0].self_attn, back, turns, view, hidden)
    _find_and_repeat(layers[1].self_attn, slow, view, half, generator)


def _look_back(attention: Any, back: int, turns: torch.Tensor, view: torch.Tensor, hidden: int) -> None:
    """One head scores positions alone, highest ``back`` tokens back, and writes a view of the token there."""
    half, width = len(turns), len(view)
    size = 2 * half
    at = slice((back - 1) * size, back * size)
    query, key, value = (each.weight[at] for each in (attention.q_proj, attention.k_proj, attention.v_proj))
    fast = [i for i in range(half) if turns[i] > 0.15]
    fall = sum(1 - math.cos(float(turns[i])) for i in fast)
    seen = hidden * _CONSTANT**2 / (1 + _CONSTANT**2)  # the constant's square after normalisation
    strength = math.sqrt(_SHARPNESS * math.sqrt(size) / fall / seen)
    for part in (query, key, value):
        part.zero_()
    for i in fast:
        query[i, 0] = strength
        key[i, 0] = strength * math.cos(back * float(turns[i]))
        key[i + half, 0] = strength * math.sin(back * float(turns[i]))  # Llama turns dimension i with dimension i + half
    value[:width, 1 + 2 * width :] = view
    written = slice(1 + (back - 1) * width, 1 + back * width)
    attention.o_proj.weight[written, at.start : at.start + width] = torch.eye(width) * _LOUD / math.sqrt(hidden)


def _find_and_repeat(attention: Any, slow: list[int], view: torch.Tensor, half: int, generator: torch.Generator) -> None:
    """Every head matches the present token and the one before with what the first layer wrote, each in half of its slow
    dimensions, and writes the embedding found there."""
    width, hidden = len(view), attention.q_proj.weight.shape[1]
    size, first = 2 * half, 1 + 2 * width
    square = 1 + _CONSTANT**2 + _LOUD**2 * 2 * width / hidden  # of a token's vector, before normalisation
    # Alternate pairs, so that both matches reach equally far.
    same = [[i + part for part in (0, half) for i in slow[which::2]] for which in (0, 1)]
    for start in range(0, hidden, size):
        query, key = (each.weight[start : start + size] for each in (attention.q_proj, attention.k_proj))
        query.zero_()
        key.zero_()
        for which, (dimensions, loud) in enumerate(zip(same, (1.0, _LOUD), strict=True)):
            mixed = torch.randn(len(dimensions), width, generator=generator) / math.sqrt(width)
            strength = math.sqrt(_PEAK * math.sqrt(size) * square / (loud * _LOUD * max(1, len(dimensions))))
            if which == 0:
                query[dimensions, first:] = mixed @ view * strength
            else:
                query[dimensions, 1 : 1 + width] = mixed * strength
            key[dimensions, 1 + which * width : 1 + (which + 1) * width] = mixed * strength
    turned = torch.linalg.qr(torch.randn(hidden, hidden, generator=generator))[0]
    attention.v_proj.weight.copy_(turned)
    attention.o_proj.weight.copy_(turned.T * _GAIN)
    attention.o_proj.weight[:first] = 0
