"""Shared-prefix packing: rows that show the model the same tools and home share one copy of that prompt text.

A pack is a prefix and the conversations that follow it. Each conversation attends to the prefix and to itself, and its
positions go on from the prefix's end, so it computes exactly what it would compute alone. A batch joins packs of the
same prefix and lays everything end to end with no padding; ``Layout`` tells attention (see attending) who sees whom.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from flows.steps.job import Objective
from schemas.conversation import Conversation
from schemas.prompt import HEADERS, render_messages, render_prefix, system_text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_HEADERS = frozenset(HEADERS.values())


@dataclass(frozen=True)
class Encoded:
    """One conversation in tokens. ``weights[i]`` is the weight of the loss on predicting ``tokens[i]``; the first is 0,
    since what precedes it in a batch may belong to someone else."""

    prefix: int
    tokens: np.ndarray  # int64
    weights: np.ndarray  # float32


@dataclass(frozen=True)
class Pack:
    """Indices of conversations that share ``prefix`` and fit into one sequence with it."""

    prefix: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Where each prefix and conversation lies among the T tokens of a batch, in padded index tables.

    ``prefix_at`` [prefixes, longest] and ``row_at`` [rows, longest] hold token positions (0 where padded);
    ``owner`` [rows] is each row's prefix; ``back`` [T] finds every
    token in the concatenation of both flattened tables, and ``owned_mask`` [rows, 1, row, prefix + row] is True where a
    row's token may look.
    """

    prefix_at: torch.Tensor
    row_at: torch.Tensor
    owner: torch.Tensor
    back: torch.Tensor
    owned_mask: torch.Tensor

    def to(self, device: torch.device) -> Layout:
        return Layout(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Batch:
    """``tokens`` and ``positions`` [1, T]; ``predicted`` [K] positions of the tokens that bear loss (each predicted from the
    position before it), with ``weights`` [K]."""

    tokens: torch.Tensor
    positions: torch.Tensor
    predicted: torch.Tensor
    weights: torch.Tensor
    layout: Layout

    def to(self, device: torch.device) -> Batch:
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


class Prefixes:
    """The distinct prefixes of some conversations (``prefixes``: tokens by number) and what the loss on them weighs."""

    def __init__(self, objective: Objective = "answers", prefixes: Iterable[np.ndarray] = ()) -> None:
        self.objective: Objective = objective
        self.prefixes: list[np.ndarray] = list(prefixes)

    def prefix_weights(self, number: int) -> np.ndarray:
        weights = np.full(len(self.prefixes[number]), float(self.objective == "everything"), np.float32)
        weights[:1] = 0.0
        return weights


class Encoder(Prefixes):
    """Turns conversations into tokens, remembering each distinct prefix."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, objective: Objective = "answers", request_loss: float = 0.0) -> None:
        super().__init__(objective)
        self.tokenizer = tokenizer
        self.request_loss = request_loss
        self._numbers: dict[str, int] = {}

    def encode(self, conversations: Sequence[Conversation]) -> list[Encoded]:
        """Messages after the last assistant message bear no loss as an answer does; they are kept as they are."""
        pieces = [render_messages(conversation.messages) for conversation in conversations]
        flat = [piece.text for group in pieces for piece in group]
        ids = iter(self.tokenizer(flat, add_special_tokens=False)["input_ids"]) if flat else iter(())
        encoded = []
        for conversation, group in zip(conversations, pieces, strict=True):
            tokens: list[int] = []
            weights: list[float] = []
            for piece in group:
                part = next(ids)
                header = piece.text in _HEADERS
                weight = 1.0 if piece.answer or self.objective == "everything" else 0.0 if header else self.request_loss
                tokens += part
                weights += [weight] * len(part)
            weights[:1] = [0.0]
            prefix = render_prefix(system_text(conversation.messages), conversation.tools, conversation.home)
            encoded.append(Encoded(self._number(prefix), np.array(tokens, np.int64), np.array(weights, np.float32)))
        return encoded

    def _number(self, prefix: str) -> int:
        if prefix not in self._numbers:
            self._numbers[prefix] = len(self.prefixes)
            self.prefixes.append(np.array(self.tokenizer(prefix, add_special_tokens=False)["input_ids"], np.int64))
        return self._numbers[prefix]


def pack(encoded: Sequence[Encoded], prefix_lengths: Sequence[int], sequence: int, rng: random.Random) -> tuple[list[Pack], int]:
    """Packs of at most ``sequence`` tokens in an order that ``rng`` gives, and how many rows were too long and dropped."""
    groups: dict[int, list[int]] = {}
    dropped = 0
    for index, row in enumerate(encoded):
        if prefix_lengths[row.prefix] + len(row.tokens) > sequence or not row.weights.any():
            dropped += 1
        else:
            groups.setdefault(row.prefix, []).append(index)
    packs: list[Pack] = []
    for prefix, rows in groups.items():
        rng.shuffle(rows)
        room = sequence - prefix_lengths[prefix]
        taken: list[int] = []
        used = 0
        for index in rows:
            length = len(encoded[index].tokens)
            if used + length > room:
                packs.append(Pack(prefix, tuple(taken)))
                taken, used = [], 0
            taken.append(index)
            used += length
        packs.append(Pack(prefix, tuple(taken)))
    rng.shuffle(packs)
    return packs, dropped


def collate(packs: Iterable[Pack], encoded: Sequence[Encoded], source: Prefixes) -> Batch:
    """Lay the packs end to end, each distinct prefix once and before its conversations.

    Where several packs share a prefix, the loss on that prefix (objective ``everything``) counts once a pack, so that the
    loss does not depend on how packs are spread over workers.
    """
    grouped: dict[int, list[int]] = {}
    copies: dict[int, int] = {}
    for item in packs:
        grouped.setdefault(item.prefix, []).extend(item.rows)
        copies[item.prefix] = copies.get(item.prefix, 0) + 1
    tokens, positions, weights = [], [], []
    prefix_spans, row_spans, owners = [], [], []
    at = 0
    for number, rows in grouped.items():
        prefix = source.prefixes[number]
        start = len(prefix)
        tokens.append(prefix)
        positions.append(np.arange(start))
        weights.append(source.prefix_weights(number) * copies[number])
        owner = len(prefix_spans)
        prefix_spans.append((at, start))
        at += start
        for index in rows:
            length = len(encoded[index].tokens)
            tokens.append(encoded[index].tokens)
            positions.append(np.arange(start, start + length))
            weights.append(encoded[index].weights)
            row_spans.append((at, length))
            owners.append(owner)
            at += length
    weight = torch.from_numpy(np.concatenate(weights))
    predicted = weight.nonzero().squeeze(1)
    return Batch(
        tokens=torch.from_numpy(np.concatenate(tokens))[None],
        positions=torch.from_numpy(np.concatenate(positions))[None],
        predicted=predicted,
        weights=weight[predicted],
        layout=_layout(prefix_spans, row_spans, owners, at),
    )


def _layout(
    prefix_spans: Sequence[tuple[int, int]], row_spans: Sequence[tuple[int, int]], owners: Sequence[int], total: int
) -> Layout:
    prefix_at, prefix_lengths = _table(prefix_spans)
    row_at, row_lengths = _table(row_spans)
    back = np.zeros(total, np.int64)
    for table, lengths, offset in ((prefix_at, prefix_lengths, 0), (row_at, row_lengths, prefix_at.size)):
        there = np.arange(table.shape[1])[None] < lengths[:, None]
        back[table[there]] = np.arange(table.size).reshape(table.shape)[there] + offset
    owner = np.array(owners, np.int64)
    width, longest = row_at.shape[1], prefix_at.shape[1]
    sees_prefix = np.arange(longest)[None] < prefix_lengths[owner][:, None]
    mask = np.zeros((len(owner), 1, width, longest + width), bool)
    mask[..., :longest] = sees_prefix[:, None, None]
    # Padded positions come after every real one, so causality alone keeps real tokens from seeing them.
    mask[..., longest:] = np.tril(np.ones((width, width), bool))
    return Layout(*(torch.from_numpy(array) for array in (prefix_at, row_at, owner, back, mask)))


def _table(spans: Sequence[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    starts, lengths = (np.array(column, np.int64) for column in zip(*spans, strict=True))
    offsets = np.arange(lengths.max())[None]
    return np.where(offsets < lengths[:, None], starts[:, None] + offsets, 0), lengths
