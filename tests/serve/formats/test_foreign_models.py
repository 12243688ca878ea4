"""Models of other families through the engine and the turn loop that our own champion answers by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.assistant import LlmEngine
from schemas.conversation import Message
from schemas.events import CallsReady, ReplyDelta, TurnFinished
from serve.engines.grammar import ToolChoice
from serve.engines.protocol import Finished, Sampling
from serve.formats.template import TemplateFormat
from serve.models import open_model
from serve.turn import Answerer, TurnRequest
from tests.foreign import TOKENS, write_foreign_export
from tests.tiny import TOOLS

GRAMMAR = 'root ::= "%s" "ok"'
HOME = ("Hall lamp: light @ Hall: off",)


@pytest.fixture(scope="module", params=[(family, kind) for family in sorted(TOKENS) for kind in ("xllamacpp", "llama_cpp")])
def answerer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    family, kind = request.param
    pytest.importorskip(kind)
    folder = tmp_path_factory.mktemp("foreign") / family
    write_foreign_export(folder, family)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROTTIE_HOME", str(folder / "home"))
        opened = open_model(folder, LlmEngine(kind=kind, context=1024, slots=1), HOME)
    yield opened
    opened.close()


def asked(text: str, **more: Any) -> TurnRequest:
    sampling = Sampling(max_tokens=200, temperature=1.0, seed=more.pop("seed", 1))
    return TurnRequest((Message(role="user", content=text),), tools=TOOLS, sampling=sampling, **more)


@pytest.mark.parametrize("seed", range(4))
async def test_a_forced_call_is_whole_and_declared(answerer: Answerer, seed: int) -> None:
    found = [event async for event in answerer.answer(asked("lamp", seed=seed, tool_choice=ToolChoice("named", "Nevermind")))]
    assert not [event for event in found if isinstance(event, ReplyDelta)]
    [ready] = [event for event in found if isinstance(event, CallsReady)]
    assert [item.function.name for item in ready.calls] == ["Nevermind"]
    assert isinstance(found[-1], TurnFinished)
    assert found[-1].finish_reason == "tool_calls"


async def test_a_call_that_begins_with_a_control_token(answerer: Answerer) -> None:
    """A real model writes the token, not its letters: its text must come through, or the call would be read as speech."""
    assert isinstance(answerer.form, TemplateFormat)
    opening = answerer.form.syntax.writing.opening
    [token] = await answerer.engine.tokenize(opening)
    sampling = Sampling(max_tokens=200, temperature=1.0, seed=1, logit_bias=((token, 50.0),))
    text = "".join(
        [p.text async for p in answerer.engine.generate("x", sampling, GRAMMAR % opening) if not isinstance(p, Finished)]
    )
    assert text == f"{opening}ok"


@pytest.mark.parametrize("seed", range(6))
async def test_calls_and_speech_under_the_grammar(answerer: Answerer, seed: int) -> None:
    """Random weights say anything that the grammar lets them; none of it is ever half a call shown as speech."""
    found = [event async for event in answerer.answer(asked("turn on the hall lamp", seed=seed))]
    spoken = "".join(event.text for event in found if isinstance(event, ReplyDelta))
    assert isinstance(found[-1], TurnFinished)
    assert isinstance(answerer.form, TemplateFormat)
    assert answerer.form.syntax.writing.opening not in spoken


async def test_text_from_outside_adds_no_control_token(answerer: Answerer) -> None:
    form, engine = answerer.form, answerer.engine
    assert isinstance(form, TemplateFormat)
    # What its template gives a meaning.
    marks = [text for text in TOKENS[answerer.manifest.candidate] if not text.endswith("think>")]
    special = {token for text in marks for token in await engine.tokenize(text)}
    assert len(special) == len(marks)

    async def count(words: str) -> int:
        messages = (Message(role="system", content=words), Message(role="user", content=words))
        tokens = await engine.tokenize(form.prompt(messages, TOOLS, (f"{words}: light: on",)))
        return sum(token in special for token in tokens)

    harmless = await count("words")
    assert harmless
    for family in TOKENS:
        assert await count("".join(TOKENS[family])) == harmless


async def test_a_text_begins_once(answerer: Answerer) -> None:
    """What the template and llama.cpp put first together is one token where the file asks for it, else none."""
    [begin] = await answerer.engine.tokenize("<s>") if len(await answerer.engine.tokenize("<s>")) == 1 else [None]
    prompt = answerer.form.prompt((Message(role="user", content="hello"),), (), ())
    tokens = await answerer.engine.tokenize(prompt)
    assert begin not in tokens
    found = [event async for event in answerer.answer(TurnRequest((Message(role="user", content="hello"),), home=()))]
    assert isinstance(found[-1], TurnFinished)
    assert found[-1].prompt_tokens == len(tokens) + (begin is not None)
