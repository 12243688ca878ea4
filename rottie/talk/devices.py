"""Microphone and loudspeaker of this machine, through PortAudio (the package sounddevice, an extra)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any

from rottie.talk.outlet import Outlet
from schemas.errors import NoSoundDevice, SpeechMissing
from schemas.talking import OUT_RATE

PIECE = OUT_RATE // 25  # samples of one piece from the microphone
WAITING = 250  # pieces that may wait to be sent: ten seconds; then the oldest are lost


class Devices:
    """Both at once, while the block runs."""

    over = False

    def __init__(self, outlet: Outlet, microphone: str | None = None, loudspeaker: str | None = None) -> None:
        """Names or numbers as `python -m sounddevice` lists them. Raises SpeechMissing."""
        self._sounds = _sounddevice()
        self._outlet, self._names = outlet, (_named(microphone), _named(loudspeaker))
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
        self._loop = asyncio.get_running_loop()
        self._streams: list[Any] = []

    async def __aenter__(self) -> Devices:
        """Raises NoSoundDevice."""
        form = {"samplerate": OUT_RATE, "channels": 1, "dtype": "int16"}
        try:
            ear = self._sounds.RawInputStream(device=self._names[0], blocksize=PIECE, callback=self._heard, **form)
            self._streams.append(ear)
            self._streams.append(self._sounds.RawOutputStream(device=self._names[1], callback=self._play, **form))
            for stream in self._streams:
                stream.start()
        except (self._sounds.PortAudioError, ValueError) as error:
            self._close()
            raise NoSoundDevice(f"the microphone or the loudspeaker cannot be opened: {error}") from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What the microphone hears, as it comes."""
        while True:
            yield await self._waiting.get()

    def _close(self) -> None:
        for stream in self._streams:
            stream.close()
        self._streams.clear()

    # Called from PortAudio's own thread.

    def _heard(self, data: Any, frames: int, time: Any, status: Any) -> None:
        self._loop.call_soon_threadsafe(self._take, bytes(data))

    def _play(self, data: Any, frames: int, time: Any, status: Any) -> None:
        data[:] = self._outlet.pull(frames * 2)

    def _take(self, piece: bytes) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(piece)


def _named(device: str | None) -> str | int | None:
    return int(device) if device is not None and device.isdigit() else device


def _sounddevice() -> Any:
    hint = "or play a recording with --in FILE.wav --out FILE.wav."
    try:
        import sounddevice  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        told = "a microphone needs the package sounddevice"
        raise SpeechMissing(told, hint=f"Install it with `uv pip install sounddevice`, {hint}") from error
    except OSError as error:
        told = "a microphone needs the library PortAudio"
        raise SpeechMissing(told, hint=f"Install it, such as with `apt install libportaudio2`, {hint}") from error
    return sounddevice
