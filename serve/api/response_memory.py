"""Responses that a later request may go on from, or read again: in memory only, bounded, gone with the process."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from schemas.conversation import Message
from serve.api.keys import OWNER, Caller

MOST = 512
MOST_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Kept:
    """``body`` is what was sent; ``messages`` the conversation up to its end, without instructions; ``given`` the items of the
    request; ``caller`` who asked.
    """

    body: dict[str, Any]
    messages: tuple[Message, ...]
    given: tuple[dict[str, Any], ...] = ()
    caller: Caller = OWNER

    @property
    def size(self) -> int:
        """Bytes, roughly: characters of the texts, four bytes each, and the images."""
        images = sum(len(image) for message in self.messages for image in message.images)
        texts = sum(len(message.content or "") + 200 + 200 * len(message.tool_calls) for message in self.messages)
        return 4 * texts + images + len(repr(self.body)) + len(repr(self.given))


class Memory:
    """The newest responses; the one that was used the longest ago gives way."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[str, tuple[Kept, int]] = OrderedDict()
        self._bytes = 0

    def keep(self, name: str, kept: Kept) -> None:
        self.forget(name)
        self._kept[name] = kept, kept.size
        self._bytes += kept.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self.forget(next(iter(self._kept)))

    def find(self, name: str, caller: Caller = OWNER) -> Kept | None:
        """None also for what another one asked."""
        if (found := self._kept.get(name)) is None or found[0].caller.id != caller.id:
            return None
        self._kept.move_to_end(name)
        return found[0]

    def forget(self, name: str) -> bool:
        """Whether there was such a one."""
        if (found := self._kept.pop(name, None)) is None:
            return False
        self._bytes -= found[1]
        return True


def newest(messages: list[Message], most: int, images: int) -> tuple[Message, ...]:
    """The last ``most`` messages at most, with ``images`` at most, from one of the user on: calls and their results are never
    parted.
    """
    first = max(0, len(messages) - most)
    while sum(len(message.images) for message in messages[first:]) > images:
        first += 1
    kept = messages[first:]
    begin = next((i for i, message in enumerate(kept) if message.role == "user"), 0) if first else 0
    return tuple(kept[begin:])
