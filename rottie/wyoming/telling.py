"""What this process can do, told in Wyoming's words: as much of it as the application that answers now has."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from rottie.wyoming.messages import PROGRAM, voice_name


def info_of(status: dict[str, Any], wake_word: tuple[str, str] | None) -> Info:
    """``status`` is GET /v1/status; ``wake_word`` the name and the phrase of the wake word that is listened for."""
    spoken, language = status["speech"], str(status["language"])
    told = Info()
    if "stt" in spoken:
        name, languages = _of(spoken["stt"], language)
        model = AsrModel(**_about(name, "Recogniser"), languages=languages)
        told.asr = [AsrProgram(**_about(PROGRAM, "Speech to text"), models=[model], supports_transcript_streaming=True)]
    if "tts" in spoken:
        name, languages = _of(spoken["tts"], language)
        default = language if language in languages else languages[0]
        names = {spoken: name if spoken == default else voice_name(spoken) for spoken in (default, *languages)}
        voices = [TtsVoice(**_about(name, f"Voice ({spoken})"), languages=[spoken]) for spoken, name in names.items()]
        told.tts = [TtsProgram(**_about(PROGRAM, "Text to speech"), voices=voices, supports_synthesize_streaming=True)]
    assistant = HandleModel(**_about("assistant", "The assistant of this home"), languages=[language])
    told.handle = [
        HandleProgram(
            **_about(PROGRAM, "Conversation"), models=[assistant], supports_handled_streaming=True, supports_home_control=True
        )
    ]
    if wake_word is not None:
        waking = WakeModel(**_about(wake_word[0], wake_word[1]), languages=[language], phrase=wake_word[1])
        told.wake = [WakeProgram(**_about(PROGRAM, "Wake word"), models=[waking])]
    return told


def _of(replicas: Sequence[dict[str, Any]], language: str) -> tuple[str, list[str]]:
    """Name and languages of a stage; while it loads, the assistant's language."""
    loaded = [state for state in replicas if state["languages"]]
    name = str((loaded or replicas)[0]["model"]) if replicas else PROGRAM
    return name.rstrip("/").rpartition("/")[2] or PROGRAM, list(loaded[0]["languages"]) if loaded else [language]


def _about(name: str, description: str) -> dict[str, Any]:
    made = Attribution(name="Rottie", url="")
    return {"name": name, "description": description, "attribution": made, "installed": True, "version": version("rottie")}
