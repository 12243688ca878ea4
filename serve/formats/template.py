"""Downloaded models: the prompt is what their own chat template makes of a conversation, calls are in their own way.

A template is tried when the model is opened, for what it takes: a system message, tools, calls and their results, several
at once, two messages of one role in a row. What it does not take is put into what it does: a system text into the first
user message, tools and their use into the system text (INSTRUCTIONS), calls into the assistant's text, results into a user
message. The order keeps what changes least in front: system text, tools, the home.

Text from outside cannot become a control token, nor anything else that the template marks a turn, a call or a result with:
each such mark in it is broken by a space. Does not protect a format that marks turns by plain words, such as "USER:".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from schemas.conversation import Message, Tool, ToolCall
from schemas.errors import EngineError, ModelUnusable
from schemas.pipeline import Decoding
from serve.engines.grammar import ToolChoice, grammar_for
from serve.formats.protocol import Reply
from serve.formats.rendering import Renderer, TemplateRefused
from serve.formats.rottie import last_asked
from serve.formats.syntax import TAGGED, Syntax, syntax_of
from serve.gguf_header import Header

INSTRUCTIONS = """\
# Tools

These functions can be called:
{tools}

To call functions, reply with one such block for each call and nothing else:
<tool_call>
{{"name": "function name", "arguments": {{"parameter": "value"}}}}
</tool_call>
Results come back between <tool_response> and </tool_response>. Where no function is needed, answer in plain words."""
ROLE = "You are the assistant of this home. Act by calling functions, and say briefly what was done."
HOME = "The home now, one device a line (name: kind @ area: state):"
# What templates mark turns and blocks with, beside the control tokens.
_MARK = re.compile(r"<\|[^|<>\s]{1,60}\|>|</?[A-Za-z_][\w-]{1,40}>|<<\w{2,20}>>|\[/?[A-Z_]{2,40}\]")
_ANY_PIPE = re.compile(r"<\|(?=[^|<>\s]{1,60}\|>)")
_ID_LENGTH = 9  # what Mistral's templates insist on; others take any


@dataclass(frozen=True)
class Takes:
    """What a template was found to take."""

    system: bool
    tools: bool
    calls: bool
    several: bool
    repeats: bool
    """Two messages of one role in a row."""
    late_system: bool
    """A second system message, after the tools."""


class TemplateFormat:
    """See serve.formats.protocol.Format."""

    lead = ""

    def __init__(self, renderer: Renderer, template: str, header: Header, decoding: Decoding) -> None:
        """Tries the template; raises ModelUnusable where it renders not even one user message."""
        self._renderer, self._decoding = renderer, decoding
        shown = syntax_of(template)
        self.takes = _tried(renderer, header.text("general.name"))
        self._native = shown is not None and self.takes.tools and self.takes.calls
        self.syntax: Syntax = shown if shown is not None and self._native else TAGGED
        # Where llama.cpp puts the first token itself, the template's own would be a second one.
        self._first = header.token("bos") if _adds_first(header) else ""
        self._clean = Cleaner(_marks(template, header, self.syntax), any_pipe="<|" in template)
        # A home offers the same tools in every request.
        self._declared = lru_cache(maxsize=128)(partial(_declared, clean=self._clean))
        self.visible = tuple(mark for mark in self.syntax.marks if mark in set(header.control_tokens()))

    def normal(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """As they are: these models know text of any shape."""
        return tuple(messages)

    def prompt(self, messages: Sequence[Message], tools: Sequence[Tool], home: Sequence[str]) -> str:
        offered = [self._declared(tool.model_dump_json(exclude_none=True)) for tool in tools]
        chat = self._chat(messages, offered, home)
        values: dict[str, Any] = {"messages": chat, "tools": (offered or None) if self._native else None}
        return self._renderer.render(**values, **_SETTINGS).removeprefix(self._first)

    def grammar(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        home: Sequence[str],
        choice: ToolChoice,
        meant: frozenset[str] = frozenset(),
    ) -> str | None:
        return grammar_for(tools, last_asked(messages), home, self._decoding, choice, self.syntax.writing, meant)

    def reply(self, tools: Sequence[Tool]) -> Reply:
        return self.syntax.reply(tools)

    def close(self) -> None:
        self._renderer.close()

    def _chat(self, messages: Sequence[Message], tools: list[dict[str, Any]], home: Sequence[str]) -> list[dict[str, Any]]:
        """The conversation in the shape that Transformers hands to templates, and that this one takes."""
        system = [self._clean(m.content) for m in messages if m.role == "system" and m.content]
        if home:
            system.append(ROLE)
        if tools and not self._native:
            listed = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
            system.append(INSTRUCTIONS.format(tools=listed))
        place = [f"{HOME}\n" + "\n".join(self._clean(line) for line in home)] if home else []
        late = bool(place and tools and self._native and self.takes.late_system)
        first = "\n\n".join(system if late else [*system, *place])
        chat = self._turns([m for m in messages if m.role != "system"])
        if not self.takes.system:
            return _merged_first(first, chat)
        head = [{"role": "system", "content": text} for text in (first, *(place if late else ())) if text]
        return [*head, *chat]

    def _turns(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = []
        for message in _one_call_each(messages) if self._native and not self.takes.several else messages:
            turn = self._turn(message)
            last = turns[-1] if turns else {"role": None}
            told = not self._native and message.role == "tool"
            plain = turn["role"] in ("user", "assistant") and not {"tool_calls"} & {*turn, *last}
            if last["role"] == turn["role"] and plain and (told or not self.takes.repeats):
                turns[-1] = {**last, "content": f"{last['content']}\n{turn['content']}"}
                continue
            if (last["role"], turn["role"]) == ("tool", "user") and not self.takes.repeats:
                turns.append({"role": "assistant", "content": ""})  # the calls before were all that was answered
            turns.append(turn)
        return turns

    def _turn(self, message: Message) -> dict[str, Any]:
        text = self._clean(message.content or "")
        if message.role == "tool":
            if not self._native:
                return {"role": "user", "content": f"<tool_response>\n{text}\n</tool_response>"}
            turn = {"role": "tool", "content": text, "tool_call_id": _short(message.tool_call_id or "")}
            return {**turn, "name": self._clean(message.name)} if message.name else turn
        if not message.tool_calls:
            return {"role": message.role, "content": text}
        functions = [_called(item, self._clean) for item in message.tool_calls]
        if not self._native:
            blocks = [f"<tool_call>\n{json.dumps(function, ensure_ascii=False)}\n</tool_call>" for function in functions]
            return {"role": "assistant", "content": "\n".join([*([text] if text else []), *blocks])}
        calls = [
            {"type": "function", "id": _short(item.id), "function": function}
            for item, function in zip(message.tool_calls, functions, strict=True)
        ]
        return {"role": "assistant", "content": text, "tool_calls": calls}


# Thinking aloud would be spoken; Llama's tools come before its system text, where they stay the same from turn to turn.
_SETTINGS = {"add_generation_prompt": True, "enable_thinking": False, "tools_in_user_message": False}


class Cleaner:
    """Breaks marks in text by a space after their first character."""

    def __init__(self, marks: Iterable[str], any_pipe: bool) -> None:
        self._marks = frozenset(mark for mark in marks if len(mark) > 1)
        self._lengths = sorted({len(mark) for mark in self._marks})
        self._firsts = (
            re.compile("[" + re.escape("".join(sorted({mark[0] for mark in self._marks}))) + "]") if self._marks else None
        )
        self._any_pipe = any_pipe

    def __call__(self, text: str) -> str:
        if self._firsts is not None and self._firsts.search(text):
            begins = {found.start() for found in self._firsts.finditer(text) if self._is_mark(text, found.start())}
            text = "".join(f"{c} " if at in begins else c for at, c in enumerate(text)) if begins else text
        return _ANY_PIPE.sub("< |", text) if self._any_pipe else text

    def value(self, value: Any) -> Any:
        """Every string of a JSON value, keys too."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self(str(key)): self.value(item) for key, item in value.items()}
        return value

    def _is_mark(self, text: str, at: int) -> bool:
        return any(text[at : at + length] in self._marks for length in self._lengths)


def open_template(header: Header, decoding: Decoding, where: str) -> TemplateFormat:
    """The format of a model file. Raises ModelUnusable where it brings no template, or one that does not work."""
    template = header.template
    if template is None:
        raise ModelUnusable("the model file has no chat template", where=where, hint="Use the instruct or chat variant of it.")
    constants = {"bos_token": header.token("bos"), "eos_token": header.token("eos")}
    renderer = Renderer(template, constants, where)
    try:
        return TemplateFormat(renderer, template, header, decoding)
    except BaseException:
        renderer.close()
        raise


def _adds_first(header: Header) -> bool:
    """Whether llama.cpp puts the first token before every text: as the file says, else as is usual for its kind."""
    said = header.metadata.get("tokenizer.ggml.add_bos_token")
    kind = (header.text("tokenizer.ggml.model"), header.text("tokenizer.ggml.pre"))
    return said if isinstance(said, bool) else kind[0] == "llama" or kind[1] in ("llama-bpe", "llama3", "tekken")


def _marks(template: str, header: Header, syntax: Syntax) -> set[str]:
    """Control tokens; other special tokens and marks that the template names; the syntax's own. White space is none."""
    marks = {*header.control_tokens(), *syntax.marks, *_MARK.findall(template)}
    marks |= {token for token in header.user_defined_tokens() if token in template}
    return {mark for mark in marks if not mark.isspace()}


def _tried(renderer: Renderer, name: str) -> Takes:
    """Renders small conversations; what appears in the text was taken."""
    user, said = {"role": "user", "content": "zquser"}, {"role": "assistant", "content": "zqsaid"}
    system, late = {"role": "system", "content": "zqsystem"}, {"role": "system", "content": "zqlate"}
    tool = {"type": "function", "function": {"name": "zqtool", "description": "zq", "parameters": _EMPTY}}
    calls = [
        {"type": "function", "id": f"zq000000{i}", "function": {"name": "zqtool", "arguments": {"zqkey": f"zqvalue{i}"}}}
        for i in range(2)
    ]
    results = [{"role": "tool", "content": f"zqresult{i}", "tool_call_id": f"zq000000{i}", "name": "zqtool"} for i in range(2)]

    def text(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None = None) -> str:
        try:
            return renderer.render(messages=messages, tools=tools, **_SETTINGS)
        except (TemplateRefused, EngineError):
            return ""

    def takes(messages: list[dict[str, Any]], *wanted: str, tools: list[dict[str, Any]] | None = None) -> bool:
        rendered = text(messages, tools)
        places = [rendered.find(word) for word in wanted]
        return all(place >= 0 for place in places) and places == sorted(places)

    if not takes([user], "zquser"):
        raise ModelUnusable("the chat template does not render a user's message", where=name or None)
    asked = {"role": "assistant", "content": "", "tool_calls": calls[:1]}
    both = {"role": "assistant", "content": "", "tool_calls": calls}
    return Takes(
        system=takes([system, user], "zqsystem", "zquser"),
        tools=takes([user], "zqtool", tools=[tool]),
        calls=takes([user, asked, results[0], said, user], "zqvalue0", "zqresult0", "zqsaid", tools=[tool]),
        several=takes([user, both, *results, said, user], "zqvalue0", "zqvalue1", "zqresult0", "zqresult1", tools=[tool]),
        repeats=takes([user, {**user, "content": "zqmore"}], "zquser", "zqmore"),
        late_system=takes([system, late, user], "zqsystem", "zqtool", "zqlate", "zquser", tools=[tool])
        and "zqlate" in text([system, late, user]).partition("zquser")[0],
    )


_EMPTY: dict[str, Any] = {"type": "object", "properties": {}}


def _merged_first(system: str, chat: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not system:
        return chat
    first = next((i for i, turn in enumerate(chat) if turn["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": system}, *chat]
    turn = chat[first]
    return [*chat[:first], {**turn, "content": f"{system}\n\n{turn['content']}"}, *chat[first + 1 :]]


def _one_call_each(messages: Sequence[Message]) -> list[Message]:
    """Several calls at once as one after the other, each followed by its own result."""
    found: list[Message] = []
    waiting = {m.tool_call_id: m for m in messages if m.role == "tool"}
    placed = set()
    for message in messages:
        if len(message.tool_calls) < 2:
            if not (message.role == "tool" and message.tool_call_id in placed):
                found.append(message)
            continue
        for item in message.tool_calls:
            found.append(message.model_copy(update={"tool_calls": (item,)}))
            if item.id in waiting:
                found.append(waiting[item.id])
                placed.add(item.id)
    return found


def _declared(tool: str, clean: Cleaner) -> dict[str, Any]:
    """From a tool's JSON, as templates want it."""
    function = {key: value for key, value in json.loads(tool)["function"].items() if key != "strict"}
    return {"type": "function", "function": clean.value(function)}


def _called(item: ToolCall, clean: Cleaner) -> dict[str, Any]:
    return {"name": item.function.name, "arguments": clean.value(item.function.parsed())}


def _short(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:_ID_LENGTH]
