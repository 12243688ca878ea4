"""The one prompt format: training, evaluation and serving render a conversation through this module and no other.

    <|system|> You are ...<|end|>
    <|tools|>HassTurnOn(name,area)
    HassLightSet(name,brightness:integer)<|end|>
    <|home|> Hall lamp: light @ Hall: on
     Roof window: cover @ Attic: open<|end|>
    <|user|> dim the hall lamp to 20<|end|>
    <|assistant|>HassLightSet{"name":" hall lamp","brightness":20}<|end|>

(line breaks above are for reading; there is none between blocks). What never changes comes first, so that a prefix
cache hits. Every piece of text, and every string argument, starts with a space: a word then has the same tokens wherever
it stands, which turns naming a thing into copying it. A reply that starts with a tool's name is one call a line; a reply
that starts with a space is speech.

``CHAT_TEMPLATE`` renders the same text in Jinja, for the tokenizer and GGUF files that travel to other runtimes.
Does not cover chat templates of downloaded models: those come with the model.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.conversation import Message, Tool, call

PAD, END = "<|pad|>", "<|end|>"
SYSTEM, TOOLS, HOME, USER, ASSISTANT, TOOL = "<|system|>", "<|tools|>", "<|home|>", "<|user|>", "<|assistant|>", "<|tool|>"
SPECIALS = (PAD, END, SYSTEM, TOOLS, HOME, USER, ASSISTANT, TOOL)
HEADERS = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT, "tool": TOOL}

MOST_LISTED = 6  # values of an enumeration; the grammar of a reply holds more to be declared just as well

FAILED = "Error: "  # what the result of a call that failed begins with
_CALL_START = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,63})(?=\{)")


class MalformedReply(ValueError):
    """The model began a tool call that does not parse."""


@dataclass(frozen=True)
class Piece:
    """A stretch of prompt text that starts and ends at a special token. ``answer`` marks what training predicts."""

    text: str
    answer: bool


def clean(text: str) -> str:
    """Break anything that looks like a special token, so that text from outside can never end a turn or start one."""
    return text.replace("<|", "< |")


def spaced(value: Any) -> Any:
    """``value`` with a space before every string in it, keys left alone."""
    if isinstance(value, str):
        return " " + value
    if isinstance(value, list):
        return [spaced(item) for item in value]
    if isinstance(value, dict):
        return {key: spaced(item) for key, item in value.items()}
    return value


def unspaced(value: Any) -> Any:
    """The inverse of ``spaced``; a string without the space is left as it is."""
    if isinstance(value, str):
        return value.removeprefix(" ")
    if isinstance(value, list):
        return [unspaced(item) for item in value]
    if isinstance(value, dict):
        return {key: unspaced(item) for key, item in value.items()}
    return value


def signature(tool: Tool) -> str:
    """``Name(parameter,parameter:type)``; strings have no type, enumerations list their values where these are few."""
    parts = []
    for name, schema in tool.function.properties().items():
        if "enum" in schema and len(schema["enum"]) <= MOST_LISTED:
            kind = ":" + "|".join(str(value) for value in schema["enum"])
        else:
            kind = "" if schema.get("type", "string") == "string" else f":{schema['type']}"
        parts.append(clean(name + kind))
    return f"{tool.function.name}({','.join(parts)})"


def render_prefix(system: str | None, tools: Sequence[Tool], home: Sequence[str]) -> str:
    """What every turn of a conversation shares: the system text, the tools and the home."""
    text = f"{SYSTEM} {clean(system)}{END}" if system else ""
    if tools:
        text += TOOLS + "\n".join(signature(tool) for tool in tools) + END
    if home:
        text += HOME + "\n".join(" " + clean(line) for line in home) + END
    return text


def render_call(name: str, arguments: dict[str, Any]) -> str:
    """``Name{"key":" value"}`` in compact JSON, non-ASCII characters as they are."""
    return clean(name + json.dumps(spaced(arguments), separators=(",", ":"), ensure_ascii=False))


def render_body(message: Message) -> str:
    if message.tool_calls:
        return "\n".join(render_call(item.function.name, item.function.parsed()) for item in message.tool_calls)
    return " " + clean(message.content or "")


def render_messages(messages: Iterable[Message]) -> list[Piece]:
    """Two pieces a message: its header, and its body with the end token. System messages belong to the prefix.

    Calls that failed are no answer to learn from; what follows them is.
    """
    said = [message for message in messages if message.role != "system"]
    pieces = []
    for number, message in enumerate(said):
        pieces.append(Piece(HEADERS[message.role], answer=False))
        answer = message.role == "assistant" and not _failed(said, number)
        pieces.append(Piece(render_body(message) + END, answer=answer))
    return pieces


def _failed(messages: Sequence[Message], number: int) -> bool:
    """Whether one of the results after the message ``number`` is an error."""
    results = itertools.takewhile(lambda message: message.role == "tool", messages[number + 1 :])
    return any((result.content or "").startswith(FAILED) for result in results)


def system_text(messages: Iterable[Message]) -> str | None:
    return "\n".join(m.content for m in messages if m.role == "system" and m.content) or None


def render_prompt(messages: Sequence[Message], tools: Sequence[Tool] = (), home: Sequence[str] = ()) -> str:
    """The text that the model continues: the prefix, the messages, and the assistant's header."""
    prefix = render_prefix(system_text(messages), tools, home)
    return prefix + "".join(piece.text for piece in render_messages(messages)) + ASSISTANT


def parse_reply(text: str) -> Message:
    """The assistant message that generated ``text`` stands for; MalformedReply when a call was begun and does not parse."""
    text = text.removesuffix(END)
    if not _CALL_START.match(text):
        return Message(role="assistant", content=text.removeprefix(" "))
    decoder, calls, at = json.JSONDecoder(), [], 0
    while at < len(text):
        start = _CALL_START.match(text, at)
        if start is None:
            raise MalformedReply(f"expected a tool's name at character {at}")
        try:
            arguments, at = decoder.raw_decode(text, start.end())
        except json.JSONDecodeError as error:
            raise MalformedReply(f"arguments of {start[1]}: {error.msg} at character {error.pos}") from error
        calls.append(call(start[1], unspaced(arguments), f"call_{len(calls)}"))
        if at < len(text):
            if text[at] != "\n":
                raise MalformedReply(f"expected a line break after a call at character {at}")
            at += 1
    return Message(role="assistant", tool_calls=tuple(calls))


# Takes `messages`, `tools`, `home` (lines) and `add_generation_prompt`, arguments as mappings (the Transformers convention).
CHAT_TEMPLATE = (
    "{%- macro clean(text) -%}{{ text | replace('<|', '< |') }}{%- endmacro -%}"
    "{%- macro value(v) -%}{%- if v is string -%}{{ clean((' ' ~ v) | tojson) }}"
    "{%- else -%}{{ v | tojson }}{%- endif -%}{%- endmacro -%}"
    "{%- set ns = namespace(system='') -%}"
    "{%- for m in messages -%}{%- if m.role == 'system' and m.content -%}"
    "{%- set ns.system = ns.system ~ ('\\n' if ns.system else '') ~ m.content -%}{%- endif -%}{%- endfor -%}"
    "{%- if ns.system -%}{{ '<|system|> ' ~ clean(ns.system) ~ '<|end|>' }}{%- endif -%}"
    "{%- if tools -%}{{ '<|tools|>' }}{%- for t in tools -%}"
    "{{ '' if loop.first else '\\n' }}{{ t.function.name ~ '(' }}"
    "{%- for name, p in (t.function.parameters.properties | default({})).items() -%}"
    "{{ '' if loop.first else ',' }}"
    f"{{%- if p.enum is defined and p.enum | length <= {MOST_LISTED} -%}}"
    "{{ clean(name ~ ':' ~ (p.enum | join('|'))) }}"
    "{%- elif p.type is defined and p.type != 'string' -%}{{ clean(name ~ ':' ~ p.type) }}"
    "{%- else -%}{{ clean(name) }}{%- endif -%}"
    "{%- endfor -%}{{ ')' }}{%- endfor -%}{{ '<|end|>' }}{%- endif -%}"
    "{%- if home -%}{{ '<|home|>' }}{%- for line in home -%}"
    "{{ '' if loop.first else '\\n' }}{{ ' ' ~ clean(line) }}{%- endfor -%}{{ '<|end|>' }}{%- endif -%}"
    "{%- for m in messages -%}{%- if m.role != 'system' -%}{{ '<|' ~ m.role ~ '|>' }}"
    "{%- if m.tool_calls -%}{%- for c in m.tool_calls -%}{{ '' if loop.first else '\\n' }}"
    "{{ c.function.name ~ '{' }}{%- for k, v in c.function.arguments.items() -%}"
    "{{ '' if loop.first else ',' }}{{ k | tojson ~ ':' ~ value(v) }}{%- endfor -%}{{ '}' }}{%- endfor -%}"
    "{%- else -%}{{ ' ' ~ clean(m.content or '') }}{%- endif -%}{{ '<|end|>' }}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)
