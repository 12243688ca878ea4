"""What rottie status tells: of a running API also the recogniser and the voice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.stack.identity import stack_id
from rottie.stack.keys import make_keys
from rottie.stack.places import make_folders
from rottie.stack.recording import Record, urls, write_record
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from tests.serve.live import Live, live, until


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reporting")


@pytest.fixture(scope="module")
def server(tiny_export: Path, root: Path) -> Iterator[Live]:
    with live(tiny_export, root) as running:
        yield running


@pytest.fixture
def home(server: Live, root: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Of a stack of which nothing but the API answers, beside this very process as its supervisor."""
    home, me = Home(root), psutil.Process()
    make_folders(home)
    make_keys(home)
    others = {"prefect": 1024, "mlflow": 1025, "ray_dashboard": 1026, "ray_gcs": 1027, "wyoming": 1028}
    profile = Profile(name="test", stack=Stack(ports=Ports(api=server.port, **others)))
    record = Record(id=stack_id(home), profile=profile, urls=urls(profile), pid=me.pid, started=me.create_time())
    write_record(home, record)
    monkeypatch.setenv("ROTTIE_HOME", str(root))
    monkeypatch.setenv("COLUMNS", "200")
    return home


@pytest.mark.usefixtures("home")
def test_the_recogniser_and_the_voice_have_a_row_each(server: Live) -> None:
    with server.http() as http:
        until(
            lambda: all(one["reached"] for stage in http.get("/v1/status").json()["speech"].values() for one in stage), "loaded"
        )
    found = CliRunner().invoke(app, ["status", "--json"])
    assert found.exit_code == 1, "the rest of the stack is not there"
    services = json.loads(found.stdout)["services"]
    assert {name for name, row in services.items() if row["healthy"]} == {"api", "stt", "tts"}
    assert (services["stt"]["state"], services["stt"]["optional"]) == ("LOADED", True)
    assert services["tts"]["detail"] == "starter (en)"
    assert "starter (en)" in CliRunner().invoke(app, ["status"]).output


def test_without_a_key_the_rest_is_told(home: Home) -> None:
    home.api_key.write_text("# withdrawn\n")
    assert "stt" not in json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["services"]
