"""Swapping versions while turns run."""

from __future__ import annotations

import asyncio

import pytest

from schemas.errors import ModelUnusable, NoChampion
from serve.answering import bundled, events_of
from serve.api.wire import Turn
from serve.holding import RETRY_S, Holder, Wish
from tests.serve.speaking import Loader, Speaker, ref


def turn(text: str = "hello there", model: str = "champion") -> Turn:
    return Turn.model_validate({"model": model, "messages": [{"role": "user", "content": text}], "sampling": {"max_tokens": 5}})


async def ask(holder: Holder[Speaker], text: str = "hello there", model: str = "champion") -> list[str]:
    return [event.type for event in [e async for e in events_of(holder, turn(text, model))]]


async def test_nothing_promoted() -> None:
    holder = Holder(Loader())
    await holder.want(Wish())
    events = [event async for event in events_of(holder, turn())]
    assert [event.error["code"] for event in events] == [NoChampion.code]
    assert holder.status()["reached"]
    assert holder.status()["model"] is None


async def test_swap_waits_for_running_turns() -> None:
    loader = Loader()
    holder = Holder(loader)
    await holder.want(Wish(model=ref("1")))
    running = asyncio.create_task(ask(holder, "!wait"))
    await asyncio.sleep(0)
    await holder.want(Wish(model=ref("2")))
    while holder.status()["model"]["version"] != "2":
        await asyncio.sleep(0.001)
    old, new = loader.opened
    assert not old.closed
    assert (await ask(holder))[-1] == "turn.finished"
    assert len(new.turns) == 1
    old.gate.set()
    assert (await running)[-1] == "turn.finished"
    await holder.settled()
    assert old.closed
    assert not new.closed


async def test_many_swaps_under_load_lose_nothing() -> None:
    loader = Loader()
    holder = Holder(loader)
    await holder.want(Wish(model=ref("0")))
    stop = asyncio.Event()

    async def load() -> list[str]:
        ends = []
        while not stop.is_set():
            ends.append((await ask(holder))[-1])
        return ends

    clients = [asyncio.create_task(load()) for _ in range(8)]
    for version in range(1, 20):
        await holder.want(Wish(model=ref(str(version))))
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.01)
    stop.set()
    ends = [end for client in clients for end in await client]
    await holder.settled()
    assert set(ends) == {"turn.finished"}
    assert holder.status()["model"]["version"] == "19"
    assert [speaker.closed for speaker in loader.opened] == [True] * (len(loader.opened) - 1) + [False]


@pytest.mark.parametrize("path", ["/models/broken", "/models/raising"])
async def test_a_version_that_cannot_load_leaves_the_old_one(path: str) -> None:
    holder = Holder(Loader())
    await holder.want(Wish(model=ref("1")))
    bad = Wish(model=ref("2", path))
    await holder.want(bad)
    await holder.settled()
    state = holder.status()
    assert state["model"]["version"] == "1"
    assert state["wanted"] == bad.generation
    assert not state["reached"]
    assert state["error"]["where"] == path
    assert (await ask(holder))[-1] == "turn.finished"
    await holder.want(Wish(model=ref("1")))
    await holder.settled()
    assert holder.status()["error"] is None
    assert holder.status()["reached"]


async def test_first_load_failing_is_told_and_tried_again() -> None:
    clock = [100.0]
    holder = Holder(Loader(), now=lambda: clock[0])
    await holder.want(Wish(model=ref("1", "/models/broken")))
    events = [event async for event in events_of(holder, turn())]
    assert [event.error["code"] for event in events] == [ModelUnusable.code]
    holder._load = Loader()  # the disk is back
    holder._wish = Wish(model=ref("1"))
    holder.retry()
    await holder.settled()
    assert holder.status()["model"] is None
    clock[0] += RETRY_S
    holder.retry()
    await holder.settled()
    assert holder.status()["model"]["version"] == "1"


async def test_only_the_newest_wish_is_loaded() -> None:
    loader = Loader()
    holder = Holder(loader)
    await holder.want(Wish(model=ref("1")))
    loader.slow.clear()
    for version in "2345":
        await holder.want(Wish(model=ref(version)))
        await asyncio.sleep(0)
    loader.slow.set()
    await holder.settled()
    assert holder.status()["model"]["version"] == "5"
    assert [speaker.label for speaker in loader.opened] == ["rottie-llm/1", "rottie-llm/2", "rottie-llm/5"]


async def test_a_champion_can_be_taken_away() -> None:
    loader = Loader()
    holder = Holder(loader)
    await holder.want(Wish(model=ref("1")))
    await holder.want(Wish())
    await holder.settled()
    assert holder.status()["model"] is None
    assert loader.opened[0].closed


@pytest.mark.parametrize(
    ("model", "last"),
    [
        ("rottie-llm", "turn.finished"),
        ("rottie-llm/1", "turn.finished"),
        ("rottie-llm/2", "turn.failed"),
        ("gpt-4", "turn.failed"),
    ],
)
async def test_model_names(model: str, last: str) -> None:
    holder = Holder(Loader())
    await holder.want(Wish(model=ref("1")))
    assert (await ask(holder, model=model))[-1] == last


async def test_bundles_hold_every_event_in_order_and_the_first_piece_at_once() -> None:
    holder = Holder(Loader())
    await holder.want(Wish(model=ref("1")))
    bundles = [bundle async for bundle in bundled(events_of(holder, turn("one two three four")), pause_s=30)]
    plain = [event async for event in events_of(holder, turn("one two three four"))]
    assert [event for bundle in bundles for event in bundle] == plain
    assert len(bundles) < len(plain)
    assert holder.status()["turns"] == 0


async def test_leaving_a_bundled_turn_frees_it() -> None:
    holder = Holder(Loader())
    await holder.want(Wish(model=ref("1")))
    bundles = bundled(events_of(holder, turn("!hang on")), pause_s=30)
    # Together: a turn whose replica dies before its first piece can be begun elsewhere.
    assert [event.type for event in await anext(bundles)] == ["turn.started", "reply.delta"]
    assert holder.status()["turns"] == 1
    await bundles.aclose()
    assert holder.status()["turns"] == 0


async def test_leaving_early_frees_the_turn() -> None:
    loader = Loader()
    holder = Holder(loader)
    await holder.want(Wish(model=ref("1")))
    events = events_of(holder, turn("!hang on"))
    await anext(events)
    await anext(events)
    assert holder.status()["turns"] == 1
    await events.aclose()
    assert holder.status()["turns"] == 0
    await holder.close()
    assert loader.opened[0].closed
