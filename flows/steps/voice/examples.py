"""Sentences spoken by the teacher as tensors to learn from: ids with their durations, pitch of every frame, and the sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch

from flows.steps.speech.espeak import RATE, Synthesizer
from flows.steps.voice.aligning import HOP, aligned
from flows.steps.voice.modelling import owners
from flows.steps.voice.pitch import pitch
from flows.steps.voice.sentences import sentences
from flows.steps.voice.vocoder import HOP as FINE_HOP
from schemas.pipeline import Part

_POOL = 8  # batches that are drawn at once, so that sentences of like length share one
_PASSES = 2  # times that a drawn batch is learnt from: speaking and tracing its pitch cost a fifth of a step
MOST_FRAMES = 900  # about ten seconds


@dataclass(frozen=True)
class Example:
    """One sentence. ``hertz`` and ``voiced`` are of the vocoder's frames, ``audio`` is whole frames long."""

    text: str
    ids: list[int]
    durations: list[int]
    hertz: np.ndarray
    voiced: np.ndarray
    audio: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Padded to the longest; masks (batch, time, 1) are 0 beyond each sentence's end."""

    ids: torch.Tensor
    ids_mask: torch.Tensor
    durations: torch.Tensor
    owner: torch.Tensor
    position: torch.Tensor
    frames_mask: torch.Tensor
    hertz: torch.Tensor
    voiced: torch.Tensor
    audio: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(**{name: value.to(device) for name, value in vars(self).items()})


class Source:
    """The teacher's sentences of one part, in batches. ``speech`` is open for as long as this is used."""

    def __init__(self, speech: Synthesizer, table: dict[str, list[int]], teacher: str, part: Part, batch: int, seed: int) -> None:
        self.speech, self.table, self.teacher, self.batch, self.seed = speech, table, teacher, batch, seed
        self.part: Part = part

    def batches(self, start: int) -> Iterator[Batch]:
        """The batch of step ``start`` and all after it; what is said is a function of the seed and the step alone."""
        pool, done = divmod(start, _POOL * _PASSES)
        while True:
            examples = sorted(self.examples(pool, self.batch * _POOL), key=lambda example: len(example.audio))
            batches = [collated(examples[at * self.batch : (at + 1) * self.batch]) for at in range(_POOL)]
            rng = Random(f"{self.seed}:{pool}")  # noqa: S311 - an order to learn in
            order = [place for _ in range(_PASSES) for place in rng.sample(range(_POOL), _POOL)]
            yield from (batches[place] for place in order[done:])
            pool, done = pool + 1, 0

    def examples(self, pool: int, count: int) -> list[Example]:
        found: list[Example] = []
        said = sentences(self.part, self.seed * 1_000_003 + pool)
        while len(found) < count:
            if (example := self.example(next(said))) is not None:
                found.append(example)
        return found

    def example(self, text: str) -> Example | None:
        """None for what cannot be aligned, or is too long to learn from."""
        spoken = self.speech.say(text, self.teacher, phonemize=True)
        found = aligned(spoken, self.table)
        if found is None or not 0 < sum(found[1]) <= MOST_FRAMES:
            return None
        ids, durations = found
        audio = np.pad(spoken.audio, (0, sum(durations) * HOP - len(spoken.audio)))
        hertz, voiced = pitch(audio, RATE, HOP)
        fine = (np.arange(len(audio) // FINE_HOP) + 0.5) * FINE_HOP / HOP - 0.5
        hertz = np.interp(fine, np.arange(len(hertz)), hertz).astype(np.float32)
        return Example(text, ids, durations, hertz, voiced.repeat(HOP // FINE_HOP), audio)


def collated(examples: Sequence[Example]) -> Batch:
    ids = _padded([example.ids for example in examples], torch.long)
    durations = _padded([example.durations for example in examples], torch.long)
    lengths = durations.sum(dim=1)
    longest = int(lengths.max())
    owner, position = owners(durations, longest)
    counts = torch.tensor([len(example.ids) for example in examples])
    return Batch(
        ids=ids,
        ids_mask=(torch.arange(ids.shape[1]) < counts[:, None]).float()[:, :, None],
        durations=durations,
        owner=owner,
        position=position,
        frames_mask=(torch.arange(longest) < lengths[:, None]).float()[:, :, None],
        hertz=_padded([example.hertz for example in examples], torch.float32, 100.0),
        voiced=_padded([example.voiced for example in examples], torch.float32),
        audio=_padded([example.audio for example in examples], torch.float32),
    )


def _padded(rows: Sequence[Sequence[int] | np.ndarray], dtype: torch.dtype, value: float = 0.0) -> torch.Tensor:
    made = [torch.as_tensor(row, dtype=dtype) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(made, batch_first=True, padding_value=value)
