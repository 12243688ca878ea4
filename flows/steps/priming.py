"""Weights to start from that already copy: one head looks a token back, the heads of the next layer find where the present
token stood before and repeat what followed it there.

Such heads form by themselves (Olsson et al. 2022, "In-context Learning and Induction Heads"), but in a small model that
sees few tokens very late: until then it knows names by heart instead of copying them. Built in, they are there from the
first step, and training moves them as it moves any weight (compare Trockman and Kolter 2023, "Mimetic Initialization").
Measured on easy homes: after 0.18 million tokens 42% of held-out answers exact, against 10% from random weights. A second
head that looks two tokens back copies better before training (95 of 100 random tokens) and learned more slowly after it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CONSTANT = 0.5  # the same in every token's embedding: what a head that asks for a position alone can see
_SHARPNESS = 4.0  # how far the score falls from the token before to its neighbours
_PEAK = 20.0  # the score where two tokens are the same
_LOUD = 2.0  # how strongly the token before is written, against an embedding
_GAIN = 0.1  # how strongly what was found is written
_REACH = 300  # tokens over which a pair of dimensions may turn by a radian at most, to serve for finding the same token


@torch.no_grad()
def prime(model: PreTrainedModel, seed: int) -> None:
    """Change a fresh Llama with tied embeddings in place. Needs two layers, and as many key heads as heads.

    The outputs of all layers start at nothing, those of the two layers' heads aside, so that nothing drowns the embeddings.
    """
    generator = torch.Generator().manual_seed(seed)
    layers: Any = model.get_decoder().layers
    for layer in layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    size = model.config.hidden_size // model.config.num_attention_heads
    half = size // 2
    turns = model.config.rope_parameters["rope_theta"] ** (-torch.arange(half) / half)  # radians a token
    slow = [i for i in range(half) if turns[i] * _REACH < 1]
    slow += [i + half for i in slow]  # Llama turns dimension i with dimension i + half
    width = len(slow)
    embeddings: Any = model.get_input_embeddings().weight
    # Dimension 0 is the constant; the next `width` ones are kept free for the token before.
    embeddings[:, 0] = _CONSTANT
    embeddings[:, 1 : 1 + width] = 0
    rest = embeddings.shape[1] - 1 - width
    view = torch.randn(width, rest, generator=generator) / math.sqrt(rest)
    _look_back(layers[0].self_attn, turns, view, embeddings.shape[1])
    _find_and_repeat(layers[1].self_attn, slow, view, size, generator)


def _look_back(attention: Any, turns: torch.Tensor, view: torch.Tensor, hidden: int) -> None:
    """The first head scores positions alone, highest one token back, and writes a view of the token there."""
    half, width = len(turns), len(view)
    query, key, value = (each.weight[: 2 * half] for each in (attention.q_proj, attention.k_proj, attention.v_proj))
    fast = [i for i in range(half) if turns[i] > 0.15]
    fall = sum(1 - math.cos(float(turns[i])) for i in fast)
    seen = hidden * _CONSTANT**2 / (1 + _CONSTANT**2)  # the constant's square after normalisation
    strength = math.sqrt(_SHARPNESS * math.sqrt(2 * half) / fall / seen)
    for part in (query, key, value):
        part.zero_()
    for i in fast:
        query[i, 0] = strength
        key[i, 0] = strength * math.cos(float(turns[i]))
        key[i + half, 0] = strength * math.sin(float(turns[i]))
    value[:width, 1 + width :] = view
    attention.o_proj.weight[1 : 1 + width, :width] = torch.eye(width) * _LOUD / math.sqrt(hidden)


def _find_and_repeat(attention: Any, slow: list[int], view: torch.Tensor, size: int, generator: torch.Generator) -> None:
    """All heads match the present token with what the first layer wrote, and write the embedding found there."""
    width, hidden = len(view), attention.q_proj.weight.shape[1]
    square = 1 + _CONSTANT**2 + _LOUD**2 * width / hidden  # of a token's vector, before normalisation
    strength = math.sqrt(_PEAK * math.sqrt(size) * square / (_LOUD * width))
    for start in range(0, attention.q_proj.weight.shape[0], size):
        query, key = (each.weight[start : start + size] for each in (attention.q_proj, attention.k_proj))
        query.zero_()
        key.zero_()
        query[slow, 1 + width :] = view * strength
        key[slow, 1 : 1 + width] = torch.eye(width) * strength
    turned = torch.linalg.qr(torch.randn(hidden, hidden, generator=generator))[0]
    attention.v_proj.weight.copy_(turned)
    attention.o_proj.weight.copy_(turned.T * _GAIN)
    attention.o_proj.weight[: 1 + width] = 0
