"""What the recogniser is fitted to: batches out of the store of clips, its losses, and its words on held-out clips.

Does not cover the loop (speech.fitting) nor figures of the exported model (measuring).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy

from flows.steps.recogniser.clips import PHONEMES, Clip, Mels, Sample, Store
from flows.steps.recogniser.exporting import vocabulary_size
from flows.steps.recogniser.modelling import FRAMES, Recogniser, Shape, padded
from flows.steps.recogniser.scoring import word_error_rate
from flows.steps.recogniser.tokenizing import END, NO_SPEECH, NO_TIMES, START, number_of
from flows.steps.speech.fitting import device
from schemas.speech import RecogniserRecipe

FIRST = 1500  # clips before the first step
_GROUP = 8  # batches that are drawn together, so that clips of like length come together
_TIMED = 0.2  # share of clips learnt with the times of their speech, which a stock runtime asks for
_TAIL = 6  # positions that stand for the padding behind a batch
_IGNORED = -100
_ABOUT = 14  # frames to either side of where a token is said, about
_HEARD, _LONGEST = 32, 60  # clips decoded together; tokens of one


@dataclass(frozen=True)
class Batch:
    """``mels`` [rows, 80, frames], ``tokens`` and ``targets`` [rows, tokens], ``phonemes`` [rows, frames / 2].

    ``places`` [rows, tokens]: the frame in which each target is said, about; negative where it is not said at all.
    """

    mels: Tensor
    tokens: Tensor
    targets: Tensor
    phonemes: Tensor
    places: Tensor
    tail: tuple[Tensor, Tensor] | None


def build(recipe: RecogniserRecipe, tokenizer: Tokenizer) -> Recogniser:
    """From random weights, which the recipe's seed decides."""
    torch.manual_seed(recipe.fit.seed)
    vocabulary = vocabulary_size(tokenizer)
    layers = recipe.encoder_layers, recipe.decoder_layers
    return Recogniser(Shape(recipe.width, recipe.heads, *layers, vocabulary, recipe.seconds * 50, PHONEMES)).to(device())


class Words:
    """A Learner: see speech.fitting."""

    def __init__(self, recipe: RecogniserRecipe, tokenizer: Tokenizer, store: Store, held_out: Sequence[Clip]) -> None:
        self.recipe, self.tokenizer, self.store = recipe, tokenizer, store
        self.model: Recogniser = build(recipe, tokenizer)
        self.ids = {name: number_of(tokenizer, name) for name in (END, START, NO_SPEECH, NO_TIMES)}
        mels = Mels()
        self.held_out = [(torch.from_numpy(mels(clip.audio).copy()), clip.text) for clip in held_out]

    def batches(self, start: int) -> Iterator[Batch]:
        recipe, group = self.recipe, start // _GROUP
        fresh = _GROUP * recipe.fit.batch // recipe.renewal
        while True:
            made = min(FIRST, recipe.clips) + group * fresh
            self.store.ensure(made)
            rng = np.random.default_rng([recipe.fit.seed, group])
            drawn = rng.integers(max(0, made - recipe.clips), made, _GROUP * recipe.fit.batch)
            drawn = drawn[np.argsort(self.store.frames(drawn), kind="stable")].reshape(_GROUP, -1)
            for number, row in enumerate(rng.permutation(_GROUP), start=group * _GROUP):
                if number >= start:
                    yield self._batch(np.random.default_rng([recipe.fit.seed, number]), [self.store[int(n)] for n in drawn[row]])
            group += 1

    def loss(self, batch: Batch, share: float) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch.mels.device.type, torch.bfloat16):
            told: list[Tensor] = []
            logits, phonemes = self.model(batch.mels, batch.tokens, batch.tail, told)
        words = cross_entropy(
            logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=_IGNORED, label_smoothing=self.recipe.smoothing
        )
        sounds = cross_entropy(phonemes.float().flatten(0, 1), batch.phonemes.flatten(), ignore_index=_IGNORED)
        looks = sum((_astray(attention, batch.places) for attention in told), torch.zeros(())) / len(told)
        weight = self.recipe.phonemes * (1 - share * 2 / 3)
        figures = {"words": float(words.detach()), "phonemes": float(sounds.detach()), "astray": float(looks.detach())}
        return words + weight * sounds + self.recipe.guidance * (1 - share) * looks, figures

    def evaluate(self) -> dict[str, float]:
        """Word error rate of greedy decoding."""
        heard: list[str] = []
        for at in range(0, len(self.held_out), _HEARD):
            heard += self._hear([mels for mels, _ in self.held_out[at : at + _HEARD]])
        return {"wer": word_error_rate([text for _, text in self.held_out], heard)}

    def _batch(self, rng: np.random.Generator, samples: list[Sample]) -> Batch:
        frames = max(len(sample.mels) for sample in samples) + 2 * int(rng.integers(0, 20))
        frames = min(frames, self.recipe.seconds * 100)
        mels = padded(
            [_masked(rng, torch.from_numpy(sample.mels.astype(np.float32)).T, self.recipe.masked) for sample in samples], frames
        )
        rows = [self._tokens(rng, sample) for sample in samples]
        longest = max(len(row) for row, _ in rows)
        tokens = torch.tensor([row + [self.ids[END]] * (longest - len(row)) for row, _ in rows])
        targets = torch.tensor([row + [_IGNORED] * (longest - len(row)) for _, row in rows])
        places = torch.full(targets.shape, -1)
        phonemes = torch.full((len(samples), frames // 2), 0)
        for row, sample in enumerate(samples):
            phonemes[row, : len(sample.phonemes)] = torch.from_numpy(sample.phonemes.astype(np.int64))
            said = self._places(rows[row][1], sample)
            places[row, : len(said)] = torch.from_numpy(said)
        place = device()
        mels, tokens, targets, phonemes, places = (x.to(place) for x in (mels, tokens, targets, phonemes, places))
        return Batch(mels, tokens, targets, phonemes, places, self._tail(rng, frames // 2))

    def _tokens(self, rng: np.random.Generator, sample: Sample) -> tuple[list[int], list[int]]:
        """What the decoder is given, and what it should say next at each place."""
        start, end, silent, untimed = (self.ids[name] for name in (START, END, NO_SPEECH, NO_TIMES))
        if not sample.text:
            return [start, untimed], [silent, end]
        text = self.tokenizer.encode(f" {sample.text}", add_special_tokens=False).ids
        if rng.random() < _TIMED:
            said = [start, untimed + 1 + sample.start, *text, untimed + 1 + sample.end]
        else:
            said = [start, untimed, *text]
        return said, [*said[1:], end]

    def _places(self, targets: list[int], sample: Sample) -> np.ndarray:
        """By the share of the letters before it, among the frames with a sound; a digit is said in as long as several letters."""
        sounding = np.flatnonzero(sample.phonemes)
        spelled = np.array([_spoken_letters(self.tokenizer.id_to_token(t) or "") if t < self.ids[END] else 0.0 for t in targets])
        if not sounding.size or not spelled.any():
            return np.full(len(targets), -1)
        middles = (np.cumsum(spelled) - spelled / 2) / spelled.sum()
        found = sounding[np.minimum((middles * len(sounding)).astype(int), len(sounding) - 1)]
        return np.where(spelled > 0, found, -1)

    def _tail(self, rng: np.random.Generator, used: int) -> tuple[Tensor, Tensor] | None:
        """No padding, padding to the chunk, or to 30 s."""
        kind, left = rng.random(), self.recipe.seconds * 50 - used
        if kind < 0.4 or left < _TAIL:
            return None
        places = used + np.sort(rng.choice(left, _TAIL, replace=False))
        counts = np.full(_TAIL, left / _TAIL)
        if kind > 0.7:
            last = self.recipe.seconds * 50 - 1
            places, counts = np.append(places, last), np.append(counts, max(1, FRAMES - last - 1))
        return torch.from_numpy(places).to(device()), torch.from_numpy(counts).float().to(device())

    def _hear(self, mels: list[Tensor]) -> list[str]:
        """Greedy and without a cache: held-out clips are few."""
        place = device()
        frames = max(mel.shape[1] for mel in mels)
        memory, _ = self.model.encoder(padded(mels, frames).to(place), None)
        tokens = torch.tensor([[self.ids[START], self.ids[NO_TIMES]]] * len(mels), device=place)
        ended = torch.zeros(len(mels), dtype=torch.bool, device=place)
        for _ in range(_LONGEST):
            hidden = self.model.decoder(tokens, memory, None)[:, -1]
            following = (hidden @ self.model.decoder.embed_tokens.weight.T).argmax(1)
            following[ended] = self.ids[END]
            tokens = torch.cat((tokens, following[:, None]), 1)
            ended |= following == self.ids[END]
            if bool(ended.all()):
                break
        kept = [[token for token in row if token < self.ids[END]] for row in tokens.tolist()]
        return [self.tokenizer.decode(row).strip() for row in kept]


def _spoken_letters(piece: str) -> float:
    return sum(4.0 if c.isdigit() else 7.0 if c == "%" else 1.0 for c in piece)


def _astray(attention: Tensor, places: Tensor) -> Tensor:
    """How little of each token's attention, the mean over heads of [rows, heads, tokens, frames], falls about its place."""
    frames = torch.arange(attention.shape[-1], device=attention.device)
    near = (frames - places[..., None]).abs() <= _ABOUT
    mass = (attention.mean(1) * near).sum(-1)[places >= 0]
    return -mass.clamp_min(1e-4).log().mean() if mass.numel() else attention.sum() * 0


def _masked(rng: np.random.Generator, mels: Tensor, share: float) -> Tensor:
    """SpecAugment (Park et al. 2019) on [80, frames]: bands and stretches at the mean of the clip."""
    if rng.random() >= share or mels.shape[1] < 30:
        return mels
    mean = float(mels.mean())
    for _ in range(int(rng.integers(0, 3))):
        width = int(rng.integers(2, 13))
        at = int(rng.integers(0, mels.shape[0] - width))
        mels[at : at + width] = mean
    for _ in range(int(rng.integers(0, 3))):
        width = int(rng.integers(2, 16))
        at = int(rng.integers(0, mels.shape[1] - width))
        mels[:, at : at + width] = mean
    return mels
