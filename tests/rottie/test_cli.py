"""The command line as a user and a program meet it: help, errors, exit codes, JSON."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.commands import actions, asking, conversations, running
from rottie.commands.printing import ago
from rottie.stack.keys import make_keys
from schemas.artifacts import Decision, ModelRef
from schemas.errors import KeysUnusable, RegistryError, StackDown
from schemas.overrides import split_overrides
from schemas.settings import Home
from serve.api.doors import read_key

COMMANDS = ["up", "down", "status", "doctor", "run", "runs", "models", "promote", "rollback", "ask", "home", "config show"]
COMMANDS += ["conversations list", "conversations show", "conversations delete", "keys add", "keys list", "actions"]
PIPELINE = """
name: mine
sources: [{kind: home, rows: 10}]
suites: [{name: held_out}]
gate: {rules: [{metric: held_out.exact_match, at_least: 0.5}]}
"""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ROTTIE_DEPLOYMENTS", str(tmp_path / "deployments"))
    monkeypatch.setenv("COLUMNS", "200")
    for folder in ("pipelines", "profiles"):
        (tmp_path / "deployments" / folder).mkdir(parents=True)
    (tmp_path / "deployments/pipelines/mine.yaml").write_text(PIPELINE)
    (tmp_path / "deployments/profiles/laptop.yaml").write_text("name: laptop\n")
    (tmp_path / "deployments/profiles/away.yaml").write_text(
        "name: away\nstack: {local: false}\naddresses: {prefect: 'http://p/api', mlflow: 'http://m', ray: 'http://r'}\n"
    )


def rottie(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = rottie(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: rottie {command}" in " ".join(result.output.split())


def test_without_a_command_help_lists_all() -> None:
    result = rottie()
    for command in COMMANDS:
        assert command.split()[0] in result.output


def test_version() -> None:
    assert rottie("--version").output.startswith("rottie ")


@pytest.mark.parametrize(
    "words",
    [
        *(("status",), ("runs",), ("models",), ("promote", "1"), ("rollback",), ("ask", "hello"), ("home",), ("actions",)),
        *(("conversations", "list"), ("conversations", "show", "last"), ("ask", "-c", "last", "hello")),
    ],
)
def test_commands_that_need_the_stack_say_that_it_is_down(words: tuple[str, ...]) -> None:
    result = rottie(*words)
    assert result.exit_code == 8
    assert "stack.down" in result.stderr
    assert "rottie up" in result.stderr
    assert result.stdout == ""


def logged(seq: int, phase: str, **more: Any) -> dict[str, Any]:
    row = {"seq": seq, "at": "2026-01-02T03:04:05+00:00", "action_id": "a1", "phase": phase, "actor": "tablet", "role": "guest"}
    given = {"key": None, "tool": "HassTurnOn", "arguments": {"name": "[b]lamp"}, "decision": None, "result": None}
    return {**row, **given, "before": None, "after": None, **more}


def test_the_log_of_actions_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"before": {"light.a": {"state": "off"}}, "after": {"light.a": {"state": "on"}}}
    rows = [logged(1, "begun"), logged(2, "done", **changed), logged(3, "begun", action_id="a2")]
    rows += [logged(4, "refused", action_id="a3", result={"error": {"message": "no right to this"}})]
    pages, asked = [rows, rows, rows[:2], [], rows[2:]], list[str]()

    def answer(method: str, path: str, body: Any, streaming: Any, whole: Any) -> None:
        asked.append(path)
        if not pages:
            raise KeyboardInterrupt
        whole({"actions": pages.pop(0)})

    monkeypatch.setattr(actions, "send", answer)
    monkeypatch.setattr(actions, "LOOK_S", 0)
    lines = rottie("actions", "--limit", "4").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["no", "2", "3", "4"]  # what has ended is told once
    assert 'HassTurnOn(name="[b]lamp")' in lines[1]
    assert lines[1].rstrip().endswith("done: light.a off -> on")
    assert lines[3].rstrip().endswith("refused: no right to this")
    assert json.loads(rottie("actions", "--json", "--after", "0").stdout)["actions"] == rows
    told = rottie("actions", "--follow", "--json")
    assert ([json.loads(line) for line in told.stdout.splitlines()], told.exit_code) == (rows, 130)
    paths = ["?limit=4", "?limit=20&after=0", "?limit=20", "?limit=100&after=2", "?limit=100&after=2", "?limit=100&after=4"]
    assert asked == [f"/v1/actions{path}" for path in paths]


def test_keys_are_added_and_listed_without_showing_them(tmp_path: Path) -> None:
    assert rottie("keys", "list").exit_code == 2
    added = rottie("keys", "add", "--id", "tablet", "--role", "guest", "--area", "hall")
    key = added.stdout.strip()
    assert (added.exit_code, key.split()) == (0, [key])
    path = tmp_path / "home" / "api_key"
    path.chmod(0o644)
    made = json.loads(rottie("keys", "add", "--id", "ann", "--role", "admin", "--json").stdout)
    assert (path.stat().st_mode & 0o777, [file.name for file in path.parent.iterdir()]) == (0o600, ["api_key"])
    first, *others = path.read_text().splitlines()
    assert others == [f"{key} id=tablet role=guest area=hall", f"{made['key']} id=ann role=admin"]
    assert read_key(path) == first
    listed = [rottie("keys", "list").stdout, rottie("keys", "list", "--json").stdout]
    assert not [text for text in (first, key, made["key"]) if any(text in out for out in listed)]
    nobody = {"id": None, "role": None, "area": None}
    tablet = {"id": "tablet", "role": "guest", "area": "hall"}
    assert json.loads(listed[1]) == [nobody, tablet, {"id": "ann", "role": "admin", "area": None}]
    assert "tablet" in listed[0]
    for wrong in (("tablet", "guest"), ("x", "king"), ("a b", "guest"), ("api", "admin")):
        assert rottie("keys", "add", "--id", wrong[0], "--role", wrong[1]).exit_code == 2
    assert len(path.read_text().splitlines()) == 3


def test_a_key_is_withdrawn_and_the_others_stay(tmp_path: Path) -> None:
    assert rottie("keys", "remove", "--id", "tablet").exit_code == 2
    for name in ("tablet", "ann"):
        rottie("keys", "add", "--id", name, "--role", "guest")
    path = tmp_path / "home" / "api_key"
    first, tablet, ann = path.read_text().splitlines()
    path.write_text(f"# of the house\n{first}\n\n  {tablet}\n{ann}\n")
    assert rottie("keys", "remove", "--id", "x").exit_code == 2
    removed = rottie("keys", "remove", "--id", "tablet", "--json")
    assert (removed.exit_code, json.loads(removed.stdout)) == (0, {"removed": "tablet"})
    assert path.read_text() == f"# of the house\n{first}\n\n{ann}\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_goes_on_its_own_line(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    make_keys(home)
    first = home.api_key.read_text()
    assert rottie("keys", "add", "--id", "tablet", "--role", "guest").exit_code == 0
    assert home.api_key.read_text().splitlines()[0] == first.strip()
    assert make_keys(home) == []
    home.api_key.write_text("sesame role=guest\n")
    with pytest.raises(KeysUnusable):
        make_keys(home)


def test_errors_are_json_where_json_was_asked_for() -> None:
    result = rottie("models", "--json")
    assert result.exit_code == 8
    assert json.loads(result.stderr)["error"]["code"] == "stack.down"


def test_status_as_json_when_down() -> None:
    result = rottie("status", "--json")
    assert result.exit_code == 8
    assert json.loads(result.stdout) == {
        "running": False,
        "healthy": False,
        "home": json.loads(result.stdout)["home"],
        "leftovers": [],
    }


def test_down_when_nothing_runs() -> None:
    result = rottie("down")
    assert result.exit_code == 0
    assert "Nothing was running" in result.output
    assert json.loads(rottie("down", "--json").stdout)["stopped"] == 0


def test_an_unknown_flow_names_the_known_ones() -> None:
    result = rottie("run", "retrian")
    assert result.exit_code == 2
    assert "retrain, ingest" in result.stderr


def test_an_unknown_key_fails_before_anything_starts() -> None:
    result = rottie("run", "retrain", "--pipeline", "mine", "--set", "trainng.steps=3", "--json")
    assert result.exit_code == 2
    assert "trainng" in json.loads(result.stderr)["error"]["message"]


def test_a_missing_pipeline_lists_the_others() -> None:
    result = rottie("run", "retrain", "--pipeline", "other")
    assert result.exit_code == 2
    assert "mine" in result.stderr


def test_a_wrong_option_is_a_usage_error() -> None:
    result = rottie("up", "--nonsense")
    assert result.exit_code == 2


def test_a_remote_profile_starts_nothing() -> None:
    result = rottie("up", "--profile", "away")
    assert result.exit_code == 0
    assert "nothing to start here" in result.output
    assert "http://m" in result.output
    told = json.loads(rottie("up", "--profile", "away", "--json").stdout)
    assert (told["local"], told["urls"]["mlflow"]) == (False, "http://m")


def test_up_prints_one_document_or_stays() -> None:
    result = rottie("up", "--foreground", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stderr)["error"]["where"] == "--json"


@pytest.mark.parametrize("words", [("promote", "7"), ("rollback",)])
def test_what_moves_the_champion_tells_which_it_is(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(flow: str, parameters: dict[str, Any], out: Any) -> ModelRef:
        print("a library's chatter")
        return ModelRef(name=parameters["model"], version="7", candidate="c", path="/models/7", sha256="7" * 64)

    monkeypatch.setattr(running, "run_here", run_here)
    result = rottie(*words, "-w", "away", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["version"] == "7"
    assert "chatter" in result.stderr


def test_an_interrupt_has_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "split_overrides", interrupted)
    assert rottie("run", "retrain", "--pipeline", "mine").exit_code == 130


@pytest.mark.parametrize(
    ("promoted", "unchanged", "code"), [(True, False, 0), (False, True, 0), (False, False, running.NOT_PROMOTED)]
)
def test_retrain_tells_its_outcome_by_exit_code(
    promoted: bool, unchanged: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = Decision(promoted=promoted, unchanged=unchanged, candidate="c" * 16, reason="because")
    seen: dict[str, Any] = {}

    def run_here(flow: str, parameters: dict[str, Any], out: Any) -> Decision:
        seen.update(parameters)
        return decision

    monkeypatch.setattr(running, "run_here", run_here)
    result = rottie("run", "retrain", "-p", "mine", "-w", "away", "--set", "training.steps=3", "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["promoted"] is promoted
    assert seen == {"pipeline": "mine", "profile": "away", "overrides": ["training.steps=3"]}


def test_a_flows_error_keeps_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(*_: object) -> None:
        raise RegistryError("the registry is odd", where="http://m")

    monkeypatch.setattr(running, "run_here", run_here)
    result = rottie("run", "retrain", "-p", "mine", "-w", "away")
    assert result.exit_code == RegistryError.exit_code
    assert "the registry is odd" in result.stderr


def test_a_stack_that_is_stopped_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def retrain(**_: object) -> None:
        raise httpx.ConnectError("All connection attempts failed")

    monkeypatch.setitem(sys.modules, "flows.retrain", SimpleNamespace(retrain=retrain))
    result = rottie("run", "retrain", "-p", "mine", "-w", "away")
    assert result.exit_code == StackDown.exit_code
    assert "stopped while retrain ran" in result.stderr
    assert "rottie up" in result.stderr


def test_flows_that_move_the_alias_get_the_pipelines_model(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(running, "run_here", lambda flow, parameters, out: seen.update(parameters, flow=flow))
    assert rottie("run", "roll-back", "-p", "mine", "-w", "away").exit_code == 0
    assert seen == {"flow": "rollback", "model": "rottie-llm", "profile": "away"}


def test_overrides_are_split_by_prefix() -> None:
    assert split_overrides(["training.steps=1", "pipeline.seed=2", "profile.workers.count=3"]) == (
        ["training.steps=1", "seed=2"],
        ["workers.count=3"],
    )


@pytest.mark.parametrize(("seconds", "text"), [(3.9, "3s"), (185, "3m 05s"), (7800, "2h 10m"), (356400, "4d 03h")])
def test_durations(seconds: float, text: str) -> None:
    assert ago(seconds) == text


def test_ask_prints_calls_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    call = {"function": {"name": "HassTurnOn", "arguments": '{"name": "hall lamp", "level": 3}'}}
    asking._print_message({"content": None, "tool_calls": [call]})
    asking._print_message({"content": "It is [warm]."})
    assert capsys.readouterr().out.splitlines() == ['→ HassTurnOn(name="hall lamp", level=3)', "It is [warm]."]


def test_ask_reads_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    class Reply:
        def iter_lines(self) -> list[str]:
            pieces: list[dict[str, Any]] = [
                {"choices": [{"delta": {"role": "assistant", "content": "Well"}}]},
                {"choices": [{"delta": {"content": ", yes"}}]},
                {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "Stop", "arguments": "{"}}]}}]},
                {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}, "finish_reason": "stop"}]},
            ]
            return [*(f"data: {json.dumps(piece)}" for piece in pieces), "", ": comment", "data: [DONE]"]

    asking._print_stream(Reply())  # type: ignore[arg-type]
    assert capsys.readouterr().out == "Well, yes\n→ Stop()\n"


@pytest.mark.parametrize("options", [("--json", "--stream", "--raw"), ("--stream",)])
def test_ask_refuses_options_that_exclude_each_other(options: tuple[str, ...]) -> None:
    assert rottie("ask", "x", *options).exit_code == 2


def test_ask_prints_what_was_done_and_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    off, on = {"state": "off", "attributes": {"brightness": 0}}, {"state": "on", "attributes": {"brightness": 255}}
    lamp = {
        "name": "HassTurnOn",
        "arguments": {"name": "hall lamp"},
        "changes": [{"entity_id": "light.hall_lamp", "before": off, "after": on}],
        "confirmation_needed": None,
    }
    door = {"name": "HassTurnOff", "arguments": {}, "changes": [], "confirmation_needed": "c0de"}
    asking.print_assist({"actions": [lamp, door], "reply": "Done [1].", "tier": "intents", "timings_ms": {"total": 8.2}})
    assert capsys.readouterr().out.splitlines() == [
        '→ HassTurnOn(name="hall lamp")',
        "  light.hall_lamp: off -> on, brightness 0 -> 255",
        "→ HassTurnOff()",
        "Done [1].",
        "To do it: rottie ask --yes c0de yes",
        "recognised without a model, 8 ms",
    ]


def test_home_prints_states(capsys: pytest.CaptureFixture[str]) -> None:
    lamp = {"id": "light.lamp", "name": "lamp [1]", "area": "hall", "state": "off"}
    asking._print_home({"areas": [{"id": "hall", "name": "the hall"}], "entities": [lamp]})
    assert capsys.readouterr().out.splitlines()[1].split() == ["lamp", "[1]", "light.lamp", "the", "hall", "off"]


def test_tracebacks_of_our_own_errors_stay_off_the_terminal() -> None:
    def record(error: Exception | None) -> logging.LogRecord:
        info = (type(error), error, None) if error else None
        return logging.LogRecord("prefect.task_runs", logging.ERROR, "f", 1, "failed", (), info)

    assert not running.for_the_terminal(record(RegistryError("known")))
    assert running.for_the_terminal(record(ValueError("unknown")))
    assert running.for_the_terminal(record(None))


def test_a_conversation_is_shown_as_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    lamp = {"entity_id": "light.a", "before": {"state": "off", "attributes": {}}, "after": {"state": "on", "attributes": {}}}
    action = {"name": "HassTurnOn", "arguments": {"name": "a"}, "changes": [lamp]}
    turns = [
        {"text": "on [with] it", "actions": [action], "reply": "Done.", "complete": True},
        {"text": "", "actions": [], "reply": "Well", "complete": False},
    ]
    conversations._print_one({"title": "on", "created": 0, "has_more": True, "exchanges": turns})
    printed = capsys.readouterr().out
    for part in ("> on [with] it", "HassTurnOn", "light.a: off -> on", "> (confirmed)", "Well [broken off]", "Older turns"):
        assert part in printed
    conversations._print_page({"data": []})
    conversations._print_page({"data": [{"title": "t", "turns": 2, "updated": 0, "id": "abc"}]})
    assert "abc" in capsys.readouterr().out


def test_ask_goes_on_with_the_last_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def answer(method: str, path: str, body: Any, streaming: Any, whole: Any) -> None:
        sent.append((method, path, body))
        if method == "GET":
            whole({"data": [{"id": "c7"}]})

    monkeypatch.setattr(asking, "send", answer)
    rottie("ask", "-c", "last", "--area", "hall", "--no-store", "and", "the", "kitchen")
    assert sent[0][1] == "/v1/conversations?limit=1"
    assert sent[1][2] == {"text": "and the kitchen", "conversation_id": "c7", "area": "hall", "store": False}
    rottie("ask", "hello")
    assert sent[2][2] == {"text": "hello", "store": True}
