"""A tiny recogniser: what it learns from, what is kept, and that stock faster-whisper loads what comes out."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from flows.steps.recogniser import tokenizing
from flows.steps.recogniser.clips import Maker, Mels, Store, phoneme
from flows.steps.recogniser.exporting import export, vocabulary_size
from flows.steps.recogniser.learning import Words
from flows.steps.recogniser.measuring import trusted
from flows.steps.recogniser.modelling import FRAMES, Recogniser, Shape, padded
from flows.steps.recogniser.scoring import numbers_right, word_error_rate
from flows.steps.recogniser.texts import LONGEST, names_in, sentences
from flows.steps.speech.espeak import Synthesizer
from schemas.loading import load_inventory
from schemas.speech import Fit, RecogniserRecipe, SpeechGate
from serve.actions.consent import answers
from serve.spelling import written

RECIPE = RecogniserRecipe(
    name="tiny",
    kind="recogniser",
    model="rottie-stt",
    fit=Fit(steps=4, batch=8),
    gate=SpeechGate(less="wer_noisy"),
    clips=40,
    vocabulary=300,
    width=32,
    heads=2,
    encoder_layers=1,
    decoder_layers=1,
    empty=0.2,
)


@pytest.fixture(scope="module")
def speech():
    with Synthesizer() as made:
        yield made


@pytest.fixture(scope="module")
def tokenizer():
    return tokenizing.train_tokenizer(["turn on the lamp", "set it to 20%"] * 20, RECIPE.vocabulary, "en")


def test_sentences_are_sayable_the_same_again_and_of_their_part() -> None:
    train = list(islice(sentences(RECIPE, "train"), 300))
    assert train == list(islice(sentences(RECIPE, "train"), 300))
    assert all(written(text) and len(text) <= LONGEST for text in train)
    assert not set(train) & set(islice(sentences(RECIPE, "test"), 300)) - {text for text in train if len(text.split()) < 5}


def test_a_homes_names_are_said() -> None:
    home = load_inventory("home")
    names = names_in(home)
    said = " ".join(written(text) for text in islice(sentences(RECIPE, "train", home), 600))
    assert sum(written(name) in said for name in names) > 0.9 * len(names)


def test_clips_are_kept_over_a_restart_and_bounded(tmp_path: Path, speech: Synthesizer) -> None:
    store = Store(tmp_path, RECIPE, 12, Maker(RECIPE, "train", speech))
    store.ensure(14)
    texts = [store[number].text for number in range(4, 14)]
    again = Store(tmp_path, RECIPE, 12, Maker(RECIPE, "train", speech))
    assert again.made == 14
    assert [again[number].text for number in range(4, 14)] == texts
    assert "" in texts
    again.ensure(16)  # clips 2 and 3 make room
    assert again[13].text == texts[-1]
    for number in range(4, 16):
        sample = again[number]
        assert sample.mels.shape == (2 * len(sample.phonemes), 80)
        assert np.isfinite(sample.mels).all()
        assert bool(sample.text) == bool(sample.phonemes.any())
        assert len(sample.letters) == len(sample.text) + 1


def test_every_letter_has_the_time_at_which_it_is_said(speech: Synthesizer) -> None:
    maker = Maker(RECIPE, "train", speech)
    clip = maker.spoken(np.random.default_rng(2), ["Set the lamp to twenty percent, please.", "Stop!"], "en-us", strength=0)
    assert clip.text == "set the lamp to 20% please stop"
    assert len(clip.letters) == len(clip.text) + 1
    assert (np.diff(clip.letters.astype(int)) >= 0).all()
    begun = {word: clip.letters[clip.text.index(word)] for word in clip.text.split()}
    heard = np.flatnonzero(clip.phonemes)
    assert begun["set"] == pytest.approx(heard[0], abs=2)
    assert clip.letters[-1] == pytest.approx(heard[-1], abs=3)
    assert phoneme("l") in clip.phonemes[begun["lamp"] :][:2]
    assert phoneme("t") in clip.phonemes[begun["20%"] :][:5], "a stop's own sound comes after its silence"
    assert not clip.phonemes[begun["stop"] - 5], "there is a pause before the second"


def test_what_is_said_in_a_frame_is_the_piece_of_text_there(tmp_path: Path, speech: Synthesizer, tokenizer) -> None:
    learner = Words(RECIPE, tokenizer, Store(tmp_path, RECIPE, 200, Maker(RECIPE, "train", speech)), [])
    batch = next(learner.batches(0))
    for row in range(len(batch.targets)):
        for target, (start, end) in zip(batch.targets[row].tolist(), batch.spans[row].tolist(), strict=True):
            if start >= 0:
                assert tokenizer.id_to_token(target)
                assert target in batch.said[0, row, start : end + 1] or start == end
        assert (batch.said[1, row][batch.said[0, row] < 0] < 0).all()


def test_shorter_clips_come_first(tmp_path: Path, speech: Synthesizer, tokenizer) -> None:
    store = Store(tmp_path, RECIPE, 200, Maker(RECIPE, "train", speech))
    frames = [
        sum(batch.mels.shape[2] for batch in islice(Words(recipe, tokenizer, store, []).batches(0), 8))
        for recipe in (RECIPE.model_copy(update={"short": short}) for short in (0, 1000))
    ]
    assert frames[1] < 0.8 * frames[0]


def test_batches_are_a_function_of_the_step(tmp_path: Path, speech: Synthesizer, tokenizer) -> None:
    learner = Words(RECIPE, tokenizer, Store(tmp_path, RECIPE, 200, Maker(RECIPE, "train", speech)), [])
    straight = list(islice(learner.batches(0), 12))
    [late] = islice(learner.batches(11), 1)
    assert torch.equal(late.mels, straight[11].mels)
    assert torch.equal(late.targets, straight[11].targets)
    loss, figures = learner.loss(straight[0], 0.5)
    loss.backward()
    assert torch.isfinite(loss)
    assert set(figures) == {"words", "phonemes", "pieces", "astray"}
    silent = tokenizer.token_to_id("<|nospeech|>")
    assert any(silent in batch.targets for batch in straight)


def test_padding_that_stands_for_more_is_the_padding_itself() -> None:
    """One token for all frames beyond the chunk gives what the frames themselves would."""
    torch.manual_seed(0)
    model = Recogniser(Shape(32, 2, 2, 1, 50, 20, 10)).eval()
    mels = torch.randn(1, 80, 40)
    tail = (torch.tensor([19]), torch.tensor([float(FRAMES - 20)]))
    short, _ = model.encoder(mels, tail)
    places = model.encoder.positions
    model.encoder.positions = torch.cat((places, places[-1:].expand(FRAMES - 20, -1)))
    whole, _ = model.encoder(padded([mels[0]], 2 * FRAMES), None)
    # The last frame before the padding sees it through the convolution in one case only.
    assert torch.allclose(short[0, :19], whole[0, :19], atol=2e-3)


def test_stock_faster_whisper_loads_the_export(tmp_path: Path, tokenizer) -> None:
    from faster_whisper import WhisperModel

    torch.manual_seed(0)
    model = Recogniser(Shape(32, 2, 1, 1, vocabulary_size(tokenizer), 400, 10)).eval()
    export(model, tokenizer, "en", 8, tmp_path)
    stock = WhisperModel(str(tmp_path), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    segments, info = stock.transcribe(np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32), max_new_tokens=3)
    assert info.language == "en"
    assert isinstance([segment.text for segment in segments], list)
    # What CTranslate2 computes in int8 is what PyTorch does.
    mels = torch.from_numpy(Mels()(np.sin(np.arange(16000) / 9).astype(np.float32)).copy())
    ours, _ = model.encoder(mels[None], None)
    theirs = np.array(stock.encode(mels.numpy()))
    assert np.abs(theirs - ours.detach().numpy()).max() < 0.2


def test_scores() -> None:
    assert word_error_rate(["turn on the lamp", "stop"], ["turn the lamp", "stop it"]) == pytest.approx(2 / 5)
    assert word_error_rate([""], ["hello"]) == 1.0
    assert numbers_right(["20%", "no number", "15"], ["20%", "x", "50"]) == 0.5
    told = [(0.9 - number / 1000, "stop it", "stop it" if number < 40 else "stop") for number in range(100)]
    found = trusted(told)
    assert found["acted"] == pytest.approx(0.5)
    assert found["acted_exact"] == pytest.approx(0.8)
    assert found["confidence"] == pytest.approx(0.851)
    assert trusted([(0.5, "stop", "top")] * 30)["acted"] == 0
    assert phoneme("") == 0
    assert phoneme("ˈɛ") == phoneme("ɛ") > 1
    assert phoneme("☺") == 1


def test_short_answers_are_learnt_too() -> None:
    """ "Shall I turn on the lamp?" is answered in a word, which a recogniser of long requests makes a request of."""
    yes, no = answers("en")
    said = list(islice(sentences(RECIPE, "train"), 8000))
    assert 0.04 < sum(text in (*yes, *no) for text in said) / len(said) < 0.12
    assert {*yes, *no} <= {*said}
