"""The second engine and K-quants; these run where the extra `llama-cpp` is installed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import GrammarUnusable, PromptTooLong, RequestError
from schemas.prompt import ASSISTANT, END, USER
from serve.engines.protocol import Delta, Finished, LlmEngine, Sampling
from serve.engines.structured import grammar_of_schema
from tests.tiny import write_model

pytest.importorskip("llama_cpp", reason="the extra llama-cpp is not installed: it compiles for minutes")
PROMPT = f"{USER} turn on the hall lamp{END}{ASSISTANT}"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One model as f16 and as every K-quant, wide enough for blocks of 256."""
    from flows.steps.converting import convert
    from flows.steps.quantising import FILE_TYPES, quantise

    folder = tmp_path_factory.mktemp("quants")
    write_model(folder / "candidate", hidden=256, layers=2)
    made = {"f16": folder / "f16.gguf"}
    convert(folder / "candidate", made["f16"], "f16", "tiny")
    for kind in FILE_TYPES:
        made[kind] = folder / f"{kind}.gguf"
        quantise(made["f16"], made[kind], kind)
    return made


@pytest.fixture(scope="module")
def engine(weights: dict[str, Path]) -> Iterator[LlmEngine]:
    from serve.engines.llama_cpp import LlamaCppEngine

    engine = LlamaCppEngine(weights["f16"], context=512)
    yield engine
    engine.close()


async def reply(engine: LlmEngine, sampling: Sampling, grammar: str | None = None) -> tuple[str, Finished]:
    pieces = [piece async for piece in engine.generate(PROMPT, sampling, grammar)]
    assert isinstance(pieces[-1], Finished)
    return "".join(piece.text for piece in pieces if isinstance(piece, Delta)), pieces[-1]


def test_k_quants_are_smaller_and_decode(weights: dict[str, Path]) -> None:
    from schemas.assistant import LlmEngine as Spec
    from schemas.hashing import file_sha256
    from serve.models import try_decode

    for kind in ("q4_k_m", "q5_k_m", "q6_k"):
        assert weights[kind].stat().st_size < weights["f16"].stat().st_size
        try_decode(weights[kind], file_sha256(weights[kind]), Spec())


async def test_both_engines_give_the_same_first_choices(weights: dict[str, Path], engine: LlmEngine) -> None:
    from serve.engines.xllamacpp import XllamacppEngine

    other = XllamacppEngine(weights["f16"], context=512, slots=1)
    try:
        ours, theirs = await engine.score_next(PROMPT, top=5), await other.score_next(PROMPT, top=5)
        assert ours.prompt_tokens == theirs.prompt_tokens
        assert next(iter(ours.next_tokens)) == next(iter(theirs.next_tokens))
        for token in set(ours.next_tokens) & set(theirs.next_tokens):
            assert ours.next_tokens[token] == pytest.approx(theirs.next_tokens[token], abs=0.05)
    finally:
        other.close()


async def test_replies_grammar_and_stop(engine: LlmEngine) -> None:
    text, end = await reply(engine, Sampling(max_tokens=12, temperature=1, seed=3))
    assert text
    assert end.completion_tokens <= 12
    assert (await reply(engine, Sampling(max_tokens=40), 'root ::= "abc" "dé"'))[0] == "abcdé"
    assert (await reply(engine, Sampling(max_tokens=40, stop=("cd",)), 'root ::= "abcdef"'))[0] == "ab"


async def test_a_seed_is_for_one_request(engine: LlmEngine) -> None:
    sampling = Sampling(max_tokens=24, temperature=1.5)
    seeded = Sampling(max_tokens=24, temperature=1.5, seed=7)
    first = (await reply(engine, seeded))[0]
    assert len({first, (await reply(engine, sampling))[0], (await reply(engine, sampling))[0]}) == 3
    assert (await reply(engine, seeded))[0] == first


async def test_log_probabilities_are_of_every_token(engine: LlmEngine) -> None:
    rule = 'root ::= "na" [ï] "ve 猫"'
    found = [piece async for piece in engine.generate(PROMPT, Sampling(max_tokens=60, logprobs=3, stop=("猫",)), rule)]
    tokens = [token for piece in found if isinstance(piece, Delta) for token in piece.logprobs]
    assert b"".join(bytes(token.bytes) for token in tokens).decode() == "naïve "
    assert all(len(token.top_logprobs) == 3 for token in tokens)
    scores = (await engine.score_next(PROMPT, 3)).next_tokens
    assert [one.logprob for one in tokens[0].top_logprobs] == pytest.approx(list(scores.values()), abs=1e-2)
    for piece in found[:-1]:
        assert isinstance(piece, Delta)
        assert b"".join(bytes(token.bytes) for token in piece.logprobs).decode() == piece.text


async def test_biases_schemas_and_what_is_no_grammar(engine: LlmEngine) -> None:
    (letter,) = await engine.tokenize("b")
    assert (await reply(engine, Sampling(max_tokens=5, logit_bias=((letter, 90),)), "root ::= [ab]{5}"))[0] == "bbbbb"
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    text, _ = await reply(engine, Sampling(max_tokens=60), grammar_of_schema(schema))
    assert isinstance(json.loads(text)["on"], bool)
    with pytest.raises(GrammarUnusable):
        await reply(engine, Sampling(), "root ::= [a-")


async def test_embeddings_are_those_of_the_other_engine(engine: LlmEngine, weights: dict[str, Path]) -> None:
    from serve.engines.xllamacpp import XllamacppEngine

    other = XllamacppEngine(weights["f16"], context=512, slots=1)
    try:
        texts = ["hall lamp", "猫 " * 40]
        for mine, theirs in zip(await engine.embed(texts), await other.embed(texts), strict=True):
            assert mine.vector == pytest.approx(theirs.vector, abs=0.02)
            assert mine.tokens == theirs.tokens
    finally:
        other.close()
    with pytest.raises(PromptTooLong):
        await engine.embed(["x " * 2000])


async def test_leaving_early_frees_the_model(engine: LlmEngine) -> None:
    stream = engine.generate(PROMPT, Sampling(max_tokens=400, temperature=1, seed=1), "root ::= [a-z] root")
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    assert (await reply(engine, Sampling(max_tokens=3, temperature=1, seed=1)))[1].completion_tokens <= 3


async def test_leaving_while_the_prompt_is_read_stops_at_the_next_batch(
    weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import llama_cpp.llama_cpp as binding

    from serve.engines.llama_cpp import LlamaCppEngine

    engine, decode, computed = LlamaCppEngine(weights["f16"], context=512, batch=32), binding.llama_decode, []
    reached, left = threading.Event(), threading.Event()

    def watched(*arguments: Any) -> Any:
        computed.append(arguments)
        if len(computed) == 3:
            reached.set()
            assert left.wait(60)
        return decode(*arguments)

    try:
        expected = (await reply(engine, Sampling(max_tokens=8)))[0]
        with monkeypatch.context() as patched:
            patched.setattr(binding, "llama_decode", watched)
            asked = asyncio.ensure_future(anext(engine.generate(USER + PROMPT * 30, Sampling(max_tokens=8))))
            assert await asyncio.to_thread(reached.wait, 60)
            asked.cancel()
            assert isinstance((await asyncio.gather(asked, return_exceptions=True))[0], asyncio.CancelledError)
            left.set()
            await engine.tokenize("")  # waits for the worker
        assert len(computed) == 3
        assert (await reply(engine, Sampling(max_tokens=8)))[0] == expected
        assert (await engine.score_next(PROMPT)).next_tokens
    finally:
        left.set()
        engine.close()


async def test_a_prompt_over_the_context_is_refused(engine: LlmEngine) -> None:
    with pytest.raises(PromptTooLong):
        async for _ in engine.generate(PROMPT * 200, Sampling()):
            pass


async def test_tokens_are_text_again_and_unknown_ones_are_refused(engine: LlmEngine) -> None:
    for text in (PROMPT, " naïve 猫 ☀️"):
        assert await engine.detokenize(await engine.tokenize(text)) == text
    for token in (-1, 10_000_000):
        with pytest.raises(RequestError):
            await engine.detokenize([1, token])
