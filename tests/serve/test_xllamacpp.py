from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from schemas.errors import EngineError, GrammarUnusable, ModelUnusable, Overloaded, PromptTooLong, RequestError
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.llama_server import Guesses
from serve.engines.protocol import Delta, Finished, LlmEngine, Sampling
from serve.engines.xllamacpp import XllamacppEngine

PROMPT = f"{USER} turn on the hall lamp{END}{ASSISTANT}"


@pytest.fixture(scope="module")
def engine(tiny_export: Path) -> Iterator[XllamacppEngine]:
    engine = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=1024, slots=2)
    yield engine
    engine.close()


@pytest.fixture(scope="module", params=["xllamacpp", "llama_cpp"])
def kind(request: pytest.FixtureRequest) -> Any:
    """Either engine, as its class."""
    if request.param == "xllamacpp":
        return XllamacppEngine
    pytest.importorskip("llama_cpp", reason="the extra llama-cpp is not installed: it compiles for minutes")
    from serve.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine


@pytest.fixture(scope="module")
def of_either_kind(kind: Any, tiny_export: Path) -> Iterator[LlmEngine]:
    engine = kind(tiny_export / "model-q8_0.gguf", context=1024, slots=2)
    yield engine
    engine.close()


async def reply(engine: LlmEngine, sampling: Sampling, grammar: str | None = None, prompt: str = PROMPT) -> tuple[str, Finished]:
    pieces = [piece async for piece in engine.generate(prompt, sampling, grammar)]
    ends = [piece for piece in pieces if isinstance(piece, Finished)]
    assert len(ends) == 1
    assert pieces[-1] is ends[0]
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta)), ends[0]


async def pieces_of(engine: XllamacppEngine, sampling: Sampling, grammar: str) -> list[Delta | Finished]:
    return [piece async for piece in engine.generate(PROMPT, sampling, grammar)]


async def test_a_reply_ends_once_and_is_counted(of_either_kind: LlmEngine) -> None:
    engine = of_either_kind
    text, end = await reply(engine, Sampling(max_tokens=20, temperature=1, seed=1))
    assert text
    assert end.finish_reason in ("length", "stop")
    assert end.completion_tokens <= 20
    assert end.prompt_tokens == len(await engine.tokenize(PROMPT))
    assert end.prompt_ms > 0
    _, again = await reply(engine, Sampling(max_tokens=20, temperature=1, seed=1))
    assert again.cached_tokens == again.prompt_tokens - 1


async def test_the_same_seed_says_the_same(tiny_export: Path) -> None:
    single = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=512, slots=1)
    try:
        sampling = Sampling(max_tokens=16, temperature=1.2, seed=7)
        await reply(single, sampling)
        assert (await reply(single, sampling))[0] == (await reply(single, sampling))[0]
        assert (await reply(single, sampling))[0] != (await reply(single, Sampling(max_tokens=16, temperature=1.2, seed=8)))[0]
    finally:
        single.close()


async def test_a_grammar_holds_and_characters_come_whole(engine: XllamacppEngine) -> None:
    wanted = ' "naïve" 猫☀️🏳️‍🌈 \\'
    quoted = wanted.replace("\\", "\\\\").replace('"', '\\"')
    pieces = [p async for p in engine.generate(PROMPT, Sampling(max_tokens=90), f'root ::= "{quoted}"')]
    texts = [piece.text for piece in pieces if isinstance(piece, Delta)]
    assert "".join(texts) == wanted
    assert all("\ufffd" not in text for text in texts)
    assert pieces[-1].finish_reason == "stop"


async def test_stop_strings_end_the_reply_and_are_left_out(engine: XllamacppEngine) -> None:
    text, end = await reply(engine, Sampling(max_tokens=90, stop=("cd",)), 'root ::= "abcdefgh"')
    assert text == "ab"
    assert end.finish_reason == "stop"


@pytest.mark.parametrize("stop", [(), ("gh",)])
async def test_a_reply_in_one_says_what_its_stream_says(engine: XllamacppEngine, stop: tuple[str, ...]) -> None:
    """With stop strings it comes in pieces all the same: nothing may be decoded behind one."""
    grammar = 'root ::= "abcdefghijkl"'
    streamed = await pieces_of(engine, Sampling(max_tokens=90, logprobs=1, stop=stop), grammar)
    whole = await pieces_of(engine, Sampling(max_tokens=90, logprobs=1, stop=stop, in_one=True), grammar)
    tokens = [[(token.token, token.logprob) for p in found[:-1] for token in p.logprobs] for found in (streamed, whole)]
    assert [name for name, _ in tokens[0]] == [name for name, _ in tokens[1]]
    assert stop or len(whole) == 2
    said = ["".join(p.text for p in found if isinstance(p, Delta)) for found in (streamed, whole)]
    assert said[0] == said[1] == ("abcdef" if stop else "abcdefghijkl")
    assert streamed[-1].completion_tokens == whole[-1].completion_tokens
    assert streamed[-1].finish_reason == whole[-1].finish_reason == "stop"


async def test_a_reply_in_one_ends_early_when_nobody_waits_for_it(
    engine: XllamacppEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, decoded, complete = threading.Event(), 0, engine._server.complete

    def counted(request: dict[str, Any], deliver: Any) -> Any:
        def count(chunk: Any) -> bool:
            nonlocal decoded
            decoded += 1
            begun.set()
            return deliver(chunk)

        return complete(request, count)

    monkeypatch.setattr(engine._server, "complete", counted)
    leaving = asyncio.create_task(reply(engine, Sampling(max_tokens=900, in_one=True), f'root ::= "{"a" * 2000}"'))
    await asyncio.to_thread(begun.wait, 30)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    text, _ = await asyncio.wait_for(reply(engine, Sampling(max_tokens=90, in_one=True), 'root ::= "abc"'), 30)
    assert text == "abc"
    assert decoded < 700


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stops", [("cd",), ("bX", "aX", "cdeX"), ("",), ("bc", "cd")])
async def test_no_text_is_lost_to_a_stop_string_that_does_not_come(
    engine: XllamacppEngine, most: int, stops: tuple[str, ...]
) -> None:
    found = await pieces_of(engine, Sampling(max_tokens=most, stop=stops, logprobs=0), 'root ::= "abcdefgh"')
    said = "".join(piece.text for piece in found if isinstance(piece, Delta))
    whole = "abcdefgh"[:most]
    assert said == min((whole.partition(stop)[0] for stop in stops if stop), key=len, default=whole)
    names = [token.token for piece in found if isinstance(piece, Delta) for token in piece.logprobs]
    assert "".join(names) == said
    end = found[-1]
    assert isinstance(end, Finished)
    assert end.finish_reason == ("length" if said == whole else "stop")
    assert len(said) <= end.completion_tokens <= most


async def test_a_stop_string_over_many_tokens_and_within_one(engine: XllamacppEngine) -> None:
    stops = ("猫x", "defg")
    assert (await reply(engine, Sampling(max_tokens=90, stop=stops), 'root ::= "abc猫xd"'))[0] == "abc"
    assert (await reply(engine, Sampling(max_tokens=90, stop=stops), 'root ::= "abc猫defg"'))[0] == "abc猫"
    assert (await reply(engine, Sampling(max_tokens=90, stop=stops), 'root ::= "abc猫"'))[0] == "abc猫"


async def test_log_probabilities_are_the_models_own(engine: XllamacppEngine) -> None:
    wanted = "naïve 猫 ok"
    found = await pieces_of(engine, Sampling(max_tokens=60, logprobs=5, temperature=2, seed=1), f'root ::= "{wanted}"')
    tokens = [token for piece in found if isinstance(piece, Delta) for token in piece.logprobs]
    assert b"".join(bytes(token.bytes) for token in tokens).decode() == wanted
    assert "".join(token.token for token in tokens) == wanted
    scores = await engine.score_next(PROMPT, 400)
    assert [one.logprob for one in tokens[0].top_logprobs] == pytest.approx(list(scores.next_tokens.values())[:5], abs=1e-4)
    first = (await engine.tokenize(tokens[0].token))[0]
    assert tokens[0].logprob == pytest.approx(scores.next_tokens[first], abs=1e-4)  # not 0: the grammar left no choice
    for piece in found[:-1]:
        assert isinstance(piece, Delta)
        assert "".join(token.token for token in piece.logprobs) == piece.text


async def test_penalties_and_biases_are_followed(of_either_kind: LlmEngine) -> None:
    engine = of_either_kind
    rule = "root ::= [ab]{30}"
    a, b = await engine.tokenize("a"), await engine.tokenize("b")
    plain, _ = await reply(engine, Sampling(max_tokens=30, logit_bias=((a[0], 50),)), rule)
    assert plain == "a" * 30
    other, _ = await reply(engine, Sampling(max_tokens=30, logit_bias=((b[0], 50), (10**6, 9))), rule)
    assert set(other) == {"b"}
    mixed, _ = await reply(engine, Sampling(max_tokens=30, logit_bias=((a[0], 5),), frequency_penalty=2), rule)
    assert set(mixed) == {"a", "b"}
    again, _ = await reply(engine, Sampling(max_tokens=30, logit_bias=((a[0], 30), (b[0], 29)), repeat_penalty=2), rule)
    assert again[:2] == "ab"
    turned, _ = await reply(engine, Sampling(max_tokens=2, logit_bias=((a[0], 30), (b[0], 29)), presence_penalty=2), rule)
    assert turned == "ab"


async def test_embeddings_are_of_length_one_and_alike_for_equal_texts(engine: XllamacppEngine) -> None:
    first, second, third = await engine.embed(["hall lamp", "hall lamp", "猫 " * 300])
    assert first == second != third
    assert math.hypot(*third.vector) == pytest.approx(1)
    assert first.tokens == len(await engine.tokenize("hall lamp"))
    assert (await reply(engine, Sampling(max_tokens=9), 'root ::= "ok"'))[0] == "ok"


async def test_texts_that_cannot_be_embedded(engine: XllamacppEngine) -> None:
    assert await engine.embed([]) == []
    for texts in (["ok", ""], ["x"] * 300):
        with pytest.raises(RequestError):
            await engine.embed(texts)
    with pytest.raises(PromptTooLong, match="1022"):
        await engine.embed(["x " * 5000])


async def test_a_full_queue_refuses_and_an_empty_one_takes_again(tiny_export: Path, kind: Any) -> None:
    small = kind(tiny_export / "model-q8_0.gguf", context=512, slots=1, queue=2)
    try:
        found = await asyncio.gather(*(reply(small, Sampling(max_tokens=5)) for _ in range(5)), return_exceptions=True)
        assert [isinstance(one, Overloaded) for one in found] == [False] * 3 + [True] * 2
        await reply(small, Sampling(max_tokens=5))
    finally:
        small.close()


async def test_a_running_reply_goes_on_while_a_long_prompt_is_read(tiny_export: Path) -> None:
    chunked = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=1024, slots=2, batch=32)
    try:
        running = chunked.generate(PROMPT, Sampling(max_tokens=1000), "root ::= [a-z] root")
        await anext(running)
        long = asyncio.create_task(reply(chunked, Sampling(max_tokens=1), prompt=END * 900))
        said = 0
        async for piece in running:
            said += isinstance(piece, Delta)
            if long.done():
                break
        _, end = await long
        # One step a batch: of each, the running reply has its token.
        assert end.prompt_tokens == 900
        assert said >= 900 / 32 / 2
        await running.aclose()  # type: ignore[attr-defined]
    finally:
        chunked.close()


async def test_closing_early_frees_the_slot(tiny_export: Path) -> None:
    single = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=4096, slots=1)
    try:
        stream = single.generate(PROMPT, Sampling(max_tokens=4000, temperature=1, seed=1), "root ::= [a-z] root")
        async for _ in stream:
            break
        await stream.aclose()
        _, end = await asyncio.wait_for(reply(single, Sampling(max_tokens=3), "root ::= [a-z] root"), 30)
        assert end.completion_tokens <= 4
    finally:
        single.close()


async def test_a_cancelled_reader_frees_the_slot(tiny_export: Path) -> None:
    single = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=4096, slots=1)
    try:
        endless = asyncio.create_task(reply(single, Sampling(max_tokens=4000, temperature=1, seed=1), "root ::= [a-z] root"))
        waiting = asyncio.create_task(reply(single, Sampling(max_tokens=4000), "root ::= [a-z] root"))
        await asyncio.sleep(0.05)
        for task in (endless, waiting):
            task.cancel()
        assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(endless, waiting, return_exceptions=True))
        await asyncio.wait_for(reply(single, Sampling(max_tokens=3)), 30)
    finally:
        single.close()


async def test_many_at_once_do_not_mix(engine: XllamacppEngine) -> None:
    rules = [f'root ::= "{letter * 30}"' for letter in "abcdefghij"]
    found = await asyncio.gather(*(reply(engine, Sampling(max_tokens=60), rule) for rule in rules))
    assert [text for text, _ in found] == [letter * 30 for letter in "abcdefghij"]


@pytest.mark.parametrize("context", [256, 300])
async def test_a_prompt_too_long_is_refused_before_decoding(tiny_export: Path, context: int) -> None:
    small = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=context, slots=1)
    try:
        with pytest.raises(PromptTooLong, match=str(context)):
            await reply(small, Sampling(max_tokens=1), prompt=END * context)
        _, end = await reply(
            small, Sampling(max_tokens=500, temperature=1, seed=3), "root ::= [a-z] root", prompt=END * (context - 5)
        )
        assert end.finish_reason == "length"
        assert end.prompt_tokens + end.completion_tokens <= context + 1
    finally:
        small.close()


async def test_tokens_are_those_of_the_tokenizer(engine: XllamacppEngine, tiny_export: Path) -> None:
    tokenizer = Tokenizer.from_file(str(tiny_export / "candidate" / "tokenizer.json"))
    texts = [
        PROMPT,
        " it's 7:45, I'd say 2026",
        "naïve ☀️ 猫  two  spaces\n\nlines\t",
        '{"name":" hall lamp","n":-3.5}',
        " Ünï١٢٣ ½ m²",
        "",
    ]
    for text in texts:
        assert await engine.tokenize(text) == tokenizer.encode(text, add_special_tokens=False).ids, text


async def test_scores_are_log_probabilities(engine: XllamacppEngine) -> None:
    scores = await engine.score_next(PROMPT, 400)
    values = list(scores.next_tokens.values())
    assert values == sorted(values, reverse=True)
    assert math.fsum(map(math.exp, values)) == pytest.approx(1, abs=1e-3)
    assert values[0] < math.log(0.5)  # of the model, not of what it was made to say
    assert list(scores.prompt_tokens) == await engine.tokenize(PROMPT)


@pytest.mark.parametrize(
    "grammar",
    [
        "root ::= [a-",
        "root ::= secret",
        'root ::= ("secret"',
        'secret ::= "a"',
        'root ::= root "secret"',
        "secret",
        "",
        '%llguidance {}\nstart: "secret',
        '%llguidance {}\nstart: %json {"type":"secret"}',
        "%llguidance secret",
    ],
)
async def test_a_grammar_that_is_none_is_refused_and_not_shown(
    engine: XllamacppEngine, grammar: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GrammarUnusable) as caught:
        await reply(engine, Sampling(max_tokens=3), grammar)
    shown = capfd.readouterr()
    assert "secret" not in shown.out + shown.err + str(caught.value)
    assert (await reply(engine, Sampling(max_tokens=9), 'root ::= "ok"'))[0] == "ok"


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF but not really" * 100)
    with pytest.raises(ModelUnusable, match="cannot load"):
        XllamacppEngine(tmp_path / "bad.gguf", context=256)


async def test_closed_twice_and_then_refused(tiny_export: Path) -> None:
    once = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=256)
    once.close()
    once.close()
    with pytest.raises(EngineError, match="closed"):
        await reply(once, Sampling())


async def test_nothing_is_logged(tiny_export: Path, capfd: pytest.CaptureFixture[str]) -> None:
    quiet = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=256)
    await reply(quiet, Sampling(max_tokens=4), 'root ::= " ok"')
    with pytest.raises(PromptTooLong):
        await reply(quiet, Sampling(), prompt="secret " * 500)
    quiet.close()
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


async def test_tokens_are_text_again_and_unknown_ones_are_refused(engine: XllamacppEngine) -> None:
    for text in (PROMPT, " naïve 猫 ☀️", ""):
        assert await engine.detokenize(await engine.tokenize(text)) == text
    for token in (-1, 10_000, 2**31 - 1):
        with pytest.raises(RequestError):
            await engine.detokenize([1, token])
    assert await engine.tokenize("a")


@pytest.mark.parametrize("with_draft", [False, True])
async def test_guessing_ahead_changes_no_reply(tiny_export: Path, with_draft: bool) -> None:
    weights = tiny_export / "model-q8_0.gguf"
    plain = XllamacppEngine(weights, context=512, slots=1)
    guessing = XllamacppEngine(weights, context=512, slots=1, guesses=Guesses(weights if with_draft else None, 6))
    repeated = f"{USER} one two three four one two three four one two three{END}{ASSISTANT}"
    try:
        for sampling in (Sampling(max_tokens=60), Sampling(max_tokens=60, stop=("e",)), Sampling(max_tokens=20, logprobs=2)):
            for prompt in (PROMPT, repeated):
                text, end = await reply(plain, sampling, prompt=prompt)
                guessed, guessed_end = await reply(guessing, sampling, prompt=prompt)
                assert (guessed, guessed_end.completion_tokens) == (text, end.completion_tokens)
        grammar = 'root ::= "ab ab ab ab ab ab ab"'
        assert (await reply(guessing, Sampling(max_tokens=60), grammar))[0] == "ab ab ab ab ab ab ab"
    finally:
        plain.close()
        guessing.close()


async def test_a_draft_that_is_no_model_is_refused(tiny_export: Path, tmp_path: Path) -> None:
    (tmp_path / "draft.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelUnusable):
        XllamacppEngine(tiny_export / "model-q8_0.gguf", context=256, guesses=Guesses(tmp_path / "draft.gguf"))
