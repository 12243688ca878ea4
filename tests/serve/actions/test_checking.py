"""Schemas from outside: bounded, without recursion, expressions or addresses; and what follows them."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.errors import BadArgument
from serve.actions.checking import SchemaUnusable, bounded_schema, check


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_references_are_written_out() -> None:
    schema = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/Place", "description": "Where."}},
        "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string", "pattern": "(a+)+$"}}}},
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    place = {"type": "object", "properties": {"city": {"type": "string"}}, "description": "Where."}
    assert bounded_schema(schema) == {"type": "object", "properties": {"place": place}}


def test_a_schema_that_holds_itself_ends_in_anything() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}, "name": {"type": "string"}}}
    made = bounded_schema(tree)
    check({"child": {"child": {"child": 3}}, "name": "x"}, made)
    with pytest.raises(BadArgument):
        check({"name": 3}, made)
    assert bounded_schema({"$ref": "#"}) == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "schema",
    [
        [],
        None,
        {"type": "string"},
        {"type": 3},
        {"properties": []},
        {"properties": {"a": 3}},
        {"anyOf": []},
        {"required": "all"},
        {"properties": {"a": {"$ref": "http://127.0.0.1:1/schema"}}},
        {"properties": {"a": {"$ref": "#/$defs/nowhere"}}},
        {"properties": {"a": {"enum": ["x" * 200_000]}}},
        {"properties": {f"p{number}": {} for number in range(1000)}},
        {"properties": {"a": {"minimum": float("nan")}}},
        {"properties": {"\ud800": {}}},
        nested(500),
    ],
)
def test_what_no_call_can_be_checked_by_is_refused(schema: Any) -> None:
    with pytest.raises(SchemaUnusable):
        bounded_schema(schema)


def test_doubling_references_cost_nothing() -> None:
    doubling: dict[str, Any] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    with pytest.raises(SchemaUnusable):
        bounded_schema({"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**doubling, "d40": {}}})


def test_what_would_take_long_to_check_is_refused() -> None:
    dear = bounded_schema({"properties": {"a": {"items": {"allOf": [{"type": "integer"}] * 490}}}})
    with pytest.raises(BadArgument, match="too many"):
        check({"a": [1] * 900}, dear)
    check({"a": [1] * 10}, dear)
    check({"a": [1] * 900}, bounded_schema({"properties": {"a": {"items": {"type": "integer"}}}}))


def test_deep_schemas_end_in_anything() -> None:
    made = bounded_schema(nested(20))
    Draft202012Validator.check_schema(made)
    check({"a": {}}, made)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "city must be given"),
        ({"city": 3}, 'it must have type "string"'),
        ({"city": "x", "unit": "K"}, 'it must have enum ["C", "F"]'),
        ({"city": "x", "days": 99}, "it must have maximum 7"),
        ({"city": "x", "secret": "words"}, "there is an argument that the tool does not take"),
    ],
)
def test_faults_are_named_without_what_was_sent(arguments: dict[str, Any], message: str) -> None:
    properties = {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "days": {"type": "integer", "maximum": 7}}
    schema = bounded_schema({"properties": properties, "required": ["city"], "additionalProperties": False})
    with pytest.raises(BadArgument) as found:
        check(arguments, schema)
    assert found.value.message == message
