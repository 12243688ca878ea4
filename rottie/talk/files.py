"""A recording in place of a microphone, as fast as it was spoken, and a file in place of a loudspeaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from rottie.talk.outlet import Outlet
from schemas.errors import AudioUnusable, SourceMissing
from schemas.hashing import write_atomic
from schemas.talking import OUT_RATE
from serve.engines.encoding import wav_header

PIECE_S = 0.04
MOST_S = 3600


class Recording:
    """A file of any kind that PyAV decodes, and silence after it."""

    def __init__(self, path: Path) -> None:
        """Raises SourceMissing, AudioUnusable."""
        self._pcm = _decoded(path)
        self._ended = asyncio.Event()

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    async def ended(self) -> None:
        """Wait until all of it was given."""
        await self._ended.wait()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Sound for as long as somebody listens, in time."""
        size, began, given = int(PIECE_S * OUT_RATE) * 2, time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, began + given / (2 * OUT_RATE) - time.monotonic()))
            piece = self._pcm[given : given + size]
            given += size
            yield piece + bytes(size - len(piece))
            if given >= len(self._pcm):
                self._ended.set()


class Loudspeaker:
    """Plays into a WAV file, as fast as a real one; what nobody would have heard is not in it. ``path`` None: into nothing."""

    def __init__(self, outlet: Outlet, path: Path | None) -> None:
        self._outlet, self._path = outlet, path
        self._played = bytearray()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Loudspeaker:
        self._task = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._path is not None:
            write_atomic(self._path, wav_header(OUT_RATE, len(self._played)) + bytes(self._played))

    async def _play(self) -> None:
        began, done = time.monotonic(), 0
        while True:
            await asyncio.sleep(PIECE_S / 2)
            due = int((time.monotonic() - began) * OUT_RATE) - done
            done += due
            sounds = self._outlet.waits
            piece = self._outlet.pull(due * 2)
            if sounds and self._path is not None:
                self._played += piece


def _decoded(path: Path) -> bytes:
    import av
    from av.audio.resampler import AudioResampler
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as file:
            resampler: Any = AudioResampler(format="s16", layout="mono", rate=OUT_RATE)
            made = bytearray()
            for frame in file.decode(audio=0):
                for part in resampler.resample(frame):
                    made += part.to_ndarray().tobytes()
                if len(made) > MOST_S * OUT_RATE * 2:
                    raise AudioUnusable(
                        f"the recording is longer than {MOST_S} seconds", where=str(path), hint="Play less of it."
                    )
            for part in resampler.resample(None):
                made += part.to_ndarray().tobytes()
            return bytes(made)
    except FileNotFoundError as error:
        raise SourceMissing("the recording cannot be read", where=str(path), hint="Check its path.") from error
    except (FFmpegError, IndexError, OSError) as error:
        raise AudioUnusable("this is no recording", where=str(path), hint="Use a WAV, FLAC, MP3, Ogg or WebM file.") from error
