"""The grammar of one reply: which tools may be called, with which arguments and values. Pure functions to GBNF text.

How calls are written is a ``Writing``. What a grammar of the default one admits, schemas.prompt.parse_reply reads: calls as
``Name{"key":" value"}``, one a line, or speech that starts with a space. Arguments come in any order, as training rows have
them. Each comes at most once where a tool has few; where it has many, only required ones are counted (a repeated optional one
is one argument after parsing: the last); where many are required, all come in the order of their declaration. A string that
declares ``format: home-entity`` or ``home-area`` is one of the names of the home that the request came with, and nothing else.

Of a tool's schema this holds a call to types, constants, alternatives, references, what is required, bounds of numbers
(rounded inwards to whole ones) and of the length of lists. It does not hold it to other keywords.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.conversation import FunctionSpec, Tool
from schemas.errors import GrammarUnusable, RequestError
from schemas.nesting import DEEPEST
from schemas.pipeline import Decoding
from schemas.prompt import clean, spaced
from serve.engines.spans import AREA, DOMAINS, ENTITY, HomeNames, home_names, literal, name_rules, run_rules, trie_of
from serve.engines.structured import MAX_ITEMS, OF_TYPES, in_order, listed, number, pointed

MAX_CALLS = 16
# Arguments that are counted exactly, in 2^n states; and what all tools of a request may cost together.
MAX_COUNTED = 5
MAX_STATES = 600
MAX_BYTES = 400_000
MAX_REFERENCES = 200  # of one tool
USUAL_ITEMS = 32  # of a list, at most, where its schema does not want more
LARGEST_INTEGER = 10**15 - 1

_NAME = re.compile("[A-Za-z0-9-]+")
_SHARED = {
    "char": r'[^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt] | "\\u00" [01] [0-9a-f]',
    "key": r'"\"" char* "\""',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "natural": '"0" | [1-9] [0-9]{0,14}',
    "integer": '"-"? natural',
    "fraction": '("." [0-9]{1,15})?',
    "number": "integer fraction ([eE] [-+]? [0-9]{1,2})?",
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
    meant: frozenset[str] = frozenset(),
) -> str | None:
    """GBNF for a reply to ``request`` (the last user message), or None where any text may come.

    ``free`` decoding constrains nothing unless the caller forces or forbids a call. ``span`` falls back to ``typed`` for
    requests too large to list, and both to any string for homes too large. Where anything is ``meant``, a thing of the home is
    one of those names. Raises RequestError when a tool must be called
    that is not offered, GrammarUnusable where a tool's schema refers to nothing, or in a circle.
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
    names = home_names(tuple(home)).only(meant) if policy != "free" else HomeNames()
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
    _references: _References = field(default_factory=lambda: _References("", {}))

    def write(self, tools: Sequence[Tool], *, speech: bool, many: bool) -> str:
        functions = [_function(tool) for tool in tools]
        affordable = sum(2 ** len(each.properties()) for each in functions if _countable(each)) <= MAX_STATES
        names = []
        for index, (tool, function) in enumerate(zip(tools, functions, strict=True)):
            self._references = _References(f"tool{index}ref", tool.function.parameters)
            names.append(self._tool(f"tool{index}", function, affordable))
            self.rules |= self._references.made(self._value)
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

    def _tool(self, name: str, function: FunctionSpec, affordable: bool) -> str:
        arguments = self._pairs(function.properties(), f"{name}-", 0)
        required = [key for key in dict.fromkeys(function.required()) if key in arguments]
        counted = list(arguments) if affordable and _countable(function) else required
        start = literal(f"{self.writing.before}{function.name}{self.writing.after}{{")
        close = literal("}" + self.writing.close)
        self.rules[name] = f"{start} {self._arguments(name, arguments, counted, required)} {close}"
        return name

    def _pairs(self, properties: dict[str, Any], prefix: str, depth: int) -> dict[str, str]:
        """A rule for each property: its key and value."""
        found = {}
        for i, (key, schema) in enumerate(properties.items()):
            rule = f"{prefix}{i}"
            self.rules[rule] = f"{self.writing.key(key)} {self._inner(schema, rule, depth)}"
            found[key] = rule
        return found

    def _arguments(self, name: str, arguments: dict[str, str], counted: list[str], required: list[str]) -> str:
        """In any order, unless the sets of those that must come are too many to tell apart."""
        if len(required) <= MAX_COUNTED:
            return self._any_order(name, arguments, counted, required)
        return in_order(arguments, required, self.writing.comma, lambda body: self._named(f"{name}t{len(self.rules)}", body))

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
        if not isinstance(schema, dict) or depth > DEEPEST:
            return "value"
        if "const" in schema:
            return self.writing.constant(schema["const"])
        if schema.get("enum"):
            return "(" + " | ".join(self.writing.constant(item) for item in schema["enum"]) + ")"
        if isinstance(schema.get("$ref"), str):
            return self._references.rule(schema["$ref"])
        match schema.get("allOf"):
            case [dict(only)]:
                return self._value({**_without(schema, "allOf"), **only}, rule, depth + 1)
        several = None if schema.get("properties") else schema.get("anyOf") or schema.get("oneOf")
        kinds = schema.get("type") or _implied(schema)
        if not several and isinstance(kinds, list):
            several = [{**schema, "type": kind} for kind in kinds]
        if several:
            return "(" + " | ".join(self._value(item, f"{rule}x{i}", depth + 1) for i, item in enumerate(several)) + ")"
        return self._single(schema, kinds, rule, depth)

    def _inner(self, schema: Any, rule: str, depth: int) -> str:
        """A value within an object or a list: it may lead back to what it stands in."""
        with self._references.apart():
            return self._value(schema, rule, depth + 1)

    def _single(self, schema: dict[str, Any], kind: Any, rule: str, depth: int) -> str:
        if kind == "string":
            named = schema.get("format")
            if named == ENTITY and named in self.spans and schema.get(DOMAINS):
                return self._entity(schema[DOMAINS])
            if named in (ENTITY, AREA) and named in self.spans:
                return f"{named}-only"
            return "words" if "span" in self.spans else "string"
        if kind in ("integer", "number"):
            return _number(kind, schema)
        if kind == "array":
            return self._array(schema, rule, depth)
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

    def _array(self, schema: dict[str, Any], rule: str, depth: int) -> str:
        parts = [self._inner(part, f"{rule}p{i}", depth) for i, part in enumerate(schema.get("prefixItems", ()))]
        more = schema.get("items", True)
        item = None if more is False else self._named(f"{rule}i", self._inner(more, f"{rule}i", depth))
        low = min(int(schema.get("minItems", 0)), MAX_ITEMS)
        most = min(schema.get("maxItems", math.inf), len(parts) if item is None else max(USUAL_ITEMS, low, len(parts)))
        return listed(parts, item, low, max(low, most), self.writing.comma)

    def _object(self, schema: dict[str, Any], rule: str, depth: int) -> str:
        properties, more = schema.get("properties"), schema.get("additionalProperties", True)
        if not properties:
            if not isinstance(more, dict):
                return "object" if more else '"{}"'
            pair = self._named(f"{rule}m", f"key {self.writing.colon} {self._inner(more, f'{rule}m', depth)}")
            return f'"{{" ({pair} ({self.writing.comma} {pair})*)? "}}"'
        arguments = self._pairs(properties, f"{rule}o", depth)
        required = [key for key in dict.fromkeys(schema.get("required", [])) if key in arguments]
        counted = list(arguments) if len(arguments) <= MAX_COUNTED else required
        return f'"{{" {self._arguments(f"{rule}o", arguments, counted, required)} "}}"'

    def _named(self, rule: str, body: str) -> str:
        """``rule`` for what is used more than once."""
        if _NAME.fullmatch(body):
            return body
        self.rules[rule] = body
        return rule


class _References:
    """The local references of one tool's schema, each a rule of its own, so that one within itself has an end."""

    def __init__(self, prefix: str, root: dict[str, Any]) -> None:
        self._prefix, self._root = prefix, root
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[str, Any]] = []
        # For each rule, those that its text may begin with; and the rule that is being made, where a text would begin.
        self._begins: dict[str, set[str]] = {}
        self._making: str | None = None

    def rule(self, reference: str) -> str:
        """Raises GrammarUnusable."""
        if reference not in self._names:
            if len(self._names) == MAX_REFERENCES:
                raise _unusable("has too many references")
            self._names[reference] = f"{self._prefix}{len(self._names)}"
            self._waiting.append((self._names[reference], _meant(self._root, reference)))
        if self._making is not None:
            self._begins[self._making].add(self._names[reference])
        return self._names[reference]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is made meanwhile stands in brackets."""
        making, self._making = self._making, None
        try:
            yield
        finally:
            self._making = making

    def made(self, value: Callable[[Any, str], str]) -> dict[str, str]:
        """Every rule that was asked for, by ``value`` (of a schema, for a rule). Raises GrammarUnusable for an endless one."""
        rules = {}
        while self._waiting:
            name, schema = self._waiting.pop()
            self._making, self._begins[name] = name, set()
            rules[name] = value(schema, name)
        self._making = None
        while ended := [name for name, begins in self._begins.items() if not begins & set(self._begins)]:
            for name in ended:
                del self._begins[name]
        if self._begins:
            raise _unusable("has a reference that leads back to itself")
        return rules


def _meant(root: dict[str, Any], reference: str) -> Any:
    found = pointed(root, reference) if reference == "#" or reference.startswith("#/") else None
    if not isinstance(found, dict | bool):
        raise _unusable("has a reference that leads nowhere")
    return found


def _unusable(why: str) -> GrammarUnusable:
    return GrammarUnusable(f"the schema of a tool {why}", where="tools")


def _function(tool: Tool) -> FunctionSpec:
    """What the tool declares, where its parameters only refer to it."""
    root = parameters = tool.function.parameters
    for _ in range(MAX_REFERENCES):
        if "properties" in parameters or not isinstance(reference := parameters.get("$ref"), str):
            break
        found = _meant(root, reference)
        parameters = found if isinstance(found, dict) else {}
    return tool.function.model_copy(update={"parameters": parameters})


def _number(kind: str, schema: dict[str, Any]) -> str:
    """Within the bounds of ``schema``, unless no whole number is."""
    bounds = OF_TYPES["number"] & set(schema)
    if not bounds:
        return kind
    if kind == "integer" and bounds == {"minimum"} and schema["minimum"] == 0:
        return "natural"
    try:
        return number(kind, schema, "tools", LARGEST_INTEGER)
    except GrammarUnusable:
        return kind


def _implied(schema: dict[str, Any]) -> Any:
    """The types of a schema that names none: those that its keywords speak of, else a string."""
    spoken = [kind for kind, keys in OF_TYPES.items() if kind != "integer" and keys & set(schema)]
    return spoken or (None if {"allOf", "not"} & set(schema) else "string")


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _countable(function: FunctionSpec) -> bool:
    return len(function.properties()) <= MAX_COUNTED
