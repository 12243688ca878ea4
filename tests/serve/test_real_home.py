"""A real home behind the API: where the token comes from, what is refused, and what a restart remembers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.action import Actor
from schemas.assistant import Assistant, HomeChoice
from schemas.conversation import call
from schemas.errors import HomeDown
from schemas.lending import Token
from schemas.loading import load, load_inventory
from schemas.settings import Home
from serve.actions.hass.home import STALE
from serve.answering import LocalTurns
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.holding import Holder
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from tests.serve.actions.home_assistant import TOKEN, FakeHomeAssistant, running
from tests.serve.speaking import Loader

USER = Actor(id="uma")


def wish(far: FakeHomeAssistant, **more: Any) -> HomeWish:
    limits = {"timeout_s": 2, "follow_s": 0.5}
    return HomeWish(home=HomeChoice(kind="home_assistant", url=far.url, token=Token(file="ha"), **limits), **more)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.secrets.mkdir()
    (made.secrets / "ha").write_text(f"{TOKEN}\n")
    return made


@dataclass
class Served:
    far: FakeHomeAssistant
    http: httpx.AsyncClient
    keeper: Keeper


@pytest.fixture
async def served(home: Home) -> AsyncIterator[Served]:
    ensure_key(home.api_key)
    async with running() as far:
        keeper = Keeper(home)
        await keeper.want(wish(far))
        asked = AskedHome(lambda request: answered(keeper, request))
        app = create_app(LocalTurns(Holder(Loader())), Settings(), home.api_key, home=asked)
        headers = {"Authorization": f"Bearer {read_key(home.api_key)}"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            yield Served(far, http, keeper)
        await keeper.close()


async def test_a_sentence_moves_the_real_thing(served: Served) -> None:
    body = (await served.http.post("/v1/assist", json={"text": "turn on the big lamp"})).json()
    assert (body["tier"], body["reply"]) == ("intents", "Turned on the light")
    assert body["actions"][0]["changes"][0]["after"]["state"] == "on"
    assert served.far.states["light.ceiling"]["state"] == "on"
    states = {entity["id"]: entity["state"] for entity in (await served.http.get("/v1/home")).json()["entities"]}
    assert states["light.ceiling"] == "on"


async def test_its_states_are_not_set_through_the_api(served: Served) -> None:
    put = await served.http.put("/v1/home", json={"entities": []})
    patch = await served.http.patch("/v1/home/entities/light.ceiling", json={"state": "on"})
    for reply in (put, patch):
        assert (reply.status_code, reply.json()["error"]["code"]) == (409, "action.not_supported")
    assert served.far.calls == []


async def test_a_home_that_is_away_says_so_in_every_answer(served: Served) -> None:
    await served.far.stop()
    while (await served.http.get("/v1/home/status")).json()["connected"]:
        pass
    body = (await served.http.post("/v1/assist", json={"text": "is the front door locked"})).json()
    assert body["reply"].startswith("Home Assistant cannot be reached")
    (action,) = (await served.http.post("/v1/assist", json={"text": "turn on the kettle"})).json()["actions"]
    assert (action["error"]["code"], action["changes"]) == ("action.unreachable", [])
    entities = (await served.http.get("/v1/home")).json()["entities"]
    assert all(STALE in entity["attributes"] for entity in entities)
    assert (await served.http.post("/v1/assist", json={"text": "take a note that it is away"})).json()["actions"][0][
        "error"
    ] is None


async def test_the_token_is_nowhere_but_in_its_file(served: Served, home: Home) -> None:
    await served.keeper.do(call("GetLiveContext", {}), USER, "k")
    await served.keeper.close()
    found = [path for path in home.root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert found == [home.secrets / "ha"]


async def test_a_restart_shows_what_was_last_known(home: Home) -> None:
    async with running() as far:
        keeper = Keeper(home)
        await keeper.want(wish(far))
        await keeper.do(call("HassStartTimer", {"minutes": 9}), USER, "t")
        await keeper.close()
    assert json.loads(home.home_state.read_text())["home"]["entities"]
    later = Keeper(home, wish(far))
    entities = {entity.id: entity for entity in (await later.read()).entities}
    assert STALE in entities["light.ceiling"].attributes
    assert entities["timer.spoken_1"].state == "active"
    assert (await later.status())["connected"] is False
    await later.close()


async def test_without_a_token_there_is_no_home_and_everything_else(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.keeping.OPEN_S", 0.1)
    (home.secrets / "ha").unlink()
    async with running() as far:
        keeper = Keeper(home)
        await keeper.want(wish(far))
        assert "secret is missing" in (await keeper.status())["error"]
        with pytest.raises(HomeDown):
            await keeper.read()
        assert (await keeper.do(call("Calculate", {"expression": "6*7"}), USER, "k")).result.text == "6*7 = 42"
        assert far.sign_ins == 0
        await keeper.close()


async def test_from_a_simulated_home_to_a_real_one_and_back(home: Home) -> None:
    simulated = HomeWish(inventory=load_inventory("home"))
    async with running() as far:
        keeper = Keeper(home)
        for each in (simulated, wish(far), simulated):
            await keeper.want(each)
            ids = {entity.id for entity in (await keeper.read()).entities}
            assert ("light.ceiling" in ids) == (each is not simulated)
        assert (await keeper.do(call("HassTurnOn", {"name": "hall lamp"}), USER, "k")).result.ok
        assert far.calls == []
        await keeper.close()


def test_an_assistant_has_one_home(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    real = "home: {kind: home_assistant, url: 'http://ha.local:8123', token: {file: ha}}\n"
    file.write_text(f"name: mine\n{real}")
    assert load(Assistant, str(file)).value.home.token == Token(file="ha")
    for bad in (
        f"{real}inventory: home\n",
        "home: {kind: home_assistant}\n",
        "home: {url: 'http://x'}\n",
        real.replace("{file: ha}", "abc"),
    ):
        file.write_text(f"name: mine\n{bad}")
        with pytest.raises(Exception, match=r"home|token|inventory"):
            load(Assistant, str(file))
