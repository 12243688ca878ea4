from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RequestError
from schemas.pipeline import Decoding
from schemas.prompt import MalformedReply
from serve.engines.grammar import ToolChoice, grammar_for
from serve.formats.syntax import BARE, LISTED, LISTED_APART, NAMED, TAGGED, Syntax, syntax_of
from tests.serve.gbnf import Grammar
from tests.tiny import TOOLS

TYPED, SPAN = Decoding(arguments="typed"), Decoding(arguments="span")
SYNTAXES = {"tagged": TAGGED, "listed": LISTED, "apart": LISTED_APART, "named": NAMED, "bare": BARE}
ONE = [("TurnOn", {"name": "hall lamp"})]
TWO = [("TurnOn", {"name": "a"}), ("LightSet", {"name": "b", "brightness": 3})]


def written(syntax: Syntax, calls: list[tuple[str, dict[str, Any]]]) -> str:
    """As models write them: json.dumps with its own spaces."""
    how = syntax.writing
    each = [f"{how.before}{name}{how.after}{json.dumps(arguments)}{how.close}" for name, arguments in calls]
    return how.opening + how.begin + how.between.join(each) + how.ending


def streamed(syntax: Syntax, text: str, size: int = 1) -> tuple[list[str], Any]:
    reply = syntax.reply(TOOLS)
    parts = [reply.add(text[at : at + size]) for at in range(0, len(text), size)]
    return [part for part in [*parts, reply.rest()] if part], reply


def found(reply: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(item.function.name, item.function.parsed()) for item in reply.calls()]


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls_never_leak_as_speech(syntax: Syntax, size: int) -> None:
    for calls in (ONE, TWO) if syntax.writing.many else (ONE,):
        speech, reply = streamed(syntax, written(syntax, calls), size)
        assert speech == []
        assert found(reply) == calls


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_speech_is_not_held_back(syntax: Syntax) -> None:
    text = "Sure, it is on. <b>5 < 6</b> [TODO] {x}"
    reply = syntax.reply(TOOLS)
    sent = ""
    for at, character in enumerate(text, start=1):
        sent += reply.add(character)
        held = text[:at].rstrip()[len(sent) :].lstrip()
        assert syntax.writing.opening.startswith(held), text[:at]  # what may begin a call, and no more
    assert sent + reply.rest() == text
    assert reply.calls() == ()


@pytest.mark.parametrize("name", ["tagged", "listed", "apart", "named"])
def test_speech_before_a_call(name: str) -> None:
    speech, reply = streamed(SYNTAXES[name], "\n\nLet me see.\n" + written(SYNTAXES[name], ONE))
    assert "".join(speech) == "Let me see."
    assert found(reply) == ONE


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_without_tools_all_is_speech(syntax: Syntax) -> None:
    text = written(syntax, ONE).strip()
    reply = syntax.reply(())
    assert reply.add(text) + reply.rest() == text
    assert reply.calls() == ()


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_calls_that_do_not_parse(syntax: Syntax) -> None:
    whole = written(syntax, ONE)
    for text in (whole[: whole.index("hall")], whole.replace('{"name": "hall lamp"}', "[" * 5000)):
        _, reply = streamed(syntax, text, 50)
        with pytest.raises(MalformedReply):
            reply.calls()


def test_llama_with_its_tag_for_code() -> None:
    speech, reply = streamed(BARE, "<|python_tag|>" + written(BARE, ONE))
    assert speech == []
    assert found(reply) == ONE
    speech, reply = streamed(BARE, '<|python_tag|>brave_search.call(query="x")')
    assert speech == []
    with pytest.raises(MalformedReply):
        reply.calls()
    _, reply = streamed(BARE, '{"type": "function", "name": "TurnOn", "parameters": {"name": "hall lamp"}}')
    assert found(reply) == ONE


def test_llama_may_say_json() -> None:
    for text in ('{"answer": 42}', '{"name": "Bob", "age": 4}', "{", '{"na'):
        speech, reply = streamed(BARE, text)
        assert "".join(speech) == text
        assert reply.calls() == ()


def test_arguments_as_text_and_further_keys() -> None:
    _, reply = streamed(
        LISTED, '[TOOL_CALLS][{"name": "TurnOn", "arguments": "{\\"name\\": \\"hall lamp\\"}", "id": "123456789"}]'
    )
    assert found(reply) == ONE


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_grammars(syntax: Syntax) -> None:
    def rules(choice: ToolChoice, decoding: Decoding = TYPED) -> Grammar:
        text = grammar_for(TOOLS, "turn on the hall lamp", ("Attic: light: on",), decoding, choice, syntax.writing)
        assert text is not None
        return Grammar(text)

    auto, never, always, named = (rules(ToolChoice(mode)) for mode in ("auto", "none", "required", "required"))
    named = rules(ToolChoice("named", "TurnOn"))
    one, speech = written(syntax, ONE), "Sure, 5 < 6 [x] it is on."
    compact = one.replace('{"name": "hall lamp"}', '{"name":"hall lamp"}')
    for text, wanted in (
        (one, (True, False, True, True)),
        (compact, (True, False, True, True)),
        (written(syntax, TWO), (syntax.writing.many, False, syntax.writing.many, False)),
        (written(syntax, [("Nevermind", {})]), (True, False, True, False)),
        (speech, (True, True, False, False)),
        ("", (True, True, False, False)),
        (written(syntax, [("Other", {})]), (False, False, False, False)),
        (written(syntax, [("TurnOn", {"area": "x"})]), (False, False, False, False)),
        (written(syntax, [("LightSet", {"name": "x", "brightness": "3"})]), (False, False, False, False)),
        (one + " and", (False, False, False, False)),
    ):
        assert tuple(each.accepts(text) for each in (auto, never, always, named)) == wanted, text
    with_words = "Let me see." + ("" if syntax is BARE else one)
    assert auto.accepts(with_words)
    spans = rules(ToolChoice("required"), SPAN)
    for value, wanted in (("hall lamp", True), ("Attic", True), ("kitchen", False), (" hall", False)):
        assert spans.accepts(written(syntax, [("TurnOn", {"name": value})])) == wanted, value
    with pytest.raises(RequestError):
        rules(ToolChoice("named", "Absent"))


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
@given(st.text(alphabet='<tol_ca>[TOLCA]S|pyhng{" ', max_size=40))
def test_what_the_grammar_calls_speech_is_read_as_speech(syntax: Syntax, text: str) -> None:
    rules = grammar_for(TOOLS, "", (), TYPED, ToolChoice("none"), syntax.writing)
    assert rules is not None
    if Grammar(rules).accepts(text):
        speech, reply = streamed(syntax, text, 3)
        assert "".join(speech) == text.lstrip()
        assert reply.calls() == ()


def test_templates_tell_their_syntax() -> None:
    assert syntax_of("no tools here") is None
    assert syntax_of("<tool_call><function=name><parameter=x>") is None
    assert syntax_of("[TOOL_CALLS] [") is LISTED_APART
    assert syntax_of("[TOOL_CALLS]x[ARGS]") is NAMED
