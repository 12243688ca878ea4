"""What rings, over the API: as a list and as it happens; tier one for the tools beside the home; the model's prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.action import Actor
from schemas.assistant import Tools
from schemas.loading import load_inventory
from schemas.settings import Home
from serve.keeping import HomeWish, Keeper
from serve.turn import TurnRequest
from tests.serve.live import Live
from tests.serve.test_turn import Recording, answerer, events, said

USER = Actor(id="uma")


@pytest.fixture
async def keeper(tmp_path: Path) -> Any:
    made = Keeper(Home(tmp_path))
    await made.want(HomeWish(inventory=load_inventory("home")))
    yield made
    await made.close()


async def heard(keeper: Keeper, text: str) -> tuple[str, dict[str, Any], str | None] | None:
    known = await keeper.hear(text, USER, text)
    if known is None:
        return None
    (done,) = known.performed
    assert done.result.ok, done.result.text
    return done.call.function.name, done.call.function.parsed(), known.reply


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("remind me in ten minutes to call mum", "SetReminder", {"text": "call mum", "in_seconds": 600}),
        ("remind me to water the plants in 2 hours", "SetReminder", {"text": "water the plants", "in_seconds": 7200}),
        ("Remind me to go in one hour and 5 minutes.", "SetReminder", {"text": "go", "in_seconds": 3900}),
        ("remind me in half an hour to turn on the kettle", "SetReminder", {"text": "turn on the kettle", "in_seconds": 1800}),
        ("what are my reminders?", "ListReminders", {}),
        ("take a note: the key is under the mat", "AddNote", {"text": "the key is under the mat"}),
        ("read me my notes", "FindNotes", {}),
    ],
)
async def test_exact_sentences_need_no_model(keeper: Keeper, text: str, name: str, arguments: dict[str, Any]) -> None:
    found = await heard(keeper, text)
    assert found is not None
    assert found[:2] == (name, arguments)


@pytest.mark.parametrize("text", ["remind me at five to go", "remind me to do it too in 5 minutes", "take a note", "my notes"])
async def test_other_sentences_are_for_the_model(keeper: Keeper, text: str) -> None:
    assert await heard(keeper, text) is None


async def test_tools_that_are_off_are_neither_heard_nor_offered(keeper: Keeper) -> None:
    names = {tool.function.name for tool in (await keeper.present()).tools}
    assert {"SetReminder", "AddNote", "Calculate"} <= names
    assert "FetchPage" not in names
    await keeper.want(HomeWish(inventory=load_inventory("home"), tools=Tools(to_model=False)))
    assert await heard(keeper, "what are my reminders?") is not None  # known sentences reach them all the same
    assert not {"SetReminder", "AddNote", "Calculate"} & {tool.function.name for tool in (await keeper.present()).tools}
    off = Tools(reminders=False, notes=False, calculator=False)
    await keeper.want(HomeWish(inventory=load_inventory("home"), tools=off))
    assert await heard(keeper, "what are my reminders?") is None
    assert not {"SetReminder", "AddNote", "Calculate"} & {tool.function.name for tool in (await keeper.present()).tools}


def test_a_listener_hears_a_timer_end_and_one_that_was_away_hears_it_later(server: Live) -> None:
    with server.http() as http:
        assert http.post("/v1/assist", json={"text": "set a timer for 1 second"}).json()["tier"] == "intents"
        assert http.post("/v1/assist", json={"text": "remind me in 1 second to look up"}).json()["tier"] == "intents"
        found: dict[str, dict[str, Any]] = {}
        with http.stream("GET", "/v1/notices", headers={"Accept": "text/event-stream"}) as line:
            assert line.headers["content-type"].startswith("text/event-stream")
            for text in line.iter_lines():
                if text.startswith("data: "):
                    notice = json.loads(text.removeprefix("data: "))
                    found[notice["text"]] = notice
                if len(found) == 2:
                    break
        assert {name: notice["kind"] for name, notice in found.items()} == {
            "1 second timer is over": "timer",
            "look up": "reminder",
        }
        later = http.get("/v1/notices", params={"after": 0}).json()["notices"]
        assert {notice["seq"] for notice in later} == {notice["seq"] for notice in found.values()}
        last = max(notice["seq"] for notice in later)
        assert http.get("/v1/notices", headers={"Last-Event-ID": str(last)}).json() == {"notices": []}


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1000", f"after={10**30}"])
def test_a_number_that_is_none_is_refused(server: Live, query: str) -> None:
    with server.http() as http:
        assert http.get(f"/v1/notices?{query}").status_code == 400
    assert httpx.get(f"{server.url}/v1/notices", trust_env=False, timeout=60).status_code == 401


def test_the_homes_status_is_told(server: Live) -> None:
    with server.http() as http:
        assert http.get("/v1/home/status").json()["kind"] == "simulated"


async def test_more_tools_leave_a_model_that_has_its_own_as_it_was(keeper: Keeper) -> None:
    """The starter was trained with the home's tools alone: what is offered beside them is not in its prompt."""
    offered = (await keeper.present()).tools
    prompts = []
    for tools in (offered, ()):
        asked = answerer(" yes")
        await events(asked, TurnRequest(said("hello"), home_tools=tools))
        assert isinstance(asked.engine, Recording)
        prompts.append((asked.engine.prompt, asked.engine.grammar))
    assert prompts[0] == prompts[1]
    assert "SetReminder" not in prompts[0][0]
