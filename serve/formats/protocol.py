"""What every prompt format offers: a conversation as prompt text, and the meaning of the text that comes back.

serve.turn knows models only through this. Does not cover what tools do, or who may use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from schemas.conversation import Message, Tool, ToolCall
from serve.engines.grammar import ToolChoice


class Reply(Protocol):
    """One reply as it streams. Speech is passed on as soon as it cannot be a call; the syntax of calls never is."""

    def add(self, text: str) -> str:
        """Takes the next piece of the engine's text; returns the speech that may be sent now, often none."""
        ...

    def rest(self) -> str:
        """The speech that was still held back, once the reply has ended."""
        ...

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls of the reply that has ended, without ids; empty where it was speech. Raises
        schemas.prompt.MalformedReply where a call was begun that does not parse."""
        ...


class Format(Protocol):
    """How one model is spoken to. Holds no state of a conversation; pure, but for a template that it was made with."""

    lead: str
    """What a reply of speech begins with before its first word: a grammar for speech (a JSON document, say) starts with it."""

    visible: tuple[str, ...]
    """Control tokens that are part of what a reply means, such as one that begins a call: engines pass on their text."""

    def normal(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages as this model knows text; every other method expects them so."""
        ...

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool], home: Sequence[str]) -> str:
        """The text that the model continues. What never changes comes first; nothing in a message can end it or start another."""
        ...

    def grammar(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        home: Sequence[str],
        choice: ToolChoice,
        meant: frozenset[str] = frozenset(),
    ) -> str | None:
        """GBNF that the reply follows; None where any text may come. ``meant``: the things of the home that can be meant, where
        that is known. Raises RequestError for a required tool that is absent.
        """
        ...

    def reply(self, tools: Sequence[Tool]) -> Reply:
        """A reader for one reply; with no ``tools``, all of it is speech."""
        ...

    def close(self) -> None:
        """Free what it holds outside this process; may be called twice."""
        ...
