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

# Not `time`: LLGuidance admits the leap second of RFC 3339, that checker does not.
FORMATS = jsonschema.FormatChecker(["uuid", "ipv4", "date"])
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
        return self.random.choice([plain, plain, {"type": "string", "pattern": "^[a-z]{2,5}(-[0-9]{1,3})?$"}, *formats])

    def whole(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(-500, 500)
        bounds = [{}, {"minimum": low}, {"minimum": low, "maximum": low + 70}, {"exclusiveMaximum": low}, {"multipleOf": 5}]
        return {"type": "integer", **self.random.choice(bounds)}

    def number(self, depth: int) -> dict[str, Any]:
        return {"type": "number", "minimum": -2.5, "maximum": self.random.randrange(3, 90)}

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
        names = self.random.sample(["name", "naïve key", 'q"uote', "n", "a b", "$ref2", "on"], self.random.randrange(5))
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
    ({"maxItems": 10**9}, "schema.maxItems"),
    ({"minimum": float("nan")}, "schema.minimum"),
    ({"minimum": 10**400}, "schema.minimum"),
    ({"multipleOf": 0}, "schema.multipleOf"),
    ({"pattern": "("}, "schema.pattern"),
    ({"pattern": "a" * 2000}, "schema.pattern"),
    ({"const": float("inf")}, "schema"),
    ({"enum": list(range(MAX_NODES + 1))}, "schema.enum"),
    ({"const": "x" * 300_000}, "schema"),
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


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "string", "minLength": 5, "maxLength": 2},
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        {"allOf": [{"type": "string"}, {"type": "null"}]},
    ],
)
async def test_what_the_engine_cannot_follow_it_refuses_and_lives(engine: XllamacppEngine, schema: Any) -> None:
    for _ in range(2):
        with pytest.raises(GrammarUnusable, match="cannot hold"):
            await reply(engine, schema)
    assert await reply(engine, {"const": "ok"}) == ('"ok"', "stop")


async def test_references_may_go_in_circles_through_a_value(engine: XllamacppEngine) -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}, "n": {"enum": [1, 2]}}, "required": ["n"]}
    text, reason = await reply(engine, schema, seed=1)
    if reason == "stop":
        jsonschema.validate(json.loads(text), schema)


async def test_objects_are_closed_and_integers_end(engine: XllamacppEngine) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    for seed in range(5):
        found = json.loads((await reply(engine, schema, seed=seed))[0])
        assert set(found) == {"n"}
        assert abs(found["n"]) < 2**53


async def test_a_first_reply_under_a_schema_counts_its_prompt_once(engine: XllamacppEngine) -> None:
    ends = []
    for _ in range(2):
        grammar = grammar_of_schema({"const": "counted"})
        pieces = [piece async for piece in engine.generate("<|user|> counted", Sampling(max_tokens=50), grammar)]
        ends.append(pieces[-1])
    first, second = ends
    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    assert first.prompt_tokens == second.prompt_tokens
    assert first.cached_tokens < second.cached_tokens == second.prompt_tokens - 1
