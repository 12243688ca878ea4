"""Where the recogniser and the voice of an assistant lie: shipped with Rottie, or in a folder or file of the owner's.

Does not cover whether a file is whole: the engines check that as they open it.
"""

from __future__ import annotations

from pathlib import Path

from schemas.errors import SpeechMissing
from schemas.settings import Home

STARTER = "starter"
STARTERS = Path(__file__).resolve().parents[1] / "models" / "starter"


def recogniser_folder(model: str) -> Path:
    """Of a CTranslate2 model. Raises SpeechMissing where there is none."""
    place = STARTERS / "stt" if model == STARTER else place_of(model)
    if not (place / "model.bin").is_file():
        raise _missing("recogniser", model, place, "stt", "train_recogniser")
    return place


def voice_file(model: str) -> Path:
    """An ONNX file: the one named, or the only one in the folder. Raises SpeechMissing where there is none."""
    place = STARTERS / "tts" if model == STARTER else place_of(model)
    found = [place] if place.is_file() else sorted(place.glob("*.onnx"))
    if len(found) != 1:
        raise _missing("voice", model, place, "tts", "train_voice")
    return found[0]


def place_of(model: str) -> Path:
    """A path as an assistant's file names it."""
    return Home.current().root / Path(model).expanduser()


def _missing(what: str, model: str, place: Path, section: str, flow: str) -> SpeechMissing:
    told = f"this version comes without a {what}" if model == STARTER else f"there is no {what} at the place named"
    hint = f"Make one with `rottie run {flow}` and name it as `{section}.model` in the assistant's file; releases come with one."
    return SpeechMissing(told, where=str(place), hint=hint)
