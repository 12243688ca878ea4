"""Spoken clips as features in a bounded store on disk: what the recogniser learns from, made while it learns.

Clip n is a function of the recipe, the part and n (up to espeak-ng's phase). The store keeps the newest ones in memory-mapped
arrays, so that each can be learnt from several times for the price of one synthesis. Does not cover batches (learning).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from flows.steps.recogniser.texts import sentences
from flows.steps.speech import augment as effects
from flows.steps.speech.espeak import RATE as SPOKEN_RATE
from flows.steps.speech.espeak import Synthesizer, voices
from schemas.hashing import write_json
from schemas.inventory import Inventory
from schemas.pipeline import Part
from schemas.speech import RecogniserRecipe
from serve.spelling import written

RATE, PER_FRAME = 16_000, 320  # samples of an encoder frame: 20 ms
_TEXT = 240  # bytes
_PAIRS = 0.14  # share of clips with two commands
_SYMBOLS = (
    *"abdefhijklmnoprstuvwxzæðŋɐɑɒɔəɚɛɜɡɪɫɬɹɾʃʉʊʌʍʒʔθᵻçɣɲʁyøœ",
    *("tʃ", "dʒ", "aɪ", "aʊ", "eɪ", "ɔɪ", "əʊ", "oʊ", "iə", "eə", "ʊə", "ɛə", "əl", "ei"),
)
_PHONEME = {symbol: number for number, symbol in enumerate(_SYMBOLS, start=2)}  # 0 is silence, 1 any other
PHONEMES = len(_SYMBOLS) + 2


@dataclass(frozen=True)
class Clip:
    """``audio`` float32 at 16 kHz; ``text`` in the written form, empty without speech; ``phonemes`` uint8, one a 20 ms frame.

    ``letters`` uint16: the frame in which each letter of the text begins, and that in which the last one ends.
    """

    audio: np.ndarray
    text: str
    phonemes: np.ndarray
    letters: np.ndarray


@dataclass(frozen=True)
class Sample:
    """A clip as it is learnt from: ``mels`` float16 [frames, 80], 10 ms each."""

    mels: np.ndarray
    text: str
    phonemes: np.ndarray
    letters: np.ndarray


class Mels:
    """faster-whisper's own features, so that training and serving hear the same."""

    def __init__(self) -> None:
        self._extract = FeatureExtractor()

    def __call__(self, audio: np.ndarray) -> np.ndarray:
        """float32 [80, frames] of audio float32 at 16 kHz; an even number of frames."""
        mels = self._extract(audio)[:, :-1]
        return mels[:, : mels.shape[1] // 2 * 2]


class Maker:
    """Speaks sentences and makes them sound as in a home. One clip costs some 15 ms of a core."""

    def __init__(self, recipe: RecogniserRecipe, part: Part, speech: Synthesizer) -> None:
        self.recipe, self.speech = recipe, speech
        self.voices = voices(part)
        self.longest = recipe.seconds * RATE

    def make(self, rng: np.random.Generator, first: str, second: str) -> Clip:
        """One sentence, two with a pause between, or none: what the recipe's shares say."""
        if rng.random() < self.recipe.empty:
            return self.empty(rng)
        voice = str(rng.choice(self.voices))
        clip = self.spoken(rng, [first, second] if rng.random() < _PAIRS else [first], voice)
        if len(clip.audio) > self.longest:
            clip = self.spoken(rng, [first], voice, fastest=True)
        return clip if len(clip.audio) <= self.longest else self.empty(rng)

    def empty(self, rng: np.random.Generator) -> Clip:
        """Noise, hum, music, clicks or silence of 0.3 to 6 s."""
        samples = int(rng.uniform(0.3, min(6.0, self.recipe.seconds)) * RATE)
        if rng.random() < 0.15:
            audio = np.zeros(samples, np.float32) if rng.random() < 0.5 else rng.normal(0, 1e-4, samples).astype(np.float32)
        else:
            audio = effects.any_noise(samples, rng, RATE)
            if rng.random() < 0.4:  # it comes and goes
                audio = audio * np.interp(np.arange(samples), np.linspace(0, samples, 9), rng.random(9)).astype(np.float32)
            audio = effects.set_peak(audio, float(10 ** rng.uniform(-2.5, -0.02)))
        return Clip(audio.astype(np.float32), "", np.zeros(samples // PER_FRAME + 1, np.uint8), np.zeros(1, np.uint16))

    def spoken(
        self, rng: np.random.Generator, texts: list[str], voice: str, strength: float | None = None, fastest: bool = False
    ) -> Clip:
        """``strength`` of the effects: 0 for none, about 1 as in training, drawn when it is left out."""
        pieces, marks, letters, at = [], [], [], 0
        speed = float(rng.uniform(0.88, 1.13)) if rng.random() < 0.6 else 1.0
        rate = 240 if fastest else int(np.clip(rng.normal(175, 28), 115, 260))
        pitch, spread = int(rng.integers(15, 85)), int(rng.integers(20, 80))
        for number, text in enumerate(texts):
            said = self.speech.say(text, voice, rate, pitch, spread)
            audio = effects.speed(effects.resample(_trimmed(said.audio), SPOKEN_RATE, RATE), speed)
            gap = _silence(rng, 0.02, 0.4) if number == 0 else _silence(rng, 0.15, 0.9)
            at += len(gap)
            marks += [(symbol, at + sample * RATE / SPOKEN_RATE / speed) for symbol, sample in said.phonemes]
            marks.append(("", at + len(audio)))
            begun = at + np.array([*said.words, 0]) * (RATE / SPOKEN_RATE / speed)
            begun[-1] = at + len(audio)
            letters.append(_letters(text, [*said.letters, len(text)], begun / PER_FRAME))
            at += len(audio)
            pieces += [gap, audio]
        pieces.append(_silence(rng, 0.03, 0.5))
        audio = np.concatenate(pieces)
        if strength is None:
            strength = float(rng.uniform(0.7, 1.3)) if rng.random() < 0.75 else 0.0
        audio = effects.augment(audio, RATE, rng, strength, keep_length=True)
        whole = " ".join(written(text) for text in texts)
        return Clip(audio, whole, _frames(marks, len(audio)), np.concatenate(letters).astype(np.uint16))


class Store:
    """The newest ``slots`` clips of one recipe and part in ``folder``; made as far as asked for, kept over restarts."""

    def __init__(
        self, folder: Path, recipe: RecogniserRecipe, slots: int, maker: Maker, inventory: Inventory | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.recipe, self.slots, self.maker = folder, recipe, slots, maker
        self.mels_of = Mels()
        frames = recipe.seconds * 100
        # Sparse files: a clip takes the pages of its own length, not of the longest.
        self._mels = self._map("mels", np.float16, (slots, frames, 80))
        self._phonemes = self._map("phonemes", np.uint8, (slots, frames // 2))
        self._texts = self._map("texts", np.uint8, (slots, _TEXT))
        self._letters = self._map("letters", np.uint16, (slots, _TEXT + 1))
        self._sizes = self._map("sizes", np.int32, (slots, 2))
        note = folder / "made.json"
        self.made = int(json.loads(note.read_text())["made"]) if note.is_file() else 0
        self._said = _pairs(recipe, inventory, self.made)

    def ensure(self, count: int) -> None:
        """Make all clips up to number ``count``."""
        while self.made < count:
            rng = np.random.default_rng([self.recipe.fit.seed, self.made])
            self._put(self.made % self.slots, self.maker.make(rng, *next(self._said)))
            self.made += 1
            if self.made == count or self.made % 200 == 0:
                write_json(self.folder / "made.json", {"made": self.made})

    def __getitem__(self, number: int) -> Sample:
        slot = number % self.slots
        frames, length = (int(value) for value in self._sizes[slot])
        text = self._texts[slot, :length].tobytes().decode()
        letters = np.minimum(self._letters[slot, : length + 1], frames // 2)
        return Sample(self._mels[slot, :frames], text, self._phonemes[slot, : frames // 2], letters)

    def frames(self, numbers: np.ndarray) -> np.ndarray:
        return self._sizes[numbers % self.slots, 0]

    def _put(self, slot: int, clip: Clip) -> None:
        mels = self.mels_of(clip.audio).T[: self.recipe.seconds * 100]
        raw = clip.text.encode()[:_TEXT]
        self._mels[slot, : len(mels)] = mels
        self._phonemes[slot] = 0
        self._phonemes[slot, : min(len(clip.phonemes), len(mels) // 2)] = clip.phonemes[: len(mels) // 2]
        self._texts[slot, : len(raw)] = np.frombuffer(raw, np.uint8)
        self._letters[slot, : len(raw) + 1] = clip.letters[: len(raw) + 1]
        self._sizes[slot] = (len(mels), len(raw))

    def _map(self, name: str, kind: type, shape: tuple[int, ...]) -> np.ndarray:
        path = self.folder / f"{name}.bin"
        return np.memmap(path, kind, "r+" if path.is_file() else "w+", shape=shape)


def _pairs(recipe: RecogniserRecipe, inventory: Inventory | None, skipped: int) -> Iterator[tuple[str, str]]:
    said = sentences(recipe, "train", inventory)
    for _ in range(2 * skipped):
        next(said)
    while True:
        yield next(said), next(said)


def _trimmed(audio: np.ndarray) -> np.ndarray:
    """Without espeak-ng's silence at the end, which teaches where it stops."""
    loud = np.flatnonzero(np.abs(audio) > 1e-3)
    return audio[: loud[-1] + 1] if loud.size else audio[:1]


def _silence(rng: np.random.Generator, shortest: float, longest: float) -> np.ndarray:
    return np.zeros(int(rng.uniform(shortest, longest) * RATE), np.float32)


def _letters(text: str, places: Sequence[int], frames: np.ndarray) -> np.ndarray:
    """The frame of each letter of the written form, and of its end, from where some letters of ``text`` are said.

    The written form is laid along the text letter by letter; what has no counterpart, and what lies between, is spread evenly.
    """
    form, ours, theirs = written(text), [-1], [0]
    for theirs_at, ours_at, size in SequenceMatcher(None, text.lower(), form, autojunk=False).get_matching_blocks():
        begun = 1 if ours[-1] == ours_at else 0  # what was left out between two alike stretches belongs to the later
        ours[len(ours) - begun :] = range(ours_at, ours_at + size + 1)
        theirs[len(theirs) - begun :] = range(theirs_at, theirs_at + size + 1)
    return np.interp(np.interp(np.arange(len(form) + 1), ours, theirs), places, frames).round()


def _frames(marks: list[tuple[str, float]], samples: int) -> np.ndarray:
    """The phoneme of each 20 ms frame, by where sounds begin."""
    frames = np.zeros(samples // PER_FRAME + 1, np.uint8)
    for symbol, at in marks:
        frames[max(0, round(at / PER_FRAME)) :] = phoneme(symbol)
    return frames


def phoneme(symbol: str) -> int:
    """Its number below ``PHONEMES``: stress and length are left out, an unknown one counts by its first letter."""
    plain = symbol.translate(_MARKS)
    return (_PHONEME.get(plain) or _PHONEME.get(plain[:1], 1)) if plain else 0


_MARKS = {ord(mark): None for mark in "ˈˌː̩̪̃ʲ"}
