"""Speaking with a Piper voice, ours or any of Piper's own: text in, sound out piece by piece, from a process of its own.

Does not cover which voice is right for a language, nor how replies are cut while they still stream.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np

from schemas.errors import EngineError, IntegrityError, ModelUnusable, SpeechMissing
from schemas.hashing import verify_manifest
from serve.engines.spoken_pieces import cleaned, pieces
from serve.piping import Helper, HelperLost

CHILD = Path(__file__).with_name("piper_process.py")
STARTING_S, PIECE_S = 60.0, 30.0
PAUSE_S, BREATH_S = 0.25, 0.1  # after a sentence, and after a part of one
SLOWEST, FASTEST = 0.25, 4.0


class PiperEngine:
    """One voice in one process, started again when it was lost. Safe to use from many coroutines of one event loop at once:
    their pieces take turns."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        """``model`` is the ONNX file; its JSON lies beside it under the same name and ``.json``. Blocks until it has spoken once.

        Raises ModelUnusable, SpeechMissing without piper-tts, EngineError where the process does not start.
        """
        self._arguments = (str(model), str(threads))
        self._turn = asyncio.Lock()
        if not model.is_file() or not Path(f"{model}.json").is_file():
            raise ModelUnusable("a voice is an ONNX file with its JSON beside it", where=str(model))
        try:
            verify_manifest(model.parent)
        except IntegrityError as error:
            raise ModelUnusable("the voice's files are not as its manifest says", where=str(model.parent)) from error
        self.languages = _languages(Path(f"{model}.json"))
        self._helper: Helper | None = None
        try:
            self._helper, self.rate = self._started()
        except HelperLost as error:
            raise EngineError("the voice's process did not start", where=str(model)) from error

    @property
    def pid(self) -> int | None:
        """Of the process that speaks; None while there is none."""
        return self._helper.pid if self._helper else None

    async def speak(self, text: str, speed: float = 1.0) -> AsyncGenerator[np.ndarray, None]:
        """Yield float32 samples in [-1, 1] at ``rate`` Hz, piece by piece, as soon as each is made.

        ``speed`` is held between 0.25 and 4. Closing the iterator early ends the work after the piece under way. Raises
        TextUnspeakable, and EngineError where the voice fails, or its process is lost twice over the same piece.
        """
        scale = 1.0 / min(FASTEST, max(SLOWEST, speed))
        parts = list(pieces(cleaned(text)))
        for number, piece in enumerate(parts):
            async with self._turn:
                audio = await self._made(piece, scale)
            if number + 1 < len(parts):
                pause = PAUSE_S if piece.endswith((".", "!", "?", "…", "。")) else BREATH_S
                audio = np.concatenate([audio, np.zeros(int(pause * scale * self.rate), np.float32)])
            yield audio

    def close(self) -> None:
        """End the process. Speaking afterwards starts it again."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()

    async def _made(self, piece: str, scale: float) -> np.ndarray:
        """The piece's samples. A cancelled wait is not left half-way: the answer is read before the next question is asked."""
        work = asyncio.ensure_future(asyncio.to_thread(self._asked, piece, scale))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            raise

    def _asked(self, piece: str, scale: float) -> np.ndarray:
        request = {"text": piece.replace("[[", "[ ["), "length_scale": scale}  # [[ ]] would be phonemes
        try:
            told, raw = self._ready().ask(request, PIECE_S)
        except HelperLost:
            self._helper = None
            try:
                told, raw = self._ready().ask(request, PIECE_S)
            except HelperLost as error:
                self._helper = None
                raise EngineError("the voice was lost twice over the same words", where=self._arguments[0]) from error
        if "error" in told:
            raise EngineError("the voice cannot say this", where=str(told["error"]), hint="Say it in other words.")
        return np.frombuffer(raw, "<f4").clip(-1.0, 1.0)

    def _ready(self) -> Helper:
        if self._helper is None:
            self._helper, self.rate = self._started()
        return self._helper

    def _started(self) -> tuple[Helper, int]:
        helper = Helper(CHILD, self._arguments)
        told, _ = helper.receive(STARTING_S)
        if "error" not in told:
            return helper, int(told["rate"])
        helper.close()
        if told["error"] == "missing":
            raise SpeechMissing("the package that speaks with Piper voices is not installed")
        raise ModelUnusable("this is no voice that Piper can open", where=self._arguments[0])


def _languages(about: Path) -> tuple[str, ...]:
    """What the voice speaks, such as ``en``. Raises ModelUnusable."""
    try:
        voice = json.loads(about.read_text(encoding="utf-8"))["espeak"]["voice"]
        return (str(voice).partition("-")[0].lower(),)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnusable("this is no voice that Piper can open: its JSON names no language", where=str(about)) from error
