"""Waiting for the wake word in a stream of audio, every 80 ms, with onnxruntime.

A detection may have to pass a second stage: was there a voice at all (Silero), and what a transcript of the last seconds
says, which is the caller's to make. Does not cover how the network was trained (flows.steps.wake).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from schemas.errors import IntegrityError, ModelUnusable
from schemas.hashing import MANIFEST, verify
from schemas.wake import WAKE_FILE, WAKE_MODEL, WakeModel
from serve.engines.samples import RATE, check_rate, checked, open_session
from serve.engines.voice_activity import SileroVad

Confirm = Callable[[NDArray[np.float32]], bool]
"""Takes the last seconds of audio before a detection; says whether it stands. It may take its time: the stream waits."""
KEPT_S = 2.5
_HOPS_AT_ONCE = 125


@dataclass(frozen=True)
class Detection:
    """``at_s`` is the time in the stream at which it was certain, shortly after the phrase's end; ``score`` is 0 to 1."""

    score: float
    at_s: float


class WakeWord:
    """The model in a folder of wake.onnx, wake.json and a manifest of their sums; loaded once, for any number of streams."""

    def __init__(self, folder: Path) -> None:
        """Raises ModelUnusable for a file that is missing, damaged or no wake word."""
        try:
            verify(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
            self.about = WakeModel.model_validate_json((folder / WAKE_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError, ValidationError, IntegrityError) as error:
            raise ModelUnusable("this is not a whole wake word model", where=str(folder)) from error
        self.session = open_session(folder / WAKE_MODEL)

    def listen(
        self,
        rate: int = RATE,
        threshold: float | None = None,
        voice_check: bool = False,
        confirm: Confirm | None = None,
    ) -> WakeStream:
        """A new stream of ``rate`` Hz. ``threshold`` replaces the model's own. Raises AudioUnusable for another rate."""
        check_rate(rate)
        return WakeStream(self, self.about.threshold if threshold is None else threshold, voice_check, confirm)


class WakeStream:
    """One microphone. Not safe in threads. Holds at most a few seconds of audio."""

    def __init__(self, model: WakeWord, threshold: float, voice_check: bool, confirm: Confirm | None) -> None:
        self._model, self._about = model, model.about
        self._threshold, self._voice_check, self._confirm = threshold, voice_check, confirm
        self.reset()

    def reset(self) -> None:
        """Forget everything heard; time begins anew."""
        about = self._about
        self._tail = np.zeros((1, about.overlap), np.float32)
        self._features = np.zeros((1, about.view, about.bands), np.float32)
        self._rest = np.zeros(0, np.float32)
        self._kept = np.zeros(0, np.float32)
        self._hops = 0
        self._deaf_until = 0.0

    def push(self, audio: NDArray[Any]) -> list[Detection]:
        """Take samples of any number, up to a minute; the detections that they complete, oldest first. Raises AudioUnusable."""
        self._rest = np.concatenate((self._rest, checked(audio)))
        return [found for piece, scores in self._scored() for found in self._found(piece, scores)]

    def scores(self, audio: NDArray[Any]) -> NDArray[np.float32]:
        """The bare score of every hop that ``audio`` completes, for measuring. Raises AudioUnusable."""
        self._rest = np.concatenate((self._rest, checked(audio)))
        return np.concatenate([np.zeros(0, np.float32), *(scores for _, scores in self._scored())])

    def _scored(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Pieces of whole hops with their scores."""
        while (hops := min(len(self._rest) // self._about.hop, _HOPS_AT_ONCE)) > 0:
            piece, self._rest = self._rest[: hops * self._about.hop], self._rest[hops * self._about.hop :]
            inputs = {"audio": piece[None], "tail": self._tail, "features": self._features}
            scores, tail, features = self._model.session.run(["scores", "next_tail", "next_features"], inputs)
            self._tail, self._features = np.asarray(tail), np.asarray(features)
            yield piece, np.asarray(scores)[0]

    def _found(self, piece: NDArray[np.float32], scores: NDArray[np.float32]) -> Iterator[Detection]:
        heard = np.concatenate((self._kept, piece))
        before, hops = len(self._kept), self._hops
        self._hops += len(scores)
        self._kept = heard[-int(KEPT_S * RATE) :]
        for hop, score in enumerate(scores.tolist(), start=1):
            at_s = (hops + hop) * self._about.hop / RATE
            if score > self._threshold and at_s > self._deaf_until:
                newest = before + hop * self._about.hop
                if self._stands(heard[max(0, newest - int(KEPT_S * RATE)) : newest]):
                    self._deaf_until = at_s + self._about.refractory_s
                    yield Detection(score, at_s)

    def _stands(self, heard: NDArray[np.float32]) -> bool:
        if self._voice_check and SileroVad().push(heard).max(initial=0.0) < 0.5:
            return False
        return self._confirm is None or self._confirm(heard)
