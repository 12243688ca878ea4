"""What is to be played, and how much of it was: filled by the connection, emptied by a loudspeaker in another thread.

All sound here is 16-bit mono at schemas.talking.OUT_RATE.
"""

from __future__ import annotations

import threading
from collections import deque

from schemas.talking import OUT_RATE

BYTES_PER_MS = OUT_RATE * 2 / 1000


class Outlet:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._played: dict[str, int] = {}

    def push(self, item: str, pcm: bytes) -> None:
        """More of the sound of ``item``."""
        with self._lock:
            self._waiting.append((item, pcm))

    def pull(self, size: int) -> bytes:
        """The next ``size`` bytes, which count as played; silence where nothing waits."""
        made = bytearray()
        with self._lock:
            while self._waiting and len(made) < size:
                item, pcm = self._waiting.popleft()
                part, rest = pcm[: size - len(made)], pcm[size - len(made) :]
                made += part
                self._played[item] = self._played.get(item, 0) + len(part)
                if rest:
                    self._waiting.appendleft((item, rest))
        return bytes(made) + bytes(size - len(made))

    def drop(self) -> None:
        """Play no more of what waits."""
        with self._lock:
            self._waiting.clear()

    def played_ms(self, item: str) -> int:
        with self._lock:
            return int(self._played.get(item, 0) / BYTES_PER_MS)

    @property
    def waits(self) -> bool:
        with self._lock:
            return bool(self._waiting)
