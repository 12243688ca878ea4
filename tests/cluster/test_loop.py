"""The loop as a person runs it: one real stack, the command line, the worker, two pipelines, a rollback under load.

The tests of this module build on each other, in order; each leaves the stack in the state that the next one names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.running import ROOT, Stack, own_stack
from tests.rows import KITCHEN, KITCHEN_TOOLS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
MODEL = "rottie-tiny"
# A second WHAT for the same model: real rows instead of generated ones, and a gate that lets it in.
KITCHEN_PIPELINE = f"""\
name: kitchen
model: {MODEL}
sources:
  - {{kind: jsonl, path: "{KITCHEN}", tools: "{KITCHEN_TOOLS}"}}
split: {{validation: 0.1, test: 0.2}}
checks: {{max_failed_share: 0.2}}
training:
  base: {{kind: scratch, vocabulary: 400, hidden: 32, layers: 2, heads: 2, kv_heads: 2, intermediate: 64, context: 1024}}
  steps: 10
  sequence: 512
  batch: 2
  learning_rate: 5.0e-3
  checkpoint_every: 5
  evaluate_every: 5
suites:
  - {{name: kitchen, split: test, limit: 6, max_tokens: 48}}
gate:
  rules:
    - {{metric: kitchen.valid_call_rate, at_least: 0.0}}
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with own_stack(ROTTIE__ASSISTANT__MODEL=MODEL) as running:
        (running.home / "kitchen.yaml").write_text(KITCHEN_PIPELINE)
        running.rottie("up", "--no-starter")
        yield running


def until(found: Callable[[], Any], seconds: float, what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(1)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def runs(stack: Stack, flow: str) -> list[str]:
    """The states of the runs of ``flow`` that have begun or are due."""
    return [row["type"] for row in stack.json("runs", "--limit", "100") if row["flow"] == flow]


def test_deployments_are_listed(stack: Stack) -> None:
    listed = stack.prefect("deployment", "ls")
    for name in ("retrain/nightly", "ingest/by-hand", "validate/by-hand", "train/by-hand", "evaluate/by-hand", "promote/by-hand"):
        assert name in listed


def test_an_empty_registry_is_told(stack: Stack) -> None:
    assert stack.json("models") == []
    assert stack.json("status")["running"] is True


def test_retrain_makes_a_champion_that_answers(stack: Stack) -> None:
    decision = stack.json("run", "retrain", "--pipeline", "tiny")
    assert decision["promoted"] is True, decision
    assert decision["champion"]["version"] == "1"
    [row] = stack.json("models")
    assert row["aliases"] == ["champion"]
    assert row["lineage"]["pipeline"] == "tiny"
    assert stack.answering() == "1"
    reply = stack.json("ask", "turn on the lamp")
    assert reply
    with stack.client() as client:
        answer = client.post(
            "/v1/chat/completions", json={"model": "champion", "messages": [{"role": "user", "content": "hello"}]}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] > 0


def test_an_unchanged_pipeline_trains_nothing(stack: Stack) -> None:
    candidates = stack.home / "models" / "candidates"
    before = {path: path.stat().st_mtime_ns for path in candidates.rglob("*")}
    decision = stack.json("run", "retrain", "--pipeline", "tiny")
    assert decision["unchanged"] is True
    assert {path: path.stat().st_mtime_ns for path in candidates.rglob("*")} == before
    assert len(stack.json("models")) == 1


def test_the_kept_run_leads_to_docs_and_report(stack: Stack) -> None:
    code = (
        "import sys,json; from rottie.commands.entering import enter; enter(None); import mlflow; c=mlflow.MlflowClient();"
        "run=c.get_model_version(sys.argv[1],'1').run_id; names=[];\n"
        "def walk(path):\n"
        "    for item in c.list_artifacts(run, path): walk(item.path) if item.is_dir else names.append(item.path)\n"
        "walk(None); print(json.dumps([names, c.get_run(run).data.metrics]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, MODEL], env=stack.env, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    names, metrics = json.loads(done.stdout.splitlines()[-1])
    assert "data_docs/index.html" in names
    assert any(name.endswith("report.html") for name in names)
    assert any(key.endswith("exact_match") for key in metrics)
    assert any("loss" in key for key in metrics)


def test_a_second_pipeline_makes_a_second_version(stack: Stack) -> None:
    decision = stack.json("run", "retrain", "--pipeline", str(stack.home / "kitchen.yaml"))
    assert decision["promoted"] is True, decision
    rows = stack.json("models")
    assert [row["version"] for row in rows] == ["2", "1"]
    assert rows[0]["aliases"] == ["champion"]
    assert stack.answering() == "2"


def test_the_replaced_candidate_does_not_come_back_by_itself(stack: Stack) -> None:
    stack.rottie("run", "retrain", "--pipeline", "tiny", code=10)
    assert stack.answering() == "2"


def test_rollback_under_load_fails_no_request(stack: Stack) -> None:
    stop, seen, failed = threading.Event(), Counter[str](), []

    def ask() -> None:
        body = {"model": "champion", "messages": [{"role": "user", "content": "set a timer for 3 minutes"}], "max_tokens": 12}
        with stack.client() as client:
            while not stop.is_set():
                answer = client.post("/v1/chat/completions", json=body)
                if answer.status_code == 200:
                    seen[answer.json()["model"]] += 1
                else:
                    failed.append(answer.text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: sum(seen.values()) > 10 or failed, 60, "answers under load")
        stack.rottie("rollback", "--model", MODEL)
        until(lambda: stack.answering() == "1", 60, "version 1 answers again")
        time.sleep(2)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert len(seen) == 2, seen
    champions = [row["version"] for row in stack.json("models") if "champion" in row["aliases"]]
    assert champions == ["1"]


def test_a_scheduled_run_completes_under_the_worker(stack: Stack) -> None:
    code = (
        "import os; from rottie.commands.entering import enter; enter(None); from rottie.stack.health import prefect_client;"
        "c=prefect_client(os.environ); d=c.get('/deployments/name/ingest/by-hand').json()['id'];"
        "s={'schedule': {'interval': 30}, 'active': True, 'parameters': {'pipeline': 'tiny', 'profile': 'laptop'}};"
        "c.post(f'/deployments/{d}/schedules', json=[s]).raise_for_status()"
    )
    subprocess.run([sys.executable, "-c", code], env=stack.env, cwd=ROOT, check=True, timeout=60)
    # Nobody else starts this flow: retrain calls the step, not the flow.
    until(lambda: "COMPLETED" in runs(stack, "ingest"), 180, "a scheduled run of ingest")


def test_wrong_words_are_told_before_anything_starts(stack: Stack) -> None:
    for words in (["--pipeline", "nosuch"], ["--pipeline", "tiny", "--set", "training.nosuch=1"]):
        error = json.loads(stack.rottie("run", "retrain", *words, "--json", code=2, stream="stderr"))["error"]
        assert error["code"] == "config"
        assert error["where"]


def test_feedback_starts_the_loop(stack: Stack) -> None:
    before = len(runs(stack, "retrain"))
    code = (
        "from rottie.commands.entering import enter; enter(None); from prefect.events import emit_event;"
        "emit_event('rottie.feedback.ready', resource={'prefect.resource.id': 'rottie.feedback'});"
        "from prefect.events.worker import EventsWorker; EventsWorker.drain_all()"
    )
    subprocess.run([sys.executable, "-c", code], env=stack.env, cwd=ROOT, check=True, timeout=120)
    until(lambda: len(runs(stack, "retrain")) > before, 90, "a run of retrain that nobody asked for")
