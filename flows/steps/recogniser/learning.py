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
_ABOUT = 4  # frames to either side of those in which a token is said
_EACH = 4  # one frame in so many is asked what is said in it
_HEARD, _LONGEST = 32, 60  # clips decoded together; tokens of one


@dataclass(frozen=True)
class Batch:
    """``mels`` [rows, 80, frames], ``tokens`` and ``targets`` [rows, tokens], ``phonemes`` [rows, frames / 2].

    ``spans`` [rows, tokens, 2]: from which frame to which each target is said; negative where it is not said at all.
    ``said`` [2, rows, frames / 2]: the piece of text that each frame is a part of, and the one before it.
    """

    mels: Tensor
    tokens: Tensor
    targets: Tensor
    phonemes: Tensor
    spans: Tensor
    said: Tensor
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
            wanted = _GROUP * recipe.fit.batch
            drawn = rng.integers(max(0, made - recipe.clips), made, int(wanted * self._choice(group * _GROUP)))
            drawn = drawn[np.argsort(self.store.frames(drawn), kind="stable")][:wanted].reshape(_GROUP, -1)
            for number, row in enumerate(rng.permutation(_GROUP), start=group * _GROUP):
                if number >= start:
                    yield self._batch(np.random.default_rng([recipe.fit.seed, number]), [self.store[int(n)] for n in drawn[row]])
            group += 1

    def loss(self, batch: Batch, share: float) -> tuple[Tensor, dict[str, float]]:
        with torch.autocast(batch.mels.device.type, torch.bfloat16):
            told: list[Tensor] = []
            logits, frames = self.model(batch.mels, batch.tokens, batch.tail, told)
            phonemes, some = self.model.phonemes(frames), slice(int(batch.mels.shape[2] // 2) % _EACH, None, _EACH)
            pieces = self.model.said(frames[:, some], self.ids[END])
        words = cross_entropy(
            logits.float().flatten(0, 1), batch.targets.flatten(), ignore_index=_IGNORED, label_smoothing=self.recipe.smoothing
        )
        sounds = cross_entropy(phonemes.float().flatten(0, 1), batch.phonemes.flatten(), ignore_index=_IGNORED)
        said = sum(
            (
                cross_entropy(logit.float().flatten(0, 1), target[:, some].flatten(), ignore_index=_IGNORED)
                for logit, target in zip(pieces, batch.said, strict=True)
            ),
            torch.zeros(()),
        ) / len(pieces)
        looks = sum((_astray(attention, batch.spans) for attention in told), torch.zeros(())) / len(told)
        weight = 1 - share * 2 / 3
        figures = {"words": words, "phonemes": sounds, "pieces": said, "astray": looks}
        total = words + weight * (self.recipe.phonemes * sounds + self.recipe.pieces * said)
        total = total + self.recipe.guidance * (1 - share) * looks
        return total, {name: float(value.detach()) for name, value in figures.items()}

    def evaluate(self) -> dict[str, float]:
        """Word error rate of greedy decoding."""
        heard: list[str] = []
        for at in range(0, len(self.held_out), _HEARD):
            heard += self._hear([mels for mels, _ in self.held_out[at : at + _HEARD]])
        return {"wer": word_error_rate([text for _, text in self.held_out], heard)}

    def _choice(self, step: int) -> float:
        """From how many times the clips that are wanted the shortest are taken: at first they are learnt from more quickly."""
        return 1 + 2 * max(0.0, 1 - step / self.recipe.short) if self.recipe.short else 1.0

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
        spans = np.full((*targets.shape, 2), -1)
        phonemes = np.zeros((len(samples), frames // 2), np.int64)
        said = np.full((2, len(samples), frames // 2), _IGNORED)
        for row, sample in enumerate(samples):
            phonemes[row, : len(sample.phonemes)] = sample.phonemes
            self._place(rows[row][1], sample, spans[row], said[:, row])
        labels = (torch.from_numpy(labels) for labels in (phonemes, spans, said))
        place = device()
        mels, tokens, targets, phonemes, spans, said = (x.to(place) for x in (mels, tokens, targets, *labels))
        return Batch(mels, tokens, targets, phonemes, spans, said, self._tail(rng, frames // 2))

    def _tokens(self, rng: np.random.Generator, sample: Sample) -> tuple[list[int], list[int]]:
        """What the decoder is given, and what it should say next at each place."""
        start, end, silent, untimed = (self.ids[name] for name in (START, END, NO_SPEECH, NO_TIMES))
        if not sample.text:
            return [start, untimed], [silent, end]
        text = self.tokenizer.encode(f" {sample.text}", add_special_tokens=False).ids
        if rng.random() < _TIMED:
            said = [start, untimed + 1 + int(sample.letters[0]), *text, untimed + 1 + int(sample.letters[-1])]
        else:
            said = [start, untimed, *text]
        return said, [*said[1:], end]

    def _place(self, targets: list[int], sample: Sample, spans: np.ndarray, said: np.ndarray) -> None:
        """Fill in where each piece of text is said, and what is said where."""
        at, before = -1, _IGNORED  # every text begins with a blank that is not in it
        for number, target in enumerate(targets):
            if target < self.ids[END]:
                end = at + len(self.tokenizer.id_to_token(target) or "")
                start, stop = int(sample.letters[max(0, at)]), int(sample.letters[end])
                spans[number] = start, max(start, stop - 1)
                said[0, start:stop], said[1, start:stop] = target, before
                at, before = end, target

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


def _astray(attention: Tensor, spans: Tensor) -> Tensor:
    """How little of each token's attention, the mean over heads of [rows, heads, tokens, frames], falls about its span."""
    frames = torch.arange(attention.shape[-1], device=attention.device)
    near = (frames >= spans[..., :1] - _ABOUT) & (frames <= spans[..., 1:] + _ABOUT)
    mass = (attention.mean(1) * near).sum(-1)[spans[..., 0] >= 0]
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
