"""Where recognisers and voices lie, shipped with Rottie, pulled from the hub, or the owner's, and which one is for what language.

Does not cover whether a file is whole: the engines check that as they open it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from schemas.artifacts import PulledSpeech
from schemas.assistant import AUTO, RecogniserChoice, VoiceChoice
from schemas.errors import SpeechMissing
from schemas.hashing import MANIFEST
from schemas.settings import Home

STARTER = "starter"
STARTERS = Path(__file__).resolve().parents[1] / "models" / "starter"
SPEAKS = "en"
"""What the starters hear and speak."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}", re.ASCII)
_MANIFEST_BYTES = 1_000_000


@dataclass(frozen=True)
class Pulled:
    """A model from the hub, by the name that an assistant's file gives it."""

    name: str
    folder: Path
    about: PulledSpeech


def speech_folder(home: Home | None = None) -> Path:
    """Where models from the hub lie, each in a folder of its name."""
    return (home or Home.current()).models / "speech"


def pulled(home: Home | None = None) -> tuple[Pulled, ...]:
    """Those that are there, by name. A folder whose manifest cannot be read is none of them."""
    found = (pulled_one(folder.name, home) for folder in sorted(speech_folder(home).glob("*")))
    return tuple(one for one in found if one is not None)


def pulled_one(name: str, home: Home | None = None) -> Pulled | None:
    return _pulled(speech_folder(home) / name) if NAME.fullmatch(name) else None


def _pulled(folder: Path) -> Pulled | None:
    try:
        with (folder / MANIFEST).open("rb") as handle:
            return Pulled(folder.name, folder, PulledSpeech.model_validate_json(handle.read(_MANIFEST_BYTES)))
    except (OSError, ValidationError):
        return None


def chosen(section: RecogniserChoice | VoiceChoice, language: str | None, there: Iterable[Pulled]) -> str:
    """The model for what is spoken in a turn, where that is known, as sections name models; ``there`` are those that were pulled.

    What ``languages`` says; else ``model``; where that is ``auto``, the largest that knows the language, or else the section's
    own language. Raises SpeechMissing where none does.
    """
    spoken = language or section.language
    if spoken in section.languages:
        return section.languages[spoken]
    if section.model != AUTO:
        return section.model
    stage, there = "stt" if isinstance(section, RecogniserChoice) else "tts", tuple(there)
    for wanted in dict.fromkeys((spoken, section.language)):
        if wanted in section.languages:
            return section.languages[wanted]
        fitting = [one for one in there if one.about.stage == stage and wanted in one.about.languages]
        if fitting:
            return max(fitting, key=lambda one: (one.about.bytes, one.name)).name
        if wanted == SPEAKS:
            return STARTER
    raise _none_for(stage, section.language or spoken or "")


def recogniser_folder(model: str) -> Path:
    """Of a CTranslate2 model. Raises SpeechMissing where there is none."""
    place = STARTERS / "stt" if model == STARTER else _named(model)
    if not (place / "model.bin").is_file():
        raise _missing("recogniser", model, place, "stt", "train_recogniser")
    return place


def voice_file(model: str) -> Path:
    """An ONNX file: the one named, or the only one in the folder. Raises SpeechMissing where there is none."""
    place = STARTERS / "tts" if model == STARTER else _named(model)
    found = [place] if place.is_file() else sorted(place.glob("*.onnx"))
    if len(found) != 1:
        raise _missing("voice", model, place, "tts", "train_voice")
    return found[0]


def wake_folder(model: str) -> Path:
    """Of a wake word, whether or not there is one."""
    return STARTERS / "wake" if model == STARTER else place_of(model)


def place_of(model: str) -> Path:
    """A path as an assistant's file names it."""
    return Home.current().root / Path(model).expanduser()


def _named(model: str) -> Path:
    """A model that was pulled under that name, or a path."""
    found = pulled_one(model)
    return found.folder if found else place_of(model)


def _missing(what: str, model: str, place: Path, section: str, flow: str) -> SpeechMissing:
    told = f"this version comes without a {what}" if model == STARTER else f"there is no {what} at the place named"
    hint = (
        f"Make one with `rottie run {flow}`, or get one with `rottie models pull`, and name it as `{section}.model` in the"
        " assistant's file; releases come with one."
    )
    return SpeechMissing(told, where=str(place), hint=hint)


def _none_for(stage: str, language: str) -> SpeechMissing:
    if stage == "stt":
        hint = "Pull one that hears it, such as `rottie models pull Systran/faster-whisper-base`."
    else:
        hint = f"`rottie models pull rhasspy/piper-voices:{language}` lists voices that speak it; pull one of them."
    told = f"no {'recogniser' if stage == 'stt' else 'voice'} for the language {language!r} was pulled"
    return SpeechMissing(told, where=f"{stage}.model", hint=hint)
