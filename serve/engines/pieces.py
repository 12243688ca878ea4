"""Pieces of a reply on their way out: no stop string, nothing lost at the end, log-probabilities of just what is said.

Engines give whole characters. What llama.cpp's own stop strings hold back is lost where a reply ends at its limit; here it
is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.events import TokenLogprob
from serve.engines.protocol import Delta


class Pieces:
    """Holds back whatever may be the beginning of a stop string. ``stopped`` is true once one was found."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held: list[Delta] = []
        self.stopped = False

    def add(self, text: str, tokens: tuple[TokenLogprob, ...] = ()) -> Delta | None:
        """What may be said now. ``tokens`` are those of ``text``: their bytes, joined, are its UTF-8."""
        piece = Delta(text, tokens)
        if not self._stops:
            return piece if text else None
        self._held.append(piece)
        held = "".join(one.text for one in self._held)
        found = [at for at in map(held.find, self._stops) if at >= 0]
        if found:
            self.stopped = True
            said, self._held = _cut(self._held, min(found)), []
            return joined(said)
        safe = len(held) - max(_overlap(held, stop) for stop in self._stops)
        ready: list[Delta] = []
        while self._held and len(self._held[0].text) <= safe:
            safe -= len(self._held[0].text)
            ready.append(self._held.pop(0))
        return joined(ready)

    def rest(self) -> Delta | None:
        """What was held back, when the reply has ended and no stop string came."""
        held, self._held = self._held, []
        return joined(held)


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of ``text`` with which ``stop`` begins."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)


def _cut(pieces: Iterable[Delta], length: int) -> list[Delta]:
    """The first ``length`` characters. The token in which they end is cut with them; its probability is the whole token's."""
    kept = []
    for piece in pieces:
        text = piece.text[:length]
        length -= len(text)
        kept.append(piece if text == piece.text else Delta(text, within(piece.logprobs, len(text.encode()))))
        if not length:
            break
    return kept


def within(tokens: Iterable[TokenLogprob], size: int) -> tuple[TokenLogprob, ...]:
    """The tokens of the first ``size`` bytes of a text; one that goes on after them is cut there."""
    kept = []
    for token in tokens:
        if size <= 0:
            break
        if len(token.bytes) > size:
            part = token.bytes[:size]
            token = token.model_copy(update={"bytes": part, "token": bytes(part).decode("utf-8", "replace")})
        size -= len(token.bytes)
        kept.append(token)
    return tuple(kept)


def joined(pieces: Iterable[Delta | None]) -> Delta | None:
    """One delta of several; None for no text."""
    said = [piece for piece in pieces if piece is not None and piece.text]
    if len(said) <= 1:
        return said[0] if said else None
    return Delta("".join(piece.text for piece in said), tuple(token for piece in said for token in piece.logprobs))
