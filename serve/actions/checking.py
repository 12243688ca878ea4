"""JSON schemas and values from outside, made small enough to be checked in the way of a request.

A schema keeps the keywords that are named here, its references written out: no regular expression, no recursion and no
address is ever followed. What is left out is for the tool itself to check, so this refuses a little less than the tool.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

from schemas.errors import BadArgument
from schemas.hashing import canonical
from schemas.text import one_line

DEEPEST = 8  # schemas in schemas; below, any value will do
MOST_PARTS = 500  # schemas in one tool, references written out
MOST_BYTES = 32_768  # of one tool's schema
LONGEST_ARGUMENTS = 16_384  # characters, as JSON
MOST_VALUES = 1000  # values in the arguments of a call
DEEPEST_VALUE = 32
MOST_CHECKS = 20_000  # values of a call times schemas of its tool: what keeps a check under a second

_PLAIN = frozenset(
    {
        *("type", "required", "enum", "const", "default", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    }
)
_ONE, _MANY, _NAMED = ("items", "additionalProperties"), ("anyOf", "oneOf", "allOf", "prefixItems"), ("properties",)


class SchemaUnusable(ValueError):
    """A tool's schema that no call can be checked by. The text names the fault, never what stands in the schema."""


def bounded_schema(schema: Any) -> dict[str, Any]:
    """The part of ``schema`` that calls are checked by: an object's schema. Raises SchemaUnusable."""
    if not isinstance(schema, Mapping):
        raise SchemaUnusable("its schema is no object")
    if not readable(schema, MOST_BYTES * 4, MOST_PARTS * 40, DEEPEST_VALUE * 8):
        raise SchemaUnusable("its schema is too large, too deep or not readable")
    made = _Bounding(schema).part(schema, 0, ())
    made = {"type": "object", "properties": {}, **made}
    if made["type"] != "object":
        raise SchemaUnusable("its arguments are not an object")
    if len(canonical(made)) > MOST_BYTES:
        raise SchemaUnusable(f"its schema has over {MOST_BYTES} characters")
    try:
        Draft202012Validator.check_schema(made)
    except SchemaError as error:
        raise SchemaUnusable("its schema is not a JSON schema") from error
    return made


class _Bounding:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def part(self, schema: Any, depth: int, above: tuple[str, ...]) -> Any:
        """``above`` are the references that led here: one that leads to itself ends in a schema that takes any value."""
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}
        if not isinstance(schema, Mapping):
            raise SchemaUnusable("its schema is not a JSON schema")
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise SchemaUnusable(f"its schema has over {MOST_PARTS} parts")
        if depth > DEEPEST:
            return {}
        reference = schema.get("$ref")
        if reference is not None:
            found = {} if reference in above else self.part(self._at(reference), depth, (*above, reference))
            beside = self.part({key: value for key, value in schema.items() if key != "$ref"}, depth, above)
            return {**found, **beside} if not {*found} & {*beside} - {"description", "default"} else {"allOf": [found, beside]}
        made: dict[str, Any] = {key: value for key, value in schema.items() if key in _PLAIN}
        if isinstance(said := schema.get("description"), str):
            made["description"] = one_line(said)[:300]
        for key in schema:
            if key in _ONE:
                made[key] = schema[key] if isinstance(schema[key], bool) else self.part(schema[key], depth + 1, above)
            elif key in _MANY:
                made[key] = [self.part(each, depth + 1, above) for each in self._list(schema[key])]
            elif key in _NAMED:
                made[key] = {name: self.part(each, depth + 1, above) for name, each in self._mapping(schema[key]).items()}
        return made

    def _at(self, reference: Any) -> Any:
        """What a reference within the schema names, by JSON pointer."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise SchemaUnusable("its schema refers to something elsewhere")
        found: Any = self._root
        for step in reference.removeprefix("#").removeprefix("/").split("/") if reference != "#" else ():
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise SchemaUnusable("its schema refers to something that is not there")
            found = found[name]
        return found

    @staticmethod
    def _list(value: Any) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise SchemaUnusable("its schema is not a JSON schema")
        return value

    @staticmethod
    def _mapping(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise SchemaUnusable("its schema is not a JSON schema")
        return value


def check(arguments: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raise BadArgument, saying what is wrong with which argument, unless ``arguments`` follow ``schema``."""
    if not readable(arguments, LONGEST_ARGUMENTS):
        raise BadArgument("the arguments are too long, too deep or not readable", where="arguments")
    if _count(arguments, MOST_VALUES) * _count(schema, MOST_BYTES, Mapping) > MOST_CHECKS:
        raise BadArgument("there are too many arguments for this tool", where="arguments")
    error = best_match(Draft202012Validator(schema).iter_errors(arguments))
    if error is not None:
        where = ".".join(map(str, error.absolute_path))
        raise BadArgument(_problem(error), where=(where or "arguments")[:100])


def _problem(error: Any) -> str:
    """Without the value that was sent: messages go where values must not."""
    wanted = error.validator_value
    if error.validator == "required":
        missing = [name for name in wanted if name not in error.instance]
        return f"{', '.join(map(str, missing))[:200]} must be given"
    if error.validator == "additionalProperties":
        return "there is an argument that the tool does not take"
    if error.validator in ("type", "enum", "const", "minimum", "maximum", "minLength", "maxLength"):
        return f"it must have {error.validator} {json.dumps(wanted)[:200]}"
    return f"it does not fit the tool's schema ({error.validator})"


def readable(value: Any, longest: int, most: int = MOST_VALUES, deepest: int = DEEPEST_VALUE) -> bool:
    """Whether ``value`` is JSON of at most ``longest`` bytes, ``most`` values and ``deepest`` levels, all of it text."""
    if _count(value, most, deepest=deepest) > most:
        return False
    try:
        return len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) <= longest
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
        return False


def _count(value: Any, most: int, kind: Any = object, deepest: int = 1000) -> int:
    """How many values of ``kind`` are in ``value``, itself included, counted to ``most`` + 1; too deep counts as too many."""
    found, waiting = 0, [(value, 0)]
    while waiting and found <= most:
        each, depth = waiting.pop()
        found += isinstance(each, kind)
        inner = each.values() if isinstance(each, Mapping) else each if isinstance(each, list | tuple) else ()
        if inner and depth >= deepest:
            return most + 1
        waiting += [(below, depth + 1) for below in inner]
    return found
