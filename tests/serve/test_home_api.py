"""The routes of the assistant that acts, through ASGI: shapes, doors, limits and bad input."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from schemas.assistant import Limits
from schemas.errors import HomeDown, KeyReused, KeysUnusable, Overloaded
from schemas.events import AssistEvent, ReplyReady
from schemas.loading import load_inventory
from schemas.notices import Notice
from schemas.settings import Home
from serve.answering import LocalTurns
from serve.api import at_home, repeating
from serve.api.doors import ensure_key, read_key
from serve.api.gateway import Settings, create_app
from serve.api.repeating import Once, Repeats
from serve.assisting import Manner
from serve.conversations import Conversations
from serve.conversing import Talks
from serve.holding import Holder, Wish
from serve.home_wire import AskedHome, answered
from serve.keeping import HomeWish, Keeper
from tests.serve.speaking import Loader, Speaker, ref

LIMITS = Limits(request_bytes=16_384, timeout_s=30)


@dataclass
class Served:
    http: httpx.AsyncClient
    keeper: Keeper
    speaker: Speaker
    app: ASGIApp
    settings: Settings
    home: Home
    key: str

    async def ask(self, text: str, **more: Any) -> httpx.Response:
        return await self.http.post("/v1/assist", json={"text": text, **more})

    def by(self, key: str, marks: str) -> httpx.AsyncClient:
        """Somebody else, whose key has ``marks``."""
        with self.home.api_key.open("a") as file:
            file.write(f"{key} {marks}\n")
        transport, headers = httpx.ASGITransport(app=self.app), {"Authorization": f"Bearer {key}"}
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    home = Home(tmp_path)
    ensure_key(home.api_key)
    loader = Loader()
    holder: Holder[Any] = Holder(loader)
    await holder.want(Wish(model=ref("3")))
    keeper = Keeper(home)
    await keeper.want(HomeWish(inventory=load_inventory("home")))
    asked = AskedHome(lambda request: answered(keeper, request))
    talks = Talks(Conversations(home.database))
    settings = Settings(limits=LIMITS, manner=Manner())
    app = create_app(LocalTurns(holder), settings, home.api_key, home=asked, talks=talks)
    headers = {"Authorization": f"Bearer {read_key(home.api_key)}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        yield Served(http, keeper, loader.opened[0], app, settings, home, read_key(home.api_key))
    await talks.close()
    await keeper.close()


def error_of(reply: httpx.Response, status: int) -> str:
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert {"message", "type", "code", "param", "where", "hint"} <= set(error)
    return error["code"]


def state(served: Served, entity_id: str) -> str:
    return served.keeper.actions.home.entity(entity_id).state


async def test_what_is_asked_for_happens(served: Served) -> None:
    reply = await served.ask("turn on the hall lamp")
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert (body["tier"], body["reply"]) == ("intents", "Turned on the light")
    (action,) = body["actions"]
    assert (action["name"], action["arguments"], action["error"]) == ("HassTurnOn", {"name": "hall lamp"}, None)
    (change,) = action["changes"]
    assert (change["entity_id"], change["before"]["state"], change["after"]["state"]) == ("light.hall_lamp", "off", "on")
    assert state(served, "light.hall_lamp") == "on"
    metrics = (await served.http.get("/metrics")).text
    assert 'rottie_assists_total{tier="intents"} 1.0' in metrics
    assert 'rottie_actions_total{outcome="done"} 1.0' in metrics


async def test_the_same_as_events(served: Served) -> None:
    reply = await served.ask("turn on the hall lamp", stream=True)
    assert reply.headers["content-type"].startswith("text/event-stream"), reply.text
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    kinds = [json.loads(line)["type"] for line in lines[:-1]]
    assert kinds == ["tier.answered", "action.done", "reply.ready", "assist.finished"]


async def test_the_model_answers_the_rest(served: Served) -> None:
    body = (await served.ask("one two")).json()
    assert (body["tier"], body["model"], body["reply"], body["actions"]) == ("model", "rottie-llm/3", "one two", [])
    body = (await served.ask("!call")).json()
    assert [action["error"] and action["error"]["code"] for action in body["actions"]] == [None, "action.unknown_entity"]
    assert [action["decision"] and action["decision"]["verdict"] for action in body["actions"]] == ["allowed", None]


async def test_a_yes_does_what_was_held_back(served: Served) -> None:
    (action,) = (await served.ask("unlock the front door")).json()["actions"]
    decision = action["decision"]
    assert (decision["verdict"], decision["risk"], decision.keys()) == ("confirm", "irreversible", {"verdict", "risk", "reason"})
    assert action["confirmation_needed"] not in decision["reason"]
    assert state(served, "lock.front_door") == "locked"
    reply = await served.http.post("/v1/assist", json={"confirmation": action["confirmation_needed"]})
    assert reply.json()["tier"] == "confirmation"
    assert reply.json()["actions"][0]["decision"]["verdict"] == "allowed"
    assert state(served, "lock.front_door") == "unlocked"
    again = await served.http.post("/v1/assist", json={"confirmation": action["confirmation_needed"]})
    assert error_of(again, 409) == "action.confirmation"


@pytest.mark.parametrize(("text", "status"), [("!long", 400), ("!crash", 500), ("!hang on", 504)])
async def test_failures_of_the_model_keep_their_status(served: Served, text: str, status: int) -> None:
    served.settings.limits = LIMITS.model_copy(update={"timeout_s": 1.5})
    reply = await served.ask(text)
    error_of(reply, status)
    assert "secret" not in reply.text


async def test_a_failure_in_a_stream_is_an_event(served: Served) -> None:
    reply = await served.ask("!break it", stream=True)
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    assert json.loads(lines[-2])["type"] == "turn.failed"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b"{}", b'{"text":""}', b'{"text":1}', b'{"text":"x","more":1}', b"[" * 10_000]
)
async def test_bad_bodies_are_refused(served: Served, body: bytes) -> None:
    error_of(await served.http.post("/v1/assist", content=body), 400)


async def test_too_much_is_refused(served: Served) -> None:
    error_of(await served.ask("x" * 5000), 400)
    for method, path in (("POST", "/v1/assist"), ("PUT", "/v1/home"), ("PATCH", "/v1/home/entities/light.hall_lamp")):
        reply = await served.http.request(method, path, content=b"x" * 20_000)
        assert error_of(reply, 413) == "request.too_large"


async def test_nobody_comes_in_without_a_key(served: Served) -> None:
    for method, path in (("POST", "/v1/assist"), ("GET", "/v1/home"), ("PUT", "/v1/home"), ("PATCH", "/v1/home/entities/a.b")):
        error_of(await served.http.request(method, path, headers={"Authorization": "Bearer wrong"}), 401)


async def test_the_home_is_read_loaded_and_set(served: Served) -> None:
    home = (await served.http.get("/v1/home")).json()
    assert {"light.hall_lamp", "lock.front_door"} <= {entity["id"] for entity in home["entities"]}
    reply = await served.http.patch("/v1/home/entities/light.hall_lamp", json={"state": "on"})
    assert reply.json()["changes"][0]["after"]["state"] == "on"
    cottage = {"entities": [{"id": "light.attic", "name": "attic lamp", "state": "off"}]}
    assert (await served.http.put("/v1/home", json=cottage)).json()["entities"][0]["id"] == "light.attic"
    assert (await served.ask("turn on the attic lamp")).json()["tier"] == "intents"
    assert (await served.http.get("/v1/home")).json()["entities"][0]["state"] == "on"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("light.nothing", {"state": "on"}, 404),
        ("light.hall_lamp", {"state": "melted"}, 400),
        ("light.hall_lamp", {"attributes": {"brightness": "much"}}, 400),
        ("light.hall_lamp", {"colour": "red"}, 400),
    ],
)
async def test_states_that_cannot_be(served: Served, path: str, body: Any, status: int) -> None:
    error_of(await served.http.patch(f"/v1/home/entities/{path}", json=body), status)
    assert state(served, "light.hall_lamp") == "off"


async def test_an_inventory_that_cannot_be_changes_nothing(served: Served) -> None:
    before = served.keeper.actions.home.snapshot()
    lamp = {"id": "light.a", "name": "a", "state": "off"}
    step = [{"service": "turn_on", "entity_id": "script.a"}]
    bad: list[Any] = [
        {"entities": [lamp, lamp]},
        {"entities": [{**lamp, "area": "nowhere"}]},
        {"entities": [{**lamp, "state": "melted"}]},
        {"entities": [{"id": "script.a", "name": "a", "state": "off", "attributes": {"sequence": step}}]},
    ]
    for inventory in bad:
        error_of(await served.http.put("/v1/home", json=inventory), 400)
    assert served.keeper.actions.home.snapshot() == before


async def test_the_schema_names_every_body(served: Served) -> None:
    document = (await served.http.get("/openapi.json")).json()
    text = json.dumps(document)
    for method, path, name in (
        ("post", "/v1/assist", "AssistRequest"),
        ("put", "/v1/home", "Inventory"),
        ("patch", "/v1/home/entities/{entity_id}", "EntityPatch"),
    ):
        content = document["paths"][path][method]["requestBody"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{name}"}
    for part in text.split('"$ref": "#/')[1:]:
        found = document
        for step in part.partition('"')[0].split("/"):
            found = found[step]


async def test_here_is_where_the_one_who_asks_is(served: Served) -> None:
    reply = (await served.ask("turn on the lights", area="hall")).json()
    (action,) = reply["actions"]
    assert {change["entity_id"] for change in action["changes"]} == {"light.hall_lamp"}
    assert error_of(await served.ask("turn on the lights", area="moon"), 400) == "request"


async def test_audio_has_no_recogniser(served: Served) -> None:
    reply = await served.http.post("/v1/assist", json={"audio": {"data": "UklGRg=="}})
    assert error_of(reply, 400) == "request.no_recogniser"


async def test_a_conversation_over_the_interface(served: Served) -> None:
    name = (await served.ask("turn on the hall lamp")).json()["conversation_id"]
    assert (await served.ask("and more", conversation_id=name)).json()["conversation_id"] == name
    lines = (await served.ask("one two", conversation_id=name, stream=True)).text.split("\n\n")
    assert json.loads(lines[-3].removeprefix("data: "))["conversation_id"] == name
    assert (await served.ask("hush", store=False)).json()["conversation_id"] is None
    (head,) = (await served.http.get("/v1/conversations")).json()["data"]
    assert (head["id"], head["turns"], head["title"]) == (name, 3, "turn on the hall lamp")
    kept = (await served.http.get(f"/v1/conversations/{name}?limit=2")).json()
    assert ([turn["text"] for turn in kept["exchanges"]], kept["has_more"]) == (["and more", "one two"], True)
    kept = (await served.http.get(f"/v1/conversations/{name}?before=2")).json()
    assert kept["exchanges"][0]["actions"][0]["changes"][0]["entity_id"] == "light.hall_lamp"
    renamed = await served.http.patch(f"/v1/conversations/{name}", json={"title": " My\nlamp "})
    assert renamed.json()["title"] == "My lamp"
    assert (await served.http.delete(f"/v1/conversations/{name}")).json() == {"id": name, "deleted": True}
    for reply in (
        await served.http.delete(f"/v1/conversations/{name}"),
        await served.http.get(f"/v1/conversations/{name}"),
        await served.http.get(f"/v1/conversations?after={name}"),
        await served.ask("hello", conversation_id=name),
    ):
        assert error_of(reply, 404) == "conversation.missing"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/conversations?limit=0", None),
        ("GET", "/v1/conversations?limit=many", None),
        ("GET", "/v1/conversations/x?before=99999999999999999999", None),
        ("PATCH", "/v1/conversations/x", {"title": ""}),
        ("PATCH", "/v1/conversations/x", {"title": " \n "}),
        ("PATCH", "/v1/conversations/x", {"name": "x"}),
        ("POST", "/v1/assist", {"text": "x", "conversation_id": "y" * 65}),
    ],
)
async def test_conversations_refuse_what_they_cannot_use(served: Served, method: str, path: str, body: Any) -> None:
    error_of(await served.http.request(method, path, json=body), 400)


async def test_conversations_need_the_key(served: Served) -> None:
    for method, path in (("GET", "/v1/conversations"), ("GET", "/v1/conversations/x"), ("DELETE", "/v1/conversations/x")):
        error_of(await served.http.request(method, path, headers={"Authorization": "Bearer wrong"}), 401)


async def test_a_chat_is_told_how_the_home_is_now(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """For models that were trained with a home: its lines as they are, asked for once a second at most."""
    asked = []
    present = served.keeper.present

    async def counted() -> Any:
        asked.append(1)
        return await present()

    monkeypatch.setattr(served.keeper, "present", counted)
    body: dict[str, Any] = {"model": "champion", "messages": [{"role": "user", "content": "one two"}]}
    for more in ({}, {}, {"stream": True}):
        assert (await served.http.post("/v1/chat/completions", json={**body, **more})).status_code == 200
    turns = served.speaker.turns
    assert all("hall lamp: light @ hall / hallway / entrance: off" in (turn.home_now or ()) for turn in turns)
    assert len(turns) == 3
    assert len(asked) == 1
    await served.http.post("/v1/chat/completions", json={**body, "home": ["x: light: on"]})
    assert (turns[-1].home, turns[-1].home_now) == (("x: light: on",), None)
    monkeypatch.setattr(at_home, "FRESH_S", 0.0)
    await served.ask("turn on the hall lamp")
    await served.http.post("/v1/chat/completions", json=body)
    assert "hall lamp: light @ hall / hallway / entrance: on 100%" in (turns[-1].home_now or ())

    async def lost() -> Any:
        raise HomeDown("the home's process ended")

    monkeypatch.setattr(served.keeper, "present", lost)
    assert (await served.http.post("/v1/chat/completions", json=body)).status_code == 200
    assert turns[-1].home_now is None


MILK = {"text": "add milk to the shopping list"}


def milks(served: Served) -> int:
    """How often milk was added, as the log of actions has it."""
    return sum(row.tool.endswith("AddItem") and row.phase == "done" for row in served.keeper.actions.log.read())


async def keyed(served: Served, key: str, body: Any = None) -> httpx.Response:
    return await served.http.post("/v1/assist", json=body or MILK, headers={"Idempotency-Key": key})


async def test_a_retried_request_acts_once(served: Served) -> None:
    first = await keyed(served, "k1")
    assert first.json()["actions"][0]["error"] is None
    again = await keyed(served, "k1")
    assert (again.status_code, again.json(), milks(served)) == (200, first.json(), 1)
    both = await asyncio.gather(*(keyed(served, "k2") for _ in range(3)))
    assert (len({reply.text for reply in both}), milks(served)) == (1, 2)
    await served.ask(MILK["text"])
    assert milks(served) == 3  # without a key it is another request


async def test_a_key_stands_for_one_request(served: Served) -> None:
    await keyed(served, "k1")
    assert error_of(await keyed(served, "k1", {"text": "add eggs to the shopping list"}), 409) == "action.key_reused"
    assert (await keyed(served, "k2", {"text": "add eggs to the shopping list"})).status_code == 200
    assert (await keyed(served, "k1", MILK)).status_code == 200
    assert milks(served) == 2


@pytest.mark.parametrize("key", ["", " ", "two words", "caf\u00e9", "x" * 256, "tab\tbed"])
async def test_keys_that_are_none(served: Served, key: str) -> None:
    headers = [(b"idempotency-key", key.encode("latin-1"))]
    assert error_of(await served.http.post("/v1/assist", json=MILK, headers=headers), 400) == "request"
    assert milks(served) == 0
    assert (await keyed(served, "!" + "x" * 253 + "~")).status_code == 200


async def test_a_stream_is_told_again(served: Served) -> None:
    streams = [(await keyed(served, "k1", {**MILK, "stream": True})).text for _ in range(2)]
    assert streams[0] == streams[1]
    assert streams[0].endswith("data: [DONE]\n\n")
    assert '"type": "action.done"' in streams[0] or '"type":"action.done"' in streams[0]
    whole = (await keyed(served, "k1")).json()  # the same request, told in another way
    assert (whole["inference_id"], milks(served)) == (json.loads(streams[0].split("\n")[0][6:])["inference_id"], 1)


async def leave(served: Served, path: str, body: Any, key: str | None, when: Callable[[], bool]) -> None:
    """Send a request and hang up as soon as ``when`` is so."""
    raw, sent = json.dumps(body).encode(), False

    async def receive() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": raw, "more_body": False}
        await until(when)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        """Nobody listens."""

    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {served.key}".encode())]
    headers += [(b"idempotency-key", key.encode())] if key else []
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "http_version": "1.1"}
    await served.app({**scope, "scheme": "http", "server": ("127.0.0.1", 80), "root_path": ""}, receive, send)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


async def test_a_client_that_left_finds_its_reply(served: Served) -> None:
    waiting = {"text": "!wait"}
    await leave(served, "/v1/assist", waiting, None, lambda: served.speaker.running == 1)
    assert served.speaker.running == 0  # without a key its turn is over
    await leave(served, "/v1/assist", waiting, "k1", lambda: served.speaker.running == 1)
    assert served.speaker.running == 1
    served.speaker.gate.set()
    reply = await keyed(served, "k1", waiting)
    assert (reply.status_code, reply.json()["reply"]) == (200, "!wait")
    assert len(served.speaker.turns) == 2


async def test_a_failure_that_may_have_acted_is_told_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def lost(**given: Any) -> Any:
        asked.append(given)
        raise (Overloaded if len(asked) == 1 else HomeDown)("the home's process ended")

    monkeypatch.setattr(served.keeper, "hear", lost)
    replies = [await keyed(served, "k1") for _ in range(3)]
    assert [error_of(reply, 503) for reply in replies] == ["engine.overloaded", "home.down", "home.down"]
    assert len(asked) == 2  # the first one did not even reach the home


async def said(text: str) -> AsyncIterator[AssistEvent]:
    yield ReplyReady(inference_id="i", at_ms=0, text=text)


async def texts(events: AsyncIterator[AssistEvent]) -> list[str]:
    return [event.text async for event in events if isinstance(event, ReplyReady)]


async def test_what_is_kept_for_retries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for repeats in (Repeats(most=2), Repeats(most_bytes=len((await anext(said("0"))).model_dump_json()) * 2)):
        for number in ("0", "1", "2"):
            assert await texts(repeats.told("a", Once(number, number), lambda n=number: said(n))) == [number]
            await until(lambda r=repeats: len(r) <= 2)
        assert await texts(repeats.told("a", Once("2", "2"), lambda: said("new"))) == ["2"]
        assert await texts(repeats.told("b", Once("2", "other"), lambda: said("theirs"))) == ["theirs"]
        assert await texts(repeats.told("a", Once("0", "0"), lambda: said("new"))) == ["new"]
        with pytest.raises(KeyReused):
            repeats.told("a", Once("0", "1"), lambda: said("never"))
    brief = Repeats(kept_s=0)
    await texts(brief.told("a", Once("0", "0"), lambda: said("0")))
    await until(lambda: not len(brief))
    monkeypatch.setattr(repeating, "MOST_RUNNING", 0)
    with pytest.raises(Overloaded):
        brief.told("a", Once("0", "0"), lambda: said("never"))


async def test_a_turn_with_a_key_is_in_no_request_s_context() -> None:
    """Ray Serve cancels what was asked in the context of a request that was cancelled."""
    whose = ContextVar("whose", default="nobody's")

    async def seen() -> AsyncIterator[AssistEvent]:
        yield ReplyReady(inference_id="i", at_ms=0, text=whose.get())

    whose.set("a request's")
    assert await texts(Repeats().told("a", Once("0", "0"), seen)) == ["nobody's"]


GUEST = ("guest-key", "id=tablet role=guest area=hall")


async def test_a_guest_gets_less_and_is_named(served: Served) -> None:
    async with served.by(*GUEST) as guest:
        reply = await guest.post("/v1/assist", json={"text": "unlock the front door"})
        (action,) = reply.json()["actions"]
        assert (action["error"]["code"], action["confirmation_needed"]) == ("action.denied", None)
        row = served.keeper.actions.log.last(1)[0]
        assert (row.actor, row.role, row.phase) == ("tablet", "guest", "refused")
        reply = await guest.post("/v1/assist", json={"text": "turn on the lights"})
        (action,) = reply.json()["actions"]
        assert {change["entity_id"] for change in action["changes"]} == {"light.hall_lamp"}  # where the tablet hangs
        reply = await guest.post("/v1/assist", json={"text": "turn on the lights", "area": "study"})
        assert {change["entity_id"] for change in reply.json()["actions"][0]["changes"]} == {"light.desk_light"}
    assert state(served, "lock.front_door") == "locked"
    (action,) = (await served.ask("unlock the front door")).json()["actions"]
    assert action["error"]["code"] == "action.confirm"  # the owner's key means what it did


@pytest.mark.parametrize("role", ["guest", "user", "device"])
async def test_only_admins_set_the_home(served: Served, role: str) -> None:
    before = served.keeper.actions.home.snapshot()
    async with served.by("k", f"id=other role={role}") as other:
        for method, path in (("PATCH", "/v1/home/entities/lock.front_door"), ("PUT", "/v1/home")):
            reply = await other.request(method, path, json={"state": "unlocked"})
            assert error_of(reply, 403) == "action.denied"
        assert served.keeper.actions.home.snapshot() == before
        assert (await other.get("/v1/home")).status_code == 200
    async with served.by("a", "id=ann role=admin") as ann:
        assert (await ann.patch("/v1/home/entities/light.hall_lamp", json={"state": "on"})).status_code == 200
        assert served.keeper.actions.log.last(1)[0].actor == "ann"
        assert (await ann.put("/v1/home", json={})).status_code == 200


async def test_what_one_said_is_nobody_else_s(served: Served) -> None:
    mine = (await served.ask("turn on the hall lamp")).json()["conversation_id"]
    kept = (await served.http.post("/v1/responses", json={"input": "hello"})).json()["id"]
    async with served.by(*GUEST) as guest:
        for method, path in (("GET", f"/v1/conversations/{mine}"), ("DELETE", f"/v1/conversations/{mine}")):
            assert error_of(await guest.request(method, path), 404) == "conversation.missing"
        assert error_of(await guest.patch(f"/v1/conversations/{mine}", json={"title": "x"}), 404) == "conversation.missing"
        assert (await guest.get("/v1/conversations")).json()["data"] == []
        asked = await guest.post("/v1/assist", json={"text": "and more", "conversation_id": mine})
        assert error_of(asked, 404) == "conversation.missing"
        for method in ("GET", "DELETE"):
            assert error_of(await guest.request(method, f"/v1/responses/{kept}"), 404) == "request.response_missing"
        on = await guest.post("/v1/responses", json={"input": "on", "previous_response_id": kept})
        assert error_of(on, 400) == "request"
        theirs = (await guest.post("/v1/assist", json={"text": "hello"})).json()["conversation_id"]
        assert (await guest.get(f"/v1/conversations/{theirs}")).status_code == 200
        same: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}, "json": MILK}
        first, second = await served.http.post("/v1/assist", **same), await guest.post("/v1/assist", **same)
        assert first.json()["inference_id"] != second.json()["inference_id"]
    assert (await served.http.get(f"/v1/responses/{kept}")).status_code == 200
    assert (await served.http.get(f"/v1/conversations/{theirs}")).status_code == 404


async def test_notices_of_others_are_not_heard(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    rung = [
        Notice(seq=seq, at=now, kind="reminder", text=f"{actor}", due=now, late=False, actor=actor)
        for seq, actor in enumerate(["api", "api", None, "tablet", "api"], 1)
    ]

    async def notices(after: int, limit: int, wait_s: float) -> tuple[Notice, ...]:
        return tuple(notice for notice in rung if notice.seq > after)[:limit]

    monkeypatch.setattr(served.keeper, "notices", notices)
    async with served.by(*GUEST) as guest:
        told = [(await client.get("/v1/notices")).json()["notices"] for client in (served.http, guest)]
        assert [[notice["seq"] for notice in each] for each in told] == [[1, 2, 3, 4, 5], [3, 4]]
        # Two that are not for the guest do not end the list.
        assert [notice["seq"] for notice in (await guest.get("/v1/notices?limit=2")).json()["notices"]] == [3, 4]


async def test_a_key_is_withdrawn_while_it_runs(served: Served) -> None:
    async with served.by(*GUEST) as guest:
        assert (await guest.get("/v1/home")).status_code == 200
        served.home.api_key.write_text(f"{served.key}\n")
        assert error_of(await guest.get("/v1/home"), 401) == "request.key"
        served.home.api_key.write_text(f"{served.key}\nguest-key role=guest\n")
        for client in (guest, served.http):
            assert error_of(await client.get("/v1/home"), 401) == "request.key"
    with pytest.raises(KeysUnusable):
        create_app(LocalTurns(Holder(Loader())), Settings(), served.home.api_key)


async def test_the_log_of_actions_is_read(served: Served) -> None:
    await served.ask("turn on the hall lamp")
    (waits,) = (await served.ask("unlock the front door")).json()["actions"]
    async with served.by(*GUEST) as guest:
        await guest.post("/v1/assist", json={"text": "turn off the hall lamp"})
        own = (await guest.get("/v1/actions")).json()["actions"]
    reply = await served.http.get("/v1/actions")
    rows = reply.json()["actions"]
    assert [(row["actor"], row["tool"], row["phase"]) for row in rows] == [
        ("api", "HassTurnOn", "begun"),
        ("api", "HassTurnOn", "done"),
        ("api", "HassTurnOff", "refused"),
        ("tablet", "HassTurnOff", "begun"),
        ("tablet", "HassTurnOff", "done"),
    ]
    assert own == rows[3:]
    assert (rows[1]["before"]["light.hall_lamp"]["state"], rows[1]["after"]["light.hall_lamp"]["state"]) == ("off", "on")
    assert (rows[2]["decision"]["verdict"], rows[2]["decision"]["confirmation"]) == ("confirm", None)
    assert waits["confirmation_needed"] not in reply.text
    seen = []
    for query in ("?limit=2", f"?after={rows[0]['seq']}&limit=2", f"?after={rows[-1]['seq']}", "?after=0"):
        seen.append([row["seq"] for row in (await served.http.get(f"/v1/actions{query}")).json()["actions"]])
    numbers = [row["seq"] for row in rows]
    assert seen == [numbers[-2:], numbers[1:3], [], numbers]
    for query in ("limit=0", "limit=101", "after=-1", "after=x"):
        error_of(await served.http.get(f"/v1/actions?{query}"), 400)
    error_of(await served.http.get("/v1/actions", headers={"Authorization": "Bearer wrong"}), 401)
