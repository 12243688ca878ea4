"""What every language-model engine offers, whichever library runs it.

Does not cover prompts or tool calls: an engine turns prompt text into reply text; serve.turn gives both their meaning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy; other values follow llama.cpp's meaning."""

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delta:
    """A piece of reply text, as soon as it is certain."""

    text: str


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
class TokenScores:
    """The most likely next tokens after a prompt: token id -> natural-log probability, most likely first."""

    prompt_tokens: tuple[int, ...]
    next_tokens: dict[int, float] = field(default_factory=dict)


class LlmEngine(Protocol):
    """One loaded model. Safe to use from many coroutines of one event loop at once."""

    context: int

    def generate(self, prompt: str, sampling: Sampling, grammar: str | None = None) -> AsyncIterator[Delta | Finished]:
        """Yield deltas, then exactly one Finished. ``grammar`` is GBNF with the rule ``root``.

        Closing the iterator early frees the slot. Raises PromptTooLong, Overloaded, EngineError.
        """
        ...

    async def tokenize(self, text: str) -> list[int]:
        """Token ids of ``text``, special tokens recognised, none added."""
        ...

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        """Log-probabilities of the ``top`` most likely next tokens."""
        ...

    def close(self) -> None:
        """Free the weights. Only after the last generate has ended."""
        ...
