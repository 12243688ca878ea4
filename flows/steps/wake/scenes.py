"""Scenes that a wake word is learnt from and judged on: voices in rooms among noise, with the places where the phrase ends.

Does not cover the texts (wording), nor keeping them (pool).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

import numpy as np

from flows.steps.speech import augment
from flows.steps.speech.augment import Audio
from flows.steps.speech.espeak import Spoken, Synthesizer, voices
from flows.steps.wake import wording
from flows.steps.wake.network import OVERLAP, RATE, STEP
from schemas.errors import EngineError
from schemas.pipeline import Part

FRAMES = 320
SCENE_S = FRAMES * STEP / RATE
SAMPLES = FRAMES * STEP + OVERLAP
Condition = Literal["clean", "noisy", "reverberant"]
_LONG = 3  # scenes that one stretch of talk is cut into
_BANK = 120
_BANK_S = 12
_ALIKE = str.maketrans({"ɾ": "d", "ɪ": "i", "ɒ": "ɑ", "ɔ": "ɑ", "ˈ": None, "ˌ": None, "ː": None})


@dataclass(frozen=True)
class Scene:
    """``audio`` is ``SAMPLES`` at 16 kHz; ``end`` is the sample at which the phrase ends, None where nobody says it."""

    audio: Audio
    end: int | None = None


@dataclass(frozen=True)
class Said:
    """Speech at 16 kHz with the sample at which its first words, or all of it, end."""

    audio: Audio
    end: int


class Studio:
    """Voices and words of one part, with banks of noise and talk that are made once. One process of espeak-ng, so one thread."""

    def __init__(self, phrase: str, part: Part, synthesizer: Synthesizer) -> None:
        self.phrase = phrase
        self.part: Part = part
        self._synthesizer = synthesizer
        self._voices = voices(part)
        self.begin(0)
        self._talkers = [self._speech(self._talk()).audio for _ in range(_BANK // 3)]
        samples = _BANK_S * RATE
        self._noises = [augment.any_noise(samples, self._rng, RATE, self._talkers) for _ in range(_BANK)]
        self._sounds: dict[str, tuple[str, ...]] = {}

    def begin(self, seed: int) -> None:
        """What is made from here on depends on ``seed`` alone, but for espeak-ng's own noise."""
        self._random = Random(f"{self.part} {seed}")  # noqa: S311
        self._rng = np.random.default_rng((seed, sum(self.part.encode())))

    def positives(self, count: int, takes: int = 2) -> Iterator[Scene]:
        """``count`` scenes that hold the phrase: alone, before a request, after other words; each saying in ``takes`` scenes."""
        made = 0
        while made < count:
            said = self._phrase_said()
            for _ in range(min(takes, count - made)):
                made += 1
                yield self._placed(said)

    def nears(self, count: int, takes: int = 2) -> Iterator[Scene]:
        """``count`` scenes with what only sounds like the phrase."""
        made = 0
        while made < count:
            said = self._near_said()
            for _ in range(min(takes, count - made)):
                made += 1
                scene = self._placed(said)
                yield Scene(scene.audio)

    def talks(self, count: int) -> Iterator[Scene]:
        """``count`` scenes of other speech and of noise, those of one stretch following one another without a gap."""
        made = 0
        while made < count:
            stretch = self.stretch(_LONG * FRAMES * STEP + OVERLAP)
            for place in range(min(_LONG, count - made)):
                made += 1
                at = place * FRAMES * STEP
                yield Scene(stretch[at : at + SAMPLES])

    def stretch(self, samples: int, silent: float = 0.12) -> Audio:
        """People talking in one voice or two with pauses, in one room; a share ``silent`` is noise alone."""
        audio = np.zeros(samples, np.float32)
        if self._random.random() < silent:
            noise = self._noise(samples)
            return augment.set_peak(noise, float(10 ** self._rng.uniform(-2.5, -0.1)))
        at = int(self._rng.uniform(0, 0.5) * RATE)
        voice = self._random.choice(self._voices)
        while at < samples - RATE // 2:
            if self._random.random() < 0.3:
                voice = self._random.choice(self._voices)
            piece = self._speech(self._talk(), voice).audio[: samples - at]
            audio[at : at + piece.size] += piece
            at += piece.size + int(self._rng.exponential(0.25) * RATE)
        return self._heard(audio)

    def tests(self, count: int, condition: Condition) -> Iterator[Scene]:
        """``count`` scenes with the phrase under one condition: clean; at 5 to 20 dB of noise; in rooms of 0.3 to 0.8 s."""
        for _ in range(count):
            said = self._phrase_said()
            audio, end = self._laid(said)
            if condition == "reverberant":
                audio = augment.reverb(audio, RATE, self._rng, float(self._rng.uniform(0.3, 0.8)))
            if condition == "noisy":
                audio = augment.mix(audio, self._noise(audio.size), float(self._rng.uniform(5, 20)), RATE)
            yield Scene(augment.set_peak(audio, float(self._rng.uniform(0.1, 0.9))), end)

    def _talk(self) -> str:
        return wording.talk(self._random, self.part)

    def _noise(self, samples: int) -> Audio:
        noise = self._noises[int(self._rng.integers(len(self._noises)))]
        return np.resize(np.roll(noise, int(self._rng.integers(noise.size))), samples)

    def _speech(self, text: str, voice: str | None = None, words: int | None = None) -> Said:
        spoken = self._spoken(text, voice or self._random.choice(self._voices))
        factor = self._random.uniform(0.9, 1.1)
        audio = augment.resample(spoken.audio, round(spoken.rate * factor / 50) * 50, RATE)
        end = _end(spoken, words)
        return Said(audio, round(end * audio.size / max(1, spoken.audio.size)))

    def _spoken(self, text: str, voice: str, tries: int = 4) -> Spoken:
        """At any pace and pitch; at others where espeak-ng dies of one, as it does once in many thousands."""
        rate, pitch, spread = self._random.triangular(95, 280, 165), self._random.randint(5, 95), self._random.randint(15, 85)
        try:
            return self._synthesizer.say(text, voice, rate_wpm=int(rate), pitch=pitch, pitch_range=spread)
        except EngineError:
            if tries == 1:
                raise
        return self._spoken(text, voice, tries - 1)

    def _phrase_said(self) -> Said:
        voice = self._random.choice(self._voices)
        text = self._punctuated()
        draw = self._random.random()
        if draw < 0.4:
            return self._speech(text, voice)
        words = len(self.sounds_of(voice)[1])
        if draw < 0.75:
            return self._speech(f"{text}{self._random.choice((' ', ', '))}{self._talk()}", voice, words)
        before, said = self._speech(self._talk(), voice), self._speech(text, voice)
        pause = int(self._random.choice((0.0, 0.05, 0.15, 0.4)) * RATE)
        return Said(np.concatenate((before.audio, np.zeros(pause, np.float32), said.audio)), before.audio.size + pause + said.end)

    def _punctuated(self) -> str:
        """Sometimes with a pause after the first word, and asked or called out."""
        first, _, rest = self.phrase.partition(" ")
        joined = f"{first}, {rest}" if rest and self._random.random() < 0.15 else self.phrase
        return joined + self._random.choice(("", "", "!", "?"))

    def sounds_of(self, voice: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The phrase's phonemes in the accent of ``voice``, and the words that espeak-ng finds in it."""
        spoken = self._synthesizer.say(self.phrase, voice.partition("+")[0])
        return _sounds(spoken), spoken.words

    def _near_said(self) -> Said:
        while True:
            voice = self._random.choice(self._voices)
            text = wording.near(self._random, self.phrase, self.part)
            accent = voice.partition("+")[0]
            if accent not in self._sounds:
                self._sounds[accent] = self.sounds_of(voice)[0]
            if _sounds(self._synthesizer.say(text, accent, 450)) == self._sounds[accent]:
                continue
            if self._random.random() < 0.35:
                text = f"{text}{self._random.choice((' ', ', '))}{self._talk()}"
            return self._speech(text, voice)

    def _laid(self, said: Said) -> tuple[Audio, int]:
        """``said`` in the silence of a scene, so that it ends well within, whatever of it must be cut."""
        end = int(self._rng.uniform(1.4, 2.95) * RATE)
        first = end - min(said.end, end)
        piece = said.audio[max(0, said.end - end) :][: SAMPLES - first]
        audio = np.zeros(SAMPLES, np.float32)
        audio[first : first + piece.size] = piece
        return audio, end

    def _placed(self, said: Said) -> Scene:
        audio, end = self._laid(said)
        return Scene(self._heard(audio), end)

    def _heard(self, audio: Audio) -> Audio:
        audio = augment.augment(audio, RATE, self._rng, 1.4, noises=self._noises, keep_length=True)
        return (audio * np.float32(10 ** self._rng.uniform(-1.0, 0.0))) if self._rng.random() < 0.3 else audio


def _sounds(spoken: Spoken) -> tuple[str, ...]:
    """Phonemes without stress and length, those that people don't tell apart being one: "rottie" and "roddy" in American."""
    return tuple(plain for symbol, _ in spoken.phonemes if (plain := symbol.translate(_ALIKE)))


def _end(spoken: Spoken, words: int | None) -> int:
    """The sample at which the first ``words`` end, or all of it: where the next word or the pause before it begins."""
    stop = spoken.words[words] if words is not None and words < len(spoken.words) else len(spoken.audio)
    start = spoken.words[words - 1] if words is not None and words <= len(spoken.words) else 0
    pauses: Sequence[int] = [at for symbol, at in spoken.phonemes if not symbol and start < at <= stop]
    last = [at for symbol, at in spoken.phonemes if symbol and at < stop]
    after = [at for at in pauses if last and at > last[-1]]
    return min(after) if after else stop
