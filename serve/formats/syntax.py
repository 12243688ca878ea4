"""The ways in which families of models write tool calls: their grammar, how they are told from speech, and their meaning.

tagged    <tool_call>\\n{"name": "TurnOn", "arguments": {"name": "lamp"}}\\n</tool_call>   Qwen 2.5 and 3, Hermes; and any
          model whose template knows no tools, after it was told so (see template.INSTRUCTIONS)
listed    [TOOL_CALLS][{"name": "TurnOn", "arguments": {"name": "lamp"}}]                 Mistral v3 to v7
named     [TOOL_CALLS]TurnOn[ARGS]{"name": "lamp"}                                        Mistral v11 and later
bare      {"name": "TurnOn", "parameters": {"name": "lamp"}}                              Llama 3, one call a reply
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.conversation import Tool, ToolCall, call
from schemas.prompt import MalformedReply
from serve.engines.grammar import Writing
from serve.engines.spans import literal
from serve.formats.protocol import Reply

_DECODER = json.JSONDecoder()
_SILENT = r"\x00-\x08\x0B-\x1F\x7F"
_PYTHON = "<|python_tag|>"


@dataclass(frozen=True)
class Syntax:
    """One way. ``marks`` are what calls and results are told by, which no text from outside may contain."""

    name: str
    writing: Writing
    marks: tuple[str, ...]
    reply: Callable[[Sequence[Tool]], Reply]


class Speech:
    """A reply in which nothing is a call. White space before its first word is dropped."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, text: str) -> str:
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return text

    def rest(self) -> str:
        return ""

    def calls(self) -> tuple[ToolCall, ...]:
        return ()


class Marked:
    """Speech up to ``opening``, calls from there on. Of speech, only what may be the beginning of ``opening`` is held back."""

    def __init__(self, opening: str, read: Callable[[str], list[ToolCall]]) -> None:
        self._opening, self._read = opening, read
        self._speech = Speech()
        self._held = ""
        self._body: str | None = None

    def add(self, text: str) -> str:
        if self._body is not None:
            self._body += text
            return ""
        self._held += text
        before, found, after = self._held.partition(self._opening)
        if found:
            self._held, self._body = "", after
            return self._speech.add(before.rstrip())
        keep = _overlap(self._held, self._opening)
        # White space before a call belongs to neither.
        ready = self._held[: len(self._held) - keep].rstrip()
        self._held = self._held[len(ready) :]
        return self._speech.add(ready)

    def rest(self) -> str:
        return "" if self._body is not None else self._speech.add(self._held)

    def calls(self) -> tuple[ToolCall, ...]:
        return () if self._body is None else _whole(self._read, self._body)


class Bare:
    """A reply that is a call from its first character on, or none at all: held back while it may still name an offered tool."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        names = [tool.function.name for tool in tools]
        self._heads = [f'{lead}"name":"{name}"' for name in names for lead in ("{", '{"type":"function",')]
        self._speech = Speech()
        self._text = ""
        self._kind: str | None = None

    def add(self, text: str) -> str:
        if self._kind == "speech":
            return self._speech.add(text)
        self._text += text
        if self._kind is None:
            self._kind = self._decide()
        return self._speech.add(self._text) if self._kind == "speech" else ""

    def rest(self) -> str:
        return self._speech.add(self._text) if self._kind is None else ""

    def calls(self) -> tuple[ToolCall, ...]:
        return _whole(_bare_calls, self._text.strip().removeprefix(_PYTHON)) if self._kind == "calls" else ()

    def _decide(self) -> str | None:
        start = re.sub(r"\s", "", self._text)
        if _PYTHON.startswith(start):
            return None
        if start.startswith(_PYTHON) or any(start.startswith(head) for head in self._heads):
            return "calls"
        return None if any(head.startswith(start) for head in self._heads) else "speech"


def _overlap(text: str, mark: str) -> int:
    """How many characters at the end of ``text`` begin ``mark``."""
    return next((n for n in range(min(len(mark) - 1, len(text)), 0, -1) if text.endswith(mark[:n])), 0)


def _whole(read: Callable[[str], list[ToolCall]], body: str) -> tuple[ToolCall, ...]:
    try:
        calls = tuple(read(body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedReply("the call does not parse") from error
    if not calls:
        raise MalformedReply("a call was begun and none came")
    return calls


def _one(value: Any) -> ToolCall:
    arguments = value["arguments"] if "arguments" in value else value.get("parameters", {})
    return call(value["name"], json.loads(arguments) if isinstance(arguments, str) else arguments)


def _tagged_calls(body: str) -> list[ToolCall]:
    parts = body.split("<tool_call>")
    return [_one(_DECODER.raw_decode(part.strip())[0]) for part in parts]


def _listed_calls(body: str) -> list[ToolCall]:
    return [_one(item) for item in _DECODER.raw_decode(body.strip())[0]]


def _named_calls(body: str) -> list[ToolCall]:
    found = []
    for part in body.split("[TOOL_CALLS]"):
        name, _, arguments = part.partition("[ARGS]")
        found.append(call(name.strip(), _DECODER.raw_decode(arguments.strip())[0]))
    return found


def _bare_calls(body: str) -> list[ToolCall]:
    found, at = [], 0
    while at < len(body):
        value, at = _DECODER.raw_decode(body, at)
        found.append(_one(value))
        while at < len(body) and body[at] in " \n\r\t;":
            at += 1
    return found


def speech_without(mark: str, then: str | None = None, first: str = "") -> tuple[tuple[str, str], ...]:
    """Rules for text in which ``mark`` does not occur; with ``then``, for one that may go on with that rule after it.

    ``first``: characters that the text does not begin with. One rule for each beginning of ``mark`` that was just read.
    """
    letters = "".join(sorted(set(mark)))

    def steps(state: int, forbidden: str = "") -> str:
        found = []
        for letter in (letter for letter in letters if letter not in forbidden):
            read = mark[:state] + letter
            reached = next(n for n in range(len(read), -1, -1) if read.endswith(mark[:n]))
            if reached < len(mark):
                found.append(f"{literal(letter)} text{reached}")
            elif then:
                found.append(f"{literal(letter)} {then}")
        return " | ".join([*found, f"[^{_class(letters + forbidden)}{_SILENT}] text0", '""'])

    return (("speech", steps(0, first)), *((f"text{state}", steps(state)) for state in range(len(mark))))


def _class(characters: str) -> str:
    return "".join(f"\\x{ord(c):02X}" for c in characters)


def _marked(name: str, mark: str, marks: tuple[str, ...], read: Callable[[str], list[ToolCall]], **how: Any) -> Syntax:
    writing = Writing(
        speech=speech_without(mark),
        speech_or_calls=(("root", "speech"), *speech_without(mark, then="calls-body")),
        opening=mark,
        spaced=False,
        **how,
    )
    return Syntax(name, writing, (mark, *marks), lambda tools: Marked(mark, read) if tools else Speech())


TAGGED = _marked(
    "tagged",
    "<tool_call>",
    ("</tool_call>", "<tool_response>", "</tool_response>", "<tools>", "</tools>"),
    _tagged_calls,
    before='\n{"name": "',
    after='", "arguments": ',
    close="}\n</tool_call>",
    between="\n<tool_call>",
)
_LISTED = {"before": '{"name": "', "after": '", "arguments": ', "close": "}", "between": ", ", "ending": "]"}
_LIST_MARKS = ("[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]")
LISTED = _marked("listed", "[TOOL_CALLS]", _LIST_MARKS, _listed_calls, begin="[", **_LISTED)
LISTED_APART = _marked("listed", "[TOOL_CALLS]", _LIST_MARKS, _listed_calls, begin=" [", **_LISTED)
NAMED = _marked(
    "named", "[TOOL_CALLS]", ("[ARGS]", *_LIST_MARKS), _named_calls, before="", after="[ARGS]", between="[TOOL_CALLS]"
)
BARE = Syntax(
    "bare",
    Writing(
        speech=speech_without(_PYTHON, first="{ \t\n"),
        before='{"name": "',
        after='", "parameters": ',
        close="}",
        spaced=False,
        many=False,
    ),
    (_PYTHON,),
    lambda tools: Bare(tools) if tools else Speech(),
)


def syntax_of(template: str) -> Syntax | None:
    """The way of calling that a chat template shows its model; None where it shows none that is known here."""
    if "[TOOL_CALLS]" in template:
        if "[ARGS]" in template:
            return NAMED
        return LISTED_APART if "[TOOL_CALLS] [" in template else LISTED
    if "<tool_call>" in template and "<function=" not in template:
        return TAGGED
    if "<|start_header_id|>" in template and '"parameters"' in template:
        return BARE
    return None
