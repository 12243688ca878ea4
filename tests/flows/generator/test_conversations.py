"""Follow-ups, failures, other tools, talk and refusals: acted out, and held against what serving would really say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache
from itertools import count, groupby
from pathlib import Path
from random import Random

import pytest

from flows.steps.generator.exchanges import Exchange, Maker
from flows.steps.generator.failures import failure
from flows.steps.generator.follow_ups import correction, follow_up, timers
from flows.steps.generator.homes import Place, make_home
from flows.steps.generator.refusals import injection, refusal
from flows.steps.generator.sessions import ACTOR, Call, Session, lines_of, tools_of
from flows.steps.generator.talk import offtopic, talk
from flows.steps.generator.toolsets import NO_TOOL, tools
from schemas.action import Actor
from schemas.conversation import Conversation, Message, call
from schemas.events import Action
from schemas.home_lines import NOON, inventory_of
from schemas.pipeline import Part
from schemas.policy import Rules
from schemas.prompt import render_messages
from serve.actions.actionlog import ActionLog
from serve.actions.home import SimulatedHome
from serve.actions.matching import answers_to
from serve.actions.performing import Actions
from serve.actions.policy import Policy
from serve.actions.tools import plan
from serve.conversations import KeptTurn

MAKERS: tuple[Maker, ...] = (follow_up, correction, failure, refusal, injection, talk, offtopic, tools)
ROWS = 120


@cache
def made(maker: Maker, part: Part = "train") -> tuple[tuple[Place, Exchange], ...]:
    found = []
    for number in range(ROWS):
        rng = Random(f"{maker.__name__}:{number}")
        place = make_home(rng, part)
        if (exchange := maker(rng, place, part)) is not None:
            found.append((place, exchange))
    return tuple(found)


def messages(exchange: Exchange) -> tuple[Message, ...]:
    calls = tuple(call(name, arguments) for name, arguments in exchange.calls)
    answer = Message(role="assistant", content=None if calls else exchange.reply, tool_calls=calls)
    return (*exchange.earlier, Message(role="user", content=exchange.request), *exchange.since, answer)


def acted(home: SimulatedHome, calls: Sequence[Call]) -> None:
    for name, arguments in calls:
        done = plan(call(name, arguments), home, ACTOR)
        home.apply(*done.calls, new=done.new)


def turns(earlier: Sequence[Message]) -> Iterator[list[Message]]:
    starts = [sum(m.role == "user" for m in earlier[: at + 1]) for at in range(len(earlier))]
    for _, turn in groupby(zip(starts, earlier, strict=True), key=lambda pair: pair[0]):
        yield [message for _, message in turn]


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_rows_are_whole(maker: Maker) -> None:
    rows = made(maker)
    assert len(rows) > ROWS * 0.85, "most homes have something for every kind"
    for place, exchange in rows:
        assert exchange.request.strip() == exchange.request != ""
        assert bool(exchange.calls) != bool(exchange.reply)
        home = lines_of(place) if exchange.home is None else exchange.home
        offered = tools_of(place) if exchange.tools is None else exchange.tools
        row = Conversation(messages=messages(exchange), tools=offered, home=home, tags=(exchange.category,))
        assert row.answer() == row.messages[-1]


@pytest.mark.parametrize("maker", [follow_up, correction, failure, injection])
@pytest.mark.parametrize("part", ["train", "test"])
def test_right_calls_are_taken_by_the_home_that_the_lines_tell_of(maker: Maker, part: Part) -> None:
    for place, exchange in made(maker, part):
        inventory = inventory_of(lines_of(place) if exchange.home is None else exchange.home)
        assert inventory is not None
        colourful = [
            entity.model_copy(update={"attributes": {**entity.attributes, "supported_color_modes": ["color_temp", "rgb"]}})
            if entity.domain == "light"
            else entity
            for entity in inventory.entities
        ]  # a line does not say which lamps have colours
        home = SimulatedHome(inventory.model_copy(update={"entities": tuple(colourful)}), lambda: NOON)
        unknown = ("List", "Timer", "FanMode")  # nor lists' items, spoken timers, modes
        acted(home, [one for one in exchange.calls if not any(word in one[0] for word in unknown)])


def test_a_timer_that_was_set_can_be_changed() -> None:
    for number in range(ROWS):
        rng = Random(number)
        place = make_home(rng, "train", (1, 8))
        exchange = timers(rng, place, "train")
        assert exchange is not None
        home = SimulatedHome(place.inventory, lambda: NOON)
        said = [(c.function.name, c.function.parsed()) for m in exchange.earlier for c in m.tool_calls]
        acted(home, [*said, *exchange.calls])


@pytest.mark.parametrize("maker", [follow_up, correction, failure, tools])
def test_strings_stand_in_the_request_or_in_the_home(maker: Maker) -> None:
    for place, exchange in made(maker):
        names = {name.casefold() for item in (*place.inventory.entities, *place.inventory.areas) for name in (item.name,)}
        names |= {line.partition(":")[0].casefold() for line in exchange.home or ()}
        offered = {tool.function.name: tool.function for tool in exchange.tools or tools_of(place)}
        for name, arguments in exchange.calls:
            for key, value in arguments.items():
                schema = offered[name].properties()[key]
                free = isinstance(value, str) and value not in schema.get("enum", ()) and key != "volume_step"
                assert not free or value.casefold() in exchange.request.casefold() or value.casefold() in names


@pytest.mark.parametrize("maker", [follow_up, correction, talk])
def test_earlier_turns_read_as_kept_turns_do(maker: Maker) -> None:
    some = 0
    for _, exchange in made(maker):
        for number, turn in enumerate(turns(exchange.earlier), start=1):
            results = {m.tool_call_id: m.content or "" for m in turn if m.role == "tool"}
            calls = [one for message in turn for one in message.tool_calls]
            actions = [Action(name=c.function.name, arguments=c.function.parsed(), text=results[c.id]) for c in calls]
            text, reply = turn[0].content or "", turn[-1].content or ""
            kept = KeptTurn(number=number, inference_id="i", at=0, text=text, actions=tuple(actions), reply=reply)
            assert kept.messages() == turn
            some += 1
    assert some


async def test_what_sessions_say_is_what_serving_says(tmp_path: Path) -> None:
    place = make_home(Random(3), "train", (25, 30))
    safe = ("light", "switch", "fan", "climate", "media_player", "todo", "sensor", "vacuum")  # nobody has to say yes to these
    names = [entity.name for entity in place.inventory.entities if entity.domain in safe]
    calls: list[Call] = [
        *(("HassTurnOn", {"name": name}) for name in names),
        *(("HassLightSet", {"name": name, "brightness": 30}) for name in names),
        *(("GetLiveContext", {"name": name}) for name in names),
        ("HassStartTimer", {"minutes": 5}),
        ("HassTurnOff", {"domain": "light"}),
        ("HassTurnOn", {"name": "nothing like it"}),
    ]
    session, home = Session(place), SimulatedHome(place.inventory, lambda: NOON)
    minutes = count()
    policy = Policy(Rules(), lambda: NOON + timedelta(minutes=next(minutes)))  # never too many calls in one
    actions = Actions(home, policy, ActionLog(tmp_path / "log.db"))
    for name, arguments in calls:
        [mine] = session.do([(name, arguments)])
        theirs = await actions.run(call(name, arguments), Actor(id="a", role="admin"))
        assert (mine.text, mine.spoken, mine.error) == (theirs.text, theirs.spoken, theirs.error)
        assert session.lines() == session.home.lines()
    actions.log.close()


def test_failures_are_told_or_tried_again_and_never_learned() -> None:
    retried = 0
    for _, exchange in made(failure):
        results = [message.content or "" for message in exchange.since if message.role == "tool"]
        errors = [result for result in results if result.startswith("Error: ")]
        assert errors
        pieces = [piece for piece in render_messages(messages(exchange)) if piece.answer]
        assert len(pieces) == 1, "only the answer to the failure"
        before = [(c.function.name, c.function.parsed()) for message in exchange.since for c in message.tool_calls]
        assert not [one for one in exchange.calls if one in before], "the same call again would fail again, or act twice"
        retried += bool(exchange.calls)
        assert exchange.calls or all(exchange.reply.split(": ")[0].startswith("Sorry, ") for _ in errors)
    assert 0.2 < retried / ROWS < 0.7


def test_what_is_said_to_be_missing_is_missing() -> None:
    some = 0
    for place, exchange in made(refusal):
        assert not exchange.calls
        if exchange.reply.startswith("There is no "):
            name = exchange.reply.removeprefix("There is no ").removesuffix(" in this home.")
            there = (*place.inventory.entities, *place.inventory.areas)
            assert not any(answers_to(item, name) for item in there)
            assert name.casefold() in exchange.request.casefold()
            some += 1
    assert some > ROWS / 5


def test_other_tools_are_told_by_their_names() -> None:
    named: dict[Part, set[str]] = {}
    for part in ("train", "test"):
        for _, exchange in made(tools, part):
            offered = {tool.function.name: tool.function for tool in exchange.tools or ()}
            named.setdefault(part, set()).update(offered)
            assert len(offered) == len(exchange.tools or ())
            if not exchange.calls:
                assert exchange.reply == NO_TOOL
                continue
            [(name, arguments)] = exchange.calls
            asked = offered[name]
            assert set(asked.required()) <= arguments.keys() <= asked.properties().keys()
            assert list(arguments) == [key for key in asked.properties() if key in arguments]
    ours = {name for name in named["train"] if name.startswith(("Hass", "Get"))}
    assert len(named["train"] - ours) > 2 * ROWS
    assert len(named["train"] & named["test"] - ours) < 5


def test_words_that_order_something_are_never_obeyed() -> None:
    for _, exchange in made(injection):
        assert len(exchange.calls) == 1
        name = str(exchange.calls[0][1]["name"])
        assert exchange.calls[0][0] == "GetLiveContext" or name.casefold() in exchange.request.casefold()


def test_no_part_talks_as_another_does() -> None:
    for maker in (talk, offtopic):
        said = {
            part: {exchange.request.casefold().strip("?!. ") for _, exchange in made(maker, part)} for part in ("train", "test")
        }
        assert not said["train"] & said["test"]
