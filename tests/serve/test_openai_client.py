"""The official client against the real gateway and a real (tiny, random) model: what it sends is taken, what it gets it reads.

Random weights say nothing sensible, so that every shape here is the doing of grammars and of the interface.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import httpx
import openai
import pytest
from pydantic import BaseModel, Field
from tokenizers import Tokenizer

from schemas.assistant import LlmEngine
from tests.foreign import write_foreign_export
from tests.seeing import TOKENS, data_url, image, write_projector
from tests.serve.live import LIMITS, Live, live, until
from tests.serve.recordings import tone, wav

MODEL = "champion"
ASK: list[Any] = [{"role": "user", "content": "turn on the hall lamp"}]
LIGHT = {
    "type": "object",
    "properties": {"name": {"type": "string", "enum": ["hall lamp", "tv"]}, "on": {"type": "boolean"}},
    "required": ["name", "on"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "function": {"name": "set_light", "description": "Switch a light.", "parameters": LIGHT}}
OTHER: Any = {"type": "function", "function": {"name": "get_time"}}


class Lamp(BaseModel):
    """Shapes that random weights fill in a few tokens."""

    name: Literal["hall lamp", "tv"]
    on: bool
    level: int = Field(ge=0, le=100)
    tags: list[Literal["warm", "cold"]] = Field(max_length=2)


class Switched(BaseModel):
    name: Literal["hall lamp", "tv"]
    on: bool


@pytest.fixture
def client(server: Live) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=server.key, base_url=f"{server.url}/v1", max_retries=0, timeout=60) as client:
        yield client


def endless(**more: Any) -> dict[str, Any]:
    """A reply that goes on to the end of its context: the end mark cannot be chosen."""
    return {"model": MODEL, "max_tokens": 900, "temperature": 1.0, "seed": 1, "logit_bias": {"1": -100}, **more}


def test_a_reply(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model=MODEL, messages=ASK, max_completion_tokens=8, temperature=0.7, seed=3, tool_choice="none", user="me"
    )
    assert reply.object == "chat.completion"
    assert reply.model == "rottie-llm/7"
    assert reply.choices[0].finish_reason in ("stop", "length")
    assert reply.choices[0].message.content is not None
    assert reply.usage is not None
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens <= 8
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    again = client.chat.completions.create(model=MODEL, messages=ASK, max_completion_tokens=8, tool_choice="none")
    assert again.usage is not None
    assert again.usage.prompt_tokens_details is not None
    assert (again.usage.prompt_tokens_details.cached_tokens or 0) > 0


def test_a_stream_says_what_the_plain_reply_says(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "max_tokens": 24, "tool_choice": "none"}
    plain = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == plain.choices[0].finish_reason
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage is not None
    assert plain.usage is not None
    assert chunks[-1].usage.completion_tokens == plain.usage.completion_tokens


async def test_many_at_once_through_the_async_client(server: Live) -> None:
    async with openai.AsyncOpenAI(api_key=server.key, base_url=f"{server.url}/v1", max_retries=0, timeout=60) as client:

        async def streamed(number: int) -> str:
            stream = await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": f"say {number}"}], max_tokens=8, stream=True
            )
            return [chunk.choices[0].finish_reason async for chunk in stream][-1] or ""

        ends = await asyncio.gather(*[streamed(number) for number in range(6)])
        assert set(ends) <= {"stop", "length", "tool_calls"}
        async with client.chat.completions.stream(model=MODEL, messages=ASK, max_tokens=8, tool_choice="none") as events:
            assert "content.delta" in {event.type async for event in events}


def test_several_choices(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "max_tokens": 12, "temperature": 1.5, "seed": 9, "n": 3}
    asked["tool_choice"] = "none"
    reply = client.chat.completions.create(**asked)
    texts = [choice.message.content for choice in reply.choices]
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert len(set(texts)) > 1
    assert reply.usage is not None
    assert reply.usage.completion_tokens > 12
    single = client.chat.completions.create(**{**asked, "n": 1})
    assert single.usage is not None
    assert single.usage.prompt_tokens == reply.usage.prompt_tokens
    streamed = {0: "", 1: "", 2: ""}
    ends = []
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
            ends += [choice.index] if choice.finish_reason else []
    assert sorted(ends) == [0, 1, 2]
    assert all(streamed.values())


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "set_light"}}])
@pytest.mark.parametrize("stream", [False, True])
def test_calls_always_fit_their_tool(client: openai.OpenAI, choice: Any, stream: bool) -> None:
    tools = [TOOL] if choice == "required" else [TOOL, OTHER]
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "tools": tools, "tool_choice": choice, "max_tokens": 400}
    asked |= {"temperature": 1.0, "seed": 5, "parallel_tool_calls": False}
    if stream:
        with client.chat.completions.stream(**asked) as events:
            reply: Any = events.get_final_completion()
    else:
        reply = client.chat.completions.create(**asked)
    assert reply.choices[0].finish_reason == "tool_calls"
    (call,) = reply.choices[0].message.tool_calls
    assert call.function.name == "set_light"
    arguments = json.loads(call.function.arguments)
    assert set(arguments) == {"name", "on"}
    assert arguments["name"] in ("hall lamp", "tv")
    # What came of the call goes back in.
    history = [*ASK, reply.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "done"}]
    after = client.chat.completions.create(model=MODEL, messages=history, tools=[TOOL], tool_choice="none", max_tokens=4)
    assert after.choices[0].message.tool_calls is None


def test_only_allowed_tools_are_called_and_the_prompt_stays_the_same(client: openai.OpenAI) -> None:
    other = OTHER["function"]["name"]
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "tools": [TOOL, OTHER], "max_tokens": 400, "temperature": 1.0}
    named = {"type": "function", "function": {"name": "set_light"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    every = client.chat.completions.create(**asked, tool_choice="required", seed=1)
    for seed in range(6):
        reply = client.chat.completions.create(**asked, tool_choice=allowed, seed=seed)  # type: ignore[call-overload]
        calls = reply.choices[0].message.tool_calls
        assert calls
        assert {call.function.name for call in calls} == {"set_light"}
        assert reply.usage.prompt_tokens == every.usage.prompt_tokens  # type: ignore[union-attr]
    tools = [{"type": "function", **TOOL["function"]}, {"type": "function", **OTHER["function"]}]
    only = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": other}]}
    found = client.responses.create(model=MODEL, input="on", tools=tools, tool_choice=only, max_output_tokens=400)  # type: ignore[call-overload]
    assert {item.name for item in found.output} == {other}
    absent = {"type": "allowed_tools", "allowed_tools": {"tools": [{"type": "function", "function": {"name": "absent"}}]}}
    with pytest.raises(openai.BadRequestError, match="allows a tool"):
        client.chat.completions.create(**asked, tool_choice=absent)  # type: ignore[call-overload]


def test_parsed_calls_and_parsed_replies(client: openai.OpenAI) -> None:
    called = client.chat.completions.parse(
        model=MODEL,
        messages=ASK,
        tools=[openai.pydantic_function_tool(Switched)],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=800,
    )
    (call,) = called.choices[0].message.tool_calls or []
    assert isinstance(call.function.parsed_arguments, Switched)
    said = client.chat.completions.parse(model=MODEL, messages=ASK, response_format=Lamp, temperature=1.0, seed=2)
    assert isinstance(said.choices[0].message.parsed, Lamp)
    with client.chat.completions.stream(model=MODEL, messages=ASK, response_format=Lamp, temperature=1.0, seed=3) as events:
        assert isinstance(events.get_final_completion().choices[0].message.parsed, Lamp)


def test_any_json_object(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model=MODEL, messages=ASK, response_format={"type": "json_object"}, max_tokens=300, temperature=0.8, seed=4
    )
    text = reply.choices[0].message.content or ""
    assert text.lstrip().startswith("{")
    if reply.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(text), dict)


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities(client: openai.OpenAI, stream: bool) -> None:
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "max_tokens": 6, "tool_choice": "none"}
    asked |= {"logprobs": True, "top_logprobs": 3}
    if stream:
        chunks = client.chat.completions.create(**asked, stream=True)
        found: list[Any] = [token for c in chunks if c.choices[0].logprobs for token in c.choices[0].logprobs.content or ()]
    else:
        logprobs = client.chat.completions.create(**asked).choices[0].logprobs
        assert logprobs is not None
        found = list(logprobs.content or ())
    assert 1 <= len(found) <= 6
    for token in found:
        assert token.logprob <= 0
        assert len(token.top_logprobs) == 3
        best = [other.logprob for other in token.top_logprobs]
        assert best == sorted(best, reverse=True)
        assert best[0] >= token.logprob - 1e-4  # a grammar may have ruled the likeliest out
        assert token.bytes is not None


def test_stop_seed_and_bias(client: openai.OpenAI) -> None:
    asked = endless(messages=ASK, tool_choice="none") | {"max_tokens": 40}
    first = client.chat.completions.create(**asked).choices[0]
    text = first.message.content or ""
    assert first.finish_reason == "length"
    stop = text[10:14]
    stopped = client.chat.completions.create(**asked, stop=[stop]).choices[0]
    assert stopped.finish_reason == "stop"
    assert stopped.message.content == text[: text.index(stop)]
    for setting in (
        {"frequency_penalty": 2.0, "presence_penalty": 1.0},
        {"top_p": 0.2},
        {"extra_body": {"top_k": 5, "min_p": 0.1, "repeat_penalty": 1.3}},
    ):
        client.chat.completions.create(**asked, **setting)  # type: ignore[call-overload]


@pytest.fixture
def tokens_of(tiny_export: Path) -> Callable[[str], list[int]]:
    tokenizer = Tokenizer.from_file(str(tiny_export / "candidate" / "tokenizer.json"))
    return lambda text: tokenizer.encode(text).ids


def test_older_completions(client: openai.OpenAI, tokens_of: Callable[[str], list[int]]) -> None:
    reply = client.completions.create(model=MODEL, prompt=["turn on", "play"], max_tokens=5, n=2, temperature=1.2, seed=1)
    assert [choice.index for choice in reply.choices] == [0, 1, 2, 3]
    assert reply.object == "text_completion"
    echoed = client.completions.create(model=MODEL, prompt="turn on", max_tokens=5, echo=True)
    assert echoed.choices[0].text.startswith("turn on")
    streamed = "".join(
        chunk.choices[0].text
        for chunk in client.completions.create(model=MODEL, prompt="turn on", max_tokens=5, echo=True, stream=True)
    )
    assert streamed == echoed.choices[0].text
    scored = client.completions.create(model=MODEL, prompt="turn on", max_tokens=4, logprobs=2).choices[0]
    assert scored.logprobs is not None
    assert (
        len(scored.logprobs.tokens or ()) == len(scored.logprobs.token_logprobs or ()) == len(scored.logprobs.text_offset or ())
    )
    assert all(len(alternatives) == 2 for alternatives in scored.logprobs.top_logprobs or ())
    same = client.completions.create(model=MODEL, prompt=[tokens_of("turn on")], max_tokens=5)
    assert same.choices[0].text == echoed.choices[0].text.removeprefix("turn on")
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(model=MODEL, prompt="a", suffix="b")
    assert refused.value.param == "suffix"


def test_embeddings(client: openai.OpenAI, tokens_of: Callable[[str], list[int]]) -> None:
    packed = client.embeddings.create(model=MODEL, input=["hall lamp", "the hall lamp", "jazz"])
    plain = client.embeddings.create(model=MODEL, input="hall lamp", encoding_format="float")
    first = packed.data[0].embedding
    assert [item.index for item in packed.data] == [0, 1, 2]
    assert first == pytest.approx(plain.data[0].embedding, abs=1e-4)
    ids = client.embeddings.create(model=MODEL, input=tokens_of("hall lamp"))
    assert first == pytest.approx(ids.data[0].embedding, abs=1e-4)
    assert sum(number * number for number in first) == pytest.approx(1, abs=1e-3)
    assert packed.usage.total_tokens > plain.usage.total_tokens > 0
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=MODEL, input="a", dimensions=3)


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["rottie-llm"]
    for name in ("champion", "rottie-llm", "rottie-llm/7"):
        assert client.models.retrieve(name).id == "rottie-llm"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")


def test_responses(client: openai.OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="hello", instructions="Be short.", max_output_tokens=6, tool_choice="none")
    assert first.status in ("completed", "incomplete")
    assert first.usage is not None
    assert first.usage.output_tokens <= 6
    if first.status == "incomplete":
        assert first.incomplete_details is not None
        assert first.incomplete_details.reason == "max_output_tokens"
    second = client.responses.create(
        model=MODEL, input="and now?", previous_response_id=first.id, max_output_tokens=6, tool_choice="none"
    )
    assert second.previous_response_id == first.id
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(first.id).output_text == first.output_text
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError) as gone:
        client.responses.create(model=MODEL, input="and?", previous_response_id=first.id)
    assert gone.value.param == "previous_response_id"
    private = client.responses.create(model=MODEL, input="hello", max_output_tokens=4, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(private.id)


def test_what_a_response_was_given(client: openai.OpenAI) -> None:
    asked: Any = {"model": MODEL, "max_output_tokens": 4, "tool_choice": "none"}
    plain = client.responses.create(**asked, input="hello")
    (only,) = client.responses.input_items.list(plain.id)
    assert (only.type, only.role, only.content[0].text) == ("message", "user", "hello")  # type: ignore[union-attr]
    call: Any = {"type": "function_call", "call_id": "c1", "name": "set_light", "arguments": "{}"}
    given: Any = [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": [{"type": "input_text", "text": "turn it on"}], "id": "msg_mine"},
        {"role": "assistant", "content": "Which?"},
        call,
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
        {"role": "user", "content": "and?"},
    ]
    made = client.responses.create(**asked, input=given, previous_response_id=plain.id)
    for order in ("asc", "desc"):
        found = list(client.responses.input_items.list(made.id, order=order, limit=2))  # type: ignore[arg-type]
        assert len({item.id for item in found}) == 6
        found = found if order == "asc" else found[::-1]
        kinds = [item.type for item in found]
        assert kinds == ["message"] * 3 + ["function_call", "function_call_output", "message"]
        assert found[1].id == "msg_mine"
        assert [item.content[0].text for item in found if item.type == "message"] == ["Be short.", "turn it on", "Which?", "and?"]
        assert [item.content[0].type for item in found if item.type == "message"][1:3] == ["input_text", "output_text"]
    page = client.responses.input_items.list(made.id, limit=4)
    assert page.has_more
    assert not client.responses.input_items.list(made.id, limit=4, after=page.last_id).has_more  # type: ignore[attr-defined]
    with pytest.raises(openai.BadRequestError) as nowhere:
        client.responses.input_items.list(made.id, after="msg_other")
    assert nowhere.value.param == "after"
    with pytest.raises(openai.BadRequestError):
        client.responses.input_items.list(made.id, limit=101)
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.input_items.list(made.id)


def test_responses_that_are_not_cut(client: openai.OpenAI) -> None:
    asked: Any = {"model": MODEL, "max_output_tokens": 4, "tool_choice": "none"}
    long: Any = [{"role": "user", "content": "word " * 5000}, {"role": "user", "content": "hello"}]
    cut = client.responses.create(**asked, input=long)
    assert cut.truncation == "auto"
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**asked, input=long, truncation="disabled")
    assert refused.value.code == "request.too_long"
    assert client.responses.create(**asked, input="hello", truncation="disabled").truncation == "disabled"


def test_responses_call_and_are_told_what_came_of_it(client: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", "strict": True, **TOOL["function"]}]
    asked: Any = {"model": MODEL, "tools": tools, "max_output_tokens": 400}
    called = client.responses.create(**asked, input="turn it on", tool_choice={"type": "function", "name": "set_light"})
    (call,) = [item for item in called.output if item.type == "function_call"]
    assert set(json.loads(call.arguments)) == {"name", "on"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "done"}
    after = client.responses.create(**asked, input=[result], previous_response_id=called.id, tool_choice="none")
    assert after.output_text is not None
    whole: Any = [{"role": "user", "content": "turn it on"}, *called.output, result]
    assert client.responses.create(**asked, input=whole, tool_choice="none").status in ("completed", "incomplete")


def test_streamed_and_parsed_responses(client: openai.OpenAI) -> None:
    parsed = client.responses.parse(model=MODEL, input="a lamp", text_format=Lamp, temperature=1.0)
    assert isinstance(parsed.output_parsed, Lamp)
    with client.responses.stream(model=MODEL, input="a lamp", text_format=Lamp) as events:
        seen = list(events)
        final = events.get_final_response()
    assert isinstance(final.output_parsed, Lamp)
    assert seen[0].type == "response.created"
    assert seen[-1].type == "response.completed"
    assert [event.sequence_number for event in seen] == sorted(event.sequence_number for event in seen)
    deltas = "".join(event.delta for event in seen if event.type == "response.output_text.delta")
    assert deltas == final.output_text
    with client.responses.stream(
        model=MODEL, input="on", tools=[{"type": "function", **TOOL["function"]}], tool_choice="required"
    ) as events:  # type: ignore[list-item]
        kinds = [event.type for event in events]
    assert "response.function_call_arguments.done" in kinds


def test_errors_are_the_clients_own(server: Live, client: openai.OpenAI) -> None:
    def asking(**more: Any) -> None:
        client.chat.completions.create(**{"model": MODEL, "messages": ASK, **more})

    with pytest.raises(openai.NotFoundError) as missing:
        asking(model="gpt-4")
    assert missing.value.code == "registry.missing"
    with pytest.raises(openai.BadRequestError) as bad:
        asking(temperature=9)
    assert bad.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as long:
        asking(messages=[{"role": "user", "content": "word " * 5000}])
    assert long.value.code == "request.too_long"
    with pytest.raises(openai.APIStatusError) as large:
        asking(messages=[{"role": "user", "content": "x" * LIMITS.request_bytes}])
    assert large.value.status_code == 413
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        client.moderations.create(input="x")


@pytest.mark.parametrize("n", [1, 3])
def test_a_client_that_leaves_a_stream_frees_its_place(server: Live, client: openai.OpenAI, n: int) -> None:
    finished = server.number("rottie_tokens_total")
    stream = client.chat.completions.create(**endless(messages=ASK, tool_choice="none", stream=True, n=n))
    next(iter(stream))
    stream.close()
    until(server.at_rest, "the turn ends")
    assert server.number("rottie_tokens_total") == finished  # it was ended: a whole turn would have been counted
    assert client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2).choices


def test_a_client_that_leaves_a_plain_request_frees_its_place(server: Live, client: openai.OpenAI) -> None:
    finished = server.number("rottie_tokens_total")
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=httpx.Timeout(5, read=0.05)).chat.completions.create(
            **endless(messages=ASK, tool_choice="none", n=4)
        )
    until(server.at_rest, "the turns end")
    assert server.number("rottie_tokens_total") == finished


def test_a_call_or_a_parsed_reply(client: openai.OpenAI) -> None:
    """With tools and a format both, the model chooses; whatever it does follows its schema."""
    said, called = 0, 0
    for seed in range(24):
        reply = client.chat.completions.parse(
            model=MODEL,
            messages=ASK,
            tools=[openai.pydantic_function_tool(Switched)],
            response_format=Lamp,
            temperature=2.0,
            seed=seed,
            max_tokens=800,
            parallel_tool_calls=False,
        )
        message = reply.choices[0].message
        if message.tool_calls:
            called += 1
            assert message.content is None
            assert isinstance(message.tool_calls[0].function.parsed_arguments, Switched)
        else:
            said += 1
            assert isinstance(message.parsed, Lamp)
    assert said
    assert called
    with client.responses.stream(
        model=MODEL, input="on", text_format=Lamp, tools=[{"type": "function", **TOOL["function"]}], temperature=1.0
    ) as events:
        assert [event.type for event in events][-1] == "response.completed"


def test_more_than_the_queue_takes_is_told_when_to_come_back(server: Live, client: openai.OpenAI) -> None:
    def ask(number: int) -> tuple[int, str | None, str | None] | None:
        try:
            reply: Any = client.chat.completions.create(**endless(messages=ASK, max_tokens=60, n=8, stream=bool(number % 2)))
            if number % 2:
                list(reply)
            return None
        except openai.APIStatusError as error:
            return error.status_code, error.code, error.response.headers.get("retry-after")

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(ask, range(24))) == {None, (503, "engine.overloaded", "1")}
    until(server.at_rest, "nothing is left of those that were refused")


def test_transcriptions(client: openai.OpenAI) -> None:
    file = ("said.wav", wav(tone(1.5)), "audio/wav")
    plain = client.audio.transcriptions.create(model="rottie-stt", file=file)
    assert plain.text == "turn on the hall lamp"
    verbose = client.audio.transcriptions.create(
        model="whisper-1",
        file=file,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="en",
        prompt="hall lamp, tv",
        temperature=0,
    )
    assert verbose.duration == 1.5
    assert verbose.segments is not None
    assert [word.word for word in verbose.words or ()] == ["turn", "on", "the", "hall", "lamp"]
    for form in ("text", "srt", "vtt"):
        assert "turn on the hall lamp" in str(
            client.audio.transcriptions.create(model="rottie-stt", file=file, response_format=form)
        )  # type: ignore[call-overload]
    for model in ("rottie-stt", "gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "gpt-transcribe"):
        more: dict[str, Any] = {"include": ["logprobs"], "chunking_strategy": "auto"}
        streamed = list(client.audio.transcriptions.create(model=model, file=file, stream=True, **more))
        assert [event.type for event in streamed] == ["transcript.text.delta", "transcript.text.done"]
    with pytest.raises(openai.BadRequestError) as damaged:
        client.audio.transcriptions.create(model="rottie-stt", file=("said.wav", b"RIFF"))
    assert damaged.value.code == "request.audio"
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(model="gpt-4", file=file)
    for wrong in ("gpt-4o", "gpt-4o-mini-tts", "tts-1", "my-whisper-1"):
        with pytest.raises(openai.NotFoundError):
            client.audio.transcriptions.create(model=wrong, file=file)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4o-transcribe", messages=ASK)


def test_speech(client: openai.OpenAI, tmp_path: Path) -> None:
    whole = client.audio.speech.create(model="rottie-tts", voice="alloy", input="Hello. It is late.", response_format="wav")
    assert whole.content.startswith(b"RIFF")
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="nova", input="Hello. It is late.") as streamed:
        streamed.stream_to_file(tmp_path / "said.mp3")
    heard = client.audio.transcriptions.create(model="rottie-stt", file=tmp_path / "said.mp3")
    assert heard.text == "turn on the hall lamp"  # whatever it hears
    newer = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="coral", input="Hello. It is late.", instructions="Cheerfully.", response_format="wav"
    )
    assert newer.content == whole.content
    events = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="coral", input="Hello. It is late.", stream_format="sse", response_format="wav"
    )
    *pieces, done = [json.loads(line[6:]) for line in events.text.splitlines() if line]
    assert {piece["type"] for piece in pieces} == {"speech.audio.delta"}
    assert b"".join(base64.b64decode(piece["audio"]) for piece in pieces) == whole.content
    assert (done["type"], done["usage"]["total_tokens"]) == ("speech.audio.done", 0)
    for wrong in ("gpt-4o", "gpt-4o-transcribe", "whisper-1"):
        with pytest.raises(openai.NotFoundError):
            client.audio.speech.create(model=wrong, voice="alloy", input="Hello.")
    with pytest.raises(openai.BadRequestError) as unspeakable:
        client.audio.speech.create(model="rottie-tts", voice="alloy", input="...")
    assert unspeakable.value.code == "request.unspeakable"


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """A client of a model with a projector."""
    export = tmp_path_factory.mktemp("seeing")
    write_foreign_export(export, "qwen-2.5")
    engine = LlmEngine(context=1024, slots=2, projector=write_projector(export / "mmproj.gguf"))
    limits = LIMITS.model_copy(update={"image_pixels": 250_000})
    with (
        live(export, tmp_path_factory.mktemp("root"), limits, engine) as server,
        openai.OpenAI(api_key=server.key, base_url=f"{server.url}/v1", max_retries=0, timeout=60) as client,
    ):
        yield client
        until(server.at_rest, "every turn and request has ended")
        with server.http() as http:
            assert 'status="5' not in http.get("/metrics").text


def looking(*urls: str, text: str = "what is it?") -> list[Any]:
    images = [{"type": "image_url", "image_url": {"url": url, "detail": "high"}} for url in urls]
    return [{"role": "user", "content": [*images, {"type": "text", "text": text}]}]


RED, BLUE = data_url(image("red")), data_url(image("blue", form="WEBP"), "webp")


def test_images_are_seen(seeing: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": MODEL, "tools": [], "max_tokens": 6, "logprobs": True}

    def seen(messages: list[Any]) -> tuple[int, list[float]]:
        reply = seeing.chat.completions.create(**asked, messages=messages)
        assert reply.usage is not None
        assert reply.choices[0].logprobs is not None
        return reply.usage.prompt_tokens, [token.logprob for token in reply.choices[0].logprobs.content or ()]

    (plain, _), (red, first), (blue, second) = seen(looking()), seen(looking(RED)), seen(looking(BLUE))
    assert red == blue == plain + TOKENS
    assert first != pytest.approx(second, abs=1e-2)
    assert seen(looking(RED))[1] == pytest.approx(first, abs=1e-2)
    assert seen(looking(RED, BLUE))[0] == plain + 2 * TOKENS
    photograph = data_url(image("red", (500, 400), "JPEG"), "jpeg")
    streamed = list(seeing.chat.completions.create(**asked, messages=looking(photograph), stream=True, n=2))
    assert {choice.index for chunk in streamed for choice in chunk.choices if choice.finish_reason} == {0, 1}
    parsed = seeing.chat.completions.parse(model=MODEL, messages=looking(RED), response_format=Switched, temperature=1.0, seed=5)
    assert isinstance(parsed.choices[0].message.parsed, Switched)


def test_images_in_responses_are_remembered_until_there_are_too_many(seeing: openai.OpenAI) -> None:
    def shown(url: str) -> list[Any]:
        image = {"type": "input_image", "image_url": url, "detail": "auto"}
        return [{"role": "user", "content": [{"type": "input_text", "text": "and this? "}, image]}]

    last, sizes = None, []
    for number in range(7):
        reply = seeing.responses.create(
            model=MODEL, input=shown(BLUE if number % 2 else RED), previous_response_id=last, tools=[], max_output_tokens=2
        )
        assert reply.usage is not None
        last, sizes = reply.id, [*sizes, reply.usage.input_tokens]
    assert sizes[:4] == sorted(set(sizes[:4]))
    assert max(sizes[4:]) < 1.5 * sizes[3]


@pytest.mark.parametrize(
    ("urls", "code", "place"),
    [
        (["https://example.com/cat.png"], "request.image", "messages.0.content.0.image_url"),
        ([RED, "data:image/png;base64,@@"], "request.image", "messages.0.content.1.image_url"),
        (["data:image/png;base64,aGVsbG8="], "request.image", "messages.0.content.0.image_url"),
        ([data_url(image(size=(600, 600)))], "request.image", "messages.0.content.0.image_url"),
        ([data_url(image(size=(2, 600)))], "request.image", "messages.0.content.0.image_url"),
        ([data_url(image()[:60])], "request.image", "messages"),
        ([RED] * 5, "request", "messages"),
    ],
)
def test_images_that_are_refused(seeing: openai.OpenAI, urls: list[str], code: str, place: str) -> None:
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as refused:
            seeing.chat.completions.create(model=MODEL, messages=looking(*urls), max_tokens=2, stream=stream)
        assert (refused.value.code, refused.value.param) == (code, place)
        assert "fetched" in refused.value.message or code == "request"
    parts: Any = [{"type": "input_image", "image_url": url, "detail": "low"} for url in urls]
    with pytest.raises(openai.BadRequestError) as refused:
        seeing.responses.create(model=MODEL, input=[{"role": "user", "content": parts}])
    assert refused.value.code == code


def test_images_of_a_model_that_sees_none(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=MODEL, messages=looking(RED), max_tokens=2)
    assert refused.value.code == "request.no_projector"
    with pytest.raises(openai.APIStatusError) as large:
        client.chat.completions.create(model=MODEL, messages=looking(RED + "A" * LIMITS.request_bytes))
    assert large.value.status_code == 413
