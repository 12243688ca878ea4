"""Hearing with faster-whisper: our own recogniser or any Whisper, from samples to words, nothing from silence and noise.

Audio is cut where nobody speaks (Silero) into windows of at most the model's chunk, so that ten minutes cost ten minutes' worth
and no word is cut. A chunk shorter than 30 s marks a model that was trained to hear less: it is then given no more padding than
it needs, and what is said before a pause alone. Does not cover decoding of files, resampling, nor when a turn ends.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import AudioUnusable, IntegrityError, ModelUnusable
from schemas.hashing import verify_manifest
from serve.engines import ngrams
from serve.engines.ngrams import Bigrams
from serve.engines.rescoring import Rescorer, usable
from serve.engines.samples import RATE, check_rate, checked

Audio = NDArray[np.float32]

MOST_S = 600.0
WHOLE_S = 30
"""The chunk of every Whisper of OpenAI's: such a model is never given less padding."""
_CHANNELS = 8
_MOST_TOKENS = 110  # of a window of 8 s; in proportion for longer ones
_GAP_S, _PAD_S = 0.5, 0.25  # a pause that may end a window; kept around speech
_SHORTEST = int(0.1 * RATE)
_STEP = 50  # frames: paddings come in half seconds, so that there are few shapes
_HINT = 600  # letters
_HOMES = 4  # whose names are kept ready
NO_SPEECH = 0.6


@dataclass(frozen=True)
class Word:
    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True)
class Piece:
    """What was said in one window. ``no_speech`` is the model's own probability, ``confidence`` that of its tokens, 0 to 1."""

    text: str
    start_s: float
    end_s: float
    no_speech: float
    confidence: float
    words: tuple[Word, ...] = ()


Told = Callable[[Piece], None]
"""Is given each piece as soon as it is heard, in order."""


@dataclass(frozen=True)
class Transcript:
    """``text`` is empty where nobody spoke. ``no_speech`` is the least of the windows', 1 where no voice was found at all."""

    text: str
    pieces: tuple[Piece, ...]
    no_speech: float
    language: str
    language_probability: float
    seconds: float


class FasterWhisperEngine:
    """One model, whose calls take turns in a thread of its own. Safe to use from many coroutines of one event loop at once."""

    def __init__(self, folder: Path, threads: int = 1, device: str = "cpu", beam: int = 5) -> None:
        """Blocks while it loads. Raises ModelUnusable for a folder that is no such model, or not whole."""
        self._verify(folder)
        self._model = _loaded(folder, device, threads)
        self._beam = beam
        self._pool = ThreadPoolExecutor(1, "hearing")
        self.chunk_s: int = self._model.feature_extractor.chunk_length
        self.multilingual = bool(self._model.model.is_multilingual)
        self.languages: tuple[str, ...] = tuple(self._model.supported_languages)
        bigrams = Bigrams.read(folder / ngrams.FILE) if (folder / ngrams.FILE).is_file() else None
        self._rescorer = lru_cache(_HOMES)(lambda names: Rescorer(bigrams, names) if bigrams and usable(names) else None)

    async def transcribe(
        self,
        audio: NDArray[Any],
        rate: int = RATE,
        names: Sequence[str] = (),
        language: str | None = None,
        words: bool = False,
        gated: bool = True,
        told: Told = lambda _: None,
    ) -> Transcript:
        """Mono or stereo samples, [n] or [n, channels], floats in [-1, 1] or 16-bit integers, at most ten minutes.

        ``names`` are those of the home, which are heard more readily. ``gated`` False skips the search for a voice. Cancelling
        ends the work after the window under way. ``told`` is called in the loop. Raises AudioUnusable.
        """
        check_rate(rate)
        samples = checked(_mono(audio), MOST_S)
        stop, loop = threading.Event(), asyncio.get_running_loop()

        def tell(piece: Piece) -> None:
            loop.call_soon_threadsafe(told, piece)

        work = loop.run_in_executor(self._pool, lambda: self._transcribed(samples, names, language, words, gated, stop, tell))
        try:
            return await work
        except asyncio.CancelledError:
            stop.set()
            raise

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _transcribed(
        self,
        audio: Audio,
        names: Sequence[str],
        language: str | None,
        words: bool,
        gated: bool,
        stop: threading.Event,
        tell: Told,
    ) -> Transcript:
        self._model.rescorer = rescorer = self._rescorer(tuple(names))
        pieces = list[Piece]()
        language_found, probability = language or "en", 1.0
        for start, end in self._windows(audio, gated):
            if stop.is_set():
                break
            found, info = self._model.transcribe(audio[start:end], **self._settings(language, words, names))
            language_found, probability = info.language, float(info.language_probability)
            language = language_found  # one utterance, one language
            # Behind the last word faster-whisper hears on where words are timed, and ours makes something of silence.
            for segment in islice(found, 1) if self.chunk_s < WHOLE_S else found:
                if (piece := self._piece(segment, start / RATE, rescorer)) is not None:
                    pieces.append(piece)
                    tell(piece)
        return Transcript(
            " ".join(piece.text for piece in pieces),
            tuple(pieces),
            min((piece.no_speech for piece in pieces), default=1.0),
            language_found,
            probability,
            len(audio) / RATE,
        )

    def _settings(self, language: str | None, words: bool, names: Sequence[str]) -> dict[str, Any]:
        ours = self.chunk_s < WHOLE_S
        return {
            "language": language if self.multilingual else None,
            "beam_size": self._beam,
            "temperature": 0.0,
            "condition_on_previous_text": False,  # what was misheard would be heard again
            "without_timestamps": True,
            "word_timestamps": words,
            "max_new_tokens": _MOST_TOKENS * max(1, self.chunk_s // 8) if ours else None,
            "suppress_blank": not ours,  # ours was taught to say nothing
            "suppress_tokens": [] if ours else [-1],
            "no_speech_threshold": None if ours else NO_SPEECH,
            "log_prob_threshold": None if ours else -1.0,
            "hotwords": None if ours else hint(names),  # ours was taught without
        }

    def _piece(self, segment: Any, offset: float, rescorer: Rescorer | None) -> Piece | None:
        """None for a window in which nothing was said after all."""
        text = segment.text.strip()
        if not text or (self.chunk_s < WHOLE_S and segment.no_speech_prob > NO_SPEECH):
            return None
        words = tuple(_whole(Word(w.word, offset + w.start, offset + w.end, w.probability) for w in segment.words or ()))
        confidence = float(np.exp(min(0.0, segment.avg_logprob)))
        if rescorer is not None:
            text, words = corrected(text, words, rescorer)
        return Piece(text, offset + segment.start, offset + segment.end, float(segment.no_speech_prob), confidence, words)

    def _windows(self, audio: Audio, gated: bool) -> Iterator[tuple[int, int]]:
        """Stretches with speech, none longer than the chunk; neighbours go together as far as they fit.

        For a model of a short chunk only those that touch do, which were cut where nobody paused: it was taught single requests,
        and of two with a pause between them it loses one or writes one twice.
        """
        most = self.chunk_s * RATE
        if not gated:
            yield from ((at, min(at + most, len(audio))) for at in range(0, len(audio), most) if len(audio) - at >= _SHORTEST)
            return
        window: tuple[int, int] | None = None
        for start, end in _speech(audio, self.chunk_s):
            if window and end - window[0] <= most and (self.chunk_s >= WHOLE_S or start <= window[1]):
                window = (window[0], end)
                continue
            if window:
                yield window
            window = (start, min(end, start + most))
        if window:
            yield window

    @staticmethod
    def _verify(folder: Path) -> None:
        """Where there is a manifest, every file is as it says; a downloaded Whisper may come without."""
        try:
            verify_manifest(folder)
        except IntegrityError as error:
            raise ModelUnusable("the recogniser's files are not as its manifest says", where=str(folder)) from error


def corrected(text: str, words: tuple[Word, ...], rescorer: Rescorer) -> tuple[str, tuple[Word, ...]]:
    """``text`` as it is read in a home, and its ``words``, which may be none, with it: a run that is read as as many words keeps
    their times, another is divided by letters."""
    heard = text.split()
    runs = rescorer.runs(heard)
    put_in = " ".join(run.text for run in runs)
    if [word.text for word in words] != heard:
        return put_in, words
    return put_in, tuple(word for run in runs for word in _put(run.text.split(), words[run.start : run.end]))


def hint(names: Sequence[str]) -> str | None:
    """The names as a hint for a Whisper, as many as fit; None without any."""
    told = ""
    for name in usable(names):
        if len(told) + len(name) + 2 <= _HINT:
            told = f"{told}, {name}" if told else name
    return told or None


def _whole(words: Iterable[Word]) -> Iterator[Word]:
    """Words with what belongs to them, as "20" and "%": only what begins with a blank begins a word."""
    last: Word | None = None
    for word in words:
        if last is not None and not word.text.startswith(" "):
            least = min(last.probability, word.probability)
            last = replace(last, text=last.text + word.text.strip(), end_s=word.end_s, probability=least)
            continue
        if last is not None:
            yield last
        last = replace(word, text=word.text.strip())
    if last is not None:
        yield last


def _put(texts: list[str], words: tuple[Word, ...]) -> list[Word]:
    if len(texts) == len(words):
        return [replace(word, text=text) for word, text in zip(words, texts, strict=True)]
    start_s, length_s = words[0].start_s, words[-1].end_s - words[0].start_s
    ends = list(accumulate(map(len, texts)))
    times = [start_s, *(start_s + length_s * end / ends[-1] for end in ends)]
    least = min(word.probability for word in words)
    return [Word(text, times[at], times[at + 1], least) for at, text in enumerate(texts)]


def _mono(audio: NDArray[Any]) -> NDArray[Any]:
    """Channels mixed down. Raises AudioUnusable for what is no list of samples."""
    if audio.ndim != 2:
        return audio
    if not 1 <= audio.shape[1] <= _CHANNELS:
        raise AudioUnusable(f"the audio has {audio.shape[1]} channels; [samples, 1 to {_CHANNELS}] is expected")
    if audio.dtype == np.int16:
        audio = audio.astype(np.float32) / np.float32(32768)
    return audio.mean(axis=1)


def _speech(audio: Audio, most_s: int) -> list[tuple[int, int]]:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if len(audio) < _SHORTEST:
        return []
    options = VadOptions(
        threshold=0.6,
        min_speech_duration_ms=150,
        min_silence_duration_ms=int(_GAP_S * 1000),
        speech_pad_ms=int(_PAD_S * 1000),
        max_speech_duration_s=most_s - 2 * _PAD_S,
    )
    return [(int(found["start"]), int(found["end"])) for found in get_speech_timestamps(audio, options)]


def _loaded(folder: Path, device: str, threads: int) -> Any:
    from faster_whisper import WhisperModel

    class Fitted(WhisperModel):
        """Encodes no more padding than a model of a short chunk needs, where faster-whisper always pads to 30 s; and with a
        ``rescorer`` chooses among all guesses of the beam."""

        rescorer: Rescorer | None = None

        def encode(self, features: NDArray[Any]) -> Any:
            extract = self.feature_extractor
            if extract.chunk_length < WHOLE_S:
                features = features[..., : fitting(features, extract.nb_max_frames)]
            return super().encode(features)

        def generate_with_fallback(self, encoder_output: Any, prompt: list[int], tokenizer: Any, options: Any) -> Any:
            plain = self.model
            if self.rescorer is not None:
                self.model = _Choosing(plain, self.rescorer, tokenizer.decode)
            try:
                return super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
            finally:
                self.model = plain

    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:  # without its tokenizer faster-whisper would ask the hub
        raise ModelUnusable(f"this is no recogniser: {', '.join(missing)} is missing", where=str(folder))
    kind = "int8" if device == "cpu" else "default"
    try:
        return Fitted(str(folder), device=device, compute_type=kind, cpu_threads=threads, num_workers=1)
    except Exception as error:  # CTranslate2 and tokenizers raise bare errors of many kinds
        raise ModelUnusable("faster-whisper cannot load the model", where=str(folder)) from error


@dataclass(frozen=True)
class _Choosing:
    """CTranslate2's Whisper, whose first guess is the one that the rescorer prefers."""

    model: Any
    rescorer: Rescorer
    decode: Callable[[list[int]], str]

    def generate(self, features: Any, prompts: Any, *, beam_size: int, length_penalty: float, **options: Any) -> list[_Chosen]:
        told = self.model.generate(
            features, prompts, beam_size=beam_size, num_hypotheses=beam_size, length_penalty=length_penalty, **options
        )
        return [self._chosen(each, length_penalty) for each in told]

    def _chosen(self, told: Any, length_penalty: float) -> _Chosen:
        guesses = [  # without tokens the score is no number: CTranslate2 divides by their count
            (self.decode(tokens).strip(), score * len(tokens) ** length_penalty if tokens else -math.inf)
            for tokens, score in zip(told.sequences_ids, told.scores, strict=True)
        ]
        at = self.rescorer.best(guesses)
        return _Chosen([told.sequences_ids[at]], [told.scores[at]], told.no_speech_prob)


@dataclass(frozen=True)
class _Chosen:
    """What faster-whisper reads of a result."""

    sequences_ids: list[list[int]]
    scores: list[float]
    no_speech_prob: float


def fitting(features: NDArray[Any], most: int) -> int:
    """How many frames to encode: all that are not padding, which is exactly zero in every band, and up to a second more."""
    used = np.flatnonzero(features.reshape(-1, features.shape[-1]).any(axis=0))
    last = int(used[-1]) + 1 if used.size else 0
    return min(most, -(-(last + _STEP // 2) // _STEP) * _STEP)
