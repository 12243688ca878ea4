"""The starter models that are shipped: where each lies, and what its card says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, get_args

from schemas.errors import EvaluationError, StarterMissing
from schemas.hashing import MANIFEST

Starter = Literal["llm", "stt", "tts", "wake"]
STARTERS: tuple[Starter, ...] = get_args(Starter)
FOLDER = Path(__file__).resolve().parents[2] / "models" / "starter"
FIGURES, CARD, WEIGHTS = "figures.json", "README.md", "model.safetensors"
_MAIN = {"llm": "model.json"}  # the file without which a folder holds no model; a manifest where nothing is named


def starter_folder(name: Starter, folder: Path | None = None) -> Path:
    """Raises StarterMissing where no model of that name is shipped."""
    place = (folder or FOLDER) / name
    if not (place / _MAIN.get(name, MANIFEST)).is_file():
        raise StarterMissing(f"the starter {name!r} is not shipped with this version", where=str(place))
    return place


def claimed(place: Path) -> dict[str, float]:
    """The figures of the card in ``place``; empty where it has none. Raises EvaluationError for a file that is no figures."""
    try:
        found = json.loads((place / FIGURES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EvaluationError("the card's figures cannot be read", where=str(place / FIGURES)) from error
    if not isinstance(found, dict):
        raise EvaluationError("the card's figures are no figures", where=str(place / FIGURES))
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
