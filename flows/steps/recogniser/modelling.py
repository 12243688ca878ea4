"""A Whisper in plain PyTorch, fast on one core, whose weights go by Transformers' names.

Training sees short clips; the runtimes pad with zeros, to the chunk or to 30 s. Padding is cheap here: a few tokens stand for all
of it, with the logarithm of how many each stands for added to their attention. From the chunk's end on positions are all alike,
so one token stands for the rest exactly. Does not cover decoding, which is CTranslate2's.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, scaled_dot_product_attention

FRAMES = 1500  # encoder frames of 30 s, 20 ms each: what a stock runtime pads to
MELS = 80
TARGETS = 448  # positions of the decoder: faster-whisper's own limit


class Shape(NamedTuple):
    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    frames: int
    """Of the chunk, 20 ms each; positions are constant from there on."""
    phonemes: int


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(3))
        self.k_proj = nn.Linear(width, width, bias=False)

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None = None, causal: bool = False, told: list[Tensor] | None = None
    ) -> Tensor:
        """``told`` gets what each token attends to, [rows, heads, tokens, memory], where somebody asks for it."""
        q, k, v = (self._split(y) for y in (self.q_proj(x), self.k_proj(memory), self.v_proj(memory)))
        with torch.autocast(x.device.type, enabled=False):
            if told is not None:
                scores = q.float() @ k.float().transpose(2, 3) * q.shape[-1] ** -0.5
                told.append((scores if mask is None else scores + mask).softmax(-1))
                return self.out_proj((told[-1] @ v.float()).transpose(1, 2).flatten(2))
            mixed = scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask[None], is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """In float32 on a CPU, whose attention is several times slower in bfloat16."""
        x = x.unflatten(2, (self.heads, -1)).transpose(1, 2)
        return x.float() if x.device.type == "cpu" else x


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float, crossed: bool) -> None:
        super().__init__()
        self.self_attn = Attention(width, heads)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        if crossed:
            self.encoder_attn = Attention(width, heads)
            self.encoder_attn_layer_norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.final_layer_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, memory: Tensor | None = None, told: list[Tensor] | None = None
    ) -> Tensor:
        """With ``memory`` a layer of the decoder: causal, ``mask`` over the memory. Without, one of the encoder."""
        y = self.self_attn_layer_norm(x)
        x = x + self.dropout(self.self_attn(y, y, None if memory is not None else mask, causal=memory is not None))
        if memory is not None:
            x = x + self.dropout(self.encoder_attn(self.encoder_attn_layer_norm(x), memory, mask, told=told))
        return x + self.dropout(self.fc2(gelu(self.fc1(self.final_layer_norm(x)))))


class Encoder(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.shape = shape
        self.conv1 = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads, dropout, crossed=False) for _ in range(shape.encoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)
        self.register_buffer("positions", sinusoids(shape.frames, shape.width), persistent=False)

    def forward(self, mels: Tensor, tail: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor | None]:
        """``mels`` float [rows, 80, even number of frames] to [rows, tokens, width] and the mask of attention to them.

        ``tail`` are the positions of padding behind the clips and how many frames each of them stands for.
        """
        x = gelu(self.conv2(gelu(self.conv1(mels)))).transpose(1, 2)
        places: Tensor = self.positions  # pyright: ignore[reportAssignmentType]
        x, mask = x + places[: x.shape[1]], None
        if tail is not None:
            where, count = tail
            silent = gelu(self.conv2(gelu(self.conv1(torch.zeros_like(mels[:1, :, :8])))))[:, :, 2]
            x = torch.cat((x, (silent + places[where]).expand(x.shape[0], -1, -1)), 1)
            mask = torch.cat((torch.zeros(x.shape[1] - len(where), device=x.device), count.log()))
        for layer in self.layers:
            x = layer(x, mask)
        return self.layer_norm(x), mask


class Decoder(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.embed_positions = nn.Embedding(TARGETS, shape.width)
        self.layers = nn.ModuleList(Layer(shape.width, shape.heads, dropout, crossed=True) for _ in range(shape.decoder_layers))
        self.layer_norm = nn.LayerNorm(shape.width)
        for table in (self.embed_tokens, self.embed_positions):
            nn.init.normal_(table.weight, std=shape.width**-0.5 / 2)

    def forward(self, tokens: Tensor, memory: Tensor, mask: Tensor | None, told: list[Tensor] | None = None) -> Tensor:
        """Token ids [rows, tokens] to hidden states [rows, tokens, width]; ``told`` gets each layer's attention to the memory."""
        x = self.embed_tokens(tokens) + self.embed_positions.weight[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x, mask, memory, told)
        return self.layer_norm(x)


class Recogniser(nn.Module):
    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape, dropout)
        self.decoder = Decoder(shape, dropout)
        # Left behind by the export: what each frame is a part of.
        self.phonemes = nn.Linear(shape.width, shape.phonemes)
        self.pieces = nn.ModuleList(nn.Linear(shape.width, shape.width, bias=False) for _ in range(2))

    def forward(
        self, mels: Tensor, tokens: Tensor, tail: tuple[Tensor, Tensor] | None = None, told: list[Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits of the next token [rows, tokens, vocabulary], and the encoder's frames [rows, frames, width]."""
        memory, mask = self.encoder(mels, tail)
        hidden = self.decoder(tokens, memory, mask, told)
        return hidden @ self.decoder.embed_tokens.weight.T, memory[:, : mels.shape[2] // 2]

    def said(self, frames: Tensor, pieces: int) -> list[Tensor]:
        """Logits of the piece of text that is being said in each of ``frames`` [..., width], and of the piece before it."""
        table = self.decoder.embed_tokens.weight[:pieces].T
        return [each(frames) @ table for each in self.pieces]

    def exported(self) -> dict[str, Tensor]:
        """The weights by Transformers' names, positions for 30 s, nothing that only training needs."""
        weights = {f"model.{name}": value.detach().float() for name, value in self.state_dict().items()}
        places: Tensor = self.encoder.positions  # pyright: ignore[reportAssignmentType]
        last = places[-1:].expand(FRAMES - len(places), -1)
        weights["model.encoder.embed_positions.weight"] = torch.cat((places, last))
        weights["proj_out.weight"] = weights["model.decoder.embed_tokens.weight"]
        return {name: value for name, value in weights.items() if not name.startswith(("model.phonemes", "model.pieces"))}


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's fixed positions [length, width]; the last row is also that of everything beyond."""
    scale = torch.exp(-math.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * scale[None]
    return torch.cat((angles.sin(), angles.cos()), 1)


def padded(mels: list[Tensor], frames: int) -> Tensor:
    """Clips float [80, n] as one batch [rows, 80, frames], zeros behind: what the runtimes pad with."""
    return torch.stack([pad(mel, (0, frames - mel.shape[1])) for mel in mels])
