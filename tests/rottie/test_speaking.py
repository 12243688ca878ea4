"""rottie say and rottie speak against the real gateway with scripted engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rottie.cli import app
from rottie.commands import asking
from tests.serve.live import Live, live
from tests.serve.recordings import tone, wav


@pytest.fixture(scope="module")
def server(tiny_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tiny_export, tmp_path_factory.mktemp("speaking")) as running:
        yield running


@pytest.fixture(autouse=True)
def door(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "door", lambda: (server.url, server.key))


def rottie(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code, done.output
    return done.output


def test_a_recording_is_heard_done_and_answered(tmp_path: Path) -> None:
    said, reply = tmp_path / "said.wav", tmp_path / "reply.wav"
    said.write_bytes(wav(tone(1.5)))
    printed = rottie("say", str(said), "--out", str(reply))
    assert "turn on the hall lamp" in printed
    assert "light.hall_lamp: off -> on" in printed
    assert reply.read_bytes().startswith(b"RIFF")
    told = json.loads(rottie("say", str(said), "--json"))
    assert told["transcript"]["text"] == "turn on the hall lamp"
    assert told["audio"] is None


def test_silence_and_what_is_no_recording(tmp_path: Path) -> None:
    silence, text = tmp_path / "silence.wav", tmp_path / "text.wav"
    silence.write_bytes(wav(tone(1, loud=0)))
    text.write_text("no recording")
    assert "I heard nothing" in rottie("say", str(silence))
    rottie("say", str(text), code=2)
    rottie("say", str(tmp_path / "absent.wav"), code=3)


@pytest.mark.parametrize(("ending", "mark"), [("wav", b"RIFF"), ("flac", b"fLaC"), ("opus", b"OggS")])
def test_a_text_is_written_as_speech(tmp_path: Path, ending: str, mark: bytes) -> None:
    out = tmp_path / f"said.{ending}"
    rottie("speak", "Dinner is ready.", "--out", str(out))
    assert out.read_bytes().startswith(mark)


def test_no_format_and_nothing_to_say(tmp_path: Path) -> None:
    rottie("speak", "Hello", "--out", str(tmp_path / "said.txt"), code=2)
    rottie("speak", "...", "--out", str(tmp_path / "said.wav"), code=2)
    assert not list(tmp_path.iterdir())
