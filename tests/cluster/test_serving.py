"""Serving on a real local Ray with tiny random models: roll out, answer, swap under load, fail safely, recover."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from flows.steps.rolling_out import apply_last, last_good, roll_out, wish_in
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, Limits, LlmEngine
from schemas.errors import RollOutFailed
from schemas.hashing import file_sha256
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve.api.doors import read_key
from tests.cluster.conftest import RayHead
from tests.cluster.load import MESSAGES, NOBODY, TOLD, Load, plain, streamed, until
from tests.tiny import write_export

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]

ASSISTANT = Assistant(
    name="test",
    engine=LlmEngine(kind="xllamacpp", context=4096, slots=4),
    limits=Limits(max_tokens=3900, queue=64, timeout_s=60),
)
# Seeds whose replies to MESSAGES go on until they are cut off, and are the same alone and in a batch.
SEEDS = {"1": 2, "2": 4, "3": 3}
LONG = 200
ITEMS = ("milk", "bread", "salt", "rice", "apples", "soap", "tea", "flour", "cheese", "butter", "eggs", "honey")


@dataclass
class Stage:
    head: RayHead
    home: Home
    profile: Profile
    models: Path
    expected: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.profile.stack.ports.api}"

    def roll(self, ref: ModelRef | None, assistant: Assistant = ASSISTANT) -> None:
        roll_out(ref, assistant, self.profile, self.home, timeout_s=120)

    def client(self, **more: object) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self.url}/v1",
            api_key=read_key(self.home.api_key),
            max_retries=0,
            timeout=90,
            http_client=httpx.Client(trust_env=False, timeout=90),  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )

    def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {read_key(self.home.api_key)}"}
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False, timeout=30)

    def version(self) -> str:
        return self.get("/v1/models").json()["data"][0]["version"]

    def http(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {read_key(self.home.api_key)}"}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=90)

    def load(self, threads: int = 8) -> Load:
        """Clients who know what every version says, whole; each version is asked once, before anything moves."""
        return Load(self.url, read_key(self.home.api_key), self.expected, threads, LONG)

    def learn(self, version: str) -> None:
        """Roll ``version`` out and note its words."""
        self.roll(self.model(version))
        with self.http() as http:
            body = {"model": "champion", "messages": MESSAGES}
            long, short = (plain(http, {**body, "max_tokens": tokens}) for tokens in (LONG, 8))
        assert long.end == "length"
        self.expected[f"rottie-llm/{version}"] = {"stream": long.text, "plain": short.text}

    def turns(self) -> int:
        return sum(state["turns"] for state in self.get("/v1/status").json()["replicas"])

    def model(self, version: str) -> ModelRef:
        """A model folder with weights of its own, and the reference to it."""
        folder = self.models / version
        if not folder.exists():
            write_export(folder, seed=SEEDS[version], context=4096)
        document = json.loads((folder / "model.json").read_text())
        digest = document["files"][document["serve"]]
        return ModelRef(name="rottie-llm", version=version, candidate=document["candidate"], path=str(folder), sha256=digest)


@pytest.fixture(scope="module")
def stage(ray_head: RayHead, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    taken = [int(ray_head.dashboard.rsplit(":", 1)[1]), int(ray_head.address.rsplit(":", 1)[1])]
    ports = Ports(api=ray_head.api_port, ray_dashboard=taken[0], ray_gcs=taken[1])
    made = Stage(ray_head, Home(ray_head.home), Profile(name="test", stack=Stack(ports=ports)), tmp_path_factory.mktemp("models"))
    made.roll(None)  # an application without a champion
    return made


def test_replicas_listen_on_loopback_alone(stage: Stage) -> None:
    listening = set()
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("ROTTIE_HOME") == str(stage.home.root):
            listening |= {(c.laddr.ip, c.laddr.port) for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert {ip.removeprefix("::ffff:") for ip, _ in listening} == {"127.0.0.1"}, listening


def test_without_a_champion(stage: Stage) -> None:
    assert stage.get("/healthz").status_code == 200
    assert stage.get("/readyz").status_code == 503
    with pytest.raises(openai.APIStatusError) as refused:
        stage.client().chat.completions.create(model="champion", messages=MESSAGES)  # type: ignore[arg-type]
    assert refused.value.status_code == 503
    assert refused.value.body["code"] == "engine.no_champion"  # type: ignore[index]
    assert httpx.get(f"{stage.url}/v1/models", trust_env=False).status_code == 401


def test_plain_and_streaming(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    assert stage.get("/readyz").status_code == 200
    client = stage.client()
    plain = client.chat.completions.create(model="champion", messages=MESSAGES, max_tokens=12)  # type: ignore[arg-type]
    assert plain.model == "rottie-llm/1"
    assert plain.usage is not None
    assert 0 < plain.usage.completion_tokens <= 12
    stream = client.chat.completions.create(
        model="champion",
        messages=MESSAGES,  # type: ignore[arg-type]
        max_tokens=12,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == plain.usage.completion_tokens
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == (plain.choices[0].message.content or "")
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4", messages=MESSAGES)  # type: ignore[arg-type]


def test_the_other_openai_routes(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    client = stage.client()
    texts = client.completions.create(model="champion", prompt=["turn on", "play"], max_tokens=4, n=2, temperature=1.0)
    assert [choice.index for choice in texts.choices] == [0, 1, 2, 3]
    vectors = client.embeddings.create(model="champion", input=["turn on", "play"])
    assert len(vectors.data[0].embedding) == len(vectors.data[1].embedding) > 1
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="gpt-4", input="turn on")
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="champion", input="turn on " * 5000)
    first = client.responses.create(model="champion", input="turn on", max_output_tokens=4, tool_choice="none")
    with client.responses.stream(
        model="champion", input="and off", previous_response_id=first.id, max_output_tokens=4, tool_choice="none"
    ) as events:
        assert [event.type for event in events][-1] in ("response.completed", "response.incomplete")
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    chunks = list(client.chat.completions.create(model="champion", messages=MESSAGES, response_format=form, n=3, stream=True))  # type: ignore[call-overload]
    assert {choice.index for chunk in chunks for choice in chunk.choices} == {0, 1, 2}
    said = client.chat.completions.create(model="champion", messages=MESSAGES, response_format=form)  # type: ignore[arg-type]
    assert isinstance(json.loads(said.choices[0].message.content or "")["on"], bool)
    form["json_schema"]["schema"] = {"$ref": "#/nothing"}
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="champion", messages=MESSAGES, response_format=form)  # type: ignore[arg-type]
    assert client.models.retrieve("champion").id == "rottie-llm"


def test_what_is_asked_for_happens_in_the_home(stage: Stage) -> None:
    house = stage.models / "house.yaml"
    entities = ("light.porch, name: porch light, state: 'off'", "lock.gate, name: gate, state: locked")
    entities += ("todo.shopping_list, name: shopping list, state: '0'",)
    house.write_text(f"entities: [{', '.join(f'{{id: {entity}}}' for entity in entities)}]")
    stage.roll(stage.model("1"), ASSISTANT.model_copy(update={"inventory": str(house)}))
    headers = {"Authorization": f"Bearer {read_key(stage.home.api_key)}"}

    def ask(**body: object) -> dict[str, object]:
        reply = httpx.post(f"{stage.url}/v1/assist", json=body, headers=headers, trust_env=False, timeout=60)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def states() -> dict[str, str]:
        found = {entity["id"]: entity["state"] for entity in stage.get("/v1/home").json()["entities"]}
        found.pop("todo.shopping_list")
        return found

    assert ask(text="turn on the porch light")["tier"] == "intents"
    assert states() == {"light.porch": "on", "lock.gate": "locked"}
    answer = ask(text="tell me something nice")
    assert (answer["tier"], answer["model"]) == ("model", "rottie-llm/1")
    assert answer["reply"]
    held = ask(text="unlock the gate")["actions"][0]["confirmation_needed"]  # type: ignore[index]
    assert states()["lock.gate"] == "locked"
    ask(confirmation=held)
    assert states()["lock.gate"] == "unlocked"
    # A roll-out that leaves the inventory as it is, and the death of the process, leave the states as they are.
    stage.roll(stage.model("2"), ASSISTANT.model_copy(update={"inventory": str(house)}))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, text=f"add {item} to my shopping list") for item in ITEMS]
        until(lambda: any(one.done() for one in asked), "the first is on the list")
        (home,) = replicas(stage, "Home")
        home.kill()
        actions = [one.result()["actions"][0] for one in asked]  # type: ignore[index]
    # Asked again under the same key where the answer was lost: what is called done is done, and nothing is done twice. Of
    # the one call that was under way when the process died nobody knows, and that is told.
    (shopping,) = (item for item in stage.get("/v1/home").json()["entities"] if item["id"] == "todo.shopping_list")
    items = shopping["attributes"]["items"]
    codes = [action["error"]["code"] for action in actions if action["error"]]
    assert len(items) == len(set(items))
    assert {action["arguments"]["item"] for action in actions if not action["error"]} <= set(items)
    assert codes in ([], ["action.interrupted"])
    assert ask(text="turn off the porch light")["tier"] == "intents"
    assert states() == {"light.porch": "off", "lock.gate": "unlocked"}


def test_a_client_that_leaves_frees_its_turn(stage: Stage) -> None:
    """Two ask the same. The first leaves; its slot is free while the other is still being answered."""
    stage.learn("1")
    body = {"messages": MESSAGES, "max_tokens": 3900}
    for leaving in ({**body, "stream": True}, body):
        with stage.http() as stays, ThreadPoolExecutor(1) as pool:
            leaver = stage.http()
            request = leaver.build_request("POST", "/v1/chat/completions", json=leaving, timeout=httpx.Timeout(90, read=1.0))
            if "stream" in leaving:
                reply = leaver.send(request, stream=True)
                pieces = reply.iter_raw()  # the connection closes with it
                next(pieces)
                other = pool.submit(streamed, stays, body)
                until(lambda: stage.turns() == 2, "both are being answered")
                reply.close()
            else:
                other = pool.submit(streamed, stays, body)
                with pytest.raises(httpx.ReadTimeout):
                    leaver.send(request)
            leaver.close()
            until(lambda: stage.turns() <= 1, "the first one's turn ends")
            assert not other.done()
            assert other.result().end == "length"
        until(lambda: stage.turns() == 0, "all turns end")


@pytest.mark.timeout(600)
def test_ten_swaps_under_load_lose_nothing(stage: Stage) -> None:
    """Plain and streamed, many streams longer than a swap: all whole, each in the words of one version."""
    stage.learn("2")
    stage.learn("1")
    with stage.load() as load:
        load.wait("rottie-llm/1")
        for version in ("2", "1") * 5:
            stage.roll(stage.model(version))
            load.wait(f"rottie-llm/{version}")
    assert load.failures == {}
    assert all(load.streams[f"rottie-llm/{version}"] for version in ("1", "2"))


def test_a_damaged_model_leaves_the_old_one_answering(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    before = last_good(stage.home)
    bad = stage.model("3")
    weights = next(Path(bad.path).glob("*.gguf"))
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 0xFF
    weights.write_bytes(raw)
    with stage.load(threads=4) as load:
        load.wait("rottie-llm/1", 10)
        with pytest.raises(RollOutFailed, match="previous version answers") as failed:
            stage.roll(bad)
        assert failed.value.where == str(weights)
        load.wait("rottie-llm/1", 20)
    assert load.failures == {}
    assert stage.version() == "1"
    assert last_good(stage.home) == before


def test_a_missing_folder_is_named(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    gone = stage.model("1").model_copy(update={"version": "9", "path": str(stage.models / "gone")})
    with pytest.raises(RollOutFailed) as failed:
        stage.roll(gone)
    assert failed.value.where == str(stage.models / "gone")
    assert stage.version() == "1"


def test_a_full_queue_is_refused_with_a_time_to_come_back(stage: Stage) -> None:
    narrow = ASSISTANT.model_copy(update={"engine": LlmEngine(context=512, slots=1), "limits": Limits(max_tokens=200, queue=1)})
    stage.roll(stage.model("1"), narrow)

    def ask(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {read_key(stage.home.api_key)}"}
        body = {"messages": MESSAGES, "max_tokens": 200, "stream": bool(number % 2)}
        return httpx.post(f"{stage.url}/v1/chat/completions", json=body, headers=headers, trust_env=False, timeout=90)

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(ask, range(16)))
    refused = [reply for reply in replies if reply.status_code == 503]
    assert {reply.status_code for reply in replies} == {200, 503}
    assert all(reply.headers["retry-after"] == "1" for reply in refused)
    assert {reply.json()["error"]["code"] for reply in refused} == {"engine.overloaded"}


def test_one_of_two_replicas_dies(stage: Stage) -> None:
    """Begun streams of the dead one are cut off and say so; whatever had not begun is answered by the other; both return."""
    stage.roll(stage.model("1"), ASSISTANT.model_copy(update={"replicas": 2}))
    states = lambda: stage.get("/v1/status").json()["replicas"]  # noqa: E731
    assert len(states()) == 2
    with stage.load() as load:
        load.wait("rottie-llm/1")
        llm_processes(stage)[0].kill()
        load.wait("rottie-llm/1", 40)
        until(lambda: len(states()) == 2 and all(state["model"] for state in states()), "two replicas answer again")
        load.wait("rottie-llm/1")
    assert all(text.startswith(TOLD) and "in the middle of a reply" in text for text in load.failures), load.failures
    assert sum(load.failures.values()) <= 4  # there are four streaming clients


def test_a_killed_replica_recovers_with_the_current_version(stage: Stage) -> None:
    """With one replica everything waits for its return; streams that had begun are lost, and say so."""
    stage.roll(stage.model("2"))
    until(lambda: len(llm_processes(stage)) == 1, "the second replica has ended")
    with stage.load(threads=4) as load:
        load.wait("rottie-llm/2", 5)
        llm_processes(stage)[0].kill()
        load.wait("rottie-llm/2", 10)
    assert all(text.startswith(TOLD) for text in load.failures), load.failures
    assert sum(load.failures.values()) <= 2
    assert stage.version() == "2"


def test_a_killed_gateway_comes_back_and_leaves_no_turn_behind(stage: Stage) -> None:
    """It holds the connections: every request in it is lost, and none of them looks whole. The model goes on as it was."""
    stage.learn("1")
    with stage.load() as load:
        load.wait("rottie-llm/1")
        (model,) = llm_processes(stage)
        replicas(stage, "Gateway")[0].kill()
        load.wait("rottie-llm/1", 40)
    lost = {text: count for text, count in load.failures.items() if NOBODY not in text}
    # One for each client, and one that HAProxy gave to a connection which had just died; later ones were told to wait.
    assert sum(lost.values()) <= 16, load.failures
    assert not any("other words" in text for text in load.failures), load.failures
    assert model.is_running()
    until(lambda: stage.turns() == 0, "turns of clients that are gone end")


def test_the_last_config_is_applied_again(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    assert (stage.home.serve_config.stat().st_mode & 0o777) == 0o600
    assert apply_last(stage.home)
    assert stage.version() == "1"
    saved = last_good(stage.home)
    assert saved is not None
    assert wish_in(saved).model == stage.model("1")
    assert not apply_last(Home(stage.models / "empty"))


def llm_processes(stage: Stage) -> list[psutil.Process]:
    return replicas(stage, "Llm")


def replicas(stage: Stage, deployment: str) -> list[psutil.Process]:
    """Replicas found among this cluster's own processes: Serve names them after their deployment."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environ = process.info["environ"] or {}
        title = " ".join(process.info["cmdline"] or [])
        if environ.get("ROTTIE_HOME") == str(stage.home.root) and f"ServeReplica:rottie:{deployment}" in title:
            found.append(process)
    return found


@pytest.fixture(autouse=True)
def _no_words_in_logs(stage: Stage) -> Iterator[None]:
    """Whatever a test did, nothing that was said stands in a log."""
    yield
    logs = [path for path in stage.head.home.parent.joinpath("ray").rglob("logs/**/*") if path.is_file()]
    assert any("Gateway" in path.name for path in logs)
    for path in logs:
        assert b"hall lamp" not in path.read_bytes(), path


def test_sums_of_the_fixture(stage: Stage) -> None:
    """Two versions really differ."""
    one, two = stage.model("1"), stage.model("2")
    assert one.sha256 != two.sha256
    assert one.sha256 == file_sha256(next(Path(one.path).glob("*.gguf")))
