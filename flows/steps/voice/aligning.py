"""How long each of Piper's phoneme ids lasts, from the times at which espeak-ng began every sound."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

from flows.steps.speech.espeak import Spoken

HOP = 256  # samples a frame, as Piper assumes
PAD, BOS, EOS = 0, 1, 2
_MODIFIERS = frozenset("ˈˌːˑʲˠʰ'")  # they colour a sound, and take no time of their own
LEAST_MATCH = 0.85


def symbols() -> dict[str, list[int]]:
    """Piper's own map from code point to id, which every English voice of its uses."""
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    return DEFAULT_PHONEME_ID_MAP


def ids_of(phonemes: tuple[str, ...], table: dict[str, list[int]]) -> list[int]:
    """As ``piper.phoneme_ids`` makes them: a pad after everything but the end. What the table lacks is left out."""
    ids = [BOS, PAD]
    for phoneme in phonemes:
        if phoneme in table:
            ids += [*table[phoneme], PAD]
    return [*ids, EOS]


def aligned(spoken: Spoken, table: dict[str, list[int]]) -> tuple[list[int], list[int]] | None:
    """Ids of one spoken sentence, and the frames of each, together those of the audio.

    None for more or less than one sentence, and where sounds and phonemes differ in much: they are espeak-ng's both, but not
    always of one mind.
    """
    if len(spoken.sentences) != 1:
        return None
    phonemes = tuple(phoneme for phoneme in spoken.sentences[0] if phoneme in table)
    sounds = [(c, index) for index, (symbol, _) in enumerate(spoken.phonemes) for c in unicodedata.normalize("NFD", symbol)]
    matcher = SequenceMatcher(None, [c for c, _ in sounds], phonemes, autojunk=False)
    at: dict[int, list[int]] = {}  # number of a sound -> places of its phonemes
    matched = 0
    for block in matcher.get_matching_blocks():
        matched += block.size
        for offset in range(block.size):
            at.setdefault(sounds[block.a + offset][1], []).append(block.b + offset)
    if matched < LEAST_MATCH * max(1, len(sounds)):
        return None
    samples = _samples(spoken, phonemes, at)
    return ids_of(phonemes, table), _frames(samples, len(spoken.audio))


def _samples(spoken: Spoken, phonemes: tuple[str, ...], at: dict[int, list[int]]) -> list[float]:
    """Samples of each id: of the begin, a pad, then each phoneme and its pad, then of the end."""
    samples = [0.0] * (2 * len(phonemes) + 3)
    starts = [start for _, start in spoken.phonemes]
    ends = [*starts[1:], len(spoken.audio)]
    samples[0] = float(starts[0]) if starts else float(len(spoken.audio))
    last = -1
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        places = [place for place in at.get(index, []) if phonemes[place] not in _MODIFIERS and not _combines(phonemes[place])]
        places = places or at.get(index, [])
        if places:
            for place in places:
                samples[2 + 2 * place] += (end - start) / len(places)
            last = max(places)
        else:  # a pause belongs to the punctuation that follows, else to the pad after the last sound
            follows = last + 1 < len(phonemes) and not phonemes[last + 1].isalpha()
            samples[2 + 2 * (last + 1) if follows else 3 + 2 * last] += end - start
    return samples


def _combines(phoneme: str) -> bool:
    return unicodedata.combining(phoneme) > 0


def _frames(samples: list[float], total: int) -> list[int]:
    """Whole frames, so that no boundary is off by more than half a frame; the last one is filled up."""
    frames, passed, given = [], 0.0, 0
    for count in samples:
        passed += count
        upto = round(passed / HOP)
        frames.append(upto - given)
        given = upto
    frames[-1] += -(-total // HOP) - given
    return frames
