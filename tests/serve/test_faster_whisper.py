"""Hearing: nothing from noise, errors for what is no audio, ten minutes in windows, and partials while somebody speaks."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from schemas.errors import AudioUnusable, ModelUnusable
from serve.engines import ngrams
from serve.engines.faster_whisper import NO_SPEECH, FasterWhisperEngine, Piece, Word, _Choosing, corrected, fitting, hint
from serve.engines.ngrams import Bigrams
from serve.engines.rescoring import Rescorer

RATE = 16000
_WORDS = ["dim", "the", "now", "lamp", "lights", "<name>", "<number>", "</s>"]
BIGRAMS = Bigrams(dict.fromkeys(_WORDS, (-1.0, -1.0)), {("the", "<name>"): -0.5})
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recogniser that says the same about whatever gets past the gate."""
    from flows.steps.recogniser import tokenizing
    from flows.steps.recogniser.exporting import export, vocabulary_size
    from flows.steps.recogniser.modelling import Recogniser, Shape

    torch.manual_seed(1)
    made = tmp_path_factory.mktemp("stt")
    tokenizer = tokenizing.train_tokenizer(["turn on the lamp"] * 20, 300, "en")
    model = Recogniser(Shape(32, 2, 1, 1, vocabulary_size(tokenizer), 400, 10)).eval()
    with torch.no_grad():
        model.decoder.layer_norm.weight.zero_()
        model.decoder.layer_norm.bias.copy_(300 * model.decoder.embed_tokens.weight[tokenizer.encode(" lamp").ids[0]])
    export(model, tokenizer, "en", 8, made)
    return made


@pytest.fixture(scope="module")
def engine(folder: Path):
    made = FasterWhisperEngine(folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    from flows.steps.speech.augment import resample
    from flows.steps.speech.espeak import Synthesizer

    with Synthesizer() as synthesizer:
        return resample(synthesizer.say("turn on the lamp in the kitchen please").audio, 22050, RATE)


QUIET = {
    "nothing": np.zeros(0, np.float32),
    "one sample": np.zeros(1, np.float32),
    "silence": np.zeros(3 * RATE, np.float32),
    "hiss": RNG.normal(0, 0.05, 4 * RATE).astype(np.float32),
    "loud noise": RNG.uniform(-1, 1, 4 * RATE).astype(np.float32),
    "hum": (0.5 * np.sin(2 * np.pi * 50 * np.arange(3 * RATE) / RATE)).astype(np.float32),
    "clipped hum": np.clip(4 * np.sin(2 * np.pi * 120 * np.arange(3 * RATE) / RATE), -1, 1).astype(np.float32),
    "a constant": np.full(2 * RATE, 0.9, np.float32),
}


@pytest.mark.parametrize("kind", QUIET)
async def test_nothing_is_heard_where_nobody_speaks(engine: FasterWhisperEngine, kind: str) -> None:
    heard = await engine.transcribe(QUIET[kind])
    assert (heard.text, heard.pieces, heard.no_speech) == ("", (), 1.0)


@pytest.mark.parametrize(
    ("audio", "rate"),
    [
        (np.zeros(100, np.float32), 44100),
        (np.zeros(100, np.float32), 0),
        (np.full(100, np.nan, np.float32), RATE),
        (np.full(100, np.inf, np.float32), RATE),
        (np.zeros(100, np.int32), RATE),
        (np.zeros(100, np.complex64), RATE),
        (np.zeros((100, 9), np.float32), RATE),
        (np.zeros((2, 2, 2), np.float32), RATE),
        (np.zeros((), np.float32), RATE),
        (np.zeros(601 * RATE, np.float32), RATE),
    ],
)
async def test_what_is_no_audio_is_an_error(engine: FasterWhisperEngine, audio: np.ndarray, rate: int) -> None:
    with pytest.raises(AudioUnusable):
        await engine.transcribe(audio, rate)


async def test_stereo_integers_and_floats_are_the_same(engine: FasterWhisperEngine, speech: np.ndarray) -> None:
    plain = await engine.transcribe(speech)
    assert plain.pieces
    assert plain.pieces[0].end_s <= plain.seconds == len(speech) / RATE
    assert (await engine.transcribe(np.stack((speech, speech), axis=1))).text == plain.text
    assert (await engine.transcribe((4 * speech).clip(-1, 1))).pieces  # overdriven is heard too


async def test_long_audio_is_heard_in_windows(engine: FasterWhisperEngine, speech: np.ndarray) -> None:
    pause = np.zeros(2 * RATE, np.float32)
    heard = await engine.transcribe(np.concatenate([speech, pause] * 6))
    assert len(heard.pieces) == 6, "what is said behind a pause is heard alone"
    assert all(piece.end_s - piece.start_s <= engine.chunk_s + 0.1 for piece in heard.pieces)
    starts = [piece.start_s for piece in heard.pieces]
    assert starts == sorted(starts)


def test_a_whisper_gets_neighbours_together(
    engine: FasterWhisperEngine, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = np.concatenate([speech, np.zeros(2 * RATE, np.float32)] * 3)
    assert len(list(engine._windows(audio, True))) == 3
    monkeypatch.setattr(engine, "chunk_s", 30)
    assert len(list(engine._windows(audio, True))) == 1


async def test_each_window_is_told_as_soon_as_it_is_heard(engine: FasterWhisperEngine, speech: np.ndarray) -> None:
    told = list[tuple[Piece, bool]]()
    audio = np.concatenate([speech, np.zeros(2 * RATE, np.float32)] * 6)
    work = asyncio.ensure_future(engine.transcribe(audio, told=lambda piece: told.append((piece, work.done()))))
    assert (await work).pieces == tuple(piece for piece, _ in told)
    assert not any(over for _, over in told)


async def test_a_cancelled_call_frees_the_engine(engine: FasterWhisperEngine, speech: np.ndarray) -> None:
    long = asyncio.ensure_future(engine.transcribe(np.concatenate([speech, np.zeros(2 * RATE, np.float32)] * 30)))
    await asyncio.sleep(0.01)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert (await engine.transcribe(QUIET["silence"])).text == ""


@pytest.mark.parametrize(
    ("heard", "name", "timed"),
    [
        ("dim the hol lamb now", "hall lamp", {"hall": (2, 3), "lamp": (3, 4)}),
        ("dim the hallamp now", "hall lamp", {"hall": (2, 2.5), "lamp": (2.5, 3)}),
        ("dim the green house lamp now", "greenhouse lamp", {"greenhouse": (2, 2 + 3 * 10 / 14), "lamp": (2 + 3 * 10 / 14, 5)}),
        ("dim the coffee maker now", "coffeemaker", {"coffeemaker": (2, 4)}),
        ("dim the lights now", "hall lamp", {"lights": (2, 3)}),
        ("dim the hol lamb 20% now", "hall lamp", {"hall": (2, 3), "lamp": (3, 4), "20%": (4, 5)}),
    ],
)
def test_words_are_those_of_the_text_with_its_names(heard: str, name: str, timed: dict[str, tuple[float, float]]) -> None:
    words = tuple(Word(text, at, at + 1, 0.9 - at / 10) for at, text in enumerate(heard.split()))
    text, found = corrected(heard, words, Rescorer(BIGRAMS, [name]))
    assert [word.text for word in found] == text.split() == ["dim", "the", *timed, "now"]
    assert [(word.start_s, word.end_s) for word in found[2:-1]] == [pytest.approx(each) for each in timed.values()]
    assert found[-1] == words[-1]
    assert corrected(heard, (), Rescorer(BIGRAMS, [name])) == (text, ())


def segment(text: str, no_speech: float = 0.1) -> SimpleNamespace:
    words = [SimpleNamespace(word=f" {word}", start=at, end=at + 1, probability=0.9) for at, word in enumerate(text.split())]
    return SimpleNamespace(text=f" {text}", start=0, end=len(words), no_speech_prob=no_speech, avg_logprob=-0.1, words=words)


def test_a_piece_says_the_same_in_its_words(engine: FasterWhisperEngine) -> None:
    piece = engine._piece(segment("dim the hol lamb"), 10.0, Rescorer(BIGRAMS, ["hall lamp"]))
    assert piece is not None
    assert piece.text == " ".join(word.text for word in piece.words) == "dim the hall lamp"
    assert (piece.start_s, piece.end_s, piece.words[-1].start_s) == (10, 14, 13)


class Guessing:
    """A CTranslate2 Whisper whose tokens are words."""

    def generate(self, features: object, prompts: object, **options: object) -> list[SimpleNamespace]:
        self.options = options
        ids = [["dim", "the", "hull"], ["dim", "the", "hall", "lamp"]]
        return [SimpleNamespace(sequences_ids=ids, scores=[-0.3, -0.25], no_speech_prob=0.01)]


def test_the_guess_that_a_home_makes_likelier_comes_first() -> None:
    plain = Guessing()
    model = _Choosing(plain, Rescorer(BIGRAMS, ["hall lamp"]), " ".join)
    (chosen,) = model.generate(None, None, beam_size=5, length_penalty=1, patience=1)
    assert chosen.sequences_ids == [["dim", "the", "hall", "lamp"]]
    assert (chosen.scores, chosen.no_speech_prob) == ([-0.25], 0.01)
    assert plain.options == {"beam_size": 5, "num_hypotheses": 5, "length_penalty": 1, "patience": 1}


async def test_a_recogniser_with_bigrams_weighs_its_guesses_in_a_home(folder: Path, speech: np.ndarray, tmp_path: Path) -> None:
    made = shutil.copytree(folder, tmp_path / "stt")
    names_alone = Bigrams({"<name>": (-0.01, 0.0), "</s>": (-1.0, 0.0)}, {})
    (made / ngrams.FILE).write_text(names_alone.written(), encoding="utf-8")
    weighing = FasterWhisperEngine(made)
    try:
        plain = (await weighing.transcribe(speech)).text
        timed = await weighing.transcribe(speech, names=["lamb lamb lamb"], words=True)
        assert set(plain.split()) == {"lamp"}, "without a home's names the recogniser's own best guess stands"
        assert "lamb lamb lamb" in timed.text
        assert [word.text for piece in timed.pieces for word in piece.words] == timed.text.split()
    finally:
        weighing.close()
    (made / ngrams.FILE).write_text("nothing", encoding="utf-8")
    with pytest.raises(ModelUnusable):
        FasterWhisperEngine(made)


def test_a_hint_has_as_many_names_as_fit() -> None:
    assert hint([]) is None
    assert hint(["Kitchen Light", "", "書斎", "x" * 800, "Hall", "HALL"]) == "kitchen light, hall"
    assert len(hint([f"lamp number {number}" for number in range(3000)]) or "") <= 600


def test_a_sign_belongs_to_the_number_before_it(engine: FasterWhisperEngine) -> None:
    came = segment("dim to 20%")
    came.words[-1:] = [SimpleNamespace(word=text, start=2, end=3, probability=p) for text, p in ((" 20", 0.9), ("%", 0.8))]
    piece = engine._piece(came, 0.0, None)
    assert piece is not None
    assert [(word.text, word.probability) for word in piece.words] == [("dim", 0.9), ("to", 0.9), ("20%", 0.8)]


def test_where_probably_nobody_spoke_ours_heard_nothing(engine: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = segment("dim the lamp", NO_SPEECH + 0.01)
    assert engine._piece(nothing, 0.0, None) is None
    assert engine._piece(segment("dim the lamp", NO_SPEECH), 0.0, None) is not None
    assert engine._piece(segment(""), 0.0, None) is None
    monkeypatch.setattr(engine, "chunk_s", 30)
    assert engine._piece(nothing, 0.0, None) is not None, "faster-whisper itself judges that for a Whisper"


def test_only_as_much_padding_as_is_needed() -> None:
    mels = np.zeros((80, 3000), np.float32)
    assert fitting(mels, 800) == 50
    mels[:, :130] = 1.0
    assert fitting(mels, 800) == 200
    mels[:] = 1.0
    assert fitting(mels, 800) == 800


@pytest.mark.parametrize("damage", ["empty", "no tokenizer", "other sum", "rubbish"])
def test_a_folder_that_is_no_model_is_an_error(tmp_path: Path, folder: Path, damage: str) -> None:
    import shutil

    place = tmp_path / "stt"
    shutil.copytree(folder, place)
    if damage == "empty":
        shutil.rmtree(place)
        place.mkdir()
    elif damage == "no tokenizer":
        (place / "tokenizer.json").unlink()
    elif damage == "other sum":
        (place / "manifest.json").write_text(json.dumps({"files": {"model.bin": "0" * 64}}))
    else:
        (place / "model.bin").write_bytes(b"rubbish")
    with pytest.raises(ModelUnusable):
        FasterWhisperEngine(place)


def test_the_shipped_recogniser_is_whole_and_opens_in_the_stock_runtime() -> None:
    from faster_whisper import WhisperModel

    from schemas.hashing import MANIFEST, verify

    shipped = Path(__file__).resolve().parents[2] / "models" / "starter" / "stt"
    verify(shipped, json.loads((shipped / MANIFEST).read_text())["files"])
    stock = WhisperModel(str(shipped), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    segments, _ = stock.transcribe(QUIET["silence"], vad_filter=True)
    assert [segment.text for segment in segments] == []
