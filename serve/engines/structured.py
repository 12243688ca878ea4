"""The grammar of a reply that is JSON of a given schema, as GBNF: what a reply is held to always satisfies the schema.

It may admit less than the schema does: properties come in the order of their declaration, and none that is not declared;
numbers and lengths have an end. A keyword that a reply cannot be held to is refused. Does not cover tool calls: see grammar.

LLGuidance, which llama.cpp is built with, takes more keywords. It is not used, since llama.cpp leaves out a grammar that it
cannot compile, and keeps one tokenizer by the address of a vocabulary: the second model of a process can end that process.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from schemas.errors import GrammarUnusable
from serve.engines.spans import literal

MAX_DEPTH = 40
MAX_NODES = 4000
MAX_CHARACTERS = 400_000
# Exact in every reader of JSON, and an end to the digits of a model that finds none.
LARGEST_INTEGER = 2**53 - 1
# llama.cpp writes every repetition out.
MAX_LENGTH = 1000
MAX_ITEMS = 200

_TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")
_DESCRIBING = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "deprecated", "readOnly", "writeOnly"}
_TABLES = {"$defs", "definitions"}
OF_TYPES = {
    "string": {"minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
}
OF_TYPES["integer"] = OF_TYPES["number"]
_KEYWORDS = {"type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"}.union(*OF_TYPES.values())
_COUNTS = {"minLength", "maxLength", "minItems", "maxItems"}

_COMMA, _COLON = '"," " "?', '":" " "?'
_SHARED = {
    # Code points, not "anything but": llama.cpp reads bytes that are no UTF-8 as code points that do not exist.
    "char": r'[ !#-\[\]-~\u00A0-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF] | "\\" ["\\/bfnrt] | "\\u00" [01] [0-9a-f]',
    "string": r'"\"" char* "\""',
    "fraction": '("." [0-9]{1,15})?',
    "number": '"-"? ("0" | [1-9] [0-9]{0,14}) fraction ([eE] [-+]? [0-9]{1,2})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "list": f'"[" (value ({_COMMA} value)*)? "]"',
    "object": f'"{{" (string {_COLON} value ({_COMMA} string {_COLON} value)*)? "}}"',
    "value": "string | number | boolean | null | list | object",
    "day": '"0" [1-9] | "1" [0-9] | "2" [0-8]',
    "date": '[12] [0-9]{3} "-" (("0" [1-9] | "1" [0-2]) "-" day | ("0" [13-9] | "1" [0-2]) "-" ("29" | "30") |'
    ' ("0" [13578] | "1" [02]) "-31")',
    "clock": '("0" [0-9] | "1" [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? "Z"',
    "octet": '"25" [0-5] | "2" [0-4] [0-9] | "1" [0-9] [0-9] | [1-9]? [0-9]',
    "hex": "[0-9a-f]{4}",
}
_FORMATS = {
    "date": r'"\"" date "\""',
    "time": r'"\"" clock "\""',
    "date-time": r'"\"" date "T" clock "\""',
    "ipv4": r'"\"" octet "." octet "." octet "." octet "\""',
    "uuid": r'"\"" hex hex "-" hex "-" hex "-" hex "-" hex hex hex "\""',
}


def grammar_of_schema(schema: Any) -> str:
    """GBNF for compact JSON that ``schema`` (JSON Schema 2020-12, local references) takes.

    Raises GrammarUnusable, with the place, for what is no schema, takes nothing, is too large, or asks for what a reply cannot
    be held to.
    """
    rules = _Rules(schema).write()
    text = "".join(f"{name} ::= {body}\n" for name, body in rules.items())
    if len(text) > MAX_CHARACTERS:
        raise _unusable("its grammar is too large", "schema")
    return text


class _Rules:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._nodes = 0
        self._referred: dict[str, str] = {}
        self._rules: dict[str, str] = {}

    def write(self) -> dict[str, str]:
        if not isinstance(self._root, dict):
            raise _unusable("a schema is an object", "schema")
        self._rules["root"] = self._value(self._root, "schema", 0)
        return {**_SHARED, **self._rules}

    def _value(self, schema: Any, place: str, depth: int) -> str:
        """An expression for what ``schema`` takes."""
        self._count(place, depth)
        if schema is True:
            return "value"
        if not isinstance(schema, dict):
            raise _unusable("a schema is an object", place)
        found = {key: value for key, value in schema.items() if key not in _DESCRIBING}
        for table in _TABLES & set(found):
            self._table(found.pop(table), f"{place}.{table}", depth)
        for key in found:
            if key not in _KEYWORDS:
                raise _unusable("a reply cannot be held to this keyword", f"{place}.{key}")
        if "const" in found or "enum" in found:
            return self._constants(found, place)
        for key, read in (("$ref", self._reference), ("anyOf", self._either), ("oneOf", self._either), ("allOf", self._all)):
            if key in found:
                if len(found) > 1:
                    raise _unusable("beside other keywords, a reply cannot be held to this one", f"{place}.{key}")
                return read(found[key], f"{place}.{key}", depth)
        kinds = self._kinds(found, place)
        return either([self._typed(kind, found, place, depth) for kind in kinds]) if kinds else "value"

    def _count(self, place: str, depth: int) -> None:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _unusable("it is too deep or too large", place)

    def _table(self, table: Any, place: str, depth: int) -> None:
        """Definitions are read even where nothing refers to them: a mistake is told."""
        if not isinstance(table, dict):
            raise _unusable("it is an object of schemas", place)
        for name, inner in table.items():
            self._value(inner, f"{place}.{name}", depth + 1)

    def _kinds(self, schema: dict[str, Any], place: str) -> Sequence[str]:
        """The types that may come; where none is named, those that the keywords speak of."""
        kinds = schema.get("type", [kind for kind, keys in OF_TYPES.items() if kind != "integer" and keys & set(schema)])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if not all(isinstance(kind, str) and kind in _TYPES for kind in kinds) or ("type" in schema and not kinds):
            raise _unusable(f"it is one of {', '.join(_TYPES)}, or a list of them", f"{place}.type")
        return kinds

    def _typed(self, kind: str, schema: dict[str, Any], place: str, depth: int) -> str:
        _check_counts(schema, place)
        if kind == "string":
            return _string(schema, place)
        if kind in ("number", "integer"):
            return number(kind, schema, place)
        if kind == "array":
            return self._array(schema, place, depth)
        return self._object(schema, place, depth) if kind == "object" else kind

    def _constants(self, schema: dict[str, Any], place: str) -> str:
        values = schema.get("enum", [schema.get("const")])
        if not isinstance(values, list) or not values:
            raise _unusable("it is a list of values, not empty", f"{place}.enum")
        key = f"{place}.{'enum' if 'enum' in schema else 'const'}"
        waiting = [(value, 0) for value in values]
        while waiting:
            item, depth = waiting.pop()
            self._count(key, depth)
            inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            waiting.extend((below, depth + 1) for below in inner)
        rest = {name: value for name, value in schema.items() if name != "enum"}
        if rest and set(rest) != {"const"}:
            for name in ("anyOf", "oneOf", "allOf", "$ref"):
                if name in rest:
                    raise _unusable("beside other keywords, a reply cannot be held to this one", f"{place}.{name}")
            self._kinds(rest, place)
            checks = Draft202012Validator({name: rest[name] for name in ("type", "const") if name in rest})
            values = [value for value in values if checks.is_valid(value)]
            if not values:
                raise _unusable("it takes nothing", key)
            if set(rest) - {"type", "const"}:
                raise _unusable("beside other keywords, a reply cannot be held to this one", key)
        try:
            return either(
                [literal(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))) for value in values]
            )
        except (ValueError, UnicodeEncodeError) as error:
            raise _unusable("a number is not finite", key) from error

    def _either(self, options: Any, place: str, depth: int) -> str:
        """For ``oneOf`` too, where no value can be of two options: each is of other types, or of other constants."""
        if not isinstance(options, list) or not options:
            raise _unusable("it is a list of schemas, not empty", place)
        if place.endswith(".oneOf") and not _apart(options):
            raise _unusable("its options are not told apart by their types or constants; use anyOf", place)
        return either([self._value(option, f"{place}.{i}", depth + 1) for i, option in enumerate(options)])

    def _all(self, options: Any, place: str, depth: int) -> str:
        if not isinstance(options, list) or len(options) != 1:
            raise _unusable("a reply can be held to one schema here, not to several", place)
        return self._value(options[0], f"{place}.0", depth + 1)

    def _reference(self, reference: Any, place: str, depth: int) -> str:
        if not isinstance(reference, str):
            raise _unusable("it is a local reference", place)
        target = self._resolve(reference, place)
        if reference not in self._referred:
            self._referred[reference] = f"ref{len(self._referred)}"
            self._rules[self._referred[reference]] = self._value(target, place, depth + 1)
        return self._referred[reference]

    def _resolve(self, reference: str, place: str) -> Any:
        """What a reference means, which must be there and not be just the reference again."""
        seen: set[str] = set()
        while True:
            if reference in seen or not (reference == "#" or reference.startswith("#/")):
                raise _unusable("it refers to itself or to another document", place)
            seen.add(reference)
            target = pointed(self._root, reference)
            if not isinstance(target, dict | bool):
                raise _unusable("it refers to nothing", place)
            if isinstance(target, bool) or not isinstance(further := target.get("$ref"), str):
                return target
            reference = further

    def _array(self, schema: dict[str, Any], place: str, depth: int) -> str:
        first = schema.get("prefixItems", [])
        if not isinstance(first, list):
            raise _unusable("it is a list of schemas", f"{place}.prefixItems")
        parts = [self._value(item, f"{place}.prefixItems.{i}", depth + 1) for i, item in enumerate(first)]
        low, high = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        more = schema.get("items", True)
        item = None if more is False else self._named(self._value(more, f"{place}.items", depth + 1))
        most = min(high, len(parts) if item is None else max(MAX_ITEMS, len(parts)))
        if low > most:
            raise _unusable(f"it takes no array, or only one of more than {MAX_ITEMS} items", place)
        return listed(parts, item, low, most, _COMMA, endless=not math.isfinite(high))

    def _object(self, schema: dict[str, Any], place: str, depth: int) -> str:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, dict):
            raise _unusable("it is an object of schemas", f"{place}.properties")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            raise _unusable("it is a list of names", f"{place}.required")
        more = schema.get("additionalProperties", True)
        others = "" if more is False else self._value(more, f"{place}.additionalProperties", depth + 1)
        pairs = {name: self._value(inner, f"{place}.properties.{name}", depth + 1) for name, inner in properties.items()}
        for name in required:
            self._count(place, depth)
            if name not in pairs and not others:
                raise _unusable("it requires what it does not allow", f"{place}.required")
            pairs.setdefault(name, others)
        if not pairs:
            several = f"string {_COLON} {others} ({_COMMA} string {_COLON} {others})*"
            return f'"{{" ({several})? "}}"' if others else '"{}"'
        for name, value in pairs.items():
            pairs[name] = self._named(f"{literal(json.dumps(name, ensure_ascii=False))} {_COLON} {value}")
        return f'"{{" {in_order(pairs, required, _COMMA, self._named)} "}}"'

    def _named(self, body: str) -> str:
        """A rule for what is used more than once."""
        if body.isalnum():
            return body
        name = f"r{len(self._rules)}"
        self._rules[name] = body
        return name


def pointed(root: Any, reference: str) -> Any:
    """What a local reference (``#/...``) means in ``root``; None for nothing."""
    for part in reference.split("/")[1:]:
        root = root.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(root, dict) else None
    return root


def in_order(pairs: dict[str, str], required: Collection[str], comma: str, named: Callable[[str], str]) -> str:
    """Pairs of an object in this order, none twice, none of ``required`` left out: ``pairs`` are rules by their keys.

    ``named`` makes a rule of an expression. The rules grow with the number of pairs, not with that of their subsets.
    """
    options: list[str] = []
    # The pairs from here on, after one that was given. Nothing may stand before the first but optional ones.
    tail = ""
    for name, pair in reversed(pairs.items()):
        options = [f"{pair} {tail}", *([] if name in required else options)]
        after = f"{comma} {pair}" if name in required else f"({comma} {pair})?"
        tail = named(f"{after} {tail}".strip())
    body = either(options)
    return body if set(required) & set(pairs) else f"({body})?"


def listed(parts: Sequence[str], item: str | None, low: int, most: float, comma: str, *, endless: bool = False) -> str:
    """A list of ``low`` to ``most`` items: first ``parts``, then ``item`` (None: no more), ``endless``ly where it may go on."""
    parts = parts[: int(most)]

    def more(low: int, most: float) -> str:
        if endless:
            return f"({comma} {item}){{{low},}}" if low else f"({comma} {item})*"
        return f"({comma} {item}){{{low},{int(most)}}}"

    if not parts and item is not None and most:
        inside = f"{item} {more(max(0, low - 1), most - 1)}"
        return f'"[" {inside} "]"' if low else f'"[" ({inside})? "]"'
    inside = "" if item is None or most == len(parts) else more(max(0, low - len(parts)), most - len(parts))
    for number in range(len(parts) - 1, -1, -1):
        inside = f"{comma if number else ''} {parts[number]} {inside}"
        inside = inside if number < low else f"({inside})?"
    return f'"[" {inside} "]"'


def either(options: Sequence[str]) -> str:
    different = list(dict.fromkeys(options))
    return different[0] if len(different) == 1 else f"({' | '.join(different)})"


def _check_counts(schema: dict[str, Any], place: str) -> None:
    for key in _COUNTS & set(schema):
        value = schema[key]
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_INTEGER:
            raise _unusable("it is a whole number from 0 on", f"{place}.{key}")


def _string(schema: dict[str, Any], place: str) -> str:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if low > MAX_LENGTH or (high is not None and low > high):
        raise _unusable(f"it takes no string, or only one of more than {MAX_LENGTH} characters", f"{place}.minLength")
    if high is None and not low:
        name = schema.get("format")
        return _FORMATS.get(name, "string") if isinstance(name, str) else "string"
    return rf'"\"" char{{{low},{"" if high is None else min(high, MAX_LENGTH)}}} "\""'


def number(kind: str, schema: dict[str, Any], place: str, largest: int = LARGEST_INTEGER) -> str:
    """What stands for a number or integer within the bounds of ``schema``. Bounds that are no whole numbers are rounded inwards.

    Raises GrammarUnusable, with ``place``, where no whole number is within them.
    """
    low, high = -largest, largest
    for key in sorted(OF_TYPES["number"] & set(schema)):
        value = schema[key]
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LARGEST_INTEGER:
            raise _unusable("it is a number of at most 2^53", f"{place}.{key}")
        if key in ("minimum", "exclusiveMinimum"):
            low = max(low, math.ceil(value) if key == "minimum" else math.floor(value) + 1)
        else:
            high = min(high, math.floor(value) if key == "maximum" else math.ceil(value) - 1)
    if low > high:
        raise _unusable("there is no whole number within its bounds", place)
    if kind == "number" and not OF_TYPES["number"] & set(schema):
        return "number"
    size = _whole if kind == "integer" else _real
    options = []
    if low < 0:
        options.append(f'"-" {size(max(1 if kind == "integer" else 0, -high), -low)}')
    if high >= 0:
        options.append(size(max(0, low), high))
    return either(options)


def _real(low: int, high: int) -> str:
    """Numbers from ``low`` to ``high``, which are not negative."""
    return str(literal(str(low))) if low == high else f"({_whole(low, high - 1)} fraction | {literal(str(high))})"


def _whole(low: int, high: int) -> str:
    """Whole numbers from ``low`` to ``high``, which are not negative."""
    options = []
    # Numbers of more digits than one of which every one is meant.
    whole = [digits for digits in range(2, len(str(high)) + 1) if low <= 10 ** (digits - 1) and 10**digits - 1 <= high]
    for digits in range(len(str(low)), len(str(high)) + 1):
        if digits not in whole:
            first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
            options += _alike(str(first), str(min(high, 10**digits - 1)))
    return either([*options, *([f"[1-9] [0-9]{{{whole[0] - 1},{whole[-1] - 1}}}"] if whole else [])])


def _alike(low: str, high: str) -> list[str]:
    """The same for two numbers of as many digits."""
    if low == high:
        return [literal(low)]
    rest = len(low) - 1
    if not rest:
        return [f"[{low}-{high}]"]
    if low[0] == high[0]:
        return [f"{literal(low[0])} {either(_alike(low[1:], high[1:]))}"]
    first, last = int(low[0]), int(high[0])
    options = []
    if low[1:] != "0" * rest:
        options.append(f"{literal(low[0])} {either(_alike(low[1:], '9' * rest))}")
        first += 1
    end = []
    if high[1:] != "9" * rest:
        end.append(f"{literal(high[0])} {either(_alike('0' * rest, high[1:]))}")
        last -= 1
    if first <= last:
        options.append(f"[{first}-{last}] [0-9]{{{rest}}}")
    return [*options, *end]


def _apart(options: Sequence[Any]) -> bool:
    """Whether no value is of two of these schemas, as far as their types and constants tell."""
    seen: list[tuple[set[str], list[Any] | None]] = []
    for option in options:
        if not isinstance(option, dict):
            return False
        values = option.get("enum", [option["const"]] if "const" in option else None)
        if values is not None and not isinstance(values, list):
            return False
        kinds = option.get("type", [] if values is None else [_kind(value) for value in values])
        kinds = {"number" if kind == "integer" else str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds])}
        for others, constants in seen:
            same = not kinds or not others or kinds & others
            if same and not (values is not None and constants is not None and not any(value in constants for value in values)):
                return False
        seen.append((kinds, values))
    return True


def _kind(value: Any) -> str:
    kinds: list[tuple[type | tuple[type, ...], str]] = [(bool, "boolean"), (int, "number"), (float, "number"), (str, "string")]
    kinds += [(list, "array"), (dict, "object")]
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _unusable(why: str, place: str) -> GrammarUnusable:
    return GrammarUnusable(f"the schema cannot be used: {why}", where=place)
