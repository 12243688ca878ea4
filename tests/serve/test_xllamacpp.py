from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from schemas.errors import EngineError, ModelUnusable, PromptTooLong
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.protocol import Delta, Finished, Sampling
from serve.engines.xllamacpp import XllamacppEngine

PROMPT = f"{USER} turn on the hall lamp{END}{ASSISTANT}"


@pytest.fixture(scope="module")
def engine(tiny_export: Path) -> Iterator[XllamacppEngine]:
    engine = XllamacppEngine(tiny_export / "model-q8_0.gguf", context=1024, slots=2)
    yield engine
    engine.close()


async def reply(
    engine: XllamacppEngine, sampling: Sampling, grammar: str | None = None, prompt: str = PROMPT
) -> tuple[str, Finished]:
    pieces = [piece async for piece in engine.generate(prompt, sampling, grammar)]
    ends = [piece for piece in pieces if isinstance(piece, Finished)]
    assert len(ends) == 1
    assert pieces[-1] is ends[0]
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta)), ends[0]


async def test_a_reply_ends_once_and_is_counted(engine: XllamacppEngine) -> None:
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


async def test_a_grammar_that_is_none_is_an_engine_error(engine: XllamacppEngine) -> None:
    with pytest.raises(EngineError, match="refused"):
        await reply(engine, Sampling(), "root ::= [a-")


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
