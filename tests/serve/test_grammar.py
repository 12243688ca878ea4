from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.conversation import Message, Tool
from schemas.errors import GrammarUnusable, RequestError
from schemas.pipeline import Decoding
from schemas.prompt import MalformedReply, clean, parse_reply, render_body, render_call
from serve.actions.linking import linked
from serve.actions.tools import TOOLS as HOME_TOOLS
from serve.engines.grammar import MAX_BYTES, ToolChoice, grammar_for
from serve.engines.prefixes import Prefixes
from serve.engines.protocol import Delta, Finished, Sampling
from serve.engines.xllamacpp import XllamacppEngine
from tests.serve.gbnf import Grammar
from tests.serve.test_structured import Schemas
from tests.tiny import TOOLS

TYPED, SPAN, FREE = (Decoding(arguments=kind) for kind in ("typed", "span", "free"))
SNIPS = Path(os.environ.get("ROTTIE_SNIPS", "data/snips"))


def tool(name: str, properties: dict[str, object], required: list[str] | None = None) -> Tool:
    parameters = {"type": "object", "properties": properties, "required": required or []}
    return Tool.model_validate({"function": {"name": name, "parameters": parameters}})


def grammar(*args: object, **kwargs: object) -> Grammar:
    text = grammar_for(*args, **kwargs)
    assert text is not None
    return Grammar(text)


def test_free_decoding_and_no_tools_are_unconstrained() -> None:
    assert grammar_for(TOOLS, "turn it on", (), FREE) is None
    assert grammar_for((), "turn it on", (), SPAN) is None
    assert grammar_for((), "turn it on", (), SPAN, ToolChoice("none")) is None


def test_speech_and_calls() -> None:
    rules = grammar(TOOLS, "x", (), TYPED)
    assert rules.accepts(" Good morning, ☀️\nand on.")
    assert rules.accepts('TurnOn{"name":" lamp"}')
    assert rules.accepts('TurnOn{"name":" lamp"}\nNevermind{}')
    assert not rules.accepts("Good morning")
    assert not rules.accepts('TurnOff{"name":" lamp"}')
    assert not rules.accepts('TurnOn{"name":"lamp"}')
    assert not rules.accepts('TurnOn{"area":" hall"}')
    assert not rules.accepts('TurnOn{"name":" lamp"}\n')
    assert not rules.accepts('TurnOn{"name": " lamp"}')


def test_tool_choice() -> None:
    never = grammar(TOOLS, "x", (), SPAN, ToolChoice("none"))
    assert never.accepts(" no")
    assert not never.accepts('TurnOn{"name":" x"}')
    forced = grammar(TOOLS, "x", (), FREE, ToolChoice("required"))
    assert forced.accepts("Nevermind{}")
    assert not forced.accepts(" no")
    named = grammar(TOOLS, "x", (), TYPED, ToolChoice("named", "LightSet"))
    assert named.accepts('LightSet{"name":" x"}')
    assert not named.accepts("Nevermind{}")
    assert not named.accepts('LightSet{"name":" x"}\nLightSet{"name":" x"}')


@pytest.mark.parametrize("choice", [ToolChoice("named", "Absent"), ToolChoice("required")])
def test_a_forced_tool_that_is_not_offered(choice: ToolChoice) -> None:
    with pytest.raises(RequestError, match="required but not offered"):
        grammar_for(TOOLS if choice.name else (), "x", (), TYPED, choice)


def test_required_and_each_once_in_any_order() -> None:
    rules = grammar(TOOLS, "x", (), TYPED)
    assert rules.accepts('LightSet{"name":" x","brightness":20,"mode":" warm"}')
    assert rules.accepts('LightSet{"mode":3,"name":" x"}')
    assert not rules.accepts('LightSet{"brightness":20}')
    assert not rules.accepts("LightSet{}")
    assert not rules.accepts('LightSet{"name":" x","name":" y"}')


def test_many_arguments_count_the_required_ones_and_are_bounded() -> None:
    many = {f"a{i}": {"type": "string"} for i in range(9)}
    rules = grammar([tool("Many", many, ["a3"])], "x", (), TYPED)
    assert rules.accepts('Many{"a8":" x","a3":" x","a0":" y"}')
    assert not rules.accepts('Many{"a8":" x"}')
    assert not rules.accepts('Many{"a3":" x","a3":" x"}')
    loose = grammar([tool("Many", many)], "x", (), TYPED)
    assert loose.accepts("Many{}")
    assert not loose.accepts("Many{" + ",".join(['"a1":" x"'] * 10) + "}")


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, ["0", "-7", "42"], ["4.2", "007", '" 4"', "-"]),
        ({"type": "integer", "minimum": 0}, ["0", "99"], ["-1"]),
        ({"type": "number"}, ["1.5", "-2", "3e-4"], ["1.", '" 1"']),
        ({"type": "boolean"}, ["true", "false"], ["null", "True"]),
        ({"enum": ["on", "off", 3, None]}, ['" on"', "3", "null"], ['"on"', '" dim"', "4"]),
        ({"const": "x"}, ['" x"'], ['" y"']),
        ({"type": ["string", "null"]}, ['" a"', "null"], ["1"]),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, ["1", "true"], ['" a"']),
        ({"type": "array", "items": {"type": "integer"}}, ["[]", "[1,2]"], ["[1,]", '[" a"]']),
        ({"type": "array"}, ['[" a",1]'], ['["a"]']),
        ({"type": "object", "properties": {"r": {"type": "integer"}}, "required": ["r"]}, ['{"r":1}'], ["{}", '{"q":1}']),
        ({"type": "object"}, ['{"any":[{"deep":" x"}]}', "{}"], ["[]"]),
        ({"not": {}}, ['" a"', "1", "[]"], ["'a'"]),
        ({}, ['" a"'], ["1"]),
        ({"properties": {"r": {"type": "null"}}, "required": ["r"]}, ['{"r":null}'], ["{}", '" r"']),
        ({"type": "integer", "minimum": 0, "maximum": 100}, ["0", "7", "100"], ["-1", "101", "1.0"]),
        ({"type": "integer", "minimum": -100, "exclusiveMaximum": 100}, ["-100", "-7", "0", "99"], ["-101", "100", "-0"]),
        ({"type": "integer", "minimum": 5}, ["5", "10", "123456789012345"], ["4", "0", "-5"]),
        ({"type": "integer", "minimum": 5, "maximum": 4}, ["7"], ["7.5"]),
        ({"type": "number", "minimum": 7, "maximum": 30.5}, ["7", "21.5", "30"], ["6.9", "30.1", "31"]),
        ({"type": "number", "minimum": 0.2, "maximum": 0.8}, ["0.5", "9"], ['" 1"']),
        ({"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 3}, ["[1,1]", "[1,1,1]"], ["[1]", "[1,1,1,1]"]),
        ({"type": "array", "items": {"const": 1}, "minItems": 40}, [f"[{','.join('1' * 40)}]"], [f"[{','.join('1' * 39)}]"]),
        ({"type": "array", "maxItems": 0}, ["[]"], ["[1]"]),
        ({"prefixItems": [{"const": 1}, {"const": 2}], "items": False, "minItems": 2}, ["[1,2]"], ["[1]", "[2,1]", "[1,2,3]"]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, ["{}", '{"a":1,"b":2}'], ['{"a":" x"}']),
        ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a":1}']),
        ({"description": "d", "allOf": [{"enum": ["on", "off"]}]}, ['" on"'], ["17", '" dim"']),
    ],
)
def test_types(schema: dict[str, object], good: list[str], bad: list[str]) -> None:
    rules = grammar([tool("T", {"v": schema})], "x", (), TYPED)
    for text in good:
        assert rules.accepts(f'T{{"v":{text}}}'), text
    for text in bad:
        assert not rules.accepts(f'T{{"v":{text}}}'), text


DEFINED = {
    "Mode": {"type": "string", "enum": ["warm", "cold"]},
    "Inner": {"type": "object", "properties": {"level": {"type": "integer"}}, "required": ["level"]},
    "Node": {
        "type": "object",
        "properties": {"n": {"type": "boolean"}, "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
        "required": ["n", "next"],
    },
    "Alias": {"$ref": "#/$defs/Mode"},
    "a/b~c": {"const": 7},
}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$ref": "#/$defs/Mode", "description": "d", "default": "warm"}, ['" warm"'], ["17", '" hot"', "null"]),
        ({"allOf": [{"$ref": "#/$defs/Mode"}], "default": "warm"}, ['" cold"'], ["17"]),
        ({"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}], "default": None}, ['" warm"', "null"], ["17", '" hot"']),
        ({"$ref": "#/$defs/Alias"}, ['" warm"'], ["17"]),
        ({"$ref": "#/$defs/a~1b~0c"}, ["7"], ["8"]),
        ({"$ref": "#/$defs/Inner"}, ['{"level":3}'], ['" nonsense"', "{}", '{"level":" 3"}']),
        ({"type": "array", "items": {"$ref": "#/$defs/Inner"}}, ['[{"level":3},{"level":4}]'], ["[3]"]),
        (
            {"$ref": "#/$defs/Node"},
            ['{"n":true,"next":null}', '{"n":true,"next":{"n":false,"next":{"n":true,"next":null}}}'],
            ['{"n":true,"next":3}', '{"n":true,"next":{"n":1,"next":null}}', "null"],
        ),
        ({"$ref": "#"}, ['{"v":{"v":{}}}'], ['{"v":3}', '{"w":{}}']),
    ],
)
def test_references_are_followed(schema: dict[str, object], good: list[str], bad: list[str]) -> None:
    parameters = {"type": "object", "properties": {"v": schema}, "$defs": DEFINED}
    declared = Tool.model_validate({"function": {"name": "T", "parameters": parameters}})
    text = grammar_for([declared], "x", (), TYPED)
    rules, prefixes = Grammar(text), Prefixes(text)
    for value in good:
        reply = f'T{{"v":{value}}}'
        assert rules.accepts(reply), value
        assert prefixes.may_end(prefixes.after(prefixes.start(), reply)), value
    for value in bad:
        assert not rules.accepts(f'T{{"v":{value}}}'), value


def test_parameters_that_are_a_reference() -> None:
    parameters = {"$ref": "#/$defs/Node", "$defs": DEFINED}
    rules = grammar([Tool.model_validate({"function": {"name": "T", "parameters": parameters}})], "x", (), TYPED)
    assert rules.accepts('T{"n":true,"next":{"n":true,"next":null}}')
    assert not rules.accepts("T{}")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/x"},
        {"$ref": "https://example.com/a"},
        {"$ref": "#/$defs/self"},
        {"$ref": "#/$defs/one"},
        {"anyOf": [{"type": "object", "properties": {"p": {"$ref": "#/$defs/two"}}}, {"$ref": "#/$defs/two"}]},
    ],
)
async def test_a_reference_that_leads_nowhere_is_refused(schema: dict[str, object]) -> None:
    circles = {
        "self": {"$ref": "#/$defs/self"},
        "one": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/two"}]},
        "two": {"allOf": [{"$ref": "#/$defs/one"}]},
    }
    parameters = {"type": "object", "properties": {"v": schema}, "$defs": circles}
    with pytest.raises(GrammarUnusable) as caught:
        grammar_for([Tool.model_validate({"function": {"name": "T", "parameters": parameters}})], "x", (), TYPED)
    assert caught.value.where == "tools"


def test_many_and_long_references_are_refused_not_followed_down() -> None:
    chain = {f"d{i}": {"items": {"$ref": f"#/$defs/d{i + 1}"}} for i in range(5000)} | {"d5000": {"type": "null"}}
    parameters = {"type": "object", "properties": {"v": {"$ref": "#/$defs/d0"}}, "$defs": chain}
    with pytest.raises(GrammarUnusable, match="too many"):
        grammar_for([Tool.model_validate({"function": {"name": "T", "parameters": parameters}})], "x", (), TYPED)


def test_lists_in_lists_grow_with_their_depth() -> None:
    deep: dict[str, object] = {"type": "integer"}
    for _ in range(25):
        deep = {"type": "array", "items": deep}
    text = grammar_for([tool("T", {"v": deep})], "x", (), TYPED)
    assert len(text) < 20_000
    assert Grammar(text).accepts(f'T{{"v":{"[" * 25}1{"]" * 25}}}')
    assert not Grammar(text).accepts(f'T{{"v":{"[" * 25}true{"]" * 25}}}')


@pytest.mark.parametrize("count", [6, 12])
@pytest.mark.parametrize("nested", [False, True])
def test_many_required_arguments_all_come_once_and_in_order(count: int, nested: bool) -> None:
    keys = [f"a{i}" for i in range(count)]
    properties = {"o0": {"type": "integer"}, **{key: {"type": "integer"} for key in keys}, "o1": {"type": "integer"}}
    record = {"type": "object", "properties": properties, "required": keys}
    text = grammar_for([tool("T", {"v": record}) if nested else tool("T", properties, keys)], "x", (), TYPED)
    rules = Grammar(text)

    def accepts(*given: str) -> bool:
        inside = "{" + ",".join(f'"{key}":{number}' for number, key in enumerate(given)) + "}"
        return rules.accepts(f'T{{"v":{inside}}}' if nested else f"T{inside}")

    assert accepts(*keys)
    assert accepts("o0", *keys, "o1")
    for i in range(count):
        assert not accepts(*keys[:i], *keys[i + 1 :])
        assert not accepts(*keys[: i + 1], *keys[i:])
    assert not accepts(*reversed(keys))
    assert not accepts(*keys, "o0")
    assert not accepts()
    assert len(text) < 6000


def spans(request: str, *values: str, home: tuple[str, ...] = ()) -> list[bool]:
    rules = grammar([tool("T", {"v": {"type": "string"}})], request, home, SPAN)
    return [rules.accepts(render_call("T", {"v": value})) for value in values]


def test_runs_of_words() -> None:
    request = "Play a song off Ian Clapton's album (Nature), on Itunes."
    good = ["song", "Ian Clapton", "Ian Clapton's", "Nature", "(Nature),", "Itunes", "Itunes.", "song, album", "a song off Ian"]
    assert spans(request, *good) == [True] * len(good)
    assert spans(request, "Ian Nature", "son", "songs", "song,album", "", "a, a, a, a") == [False] * 6


def test_words_that_json_and_gbnf_escape() -> None:
    request = 'say "hi there" C:\\new [a-z] ☀️ naïve 猫 <|end|> 100% {x}'
    good = ['"hi there"', "hi there", "C:\\new", "[a-z]", "☀️", "naïve 猫", clean("<|end|>"), "100%", "{x}"]
    assert spans(request, *good) == [True] * len(good)
    assert spans(request, "<|end|>") == [True]  # a reply is rendered with broken markers, and read back that way


def test_names_of_the_home() -> None:
    home = ("Hall lamp: light @ Upper Hall: on", "Hall lamp 2: light: off", "Tür: Küche: cover @ Küche: open", "no line")
    good = ["Hall lamp", "hall lamp", "Hall lamp 2", "Upper Hall", "Tür: Küche", "küche", "turn", "Hall lamp, Hall lamp 2"]
    assert spans("turn it on", *good, home=home) == [True] * len(good)
    assert spans("turn it on", "Hall", "lamp", "no line", home=home) == [False] * 3


def test_arguments_that_declare_what_they_name() -> None:
    home = ("Hall lamp: light @ Upper Hall: on", "Tür: cover: open")
    entity, area = {"type": "string", "format": "home-entity"}, {"type": "string", "format": "home-area"}
    rules = grammar([tool("T", {"name": entity, "area": area, "item": {"type": "string"}})], "turn the lamp on", home, SPAN)
    assert rules.accepts('T{"name":" hall lamp","area":" Upper Hall","item":" lamp"}')
    assert not rules.accepts('T{"name":" the"}')
    assert not rules.accepts('T{"name":" Upper Hall"}')
    assert not rules.accepts('T{"area":" Hall lamp"}')
    without = grammar([tool("T", {"name": entity})], "turn the lamp on", (), SPAN)
    assert without.accepts('T{"name":" the lamp"}')


def test_tools_of_a_home_take_its_names_and_no_others() -> None:
    """Also from a model that may write any other string, as downloaded ones may."""
    home = ("Hall lamp: light @ Upper Hall: on", "To do: todo: 2")
    rules = grammar([each.declared() for each in HOME_TOOLS.values()][:20], "turn the lamp on", home, TYPED)
    assert rules.accepts('HassTurnOn{"name":" Hall lamp"}')
    assert rules.accepts('HassTurnOn{"area":" upper hall"}')
    assert not rules.accepts('HassTurnOn{"name":" Sauna"}')
    assert not rules.accepts('HassTurnOn{"area":" Sauna"}')
    assert rules.accepts('HassTurnOn{"floor":" Ground"}')


def test_a_tool_names_only_what_it_can_act_on() -> None:
    home = ("Hall lamp: light @ Hall: on", "blind: cover blind @ Hall: open", "Dusty: vacuum: docked", "lamp: switch: off")
    tools = [HOME_TOOLS[name].declared() for name in ("HassLightSet", "HassTurnOn", "HassSetPosition", "GetLiveContext")]
    for policy in (TYPED, SPAN):
        rules = grammar(tools, "set the blind to 20", home, policy)
        for name in ("Hall lamp", "hall lamp"):
            assert rules.accepts(render_call("HassLightSet", {"name": name, "brightness": 20}))
        for name in ("blind", "Dusty", "lamp", "the blind"):
            assert not rules.accepts(render_call("HassLightSet", {"name": name, "brightness": 20}))
        assert rules.accepts(render_call("HassSetPosition", {"name": "blind", "position": 20}))
        assert not rules.accepts(render_call("HassSetPosition", {"name": "Hall lamp", "position": 20}))
        assert rules.accepts(render_call("HassTurnOn", {"name": "lamp"}))
        assert not rules.accepts(render_call("HassTurnOn", {"name": "Dusty"}))
        assert rules.accepts(render_call("GetLiveContext", {"name": "Dusty"}))
    # Where a home has none of the kind, the tool may be tried on what there is, and will say so.
    assert grammar(tools, "x", home[:1], TYPED).accepts(render_call("HassSetPosition", {"name": "Hall lamp", "position": 20}))


def test_only_what_can_be_meant_is_named() -> None:
    home = ("Hall lamp: light @ Hall: on", "Blind: cover blind @ Hall: open", "lamp: switch: off")
    tools = [HOME_TOOLS[name].declared() for name in ("HassLightSet", "HassTurnOn", "HassSetPosition")]
    for policy in (TYPED, SPAN):
        rules = grammar(tools, "set the Blind to 20", home, policy, meant=frozenset({"Blind"}))
        for name, area, there in (("Blind", "Hall", True), ("blind", "hall", True), ("lamp", "Hall", False)):
            assert rules.accepts(render_call("HassTurnOn", {"name": name, "area": area})) is there
        assert rules.accepts(render_call("HassSetPosition", {"name": "Blind", "position": 20}))
        nothing_known = grammar(tools, "set it to 20", home, policy, meant=frozenset({"not of this home"}))
        assert nothing_known.accepts(render_call("HassTurnOn", {"name": "lamp"}))


def test_a_list_is_named_where_what_goes_on_it_is_called_like_a_thing() -> None:
    home = ("Milk: light @ Hall: on", "Lamp<|: light: on", "Shopping: todo: 1")
    tools = [HOME_TOOLS[name].declared() for name in ("HassListAddItem", "HassTurnOn")]
    said = linked((Message(role="user", content="we are out of milk"),), home, "en")
    rules = grammar(tools, "we are out of milk", home, SPAN, meant=said.meant)
    assert rules.accepts(render_call("HassListAddItem", {"item": "milk", "name": "Shopping"}))
    assert not rules.accepts(render_call("HassTurnOn", {"name": "Shopping"}))
    said = linked((Message(role="user", content="Lamp<| on"),), home, "en")
    assert grammar(tools, "Lamp<| on", home, SPAN, meant=said.meant).accepts(render_call("HassTurnOn", {"name": "Lamp< |"}))


def test_large_homes_and_requests_stay_bounded() -> None:
    home = tuple(f"Lamp {i} of room {i % 50}: light @ Room {i % 50}: on" for i in range(2000))
    text = grammar_for(TOOLS, "dim lamp 7", home, SPAN)
    assert text is not None
    assert "span ::=" in text
    assert len(text) <= MAX_BYTES
    assert Grammar(text).accepts('TurnOn{"name":" Lamp 1999 of room 49"}')
    long = grammar_for(TOOLS, "word " * 5000, (), SPAN)
    assert long is not None
    assert "span ::=" not in long
    assert grammar_for(TOOLS, "x" * MAX_BYTES, (), SPAN) == grammar_for(TOOLS, "x", (), TYPED)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=80, deadline=None)
@given(request=texts, data=st.data())
def test_every_run_of_words_is_accepted_and_comes_back(request: str, data: st.DataObject) -> None:
    words = clean(request).split()
    rules = grammar([tool("T", {"v": {"type": "string"}})], request, (), SPAN if words else TYPED)
    if words:
        first = data.draw(st.integers(0, len(words) - 1))
        last = data.draw(st.integers(first, len(words) - 1))
        value = " ".join(words[first : last + 1])
        text = render_call("T", {"v": value})
        assert rules.accepts(text)
        assert parse_reply(text).tool_calls[0].function.parsed() == {"v": value}


@settings(max_examples=80, deadline=None)
@given(value=texts.filter(lambda text: "\x7f" not in text))
def test_typed_takes_any_string(value: str) -> None:
    assert grammar([tool("T", {"v": {"type": "string"}})], "x", (), TYPED).accepts(render_call("T", {"v": value}))


@pytest.mark.skipif(not SNIPS.is_dir(), reason="the SNIPS rows are not at hand")
def test_real_answers_are_within_the_grammar() -> None:
    tools = [Tool.model_validate(item) for item in json.loads((SNIPS / "tools.json").read_text())]
    accepted = rows = 0
    for line in (SNIPS / "train.jsonl").read_text().splitlines()[::50]:
        request, answer = json.loads(line)["messages"][-2:]
        calls = [c["function"] for c in answer["tool_calls"]]
        text = "\n".join(render_call(c["name"], json.loads(c["arguments"])) for c in calls)
        accepted += grammar(tools, request["content"], (), SPAN).accepts(text)
        rows += 1
    assert accepted / rows >= 0.99


class Declared(Schemas):
    """Random parameters of tools, of what a call is held to."""

    def tool(self) -> Tool:
        parameters: dict[str, Any] = {}
        while parameters.get("type") != "object":
            self.definitions = {}
            parameters = self.root()
        return Tool.model_validate({"function": {"name": "Do", "parameters": parameters}})

    def string(self, depth: int) -> dict[str, Any]:
        return {"type": "string"}

    def number(self, depth: int) -> dict[str, Any]:
        low = self.random.randrange(-90, 90)
        bounds = [{}, {"minimum": low + 0.5}, {"exclusiveMinimum": low, "maximum": low + self.random.randrange(1, 200)}]
        return {"type": "number", **self.random.choice(bounds)}

    def reference(self, depth: int) -> dict[str, Any]:
        found = super().reference(depth)
        return self.random.choice([found, {**found, "description": "x"}, {"allOf": [found], "title": "y"}])

    def record(self, depth: int) -> dict[str, Any]:
        names = [f"n{i}" for i in range(self.random.choice([1, 2, 3, 4, 8]))]
        schema: dict[str, Any] = {"type": "object", "properties": {name: self.schema(depth) for name in names}}
        schema["required"] = [name for name in names if self.random.random() < 0.8]
        return schema


async def check_random_tools(tiny_export: Path, numbers: range) -> None:
    """Calls follow their schemas whatever the weights say. Strings are a word of the request, so that replies end."""
    engine = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=2048, slots=4)
    gate = asyncio.Semaphore(8)
    ended = []

    async def one(number: int) -> None:
        declared = Declared(number).tool()
        text = grammar_for([declared], "lamp", (), SPAN, ToolChoice("named", "Do"))
        sampling, said = Sampling(max_tokens=1500, temperature=1.0, seed=number), ""
        async with gate:
            async for piece in engine.generate("<|user|> x<|end|><|assistant|>", sampling, text):
                if isinstance(piece, Delta):
                    said += piece.text
                elif piece.finish_reason == "stop":
                    ended.append(number)
        if number not in ended:
            return
        assert Grammar(text).accepts(said), said
        prefixes = Prefixes(text)
        assert prefixes.may_end(prefixes.after(prefixes.start(), said)), said
        (call,) = parse_reply(said).tool_calls
        jsonschema.validate(call.function.parsed(), declared.function.parameters)

    try:
        await asyncio.gather(*(one(number) for number in numbers))
    finally:
        engine.close()
    assert len(ended) > 0.9 * len(numbers)


async def test_calls_of_random_tools_follow_their_schemas(tiny_export: Path) -> None:
    await check_random_tools(tiny_export, range(1000, 1040))


@pytest.mark.slow
async def test_calls_of_two_hundred_random_tools_follow_their_schemas(tiny_export: Path) -> None:
    await check_random_tools(tiny_export, range(200))


REQUESTS = ['dim the "hall lamp" to 20, please ☀️', "猫 <|end|> C:\\x [a]", "lamp " * 40, "it's Clapton's"]


@pytest.mark.parametrize("decoding", [TYPED, SPAN], ids=["typed", "span"])
async def test_whatever_the_weights_say_the_reply_parses(tiny_export: Path, decoding: Decoding) -> None:
    engine = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=1024, slots=2)
    home = tuple(f"Lamp {i}: light @ Hall: on" for i in range(300))
    ended = 0
    try:
        for seed in range(16):
            request = REQUESTS[seed % len(REQUESTS)]
            rules = grammar_for(TOOLS, request, home, decoding, ToolChoice("required" if seed % 3 else "auto"))
            assert rules is not None
            pieces = [p async for p in engine.generate("<|user|> x", Sampling(max_tokens=150, temperature=1.0, seed=seed), rules)]
            text = "".join(piece.text for piece in pieces if isinstance(piece, Delta))
            end = pieces[-1]
            assert isinstance(end, Finished)
            if end.finish_reason == "length":
                continue
            ended += 1
            assert Grammar(rules).accepts(text), text
            check(text)
    finally:
        engine.close()
    assert ended >= (8 if decoding is SPAN else 0)


def check(text: str) -> None:
    """The reply names declared tools with declared arguments, and survives being rendered again."""
    message = parse_reply(text)
    declared = {tool.function.name: tool.function for tool in TOOLS}
    for item in message.tool_calls:
        spec = declared[item.function.name]
        given = set(item.function.parsed())
        assert set(spec.required()) <= given <= set(spec.properties())
    assert parse_reply(render_body(message)).tool_calls == message.tool_calls


def test_a_broken_reply_is_told_apart() -> None:
    with pytest.raises(MalformedReply):
        parse_reply('TurnOn{"name":" x"')
