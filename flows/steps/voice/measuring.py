"""The figures of a voice as it is served: how near its teacher it is, what a recogniser hears of both, how fast it speaks.

On held-out sentences and names. Sounds are compared phoneme by phoneme, so that a longer one is no other one. Does not cover
how pleasant it is to listen to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.steps.recogniser.measuring import asked
from flows.steps.recogniser.scoring import word_error_rate
from flows.steps.speech.augment import resample
from flows.steps.speech.espeak import RATE, Synthesizer
from flows.steps.starters import starter_folder
from flows.steps.voice.aligning import HOP, symbols
from flows.steps.voice.examples import Example, Source
from flows.steps.voice.exporting import MODEL, language_of
from flows.steps.voice.pitch import pitch
from schemas.errors import StarterMissing
from serve.engines.faster_whisper import FasterWhisperEngine
from serve.engines.piper import PiperEngine
from serve.engines.samples import RATE as HEARD_RATE
from serve.spelling import written

Audio = NDArray[np.float32]

_BANDS, _CEPSTRA, _WINDOW = 40, 13, 1024
_QUIET = 1e-3  # root mean square of a frame in which the teacher is taken to be silent


@dataclass(frozen=True)
class Compared:
    """One sentence of both; ``frames`` of the voice lie beside the teacher's, -1 where the voice has left a sound out."""

    taught: Example
    audio: Audio
    durations: list[int]
    frames: NDArray[np.int64]
    seconds: float


def measure(folder: Path, limit: int = 200, seed: int = 0, recogniser: Path | None = None) -> dict[str, float]:
    """``limit`` sentences a figure, the same for the same seed; shares from 0 to 1, times in ms, processor time where so named.

    ``recogniser`` is a faster-whisper folder, the starter's without it; where that is not shipped, the word error rates are left
    out. Raises ModelUnusable, SpeechMissing.
    """
    recogniser = recogniser or _starter()
    engine = PiperEngine(folder / MODEL)
    try:
        with Synthesizer() as speech:
            figures = _nearness(folder, speech, limit, seed) | asyncio.run(_speed(engine, limit, seed))
            if recogniser is not None:
                figures |= asyncio.run(_heard(engine, recogniser, speech, language_of(folder), limit, seed))
        return figures | {"sentences": float(limit)}
    finally:
        engine.close()


def _starter() -> Path | None:
    try:
        return starter_folder("stt")
    except StarterMissing:
        return None


def _nearness(folder: Path, speech: Synthesizer, limit: int, seed: int) -> dict[str, float]:
    compared = _compared(folder, Source(speech, symbols(), language_of(folder), "test", limit, seed).examples(0, limit))
    rows = [_differences(one) for one in compared]
    figures = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
    spoken = sum(len(one.audio) for one in compared) / RATE
    return figures | {"cpu_rtf": sum(one.seconds for one in compared) / spoken}


def _compared(folder: Path, taught: Sequence[Example]) -> list[Compared]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    compared = []
    for example in taught:
        given = {
            "input": np.array([example.ids], np.int64),
            "input_lengths": np.array([len(example.ids)], np.int64),
            "scales": np.array([0.667, 1.0, 0.8], np.float32),
        }
        begun = time.process_time()
        audio, durations = session.run(None, given)[:2]
        seconds = time.process_time() - begun
        whole = [round(float(count)) for count in durations.reshape(-1)]
        compared.append(Compared(example, audio.reshape(-1), whole, _beside(example.durations, whole), seconds))
    return compared


def _beside(taught: Sequence[int], made: Sequence[int]) -> NDArray[np.int64]:
    """For each of the teacher's frames the voice's frame at the same place of the same phoneme."""
    places, begin = [], 0
    for theirs, ours in zip(taught, made, strict=True):
        places += [begin + int((k + 0.5) * ours / theirs) if ours else -1 for k in range(theirs)]
        begin += ours
    return np.array(places, np.int64)


def _differences(one: Compared) -> dict[str, float]:
    """Mel-cepstral distortion in dB over the sounding frames (Kubichek 1993), pitch in cents, durations in ms of each sound."""
    ours, theirs = _cepstra(one.audio), _cepstra(one.taught.audio)
    loud = np.sqrt(np.mean(one.taught.audio.reshape(-1, HOP) ** 2, axis=1)) > _QUIET
    at = np.flatnonzero(loud & (one.frames >= 0))
    distance = np.sqrt(2 * np.sum((theirs[at] - ours[one.frames[at]]) ** 2, axis=1))
    (hertz, voiced), (known, right) = (pitch(audio, RATE, HOP) for audio in (one.audio, one.taught.audio))
    hertz, voiced = hertz[one.frames[at]], voiced[one.frames[at]]
    both = (voiced > 0) & (right[at] > 0)
    cents = 1200 * np.log2(hertz[both] / known[at][both])
    lasting = np.array(one.taught.durations) > 0
    off = np.abs(np.array(one.durations) - np.array(one.taught.durations))
    length, wanted = sum(one.durations), sum(one.taught.durations)
    return {
        "mel_cepstral_distortion_db": 10 / np.log(10) * float(distance.mean()) if at.size else float("nan"),
        "pitch_error_cents": float(np.median(np.abs(cents))) if both.any() else float("nan"),
        "voicing_error": float(np.mean(voiced != right[at])) if at.size else float("nan"),
        "duration_error_ms": 1000 * HOP / RATE * float(off[lasting].mean()),
        "length_error": abs(length - wanted) / wanted,
        "loudness_error_db": abs(20 * np.log10((_level(one.audio) + 1e-6) / (_level(one.taught.audio) + 1e-6))),
        "clipped": float(np.mean(np.abs(one.audio) > 0.999)) if one.audio.size else 0.0,
        "offset": abs(float(one.audio.mean())) if one.audio.size else 0.0,
    }


def _level(audio: Audio) -> float:
    return float(np.sqrt(np.mean(audio.astype(np.float64) ** 2))) if audio.size else 0.0


def _cepstra(audio: Audio) -> NDArray[np.float64]:
    """Mel cepstra 1 to 13 of each frame, of log amplitudes; how loud it is (number 0) is left out."""
    from scipy.fft import dct

    count = len(audio) // HOP
    padded = np.pad(audio, (_WINDOW // 2 - HOP // 2, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW))) ** 2
    mel = np.log(power @ _mel_bands().T + 1e-5)
    return np.asarray(dct(mel, type=2, axis=1))[:, 1 : _CEPSTRA + 1] / (4 * _BANDS)


def _mel_bands() -> NDArray[np.float64]:
    """(bands, bins): triangles evenly apart on the mel scale of O'Shaughnessy 1987, up to 8 kHz."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), _BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.clip(np.minimum(rise, fall), 0, None)


async def _speed(engine: PiperEngine, limit: int, seed: int) -> dict[str, float]:
    """Of the first piece of each text through the engine: until it is here, and what its process used of a processor."""
    import psutil

    assert engine.pid is not None
    process = psutil.Process(engine.pid)
    times, used = [], sum(process.cpu_times()[:2])
    for one in islice(asked(seed), limit):
        begun = time.perf_counter()
        stream = engine.speak(one.text)
        await anext(stream)
        times.append(time.perf_counter() - begun)
        await stream.aclose()
    used = sum(process.cpu_times()[:2]) - used
    return {"first_audio_p50_ms": 1000 * float(np.median(times)), "first_audio_cpu_ms": 1000 * used / limit}


async def _heard(
    engine: PiperEngine, recogniser: Path, speech: Synthesizer, teacher: str, limit: int, seed: int
) -> dict[str, float]:
    """The recogniser's word error rate on requests of test homes, said by the voice and by its teacher."""
    listener = FasterWhisperEngine(recogniser)
    try:
        texts = [one.text for one in islice(asked(seed), limit)]
        ours, theirs = [], []
        for text in texts:
            audio = np.concatenate([chunk async for chunk in engine.speak(text)])
            ours.append(written((await listener.transcribe(resample(audio, engine.rate, HEARD_RATE))).text))
            audio = resample(speech.say(text, teacher).audio, RATE, HEARD_RATE)
            theirs.append(written((await listener.transcribe(audio)).text))
        said = [written(text) for text in texts]
        return {"wer_voice": word_error_rate(said, ours), "wer_teacher": word_error_rate(said, theirs)}
    finally:
        listener.close()
