"""Downloading models from a hub on this machine, by the library that talks to the real one."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from flows.steps import downloading, registering
from flows.steps.downloading import find, pull
from schemas.assistant import LlmEngine
from schemas.conversation import Message
from schemas.errors import DiskFull, HubDown, HubError, HubMissing, HubRefused, ModelUnusable, NotScored, VersionMissing
from schemas.events import CallsReady
from schemas.settings import Home
from serve.engines.grammar import ToolChoice
from serve.engines.protocol import Sampling
from serve.models import open_model
from serve.turn import TurnRequest
from tests.flows.hub import Hub, running_hub
from tests.foreign import write_foreign
from tests.tiny import TOOLS

REPOSITORY = "someone/Tiny-Chat-GGUF"
CHUNK = 1000


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("published") / "tiny.gguf"
    write_foreign(path, "qwen-2.5")
    return path.read_bytes()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the library waits between its tries
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", CHUNK)  # small files, so that several come
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def home() -> Home:
    return Home.current()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_model_is_found_pulled_and_described(hub: Hub, home: Home, weights: bytes) -> None:
    commit = hub.publish(REPOSITORY, {"tiny-Q8_0.gguf": weights, "README.md": b"hi"})
    remote = find(REPOSITORY)
    assert (remote.origin.commit, remote.origin.revision, remote.origin.file) == (commit, "main", "tiny-Q8_0.gguf")
    assert (remote.size, remote.sha256) == (len(weights), sha(weights))
    exported = pull(remote, home)
    assert (exported.folder / "tiny-Q8_0.gguf").read_bytes() == weights
    manifest = exported.manifest
    assert manifest == type(manifest).model_validate_json((exported.folder / "model.json").read_text())
    assert (manifest.format, manifest.context, manifest.origin) == ("template", 1024, remote.origin)
    assert manifest.origin is not None
    assert manifest.origin.license == "apache-2.0"
    assert list((home.models / "pulling").glob("*.gguf")) == []
    hub.served.clear()
    assert pull(remote, home) == exported
    assert hub.served == []  # nothing is fetched twice


async def test_what_was_pulled_answers_with_tools(hub: Hub, home: Home, weights: bytes) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    exported = pull(find(REPOSITORY), home)
    answerer = open_model(exported.folder, LlmEngine(context=1024, slots=1), ("Hall lamp: light @ Hall: off",))
    try:
        for seed in range(3):
            request = TurnRequest(
                (Message(role="system", content="Be kind."), Message(role="user", content="turn on the hall lamp")),
                home_tools=TOOLS,
                sampling=Sampling(max_tokens=200, temperature=1.0, seed=seed),
                tool_choice=ToolChoice("named", "Nevermind"),
            )
            found = [event async for event in answerer.answer(request)]
            [ready] = [event for event in found if isinstance(event, CallsReady)]
            assert [item.function.name for item in ready.calls] == ["Nevermind"]
    finally:
        answerer.close()


def test_a_dropped_connection_goes_on_where_it_broke(hub: Hub, home: Home, weights: bytes) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    hub.drops[:] = [30_000, 20_000]
    pull(find(REPOSITORY), home)
    starts, sent = zip(*hub.served, strict=True)
    assert starts == (0, 30_000, 50_000)
    assert sum(sent) == len(weights)


def test_a_killed_download_goes_on_where_it_broke(hub: Hub, home: Home, weights: bytes, tmp_path: Path) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    hub.drops[:] = [40_000]
    code = (
        "import time, huggingface_hub.constants as c, flows.steps.downloading as d\n"
        f"c.DOWNLOAD_CHUNK_SIZE = {CHUNK}\n"
        "from schemas.settings import Home\n"
        "wait = time.sleep\n"
        "time.sleep = lambda s: (print('broken', flush=True), wait(60))\n"
        f"d.pull(d.find({REPOSITORY!r}), Home.current())\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    assert child.stdout.readline() == b"broken\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    remote = find(REPOSITORY)
    partial = home.models / "pulling" / f"{remote.sha256}.gguf"
    have = partial.stat().st_size
    assert 0 < have <= 40_000
    assert not list((home.models / "exports").glob("*"))
    pull(remote, home)
    assert hub.served[-1] == (have, len(weights) - have)


def test_another_file_than_promised(hub: Hub, home: Home, weights: bytes) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    hub.lies["tiny.gguf"] = weights[:-1] + b"x"
    with pytest.raises(HubError, match="SHA-256"):
        pull(find(REPOSITORY), home)
    hub.lies["tiny.gguf"] = weights + b"x" * 10_000
    with pytest.raises(HubError):
        pull(find(REPOSITORY), home)
    hub.lies["tiny.gguf"] = weights[:-100]
    with pytest.raises(HubError):
        pull(find(REPOSITORY), home)
    hub.lies.clear()
    pull(find(REPOSITORY), home)  # the next try is not spoiled


def test_a_branch_that_moves(hub: Hub, home: Home, weights: bytes, tmp_path: Path) -> None:
    first = hub.publish(REPOSITORY, {"tiny.gguf": weights})
    old = pull(find(REPOSITORY), home)
    path = tmp_path / "other.gguf"
    write_foreign(path, "qwen-2.5", license="mit")
    second = hub.publish(REPOSITORY, {"tiny.gguf": path.read_bytes()})
    pinned, moved = find(REPOSITORY, first), find(REPOSITORY)
    assert (pinned.origin.commit, moved.origin.commit) == (first, second)
    assert pull(pinned, home).id == old.id
    new = pull(moved, home)
    assert new.id != old.id
    assert old.exists()


def test_choosing_a_file(hub: Hub) -> None:
    names = ["a-Q4_K_M.gguf", "a-Q8_0.gguf", "mmproj-f16.gguf", "big-Q2_K-00001-of-00002.gguf", "deep/a-IQ2_M.gguf", "x.bin"]
    hub.publish(REPOSITORY, dict.fromkeys(names, b"x"))
    for choice, file in (("", "a-Q4_K_M.gguf"), (":q8_0", "a-Q8_0.gguf"), (":deep/a-IQ2_M.gguf", "deep/a-IQ2_M.gguf")):
        assert find(REPOSITORY + choice).origin.file == file
    for choice in (":Q5_K_M", ":x.bin", ":../a-Q8_0.gguf"):
        with pytest.raises(HubMissing) as caught:
            find(REPOSITORY + choice)
        assert "a-Q8_0.gguf" in (caught.value.hint or "")
    hub.publish("someone/two", {"one.gguf": b"x", "two.gguf": b"x"})
    with pytest.raises(HubMissing, match="several"):
        find("someone/two")
    hub.publish("someone/none", {"model.safetensors": b"x", "m-00001-of-00002.gguf": b"x"})
    with pytest.raises(HubMissing, match="no GGUF"):
        find("someone/none")


@pytest.mark.parametrize("name", ["", "tiny", "a/b/c", "../x", "a/b:", "a/b:c:d", "http://host/a/b", "a/b\n"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(HubError, match="no name"):
        find(name)


def test_what_the_hub_refuses(hub: Hub, home: Home, weights: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    with pytest.raises(HubMissing, match="no such repository"):
        find("someone/absent")
    with pytest.raises(HubMissing, match="no such revision"):
        find(REPOSITORY, "v9")
    hub.gated.add(REPOSITORY)
    with pytest.raises(HubRefused) as caught:
        find(REPOSITORY)
    assert "HF_TOKEN" in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "good-key")
    hub.keys.clear()
    pull(find(REPOSITORY), home)
    assert dict(hub.keys) == {"127.0.0.1": "Bearer good-key", "localhost": None}
    hub.status = 500
    with pytest.raises(HubDown) as failed:
        find(REPOSITORY)
    assert "good-key" not in str(failed.value)


def test_without_a_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubDown, match="does not answer") as caught:
        find(REPOSITORY)
    assert "network" in (caught.value.hint or "")


def test_a_full_disk_is_told_before(hub: Hub, home: Home, weights: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.publish(REPOSITORY, {"tiny.gguf": weights})
    free = shutil.disk_usage("/")._replace(free=downloading.SPARE + 1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    with pytest.raises(DiskFull):
        pull(find(REPOSITORY), home)
    assert hub.served == []


@pytest.mark.parametrize("damage", ["no gguf", "cut short", "no template", "bad template"])
def test_files_that_are_no_model(hub: Hub, home: Home, weights: bytes, damage: str) -> None:
    bad = {
        "no gguf": b"not a model at all",
        "cut short": weights[: len(weights) // 2],
        "no template": weights.replace(b"tokenizer.chat_template", b"tokenizer.chat_tempXXXX"),
        "bad template": weights.replace(b"{%- set given", b"{%- xxx given"),
    }[damage]
    hub.publish(REPOSITORY, {"tiny.gguf": bad})
    with pytest.raises(ModelUnusable):
        pull(find(REPOSITORY), home)
    assert not list((home.models / "exports").glob("*"))


@pytest.mark.slow
def test_registered_and_never_champion_by_itself(
    hub: Hub, home: Home, weights: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    commit = hub.publish(REPOSITORY, {"tiny.gguf": weights})
    exported = pull(find(REPOSITORY), home)
    ref = registering.register_pulled(exported, "rottie-llm", home)
    assert registering.register_pulled(exported, "rottie-llm", home) == ref
    assert (ref.version, ref.path, ref.sha256) == ("1", exported.path, sha(weights))
    [row] = registering.versions("rottie-llm")
    assert (row["origin"], row["aliases"], row["metrics"]) == (f"{REPOSITORY}@{commit[:12]}:tiny.gguf", [], {})
    assert commit in (mlflow.MlflowClient().get_model_version("rottie-llm", "1").description or "")
    with pytest.raises(VersionMissing):
        registering.promotable("rottie-llm")  # the newest, but nobody named it
    with pytest.raises(NotScored) as caught:
        registering.promotable("rottie-llm", "1")
    assert "--unscored" in (caught.value.hint or "")
    assert registering.promotable("rottie-llm", "1", unscored=True) == "1"
    registering.promote("rottie-llm", "1", home)
    [row] = registering.versions("rottie-llm")
    assert row["aliases"] == ["champion"]
    assert row["promoted_unscored"]
    assert registering.located("rottie-llm", "1") == ref
