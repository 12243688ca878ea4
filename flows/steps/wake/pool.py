"""Scenes kept as features on disk, a chunk a folder: made once, whole or not at all, and read without being loaded.

A feature is one byte of 0.02 (a third of a decibel): 50,000 scenes take 640 MB. Does not cover what is in a scene (scenes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.steps.speech.espeak import Synthesizer
from flows.steps.storing import new_version
from flows.steps.wake.network import STEP, features
from flows.steps.wake.scenes import Scene, Studio
from schemas.hashing import content_id
from schemas.pipeline import Part

VERSION = 1  # raise when the same recipe gives other scenes
POSITIVE, NEAR, TALK = 0, 1, 2
CHUNK = 1000
_UNIT = 0.02


@dataclass(frozen=True)
class Share:
    """How many scenes of each kind."""

    positives: int
    nears: int
    talks: int

    @property
    def total(self) -> int:
        return self.positives + self.nears + self.talks


@dataclass(frozen=True)
class Pool:
    """``steps``: (scenes, frames, bands) bytes; ``ends``: frame where the phrase ends, or -1; ``kinds``: what each scene is."""

    steps: list[NDArray[np.uint8]]
    ends: NDArray[np.int32]
    kinds: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ends)

    def take(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Features (indices, frames, bands)."""
        starts = np.cumsum([0, *(len(chunk) for chunk in self.steps)])
        places = np.searchsorted(starts, indices, side="right") - 1
        rows = np.empty((len(indices), *self.steps[0].shape[1:]), np.uint8)
        for number, (place, index) in enumerate(zip(places, indices, strict=True)):
            rows[number] = self.steps[place][index - starts[place]]
        return rows.astype(np.float32) * np.float32(_UNIT)


def read(folders: Iterable[Path]) -> Pool:
    paths = list(folders)
    load = lambda path, name, **how: np.load(path / f"{name}.npy", allow_pickle=False, **how)  # noqa: E731
    return Pool(
        [load(path, "steps", mmap_mode="r") for path in paths],
        np.concatenate([load(path, "ends") for path in paths]),
        np.concatenate([load(path, "kinds") for path in paths]),
    )


def write(target: Path, scenes: Iterable[tuple[int, Scene]]) -> Path:
    """Keep ``scenes`` of the kinds given in ``target``, unless it is there."""
    if not target.is_dir():
        steps, ends, kinds = [], [], []
        for kind, scene in scenes:
            steps.append(pressed(features(scene.audio)))
            ends.append(-1 if scene.end is None else scene.end // STEP)
            kinds.append(kind)
        keep(target, np.stack(steps), np.array(ends, np.int32), np.array(kinds, np.uint8))
    return target


def keep(target: Path, steps: NDArray[np.uint8], ends: NDArray[np.int32], kinds: NDArray[np.uint8]) -> None:
    with new_version(target) as folder:
        for name, values in {"steps": steps, "ends": ends, "kinds": kinds}.items():
            np.save(folder / f"{name}.npy", values, allow_pickle=False)


def pressed(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.clip(np.round(values / _UNIT), 0, 255).astype(np.uint8)


def make(root: Path, phrase: str, part: Part, share: Share, seed: int, say: Callable[[str], None]) -> list[Path]:
    """The chunks below ``root`` that hold ``share``, those that are missing made now: about 15 ms of a core a scene."""
    chunks = max(1, round(share.total / CHUNK))
    made: list[Path] = []
    studio: Studio | None = None
    with Synthesizer() as synthesizer:
        for number in range(chunks):
            portion = Share(*(_portion(count, number, chunks) for count in (share.positives, share.nears, share.talks)))
            target = root / content_id(VERSION, phrase, part, vars(portion), seed, number)
            if not target.is_dir():
                studio = studio or Studio(phrase, part, synthesizer)
                studio.begin(seed * 10_000 + number)
                write(target, _scenes(studio, portion))
                say(f"chunk {number + 1} of {chunks} for {part}: {portion.total} scenes")
            made.append(target)
    return made


def _scenes(studio: Studio, share: Share) -> Iterator[tuple[int, Scene]]:
    return chain(
        zip(repeat(POSITIVE), studio.positives(share.positives), strict=False),
        zip(repeat(NEAR), studio.nears(share.nears), strict=False),
        zip(repeat(TALK), studio.talks(share.talks), strict=False),
    )


def _portion(count: int, number: int, chunks: int) -> int:
    return count * (number + 1) // chunks - count * number // chunks
