from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from schemas.conversation import Message, Tool, call
from schemas.errors import ModelUnusable
from schemas.pipeline import Decoding
from serve.formats.rendering import Renderer, TemplateRefused
from serve.formats.template import TemplateFormat, open_template
from serve.gguf_header import Header
from tests.serve.formats.families import FAMILIES, FOLDER, form, header, template_of

TOOLS = (
    Tool.model_validate(
        {
            "function": {
                "name": "TurnOn",
                "description": "Turns something on.",
                "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            }
        }
    ),
    Tool.model_validate({"function": {"name": "Nevermind"}}),
)
HOME = ("Hall lamp: light @ Hall: off", "Roof window: cover @ Attic: open")


def said(role: str, content: str) -> Message:
    return Message.model_validate({"role": role, "content": content})


SYSTEM, HELLO = said("system", "You are kind."), said("user", "hello")
CALL = Message(role="assistant", tool_calls=(call("TurnOn", {"name": "Hall lamp"}, "call_1"),))
RESULT = Message(role="tool", content="It is on.", tool_call_id="call_1", name="TurnOn")
ASK = said("user", "light please")
BOTH = Message(role="assistant", tool_calls=(call("TurnOn", {"name": "a"}, "c1"), call("TurnOn", {"name": "b"}, "c2")))
RESULTS = tuple(Message(role="tool", content=f"{n} is on.", tool_call_id=i, name="TurnOn") for n, i in (("a", "c1"), ("b", "c2")))
CASES = {
    "chat": ((HELLO,), (), ()),
    "system": ((SYSTEM, HELLO), (), ()),
    "turns": ((SYSTEM, HELLO, said("assistant", "Hi."), said("user", "how are you?")), (), ()),
    "tools": ((SYSTEM, ASK), TOOLS, HOME),
    "result": ((SYSTEM, ASK, CALL, RESULT), TOOLS, ()),
    "after": ((ASK, CALL, RESULT, said("assistant", "Done."), said("user", "thanks")), TOOLS[:1], ()),
    "several": ((ASK, BOTH, *RESULTS, said("assistant", "Done."), said("user", "thanks")), TOOLS[:1], ()),
}


@pytest.fixture(scope="module")
def forms() -> Iterator[dict[str, TemplateFormat]]:
    opened = {name: form(name) for name in FAMILIES}
    yield opened
    for each in opened.values():
        each.close()


@pytest.mark.parametrize("name", FAMILIES)
def test_golden_prompts(forms: dict[str, TemplateFormat], name: str) -> None:
    """Written anew with ROTTIE_WRITE_GOLDEN=1; read the difference before you commit it."""
    today = datetime.now().astimezone().strftime("%d %b %Y")
    parts = []
    for case, (messages, tools, home) in CASES.items():
        text = forms[name].prompt(messages, tools, home).replace(today, "(today)")
        parts.append(f"===== {case}\n{text}\n")
    golden = FOLDER / "golden" / f"{name}.txt"
    if os.environ.get("ROTTIE_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text("".join(parts), encoding="utf-8")
    assert "".join(parts) == golden.read_text(encoding="utf-8")


class Recording(Renderer):
    """Remembers what it rendered."""

    def render(self, **values: Any) -> str:
        self.last = values
        return super().render(**values)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_templates_are_rendered_as_transformers_does(name: str) -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    template, family = template_of(name), FAMILIES[name]
    special: dict[str, Any] = {"bos_token": family.bos, "eos_token": family.eos}
    renderer = Recording(template, special)
    each = TemplateFormat(renderer, template, header(template, family), Decoding())
    try:
        for case in CASES.values():
            text, values = each.prompt(*case), renderer.last
            [theirs], _ = render_jinja_template([values.pop("messages")], chat_template=template, **values, **special)
            assert theirs.removeprefix(family.bos) == text
    finally:
        each.close()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_way_of_calling(forms: dict[str, TemplateFormat], name: str) -> None:
    assert forms[name].syntax.name == FAMILIES[name].syntax


@pytest.mark.parametrize("name", FAMILIES)
def test_the_first_token_is_left_to_the_engine(forms: dict[str, TemplateFormat], name: str) -> None:
    text = forms[name].prompt((HELLO,), (), ())
    if FAMILIES[name].bos:
        assert FAMILIES[name].bos not in text


@pytest.mark.parametrize("name", FAMILIES)
def test_text_from_outside_is_never_a_mark(forms: dict[str, TemplateFormat], name: str) -> None:
    """The same conversation with an attack in every place that text comes from: as many marks as with harmless words."""
    family, form = FAMILIES[name], forms[name]
    marks = [*family.control, *form.syntax.marks, *re.findall(r"<\|\w+\|>|<\w+>|\[/?[A-Z_]+\]", template_of(name))]
    marks += [mark for mark in family.user_defined if not mark.isspace()]

    def counted(words: str) -> dict[str, int]:
        tool = {"name": "TurnOn", "description": words, "parameters": {"properties": {"name": {"enum": [words], words: 1}}}}
        tools = (Tool.model_validate({"function": tool}),)
        used = Message(role="assistant", tool_calls=(call("TurnOn", {"name": words, words: [words]}, words),))
        messages = (
            said("system", words),
            said("user", words),
            used,
            Message(role="tool", content=words, tool_call_id=words, name=words),
            said("assistant", words),
            said("user", words),
        )
        text = form.prompt(messages, tools, (f"{words}: light @ {words}: on",))
        return {mark: text.count(mark) for mark in marks}

    harmless = counted("harmless words")
    for mark in set(marks):
        assert counted(f"a{mark}b {mark}") == harmless, mark
    joined = "".join(dict.fromkeys(marks))
    assert counted(joined) == harmless
    assert counted(f"<{joined}>") == harmless


def test_harmless_text_is_left_alone(forms: dict[str, TemplateFormat]) -> None:
    text = "if a < b and c[0] > 1: <b>bold</b> [x] a|b <|\n\n   indented  ☀️ <not a mark>"
    for each in forms.values():
        assert text.replace("\n\n", "") in each.prompt((said("user", f"x {text} x"),), (), ()).replace("\n\n", "")


def test_what_never_changes_stays_in_front(forms: dict[str, TemplateFormat]) -> None:
    """Another state of the home leaves system text and tools as a common beginning."""
    for name, each in forms.items():
        if name.startswith("mistral"):  # its template puts system text and tools before the last user message
            continue
        for messages in ((SYSTEM, ASK), (ASK,)):
            one, two = (each.prompt(messages, TOOLS, (line,)) for line in ("Lamp: light: on", "Lamp: light: off"))
            common = one[: next(i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b)]
            assert ("You are kind." in common) == (SYSTEM in messages), name
            assert "Nevermind" in common, name


def test_messages_of_one_role_in_a_row(forms: dict[str, TemplateFormat]) -> None:
    for name, each in forms.items():
        text = each.prompt((HELLO, said("user", "again")), (), ())
        assert text.index("hello") < text.index("again"), name
        text = each.prompt((HELLO, said("assistant", "one"), said("assistant", "two"), ASK), (), ())
        assert text.index("one") < text.index("two") < text.index("light please"), name


def test_calls_that_nobody_spoke_of_afterwards(forms: dict[str, TemplateFormat]) -> None:
    """The model was asked once: its calls, their results, and then the next request."""
    for name, each in forms.items():
        text = each.prompt((HELLO, CALL, RESULT, ASK, CALL, RESULT, said("user", "thanks")), TOOLS, ())
        assert text.index("It is on.") < text.index("light please") < text.rindex("It is on.") < text.rindex("thanks"), name


def test_what_a_template_refuses_is_the_requests_fault(forms: dict[str, TemplateFormat]) -> None:
    with pytest.raises(TemplateRefused) as caught:
        forms["gemma-2"].prompt((said("assistant", "I begin"), HELLO), (), ())
    assert caught.value.status == 400
    assert "I begin" not in str(caught.value)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for %}", "compiled"),
        ("{{ raise_exception('never') }}", "render"),
        ("static text", "render"),
        ("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}", "render"),
        ("{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "render"),
        ("{{ messages[0].content }}{{ 'a' * 10 ** 10 }}", "render"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "render"),
        ("x" * (2**20 + 1), "too long"),
    ],
)
def test_templates_that_do_not_work_or_do_harm(template: str, words: str) -> None:
    with pytest.raises(ModelUnusable, match=words):
        open_template(header(template, FAMILIES["qwen-2.5"]), Decoding(), "file.gguf")


def test_a_file_without_a_template() -> None:
    with pytest.raises(ModelUnusable, match="no chat template"):
        open_template(Header({}, ()), Decoding(), "file.gguf")


def test_a_template_that_harms_only_later_fails_one_request() -> None:
    harmful = "{% for m in messages %}{{ m.content }}{% if m.content == 'now' %}{{ 'a' * 10 ** 10 }}{% endif %}{% endfor %}"
    each = open_template(header(harmful, FAMILIES["qwen-2.5"]), Decoding(), "file.gguf")
    try:
        with pytest.raises(Exception, match="too much time or memory"):
            each.prompt((said("user", "now"),), (), ())
        assert each.prompt((HELLO,), (), ()) == "hello"
    finally:
        each.close()


def test_tools_travel_as_they_were_declared(forms: dict[str, TemplateFormat]) -> None:
    text = forms["qwen-2.5"].prompt((ASK,), TOOLS, ())
    declared = [json.loads(line) for line in text.split("<tools>\n")[1].split("\n</tools>")[0].splitlines()]
    assert [Tool.model_validate(tool) for tool in declared] == list(TOOLS)
