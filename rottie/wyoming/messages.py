"""What clients may say in events, as far as it is understood here; unknown fields are passed over."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

PROGRAM = "rottie"
LONGEST_SAID, LONGEST_SPOKEN = 4000, 20_000
Context = Annotated[dict[str, Any] | None, Field(default=None)]
Name = Annotated[str, Field(max_length=200)]
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_VOICE = re.compile(rf"{PROGRAM}-([a-z]{{2,3}})")


def voice_name(language: str) -> str:
    """Of the voice for a language other than the default one: clients may give nothing but a name back."""
    return f"{PROGRAM}-{language}"


def code_of(language: str | None) -> str | None:
    """``en`` of ``en_US`` and ``en-GB``."""
    found = _LANGUAGE.match((language or "").lower())
    return found.group() if found else None


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Transcribe(_Message):
    """A recording follows. ``transcript_names`` and ``transcript_terms`` may be said in it."""

    language: str | None = Field(default=None, max_length=35)
    context: Context
    transcript_names: tuple[Name, ...] | None = Field(default=None, max_length=5000)
    transcript_terms: tuple[Name, ...] | None = Field(default=None, max_length=5000)

    @property
    def names(self) -> tuple[str, ...]:
        return (*(self.transcript_names or ()), *(self.transcript_terms or ()))


class Detect(_Message):
    """A stream follows in which a wake word is listened for; without ``names``, any."""

    names: tuple[Name, ...] | None = Field(default=None, max_length=100)
    context: Context


class Format(_Message):
    """Of audio: integers of ``width`` bytes, little-endian; those of one byte have no sign."""

    rate: int = Field(ge=8000, le=48_000)
    width: int = Field(ge=1, le=4)
    channels: int = Field(ge=1, le=8)


class Piece(Format):
    timestamp: int | None = None

    @property
    def format(self) -> Format:
        return Format(rate=self.rate, width=self.width, channels=self.channels)


class Voice(_Message):
    """A voice by the name that it is told by, which decides, or by its language; all others stand for the default."""

    name: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=35)

    @property
    def spoken(self) -> str | None:
        """The language's code; None for the default voice."""
        named = _VOICE.fullmatch(self.name or "")
        return named[1] if named else None if self.name else code_of(self.language)


class SynthesizeStart(_Message):
    voice: Voice | None = None
    text_format: str | None = Field(default=None, max_length=20)
    context: Context

    @property
    def language(self) -> str | None:
        """What shall be spoken, where the client says so."""
        return self.voice.spoken if self.voice else None


class SynthesizeChunk(_Message):
    text: str = Field(max_length=LONGEST_SPOKEN)


class Synthesize(SynthesizeStart, SynthesizeChunk):
    pass


class Said(_Message):
    """A text that shall be handled."""

    text: str = Field(max_length=LONGEST_SAID)
    context: Context


class Ping(_Message):
    text: str | None = Field(default=None, max_length=1000)
