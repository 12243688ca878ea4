"""What every language-model engine offers, whichever library runs it.

Does not cover prompts or tool calls: an engine turns prompt text into reply text; serve.turn gives both their meaning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Protocol

from schemas.events import TokenLogprob


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy; other values follow llama.cpp's meaning."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    logprobs: int | None = None
    """Alternatives to report for each token, 0 to 20; None reports no probabilities at all."""
    seed: int | None = None
    stop: tuple[str, ...] = ()
    in_one: bool = False
    """Nobody watches the reply grow: it may come as one delta, where that saves work for each token."""


@dataclass(frozen=True)
class Delta:
    """A piece of reply text, as soon as it is certain; ``logprobs`` are those of its tokens, where they were asked for."""

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The end of a reply. Times in milliseconds, as the engine measured them."""

    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    prompt_ms: float
    completion_ms: float


@dataclass(frozen=True)
class Picture:
    """An image that was decoded and is whole: ``png`` in base64, ``width`` and ``height`` in pixels."""

    png: str
    width: int
    height: int


@dataclass(frozen=True)
class Placed:
    """A picture in a prompt, before its character ``at``; ``tokens`` are what it adds to the prompt."""

    picture: Picture
    at: int
    tokens: int


def around(prompt: str, images: Sequence[Placed]) -> list[str]:
    """The text before, between and after ``images``, which are in the order of their places."""
    places = [0, *(image.at for image in images), len(prompt)]
    return [prompt[begin:end] for begin, end in pairwise(places)]


@dataclass(frozen=True)
class TokenScores:
    """The most likely next tokens after a prompt: token id -> natural-log probability, most likely first."""

    prompt_tokens: tuple[int, ...]
    next_tokens: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Embedding:
    """A text as one vector of length 1, and how many tokens it took."""

    vector: tuple[float, ...]
    tokens: int


class LlmEngine(Protocol):
    """One loaded model. Safe to use from many coroutines of one event loop at once."""

    context: int

    adapters: frozenset[str]
    """Names of the LoRA adapters that it was opened with."""

    def generate(
        self,
        prompt: str,
        sampling: Sampling,
        grammar: str | None = None,
        adapter: str | None = None,
        images: Sequence[Placed] = (),
    ) -> AsyncIterator[Delta | Finished]:
        """Yield deltas, then exactly one Finished. ``grammar`` is GBNF with the rule ``root``.

        No text in ``prompt`` stands for an image: those are ``images``, for engines that see.

        ``adapter`` is one of ``adapters``; a prefix that was computed with other weights is never used. Closing the iterator
        early frees the slot. Raises PromptTooLong, Overloaded, NoProjector, EngineError.
        """
        ...

    async def image_tokens(self, picture: Picture) -> int:
        """How many tokens ``picture`` adds to a prompt. Raises NoProjector where the model takes no images."""
        ...

    async def tokenize(self, text: str) -> list[int]:
        """Token ids of ``text``, special tokens recognised, none added."""
        ...

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text that ``tokens`` stand for, half characters replaced. Raises RequestError for an id that there is not."""
        ...

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        """Log-probabilities of the ``top`` most likely next tokens."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """One vector for each text, in their order. Raises PromptTooLong, EngineError."""
        ...

    def close(self) -> None:
        """Free the weights. Only after the last generate has ended."""
        ...
