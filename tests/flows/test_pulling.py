"""Recognisers and voices from a hub on this machine, by the library that talks to the real one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.steps import pulling
from flows.steps.downloading import look
from flows.steps.pulling import RemoteSpeech, Stage, pull, remove, speech_in, tried
from rottie.cli import app
from schemas.assistant import Stt, Tts
from schemas.errors import HubError, HubMissing, IntegrityError, ModelUnusable, VersionMissing
from schemas.settings import Home
from serve.hearing import Ears, Listen
from serve.saying import Say, Voice
from serve.speech_models import STARTERS, Pulled, pulled, recogniser_folder, speech_folder, voice_file
from tests.flows.hub import Hub, running_hub
from tests.serve.recordings import tone, wav, whole_wav

RECOGNISER, VOICES = "someone/faster-whisper-tiny", "someone/piper-voices"
WEIGHTS = bytes(range(256)) * 40
WHISPER = {
    "model.bin": WEIGHTS,
    "config.json": b"{}",
    "tokenizer.json": b'{"a": 1}',
    "vocabulary.txt": b"a\nb\n",
    "preprocessor_config.json": b'{"b": 2}',
    "README.md": b"hi",
    "training_args.pt": b"never",
}
SPOKEN = (
    ("de/de_DE/kerstin/low", "de_DE-kerstin-low"),
    ("de/de_DE/thorsten/medium", "de_DE-thorsten-medium"),
    ("en/en_US/lessac/medium", "en_US-lessac-medium"),
    ("pt/pt_PT/tugão/medium", "pt_PT-tugão-medium"),
)


def voices() -> dict[str, bytes]:
    found = {"voices.json": b"[]"}
    for folder, name in SPOKEN:
        found[f"{folder}/{name}.onnx"] = WEIGHTS + name.encode()
        found[f"{folder}/{name}.onnx.json"] = json.dumps({"espeak": {"voice": name[:2]}}).encode()
        found[f"{folder}/MODEL_CARD"] = b"terms"
        found[f"{folder}/samples/speaker_0.mp3"] = b"never"
    return found


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the library waits between its tries
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.publish(RECOGNISER, WHISPER)
        hub.publish(VOICES, voices())
        yield hub


@pytest.fixture
def home() -> Home:
    return Home.current()


def believed(stage: Stage, file: Path) -> tuple[str, ...]:
    """In place of opening what is no model."""
    assert file.is_file()
    return ("en", "de") if stage == "stt" else ("de",)


def found(name: str, called: str | None = None) -> RemoteSpeech:
    remote = speech_in(look(name), called)
    assert remote is not None
    return remote


def pull_voice(home: Home, called: str | None = None) -> Pulled:
    return pull(found(f"{VOICES}:de_DE-thorsten-medium", called), home, believed)


def test_a_recogniser_comes_with_what_it_needs_and_no_more(hub: Hub, home: Home) -> None:
    remote = found(RECOGNISER)
    made = pull(remote, home, believed)
    assert (made.name, made.about.stage, made.about.serve) == ("faster-whisper-tiny", "stt", "model.bin")
    assert {file.name for file in made.folder.iterdir()} == {*WHISPER, "manifest.json"} - {"README.md", "training_args.pt"}
    assert made.about.files == {name: hashlib.sha256(WHISPER[name]).hexdigest() for name in made.about.files}
    assert made.about.bytes == remote.size == sum(len(WHISPER[name]) for name in made.about.files)
    assert (made.about.origin.commit, made.about.origin.license) == (hub.branches[RECOGNISER, "main"], "apache-2.0")
    assert recogniser_folder("faster-whisper-tiny") == made.folder
    assert [path for path in (home.models / "pulling").iterdir() if path.suffix != ".lock"] == []
    hub.served.clear()
    assert pull(remote, home, believed) == made
    assert hub.served == []  # nothing is fetched twice


def test_a_voice_is_named_by_itself_by_its_place_or_by_its_language(hub: Hub, home: Home) -> None:
    for choice in ("de_DE-thorsten-medium", "de/de_DE/thorsten/medium", "de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx"):
        assert found(f"{VOICES}:{choice}").name == "de_DE-thorsten-medium"
    assert found(f"{VOICES}:en").name == found(f"{VOICES}:en_US").name == "en_US-lessac-medium"
    assert found(f"{VOICES}:pt").name == "pt_PT-tugao-medium"
    for choice, told in (
        (":de", "de_DE-kerstin-low, de_DE-thorsten-medium"),
        ("", "de, en, pt"),
        (":fr", "de, en, pt"),
        (":d", "de"),
    ):
        with pytest.raises(HubMissing) as caught:
            found(f"{VOICES}{choice}")
        assert told in caught.value.hint
    with pytest.raises(HubMissing, match="one recogniser"):
        found(f"{RECOGNISER}:base")
    made = pull_voice(home)
    assert sorted(made.about.files) == ["de_DE-thorsten-medium.onnx", "de_DE-thorsten-medium.onnx.json"]
    assert voice_file(made.name).name == made.about.serve == "de_DE-thorsten-medium.onnx"
    assert found(f"{VOICES}:en").card == "en/en_US/lessac/medium/MODEL_CARD"


def test_what_is_neither_is_left_to_others(hub: Hub) -> None:
    for files in ({"model.gguf": b"x", **WHISPER}, {"model.bin": b"x"}, {"voice.onnx": b"x"}, {"pytorch_model.bin": b"x"}):
        hub.publish("someone/else", files)
        assert speech_in(look("someone/else")) is None


def test_it_goes_on_where_it_broke(hub: Hub, home: Home) -> None:
    hub.drops[:] = [3000, 2000]
    pull(found(RECOGNISER), home, believed)
    assert [start for start, _ in hub.served[:3]] == [0, 3000, 5000]
    assert sum(sent for _, sent in hub.served[:3]) == len(WEIGHTS)


def test_another_file_than_promised(hub: Hub, home: Home) -> None:
    for file, kind in (("model.bin", "SHA-256"), ("tokenizer.json", "Git")):
        right = WHISPER[file]
        hub.lies[file] = right[:-1] + b"x"
        with pytest.raises(HubError, match=kind):
            pull(found(RECOGNISER), home, believed)
        hub.lies[file] = right + b"x" * 5000
        with pytest.raises(HubError):
            pull(found(RECOGNISER), home, believed)
        hub.lies.clear()
    assert pulled(home) == ()
    pull(found(RECOGNISER), home, believed)  # the next try is not spoiled


def test_too_large_for_what_it_is(hub: Hub, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "LARGEST_TEXT", 5)
    with pytest.raises(HubError, match="too large"):
        pull(found(RECOGNISER), home, believed)
    assert pulled(home) == ()


def test_a_name_stands_for_one_model(hub: Hub, home: Home) -> None:
    first = pull_voice(home)
    hub.publish(VOICES, voices() | {"more": b"x"})
    with pytest.raises(HubError, match="another model has this name") as caught:
        pull_voice(home)
    assert "--as" in caught.value.hint
    other = pull_voice(home, "new")
    assert [one.name for one in pulled(home)] == [first.name, "new"]
    assert (remove("new", home), [one.name for one in pulled(home)]) == (other, [first.name])
    for name in ("new", "../speech", "", "x" * 200):
        with pytest.raises(VersionMissing):
            remove(name, home)
    for name in ("starter", "auto", "a/b", ".hidden", "..", "声"):
        with pytest.raises(HubError, match="cannot be the name"):
            found(f"{VOICES}:en", name)
    (speech_folder(home) / "mine").mkdir()
    with pytest.raises(HubError, match="was not pulled"):
        pull_voice(home, "mine")


def test_what_was_damaged_is_fetched_again(hub: Hub, home: Home) -> None:
    made = pull_voice(home)
    (made.folder / made.about.serve).write_bytes(b"damaged")
    with pytest.raises(IntegrityError):
        pulling.check(made.name, home)
    assert pull_voice(home) == made
    assert (made.folder / made.about.serve).stat().st_size > 1000


def rottie(*words: str) -> Any:
    return CliRunner().invoke(app, ["models", *words])


@pytest.mark.slow
@pytest.mark.skipif(not (STARTERS / "stt" / "model.bin").is_file(), reason="no recogniser is shipped with this version")
async def test_what_was_pulled_hears_and_speaks(hub: Hub, home: Home) -> None:
    pytest.importorskip("piper")
    names = ("model.bin", "config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json")
    hub.publish(RECOGNISER, {name: (STARTERS / "stt" / name).read_bytes() for name in names})
    hub.publish(
        "someone/voice", {f"us.{kind}": (STARTERS / "tts" / f"voice.{kind}").read_bytes() for kind in ("onnx", "onnx.json")}
    )
    for name in (RECOGNISER, "someone/voice"):
        result = rottie("pull", name)
        assert result.exit_code == 0, result.output
        assert "licence: apache-2.0" in result.stdout
    rows = json.loads(rottie("speech", "--json").stdout)
    assert [(row["name"], row["stage"], row["languages"]) for row in rows if row["name"] != "starter"] == [
        ("faster-whisper-tiny", "stt", ["en"]),
        ("us", "tts", ["en"]),
    ]
    assert "faster-whisper-tiny" in rottie("speech").stdout
    assert json.loads(rottie("info", "us", "--json").stdout)["bytes"] > 10**6
    assert "SHA-256 sums" in rottie("verify", "us").stdout
    async with engines("faster-whisper-tiny", "us") as (ears, voice):
        spoken = whole_wav(b"".join([piece async for piece in voice.say(Say(text="Turn on the hall lamp."))]))
        assert (await ears.hear(spoken, Listen())).transcript.text
    for name, file in (("us", "us.onnx.json"), ("faster-whisper-tiny", "config.json")):
        with (speech_folder(home) / name / file).open("ab") as handle:
            handle.write(b" ")
    async with engines("faster-whisper-tiny", "us") as (ears, voice):
        with pytest.raises(ModelUnusable, match="manifest"):
            await ears.hear(wav(tone()), Listen())
        with pytest.raises(ModelUnusable, match="manifest"):
            _ = [piece async for piece in voice.say(Say(text="Hello."))]
    assert rottie("verify", "us").exit_code == 3
    assert rottie("remove", "us").exit_code == 0
    assert rottie("remove", "us").exit_code == 6


@pytest.mark.slow
def test_what_cannot_be_opened_is_refused(hub: Hub, home: Home) -> None:
    pytest.importorskip("piper")
    for name in (RECOGNISER, f"{VOICES}:en"):
        with pytest.raises(ModelUnusable):
            pull(found(name), home, tried)
    assert pulled(home) == ()


@asynccontextmanager
async def engines(recogniser: str, speaker: str) -> AsyncIterator[tuple[Ears, Voice]]:
    ears, voice = Ears(), Voice()
    ears.want(Stt(model=recogniser))
    voice.want(Tts(model=speaker))
    yield ears, voice
    await ears.close()
    await voice.close()
