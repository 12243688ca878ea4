"""What a session is set to: changed by updates, shown to the client, and what it means for listening, speaking and answering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from schemas.assistant import Limits, Talk
from schemas.conversation import Tool
from schemas.errors import RequestError
from serve.api import declared
from serve.api.realtime.faults import Refused
from serve.api.realtime.items import Item, Items, referred
from serve.api.realtime.messages import ResponseWish
from serve.api.realtime.shapes import (
    AudioInput,
    Format,
    FunctionTool,
    NamedTool,
    Pcm,
    Realtime,
    Section,
    ServerVad,
    ToolChoice,
    Transcribing,
    Transcription,
    Ulaw,
)
from serve.engines import grammar
from serve.hearing import names_in
from serve.talking.session import Options

Shape = Realtime | Transcribing
Kind = TypeVar("Kind", bound=Section)
_G711_RATE = 8000
RECOGNISER, VOICE = "rottie-stt", "default"
"""The one of each that is configured, whatever name a client gives it."""
# How much longer or shorter than the assistant's own both silences are: what sounds finished, and whatever was said.
_EAGERNESS = {"low": (2.0, 3.0), "medium": (1.0, 1.0), "auto": (1.0, 1.0), "high": (0.7, 0.5)}


@dataclass(frozen=True)
class Course:
    """How one response is given. ``acts``: by the assistant in its home; else by the model, with ``tools`` of the client.

    ``input``: what the model sees in place of the conversation. ``kept``: it is a part of the conversation.
    """

    speak: bool
    format: Format
    acts: bool = True
    kept: bool = True
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    choice: grammar.ToolChoice = field(default_factory=grammar.ToolChoice)
    most_tokens: int | None = None
    input: tuple[Item, ...] | None = None
    metadata: dict[str, str] | None = None


def merged(old: Kind, new: Kind) -> Kind:
    """``old`` with every field that ``new`` names; sections are merged, everything else is replaced."""
    changes: dict[str, Any] = {}
    for name in new.model_fields_set:
        before, value = getattr(old, name), getattr(new, name)
        changes[name] = merged(before, value) if isinstance(value, Section) and isinstance(before, Section) else value
    return old.model_copy(update=changes)


def updated(old: Shape, new: Shape, limits: Limits) -> Shape:
    """The model stays. Raises Refused where a session shall become one of the other kind, RequestError for tools that cannot be
    used."""
    if type(old) is not type(new):
        raise Refused("invalid_value", f"this session is of the type {old.type}", "session.type")
    shape = merged(old, new)
    if isinstance(shape, Realtime) and isinstance(old, Realtime):
        _tools(shape.tools, shape.tool_choice, shape.parallel_tool_calls, limits)
        return shape.model_copy(update={"model": old.model})
    return shape


def shown(shape: Shape, name: str, ends_at: int, voiced: bool, language: str | None) -> dict[str, Any]:
    """What is in force, as ``session.created`` and ``session.updated`` tell it: what was taken without effect is null, or what
    stands in its place. ``language``: in which the recogniser hears."""
    told = shape.model_dump(mode="json", exclude={"rottie", "include", "tracing"})
    heard = told["audio"]["input"]
    heard["noise_reduction"] = None
    if heard["transcription"] is not None:
        heard["transcription"] |= {"model": RECOGNISER, "language": language, "languages": None, "delay": None}
    if isinstance(shape, Realtime):
        told |= {"reasoning": None, "truncation": "auto"}
        told["audio"]["output"]["voice"] = VOICE
        if not voiced:
            told["output_modalities"] = ["text"]
        if _acts(shape.tools, shape.tool_choice):
            told["instructions"] = ""
    if "rottie" in shape.model_fields_set:
        told["rottie"] = shape.rottie.model_dump(mode="json")
    return {
        **told,
        "id": name,
        "object": f"realtime.{'session' if shape.type == 'realtime' else 'transcription_session'}",
        "expires_at": ends_at,
    }


def listening(shape: Shape) -> AudioInput:
    return shape.audio.input


def talk_of(shape: Shape, talk: Talk) -> Talk:
    """The assistant's own way to listen, where the session does not ask for another."""
    turns = listening(shape).turn_detection
    if turns is None:
        return talk
    barge_in = talk.barge_in and turns.interrupt_response
    if isinstance(turns, ServerVad):
        silence, threshold = turns.silence_duration_ms, min(0.99, max(0.01, turns.threshold))
        return talk.model_copy(update={"floor_ms": silence, "cap_ms": silence, "threshold": threshold, "barge_in": barge_in})
    floor, cap = _EAGERNESS[turns.eagerness]
    floor_ms = max(100, round(talk.floor_ms * floor))
    return talk.model_copy(update={"floor_ms": floor_ms, "cap_ms": max(floor_ms, round(talk.cap_ms * cap)), "barge_in": barge_in})


def options_of(shape: Shape, speak: bool, language: str, confidence: float) -> Options:
    given = listening(shape)
    turns, transcription = given.turn_detection, given.transcription
    return Options(
        language=(transcription.language if transcription else None) or language,
        speak=speak,
        speed=shape.audio.output.speed if isinstance(shape, Realtime) else 1.0,
        manual=turns is None,
        respond=turns is not None and turns.create_response and isinstance(shape, Realtime),
        rate=given.format.rate if isinstance(given.format, Pcm) else _G711_RATE,
        coding="pcm16" if isinstance(given.format, Pcm) else "g711_ulaw" if isinstance(given.format, Ulaw) else "g711_alaw",
        confidence=confidence,
        names=_names(transcription),
    )


def _acts(tools: tuple[FunctionTool, ...], chosen: ToolChoice) -> bool:
    """Whether the assistant itself answers in the conversation."""
    return not tools and chosen == "auto"


def _names(told: Transcription | None) -> tuple[str, ...]:
    return () if told is None else (*(told.keywords or ()), *names_in(told.prompt))


def course_of(shape: Realtime, wish: ResponseWish, items: Items, limits: Limits, voiced: bool) -> Course:
    """``voiced``: there is a voice; without one replies are texts. Raises RequestError and Refused."""
    output = shape.audio.output
    special = wish.audio.output if wish.audio else None
    given = shape.tools if wish.tools is None else wish.tools
    chosen = wish.tool_choice or shape.tool_choice
    several = shape.parallel_tool_calls if wish.parallel_tool_calls is None else wish.parallel_tool_calls
    tools, choice = _tools(given, chosen, several, limits)
    kept = wish.conversation == "auto"
    most = wish.max_output_tokens or shape.max_output_tokens
    return Course(
        speak=voiced and "audio" in (wish.output_modalities or shape.output_modalities),
        format=(special and special.format) or output.format,
        acts=_acts(given, chosen) and kept and wish.input is None,
        kept=kept,
        instructions=shape.instructions if wish.instructions is None else wish.instructions,
        tools=tools,
        choice=choice,
        most_tokens=None if most == "inf" else most,
        input=None if wish.input is None else tuple(referred(wish.input, items)),
        metadata=wish.metadata,
    )


def own_default(transcription: bool, model: str) -> Shape:
    """What a session is set to when it begins."""
    return Transcribing(type="transcription") if transcription else Realtime(type="realtime", model=model)


def _tools(
    given: tuple[FunctionTool, ...], chosen: ToolChoice, several: bool | None, limits: Limits
) -> tuple[tuple[Tool, ...], grammar.ToolChoice]:
    if len(given) > limits.tools:
        raise RequestError(f"more than {limits.tools} tools", where="tools")
    tools = declared.all_different(
        declared.tool(tool.name, tool.description, tool.parameters, None, f"tools.{number}") for number, tool in enumerate(given)
    )
    if chosen == "required" and not tools:
        raise RequestError("tool_choice requires a tool, and there is none", where="tool_choice")
    if isinstance(chosen, NamedTool):
        return tools, declared.choice("named", chosen.name, None, several, tools)
    return tools, declared.choice(chosen, None, None, several, tools)
