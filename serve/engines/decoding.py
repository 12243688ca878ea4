"""Recordings as they are uploaded, to samples: WAV, FLAC, MP3, Ogg and WebM of any rate, in a process with bounds of its own.

A recording that is damaged, cut short or too long is refused whole, so that nobody acts on a part of what was said. Nothing is
written to disk. Does not cover who speaks or what.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.errors import AudioUnusable, EngineError
from serve.engines.samples import RATE
from serve.piping import Helper, HelperLost

CHILD = Path(__file__).with_name("decoding_process.py")
STARTING_S, DECODING_S = 30.0, 20.0
HINT = "Send a whole recording as WAV, FLAC, MP3, Ogg or WebM, of some seconds."
_REASONS = {
    "kind": "the recording is of no kind that can be read",
    "shape": "the recording's rate or its number of channels is out of bounds",
    "damaged": "the recording is damaged",
    "cut": "the recording is cut short",
    "empty": "the recording is empty",
}


class Decoder:
    """One process, started by ``start`` or with the first recording, and again after it was lost.

    Safe to use from many coroutines of one event loop at once: recordings take turns.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._helper: Helper | None = None

    def start(self) -> None:
        """Spare the first recording the start; blocks. Only before the first. Raises EngineError."""
        self._helper = self._started()

    async def decode(self, recording: bytes, longest_s: float) -> NDArray[np.float32]:
        """Mono samples at 16,000 Hz in [-1, 1]. Raises AudioUnusable, and EngineError where the process does not start."""
        async with self._turn:
            work = asyncio.ensure_future(asyncio.to_thread(self._asked, recording, longest_s))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])  # the answer is read before the next question is asked
                raise

    def close(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()

    def _asked(self, recording: bytes, longest_s: float) -> NDArray[np.float32]:
        helper = self._helper = self._helper or self._started()
        try:
            told, raw = helper.ask({"bytes": len(recording), "longest_s": longest_s}, DECODING_S, recording)
        except HelperLost:
            self._helper = None
            raise AudioUnusable("the recording takes too much time or memory to decode", hint=HINT) from None
        reason = told.get("error")
        if reason == "long":
            raise AudioUnusable(f"the recording is longer than {longest_s:g} seconds", hint="Send a shorter one.")
        if reason is not None:
            raise AudioUnusable(_REASONS[reason], hint=HINT)
        samples = np.frombuffer(raw, "<f4")
        if not len(samples):
            raise AudioUnusable(_REASONS["empty"], hint=HINT)
        if not np.isfinite(samples).all() or len(samples) > (longest_s + 1) * RATE:
            raise AudioUnusable(_REASONS["damaged"], hint=HINT)
        return samples.clip(-1.0, 1.0)

    @staticmethod
    def _started() -> Helper:
        helper = Helper(CHILD)
        try:
            helper.receive(STARTING_S)
        except HelperLost as error:
            raise EngineError(
                "the process that decodes recordings did not start", hint="See whether `av` is installed."
            ) from error
        return helper
