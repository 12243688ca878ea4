"""The one owner of a home: its states, who may change them, the log of what was done, and time.

Everything that hears, acts on or reads the home goes through one Keeper. The states are written to ROTTIE_HOME/home.json
after every change and read back at the start, as long as the assistant's inventory is the one that they began with. A
crash between a change and that write forgets the change; the log of actions still tells of it. Of a real home these are
the last known states, shown as such until Home Assistant answers.
No Ray: serve/deployments.py puts a Keeper behind a handle.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from pydantic import Field, ValidationError

from schemas.action import ActionResult, Actor, Change, Logged
from schemas.assistant import HomeChoice, Tools
from schemas.conversation import ToolCall
from schemas.errors import ActionError, ConfirmationUnknown, RequestError
from schemas.hashing import content_id, write_json
from schemas.inventory import Inventory
from schemas.lending import Plugins, Servers
from schemas.notices import Notice
from schemas.pipeline import Spec
from schemas.policy import Rules
from schemas.settings import Home
from serve.actions.actionlog import ActionLog, Entry
from serve.actions.beside import sayings
from serve.actions.beside.built_in import Beside
from serve.actions.clock import keep_time
from serve.actions.gathering import Gathered
from serve.actions.hass.home import RealHome
from serve.actions.home import SimulatedHome
from serve.actions.performing import Actions
from serve.actions.policy import MOST_PENDING, Policy
from serve.api.faults import note
from serve.assisting import Heard, Performed, Present

log = logging.getLogger("rottie.serve")
OPEN_S = 10.0  # that a start waits for a real home
KEPT_S = 60.0  # between two writings of a real home's states, which change all the time
BY_HAND = "SetByHand"  # in the log of actions


class HomeWish(Spec):
    """What home to keep, and how: the user_config of the home's Serve deployment."""

    inventory: Inventory = Inventory()
    home: HomeChoice = HomeChoice()
    tools: Tools = Tools()
    language: str = "en"
    intents: bool = Field(default=True, description="Keep the sentences of the first tier ready; takes a second at the start.")
    act: bool = Field(default=True, description="Off: the home is read, and every change of it is refused.")
    policy: Rules = Rules()
    servers: Servers = ()
    plugins: Plugins = ()

    @property
    def declared(self) -> str:
        """Names the home: states that were kept for another one are not taken up."""
        return content_id(self.inventory if self.home.kind == "simulated" else self.home)

    @property
    def rules(self) -> Rules:
        return self.policy if self.act else self.policy.reading()


class Keeper:
    """``serve.assisting.LiveHome`` in this process. ``want`` before anything else."""

    def __init__(self, home: Home, wish: HomeWish | None = None) -> None:
        self._place = home
        self._path = home.home_state
        self._wish = wish or HomeWish()
        self._home = self._made()
        self.actions = Actions(self._home, Policy(self._wish.rules), ActionLog(home.actions_db))
        self._beside = Beside(home)
        self._said: frozenset[str] = frozenset()
        self._kept_back: frozenset[str] = frozenset()  # tools that no model is offered
        self._gathered = Gathered(home)
        self.actions.tell = self._gathered.tell
        self.actions.keep = self._save
        self._held: OrderedDict[str, tuple[ToolCall, bool]] = OrderedDict()
        self._saving = asyncio.Lock()
        self._saved = self._home.content_hash()
        self._saved_at = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clock: asyncio.Task[None] | None = None

    async def want(self, wish: HomeWish) -> None:
        """Keep to ``wish`` from now on. Another home than before replaces it; the same one is left as it is."""
        changed = wish.declared != self._wish.declared
        self._wish = wish
        self.actions.policy.rules = wish.rules
        if changed:
            await self._move()
        lent = await self._gathered.want(wish.servers, wish.plugins)
        own = self._beside.wanted(wish.tools)
        self.actions.borrowing.providers = (*own, *lent)
        names = frozenset(tool.name for provider in own for tool in provider.tools())
        self._said = names & frozenset(sayings.ARGUMENTS)
        self._kept_back = frozenset() if wish.tools.to_model else names
        self.keep_time()
        if isinstance(self._home, RealHome):
            await self._home.open(OPEN_S)
        await self._warm_up()

    async def _move(self) -> None:
        """To another home."""
        fresh = self._made()
        await self._leave()
        self._home = self.actions.home = fresh
        self._held.clear()
        await self._save()

    async def _leave(self) -> None:
        """Let nothing happen in the home any more."""
        if self._clock is not None:
            self._clock.cancel()
            with suppress(asyncio.CancelledError):
                await self._clock
            self._clock = None
        if isinstance(self._home, RealHome):
            await self._home.close()

    def keep_time(self) -> None:
        """Let time pass in this home, and keep the link to a real one; both begun again should they ever have stopped."""
        if isinstance(self._home, RealHome):
            self._home.keep_open()
            if time.monotonic() - self._saved_at > KEPT_S:
                self._soon(self._save())
        self._beside.keep_ringing()
        if self._clock is not None and not self._clock.done():
            return
        if self._clock is not None and not self._clock.cancelled() and (error := self._clock.exception()):
            note(error)
        if self._clock is None:
            self._home.on_elapsed(self._elapsed)
        self._clock = asyncio.get_running_loop().create_task(keep_time(self._home))

    async def hear(self, text: str, actor: Actor, key: str) -> Heard | None:
        """Do what ``text`` says if it is a frequent sentence; None when it is for the model. See LiveHome."""
        from serve.actions.intents import recognise
        from serve.actions.replies import reply

        self._place_of(actor)
        recognised = await asyncio.to_thread(recognise, text, self._home, actor.language, actor, self._said)
        if recognised is None:
            return None
        began = time.monotonic()
        done = [await self.do(call, actor, f"{key}:{number}") for number, call in enumerate(recognised.calls)]
        spoken = reply(recognised, [each.result for each in done], self._home)
        if spoken and (warning := self._home.warning()) and not any(each.result.changes for each in done):
            spoken = f"{warning} {spoken}"
        return Heard(performed=tuple(done), reply=spoken, act_ms=(time.monotonic() - began) * 1000)

    async def do(self, call: ToolCall, actor: Actor, key: str, unsure: bool = False) -> Performed:
        """One call, through policy and log. What needs a person's yes is kept for ``confirm``."""
        self._place_of(actor)
        result = await self.actions.run(call, actor, key, unsure=unsure)
        return self._performed(call, result, unsure)

    async def confirm(self, confirmation: str, actor: Actor, key: str) -> Performed:
        """Do the call that ``confirmation`` was handed out for, exactly as it was; the policy checks who and when."""
        held = self._held.pop(confirmation, None)
        if held is None:
            raise ConfirmationUnknown("nothing waits for this confirmation", where="confirmation")
        call, unsure = held
        result = await self.actions.run(call, actor, key, confirmation, unsure)
        return self._performed(call, result, unsure)

    async def present(self) -> Present:
        tools = tuple(tool for tool in self.actions.tools() if tool.function.name not in self._kept_back)
        return Present(lines=self._home.lines(), tools=tools)

    async def read(self) -> Inventory:
        return self._home.read()

    async def status(self) -> dict[str, Any]:
        """Of the home: SimulatedHome.status."""
        return self._home.status()

    async def notices(self, after: int, limit: int, wait_s: float) -> tuple[Notice, ...]:
        """What rang after notice ``after``, oldest first; none at the latest after ``wait_s``."""
        return await self._beside.notices.after(after, limit, wait_s)

    async def log(self, after: int | None, limit: int, actor: str | None) -> tuple[Logged, ...]:
        """What was done after row ``after``, or else last; of ``actor``, or else of all; oldest first."""
        kept = self.actions.log
        if after is None:
            return tuple(reversed(await asyncio.to_thread(kept.last, limit, actor)))
        return tuple(await asyncio.to_thread(kept.read, after, limit, actor))

    async def load(self, inventory: Inventory) -> Inventory:
        """Take another home until the assistant's own inventory changes. Raises InvalidState with nothing changed."""
        self._home.replace(inventory)
        self._held.clear()
        await self._save()
        await self._warm_up()
        return self._home.snapshot()

    async def patch(self, entity_id: str, state: str | None, attributes: Mapping[str, Any], actor: Actor) -> tuple[Change, ...]:
        """Set a state by hand, past the policy and into the log: for whoever looks after the home, and for tests."""
        given = {"entity_id": entity_id, "state": state, "attributes": dict(attributes)}
        changes = self._home.patch(entity_id, state, attributes)
        entry = Entry(uuid.uuid4().hex, actor, BY_HAND, given, self._home.now())
        result = ActionResult(action_id=entry.action_id, tool=BY_HAND, text="Set by hand.", changes=changes)
        await self._save()
        await asyncio.to_thread(self.actions.log.end, entry, result, "done")
        return changes

    async def close(self) -> None:
        await self._leave()
        while self._tasks:
            await asyncio.gather(*tuple(self._tasks))
        await self._gathered.close()
        await self._beside.close()
        await self._save()
        self.actions.log.close()

    def _place_of(self, actor: Actor) -> None:
        """Raises RequestError where someone asks from an area that this home does not have."""
        if actor.area is not None and all(area.id != actor.area for area in self._home.areas):
            there = ", ".join(area.id for area in self._home.areas[:20])
            raise RequestError("this home has no such area", where="area", hint=f"Areas are named by id: {there or 'none'}.")

    def _performed(self, call: ToolCall, result: ActionResult, unsure: bool) -> Performed:
        token = result.decision.confirmation if result.decision else None
        if token is not None:
            self._held[token] = call, unsure
            while len(self._held) > MOST_PENDING:
                self._held.popitem(last=False)
        return Performed(call=call, result=result, confirmation=token)

    def _made(self) -> SimulatedHome:
        kept = self._kept()
        if (token := self._wish.home.token) is not None:
            return RealHome(self._wish.home, lambda: self._place.secret(env=token.env, file=token.file), kept)
        return SimulatedHome(kept or self._wish.inventory)

    def _kept(self) -> Inventory | None:
        """The states of the last run, where they are of the same home."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["declared"] == self._wish.declared:
                found = Inventory.model_validate(document["home"])
                if self._wish.home.kind == "simulated":
                    SimulatedHome(found)  # a state that its domain does not have is found now, not later
                return found
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, ValidationError, ActionError) as error:
            log.error("%s cannot be read (%s): the home begins as its inventory says", self._path, type(error).__name__)
        return None

    def _elapsed(self, changes: tuple[Change, ...]) -> None:
        """Called where time is kept: in the event loop."""
        self._soon(self._rung(changes))

    async def _rung(self, changes: tuple[Change, ...]) -> None:
        """Timers that ended are given out before the home is written without them, so that a crash loses none."""
        ended = [change for change in changes if change.entity_id.startswith("timer.") and change.before]
        if ended:
            await self._beside.timers_ended(ended, {entity.id: entity.name for entity in self._home.entities()})
        await self._save()

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _save(self) -> None:
        """Write the states down; a disk that is full costs what is remembered after a crash, not the answer."""
        async with self._saving:
            snapshot = self._home.snapshot()
            digest = content_id(snapshot)
            self._saved_at = time.monotonic()
            if digest == self._saved:
                return
            document = {"declared": self._wish.declared, "home": snapshot.model_dump(mode="json")}
            try:
                await asyncio.to_thread(write_json, self._path, document)
                self._saved = digest
            except OSError as error:
                log.error("the home's states cannot be written to %s: %s", self._path, type(error).__name__)

    async def _warm_up(self) -> None:
        if not self._wish.intents:
            return
        from serve.actions.intents import warm_up

        await asyncio.to_thread(warm_up, self._home, self._wish.language, self._said)
