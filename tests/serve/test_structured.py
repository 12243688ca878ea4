from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas.errors import GrammarUnusable
from serve.engines.protocol import Delta, Finished, Sampling
from serve.engines.structured import MAX_DEPTH, MAX_NODES, grammar_of_schema
from serve.engines.xllamacpp import XllamacppEngine
from tests.serve.gbnf import Grammar

FORMATS = jsonschema.FormatChecker(["uuid", "ipv4", "date"])  # others need packages that are not installed
PROMPT = "<|user|> x<|end|><|assistant|>"


@pytest.fixture(scope="module")
def engine(tiny_export: Path) -> Iterator[XllamacppEngine]:
    engine = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=2048, slots=4)
    yield engine
    engine.close()


async def reply(engine: XllamacppEngine, schema: Any, *, seed: int = 0, temperature: float = 1.0) -> tuple[str, str]:
    sampling = Sampling(max_tokens=1500, temperature=temperature, seed=seed)
    text = ""
    async for piece in engine.generate(PROMPT, sampling, grammar_of_schema(schema)):
        if isinstance(piece, Finished):
            return text, piece.finish_reason
        assert isinstance(piece, Delta)
        text += piece.text
    raise AssertionError("no end")


class Schemas:
    """Random schemas of everything that is supported. What they admit is short, so that replies end."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.definitions: dict[str, Any] = {}

    def root(self) -> dict[str, Any]:
        self.definitions = {f"d{i}": self.schema(3) for i in range(self.random.randrange(3))}
        schema = self.schema(0)
        return {**schema, "$defs": self.definitions} if self.definitions else schema

    def schema(self, depth: int) -> dict[str, Any]:
        kinds = [self.string, self.whole, self.number, self.fixed, self.constant, self.typed]
        kinds += [self.reference] if self.definitions else []
        kinds += [self.record, self.record, self.array, self.several, self.tuple] if depth < 3 else []
        return self.random.choice(kinds)(depth + 1)

    def string(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(4)
        plain = {"type": "string", "minLength": low, "maxLength": low + self.random.randrange(8)}
        formats = [{"type": "string", "format": name} for name in ("date", "time", "date-time", "uuid", "ipv4")]
        return self.random.choice([plain, plain, *formats])

    def whole(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(-500, 500)
        bounds = [{}, {"minimum": low}, {"minimum": low, "maximum": low + 70}, {"exclusiveMaximum": low}, {"minimum": 7.5}]
        return {"type": "integer", **self.random.choice(bounds)}

    def number(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(-90, 90)
        bounds = [{}, {"minimum": low + 0.5}, {"exclusiveMinimum": low, "maximum": low + self.random.randrange(1, 200)}]
        return {"type": "number", **self.random.choice(bounds)}

    def fixed(self, depth: int) -> dict[str, Any]:
        values = ["on", "öff ☀️", 'a"\\', "", 3, -1.5, None, True, [1, "x"], {"k": {}}]
        return {"enum": self.random.sample(values, self.random.randrange(1, 6))}

    def constant(self, depth: int) -> dict[str, Any]:
        return {"const": self.random.choice(["x", 7, None, [1, 2], {"a": "b"}])}

    def typed(self, depth: int) -> dict[str, Any]:
        return self.random.choice([{"type": "boolean"}, {"type": "null"}, {"type": ["boolean", "null"]}])

    def reference(self, depth: int) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.random.choice(sorted(self.definitions))}"}

    def several(self, depth: int) -> dict[str, Any]:
        return {"anyOf": [self.schema(depth) for _ in range(self.random.randrange(1, 4))]}

    def array(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(3)
        return {"type": "array", "items": self.schema(depth), "minItems": low, "maxItems": low + self.random.randrange(3)}

    def tuple(self, depth: int) -> dict[str, Any]:
        parts = [self.schema(depth) for _ in range(self.random.randrange(1, 4))]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}

    def record(self, depth: int) -> dict[str, Any]:
        names = self.random.sample(["name", "naïve key", 'q"uote', "n", "a b", "$ref2", "on"], self.random.randrange(1, 5))
        schema: dict[str, Any] = {"type": "object", "properties": {name: self.schema(depth) for name in names}}
        schema["required"] = [name for name in names if self.random.random() < 0.6]
        return {**schema, **self.random.choice([{}, {"additionalProperties": False}, {"title": "x", "description": "y"}])}


async def check_many(engine: XllamacppEngine, numbers: range) -> None:
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        schema = Schemas(number).root()
        async with gate:
            text, reason = await reply(engine, schema, seed=number)
        assert reason == "stop", (schema, text)
        jsonschema.validate(json.loads(text), schema, format_checker=FORMATS)

    await asyncio.gather(*(one(number) for number in numbers))


async def test_random_schemas_are_followed(engine: XllamacppEngine) -> None:
    await check_many(engine, range(1000, 1040))


@pytest.mark.slow
async def test_a_thousand_random_schemas_are_followed(engine: XllamacppEngine) -> None:
    await check_many(engine, range(1000))


BAD = [
    (None, "schema"),
    ([], "schema"),
    ({"type": "objec"}, "schema.type"),
    ({"type": "object", "properties": {"a": {"type": 3}}}, "schema.properties.a.type"),
    ({"properties": []}, "schema.properties"),
    ({"properties": {"a": "string"}}, "schema.properties.a"),
    ({"required": "a"}, "schema.required"),
    ({"enum": []}, "schema.enum"),
    ({"anyOf": []}, "schema.anyOf"),
    ({"anyOf": [{}, 3]}, "schema.anyOf.1"),
    ({"$ref": "#/$defs/none"}, "schema.$ref"),
    ({"$ref": "https://example.com/a"}, "schema.$ref"),
    ({"$ref": "#"}, "schema.$ref"),
    ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "schema.$defs.a.$ref"),
    ({"not": {}}, "schema.not"),
    ({"if": {}}, "schema.if"),
    ({"minLength": -1}, "schema.minLength"),
    ({"minItems": 10**9}, "schema"),
    ({"type": "integer", "minimum": 5, "maximum": 4}, "schema"),
    ({"minimum": 0.2, "maximum": 0.8}, "schema"),
    ({"type": "string", "minLength": 5, "maxLength": 2}, "schema.minLength"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "schema.oneOf"),
    ({"allOf": [{"type": "string"}, {"type": "null"}]}, "schema.allOf"),
    ({"anyOf": [{}], "type": "object"}, "schema.anyOf"),
    ({"enum": [1], "type": "string"}, "schema.enum"),
    ({"required": ["a"], "additionalProperties": False}, "schema.required"),
    ({"prefixItems": [{}], "items": False, "minItems": 2}, "schema"),
    ({"minimum": float("nan")}, "schema.minimum"),
    ({"minimum": 10**400}, "schema.minimum"),
    ({"multipleOf": 5}, "schema.multipleOf"),
    ({"pattern": "a"}, "schema.pattern"),
    ({"const": float("inf")}, "schema.const"),
    ({"enum": list(range(MAX_NODES + 1))}, "schema.enum"),
    ({"const": "x" * 500_000}, "schema"),
]


@pytest.mark.parametrize(("schema", "place"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_what_is_no_schema_is_refused_with_its_place(schema: Any, place: str) -> None:
    with pytest.raises(GrammarUnusable) as caught:
        grammar_of_schema(schema)
    assert caught.value.where == place
    assert caught.value.status == 400


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 10_000])
@pytest.mark.parametrize("kind", ["items", "const", "properties", "allOf"])
def test_deep_schemas_are_refused_not_followed_down(depth: int, kind: str) -> None:
    schema: Any = {"type": "null"}
    for _ in range(depth):
        schema = {kind: {"a": schema} if kind == "properties" else [schema] if kind == "allOf" else schema}
    with pytest.raises(GrammarUnusable, match="too deep"):
        grammar_of_schema(schema if kind != "const" else {"const": schema})


async def test_references_may_go_in_circles_through_a_value(engine: XllamacppEngine) -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}, "n": {"enum": [1, 2]}}, "required": ["n"]}
    text, reason = await reply(engine, schema, seed=1)
    if reason == "stop":
        jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("schema", [{"anyOf": [{"$ref": "#"}]}, {"anyOf": [{"type": "null"}, {"$ref": "#"}]}])
async def test_a_reference_that_goes_in_circles_through_nothing(
    engine: XllamacppEngine, schema: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GrammarUnusable):
        await reply(engine, schema)
    assert capfd.readouterr().err == ""
    assert await reply(engine, {"const": "ok"}) == ('"ok"', "stop")


@pytest.mark.parametrize(("low", "high"), [(0, 0), (1, 9), (7, 12), (99, 101), (-3, 4), (-120, -7), (350, 12001), (10, 1000)])
def test_whole_numbers_are_exactly_those_within_bounds(low: int, high: int) -> None:
    rules = Grammar(grammar_of_schema({"type": "integer", "minimum": low, "maximum": high}))
    for number in {*range(-130, 130), *range(340, 360), *range(990, 1010), *range(11990, 12010), low, high, low - 1, high + 1}:
        assert rules.accepts(str(number)) == (low <= number <= high), number


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "number", "minimum": -1, "maximum": 2}, ["-1", "-0.5", "0", "1.99", "2"], ["-1.1", "2.0001", "3", "01"]),
        (
            {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]},
            ['{"b":1}', '{"a":1, "b":2}'],
            ["{}", '{"a":1}'],
        ),
        ({"type": "object", "properties": {"a": {}, "b": {}}}, ["{}", '{"a":1}', '{"b":1}'], ['{"b":1,"a":1}', '{"c":1}']),
        ({"type": "object", "required": ["x"]}, ['{"x":[]}'], ["{}"]),
        ({"type": "object", "additionalProperties": {"type": "null"}}, ["{}", '{"a":null,"b":null}'], ['{"a":1}']),
        ({"prefixItems": [{"const": 1}, {"const": 2}], "items": False}, ["[]", "[1]", "[1,2]"], ["[2]", "[1,2,3]"]),
        ({"items": {"const": 1}, "minItems": 2, "maxItems": 3}, ["[1,1]", "[1, 1,1]"], ["[1]", "[1,1,1,1]", "[]"]),
        ({"items": {"const": 1}, "maxItems": 0}, ["[]"], ["[1]"]),
        ({"type": "string", "minLength": 1, "maxLength": 2}, ['"a"', '"猫\\n"'], ['""', '"abc"', '"\n"']),
        ({"type": "string", "format": "date"}, ['"2026-02-28"', '"2024-12-31"'], ['"2026-02-30"', '"2026-13-01"', '"x"']),
        ({"enum": ["a", 1], "type": "string"}, ['"a"'], ["1"]),
        ({"oneOf": [{"type": "string"}, {"const": 1}]}, ['"x"', "1"], ["2"]),
        ({"minLength": 2}, ['"ab"'], ['"a"']),
        ({"type": ["null", "boolean"]}, ["null", "true"], ["1"]),
    ],
)
def test_what_is_taken(schema: dict[str, Any], good: list[str], bad: list[str]) -> None:
    rules = Grammar(grammar_of_schema(schema))
    assert [text for text in good if not rules.accepts(text)] == []
    assert [text for text in bad if rules.accepts(text)] == []
    for text in good:
        jsonschema.validate(json.loads(text), schema)


async def test_objects_are_closed_and_integers_end(engine: XllamacppEngine) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    for seed in range(5):
        found = json.loads((await reply(engine, schema, seed=seed))[0])
        assert set(found) == {"n"}
        assert abs(found["n"]) < 2**53
