"""Recordings for tests, and a recogniser and a voice that need no model."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas.assistant import Stt, Tts
from serve.engines.encoding import Encoder, finished, wav_header
from serve.hearing import Ears
from serve.saying import Voice
from serve.voicing import Speech


def tone(seconds: float = 1.0, rate: int = 16000, loud: float = 0.3) -> np.ndarray:
    return (loud * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def wav(audio: np.ndarray, rate: int = 16000) -> bytes:
    whole = (audio.clip(-1, 1) * 32767).astype("<i2").tobytes()
    return wav_header(rate, len(whole)) + whole


def coded(container: str, codec: str, rate: int, layout: str = "stereo", seconds: float = 1.0) -> bytes:
    """The tone in a file as clients make them, by PyAV."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.open()
        context = stream.codec_context
        samples = np.repeat(tone(seconds, rate), 2 if layout == "stereo" else 1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(context.format.name, layout, rate, frame_size=context.frame_size or None)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            out.mux(stream.encode(part))
    return file.getvalue()


def whole_wav(streamed: bytes) -> bytes:
    return finished(streamed)[0]


def encoded(form: str, audio: np.ndarray, rate: int = 22050) -> bytes:
    encoder = Encoder(form, rate)  # type: ignore[arg-type]
    return b"".join(encoder.push(part) for part in np.array_split(audio, 5)) + encoder.finish()


@dataclass
class Scripted:
    stt: Stt
    tts: Tts
    ears: Ears
    voice: Voice
    script: Path

    @property
    def both(self) -> Speech:
        return Speech(self.ears, self.voice)

    async def close(self) -> None:
        await self.ears.close()
        await self.voice.close()


def scripted_speech(folder: Path, text: str = "turn on the hall lamp") -> Scripted:
    """Hears ``text`` in whatever is not silent, and hums. Only inside a running event loop."""
    script = folder / "heard.txt"
    script.write_text(text)
    stt, tts = Stt(kind="scripted", model=str(script), longest_s=20, bytes=400_000), Tts(kind="scripted", longest=300)
    ears, voice = Ears(), Voice()
    ears.want(stt)
    voice.want(tts)
    return Scripted(stt, tts, ears, voice, script)
