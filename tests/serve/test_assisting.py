"""One assist turn by its events: a scripted model, a real Keeper in this process."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from schemas.action import Actor
from schemas.artifacts import ModelManifest
from schemas.assistant import Tiers
from schemas.conversation import Message, Tool
from schemas.errors import ConfirmationUnknown, HomeDown, NoChampion, Overloaded
from schemas.events import ActionDone, AssistFinished, ReplyDelta, ReplyReady, TierAnswered, TokenLogprob
from schemas.inventory import Inventory
from schemas.loading import load_inventory
from schemas.pipeline import Decoding
from schemas.prompt import TOOL, USER
from schemas.settings import Home
from serve.actions.home import SimulatedHome
from serve.answering import LocalTurns
from serve.assisting import NOT_UNDERSTOOD, Asked, Manner, assist, spoken
from serve.engines.protocol import Delta, Finished, Sampling
from serve.engines.scripted import ScriptedEngine
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.turn import Answerer
from tests.serve.actions.lending import Lender, hangs, lent, raises, says
from tests.serve.speaking import ref

MODEL = Manner(tiers=Tiers(intents=False))
SCRIPT = [
    ("brighten", 'HassLightSet{"name":" hall lamp","brightness":40}'),
    ("two", 'HassTurnOn{"name":" hall lamp"}\nHassTurnOff{"name":" reading lamp"}'),
    ("ghost", 'HassTurnOn{"name":" ghost"}'),
    ("music", 'PlayMusic{"artist":" nobody"}'),
    ("open sesame", 'HassTurnOff{"name":" front door"}'),
    ("halves", 'HassTurnOn{"name": broken'),
    ("hello", " Good day."),
    ("look it up", 'Lookup{"text":" it"}'),
    ("lend and light", 'Lookup{"text":" it"}\nHassTurnOn{"name":" hall lamp"}'),
    ("not that one", 'HassTurnOff{"name":" reading lamp"}'),
]


def manifest(*tools: Tool, results: bool = True) -> ModelManifest:
    return ModelManifest(
        candidate="c0ffee",
        pipeline="p",
        dataset="d",
        context=4096,
        parameters=1,
        decoding=Decoding(arguments="typed"),
        tools=tools,
        home=True,
        results=results,
        serve="model.gguf",
        files={},
    )


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return load_inventory("home")


@pytest.fixture
async def keeper(tmp_path: Path, inventory: Inventory) -> AsyncIterator[Keeper]:
    made = Keeper(Home(tmp_path))
    await made.want(HomeWish(inventory=inventory))
    yield made
    await made.close()


@pytest.fixture
async def turns() -> LocalTurns:
    return await turns_of(manifest())


async def turns_of(model: ModelManifest) -> LocalTurns:
    async def load(_: Wish) -> Answerer:
        return Answerer(ScriptedEngine(SCRIPT, context=4096), model)

    holder: Holder[Any] = Holder(load)
    await holder.want(Wish(model=ref("3")))
    return LocalTurns(holder)


async def told(
    keeper: Keeper, turns: LocalTurns, text: str, manner: Manner = MODEL, confirmation: str | None = None
) -> list[Any]:
    home = AskedHome(lambda request: answered(keeper, request))  # as it travels between processes
    asked = Asked(text, confirmation)
    events: AsyncGenerator[Any, None] = assist(asked, home, turns, manner)
    found = [event async for event in events]
    assert all(event.inference_id == asked.inference_id for event in found)
    assert [event.at_ms for event in found] == sorted(event.at_ms for event in found)
    assert isinstance(found[-1], AssistFinished)
    return found


def golden(events: list[Any]) -> list[Any]:
    """Events without what differs from run to run."""
    short: list[Any] = []
    for event in events:
        if isinstance(event, TierAnswered):
            short.append((event.tier, event.model))
        elif isinstance(event, ActionDone):
            changed = {c.entity_id: c.after.state if c.after else "gone" for c in event.action.changes}
            short.append((event.action.name, changed, event.action.error["code"] if event.action.error else None))
        elif isinstance(event, ReplyReady):
            short.append(event.text)
        elif not isinstance(event, AssistFinished):
            short.append(event.type)
    return short


async def test_a_frequent_sentence_needs_no_model(keeper: Keeper, turns: LocalTurns) -> None:
    events = await told(keeper, turns, "turn on the hall lamp", Manner(tiers=Tiers(model=False)))
    assert golden(events) == [("intents", None), ("HassTurnOn", {"light.hall_lamp": "on"}, None), "Turned on the light"]
    assert set(events[-1].timings_ms) == {"intents", "act", "total"}


async def test_what_no_tier_knows_is_said(keeper: Keeper, turns: LocalTurns) -> None:
    events = await told(keeper, turns, "brighten my evening", Manner(tiers=Tiers(model=False)))
    assert golden(events) == [("none", None), NOT_UNDERSTOOD]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "brighten things",
            [("HassLightSet", {"light.hall_lamp": "on"}, None), "The hall lamp is on at 40%."],
        ),
        (
            "two things",
            [
                ("HassTurnOn", {"light.hall_lamp": "on"}, None),
                ("HassTurnOff", {"light.reading_lamp": "off"}, None),
                "The hall lamp is on at 100%. The reading lamp is off.",
            ],
        ),
        (
            "switch on the ghost",
            [("HassTurnOn", {}, "action.unknown_entity"), "Sorry, nothing in this home is called 'ghost'."],
        ),
        ("hello", ["reply.delta", "reply.delta", "Good day."]),
        ("mumble", [NOT_UNDERSTOOD]),
        ("halves", [NOT_UNDERSTOOD]),
    ],
)
async def test_the_models_calls_are_done_and_told(keeper: Keeper, turns: LocalTurns, text: str, expected: list[Any]) -> None:
    events = await told(keeper, turns, text)
    assert golden(events) == [("model", "rottie-llm/3"), *expected]
    spent = events[-1].timings_ms
    assert ("first_clause" in spent) == ("reply.delta" in expected)  # what it says, not what came of its calls
    assert 0 < spent.get("first_token", spent["model"]) <= spent.get("first_clause", spent["model"]) <= spent["model"]
    assert ("first_token" in spent) == (text not in ("mumble", "halves"))


async def test_a_model_with_tools_of_its_own_is_told_what_this_home_lacks(keeper: Keeper) -> None:
    """As a model that was trained for something else answers."""
    music = Tool.model_validate({"function": {"name": "PlayMusic", "parameters": {"properties": {"artist": {"type": "string"}}}}})
    events = await told(keeper, await turns_of(manifest(music)), "music")
    assert golden(events)[1:] == [("PlayMusic", {}, "action.unknown_tool"), "Sorry, I cannot do that in this home."]


async def test_the_first_tier_leaves_the_rest_to_the_model(keeper: Keeper, turns: LocalTurns) -> None:
    events = await told(keeper, turns, "brighten things a little, would you", Manner())
    assert golden(events)[0] == ("model", "rottie-llm/3")
    assert {"intents", "model", "first_token", "act", "total"} == set(events[-1].timings_ms)


@pytest.mark.parametrize(("text", "manner"), [("unlock the front door", Manner()), ("open sesame", MODEL)])
async def test_nothing_irreversible_without_a_yes(keeper: Keeper, turns: LocalTurns, text: str, manner: Manner) -> None:
    events = await told(keeper, turns, text, manner)
    (action,) = [event.action for event in events if isinstance(event, ActionDone)]
    assert action.confirmation_needed
    assert action.error is not None
    assert action.error["code"] == "action.confirm"
    assert keeper.actions.home.entity("lock.front_door").state == "locked"
    assert "take" in golden(events)[-1]
    events = await told(keeper, turns, "yes", manner, action.confirmation_needed)
    assert golden(events)[:2] == [("confirmation", None), ("HassTurnOff", {"lock.front_door": "unlocked"}, None)]
    with pytest.raises(ConfirmationUnknown):
        await told(keeper, turns, "yes", manner, action.confirmation_needed)
    with pytest.raises(ConfirmationUnknown):
        await told(keeper, turns, "yes", manner, "made-up")


class Doubtful(ScriptedEngine):
    """Might as well have said "reading" where it says "hall", and is sure of everything else."""

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
    ) -> AsyncIterator[Delta | Finished]:
        async for piece in super().generate(prompt, sampling, grammar, adapter):
            if isinstance(piece, Delta) and sampling.logprobs is not None:
                half = "hall" in piece.text
                said = {"token": piece.text, "logprob": math.log(0.5) if half else 0.0, "bytes": tuple(piece.text.encode())}
                other = {"token": " reading", "logprob": math.log(0.5), "bytes": tuple(b" reading")}
                token = TokenLogprob.model_validate({**said, "top_logprobs": [said, other] if half else [said]})
                piece = replace(piece, logprobs=(token,))
            yield piece


async def doubtful() -> LocalTurns:
    async def load(_: Wish) -> Answerer:
        script = [*SCRIPT, ("look around", 'GetLiveContext{"area":" hall"}')]
        return Answerer(Doubtful(script, context=4096), manifest())

    holder: Holder[Any] = Holder(load)
    await holder.want(Wish(model=ref("3")))
    return LocalTurns(holder)


CAREFUL = replace(MODEL, sure=0.6)


async def test_what_the_model_is_not_sure_of_is_asked_and_not_done(keeper: Keeper) -> None:
    turns = await doubtful()
    events = await told(keeper, turns, "two things", CAREFUL)
    assert golden(events)[1:] == [
        ("HassTurnOn", {}, "action.unsure"),
        ("HassTurnOff", {"light.reading_lamp": "off"}, None),
        "Shall I turn on the hall lamp? The reading lamp is off.",
    ]
    (token,) = [event.action.confirmation_needed for event in events if isinstance(event, ActionDone) if event.action.error]
    events = await told(keeper, turns, "yes", CAREFUL, token)
    assert golden(events)[:2] == [("confirmation", None), ("HassTurnOn", {"light.hall_lamp": "on"}, None)]
    with pytest.raises(ConfirmationUnknown):
        await told(keeper, turns, "yes", CAREFUL, token)


async def test_doubt_ends_with_its_time(keeper: Keeper) -> None:
    """A yes that comes too late does nothing: the call is held back once more."""
    keeper.actions.policy.rules = keeper.actions.policy.rules.model_copy(update={"confirmation_s": 1e-9})
    events = await told(keeper, await doubtful(), "brighten", CAREFUL)
    (action,) = [event.action for event in events if isinstance(event, ActionDone)]
    events = await told(keeper, await doubtful(), "yes", CAREFUL, action.confirmation_needed)
    assert golden(events)[1] == ("HassLightSet", {}, "action.unsure")


async def test_reading_and_what_is_sure_is_never_asked(keeper: Keeper, turns: LocalTurns) -> None:
    assert golden(await told(keeper, await doubtful(), "look around", CAREFUL))[1] == ("GetLiveContext", {}, None)
    assert golden(await told(keeper, await doubtful(), "brighten", replace(MODEL, sure=0.4)))[1][2] is None
    assert golden(await told(keeper, await doubtful(), "brighten"))[1][2] is None
    assert golden(await told(keeper, turns, "brighten", CAREFUL))[1][2] == "action.unsure", "an engine that says nothing"
    assert golden(await told(keeper, await doubtful(), "turn on the hall lamp", replace(CAREFUL, tiers=Tiers())))[1][2] is None


async def test_being_sure_allows_nothing(keeper: Keeper) -> None:
    events = await told(keeper, await doubtful(), "open sesame", CAREFUL)
    assert golden(events)[1:] == [
        ("HassTurnOff", {}, "action.confirm"),
        "This cannot be taken back. Shall I really unlock the front door?",
    ]


async def test_a_second_round_shows_the_model_its_results(keeper: Keeper, turns: LocalTurns) -> None:
    """The scripted model calls again and again: it is stopped, and each call was done once."""
    events = await told(keeper, turns, "brighten", Manner(tiers=Tiers(intents=False), rounds=3, ask_again="always"))
    assert len([event for event in events if isinstance(event, ActionDone)]) == 3
    assert len([event for event in events if isinstance(event, TierAnswered)]) == 1


async def test_without_a_model_the_error_is_its_own(keeper: Keeper) -> None:
    empty = LocalTurns(Holder(lambda _: None))  # type: ignore[arg-type, return-value]
    with pytest.raises(NoChampion):
        await told(keeper, empty, "brighten")
    assert golden(await told(keeper, empty, "turn on the hall lamp", Manner()))[0] == ("intents", None)


async def test_an_assistant_that_may_not_act(tmp_path: Path, inventory: Inventory, turns: LocalTurns) -> None:
    keeper = Keeper(Home(tmp_path / "quiet"))
    await keeper.want(HomeWish(inventory=inventory, act=False))
    assert golden(await told(keeper, turns, "turn on the hall lamp", Manner()))[1] == ("HassTurnOn", {}, "action.denied")
    assert golden(await told(keeper, turns, "is the front door locked?", Manner()))[1][2] is None
    await keeper.close()


async def test_states_survive_a_restart_and_a_new_inventory_wins(tmp_path: Path, inventory: Inventory) -> None:
    home = Home(tmp_path / "kept")
    first = Keeper(home)
    await first.want(HomeWish(inventory=inventory))
    await first.patch("light.hall_lamp", "on", {}, Actor(id="api"))
    assert json.loads(home.home_state.read_text())["home"] == first.actions.home.snapshot().model_dump(mode="json")
    first.actions.log.close()  # killed: nothing else is closed
    second = Keeper(home)
    await second.want(HomeWish(inventory=inventory))
    assert second.actions.home.entity("light.hall_lamp").state == "on"
    fewer = inventory.model_copy(update={"entities": inventory.entities[:2]})
    await second.want(HomeWish(inventory=fewer))
    assert second.actions.home.snapshot() == fewer
    assert second.actions.log.last(1)[0].tool == "SetByHand"
    await second.close()
    home.home_state.write_text('{"half')
    third = Keeper(home, HomeWish(inventory=inventory))
    assert third.actions.home.snapshot() == SimulatedHome(inventory).snapshot()
    await third.close()


async def test_the_same_key_does_nothing_twice(keeper: Keeper) -> None:
    home = AskedHome(lambda request: answered(keeper, request))
    actor = Actor(id="api")
    one = await home.hear("add milk to groceries", actor, "k")
    two = await home.hear("add milk to groceries", actor, "k")
    assert one is not None
    assert two is not None
    assert two.performed[0].result.replayed
    assert len(keeper.actions.home.entity("todo.groceries").attributes["items"]) == 4


async def test_what_is_called_done_survives_the_process(tmp_path: Path, inventory: Inventory) -> None:
    """It ends right after a call was done: the home is kept already, and nobody is told that the call is done."""

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    home, actor = Home(tmp_path), Actor(id="api")
    first = Keeper(home)
    await first.want(HomeWish(inventory=inventory))
    first.actions.log.end = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await first.hear("add milk to groceries", actor, "k")
    second = Keeper(home, HomeWish(inventory=inventory))
    assert len(second.actions.home.entity("todo.groceries").attributes["items"]) == 4
    heard = await second.hear("add milk to groceries", actor, "k")
    assert heard is not None
    error = heard.performed[0].result.error
    assert error is not None
    assert error["code"] == "action.interrupted"
    await second.close()


async def test_a_broken_request_is_an_error_as_data(keeper: Keeper) -> None:
    for request in ("{", "{}", '{"method":"close","arguments":{}}', '{"method":"do","arguments":{"call":1}}'):
        assert "error" in json.loads(await answered(keeper, request))


def test_spoken_says_a_thing_once() -> None:
    assert spoken([]) == ""


def results(prompt: str) -> int:
    """Results that the newest turn of ``prompt`` holds."""
    return prompt.rpartition(USER)[2].count(TOOL)


class InRounds(ScriptedEngine):
    """One scripted reply after another, within a turn."""

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
    ) -> AsyncIterator[Delta | Finished]:
        yield Delta(dict(self._replies)[f"round {results(prompt)}"])
        yield Finished("stop", 1, 0, 1, 0.0, 0.0)


async def in_rounds(*replies: str, results: bool = True, engine: type[InRounds] = InRounds) -> LocalTurns:
    """A model that says the reply whose number is that of the results in its turn so far."""

    async def load(_: Wish) -> Answerer:
        script = [(f"round {number}", reply) for number, reply in enumerate(replies)]
        return Answerer(engine(script, context=4096), manifest(results=results))

    holder: Holder[Any] = Holder(load)
    await holder.want(Wish(model=ref("3")))
    return LocalTurns(holder)


THRICE = Manner(tiers=Tiers(intents=False), rounds=3)


async def test_a_model_that_is_always_asked_again_speaks_itself(keeper: Keeper) -> None:
    turns = await in_rounds('GetLiveContext{"name":" hall lamp"}', 'HassTurnOn{"name":" hall lamp"}', " Lit.")
    events = await told(keeper, turns, "light up if it is dark", replace(THRICE, ask_again="always"))
    assert golden(events) == [
        ("model", "rottie-llm/3"),
        ("GetLiveContext", {}, None),
        ("HassTurnOn", {"light.hall_lamp": "on"}, None),
        "reply.delta",
        "Lit.",
    ]


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        (
            ['HassTurnOn{"name":" hall lamp"}', " Lit."],
            [("HassTurnOn", {"light.hall_lamp": "on"}, None), "The hall lamp is on at 100%."],
        ),
        (
            ['HassTurnOn{"name":" hall lmap"}', 'HassTurnOn{"name":" hall lamp"}'],
            [
                ("HassTurnOn", {}, "action.unknown_entity"),
                ("HassTurnOn", {"light.hall_lamp": "on"}, None),
                "The hall lamp is on at 100%.",
            ],
        ),
        (
            ['HassTurnOn{"name":" hall lamp"}\nHassMediaPause{"name":" hall lamp"}', "", " Sorry, a lamp cannot be paused."],
            [
                ("HassTurnOn", {"light.hall_lamp": "on"}, None),
                ("HassMediaPause", {}, "action.no_match"),
                "reply.delta",
                "The hall lamp is on at 100%. Sorry, a lamp cannot be paused.",
            ],
        ),
        (
            [f'HassTurnOn{{"name":" ghost {number}"}}' for number in range(3)],
            [
                *[("HassTurnOn", {}, "action.unknown_entity")] * 3,
                " ".join(f"Sorry, nothing in this home is called 'ghost {number}'." for number in range(3)),
            ],
        ),
    ],
    ids=["done", "tried again", "half done", "in vain"],
)
async def test_a_model_is_asked_again_after_what_failed(keeper: Keeper, replies: list[str], expected: list[Any]) -> None:
    events = await told(keeper, await in_rounds(*replies), "light up", THRICE)
    assert golden(events) == [("model", "rottie-llm/3"), *expected]
    deltas = "".join(event.text for event in events if isinstance(event, ReplyDelta))
    assert deltas in ("", golden(events)[-1]), "what is heard as it comes is what is replied in the end"


async def test_a_model_that_never_saw_a_result_is_asked_once(keeper: Keeper) -> None:
    turns = await in_rounds('HassTurnOn{"name":" hall lmap"}', " Lit.", results=False)
    for manner in (THRICE, replace(THRICE, ask_again="always")):
        told_of = golden(await told(keeper, turns, "light up", manner))
        assert told_of[1:] == [("HassTurnOn", {}, "action.unknown_entity"), "Sorry, nothing in this home is called 'hall lmap'."]


async def test_a_follow_up_by_its_events(keeper: Keeper, turns: LocalTurns) -> None:
    earlier = (Message(role="user", content="turn on the hall lamp"), Message(role="assistant", content="Turned on the light"))
    home = AskedHome(lambda request: answered(keeper, request))
    found = [event async for event in assist(Asked("no, not that one", earlier=earlier), home, turns, Manner())]
    assert golden(found) == [
        ("model", "rottie-llm/3"),
        ("HassTurnOff", {"light.reading_lamp": "off"}, None),
        "The reading lamp is off.",
    ]


@pytest.mark.parametrize(
    ("does", "role", "told_as"),
    [
        (raises, "user", ("action.tool", "Sorry, Lookup failed.")),
        (hangs, "user", ("action.tool_timeout", "Sorry, Lookup did not answer within 0.05 s.")),
        (says("no luck", failed=True), "user", ("action.tool", None)),
        (says("It is 42."), "user", (None, "It is 42.")),
        (says("word " * 500), "user", (None, "word " * 119 + "word …")),
        (says("It is 42."), "guest", ("action.denied", "Sorry, guest may not use Lookup.")),
    ],
)
async def test_a_lent_tool_that_fails_is_an_event_and_words(
    keeper: Keeper, turns: LocalTurns, does: Any, role: Any, told_as: tuple[str | None, str | None]
) -> None:
    rules: dict[str, Any] = {"risk": "read", "timeout_s": 0.05, "roles": frozenset({"user"})}
    keeper.actions.borrowing.providers = (Lender("abroad", (lent("Lookup", **rules), does)),)
    manner = Manner(tiers=Tiers(intents=False), actor=Actor(id="api", role=role))
    tier, action, reply = golden(await told(keeper, turns, "look it up", manner))
    assert (tier[0], action[:2], action[2]) == ("model", ("Lookup", {}), told_as[0])
    assert told_as[1] in (None, reply)
    assert "secret" not in reply


async def test_calls_have_their_time_together(keeper: Keeper, turns: LocalTurns) -> None:
    """A hanging tool takes the time of those after it; the turn still ends with words."""
    keeper.actions.borrowing.providers = (Lender("abroad", (lent("Lookup", risk="read"), hangs)),)
    events = golden(await told(keeper, turns, "lend and light", Manner(tiers=Tiers(intents=False), act_s=0.05)))
    assert [event[2] for event in events[1:-1]] == ["action.tool_timeout"] * 2
    assert events[-1] == "Sorry, Lookup is not done yet. Sorry, HassTurnOn is not done yet."


async def test_a_home_that_is_lost_in_the_middle_is_told(turns: LocalTurns, keeper: Keeper) -> None:
    calls = []

    async def ask(request: str) -> str:
        if json.loads(request)["method"] != "do":
            return await answered(keeper, request)
        calls.append(request)
        if len(calls) > 1:
            raise HomeDown("the home's process ended, again and again")
        return await answered(keeper, request)

    found = [event async for event in assist(Asked("two things"), AskedHome(ask), turns, MODEL)]
    assert golden(found)[1:] == [
        ("HassTurnOn", {"light.hall_lamp": "on"}, None),
        ("HassTurnOff", {}, "home.down"),
        "The hall lamp is on at 100%. Sorry, the home's process ended, again and again.",
    ]


class Breaking(InRounds):
    """Fails where the script has no reply for a round; what stands before ``!`` is said first."""

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None, images: Any = ()
    ) -> AsyncIterator[Delta | Finished]:
        reply = dict(self._replies).get(f"round {results(prompt)}", "!")
        if reply.removesuffix("!"):
            yield Delta(reply.removesuffix("!"))
        if reply.endswith("!"):
            raise Overloaded("too many wait", where="engine")
        yield Finished("stop", 1, 0, 1, 0.0, 0.0)


@pytest.mark.parametrize(
    ("second", "again", "expected"),
    [
        ("!", "always", "The hall lamp is on at 100%. Then I could not go on."),
        (" It is", "always", "It is"),
        (" It is!", "always", "It is The hall lamp is on at 100%. Then I could not go on."),
    ],
)
async def test_what_was_done_is_told_though_the_model_fails_after_it(
    keeper: Keeper, second: str, again: Literal["failed", "always"], expected: str
) -> None:
    turns = await in_rounds('HassTurnOn{"name":" hall lamp"}', second, engine=Breaking)
    events = await told(keeper, turns, "light up", replace(THRICE, ask_again=again))
    assert ("HassTurnOn", {"light.hall_lamp": "on"}, None) in golden(events)
    assert golden(events)[-1] == expected


async def test_a_model_that_fails_before_anything_is_done_is_an_error(keeper: Keeper) -> None:
    with pytest.raises(Overloaded):
        await told(keeper, await in_rounds("!", engine=Breaking), "light up", THRICE)


async def test_a_result_that_is_too_long_is_cut(keeper: Keeper) -> None:
    """What was done before it is told, and the model reads what fits."""
    keeper.actions.borrowing.providers = (Lender("abroad", (lent("Lookup", risk="read"), says("word " * 6000))),)
    both = 'HassTurnOn{"name":" hall lamp"}\nLookup{"text":" it"}'
    turns = await in_rounds(both, "", " Read it.")
    events = await told(keeper, turns, "look it up", replace(THRICE, ask_again="always"))
    assert golden(events)[-1] == "Read it."
    assert ("HassTurnOn", {"light.hall_lamp": "on"}, None) in golden(events)
