"""How sure a model was: which texts a grammar admits, what that makes of probabilities, and the same from a real engine."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from schemas.assistant import LlmEngine
from schemas.conversation import Message, Tool, ToolCall, call
from schemas.events import CallsReady, ReplyDelta, TokenLogprob, TopLogprob, TurnEvent
from schemas.home_lines import home_lines
from schemas.loading import load_inventory
from schemas.pipeline import Decoding
from serve.actions.tools import offered_for
from serve.answering import request_of
from serve.api.wire import Turn
from serve.engines.grammar import grammar_for
from serve.engines.prefixes import Prefixes, TooWide
from serve.models import open_model
from serve.sureness import sureness
from serve.turn import TurnRequest
from tests.serve.gbnf import Grammar

STARTER = Path(__file__).parents[2] / "models/starter/llm"
HOME = load_inventory("home")
TOOLS = offered_for(frozenset(entity.domain for entity in HOME.entities))
SPAN = grammar_for(TOOLS, 'put "añejo" cheese on the list', home_lines(HOME), Decoding(arguments="span")) or ""
LAMP, RADIO = call("HassTurnOn", {"name": "hall lamp"}), call("HassTurnOff", {"name": "old radio"})


@pytest.mark.parametrize(
    "text",
    [
        'HassTurnOn{"name":" hall lamp"}',
        'HassTurnOn{"name":" hall lamp"}\nHassTurnOff{"domain":" light","area":" kitchen"}',
        'HassListAddItem{"item":" \\"añejo\\" cheese","name":" groceries"}',
        'HassLightSet{"name":" desk light","brightness":40}',
        " Nothing to do.",
    ],
)
def test_every_beginning_of_what_a_grammar_accepts_is_admitted(text: str) -> None:
    assert Grammar(SPAN).accepts(text)
    prefixes = Prefixes(SPAN)
    state = prefixes.start()
    for character in text:
        assert not prefixes.after(state, "\x07")
        state = prefixes.after(state, character)
        assert state
    assert prefixes.may_end(state)


@pytest.mark.parametrize(
    "text", ['HassTurnOn{"name":" hall s', "HassTurnOm", 'HassTurnOn{"colour', '{"name"', 'HassTurnOn{"name":"h']
)
def test_what_a_grammar_does_not_accept_has_no_end(text: str) -> None:
    assert not Prefixes(SPAN).after(Prefixes(SPAN).start(), text)


def test_repetitions_classes_and_escapes() -> None:
    prefixes = Prefixes('root ::= ("a" | [^b-z"]){2,3} "\\x62"? [\\n]*\n')
    for text, ends in (("a", False), ("aa", True), ("aaa", True), ("aaab\n\n", True), ("AA", True)):
        assert prefixes.may_end(prefixes.after(prefixes.start(), text)) is ends
    assert not prefixes.after(prefixes.start(), "aaaa")


@pytest.mark.parametrize("grammar", ['root ::= root "a" | "b"\n', "root ::= nobody\n", "root ::= %\n"])
def test_a_grammar_that_cannot_be_followed_says_so(grammar: str) -> None:
    with pytest.raises(TooWide):
        Prefixes(grammar).start()


def token(text: str, share: float, **others: float) -> TokenLogprob:
    def named(text: str, share: float) -> dict[str, object]:
        return {"token": text, "logprob": math.log(share or 1e-9), "bytes": tuple(text.encode())}

    top = tuple(TopLogprob.model_validate(named(other, part)) for other, part in {text: share, **others}.items())
    return TokenLogprob.model_validate({**named(text, share), "top_logprobs": top})


def reply(*shares: float) -> list[TokenLogprob]:
    """The call LAMP, where the model would rather have named something that is not there."""
    first, second, third = shares
    return [
        token('HassTurnOn{"name":"', first, **{'HassTurnOff{"name":"': 1 - first}),
        token(" hall", second, **{" heart": 1 - second}),
        token(' lamp"}', third, **{' lamps"}': (1 - third) / 2, ' lamp",': (1 - third) / 2}),
    ]


def test_only_what_the_grammar_admits_counts_against_a_call() -> None:
    (sure,) = sureness([LAMP], reply(0.9, 0.2, 0.5), SPAN)
    assert sure == pytest.approx(0.9 * 0.5 / 0.75)  # no "heart", no "lamps", but another argument may follow
    assert sureness([LAMP], reply(0.9, 0.2, 0.5), None) == pytest.approx((0.9 * 0.2 * 0.5,))
    assert sureness([LAMP], reply(0.9, 0.8, 0.9), SPAN, below=0.5) == pytest.approx((0.9 * 0.8 * 0.9,))
    assert sureness([LAMP], reply(0.9, 0.2, 0.5), 'root ::= root "a"\n') == pytest.approx((0.9 * 0.2 * 0.5,))
    assert sureness([LAMP], [], SPAN) == (0.0,)


def test_calls_are_told_apart() -> None:
    tokens = [*reply(0.9, 1.0, 1.0), token("\n", 0.5), token("HassTurnOff", 0.5), token('{"name":" old radio"}', 1.0)]
    assert sureness([LAMP, RADIO], tokens, None) == pytest.approx((0.9, 0.25))
    assert sureness([LAMP, call("Unheard", {})], tokens, None) == pytest.approx((0.225, 0.225))


def test_half_a_character_may_come_where_what_is_before_it_may() -> None:
    grammar = 'root ::= "é" | "x"\n'
    whole = TokenLogprob(token="é", logprob=math.log(0.5), bytes=(0xC3, 0xA9))
    half = TopLogprob(token="�", logprob=math.log(0.25), bytes=(0xC3,))
    broken = TopLogprob(token="�", logprob=math.log(0.25), bytes=(0xFF,))
    made = [call("x", {})]
    (sure,) = sureness(made, [whole.model_copy(update={"top_logprobs": (half, broken)})], grammar)
    assert sure == pytest.approx(0.5 / 0.75)


def test_it_survives_the_way_to_a_replica_and_back() -> None:
    turn = Turn(model="champion", sure=0.5)
    assert request_of(Turn.model_validate_json(turn.model_dump_json())).sure == 0.5
    events: TypeAdapter[list[TurnEvent]] = TypeAdapter(list[TurnEvent])
    ready = CallsReady(inference_id="i", at_ms=1, calls=(LAMP,), sure=(0.25,))
    assert events.validate_json(events.dump_json([ready])) == [ready]


async def asked(text: str, *, sure: float, tools: tuple[Tool, ...] = TOOLS) -> tuple[tuple[ToolCall, ...], tuple[float, ...]]:
    answerer = open_model(STARTER, LlmEngine(context=2048), home_lines(HOME))
    calls, found = (), ()
    try:
        request = TurnRequest((Message(role="user", content=text),), tools=tools, sure=sure)
        async for event in answerer.answer(request):
            if isinstance(event, CallsReady):
                calls, found = event.calls, event.sure
            assert not (isinstance(event, ReplyDelta) and event.logprobs)
    finally:
        answerer.close()
    return calls, found


async def test_the_starter_is_surer_of_what_it_was_asked_than_of_what_is_not_there() -> None:
    known, sure = await asked("turn on the hall lamp", sure=1.0)
    assert len(known) == len(sure) == 1
    strange, doubtful = await asked("flamingo the quux of yesteryear", sure=1.0)
    assert not strange or min(doubtful) < sure[0] <= 1
    again, nothing = await asked("turn on the hall lamp", sure=0.0)
    assert ([each.function for each in again], nothing) == ([each.function for each in known], ())
