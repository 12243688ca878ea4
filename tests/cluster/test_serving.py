"""Serving on a real local Ray with tiny random models: roll out, answer, swap under load, fail safely, recover."""

from __future__ import annotations

import collections
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

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
from tests.tiny import write_export

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(280)]

ASSISTANT = Assistant(
    name="test", engine=LlmEngine(kind="xllamacpp", context=512, slots=4), limits=Limits(max_tokens=24, queue=64, timeout_s=60)
)
MESSAGES = [{"role": "user", "content": "turn on the hall lamp"}]


@dataclass
class Stage:
    head: RayHead
    home: Home
    profile: Profile
    models: Path

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
            http_client=httpx.Client(trust_env=False, timeout=90),
            **more,  # type: ignore[arg-type]
        )

    def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {read_key(self.home.api_key)}"}
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False, timeout=30)

    def version(self) -> str:
        return self.get("/v1/models").json()["data"][0]["version"]

    def model(self, version: str, seed: int = 0) -> ModelRef:
        """A model folder with weights of its own, and the reference to it."""
        folder = self.models / version
        if not folder.exists():
            write_export(folder, seed=seed)
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


class Load:
    """Eight clients asking without a pause; ``outcomes`` counts answering models and failures."""

    def __init__(self, stage: Stage, threads: int = 8, streams: bool = True) -> None:
        self._streams = streams
        self.outcomes: collections.Counter[str] = collections.Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(stage, i)) for i in range(threads)]

    def _ask(self, stage: Stage, number: int) -> None:
        client = stage.client()
        while not self._stop.is_set():
            try:
                if self._streams and number % 2:
                    chunks = list(client.chat.completions.create(model="champion", messages=MESSAGES, max_tokens=8, stream=True))  # type: ignore[call-overload]
                    assert chunks[-1].choices[0].finish_reason
                    self.outcomes[chunks[0].model] += 1
                else:
                    reply = client.chat.completions.create(model="champion", messages=MESSAGES, max_tokens=8)  # type: ignore[arg-type]
                    self.outcomes[reply.model] += 1
            except Exception as error:
                self.outcomes[f"{type(error).__name__}: {error}"[:300]] += 1

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)

    def wait(self, model: str, count: int) -> None:
        until(lambda: self.outcomes[model] >= count, f"{count} answers of {model}: {self.outcomes}")

    @property
    def failures(self) -> dict[str, int]:
        return {text: count for text, count in self.outcomes.items() if not text.startswith("rottie-llm/")}


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.1)


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


def test_what_is_asked_for_happens_in_the_home(stage: Stage) -> None:
    house = stage.models / "house.yaml"
    house.write_text("entities: [{id: light.porch, name: porch light, state: 'off'}, {id: lock.gate, name: gate, state: locked}]")
    stage.roll(stage.model("1"), ASSISTANT.model_copy(update={"inventory": str(house)}))
    headers = {"Authorization": f"Bearer {read_key(stage.home.api_key)}"}

    def ask(**body: object) -> dict[str, object]:
        reply = httpx.post(f"{stage.url}/v1/assist", json=body, headers=headers, trust_env=False, timeout=60)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def states() -> dict[str, str]:
        return {entity["id"]: entity["state"] for entity in stage.get("/v1/home").json()["entities"]}

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
    stage.roll(stage.model("2", seed=2), ASSISTANT.model_copy(update={"inventory": str(house)}))
    (home,) = replicas(stage, "Home")
    home.kill()
    assert ask(text="turn off the porch light")["tier"] == "intents"
    assert states() == {"light.porch": "off", "lock.gate": "unlocked"}


def test_a_client_that_leaves_frees_its_turn(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    turns = lambda: stage.get("/v1/status").json()["replicas"][0]["turns"]  # noqa: E731
    with stage.client() as client:
        stream = client.chat.completions.create(model="champion", messages=MESSAGES, stream=True)  # type: ignore[arg-type]
        next(iter(stream))
        stream.close()
    until(lambda: turns() == 0, "the turn ends")


def test_swap_under_load_loses_no_request(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    with Load(stage) as load:
        load.wait("rottie-llm/1", 20)
        stage.roll(stage.model("2", seed=2))
        load.wait("rottie-llm/2", 20)
        stage.roll(stage.model("1"))
        before = load.outcomes["rottie-llm/1"]
        load.wait("rottie-llm/1", before + 20)
    assert load.failures == {}


def test_a_damaged_model_leaves_the_old_one_answering(stage: Stage) -> None:
    stage.roll(stage.model("1"))
    before = last_good(stage.home)
    bad = stage.model("3", seed=3)
    weights = next(Path(bad.path).glob("*.gguf"))
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 0xFF
    weights.write_bytes(raw)
    with Load(stage, threads=4) as load:
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


def test_one_of_two_replicas_may_die(stage: Stage) -> None:
    stage.roll(stage.model("1"), ASSISTANT.model_copy(update={"replicas": 2}))
    assert len(stage.get("/v1/status").json()["replicas"]) == 2
    with Load(stage, threads=4, streams=False) as load:
        load.wait("rottie-llm/1", 10)
        llm_processes(stage)[0].kill()
        load.wait("rottie-llm/1", load.outcomes["rottie-llm/1"] + 40)
    assert load.failures == {}


def test_a_killed_replica_recovers_with_the_current_version(stage: Stage) -> None:
    stage.roll(stage.model("2", seed=2))
    (replica,) = llm_processes(stage)
    with Load(stage, threads=2) as load:
        load.wait("rottie-llm/2", 5)
        replica.kill()
        load.wait("rottie-llm/2", load.outcomes["rottie-llm/2"] + 10)
    # Only streams that had begun may have been cut off; everything else was asked again.
    assert all("in the middle of a reply" in text for text in load.failures)
    assert sum(load.failures.values()) <= 1
    assert stage.version() == "2"


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
    one, two = stage.model("1"), stage.model("2", seed=2)
    assert one.sha256 != two.sha256
    assert one.sha256 == file_sha256(next(Path(one.path).glob("*.gguf")))
