"""The voice that is shipped: whole, and spoken by stock Piper without any code of ours."""

import json
import subprocess
import sys

import pytest

from flows.steps.starters import starter_folder
from flows.steps.voice.exporting import MODEL
from schemas.hashing import MANIFEST, verify

pytest.importorskip("piper")


def test_the_shipped_voice_is_whole_and_stock_piper_speaks_it():
    folder = starter_folder("tts")
    verify(folder, json.loads((folder / MANIFEST).read_text())["files"])
    code = """
import sys
import numpy as np
from piper import PiperVoice
voice = PiperVoice.load(sys.argv[1])
(chunk,) = voice.synthesize("I turned on the kitchen light.", include_alignments=True)
sound = chunk.audio_float_array
print(len(sound) / chunk.sample_rate, float(np.sqrt(np.mean(sound**2))), len(chunk.phoneme_alignments))
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder / MODEL)], capture_output=True, text=True, check=True)
    seconds, level, aligned = map(float, done.stdout.split())
    assert 1.0 < seconds < 2.5
    assert 0.02 < level < 0.5
    assert aligned > 20
