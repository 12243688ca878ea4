"""Shared-prefix packing: rows that show the model the same tools and home share one copy of that prompt text.

A pack is a prefix and the conversations that follow it. Each conversation attends to the prefix and to itself, and its
positions go on from the prefix's end, so it computes exactly what it would compute alone. A batch joins packs of the
same prefix and lays everything end to end with no padding; ``Layout`` tells attention (see attending) who sees whom.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from flows.steps.branching import Tree
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
    """Indices of conversations that fit into one sequence together with their prefixes, each prefix once."""

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
    layout: Layout | Tree

    def to(self, device: torch.device) -> Batch:
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


class Prefixes:
    """The distinct prefixes of some conversations (``prefixes``: tokens by number) and what the loss on them weighs.

    ``stems`` are the numbers of tokens at their beginnings that do not depend on the home: the system text and the tools.
    """

    def __init__(self, objective: Objective = "answers") -> None:
        self.objective: Objective = objective
        self.prefixes: list[np.ndarray] = []
        self.stems: list[int] = []

    def add(self, prefix: np.ndarray, stem: int) -> int:
        """Its number."""
        self.prefixes.append(prefix)
        self.stems.append(stem)
        return len(self.prefixes) - 1

    def stem(self, number: int) -> bytes:
        """The same for prefixes that begin alike."""
        return self.prefixes[number][: self.stems[number]].tobytes()

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
            stem = render_prefix(system_text(conversation.messages), conversation.tools, ())
            home = render_prefix(None, (), conversation.home)
            encoded.append(Encoded(self._number(stem, home), np.array(tokens, np.int64), np.array(weights, np.float32)))
        return encoded

    def alone(self) -> Prefixes:
        """The prefixes without the tokenizer, to be sent to another process."""
        found = Prefixes(self.objective)
        found.prefixes, found.stems = self.prefixes, self.stems
        return found

    def _number(self, stem: str, home: str) -> int:
        # A special token stands where they meet, so they have the same tokens together as apart.
        if stem + home not in self._numbers:
            parts = self.tokenizer([stem, home], add_special_tokens=False)["input_ids"]
            self._numbers[stem + home] = self.add(np.array(parts[0] + parts[1], np.int64), len(parts[0]))
        return self._numbers[stem + home]


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
                packs.append(Pack(tuple(taken)))
                taken, used = [], 0
            taken.append(index)
            used += length
        packs.append(Pack(tuple(taken)))
    rng.shuffle(packs)
    return packs, dropped


def pack_trees(encoded: Sequence[Encoded], source: Prefixes, sequence: int, rng: random.Random) -> tuple[list[Pack], int]:
    """As ``pack``, but with as many prefixes in a sequence as fit, those that begin alike beside one another."""
    groups: dict[bytes, list[int]] = {}
    dropped = 0
    for index, row in enumerate(encoded):
        if len(source.prefixes[row.prefix]) + len(row.tokens) > sequence or not row.weights.any():
            dropped += 1
        else:
            groups.setdefault(source.stem(row.prefix), []).append(index)
    packs: list[Pack] = []
    taken: list[int] = []
    used, stems, there = 0, set[bytes](), set[int]()
    for stem, rows in groups.items():
        # Rows of one home follow one another: its prefix is in few packs.
        for index in sorted(rows, key=lambda index: encoded[index].prefix):
            row = encoded[index]
            whole = len(source.prefixes[row.prefix])
            cost = len(row.tokens) + (0 if row.prefix in there else whole - source.stems[row.prefix] * (stem in stems))
            if used + cost > sequence:
                packs.append(Pack(tuple(taken)))
                taken, used, stems, there = [], 0, set(), set()
                cost = len(row.tokens) + whole
            taken.append(index)
            used += cost
            stems.add(stem)
            there.add(row.prefix)
    if taken:
        packs.append(Pack(tuple(taken)))
    rng.shuffle(packs)
    return packs, dropped


@dataclass
class _Laid:
    """Tokens laid end to end."""

    tokens: list[np.ndarray] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)
    weights: list[np.ndarray] = field(default_factory=list)
    at: int = 0

    def add(self, tokens: np.ndarray, first: int, weights: np.ndarray) -> tuple[int, int]:
        """Where they start and how many they are; ``first`` is the position of the first one."""
        self.tokens.append(tokens)
        self.positions.append(np.arange(first, first + len(tokens)))
        self.weights.append(weights)
        self.at += len(tokens)
        return self.at - len(tokens), len(tokens)

    def batch(self, layout: Layout | Tree) -> Batch:
        weight = torch.from_numpy(np.concatenate(self.weights))
        predicted = weight.nonzero().squeeze(1)
        tokens, positions = (torch.from_numpy(np.concatenate(each))[None] for each in (self.tokens, self.positions))
        return Batch(tokens, positions, predicted, weight[predicted], layout)


def collate(packs: Iterable[Pack], encoded: Sequence[Encoded], source: Prefixes, *, tree: bool = False) -> Batch:
    """Lay the packs end to end, each distinct prefix once and before its conversations; with ``tree``, each distinct
    beginning of prefixes once too.

    Where several packs share a prefix, the loss on that prefix (objective ``everything``) counts once a pack, so that the
    loss does not depend on how packs are spread over workers.
    """
    grouped: dict[int, list[int]] = {}
    copies: Counter[int] = Counter()
    for item in packs:
        for index in item.rows:
            grouped.setdefault(encoded[index].prefix, []).append(index)
        copies.update({encoded[index].prefix for index in item.rows})
    weights = {number: source.prefix_weights(number) * copies[number] for number in grouped}
    lay = _branched if tree else _padded
    return lay(grouped, weights, encoded, source)


def _padded(grouped: dict[int, list[int]], weights: dict[int, np.ndarray], encoded: Sequence[Encoded], source: Prefixes) -> Batch:
    laid = _Laid()
    prefix_spans, row_spans, owners = [], [], []
    for owner, (number, rows) in enumerate(grouped.items()):
        prefix = source.prefixes[number]
        prefix_spans.append(laid.add(prefix, 0, weights[number]))
        for index in rows:
            row_spans.append(laid.add(encoded[index].tokens, len(prefix), encoded[index].weights))
            owners.append(owner)
    return laid.batch(_layout(prefix_spans, row_spans, owners, laid.at))


def _branched(
    grouped: dict[int, list[int]], weights: dict[int, np.ndarray], encoded: Sequence[Encoded], source: Prefixes
) -> Batch:
    laid = _Laid()
    families: dict[bytes, list[int]] = {}
    for number in grouped:
        families.setdefault(source.stem(number), []).append(number)
    stretches: list[tuple[int, int, int]] = []
    for numbers in families.values():
        first, stem = numbers[0], source.stems[numbers[0]]
        whole = np.sum([weights[number][:stem] for number in numbers], axis=0)
        start, _ = laid.add(source.prefixes[first][:stem], 0, whole)
        mine = len(stretches)
        for number in numbers:
            prefix = source.prefixes[number]
            home, length = laid.add(prefix[stem:], stem, weights[number][stem:])
            place = len(stretches)
            for index in grouped[number]:
                at, size = laid.add(encoded[index].tokens, len(prefix), encoded[index].weights)
                stretches.append((at, at + size, at + size))
            if length:
                stretches.insert(place, (home, home + length, laid.at))
        if stem:
            stretches.insert(mine, (start, start + stem, laid.at))
    return laid.batch(Tree(tuple(stretches)))


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
