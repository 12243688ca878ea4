"""What clients may say in events, as far as it is understood here; unknown fields are passed over."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LONGEST_SAID, LONGEST_SPOKEN = 4000, 20_000
Context = Annotated[dict[str, Any] | None, Field(default=None)]
Name = Annotated[str, Field(max_length=200)]


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
    """One voice is configured: every name and language stands for it."""

    name: str | None = Field(default=None, max_length=200)


class SynthesizeStart(_Message):
    voice: Voice | None = None
    text_format: str | None = Field(default=None, max_length=20)
    context: Context


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
