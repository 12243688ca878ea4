"""Which recogniser and which voice a language gets, and how many are open at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.artifacts import Origin, PulledSpeech
from schemas.assistant import Assistant, RecogniserChoice, Stt, Tts, VoiceChoice
from schemas.errors import SpeechMissing
from schemas.hashing import write_json
from schemas.settings import Home
from serve import by_language
from serve.by_language import ByLanguage
from serve.hearing import Ears, Listen
from serve.saying import Say, Voice
from serve.speech_models import Pulled, chosen, pulled, pulled_one, recogniser_folder, speech_folder, voice_file
from tests.serve.recordings import tone, wav

ORIGIN = Origin(repository="a/b", file="x", commit="c" * 40, revision="main")


def there(name: str, stage: str, size: int, *languages: str) -> Pulled:
    about: dict[str, Any] = {"stage": stage, "languages": languages, "serve": "x", "bytes": size, "origin": ORIGIN, "files": {}}
    return Pulled(name, Path(name), PulledSpeech(**about))


THERE = (
    there("tiny", "stt", 10, "en", "de", "fr"),
    there("base", "stt", 20, "en", "de", "fr"),
    there("thorsten", "tts", 15, "de"),
    there("kerstin", "tts", 5, "de"),
)
MAPPED = {"de": "thorsten", "fr": "/voices/siwis.onnx"}


@pytest.mark.parametrize(
    ("section", "language", "model"),
    [
        (Tts(), None, "starter"),
        (Tts(), "de", "starter"),
        (Tts(model="thorsten"), "fr", "thorsten"),
        (Tts(languages=MAPPED), "de", "thorsten"),
        (Tts(languages=MAPPED), "fr", "/voices/siwis.onnx"),
        (Tts(languages=MAPPED), "es", "starter"),
        (Tts(languages=MAPPED, language="de"), None, "thorsten"),
        (Tts(languages=MAPPED, language="de"), "en", "starter"),
        (Tts(model="auto", language="de"), None, "thorsten"),
        (Tts(model="auto", language="de"), "en", "starter"),
        (Tts(model="auto", language="de"), "fr", "thorsten"),
        (Tts(model="auto", language="de", languages={"de": "kerstin"}), "fr", "kerstin"),
        (Tts(model="auto", language="en"), None, "starter"),
        (Stt(model="auto", language="en"), None, "base"),
        (Stt(model="auto", language="fr"), "xx", "base"),
    ],
)
def test_the_model_for_a_language(section: RecogniserChoice | VoiceChoice, language: str | None, model: str) -> None:
    assert chosen(section, language, THERE) == model


def test_where_nothing_fits_it_is_said_what_to_pull() -> None:
    with pytest.raises(SpeechMissing) as voice:
        chosen(Tts(model="auto", language="fr"), None, THERE)
    assert "rottie models pull rhasspy/piper-voices:fr" in voice.value.hint
    with pytest.raises(SpeechMissing) as recogniser:
        chosen(Stt(model="auto", language="fi"), "se", THERE)
    assert "rottie models pull" in recogniser.value.hint


def test_auto_is_for_the_language_of_the_assistant() -> None:
    sections = {"stt": {"model": "auto"}, "tts": {"model": "auto", "language": "fr", "second": {"model": "auto"}}}
    assistant = Assistant.model_validate({"name": "a", "language": "de-AT", **sections})
    assert assistant.stt is not None
    assert assistant.tts is not None
    assert assistant.tts.second is not None
    assert (assistant.stt.language, assistant.tts.language, assistant.tts.second.language) == ("de", "fr", "de")
    assert Assistant.model_validate({"name": "a", "language": "de", "stt": {}}).stt == Stt()
    assert Assistant.model_validate_json(assistant.model_dump_json()) == assistant


def test_what_was_pulled_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTTIE_HOME", str(tmp_path))
    folder = speech_folder()
    assert pulled() == ()
    for one, file in ((THERE[1], "model.bin"), (THERE[2], "de.onnx")):
        (folder / one.name).mkdir(parents=True)
        (folder / one.name / file).write_bytes(b"x")
        write_json(folder / one.name / "manifest.json", one.about)
    (folder / "half").mkdir()
    (folder / "odd").mkdir()
    (folder / "odd" / "manifest.json").write_text("[]")
    assert [one.name for one in pulled()] == ["base", "thorsten"]
    assert recogniser_folder("base") == folder / "base"
    assert voice_file("thorsten") == folder / "thorsten" / "de.onnx"
    assert pulled_one("../speech/base") is None
    with pytest.raises(SpeechMissing):
        recogniser_folder("half")
    assert pulled(Home(tmp_path / "elsewhere")) == ()


class Engine:
    def __init__(self, name: str) -> None:
        self.name, self.closed = name, False
        self.languages = (name,)

    def close(self) -> None:
        self.closed = True


async def test_few_engines_are_open_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_language, "MOST", 2)
    opened: list[Engine] = []

    def load(section: RecogniserChoice) -> Engine:
        if section.model == "broken":
            raise SpeechMissing("it is not there")
        opened.append(Engine(section.model))
        return opened[-1]

    engines: ByLanguage[RecogniserChoice, Engine] = ByLanguage(
        "an engine", load, lambda section, spoken: chosen(section, spoken, ())
    )
    names = {"de": "german", "fr": "french", "es": "spanish", "it": "italian", "xx": "broken", "at": "german"}
    engines.want(section := Stt(model="english", languages=names))

    async def held(language: str | None) -> str:
        async with engines.hold(language) as engine:
            assert not engine.closed
            return engine.name

    wanted = [None, "de", "at", "nl", "fr", "de"]
    assert [await held(language) for language in wanted] == ["english", "german", "german", "english", "french", "german"]
    assert [engine.name for engine in opened] == ["english", "german", "french"]
    assert engines.status()["languages"] == ["english", *names]
    async with engines.hold("de") as german:
        assert await held("es") == "spanish"  # in place of the French one
        assert await held("it") == "italian"  # in place of the Spanish one: the German one is in use
        await asyncio.sleep(0.05)
        assert {engine.name for engine in opened if engine.closed} == {"french", "spanish"}
        with pytest.raises(SpeechMissing):
            await held("xx")
        engines.want(section.model_copy(update={"languages": {}}))
        assert not german.closed
        assert await held("de") == "english"
    await engines.close()
    assert all(engine.closed for engine in opened)


async def test_the_language_of_a_turn_chooses_who_hears_and_speaks(tmp_path: Path) -> None:
    for language, words in (("en", "the lamp"), ("de", "die Lampe")):
        (tmp_path / language).write_text(words)
    ears, voice = Ears(), Voice()
    german = str(tmp_path / "de")
    ears.want(Stt(kind="scripted", model=str(tmp_path / "en"), languages={"de": german, "fr": str(tmp_path / "fr")}))
    voice.want(Tts(kind="scripted", model="a", languages={"de": "b"}))
    heard = [(await ears.hear(wav(tone()), Listen(language=spoken))).transcript.text for spoken in (None, "de", "en", "it")]
    assert heard == ["the lamp", "die Lampe", "the lamp", "the lamp"]
    assert (ears.status()["model"], ears.status()["languages"]) == (str(tmp_path / "en"), ["en", "de", "fr"])
    for spoken in ("de", "en"):
        assert b"".join([piece async for piece in voice.say(Say(text="Hello.", language=spoken))])
    await ears.close()
    await voice.close()
