"""Turns within a conversation: what the model gets again, who waits, and what is kept when something goes wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.assistant import Conversations as Bounds
from schemas.assistant import Tiers
from schemas.errors import ConversationBusy, ConversationMissing, EngineError
from schemas.events import ActionDone, AssistFinished, ReplyDelta, ReplyReady, TierAnswered
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns
from serve.assisting import Asked, Manner
from serve.conversations import Conversations
from serve.conversing import LEFT_UNDONE, MOST_WAITING, Said, Talks
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from tests.serve.speaking import Loader, Speaker, ref

MANNER = Manner(tiers=Tiers(intents=False))


class Room:
    """A home, a model that says what it is asked to, and the conversations of one gateway."""

    def __init__(self, home: Home) -> None:
        self.loader = Loader()
        self.holder: Holder[Any] = Holder(self.loader)
        self.keeper = Keeper(home)
        self.talks = Talks(Conversations(home.database))

    @property
    def model(self) -> Speaker:
        return self.loader.opened[0]

    async def begin(self) -> None:
        await self.holder.want(Wish(model=ref("3")))
        await self.keeper.want(HomeWish(inventory=load_inventory("home"), intents=False))

    def events(self, text: str, conversation: str | None = None, store: bool = True, manner: Manner = MANNER) -> Any:
        home = AskedHome(lambda request: answered(self.keeper, request))
        return self.talks.converse(Said(Asked(text), conversation, store), home, LocalTurns(self.holder), manner)

    async def say(self, text: str, conversation: str | None = None, **more: Any) -> str | None:
        """The id of the conversation that keeps it."""
        found = [event async for event in self.events(text, conversation, **more)]
        assert isinstance(found[-1], AssistFinished)
        return found[-1].conversation_id

    def seen(self) -> list[tuple[str, str | None]]:
        """What the model got in its newest turn."""
        return [(message.role, message.content) for message in self.model.turns[-1].messages]

    def kept(self, conversation: str) -> list[Any]:
        return list(self.talks.store.read("api", conversation).exchanges)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(Home(tmp_path))
    await made.begin()
    yield made
    await made.talks.close()
    await made.keeper.close()


async def test_a_follow_up_gets_what_was_said_and_done(room: Room) -> None:
    name = await room.say("!call")
    assert name is not None
    assert await room.say("no, the other one", name) == name
    (user, asks, done, failed, reply, now) = room.model.turns[-1].messages
    assert (user.content, now.content) == ("!call", "no, the other one")
    assert [call.function.name for call in asks.tool_calls] == ["HassTurnOn", "HassTurnOff"]
    assert [done.tool_call_id, failed.tool_call_id] == [call.id for call in asks.tool_calls]
    assert done.content == "Done. hall lamp: on, brightness 100%"
    assert "Error" in (failed.content or "")
    assert reply.role == "assistant"
    assert room.model.turns[-1].earlier == "trained"  # the model's own rule decides how much of it counts
    first, second = room.kept(name)
    assert (first.tier, first.model, len(first.actions), second.reply) == ("model", "rottie-llm/3", 2, "no, the other one")


@pytest.mark.parametrize(("earlier", "seen"), [(0, ["three"]), (1, ["two", "two", "three"])])
async def test_an_assistant_may_say_how_much_is_given_again(room: Room, earlier: int, seen: list[str]) -> None:
    name = await room.say("one")
    await room.say("two", name)
    await room.say("three", name, manner=replace(MANNER, earlier=earlier))
    assert [content for _, content in room.seen()] == seen
    with pytest.raises(ConversationMissing):
        await room.say("four", "nothing", manner=replace(MANNER, earlier=earlier))


async def test_what_tier_one_did_is_known_to_the_model(room: Room) -> None:
    name = await room.say("turn on the hall lamp", manner=Manner())
    await room.say("brighter than the sun it should be", name)
    assert room.seen()[0] == ("user", "turn on the hall lamp")
    assert ("assistant", "Turned on the light") in room.seen()


async def test_every_request_without_an_id_begins_anew(room: Room) -> None:
    one, two = await room.say("one"), await room.say("two")
    assert one != two
    assert room.seen() == [("user", "two")]


async def test_an_id_that_nobody_handed_out(room: Room) -> None:
    with pytest.raises(ConversationMissing):
        await room.say("hello", "c1")
    assert room.model.turns == []
    name = await room.say("hello")
    with pytest.raises(ConversationMissing):
        await room.say("hello", name, manner=Manner(actor=MANNER.actor.model_copy(update={"id": "other"})))


async def test_what_is_not_to_be_kept(room: Room) -> None:
    assert await room.say("hush", store=False) is None
    name = await room.say("hello")
    assert name is not None
    assert await room.say("hush", name, store=False) == name
    assert room.seen()[0] == ("user", "hello")
    assert [turn.text for turn in room.kept(name)] == ["hello"]
    room.talks.bounds = Bounds(keep=False)
    assert await room.say("hush") is None
    assert len(room.talks.store.page("api").data) == 1
    assert b"hush" not in Path(room.keeper.actions.log.path).read_bytes()


async def test_two_at_once_are_answered_one_after_the_other(room: Room) -> None:
    name = await room.say("first")
    waiting = asyncio.create_task(room.say("!wait", name))
    while not room.model.running:
        await asyncio.sleep(0)
    next_one = asyncio.create_task(room.say("after it", name))
    elsewhere = await room.say("elsewhere")  # is not held up
    assert elsewhere != name
    assert len(room.model.turns) == 3
    room.model.gate.set()
    await asyncio.gather(waiting, next_one)
    assert [turn.text for turn in room.kept(name or "")] == ["first", "!wait", "after it"]
    assert ("user", "!wait") in room.seen()
    assert room.talks._turns == {}


async def test_too_many_at_once_are_refused(room: Room) -> None:
    name = await room.say("first")
    tasks = [asyncio.create_task(room.say("!wait", name)) for _ in range(MOST_WAITING + 1)]
    while not room.model.running:
        await asyncio.sleep(0)
    with pytest.raises(ConversationBusy):
        await room.say("one more", name)
    tasks[3].cancel()  # one that waits leaves
    room.model.gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(room.kept(name or "")) == 1 + MOST_WAITING
    assert room.talks._waiting == {}


async def test_a_turn_that_is_broken_off_is_kept_as_far_as_it_came(room: Room) -> None:
    name = await room.say("first")
    assert name is not None
    with pytest.raises(EngineError):
        await room.say("!break here", name)
    events = room.events("!hang on", name)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, ReplyDelta):
                break
    broken, left = room.kept(name)[1:]
    assert (broken.text, broken.reply, broken.complete) == ("!break here", "!break", False)
    assert (left.reply, left.complete) == ("!hang", False)
    with pytest.raises(EngineError):
        await room.say("!crash", name)  # came to nothing
    assert len(room.kept(name)) == 3
    await room.say("go on", name)
    assert ("assistant", "!hang") in room.seen()


async def test_a_cancelled_turn_keeps_what_it_did(room: Room) -> None:
    """As when the client leaves while a second call is under way."""
    name = await room.say("first")
    events = room.events("!call", name)
    async for event in events:
        if isinstance(event, ActionDone):
            break
    await events.aclose()
    (turn,) = room.kept(name or "")[1:]
    assert ([action.name for action in turn.actions], turn.complete) == (["HassTurnOn"], False)


async def test_confirmations_are_kept_nowhere(room: Room) -> None:
    name = await room.say("unlock the front door", manner=Manner())
    (turn,) = room.kept(name or "")
    assert turn.actions[0].error["code"] == "action.confirm"
    assert turn.actions[0].confirmation_needed is None
    (token,) = room.keeper._held
    assert token.encode() not in Path(room.keeper.actions.log.path).read_bytes()


async def test_sweeping_never_raises(room: Room, tmp_path: Path) -> None:
    await room.say("hello")
    room.talks.bounds = Bounds(days=1e-9)
    await room.talks.sweep()
    assert room.talks.store.page("api").data == ()
    name = await room.say("hello again")
    await room.talks.sweep()  # not again so soon
    assert [head.id for head in room.talks.store.page("api").data] == [name]
    broken = Talks(Conversations(f"sqlite:///{tmp_path}/rottie.db/nothing"))
    await broken.sweep()


async def test_a_database_that_fails_costs_the_memory_alone(room: Room, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    room.talks.store = Conversations(f"sqlite:///{tmp_path}/file/rottie.db")
    with caplog.at_level(logging.DEBUG):
        found = [event async for event in room.events("private words")]
    assert [type(event) for event in found if not isinstance(event, ReplyDelta)] == [TierAnswered, ReplyReady, AssistFinished]
    assert found[-1].conversation_id is None
    assert "could not be kept" in caplog.text
    assert "private" not in caplog.text


async def _doubtful(tmp_path: Path) -> tuple[Talks, Any]:
    """A gateway whose model is not sure of anything, and how to say something to it: the actions and the reply."""
    from tests.serve.test_assisting import manifest, turns_of

    keeper, talks = Keeper(Home(tmp_path)), Talks(Conversations(Home(tmp_path).database))
    await keeper.want(HomeWish(inventory=load_inventory("home"), intents=False))
    turns = await turns_of(manifest())
    manner = replace(MANNER, sure=0.9)

    async def say(text: str) -> tuple[list[str | None], str]:
        home = AskedHome(lambda request: answered(keeper, request))
        events = [event async for event in talks.converse(Said(Asked(text), "c", begin=True), home, turns, manner)]
        codes = [(e.action.error or {}).get("code") for e in events if isinstance(e, ActionDone)]
        return codes, next(e.text for e in events if isinstance(e, ReplyReady))

    return talks, say


async def test_a_plain_yes_does_what_the_model_was_not_sure_of_and_only_then(tmp_path: Path) -> None:
    talks, say = await _doubtful(tmp_path)
    assert (await say("brighten"))[0] == ["action.unsure"]
    assert await say("Yes, please.") == ([None], "The hall lamp is on at 40%.")
    assert (await say("Yes, please."))[0] == [], "once"
    assert (await say("brighten"))[0] == ["action.unsure"]
    assert await say("no") == ([], LEFT_UNDONE)
    assert (await say("yes"))[0] == []
    assert (await say("brighten"))[0] == ["action.unsure"]
    assert (await say("hello"))[0] == []
    assert (await say("yes"))[0] == [], "something else was said in between"
    await talks.close()


async def test_one_word_answers_one_question_and_never_opens_a_door(tmp_path: Path) -> None:
    talks, say = await _doubtful(tmp_path)
    assert (await say("two things"))[0] == ["action.unsure", "action.unsure"]
    assert (await say("yes"))[0] == []
    assert (await say("open sesame"))[0] == ["action.confirm"]
    assert (await say("yes"))[0] == []
    await talks.close()
