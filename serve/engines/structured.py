"""The grammar of a reply that is JSON of a given schema: LLGuidance's, which llama.cpp is built with.

Does not cover tool calls as our models write them: see grammar. A keyword that is not listed here is refused, since a reply
would not be held to it; one that only describes is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from schemas.errors import GrammarUnusable

GUIDANCE = "%llguidance {}"
START = "\nstart: "
MAX_DEPTH = 40
MAX_NODES = 4000
MAX_BYTES = 200_000
MAX_COUNT = 20_000
MAX_PATTERN = 1000
# Exact in every reader of JSON, and a bound for a model that would write digits for ever.
LARGEST_INTEGER = 2**53 - 1

_TYPES = {"string", "number", "integer", "boolean", "null", "array", "object"}
_DESCRIBING = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly"}
_NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_COUNTS = {"minLength", "maxLength", "minItems", "maxItems"}
_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_MAPS = {"properties", "$defs", "definitions"}
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}


def grammar_of_schema(schema: Any) -> str:
    """A grammar for compact JSON that ``schema`` (JSON Schema 2020-12, local references) takes.

    Objects that declare properties take no others, and integers stay within 2^53, unless the schema says otherwise. Raises
    GrammarUnusable, with the place, for what is no schema, is too large, or uses what a reply cannot be held to.
    """
    checked = _Schema(schema)
    inner = checked.read(schema, "schema", 0)
    guided = {"x-guidance": {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}}
    try:
        text = json.dumps({**guided, **inner} if isinstance(inner, dict) else guided, allow_nan=False)
    except ValueError as error:
        raise _unusable("a number is not finite", "schema") from error
    if len(text) > MAX_BYTES:
        raise _unusable(f"it is larger than {MAX_BYTES} bytes", "schema")
    return f"{GUIDANCE}{START}%json {text}\n"


def is_guidance(grammar: str) -> bool:
    return grammar.startswith("%llguidance")


def schema_in(grammar: str) -> str:
    """The JSON of the schema that ``grammar_of_schema`` made a grammar of, for engines that have a way of their own."""
    head, found, text = grammar.partition("%json ")
    if head != f"{GUIDANCE}{START}" or not found:
        raise GrammarUnusable("this engine takes guidance grammars only for JSON schemas", where="grammar")
    return text


class _Schema:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._nodes = 0
        self._closes = True

    def read(self, schema: Any, place: str, depth: int) -> Any:
        """``schema`` as LLGuidance shall have it."""
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _unusable("it is too deep or too large", place)
        if isinstance(schema, bool) and depth:
            return schema
        if not isinstance(schema, dict):
            raise _unusable("a schema is an object", place)
        if not depth:
            # What allOf joins must stay open, wherever it points.
            self._closes = not _mentions(schema, "allOf")
        found = {
            key: self._keyword(key, value, f"{place}.{key}", depth)
            for key, value in schema.items()
            if key not in _DESCRIBING and not (key == "format" and value not in _FORMATS)
        }
        return self._bounded(found)

    def _bounded(self, schema: dict[str, Any]) -> dict[str, Any]:
        kinds = schema.get("type")
        if self._closes and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        if kinds == "integer" and not {"enum", "const", "multipleOf"} & set(schema):
            if not {"minimum", "exclusiveMinimum"} & set(schema):
                schema["minimum"] = min(-LARGEST_INTEGER, schema.get("maximum", schema.get("exclusiveMaximum", 0)) - 1)
            if not {"maximum", "exclusiveMaximum"} & set(schema):
                schema["maximum"] = max(LARGEST_INTEGER, schema.get("minimum", schema.get("exclusiveMinimum", 0)) + 1)
        return schema

    def _keyword(self, key: str, value: Any, place: str, depth: int) -> Any:
        if key in _LISTS:
            if not isinstance(value, list) or not value:
                raise _unusable("it is a list of schemas, not empty", place)
            return [self.read(item, f"{place}.{i}", depth + 1) for i, item in enumerate(value)]
        if key in _MAPS:
            if not isinstance(value, dict):
                raise _unusable("it is an object of schemas", place)
            return {name: self.read(item, f"{place}.{name}", depth + 1) for name, item in value.items()}
        if key in ("items", "additionalProperties"):
            return self.read(value, place, depth + 1)
        if key in ("enum", "const"):
            return self._constant(key, value, place)
        checks, why = _CHECKS.get(key, (_never, "a reply cannot be held to this keyword"))
        if not checks(value):
            raise _unusable(why, place)
        if key == "$ref":
            self._resolve(value, place)
        return value

    def _constant(self, key: str, value: Any, place: str) -> Any:
        if key == "enum" and (not isinstance(value, list) or not value):
            raise _unusable("it is a list of values, not empty", place)
        waiting = [(value, 0)]
        while waiting:
            item, depth = waiting.pop()
            self._nodes += 1
            if depth > MAX_DEPTH or self._nodes > MAX_NODES:
                raise _unusable("it is too deep or too large", place)
            inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            waiting.extend((below, depth + 1) for below in inner)
        return value

    def _resolve(self, reference: str, place: str) -> None:
        """The schema that a reference means must be there, and not be just the reference again."""
        seen: set[str] = set()
        while True:
            if reference in seen or not (reference == "#" or reference.startswith("#/")):
                raise _unusable("it refers to itself or to another document", place)
            seen.add(reference)
            target = self._root
            for part in reference.split("/")[1:]:
                part = part.replace("~1", "/").replace("~0", "~")
                target = target.get(part) if isinstance(target, dict) else None
            if not isinstance(target, dict | bool):
                raise _unusable("it refers to nothing", place)
            if isinstance(target, bool) or not isinstance(further := target.get("$ref"), str):
                return
            reference = further


def _mentions(schema: Any, keyword: str) -> bool:
    """Anywhere, at any depth; without recursion, since nothing is bounded yet."""
    waiting, seen = [schema], 0
    while waiting and seen <= MAX_NODES:
        item, seen = waiting.pop(), seen + 1
        if isinstance(item, dict):
            if keyword in item:
                return True
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False


def _never(value: Any) -> bool:
    return False


def _types(value: Any) -> bool:
    several = value if isinstance(value, list) else [value]
    return bool(several) and all(isinstance(kind, str) and kind in _TYPES for kind in several)


def _names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_NODES and all(isinstance(name, str) for name in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def _pattern(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > MAX_PATTERN:
        return False
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "type": (_types, f"it is one of {', '.join(sorted(_TYPES))}, or a list of them"),
    "required": (_names, "it is a list of names"),
    "pattern": (_pattern, f"it is a regular expression of at most {MAX_PATTERN} characters"),
    "format": (lambda value: True, ""),
    "$ref": (lambda value: isinstance(value, str), "it is a local reference"),
    "multipleOf": (lambda value: _number(value) and value > 0, "it is a number above 0"),
    **dict.fromkeys(_NUMBERS - {"multipleOf"}, (_number, "it is a number of at most 2^53")),
    **dict.fromkeys(_COUNTS, (_count, f"it is a number from 0 to {MAX_COUNT}")),
}


def _unusable(why: str, place: str) -> GrammarUnusable:
    return GrammarUnusable(f"the schema cannot be used: {why}", where=place)
