"""The grammar of one reply: which tools may be called, with which arguments and values. Pure functions to GBNF text.

How calls are written is a ``Writing``. What a grammar of the default one admits, schemas.prompt.parse_reply reads: calls as
``Name{"key":" value"}``, one a line, or speech that starts with a space. Arguments come in any order, as training rows have
them. Each comes at most once where a tool has few; where it has many, only required ones are counted (a repeated optional one
is one argument after parsing: the last). A string that declares ``format: home-entity`` or ``home-area`` is one of the names
of the home that the request came with, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.conversation import Tool
from schemas.errors import RequestError
from schemas.pipeline import Decoding
from schemas.prompt import clean, spaced
from serve.engines.spans import AREA, DOMAINS, ENTITY, HomeNames, home_names, literal, name_rules, run_rules, trie_of

MAX_CALLS = 16
# Arguments that are counted exactly, in 2^n states; and what all tools of a request may cost together.
MAX_COUNTED = 5
MAX_STATES = 600
MAX_BYTES = 400_000
MAX_DEPTH = 5

_SHARED = {
    "char": r'[^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt] | "\\u00" [01] [0-9a-f]',
    "key": r'"\"" char* "\""',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "natural": '"0" | [1-9] [0-9]{0,14}',
    "integer": '"-"? natural',
    "number": 'integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
    "value": "string | number | boolean | null | list | object",
}


@dataclass(frozen=True)
class ToolChoice:
    """OpenAI's tool_choice and parallel_tool_calls. ``name`` is the one tool that must be called, once, with mode ``named``.

    ``only``: names of the tools that may be called, of those that the prompt shows; None for all.
    """

    mode: Literal["auto", "none", "required", "named"] = "auto"
    name: str | None = None
    several: bool = True
    only: tuple[str, ...] | None = None

    def offered(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """Those of ``tools`` that may be called."""
        only = (self.name,) if self.mode == "named" else self.only
        return tuple(tool for tool in tools if only is None or tool.function.name in only)


@dataclass(frozen=True)
class Writing:
    """How a model writes. A call is ``before``, the tool's name, ``after``, its arguments as JSON, ``close``.

    Calls begin with ``opening`` and ``begin``, are parted by ``between`` and end with ``ending``. ``speech`` are the rules of a
    reply that calls nothing, from the rule ``speech`` on; ``speech_or_calls`` are those of one that may do either, from ``root``
    on (absent: it is one or the other from its start). They may use ``calls-body``: the calls, after ``opening``.
    """

    speech: tuple[tuple[str, str], ...] = (("speech", r'" " [^\x00-\x08\x0B-\x1F\x7F]*'),)
    speech_or_calls: tuple[tuple[str, str], ...] = ()
    opening: str = ""
    begin: str = ""
    between: str = "\n"
    ending: str = ""
    before: str = ""
    after: str = ""
    close: str = ""
    spaced: bool = True
    """Strings begin with a space, and no space follows a colon or comma; otherwise one may."""
    many: bool = True

    @property
    def comma(self) -> str:
        return '","' if self.spaced else '"," " "?'

    @property
    def colon(self) -> str:
        return '":"' if self.spaced else '":" " "?'

    def shared(self) -> dict[str, str]:
        gap = '" "' if self.spaced else ""
        return {
            **dict(self.speech),
            **_SHARED,
            "string": f'"\\"" {gap} char* "\\""',
            "list": f'"[" (value ({self.comma} value)*)? "]"',
            "object": f'"{{" (key {self.colon} value ({self.comma} key {self.colon} value)*)? "}}"',
        }

    def words(self, rule: str) -> str:
        """A string whose inside follows ``rule``."""
        return f'"\\"{" " if self.spaced else ""}" {rule} "\\""'

    def key(self, key: str) -> str:
        text = json.dumps(key, ensure_ascii=False)
        return f"{literal(clean(text) + ':')}" if self.spaced else f'{literal(text + ":")} " "?'

    def constant(self, value: Any) -> str:
        if not self.spaced:
            return literal(json.dumps(value, ensure_ascii=False))
        return literal(clean(json.dumps(spaced(value), ensure_ascii=False, separators=(",", ":"))))


OWN = Writing()


def grammar_for(
    tools: Sequence[Tool],
    request: str,
    home: Sequence[str] = (),
    decoding: Decoding | None = None,
    choice: ToolChoice | None = None,
    writing: Writing = OWN,
) -> str | None:
    """GBNF for a reply to ``request`` (the last user message), or None where any text may come.

    ``free`` decoding constrains nothing unless the caller forces or forbids a call. ``span`` falls back to ``typed`` for
    requests too large to list, and both to any string for homes too large. Raises RequestError when a tool must be called
    that is not offered.
    """
    choice, policy = choice or ToolChoice(), (decoding or Decoding()).arguments
    if choice.mode == "none":
        rules = {"root": "speech", **dict(writing.speech)}
        return "".join(f"{name} ::= {body}\n" for name, body in rules.items()) if tools else None
    offered = choice.offered(tools)
    if choice.mode in ("required", "named") and not offered:
        asked = f"the tool {choice.name!r}" if choice.mode == "named" else "a tool call"
        raise RequestError(f"{asked} is required but not offered", where="tool_choice", hint="Add it to `tools`.")
    if not offered or (policy == "free" and choice.mode == "auto" and choice.several and choice.only is None):
        return None
    names = home_names(tuple(home)) if policy != "free" else HomeNames()
    spans = run_rules(request, names) if policy == "span" else None
    many = choice.several and choice.mode != "named"
    for rules in (spans, name_rules(names), {}):
        if rules is not None:
            text = _Grammar(rules, writing, names).write(offered, speech=choice.mode == "auto", many=many)
            if len(text) <= MAX_BYTES:
                break
    return text


@dataclass
class _Grammar:
    """Collects rules. ``spans`` hold those of the home's names, and where free strings must follow one, the rule ``span``."""

    spans: dict[str, str]
    writing: Writing = OWN
    names: HomeNames = field(default_factory=HomeNames)
    rules: dict[str, str] = field(default_factory=dict)
    _kinds: dict[tuple[str, ...], str] = field(default_factory=dict)

    def write(self, tools: Sequence[Tool], *, speech: bool, many: bool) -> str:
        affordable = sum(2 ** len(tool.function.properties()) for tool in tools if _countable(tool)) <= MAX_STATES
        names = [self._tool(index, tool, affordable) for index, tool in enumerate(tools)]
        writing = self.writing
        self.rules["call"] = " | ".join(names)
        more = f" ({literal(writing.between)} call){{0,{MAX_CALLS - 1}}}" if many and writing.many else ""
        self.rules["calls-body"] = f"{literal(writing.begin)} call{more} {literal(writing.ending)}"
        self.rules["calls"] = f"{literal(writing.opening)} calls-body"
        self.rules["root"] = "calls | speech" if speech else "calls"
        if speech and writing.speech_or_calls:
            self.rules.update(writing.speech_or_calls)
        if self.spans:
            self.rules.update(self.spans)
            if "span" in self.spans:
                self.rules["words"] = writing.words("span")
            self.rules |= {f"{name}-only": writing.words(name) for name in (ENTITY, AREA) if name in self.spans}
        every = {**writing.shared(), **self.rules}
        return "".join(f"{name} ::= {body}\n" for name, body in every.items())

    def _tool(self, index: int, tool: Tool, affordable: bool) -> str:
        name, properties = f"tool{index}", tool.function.properties()
        arguments = {}
        for number, (key, schema) in enumerate(properties.items()):
            rule = f"{name}-{number}"
            self.rules[rule] = f"{self.writing.key(key)} {self._value(schema, rule)}"
            arguments[key] = rule
        required = [key for key in tool.function.required() if key in arguments]
        counted = list(arguments) if affordable and _countable(tool) else required[:MAX_COUNTED]
        start = literal(f"{self.writing.before}{tool.function.name}{self.writing.after}{{")
        close = literal("}" + self.writing.close)
        self.rules[name] = f"{start} {self._any_order(name, arguments, counted, required)} {close}"
        return name

    def _any_order(self, name: str, arguments: dict[str, str], counted: list[str], required: list[str]) -> str:
        """States are the sets of counted arguments already given; returns the first state's rule.

        Where none is counted, only their number is bounded.
        """
        if not arguments:
            return '""'
        if not counted:
            self.rules[f"{name}s"] = " | ".join(arguments.values())
            self.rules[f"{name}a"] = f"({name}s ({self.writing.comma} {name}s){{0,{len(arguments) - 1}}})?"
            return f"{name}a"
        must = sum(1 << counted.index(key) for key in required if key in counted)

        def steps(state: int, comma: str) -> str:
            parts = []
            for key, rule in arguments.items():
                bit = 1 << counted.index(key) if key in counted else 0
                if not bit & state:
                    parts.append(f"{comma}{rule} {name}s{state | bit}")
            return " | ".join([*parts, '""'] if state & must == must else parts)

        self.rules[f"{name}a"] = steps(0, "")
        for state in range(1 << len(counted)):
            self.rules[f"{name}s{state}"] = steps(state, self.writing.comma + " ")
        return f"{name}a"

    def _value(self, schema: Any, rule: str, depth: int = 0) -> str:
        """The rule, or the expression, for a value of a JSON schema; ``value`` (anything) for what is not understood."""
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return "value"
        if "const" in schema:
            return self.writing.constant(schema["const"])
        if schema.get("enum"):
            return "(" + " | ".join(self.writing.constant(item) for item in schema["enum"]) + ")"
        several = schema.get("anyOf") or schema.get("oneOf")
        kinds = schema.get("type", None if {"$ref", "allOf", "not"} & set(schema) else "string")
        if not several and isinstance(kinds, list):
            several = [{**schema, "type": kind} for kind in kinds]
        if several:
            return "(" + " | ".join(self._value(item, f"{rule}x{i}", depth + 1) for i, item in enumerate(several)) + ")"
        return self._single(schema, kinds, rule, depth)

    def _single(self, schema: dict[str, Any], kind: Any, rule: str, depth: int) -> str:
        if kind == "string":
            named = schema.get("format")
            if named == ENTITY and named in self.spans and schema.get(DOMAINS):
                return self._entity(schema[DOMAINS])
            if named in (ENTITY, AREA) and named in self.spans:
                return f"{named}-only"
            return "words" if "span" in self.spans else "string"
        if kind in ("integer", "number"):
            return "natural" if kind == "integer" and schema.get("minimum", -1) >= 0 else kind
        if kind == "array":
            item = self._value(schema["items"], f"{rule}i", depth + 1) if "items" in schema else "value"
            return f'"[" ({item} ({self.writing.comma} {item}){{0,31}})? "]"'
        if kind == "object":
            return self._object(schema, rule, depth)
        return kind if kind in ("boolean", "null") else "value"

    def _entity(self, domains: Sequence[str]) -> str:
        """A name of the home's things of these domains; of any where there is none, or all are."""
        within = self.names.within(domains)
        trie = trie_of(within) if within and within != self.names.entities else None
        if trie is None:
            return f"{ENTITY}-only"
        rule = self._kinds.setdefault(within, f"{ENTITY}{len(self._kinds)}")
        self.rules |= {rule: trie, f"{rule}-only": self.writing.words(rule)}
        return f"{rule}-only"

    def _object(self, schema: dict[str, Any], rule: str, depth: int) -> str:
        properties = schema.get("properties")
        if not properties:
            return "object"
        arguments = {}
        for number, (key, inner) in enumerate(properties.items()):
            below = f"{rule}o{number}"
            self.rules[below] = f"{self.writing.key(key)} {self._value(inner, below, depth + 1)}"
            arguments[key] = below
        required = [key for key in schema.get("required", []) if key in arguments][:MAX_COUNTED]
        counted = list(arguments) if len(arguments) <= MAX_COUNTED else required
        return f'"{{" {self._any_order(f"{rule}o", arguments, counted, required)} "}}"'


def _countable(tool: Tool) -> bool:
    return len(tool.function.properties()) <= MAX_COUNTED
