"""The process that espeak-ng speaks in: run as a script by flows.steps.speech.espeak, with little memory.

espeak-ng is under the GPL, is not safe in threads, and keeps state between sentences. Reads JSON behind its length in four
bytes: ``{"text", "voice", "rate", "pitch", "range", "phonemize"}``; answers JSON in the same way, with ``bytes`` of signed
16-bit samples behind it, or ``{"error"}``. Imports nothing of this project. Constants follow espeak-ng's speak_lib.h.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import struct
import sys
from typing import Any, BinaryIO

MEMORY = 2**30
MAX_SAMPLES = 180 * 22050
PHONEME_EVENTS, PHONEME_IPA, DONT_EXIT = 1, 2, 0x8000
SYNCHRONOUS, UTF8, POSITION_CHARACTER = 2, 1, 1
RATE, PITCH, RANGE = 1, 3, 4
EVENT_END, EVENT_WORD, EVENT_PHONEME = 0, 1, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """The library, loaded once."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._callback = _CALLBACK(self._take)  # kept: the library calls it for as long as it lives
        self._samples = bytearray()
        self._phonemes: list[list[Any]] = []
        self._words: list[int] = []
        self._letters: list[int] = []
        self._voice = ""
        data = espeakng_loader.get_data_path().encode()
        flags = PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT
        self.rate = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, flags)
        if self.rate <= 0:
            raise OSError("espeak-ng did not start")
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        if request["voice"] != self._voice:
            if self._library.espeak_SetVoiceByName(request["voice"].encode()):
                return {"error": "voice"}, b""
            self._voice = request["voice"]
        for parameter, name in ((RATE, "rate"), (PITCH, "pitch"), (RANGE, "range")):
            self._library.espeak_SetParameter(parameter, int(request[name]), 0)
        self._samples, self._phonemes, self._words, self._letters = bytearray(), [], [], []
        raw = request["text"].encode()
        # Plain text: without the flags for SSML and for [[phonemes]] those are read out like any other characters.
        self._library.espeak_Synth(raw, len(raw) + 1, 0, POSITION_CHARACTER, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        told = {"rate": self.rate, "phonemes": self._phonemes, "words": self._words, "letters": self._letters}
        return told | {"bytes": len(self._samples)}, bytes(self._samples)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type != EVENT_END:
            event = events[index]
            if event.type == EVENT_PHONEME:
                self._phonemes.append([event.id.string.decode("utf-8", "ignore"), event.sample])
            elif event.type == EVENT_WORD:
                self._words.append(event.sample)
                self._letters.append(event.text_position - 1)
            index += 1
        return int(len(self._samples) > 2 * MAX_SAMPLES)  # one ends the synthesis


def _phonemized(text: str, voice: str, kept: list[Any]) -> list[list[str]]:
    """Piper's phonemes of each sentence. Loaded when first asked for, since most callers need only the sound."""
    if not kept:
        from piper.phonemize_espeak import EspeakPhonemizer

        kept.append(EspeakPhonemizer())
    return kept[0].phonemize(voice, text)


def _read(stream: BinaryIO) -> Any:
    head = stream.read(4)
    return json.loads(stream.read(struct.unpack("<I", head)[0])) if len(head) == 4 else None


def _write(stream: BinaryIO, answer: dict[str, Any], raw: bytes = b"") -> None:
    head = json.dumps(answer).encode()
    stream.write(struct.pack("<I", len(head)) + head + raw)
    stream.flush()


def main() -> None:
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    source = sys.stdin.buffer
    # The libraries may print; only answers go to the pipe.
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        espeak = Espeak()
    except ImportError:
        _write(target, {"error": "missing"})
        return
    _write(target, {"rate": espeak.rate})
    phonemizer: list[Any] = []
    while (request := _read(source)) is not None:
        answer, raw = espeak.say(request)
        if request.get("phonemize") and "error" not in answer:
            try:
                answer["sentences"] = _phonemized(request["text"], request["voice"].partition("+")[0], phonemizer)
            except ImportError:
                answer, raw = {"error": "missing"}, b""
        _write(target, answer, raw)


if __name__ == "__main__":
    main()
