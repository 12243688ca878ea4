"""Recordings as people and browsers send them, and files that are none: read whole or refused."""

from __future__ import annotations

import asyncio
import os
import signal
import struct

import numpy as np
import pytest

from schemas.errors import AudioUnusable
from serve.engines.decoding import Decoder
from serve.engines.encoding import FORMATS
from tests.serve.recordings import coded, encoded, tone, wav, whole_wav


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.close()


KINDS = {
    "wav 16 bits": ("wav", "pcm_s16le", 44100, "stereo"),
    "wav 24 bits": ("wav", "pcm_s24le", 96000, "mono"),
    "wav floats": ("wav", "pcm_f32le", 8000, "stereo"),
    "wav mu-law": ("wav", "pcm_mulaw", 8000, "mono"),
    "flac": ("flac", "flac", 48000, "stereo"),
    "mp3": ("mp3", "libmp3lame", 44100, "stereo"),
    "ogg opus": ("ogg", "libopus", 48000, "mono"),
    "webm opus": ("webm", "libopus", 48000, "stereo"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_any_kind_and_rate_becomes_mono_at_16_khz(decoder, kind):
    audio = await decoder.decode(coded(*kind), 60)
    assert audio.dtype == np.float32
    assert len(audio) == pytest.approx(16000, abs=1600)
    assert np.abs(audio[4000:12000]).max() == pytest.approx(0.3, abs=0.1)  # both channels alike: mixed, not added


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "pcm"])
async def test_what_the_voice_sends_can_be_heard_again(decoder, form):
    audio = await decoder.decode(encoded(form, tone(1.5, 22050)), 60)
    assert len(audio) == pytest.approx(24000, abs=2400)


def flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + b"\x55" * 400 + raw[middle + 400 :]


WAV, FLAC, WEBM = wav(tone(3)), coded("flac", "flac", 16000), coded("webm", "libopus", 48000, seconds=2)
OGG, MP3 = coded("ogg", "libopus", 48000, seconds=2), coded("mp3", "libmp3lame", 44100, seconds=3)
_FLOATS = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 4036, b"WAVE", b"fmt ", 16, 3, 1, 16000, 64000, 4, 32, b"data", 4000)
NOT_A_NUMBER = _FLOATS + b"\xff" * 4000
BAD = {
    "nothing": b"",
    "a word": b"hello",
    "zeros": bytes(5000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "a playlist": b"#EXTM3U\nhttp://127.0.0.1/secret\n",
    "only a header": WAV[:44],
    "half a header": WAV[:20],
    "half a wav": WAV[: len(WAV) // 2],
    "half a flac": FLAC[: len(FLAC) // 2],
    "half an ogg": OGG[: len(OGG) // 2],
    "half a webm": WEBM[: len(WEBM) // 2],
    "half an mp3": MP3[: len(MP3) // 2],
    "a flac with a hole": FLAC[:6000] + FLAC[10000:],
    "a damaged ogg": flipped(OGG),
    "no samples": wav(tone(0)),
    "a rate of 1": wav(tone(1), rate=1),
    "a rate of 4 billion": wav(tone(1), rate=2**32 - 1 >> 1),
    "no number": NOT_A_NUMBER,
    "channels without end": wav(tone(1))[:22] + struct.pack("<H", 65535) + wav(tone(1))[24:],
}


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
async def test_what_is_no_whole_recording_is_refused(decoder, raw):
    with pytest.raises(AudioUnusable) as refused:
        await decoder.decode(raw, 60)
    assert "WAV" in refused.value.hint


async def test_a_long_recording_is_refused_before_it_is_decoded_whole(decoder):
    bomb = coded("flac", "flac", 16000, "mono", seconds=1)
    assert len(await decoder.decode(bomb, 1.1)) == 16000
    with pytest.raises(AudioUnusable, match=r"longer than 0\.5 seconds"):
        await decoder.decode(bomb, 0.5)
    quiet = encoded("flac", np.zeros(16000 * 600, np.float32), 16000)  # ten minutes in few bytes
    assert len(quiet) < 200_000
    with pytest.raises(AudioUnusable, match="longer"):
        await decoder.decode(quiet, 120)


async def test_a_stream_without_a_length_is_read_to_its_end(decoder):
    streamed = encoded("wav", tone(1, 16000), 16000)
    assert len(await decoder.decode(streamed, 60)) == 16000
    assert len(await decoder.decode(whole_wav(streamed), 60)) == 16000


async def test_a_lost_process_and_a_cancelled_wait_harm_nobody_after(decoder):
    await decoder.decode(WAV, 60)
    os.kill(decoder._helper.pid, signal.SIGKILL)
    with pytest.raises(AudioUnusable):
        await decoder.decode(WAV, 60)
    work = [asyncio.create_task(decoder.decode(WAV, 60)) for _ in range(4)]
    await asyncio.sleep(0.01)
    work[0].cancel()
    work[2].cancel()
    done = await asyncio.gather(*work, return_exceptions=True)
    assert [type(each) for each in done[::2]] == [asyncio.CancelledError] * 2
    assert [len(each) for each in done[1::2]] == [48000] * 2
