"""Requests said aloud to a home by the starter voice and by strangers' voices, and what has become of the home.

    python -m tests.bench.aloud [requests] [--set key=value]...

Each request is said by the starter voice, by a voice of espeak-ng that the recogniser was not trained with, and typed, which
shows what the recogniser costs. All goes through a whole conversation: heard, understood, done in a home (made from the lines
of homes that nothing is trained on, some requests each), answered aloud. The home judges: a request is ``served`` where every
state is as after the right calls, and something was done, or asked of the home, exactly where it should be. ``wrong``: some
state is neither as before nor as it should be. ``sounding``: the answer is sound that lasts about as long as its words do.
``--set`` changes the assistant as `rottie` does.

Audio comes faster than it is spoken: nothing here is about time. Writes bench-results/aloud.json.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.steps.aloud import sayable
from flows.steps.held_out import held_out
from flows.steps.judging import wilson
from flows.steps.recogniser.scoring import word_error_rate
from flows.steps.speech.espeak import voices
from schemas.conversation import Conversation
from schemas.home_lines import inventory_of
from schemas.inventory import Inventory
from serve.actions.domains.moments import moment
from serve.actions.tools import TOOLS
from serve.speech_models import STARTER
from serve.spelling import written
from tests.bench.comparing import keep
from tests.bench.talking import SPOKEN, Told, told, typed
from tests.household import Household, household
from tests.said import Recording, Speakers

TYPED, STRANGERS = "typed", "strangers"
_LETTER_MS = (20.0, 250.0)
"""How long a letter of an answer may sound, on average."""
_QUIET = 0.01

States = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """One request to a home; ``recording`` None: it is typed."""

    row: Conversation
    inventory: Inventory
    recording: Recording | None

    @property
    def text(self) -> str:
        return self.row.request()[-1].content or ""


@dataclass(frozen=True)
class Judged:
    said: Said
    told: Told
    served: bool
    wrong: bool


def requests(count: int, seed: int = 0) -> Iterator[tuple[Conversation, Inventory]]:
    """Single requests with the home that they are made to; more than ``count``, since some cannot be judged."""
    for _, row in sayable(held_out(4 * count, seed)):
        asked = [message for message in row.request() if message.role != "system"]
        inventory = inventory_of(row.home)
        if len(asked) == 1 and inventory is not None and inventory.entities:
            yield row, inventory


async def judged(house: Household, said: Said) -> Judged | None:
    """None where the right calls cannot be done in this home, so that nothing can be judged by it."""
    before = await _states(house, said.inventory)
    for wanted in said.row.answer().tool_calls:
        done = await house.home.do(wanted, house.settings.manner.actor, uuid.uuid4().hex)
        if done.result.error and not done.confirmation:
            return None
    right = await _states(house)
    await house.home.load(said.inventory)
    async with house.parlour.session(SPOKEN) as session:
        if said.recording is None:
            came = await typed(session, said.text)
        else:
            came = await told(session, said.recording, real_time=False)
    after = await _states(house)
    names = {*before, *right, *after}
    wrong = any(after.get(name) not in (before.get(name), right.get(name)) for name in names)
    wanted = [each.function.name for each in said.row.answer().tool_calls]
    served = after == right and _manner(came.calls) == _manner(wanted)
    return Judged(said, came, served, wrong)


async def _states(house: Household, fresh: Inventory | None = None) -> States:
    """By id, of the home as it is, or as it is ``fresh``."""
    inventory = await house.home.load(fresh) if fresh is not None else await house.home.read()
    return {entity.id: (entity.state, _lasting(entity.attributes)) for entity in inventory.entities}


def _lasting(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what goes on between two runs; when a timer ends, in minutes from now."""
    kept = {name: value for name, value in attributes.items() if name not in ("finishes_at", "remaining", "last_changed")}
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
    def share(holds: Callable[[Judged], bool]) -> dict[str, float]:
        right = sum(map(holds, found))
        low, high = wilson(right, len(found))
        return {"share": round(right / len(found), 3), "low": round(low, 3), "high": round(high, 3)}

    texts = [written(one.said.text) or "" for one in found]
    heard = [written(one.told.heard) or "" for one in found]
    return {
        "requests": len(found),
        "served": share(lambda one: one.served),
        "wrong": share(lambda one: one.wrong),
        "sounding": share(lambda one: is_sounding(one.told)),
        "failed": sum(bool(one.told.failed) for one in found),
        "unheard": sum(not one.told.heard for one in found),
        "word_error_rate": round(word_error_rate(texts, heard), 4),
        "heard_exactly": round(sum(a == b for a, b in zip(texts, heard, strict=True)) / len(found), 3),
        "tiers": dict(Counter(one.told.tier or "asked again" for one in found)),
    }


async def heard_by(house: Household, count: int, spoken: Sequence[tuple[Said, ...]]) -> dict[str, list[Judged]]:
    """The first ``count`` requests that can be judged, by kind of voice."""
    found: dict[str, list[Judged]] = {STARTER: [], STRANGERS: [], TYPED: []}
    for ways in spoken:
        if len(found[TYPED]) == count:
            break
        each = [await judged(house, said) for said in ways]
        for kind, one in zip(found, each, strict=True):
            if one is not None:
                found[kind].append(one)
    return found


def ways(count: int, seed: int = 0) -> list[tuple[Said, ...]]:
    """Each request by the starter voice, by a stranger, and typed."""
    strangers = voices("test")
    with Speakers() as speakers:
        return [
            (
                Said(row, inventory, speakers.say(row.request()[-1].content or "", STARTER)),
                Said(row, inventory, speakers.say(row.request()[-1].content or "", strangers[number % len(strangers)])),
                Said(row, inventory, None),
            )
            for number, (row, inventory) in zip(range(count + count // 4 + 5), requests(count, seed), strict=False)
        ]


async def measured(count: int, root: Path, overrides: tuple[str, ...] = ()) -> dict[str, list[Judged]]:
    spoken = await asyncio.to_thread(ways, count)
    async with household(root, overrides=overrides) as house:
        return await heard_by(house, count, spoken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("requests", type=int, nargs="?", default=100)
    parser.add_argument("--set", action="append", default=[])
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="rottie-") as root:
        found = asyncio.run(measured(asked.requests, Path(root), tuple(asked.set)))
    print(keep("aloud", {"set": asked.set, **{kind: described(each) for kind, each in found.items()}}))


if __name__ == "__main__":
    main()
