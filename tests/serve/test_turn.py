from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.artifacts import ModelManifest
from schemas.conversation import Message, call
from schemas.errors import PromptTooLong, RequestError
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TurnFinished, TurnStarted
from schemas.pipeline import Decoding
from serve.engines.grammar import ToolChoice
from serve.engines.pieces import Pieces
from serve.engines.protocol import Delta, Finished, Sampling
from serve.engines.scripted import ScriptedEngine
from serve.engines.structured import grammar_of_schema
from serve.formats.rottie import RottieFormat
from serve.turn import Answerer, MalformedCall, TurnRequest
from tests.serve.formats.families import form
from tests.tiny import TOOLS

HOME = ("Hall lamp: light @ Hall: on",)


class Recording(ScriptedEngine):
    """Remembers what it was asked."""

    def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
    ) -> Any:
        self.prompt, self.grammar = prompt, grammar
        return super().generate(prompt, sampling, grammar, adapter)


def answerer(reply: str, *, context: int = 1024, home: bool = False, arguments: Any = "typed") -> Answerer:
    manifest = ModelManifest(
        candidate="c0ffee",
        pipeline="p",
        dataset="d",
        context=context,
        parameters=1,
        decoding=Decoding(arguments=arguments),
        tools=TOOLS,
        home=home,
        serve="model.gguf",
        files={},
    )
    return Answerer(Recording([("", reply)], context=context), manifest, HOME)


def said(*contents: str) -> tuple[Message, ...]:
    return tuple(Message(role="user", content=content) for content in contents)


async def events(answerer: Answerer, request: TurnRequest) -> list[Any]:
    found = [event async for event in answerer.answer(request)]
    assert isinstance(found[0], TurnStarted)
    assert len({event.inference_id for event in found}) == 1
    assert [event.at_ms for event in found] == sorted(event.at_ms for event in found)
    return found


def shape(found: list[Any]) -> list[Any]:
    """What matters of each event, for comparing a whole turn."""
    seen: list[Any] = []
    for event in found:
        if isinstance(event, ReplyDelta):
            seen.append(event.text)
        elif isinstance(event, CallsReady):
            seen.append([(item.function.name, item.function.parsed()) for item in event.calls])
        elif isinstance(event, TurnFinished):
            seen.append((event.finish_reason, event.completion_tokens))
    return seen


async def test_speech_comes_in_pieces_without_its_first_space() -> None:
    found = await events(answerer(" Good morning, you."), TurnRequest(said("hello")))
    assert shape(found) == ["Good", " morning,", " you.", ("stop", 3)]
    assert found[0].model == "c0ffee"


@pytest.mark.parametrize(
    ("format_", "told"), [("rottie", "switch off the Hall lamp"), ("template", "switch off the light in the hall")]
)
async def test_a_model_of_our_own_reads_the_names_of_things(format_: str, told: str) -> None:
    made = answerer(" ok", home=True)
    made.manifest = made.manifest.model_copy(update={"format": format_})
    await events(made, TurnRequest(said("switch off the light in the hall")))
    assert told in made.engine.prompt


async def test_a_call_comes_whole_with_an_id_of_its_own() -> None:
    found = await events(answerer('TurnOn{"name":" hall lamp"}\nNevermind{}'), TurnRequest(said("on")))
    assert shape(found) == [[("TurnOn", {"name": "hall lamp"}), ("Nevermind", {})], ("tool_calls", 4)]
    ids = [item.id for item in found[1].calls]
    assert len(set(ids)) == 2
    assert all(item.startswith(f"call_{found[0].inference_id[:16]}") for item in ids)


async def test_a_word_that_never_becomes_a_call_is_speech() -> None:
    assert shape(await events(answerer("Hello"), TurnRequest(said("x"))))[:-1] == ["Hello"]
    assert shape(await events(answerer("Hello there"), TurnRequest(said("x"))))[:-1] == ["Hello there"]


async def test_braces_are_speech_where_no_tool_is_offered() -> None:
    found = await events(answerer("TurnOn{}"), TurnRequest(said("x"), tools=()))
    assert shape(found) == ["TurnOn{}", ("stop", 1)]


@pytest.mark.parametrize("reply", ['TurnOn{"name":', 'TurnOn{"name":" x"} and', "Explode{}"])
async def test_a_call_that_cannot_be_used_is_an_error(reply: str) -> None:
    with pytest.raises(MalformedCall):
        await events(answerer(reply), TurnRequest(said("x")))


async def test_a_call_cut_off_at_the_limit_is_no_call() -> None:
    found = await events(answerer('TurnOn{"name":" a b c d"}'), TurnRequest(said("x"), sampling=Sampling(max_tokens=3)))
    assert shape(found) == [("length", 3)]


async def test_the_oldest_turns_give_way() -> None:
    long = Message(role="user", content="word " * 60)
    ran = Message(role="assistant", tool_calls=(call("TurnOn", {"name": "x"}, "call_0"),))
    result = Message(role="tool", content="done", tool_call_id="call_0")
    messages = (Message(role="system", content="Be kind."), long, ran, result, *said("second"), ran, result, *said("newest"))
    small = answerer(" ok", context=80)
    await events(small, TurnRequest(messages, sampling=Sampling(max_tokens=8)))
    prompt = small.engine.prompt
    assert "Be kind." in prompt
    assert "newest" in prompt
    assert "second" in prompt
    assert "word" not in prompt
    assert prompt.count("<|tool|>") == 1  # a result never stays without its call


async def test_a_whole_conversation_is_refused_where_it_does_not_fit() -> None:
    small = answerer(" ok", context=80)
    messages = said("word " * 90, "newest")
    with pytest.raises(PromptTooLong, match="the conversation") as caught:
        await events(small, TurnRequest(messages, whole=True))
    assert (caught.value.where, caught.value.status) == ("messages", 400)
    await events(small, TurnRequest(messages))
    assert "word" not in small.engine.prompt
    await events(small, TurnRequest(said("word " * 20, "newest"), whole=True, sampling=Sampling(max_tokens=70)))
    assert "word" in small.engine.prompt


@pytest.mark.parametrize(
    ("earlier", "trained", "seen"), [("all", 1, 3), ("trained", 1, 1), ("trained", 2, 2), (0, 3, 1), (1, 1, 2)]
)
async def test_a_model_gets_as_many_turns_as_it_can_use(earlier: Any, trained: int, seen: int) -> None:
    asked = answerer(" ok")
    asked.manifest = asked.manifest.model_copy(update={"turns": trained})
    system = Message(role="system", content="Be kind.")
    await events(asked, TurnRequest((system, *said("first", "second", "third")), earlier=earlier))
    assert asked.engine.prompt.count("<|user|>") == seen
    assert "third" in asked.engine.prompt
    assert "Be kind." in asked.engine.prompt


async def test_a_model_that_others_trained_for_conversations_gets_all() -> None:
    asked = answerer(" ok")
    asked.manifest = asked.manifest.model_copy(update={"format": "template"})
    await events(asked, TurnRequest(said("first", "second"), earlier="trained"))
    assert asked.engine.prompt.count("<|user|>") == 2


async def test_a_long_conversation_is_counted_a_few_times_only() -> None:
    counted = []

    class Counting(Recording):
        async def tokenize(self, text: str) -> list[int]:
            counted.append(text)
            return await super().tokenize(text)

    asked = answerer("")
    asked.engine = Counting([("", " ok")], context=100)
    await events(asked, TurnRequest(said(*(f"word{i} " * 5 for i in range(200))), sampling=Sampling(max_tokens=20)))
    assert 5 < asked.engine.prompt.count("<|user|>") < 20
    assert "word199" in asked.engine.prompt
    assert len(counted) < 12


async def test_a_newest_turn_that_does_not_fit_is_refused() -> None:
    with pytest.raises(PromptTooLong, match="newest"):
        await events(answerer(" ok", context=60), TurnRequest(said("hello", "word " * 80)))


async def test_nothing_to_answer() -> None:
    with pytest.raises(RequestError, match="nothing to answer"):
        await events(answerer(" ok"), TurnRequest((Message(role="system", content="x"),)))


async def test_tools_and_home_of_the_request_or_the_model() -> None:
    plain, homely = answerer(" ok"), answerer(" ok", home=True)
    await events(plain, TurnRequest(said("x")))
    assert "TurnOn(name)" in plain.engine.prompt
    assert "Hall lamp" not in plain.engine.prompt
    await events(homely, TurnRequest(said("x"), tools=()))
    assert "TurnOn" not in homely.engine.prompt
    assert "<|home|> Hall lamp" in homely.engine.prompt
    await events(homely, TurnRequest(said("x"), home=("Roof window: cover: open",)))
    assert "Roof window" in homely.engine.prompt
    assert "Hall lamp" not in homely.engine.prompt


async def test_the_grammar_follows_the_choice_and_the_request() -> None:
    spanning = answerer(" ok", arguments="span", home=True)
    await events(spanning, TurnRequest(said("dim   it\tnow\u200b")))
    assert '"now"' in spanning.engine.grammar
    assert '"hall lamp"' in spanning.engine.grammar
    assert "<|user|> dim it now<|end|>" in spanning.engine.prompt  # in the normal form that rows are trained with
    await events(spanning, TurnRequest(said("x"), tool_choice=ToolChoice("none")))
    assert "TurnOn" not in spanning.engine.grammar
    with pytest.raises(RequestError):
        await events(spanning, TurnRequest(said("x"), tool_choice=ToolChoice("named", "Absent")))


async def test_closing_a_turn_closes_the_engines_reply() -> None:
    closed = []

    class Watched(ScriptedEngine):
        async def generate(
            self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
        ) -> Any:
            try:
                async for piece in super().generate(prompt, sampling, grammar):
                    yield piece
            finally:
                closed.append(True)

    watched = answerer("")
    watched.engine = Watched([("", " a b c")])
    turn = watched.answer(TurnRequest(said("x")))
    async for event in turn:
        if isinstance(event, ReplyDelta):
            break
    await turn.aclose()
    assert closed == [True]


SCHEMA = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}


async def test_a_reply_under_a_schema_is_no_call() -> None:
    model = answerer('TurnOn{"name":" x"}')
    for request in (
        TurnRequest(said("x"), reply_schema=SCHEMA),
        TurnRequest(said("x"), tools=TOOLS, reply_schema=SCHEMA, tool_choice=ToolChoice("none")),
    ):
        assert shape(await events(model, request))[:-1] == ['TurnOn{"name":"', ' x"}']
        assert model.engine.grammar == grammar_of_schema(SCHEMA)  # type: ignore[attr-defined]
    forced = TurnRequest(said("x"), tools=TOOLS, reply_schema=SCHEMA, tool_choice=ToolChoice("required"))
    assert shape(await events(model, forced))[0] == [("TurnOn", {"name": "x"})]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('TurnOn{"name":" x"}', [[("TurnOn", {"name": "x"})], ("tool_calls", 2)]),
        (' {"on": true}', ['{"on":', " true}", ("stop", 4)]),  # chosen in two tokens, said in two
    ],
)
async def test_a_model_chooses_between_a_call_and_a_document(reply: str, expected: list[Any]) -> None:
    assert shape(await events(answerer(reply), TurnRequest(said("x"), tools=TOOLS, reply_schema=SCHEMA))) == expected


async def test_a_text_is_continued_as_it_stands() -> None:
    model = answerer('TurnOn{"name":" x"}')
    found = await events(model, TurnRequest(prompt="<|user|> on<|end|>"))
    assert "".join(shape(found)[:-1]) == 'TurnOn{"name":" x"}'
    assert (model.engine.prompt, model.engine.grammar) == ("<|user|> on<|end|>", None)  # type: ignore[attr-defined]
    with pytest.raises(PromptTooLong):
        await events(answerer("x", context=8), TurnRequest(prompt="a b c d e f g h i j"))


class Stopping(ScriptedEngine):
    """Ends a reply at its stop strings, as real engines do, and remembers which those were and how it ended."""

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
    ) -> AsyncIterator[Delta | Finished]:
        self.stops, self.closed = sampling.stop, False
        pieces, said = Pieces(sampling.stop), 0
        try:
            async for piece in super().generate(prompt, sampling, grammar):
                if isinstance(piece, Delta):
                    said += 1
                    data = tuple(piece.text.encode())
                    token = TokenLogprob(token=piece.text, logprob=-1.0, bytes=data)
                    if delta := pieces.add(piece.text, (token,) if sampling.logprobs is not None else ()):
                        yield delta
                    if pieces.stopped:
                        yield Finished("stop", 5, 0, said, 0.0, 0.0)
                        return
                    continue
                if rest := pieces.rest():
                    yield rest
                yield piece
        finally:
            self.closed = True


CALLS = {
    "rottie": 'LightSet{"name":" a lamp"}\nNevermind{}',
    "qwen-2.5": '<tool_call>\n{"name": "LightSet", "arguments": {"name": "a lamp"}}\n</tool_call>'
    '\n<tool_call>\n{"name": "Nevermind", "arguments": {}}\n</tool_call>',
    "mistral-nemo": '[TOOL_CALLS][{"name": "LightSet", "arguments": {"name": "a lamp"}}, {"name": "Nevermind", "arguments": {}}]',
}


def stopping(family: str, reply: str) -> Answerer:
    made = answerer("")
    made.engine = Stopping([("", reply)], context=8192)
    made.form = RottieFormat(made.manifest.decoding) if family == "rottie" else form(family)
    return made


@pytest.mark.parametrize("stop", ["lamp", "\n", "}"])
@pytest.mark.parametrize("family", CALLS)
async def test_a_stop_string_within_a_call_belongs_to_the_call(family: str, stop: str) -> None:
    model = stopping(family, CALLS[family])
    try:
        found = shape(await events(model, TurnRequest(said("x"), sampling=Sampling(stop=(stop,)))))
    finally:
        model.form.close()
    assert found[0] == [("LightSet", {"name": "a lamp"}), ("Nevermind", {})]
    assert found[1][0] == "tool_calls"


@pytest.mark.parametrize("stop", ["lamp", "\n", "}"])
@pytest.mark.parametrize("family", CALLS)
async def test_a_stop_string_ends_speech_also_where_tools_are_offered(family: str, stop: str) -> None:
    spoken = f" One lam, two{stop} three " + (CALLS[family] if family != "rottie" else "")
    model = stopping(family, spoken)
    try:
        found = await events(model, TurnRequest(said("x"), sampling=Sampling(stop=(stop, "zebra"), logprobs=0)))
    finally:
        model.form.close()
    assert "".join(event.text for event in found if isinstance(event, ReplyDelta)) == "One lam, two"
    tokens = [token for event in found if isinstance(event, ReplyDelta) for token in event.logprobs]
    assert "".join(token.token for token in tokens) == " One lam, two"
    end = found[-1]
    assert not any(isinstance(event, CallsReady) for event in found)
    # White space is held back until it is clear that no call follows.
    assert (end.finish_reason, end.completion_tokens) == ("stop", 3 + (stop == "\n") * (1 if family == "rottie" else 2))
    assert end.prompt_tokens == len(await model.engine.tokenize(model.form.prompt(said("x"), TOOLS, ())))
    assert model.engine.closed


async def test_what_begins_a_stop_string_is_said_before_a_call() -> None:
    model = stopping("mistral-nemo", "It is la" + CALLS["mistral-nemo"])
    try:
        found = shape(await events(model, TurnRequest(said("x"), sampling=Sampling(stop=("lamp",)))))
        assert "".join(found[:-2]) == "It is la"
        assert found[-2][0] == ("LightSet", {"name": "a lamp"})
        ended = stopping("mistral-nemo", "It is on [TOOL")
        ended.form = model.form
        found = shape(await events(ended, TurnRequest(said("x"), sampling=Sampling(stop=("[TO",), max_tokens=4))))
        assert ("".join(found[:-1]), found[-1]) == ("It is on ", ("stop", 4))
    finally:
        model.form.close()


async def test_where_no_tool_is_offered_the_engine_stops() -> None:
    model = stopping("rottie", " One lamp")
    found = await events(model, TurnRequest(said("x"), tools=(), sampling=Sampling(stop=("la",))))
    assert shape(found) == ["One", " ", ("stop", 2)]
    assert model.engine.stops == ("la",)
