"""Rolling out against a stand-in for Ray's dashboard and the served API: what is waited for, and what fails how."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.steps import rolling_out, serving_api
from flows.steps.rolling_out import apply_last, last_good, roll_out, wish_in
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, Tts
from schemas.errors import ConfigError, ModelUnusable, RollOutFailed, SpeechMissing, StackDown
from schemas.hashing import content_id
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home

ASSISTANT = Assistant(name="test")
TTS = Tts()
GOOD = ModelRef(name="rottie-llm", version="1", candidate="c1", path="/models/1", sha256="1" * 64)
NEXT = GOOD.model_copy(update={"version": "2", "path": "/models/2"})
BAD = GOOD.model_copy(update={"version": "3", "path": "/models/bad"})
MUTE = GOOD.model_copy(update={"version": "4", "path": "/models/mute"})


class Cluster(ThreadingHTTPServer):
    """Dashboard and API on one port. A model whose path holds ``bad`` does not load, one with ``mute`` does not answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.puts: list[dict[str, Any]] = []
        self.answering: dict[str, Any] | None = None
        self.refuse: list[int] = []
        self.status = "RUNNING"
        self.polls = 0
        self.speech: dict[str, list[dict[str, Any]]] = {}

    def state(self) -> dict[str, Any]:
        wish = wish_in(self.puts[-1])
        broken = wish.model is not None and "bad" in wish.model.path
        if not broken:
            self.answering = wish.model.model_dump() if wish.model else None
        error = ModelUnusable("a file does not match its SHA-256 sum", where="/models/bad/x.gguf").as_dict() if broken else None
        return {"wanted": wish.generation, "reached": not broken, "model": self.answering, "error": error}


class Handler(BaseHTTPRequestHandler):
    server: Cluster

    def log_message(self, *_: Any) -> None:
        return

    def reply(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_PUT(self) -> None:
        config = self.body()
        if self.headers["Authorization"] != "Bearer sesame":
            self.reply(401, {})
        elif self.server.refuse:
            self.reply(self.server.refuse.pop(0), {"detail": "not now"})
        else:
            self.server.puts.append(config)
            self.reply(200, {})

    def do_GET(self) -> None:
        self.server.polls += 1
        if self.path == "/v1/status":
            told = {"replicas": [self.server.state()] if self.server.puts else [], "speech": self.server.speech}
            self.reply(200, told)
        elif self.server.polls < 3:
            self.reply(200, {"applications": {}})
        else:
            self.reply(200, {"applications": {"rottie": {"status": self.server.status, "message": "Traceback\nNo module x"}}})

    def do_POST(self) -> None:
        name = self.body()["model"]
        self.reply(500 if name.endswith("/4") else 200, {"choices": []})


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    server = Cluster()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    token = tmp_path / "token"
    token.write_text("sesame\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.setenv("RAY_DASHBOARD_ADDRESS", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(rolling_out, "POLL_S", 0.01)
    monkeypatch.setattr(serving_api, "PAUSE_S", 0.01)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def roll(ref: ModelRef | None, cluster: Cluster, home: Home, timeout_s: float = 5) -> None:
    roll_out(ref, ASSISTANT, profile(cluster.server_port), home, timeout_s=timeout_s)


def profile(port: int) -> Profile:
    return Profile(name="test", stack=Stack(ports=Ports(api=port)))


def versions(cluster: Cluster) -> list[str | None]:
    wishes = [wish_in(config).model for config in cluster.puts]
    return [model.version if model else None for model in wishes]


def test_a_good_version_becomes_the_last_good_config(cluster: Cluster, home: Home) -> None:
    roll(GOOD, cluster, home)
    saved = last_good(home)
    assert saved == cluster.puts[-1]
    assert home.serve_config.stat().st_mode & 0o777 == 0o600
    assert home.api_key.stat().st_mode & 0o777 == 0o600


def test_what_answers_already_is_not_sent_again(cluster: Cluster, home: Home) -> None:
    roll(GOOD, cluster, home)
    roll(GOOD, cluster, home)
    assert versions(cluster) == ["1"]
    roll(NEXT, cluster, home)
    roll(GOOD, cluster, home)
    assert versions(cluster) == ["1", "2", "1"]


@pytest.mark.parametrize(("ref", "reason"), [(BAD, "does not match"), (MUTE, "does not answer")])
def test_a_bad_version_is_followed_by_the_one_before(cluster: Cluster, home: Home, ref: ModelRef, reason: str) -> None:
    roll(GOOD, cluster, home)
    before = home.serve_config.read_bytes()
    with pytest.raises(RollOutFailed, match=f"{reason}.*previous version answers again") as failed:
        roll(ref, cluster, home)
    assert failed.value.where
    assert versions(cluster) == ["1", ref.version, "1"]
    assert home.serve_config.read_bytes() == before
    roll(NEXT, cluster, home)
    assert versions(cluster)[-1] == "2"


def test_the_first_version_may_fail_too(cluster: Cluster, home: Home) -> None:
    with pytest.raises(RollOutFailed, match="no version before it"):
        roll(BAD, cluster, home)
    assert last_good(home) is None


def test_a_dashboard_that_starts_late(cluster: Cluster, home: Home) -> None:
    cluster.refuse = [503, 500, 503]
    roll(GOOD, cluster, home)
    assert versions(cluster) == ["1"]


def test_a_config_that_serve_refuses(cluster: Cluster, home: Home) -> None:
    cluster.refuse = [400]
    with pytest.raises(RollOutFailed, match="refuses the config"):
        roll(GOOD, cluster, home)


def test_a_wrong_token(cluster: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "other")
    with pytest.raises(RollOutFailed, match="refuses the token"):
        roll(GOOD, cluster, home)


def test_an_application_that_cannot_start(cluster: Cluster, home: Home) -> None:
    cluster.status = "DEPLOY_FAILED"
    with pytest.raises(RollOutFailed, match="No module x"):
        roll(GOOD, cluster, home)


def test_an_application_that_never_gets_there(cluster: Cluster, home: Home) -> None:
    cluster.status, cluster.polls = "DEPLOYING", 3
    with pytest.raises(RollOutFailed, match="the application is DEPLOYING"):
        roll(GOOD, cluster, home, timeout_s=0.2)


def test_no_cluster_at_all(cluster: Cluster, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    roll(GOOD, cluster, home)
    monkeypatch.setenv("RAY_DASHBOARD_ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(StackDown):
        roll(NEXT, cluster, home, timeout_s=0.2)
    assert versions(cluster) == ["1"]
    monkeypatch.delenv("RAY_DASHBOARD_ADDRESS")
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    with pytest.raises(StackDown):
        roll(NEXT, cluster, home)


def test_the_last_config_again(cluster: Cluster, home: Home) -> None:
    assert not apply_last(home)
    roll(GOOD, cluster, home)
    good = home.serve_config.read_text()
    moved = json.loads(good)
    moved["http_options"]["port"] = 9
    home.serve_config.write_text(json.dumps(moved))
    assert apply_last(home, profile(cluster.server_port), timeout_s=5)
    assert home.serve_config.read_text() == good  # a later roll-out goes back to where Serve listens now
    assert versions(cluster) == ["1", "1"]
    home.serve_config.write_text("{half")
    with pytest.raises(ConfigError) as broken:
        apply_last(home)
    assert broken.value.where == str(home.serve_config)


def voice(*, reached: bool, error: dict[str, Any] | None = None, section: Tts = TTS) -> dict[str, list[dict[str, Any]]]:
    return {"tts": [{"wanted": content_id(section), "reached": reached, "error": error}]}


def speaking(cluster: Cluster, home: Home) -> None:
    assistant = ASSISTANT.model_copy(update={"tts": TTS})
    roll_out(GOOD, assistant, profile(cluster.server_port), home, timeout_s=0.5)


def test_the_voice_is_waited_for(cluster: Cluster, home: Home) -> None:
    for loading in (voice(reached=False), voice(reached=True, section=Tts(speed=2)), {"tts": []}):
        cluster.speech = loading
        with pytest.raises(RollOutFailed, match="0 of 1 replicas of Tts"):
            speaking(cluster, home)
    cluster.speech = voice(reached=True)
    speaking(cluster, home)
    assert last_good(home) == cluster.puts[-1]


def test_a_voice_that_cannot_be_loaded_is_told_and_the_rest_answers(
    cluster: Cluster, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.speech = voice(reached=False, error=SpeechMissing("no such voice").as_dict())
    speaking(cluster, home)
    assert "no such voice" in caplog.text
    assert last_good(home) is not None
