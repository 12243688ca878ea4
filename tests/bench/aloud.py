"""Requests said aloud to a home by the starter voice and by strangers' voices, and what has become of the home.

    python -m tests.bench.aloud [requests] [--stack] [--set key=value]...

Each request is said by the starter voice, by a voice of espeak-ng that the recogniser was not trained with, and typed, which
shows what the recogniser costs. All goes through a whole conversation: heard, understood, done in a home (made from the lines
of homes that nothing is trained on, some requests each), answered aloud. The home judges: a request that wants something of the
home is ``served`` where every state is as after the right calls, and something was done, or asked of the home, exactly as it
should be; one that wants nothing (talk, what cannot be done) is ``left_alone`` where nothing was. ``wrong``, of all: some state
is neither as before nor as it should be. ``agreed``: as served, or right once a person has said "yes" to what the assistant
asked before doing it, as a person in that room would have to. ``asked_again``: nothing was understood, and the assistant said
so. ``sounding``: the answer is sound that lasts about as long as its words do. ``--set`` changes the assistant as `rottie` does.

By default the assistant is in this process and audio comes faster than it is spoken; with ``--stack`` each request is spoken in
real time to ``WS /v1/realtime`` of an assistant on Ray Serve, whose home is loaded and read over HTTP. Nothing here is about
time. Writes bench-results/aloud.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from flows.steps.aloud import sayable
from flows.steps.held_out import held_out
from flows.steps.judging import wilson
from flows.steps.recogniser.scoring import word_error_rate
from flows.steps.speech.espeak import voices
from schemas.conversation import Conversation
from schemas.home_lines import inventory_of
from schemas.inventory import Inventory
from serve.actions.domains.moments import moment
from serve.actions.speaking import NOT_UNDERSTOOD
from serve.actions.tools import TOOLS
from serve.speech_models import STARTER
from serve.spelling import written
from tests.bench.comparing import keep
from tests.bench.stack import Served, served_starters
from tests.bench.talking import SPOKEN, Told, told, typed
from tests.household import Household, household
from tests.realtime_voice import realtime_voice
from tests.said import Recording, Speakers

TYPED, STRANGERS = "typed", "strangers"
_LETTER_MS = (20.0, 250.0)
"""How long a letter of an answer may sound, on average."""
_QUIET = 0.01
_PATIENCE_S, _AFTER_S = 15.0, 0.5
_DRAWN = 8  # rows for each request: most are about other tools, have names that no English voice says, or go on from others

_LATELY = timedelta(minutes=5)
_OFTEN = ("role=admin",)  # three times a request in three minutes is more than a user may ask of a home

States = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One request to a home, and the yes that may have to follow; None: both are typed."""

    row: Conversation
    inventory: Inventory
    recording: Recording | None
    yes: Recording | None = None

    @property
    def text(self) -> str:
        return self.row.request()[-1].content or ""


@dataclass(frozen=True)
class Judged:
    """``served``: every state is as it should be, and nothing was done or asked that should not have been.

    ``agreed``: the same, or so after a yes.
    """

    said: Said
    told: Told
    served: bool
    agreed: bool
    wrong: bool

    @property
    def wants(self) -> bool:
        """Whether something is wanted of the home."""
        return bool(self.said.row.answer().tool_calls)


def requests(count: int, seed: int = 0) -> Iterator[tuple[Conversation, Inventory]]:
    """Single requests with the home that they are made to; more than ``count``, since some cannot be judged."""
    for _, row in sayable(held_out(_DRAWN * count, seed)):
        asked = [message for message in row.request() if message.role != "system"]
        inventory = inventory_of(row.home)
        if len(asked) == 1 and inventory is not None and inventory.entities:
            yield row, inventory


class Asked(Protocol):
    """Whoever is asked, and whose home it is."""

    async def fresh(self, inventory: Inventory) -> States:
        """Begin with this home; its states."""
        ...

    async def ask(self, said: Said, held: Callable[[], Awaitable[None]]) -> Told:
        """``held`` is called before a yes, where one is asked for."""
        ...

    async def states(self) -> States: ...


class Indoors:
    """An assistant in this process."""

    def __init__(self, house: Household) -> None:
        self._house = house

    async def fresh(self, inventory: Inventory) -> States:
        return states_of(await self._house.home.load(inventory))

    async def ask(self, said: Said, held: Callable[[], Awaitable[None]]) -> Told:
        async with self._house.parlour.session(SPOKEN) as session:
            if said.recording is None:
                came = await typed(session, said.text)
            else:
                came = await told(session, said.recording, real_time=False)
            if came.confirm:
                await held()
                await asyncio.sleep(came.audio_ms / 1000 + _AFTER_S)  # nobody says yes before the question is over
                await (typed(session, "yes") if said.yes is None else told(session, said.yes, real_time=False))
            return came

    async def states(self) -> States:
        return states_of(await self._house.home.read())


class Outdoors:
    """One on Ray Serve, through its door."""

    def __init__(self, served: Served) -> None:
        self._served = served
        headers = {"Authorization": f"Bearer {served.key}"}
        self._http = httpx.AsyncClient(base_url=served.url, headers=headers, trust_env=False, timeout=60)

    async def fresh(self, inventory: Inventory) -> States:
        return states_of(self._home(await self._http.put("/v1/home", json=inventory.model_dump(mode="json"))))

    async def ask(self, said: Said, held: Callable[[], Awaitable[None]]) -> Told:
        found = Told(said.text)
        if said.recording is None or said.yes is None:
            body = await self._assist(text=said.text)
            found.heard, found.reply, found.tier = said.text, body["reply"], body["tier"]
            found.calls = [action["name"] for action in body["actions"]]
            tokens = [token for action in body["actions"] if (token := action["confirmation_needed"])]
            found.confirm = bool(tokens)
            if tokens:
                await held()
            for token in tokens:
                await self._assist(text="yes", confirmation=token)
            return found
        async with realtime_voice(self._served.url, self._served.key) as voice:
            came = await voice.say(said.recording, _PATIENCE_S)
            found.confirm = any(action["confirmation_needed"] for action in came.actions)
            if found.confirm:
                await held()
                await voice.say(said.yes, _PATIENCE_S)
        found.heard, found.reply, found.spoken = came.heard or "", came.reply, came.reply
        found.audio_ms, found.loudest, found.failed = came.audio_ms, came.loudest, came.down
        found.calls = [action["name"] for action in came.actions]
        return found

    async def states(self) -> States:
        return states_of(self._home(await self._http.get("/v1/home")))

    async def _assist(self, **body: str) -> dict[str, Any]:
        return (await self._http.post("/v1/assist", json=body)).raise_for_status().json()

    async def close(self) -> None:
        await self._http.aclose()

    @staticmethod
    def _home(reply: httpx.Response) -> Inventory:
        return Inventory.model_validate(reply.raise_for_status().json())


async def judged(asked: Asked, judge: Household, said: Said) -> Judged | None:
    """None where the right calls cannot be done in this home, which ``judge`` finds out, so that nothing can be judged by it."""
    wanted = said.row.answer().tool_calls
    await judge.home.load(said.inventory)
    for call in wanted:
        done = await judge.home.do(call, judge.settings.manner.actor, uuid.uuid4().hex)
        if done.result.error and not done.confirmation:
            return None
    right = states_of(await judge.home.read())
    before = await asked.fresh(said.inventory)
    unsaid: list[States] = []

    async def held() -> None:
        unsaid.append(await asked.states())

    came = await asked.ask(said, held)
    ended = await asked.states()
    after = unsaid[0] if unsaid else ended
    wrong = any(after.get(name) not in (before.get(name), right.get(name)) for name in {*before, *right, *after})
    fitting = _manner(came.calls) == _manner([call.function.name for call in wanted])
    return Judged(said, came, after == right and fitting, ended == right and fitting, wrong)


def states_of(inventory: Inventory) -> States:
    """By id."""
    return {entity.id: (_lately(entity.state), _lasting(entity.attributes)) for entity in inventory.entities}


def _lately(state: Any) -> Any:
    """When a scene, a script or a button was last used is no more than that where two homes do the same one after the other."""
    when = moment(state)
    return "lately" if when is not None and datetime.now(UTC) - when < _LATELY else state


def _lasting(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what goes on between two runs; when a timer ends, in minutes from now."""
    kept = {name: value for name, value in attributes.items() if name not in ("finishes_at", "remaining", "last_changed")}
    kept |= {name: _lately(kept[name]) for name in ("last_triggered",) if name in kept}
    if (ends := moment(attributes.get("finishes_at"))) is not None:
        kept["minutes"] = round((ends - datetime.now(UTC)).total_seconds() / 60)
    return kept


def _manner(calls: Sequence[str]) -> str:
    """Whether calls of these names do something, or ask something of the home."""
    reading = all(name in TOOLS and TOOLS[name].risk == "read" for name in calls)
    return "" if not calls else "asks" if reading else "does"


def is_sounding(turn: Told) -> bool:
    """Whether a reply was sound of a sensible length."""
    letters = sum(map(str.isalnum, turn.spoken))
    return bool(letters) and turn.loudest > _QUIET and _LETTER_MS[0] <= turn.audio_ms / letters <= _LETTER_MS[1]


def described(found: Sequence[Judged]) -> dict[str, Any]:
    def share(holds: Callable[[Judged], bool], of: Sequence[Judged] = found) -> dict[str, float]:
        right = sum(map(holds, of))
        low, high = wilson(right, len(of))
        return {"of": len(of), "share": round(right / len(of), 3) if of else 0.0, "low": round(low, 3), "high": round(high, 3)}

    texts = [written(one.said.text) or "" for one in found]
    heard = [written(one.told.heard) or "" for one in found]
    return {
        "requests": len(found),
        "served": share(lambda one: one.served, [one for one in found if one.wants]),
        "agreed": share(lambda one: one.agreed, [one for one in found if one.wants]),
        "left_alone": share(lambda one: one.served, [one for one in found if not one.wants]),
        "wrong": share(lambda one: one.wrong),
        "sounding": share(lambda one: is_sounding(one.told)),
        "failed": sum(bool(one.told.failed) for one in found),
        "unheard": sum(not one.told.heard for one in found),
        "word_error_rate": round(word_error_rate(texts, heard), 4),
        "heard_exactly": round(sum(a == b for a, b in zip(texts, heard, strict=True)) / len(found), 3),
        "asked_again": sum(one.told.reply.startswith(NOT_UNDERSTOOD) for one in found),
        "tiers": dict(Counter(one.told.tier or "not told" for one in found)),
    }


async def heard_by(asked: Asked, judge: Household, count: int, spoken: Sequence[tuple[Said, ...]]) -> dict[str, list[Judged]]:
    """The first ``count`` requests that can be judged, by kind of voice."""
    found: dict[str, list[Judged]] = {STARTER: [], STRANGERS: [], TYPED: []}
    for ways in spoken:
        if len(found[TYPED]) == count:
            break
        each = [await judged(asked, judge, said) for said in ways]
        for kind, one in zip(found, each, strict=True):
            if one is not None:
                found[kind].append(one)
    return found


def ways(count: int, seed: int = 0) -> list[tuple[Said, ...]]:
    """Each request by the starter voice, by a stranger, and typed."""
    strangers = voices("test")
    with Speakers() as speakers:

        def said(row: Conversation, inventory: Inventory, voice: str) -> Said:
            return Said(row, inventory, speakers.say(row.request()[-1].content or "", voice), speakers.say("yes", voice))

        return [
            (said(row, home, STARTER), said(row, home, strangers[number % len(strangers)]), Said(row, home, None))
            for number, (row, home) in zip(range(count + count // 4 + 5), requests(count, seed), strict=False)
        ]


async def measured(count: int, root: Path, overrides: tuple[str, ...] = ()) -> dict[str, list[Judged]]:
    spoken = await asyncio.to_thread(ways, count)
    async with (
        household(root / "asked", overrides=(*_OFTEN, *overrides)) as house,
        household(root / "judge", overrides=_OFTEN) as judge,
    ):
        return await heard_by(Indoors(house), judge, count, spoken)


async def measured_outdoors(
    served: Served, root: Path, count: int, spoken: Sequence[tuple[Said, ...]]
) -> dict[str, list[Judged]]:
    asked = Outdoors(served)
    try:
        async with household(root, overrides=_OFTEN) as judge:
            return await heard_by(asked, judge, count, spoken)
    finally:
        await asked.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", type=int, nargs="?", default=100)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--stack", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="rottie-") as root:
        if asked.stack:
            spoken = ways(asked.requests)
            with served_starters(tuple(asked.set)) as served:
                found = asyncio.run(measured_outdoors(served, Path(root), asked.requests, spoken))
        else:
            found = asyncio.run(measured(asked.requests, Path(root), tuple(asked.set)))
    told = {kind: described(each) for kind, each in found.items()}
    print(keep("aloud", {"stack": asked.stack, "set": asked.set, **told}))


if __name__ == "__main__":
    main()
