"""Rows that are made while training goes on: every epoch is a new chunk of generated homes, named by its number alone.

A chunk is made in the background, by a thread or by processes of its own, so that training never waits for it; a few
chunks at most are in memory. A resumed run asks for the chunk by its number and gets the same rows.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.steps.feeding import Epoch, Feeding, order, packed
from flows.steps.job import Objective
from flows.steps.packing import Encoder
from schemas.conversation import Conversation
from schemas.hashing import content_id
from schemas.pipeline import HomeSource, Training

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


VOCABULARY_ROWS = 16_000


class Streamed(Feeding):
    """``training.stream`` epoch by epoch. ``processes`` make chunks side by side; with 0 a thread makes one ahead."""

    def __init__(self, tokenizer: Path, objective: Objective, training: Training, processes: int = 0) -> None:
        super().__init__(training)
        self._tokenizer = str(tokenizer)
        self._objective: Objective = objective
        self._ahead = max(1, processes)
        self._waiting: dict[int, Future[Epoch]] = {}
        self._executor: Executor = (
            ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
            if processes
            else ThreadPoolExecutor(1, thread_name_prefix="rows")
        )

    def _make(self, number: int) -> Epoch:
        for each in range(number, number + self._ahead + 1):
            if each not in self._waiting:
                self._waiting[each] = self._executor.submit(encoded_chunk, self._tokenizer, self._objective, self.training, each)
        return self._waiting.pop(number).result()

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def chunk(source: HomeSource, number: int) -> Iterator[Conversation]:
    """The rows of one epoch: no home of it occurs in another."""
    from flows.steps.generating import generate

    return generate(source.model_copy(update={"seed": source.seed + number}))


def identity(source: HomeSource) -> str:
    """A name for all rows that ``source`` will ever give."""
    from flows.steps.generating import GENERATOR

    return content_id("stream", GENERATOR, source)


def vocabulary_rows(source: HomeSource) -> Iterator[Conversation]:
    """What the tokenizer learns from: the rows of one epoch, spread over many more homes, since names are what varies."""
    rows = max(source.rows, VOCABULARY_ROWS)
    return chunk(source.model_copy(update={"rows": rows, "homes": max(source.homes, rows // 8)}), -1)


def held_out(training: Training, rows: int = 256, homes: int = 16) -> Iterator[Conversation]:
    """Rows to judge a lone run by: of the part whose words, names and phrasings training never shows."""
    assert training.stream is not None
    return chunk(training.stream.model_copy(update={"part": "validation", "rows": rows, "homes": homes}), 0)


def encoded_chunk(tokenizer: str, objective: Objective, training: Training, number: int) -> Epoch:
    """One epoch in tokens and packed, as it is sent between processes."""
    assert training.stream is not None
    encoder = Encoder(_tokenizer(tokenizer), objective, training.request_loss)
    rows = encoder.encode(list(chunk(training.stream, number)))
    return packed(rows, encoder.alone(), training, order(training.seed, number))


@lru_cache(maxsize=1)
def _tokenizer(folder: str) -> PreTrainedTokenizerFast:
    from flows.steps.modelling import load_tokenizer

    return load_tokenizer(Path(folder))
