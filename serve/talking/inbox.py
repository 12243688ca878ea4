"""Audio on its way to be heard, cut into windows, and the newest of what was heard."""

from __future__ import annotations

from collections import deque
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from schemas.errors import Overloaded
from serve.engines.samples import RATE
from serve.engines.voice_activity import WINDOW

Audio = NDArray[np.float32]
Mark = Literal["commit", "clear"]


class Inbox:
    """Audio and marks, in order."""

    def __init__(self, longest_s: float) -> None:
        self._longest = round(longest_s * RATE)
        self._items: deque[Audio | Mark] = deque()
        self.samples = 0
        """That wait."""

    def put(self, item: Audio | Mark) -> None:
        """Raises Overloaded where more audio would wait than may; then nothing of it is taken."""
        if not isinstance(item, str):
            if self.samples + len(item) > self._longest:
                waiting = f"{self.samples / RATE:.0f} s of audio wait to be heard"
                raise Overloaded(waiting, where="audio", hint="Send audio no faster than it is spoken.")
            self.samples += len(item)
        self._items.append(item)

    def take(self) -> Audio | Mark | None:
        """A mark, or a window of audio, which is shorter only before a mark; None where more must come first."""
        if self._items and isinstance(self._items[0], str):
            return cast(Mark, self._items.popleft())
        parts, missing = list[Audio](), WINDOW
        while missing and self._items and not isinstance(part := self._items[0], str):
            self._items.popleft()
            if len(part) > missing:
                self._items.appendleft(part[missing:])
            parts.append(part[:missing])
            missing -= len(parts[-1])
        if not parts:
            return None
        whole = np.concatenate(parts)
        if missing and not self._items:
            self._items.append(whole)
            return None
        self.samples -= len(whole)
        return whole

    def clear(self) -> None:
        self._items.clear()
        self.samples = 0


class Recent:
    """The newest audio of a stream. Places are samples since it began."""

    def __init__(self) -> None:
        self.base = self.end = 0
        """The places of the first sample that is kept, and behind the last."""
        self._parts: deque[Audio] = deque()

    def add(self, audio: Audio) -> None:
        self._parts.append(audio)
        self.end += len(audio)

    def between(self, start: int, end: int) -> Audio:
        """As far as it is kept."""
        found, at = list[Audio](), self.base
        for part in self._parts:
            if at + len(part) > start and at < end:
                found.append(part[max(0, start - at) : end - at])
            at += len(part)
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def forget(self, before: int) -> None:
        """A little before ``before`` may stay."""
        while self._parts and self.base + len(self._parts[0]) <= before:
            self.base += len(self._parts.popleft())
