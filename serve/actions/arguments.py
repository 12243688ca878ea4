"""Arguments of the tools: what a model may write, checked before anything is looked up.

A model that fills an argument it has nothing for with null or "" means that it was not given.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from schemas.errors import BadArgument
from serve.actions.matching import Target

ON_OFF = (
    "light",
    "switch",
    "fan",
    "media_player",
    "cover",
    "valve",
    "lock",
    "climate",
    "input_boolean",
    "scene",
    "script",
    "button",
    "input_button",
)
LONGEST = 255
# What a model may ask for by kind: a grammar admits these alone, so that a kind need not be a word of the request.
READABLE = (*ON_OFF, "vacuum", "todo", "timer", "sensor", "binary_sensor", "person", "weather")
CLASSES = (
    "awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter", "window",
    "outlet", "receiver", "speaker", "tv", "gas", "water",
    "atmospheric_pressure", "battery", "carbon_dioxide", "energy", "humidity", "illuminance", "moisture", "motion", "occupancy",
    "power", "smoke", "temperature",
)  # fmt: skip


def _number(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("must be a number")
    return value


def _texts(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _step(value: Any) -> Any:
    text = str(value).strip().removesuffix("%").strip()
    return int(text) if text.removeprefix("-").removeprefix("+").isdecimal() else _number(value)


def _some(step: float) -> float:
    if not step:
        raise ValueError("must be more or less than 0")
    return step


def _whole(text: str) -> str:
    if not text.strip() or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("must be readable text")
    return text


Text = Annotated[str, Field(min_length=1, max_length=LONGEST, strict=True), AfterValidator(_whole)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_texts), Field(max_length=16), WithJsonSchema({"type": "string"})]
Domains = Annotated[
    tuple[Text, ...], BeforeValidator(_texts), Field(max_length=16), WithJsonSchema({"type": "string", "enum": list(ON_OFF)})
]
Moved = Annotated[
    tuple[Text, ...],
    BeforeValidator(_texts),
    Field(max_length=16),
    WithJsonSchema({"type": "string", "enum": ["cover", "valve"]}),
]
Readable = Annotated[
    tuple[Text, ...], BeforeValidator(_texts), Field(max_length=16), WithJsonSchema({"type": "string", "enum": list(READABLE)})
]
Classes = Annotated[
    tuple[Text, ...], BeforeValidator(_texts), Field(max_length=16), WithJsonSchema({"type": "string", "enum": list(CLASSES)})
]


def _whole_numbers(low: int, high: int) -> WithJsonSchema:
    """What a validator hides from the schema: a grammar then admits nothing beyond."""
    return WithJsonSchema({"type": "integer", "minimum": low, "maximum": high})


Percent = Annotated[int, BeforeValidator(_number), Field(ge=0, le=100), _whole_numbers(0, 100)]
Points = Annotated[int, BeforeValidator(_step), Field(ge=-100, le=100), AfterValidator(_some), _whole_numbers(-100, 100)]
"""Percent points more, or less where negative."""
DegreesMore = Annotated[float, BeforeValidator(_number), Field(ge=-100, le=100), AfterValidator(_some)]
Degrees = Annotated[float, BeforeValidator(_number), Field(ge=-100, le=1000)]
Kelvin = Annotated[int, BeforeValidator(_number), Field(ge=1000, le=40000)]
Count = Annotated[int, BeforeValidator(_number), Field(ge=0, le=10_000)]


# Named by what the home has: a grammar made for the request admits nothing else.
EntityName = Annotated[Text, WithJsonSchema({"type": "string", "format": "home-entity"})]
AreaName = Annotated[Text, WithJsonSchema({"type": "string", "format": "home-area"})]


Given = TypeVar("Given", bound="Place")


class Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _blank_is_absent(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        needed = {name for name, info in cls.model_fields.items() if info.is_required()}
        return {key: value for key, value in values.items() if key in needed or value not in (None, "", [])}


class Nothing(Arguments):
    pass


class Place(Arguments):
    name: EntityName | None = None
    area: AreaName | None = None
    floor: Text | None = None

    def target(self, *domains: str) -> Target:
        """What these arguments mean for a tool that acts on ``domains`` (on any when there are none)."""
        asked = frozenset(getattr(self, "domain", None) or ())
        able = frozenset(domains)
        wanted = (asked & able if able else asked) or able
        if asked and able and not asked & able:
            raise BadArgument(f"it acts on {' or '.join(sorted(able))}, not on {' or '.join(sorted(asked))}", where="domain")
        classes = frozenset(getattr(self, "device_class", None) or ())
        return Target(self.name, self.area, self.floor, wanted or None, classes or None)


def _either(values: Given, name: str) -> Given:
    """``values`` with exactly one of ``name`` and its step."""
    if (getattr(values, name) is None) == (getattr(values, f"{name}_step") is None):
        raise ValueError(f"either {name} or {name}_step must be given")
    return values


class OnOff(Place):
    domain: Domains | None = None
    device_class: Classes | None = None


class LightSet(Place):
    brightness: Percent | None = None
    brightness_step: Points | None = None
    color: Text | None = None
    temperature: Kelvin | None = None

    @model_validator(mode="after")
    def _something_is_set(self) -> LightSet:
        if self.brightness is None and self.brightness_step is None and self.color is None and self.temperature is None:
            raise ValueError("brightness, brightness_step, color or temperature must be given")
        if self.brightness is not None and self.brightness_step is not None:
            raise ValueError("brightness and brightness_step exclude one another")
        return self


class Position(Place):
    position: Percent | None = None
    position_step: Points | None = None
    domain: (
        Annotated[tuple[Text, ...], BeforeValidator(_texts), WithJsonSchema({"type": "string", "enum": ["cover", "valve"]})]
        | None
    ) = None
    device_class: Classes | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Position:
        return _either(self, "position")


class Moving(Place):
    domain: (
        Annotated[tuple[Text, ...], BeforeValidator(_texts), WithJsonSchema({"type": "string", "enum": ["cover", "valve"]})]
        | None
    ) = None
    device_class: Classes | None = None


class Temperature(Place):
    temperature: Degrees | None = None
    temperature_step: DegreesMore | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Temperature:
        return _either(self, "temperature")


class FanMode(Place):
    fan_mode: Text


class Speed(Place):
    percentage: Percent | None = None
    percentage_step: Points | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Speed:
        return _either(self, "percentage")


class Volume(Place):
    volume_level: Percent


class VolumeStep(Place):
    """Up and down, as Home Assistant says too, are left to those who know that they work."""

    volume_step: Annotated[
        Literal["up", "down"] | Annotated[int, Field(ge=-100, le=100)],
        BeforeValidator(_step),
        _whole_numbers(-100, 100),
    ]


class Play(Place):
    search_query: Text
    media_class: Text | None = None


class CleanArea(Arguments):
    area: AreaName
    name: EntityName | None = None


class Item(Arguments):
    item: Text
    name: EntityName


class ShoppingItem(Arguments):
    item: Text


class StartTimer(Arguments):
    hours: Count | None = None
    minutes: Count | None = None
    seconds: Count | None = None
    name: Text | None = None


class FindTimer(Arguments):
    start_hours: Count | None = None
    start_minutes: Count | None = None
    start_seconds: Count | None = None
    name: Text | None = None
    area: AreaName | None = None


class ChangeTimer(FindTimer):
    hours: Count | None = None
    minutes: Count | None = None
    seconds: Count | None = None


class InArea(Arguments):
    area: AreaName | None = None


class Context(Place):
    domain: Texts | None = None


class StateQuestion(Place):
    domain: Readable | None = None
    device_class: Classes | None = None
    state: Texts | None = None


def read(kind: type[Arguments], values: dict[str, Any], tool: str) -> Arguments:
    """Raises BadArgument with the argument's name and what it must be; never with the value's text."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = next((str(part) for part in first["loc"] if isinstance(part, str)), "")
        hint = f"It takes: {', '.join(kind.model_fields) or 'nothing'}."
        if first["type"] == "extra_forbidden":
            raise BadArgument(f"there is no argument {key!r:.40}", where=tool, hint=hint) from None
        raise BadArgument(f"{key or 'arguments'}: {first['msg']}", where=tool, hint=hint) from None


def parameters(kind: type[Arguments]) -> dict[str, Any]:
    """The JSON schema of ``kind`` as tools have it: flat, without titles, defaults and nulls."""
    schema = kind.model_json_schema()
    properties = {name: _flat(part) for name, part in schema.get("properties", {}).items()}
    flat: dict[str, Any] = {"type": "object", "properties": properties}
    if schema.get("required"):
        flat["required"] = schema["required"]
    return flat


def _flat(part: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in part.get("anyOf", [part]) if choice.get("type") != "null"]
    kept = ("type", "enum", "format", "minimum", "maximum", "description")
    return {key: choices[0][key] for key in kept if key in choices[0]}
