"""A whole assistant in this process, with the models that come with Rottie: what hears, answers, acts and speaks, without Ray.

For tests and benchmarks that talk to it. ``door`` gives it an address too, for clients that want a network.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn

from schemas.action import Actor
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, Stt, Tiers, Tts
from schemas.loading import load_assistant, load_inventory
from schemas.settings import Home
from serve.answering import LocalTurns, open_wish
from serve.api.assist import Desk
from serve.api.at_home import AtHome
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.api.metrics import Metrics
from serve.api.talking import Parlour
from serve.assisting import LiveHome, Manner
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.hearing import Ears
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from serve.models import read_model
from serve.saying import Voice
from serve.speech_models import STARTERS
from serve.voicing import Speech


@dataclass(frozen=True)
class Household:
    """``home`` is asked as serving asks it, by JSON. ``app`` is what a server would serve to whoever knows ``key``."""

    assistant: Assistant
    settings: Settings
    home: LiveHome
    speech: Speech
    parlour: Parlour
    holder: Holder[Any]
    app: Any
    key: str

    def only(self, *, intents: bool = True, model: bool = True) -> None:
        """Who answers from now on."""
        self.settings.manner = replace(self.settings.manner, tiers=Tiers(intents=intents, model=model))


def starter() -> ModelRef:
    """The shipped language model."""
    folder = STARTERS / "llm"
    manifest = read_model(folder)
    digest = manifest.files[manifest.serve]
    return ModelRef(name="rottie-llm", version="1", candidate=manifest.candidate, path=str(folder), sha256=digest)


def manner_of(assistant: Assistant) -> Manner:
    return Manner(
        model=assistant.alias,
        tiers=assistant.tiers,
        rounds=assistant.rounds,
        ask_again=assistant.ask_again,
        sure=assistant.sure,
        max_tokens=assistant.limits.max_tokens,
        actor=Actor(id="api", role=assistant.role, language=assistant.language),
        earlier=assistant.conversations.turns,
    )


@asynccontextmanager
async def household(root: Path, name: str = "home", overrides: tuple[str, ...] = ()) -> AsyncIterator[Household]:
    """The assistant as it is shipped, kept below ``root``; ready when the block begins."""
    before = os.environ.get("ROTTIE_HOME")
    os.environ["ROTTIE_HOME"] = str(root)
    assistant, place = load_assistant(name, overrides), Home(root)
    ensure_key(place.api_key)
    holder: Holder[Any] = Holder(open_wish)
    keeper, talks = Keeper(place), Talks(Conversations(place.database))
    talks.bounds = assistant.conversations
    ears, voice = Ears(), Voice()
    try:
        ears.want(assistant.stt or Stt())
        voice.want(assistant.tts or Tts())
        await holder.want(Wish(model=starter(), alias=assistant.alias, engine=assistant.engine))
        await keeper.want(HomeWish(inventory=load_inventory(assistant.inventory or "home"), tools=assistant.tools))
        await _loaded(ears, voice)
        home = AskedHome(lambda request: answered(keeper, request))
        settings = Settings(limits=assistant.limits, manner=manner_of(assistant), talk=assistant.talk)
        settings.stt, settings.tts = assistant.stt, assistant.tts
        speech, turns = Speech(ears, voice), LocalTurns(holder)
        desk = Desk(AtHome(turns, home), home, settings, Metrics(), talks, speech)
        app = create_app(turns, settings, place.api_key, home=home, talks=talks, speech=speech)
        yield Household(assistant, settings, home, speech, Parlour(desk), holder, app, read_key(place.api_key))
    finally:
        await talks.close()
        await keeper.close()
        await holder.close()
        await ears.close()
        await voice.close()
        if before is None:
            del os.environ["ROTTIE_HOME"]
        else:
            os.environ["ROTTIE_HOME"] = before


async def _loaded(*stages: Ears | Voice) -> None:
    async with asyncio.timeout(120):
        for stage in stages:
            while not (status := stage.status())["reached"]:
                assert not status["error"], status["error"]
                await asyncio.sleep(0.05)


@asynccontextmanager
async def door(app: Any) -> AsyncIterator[str]:
    """``app`` on loopback; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running
