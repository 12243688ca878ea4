"""A recogniser that hears fixed words and a voice that hums: for tests of everything around the engines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import ModelUnusable
from serve.engines.faster_whisper import Piece, Told, Transcript, Word
from serve.engines.samples import RATE
from serve.engines.spoken_pieces import cleaned, pieces

LOUD = 0.01
_A_CHARACTER_S = 0.02


class ScriptedRecogniser:
    """Hears ``text`` in whatever is not silent."""

    languages = ("en",)

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> ScriptedRecogniser:
        """Raises ModelUnusable."""
        try:
            return cls(file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ModelUnusable("what the scripted recogniser hears cannot be read", where=str(file)) from error

    async def transcribe(
        self,
        audio: NDArray[Any],
        *,
        names: Sequence[str] = (),
        language: str | None = None,
        words: bool = False,
        told: Told = lambda _: None,
    ) -> Transcript:
        self.names = tuple(names)
        seconds, language = len(audio) / RATE, language or "en"
        if not self.text or not len(audio) or np.abs(audio).max() < LOUD:
            return Transcript("", (), 1.0, language, 1.0, seconds)
        said, each = self.text.split(), seconds / len(self.text.split())
        timed = tuple(Word(word, at * each, (at + 1) * each, 0.9) for at, word in enumerate(said)) if words else ()
        piece = Piece(self.text, 0.0, seconds, 0.0, 0.9, timed)
        told(piece)
        return Transcript(self.text, (piece,), 0.0, language, 1.0, seconds)

    def close(self) -> None:
        """Nothing is held."""


class ScriptedVoice:
    """Hums for as long as somebody would speak."""

    rate = 22050
    languages = ("en",)

    async def speak(self, text: str, speed: float = 1.0) -> AsyncGenerator[NDArray[np.float32], None]:
        """Raises TextUnspeakable."""
        for piece in pieces(cleaned(text)):
            at = np.arange(int(len(piece) * _A_CHARACTER_S / speed * self.rate)) / self.rate
            yield (0.2 * np.sin(2 * np.pi * 220 * at)).astype(np.float32)

    def close(self) -> None:
        """Nothing is held."""
