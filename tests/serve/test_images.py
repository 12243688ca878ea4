"""A real engine with a tiny random projector: what is shown decides what is said, and nothing else stands for an image."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.assistant import Adapter, LlmEngine, Projector, Speculation
from schemas.conversation import IMAGE, Message
from schemas.errors import ImageUnusable, ModelUnusable, NoProjector, PromptTooLong, RequestError
from schemas.events import ReplyDelta, TurnFinished
from schemas.hashing import file_sha256
from serve.engines.grammar import ToolChoice
from serve.engines.pictures import blank, decoded
from serve.engines.protocol import Delta, Finished, Placed, Sampling
from serve.engines.protocol import LlmEngine as Engine
from serve.engines.scripted import ScriptedEngine
from serve.engines.xllamacpp import XllamacppEngine
from serve.models import open_engine, open_model, read_model
from serve.turn import Answerer, TurnRequest
from tests.foreign import write_foreign_export
from tests.seeing import PATCH, TOKENS, image, in_base64, write_projector, write_resizing

RED, BLUE = in_base64(image("red")), in_base64(image("blue"))
WEIGHTS = "tiny-Q8_0.gguf"
CONTEXT = 768


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeing")
    write_foreign_export(folder, "qwen-2.5")
    return folder


@pytest.fixture(scope="module")
def projector(folder: Path) -> Projector:
    return write_projector(folder / "mmproj.gguf")


@pytest.fixture(scope="module")
def answerer(folder: Path, projector: Projector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROTTIE_HOME", str(tmp_path_factory.mktemp("home")))
        found = open_model(folder, LlmEngine(context=CONTEXT, slots=1, projector=projector))
    yield found
    found.close()


@pytest.fixture
def engine(answerer: Answerer) -> XllamacppEngine:
    assert isinstance(answerer.engine, XllamacppEngine)
    return answerer.engine


@dataclass
class Said:
    text: str
    probabilities: tuple[float, ...]
    end: Finished | TurnFinished


async def placed(engine: Engine, picture: str, at: int) -> Placed:
    found = decoded(picture)
    return Placed(found, at, await engine.image_tokens(found))


async def said(engine: Engine, prompt: str, images: Sequence[Placed] = (), **how: Any) -> Said:
    sampling = Sampling(**{"max_tokens": 4, "logprobs": 0, **how})
    pieces = [piece async for piece in engine.generate(prompt, sampling, None, None, images)]
    deltas = [piece for piece in pieces if isinstance(piece, Delta)]
    end = pieces[-1]
    assert isinstance(end, Finished)
    return Said(
        "".join(piece.text for piece in deltas), tuple(token.logprob for piece in deltas for token in piece.logprobs), end
    )


async def answered(answerer: Answerer, *messages: Message, **how: Any) -> Said:
    request = TurnRequest(messages, tools=(), sampling=Sampling(max_tokens=4, logprobs=0), **how)
    events = [event async for event in answerer.answer(request)]
    deltas = [event for event in events if isinstance(event, ReplyDelta)]
    end = events[-1]
    assert isinstance(end, TurnFinished)
    return Said(
        "".join(event.text for event in deltas), tuple(token.logprob for event in deltas for token in event.logprobs), end
    )


def shown(text: str, *images: str) -> Message:
    return Message(role="user", content=text, images=images)


async def test_an_image_is_computed_once_and_never_taken_for_another(engine: XllamacppEngine) -> None:
    before, after = "look at this: ", " what is it?"
    prompt = before + after
    red, blue = await placed(engine, RED, len(before)), await placed(engine, BLUE, len(before))
    first = await said(engine, prompt, [red])
    text = len(await engine.tokenize(before)) + len(await engine.tokenize(after))
    assert red.tokens == TOKENS
    assert first.end.prompt_tokens == text + TOKENS
    again = await said(engine, prompt, [red])
    assert (again.text, again.probabilities) == (first.text, pytest.approx(first.probabilities, abs=1e-3))
    assert again.end.cached_tokens == again.end.prompt_tokens - 1
    other = await said(engine, prompt, [blue])
    assert other.probabilities != pytest.approx(first.probabilities, abs=1e-2)
    assert other.end.cached_tokens <= len(await engine.tokenize(before))
    back = await said(engine, prompt, [red])
    assert (back.text, back.probabilities) == (first.text, pytest.approx(first.probabilities, abs=1e-3))
    none = await said(engine, prompt)
    assert none.end.prompt_tokens < first.end.prompt_tokens
    assert none.probabilities != pytest.approx(first.probabilities, abs=1e-2)


async def test_places_and_order_count(engine: XllamacppEngine) -> None:
    prompt = "first then second"
    red, blue = await placed(engine, RED, 5), await placed(engine, BLUE, 10)
    swapped = [Placed(blue.picture, 5, TOKENS), Placed(red.picture, 10, TOKENS)]
    one, two = await said(engine, prompt, [red, blue]), await said(engine, prompt, swapped)
    assert one.end.prompt_tokens == two.end.prompt_tokens
    assert one.probabilities != pytest.approx(two.probabilities, abs=1e-2)
    both = [await placed(engine, RED, 0)] * 2
    assert (await said(engine, prompt, both)).end.prompt_tokens == len(await engine.tokenize(prompt)) + 2 * TOKENS


@pytest.mark.parametrize("most", [None, 128])
async def test_what_an_image_costs_is_known_before_it_is_seen(folder: Path, most: int | None) -> None:
    resizing = write_resizing(folder / f"resizing-{most}.gguf").model_copy(update={"tokens": most})
    engine = open_engine(folder / WEIGHTS, LlmEngine(context=CONTEXT, slots=1, projector=resizing))
    try:
        costs = []
        for size in ((1, 1), (100, 100), (300, 200), (21, 500)):
            picture = blank(*size)
            costs.append(await engine.image_tokens(picture))
            reply = await said(engine, "see  it", [Placed(picture, 4, costs[-1])])
            assert reply.end.prompt_tokens == len(await engine.tokenize("see ")) + costs[-1] + len(await engine.tokenize(" it"))
        assert len(set(costs)) == len(costs)
        assert (max(costs) > 2 * 128) is (most is None)
    finally:
        engine.close()


async def test_a_prompt_that_ends_with_an_image_is_refused_and_ends_nothing(engine: XllamacppEngine) -> None:
    for prompt in ("", "look: "):
        with pytest.raises(RequestError, match="last"):
            await said(engine, prompt, [await placed(engine, RED, len(prompt))])
    assert (await said(engine, "x", [await placed(engine, RED, 0)])).end.completion_tokens


async def test_replies_about_images_are_replies_like_others(engine: XllamacppEngine) -> None:
    """They come by another route of llama.cpp's: everything that is asked of a reply holds there too."""
    where = [await placed(engine, RED, 4)]

    async def pieces(grammar: str, **how: Any) -> list[Delta | Finished]:
        return [piece async for piece in engine.generate("see: ", Sampling(max_tokens=60, **how), grammar, None, where)]

    def text(found: list[Delta | Finished]) -> str:
        return "".join(piece.text for piece in found if isinstance(piece, Delta))

    wanted = "naïve 猫 ok"
    found = await pieces(f'root ::= "{wanted}"', logprobs=2)
    assert text(found) == wanted
    tokens = [token for piece in found if isinstance(piece, Delta) for token in piece.logprobs]
    assert "".join(token.token for token in tokens) == wanted
    assert {len(token.top_logprobs) for token in tokens} == {2}
    stopped = await pieces('root ::= "abcdefgh"', stop=("cd",))
    assert (text(stopped), stopped[-1].finish_reason) == ("ab", "stop")  # type: ignore[union-attr]
    cut = [piece async for piece in engine.generate("see: ", Sampling(max_tokens=3), "root ::= [a-z]{9}", None, where)]
    assert isinstance(cut[-1], Finished)
    assert (cut[-1].finish_reason, cut[-1].completion_tokens) == ("length", 3)
    seeded = [await said(engine, "see: ", where, temperature=1.5, seed=seed, max_tokens=12) for seed in (1, 1, 2)]
    assert seeded[0].text == seeded[1].text != seeded[2].text


async def test_a_client_that_leaves_frees_the_only_place(engine: XllamacppEngine) -> None:
    where = [await placed(engine, RED, 0)]
    for _ in range(3):
        stream = engine.generate("x", Sampling(max_tokens=500), "root ::= [a-z] root", None, where)
        assert isinstance(await anext(aiter(stream)), Delta)
        await stream.aclose()  # type: ignore[attr-defined]
    assert (await said(engine, "x", where)).end.completion_tokens <= 4


async def test_many_at_once_share_the_engine(engine: XllamacppEngine) -> None:
    where = [await placed(engine, RED, 0)]
    replies = await asyncio.gather(*[said(engine, "x", where if number % 2 else ()) for number in range(8)])
    assert len({reply.text for reply in replies[1::2]}) == 1


async def test_what_marks_an_image_in_llama_cpp_marks_none_in_a_text(answerer: Answerer, engine: XllamacppEngine) -> None:
    mark = engine._mark
    assert mark
    assert (await said(engine, f"a {mark} b")).end.completion_tokens
    plain = await said(engine, f"{mark}x", [await placed(engine, RED, len(mark))])
    assert plain.end.prompt_tokens > len(await engine.tokenize("x")) + TOKENS
    for text in (mark, "<__media__>", IMAGE, f"{mark}{IMAGE}"):
        assert (await answered(answerer, shown(text))).end.finish_reason in ("stop", "length")
    both = await answered(answerer, shown(f"{mark} <__media__> {IMAGE}", RED))
    without = await answered(answerer, shown(f"{mark} <__media__> "))
    assert abs(both.end.prompt_tokens - without.end.prompt_tokens - TOKENS) <= 1  # where words part, one token becomes two


async def test_the_model_is_shown_what_the_user_shows(answerer: Answerer) -> None:
    red, blue = await answered(answerer, shown(f"{IMAGE}what?", RED)), await answered(answerer, shown(f"{IMAGE}what?", BLUE))
    assert red.end.prompt_tokens == blue.end.prompt_tokens
    assert red.probabilities != pytest.approx(blue.probabilities, abs=1e-2)
    alone = await answered(answerer, shown(IMAGE, RED))
    assert alone.end.prompt_tokens < red.end.prompt_tokens
    same = await answered(answerer, shown(f"{IMAGE}{IMAGE}", RED, RED))
    assert same.end.prompt_tokens == alone.end.prompt_tokens + TOKENS


async def test_old_turns_give_way_with_their_images(answerer: Answerer, engine: XllamacppEngine) -> None:
    old = [shown(f"{IMAGE} {'word ' * 40}", RED), Message(role="assistant", content="yes")]
    newest = shown(f"{IMAGE} and this?", BLUE)
    alone = await answered(answerer, newest)
    for times in (1, 60):
        seen = await answered(answerer, *old * times, newest)
        assert alone.end.prompt_tokens < seen.end.prompt_tokens < CONTEXT
    many = CONTEXT // TOKENS
    with pytest.raises(PromptTooLong, match="newest message"):
        await answered(answerer, shown(IMAGE * many, *[RED] * many))
    fewer = many // 2
    assert (await answered(answerer, shown(IMAGE * fewer, *[RED] * fewer))).end.prompt_tokens > fewer * TOKENS
    where = [await placed(engine, RED, 0)] * many
    with pytest.raises(PromptTooLong):
        await said(engine, "x", where)


async def test_a_context_that_is_no_round_number_counts_images_too(folder: Path, projector: Projector) -> None:
    engine = open_engine(folder / WEIGHTS, LlmEngine(context=300, slots=1, projector=projector))
    try:
        where = [await placed(engine, RED, 0)]
        reply = [piece async for piece in engine.generate("x", Sampling(max_tokens=999), "root ::= [a-z] root", None, where)]
        assert isinstance(reply[-1], Finished)
        assert reply[-1].prompt_tokens + reply[-1].completion_tokens == 300
        with pytest.raises(PromptTooLong):
            await said(engine, "x", where * 75)
    finally:
        engine.close()


async def test_scores_and_embeddings_of_texts_are_the_same_with_a_projector(folder: Path, engine: XllamacppEngine) -> None:
    blind = open_engine(folder / WEIGHTS, LlmEngine(context=CONTEXT, slots=1))
    try:
        seeing, plain = await engine.score_next("turn on", 5), await blind.score_next("turn on", 5)
        assert seeing.prompt_tokens == plain.prompt_tokens
        assert list(seeing.next_tokens.values()) == pytest.approx(list(plain.next_tokens.values()), abs=1e-3)
        assert await engine.embed(["lamp"]) == await blind.embed(["lamp"])
        with pytest.raises(NoProjector):
            await blind.image_tokens(blank(1, 1))
        with pytest.raises(NoProjector):
            await anext(aiter(blind.generate("x", Sampling(), None, None, [Placed(blank(1, 1), 0, 4)])))
    finally:
        blind.close()


async def test_a_model_without_a_projector_says_so(folder: Path) -> None:
    blind = Answerer(ScriptedEngine([("", "hello")]), read_model(folder))
    with pytest.raises(NoProjector) as refused:
        await answered(blind, shown(IMAGE, RED))
    assert refused.value.status == 400
    assert "engine.projector" in refused.value.hint


async def test_an_image_that_is_damaged_behind_its_header(answerer: Answerer) -> None:
    with pytest.raises(ImageUnusable):
        await answered(answerer, shown(IMAGE, RED[:60]))


async def test_a_template_that_drops_what_it_is_shown(answerer: Answerer, monkeypatch: pytest.MonkeyPatch) -> None:
    for made in ("nothing", None):
        prompt = answerer.form.prompt

        def other(messages: Any, tools: Any, home: Any, made: str | None = made, prompt: Any = prompt) -> str:
            return made or prompt(messages, tools, home) * 2

        with monkeypatch.context() as patch:
            patch.setattr(answerer.form, "prompt", other)
            with pytest.raises(RequestError, match="template"):
                await answered(answerer, shown(IMAGE, RED))


async def test_calls_are_copied_from_what_was_said_not_from_what_was_shown(answerer: Answerer) -> None:
    seen: list[tuple[Message, ...]] = []
    grammar = answerer.form.grammar

    def noted(messages: Any, *more: Any) -> Any:
        seen.append(tuple(messages))
        return grammar(messages, *more)

    answerer.form.grammar = noted  # type: ignore[method-assign]
    try:
        await answered(answerer, shown(f"the {IMAGE}lamp", RED), tool_choice=ToolChoice())
    finally:
        answerer.form.grammar = grammar  # type: ignore[method-assign]
    assert [message.content for message in seen[0]] == ["the lamp"]


@pytest.mark.parametrize(
    "given",
    [
        {"role": "assistant", "content": IMAGE, "images": ("x",)},
        {"role": "user", "content": "no place", "images": ("x",)},
        {"role": "user", "content": IMAGE * 2, "images": ("x",)},
    ],
)
def test_messages_have_a_place_for_each_image(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Message(**given)


def test_a_projector_that_does_not_fit(
    folder: Path, projector: Projector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    weights = folder / WEIGHTS
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(Path(projector.path).read_bytes()[:-20_000])
    for other in (
        write_projector(tmp_path / "wide.gguf", width=128),
        Projector(path=str(cut), sha256=file_sha256(cut)),
        Projector(path=str(weights), sha256=file_sha256(weights)),
    ):
        with pytest.raises(ModelUnusable, match="projector"):
            open_model(folder, LlmEngine(context=512, slots=1, projector=other))
    with pytest.raises(ModelUnusable, match="another SHA-256"):
        open_model(folder, LlmEngine(projector=projector.model_copy(update={"sha256": "0" * 64})))
    for kind in ("llama_cpp", "scripted"):
        with pytest.raises(ValidationError, match="projector needs kind: xllamacpp"):
            LlmEngine(kind=kind, projector=projector)  # type: ignore[arg-type]


def test_a_projector_is_tried_with_what_stands_beside_it(
    folder: Path, projector: Projector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    draft = Adapter(path=str(folder / WEIGHTS), sha256=file_sha256(folder / WEIGHTS))
    for speculation in (None, Speculation(), Speculation(draft=draft)):
        spec = LlmEngine(context=512, slots=1, projector=projector, speculation=speculation)
        open_model(folder, spec).close()
    assert len(list((tmp_path / "run" / "decoded").iterdir())) == 3
    large = write_projector(tmp_path / "large.gguf", side=12 * PATCH)
    open_model(folder, LlmEngine(context=256, slots=1, projector=large)).close()
    with pytest.raises(ModelUnusable, match="an image takes 144 tokens, and the context has 128"):
        open_model(folder, LlmEngine(context=128, slots=1, projector=large))
