import json
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
import torch

from flows.steps.speech.espeak import RATE, Synthesizer
from flows.steps.voice import training
from flows.steps.voice.aligning import HOP, symbols
from flows.steps.voice.examples import Source, collated
from flows.steps.voice.learning import VoiceLearner, spectral_distance
from flows.steps.voice.measuring import measure
from flows.steps.voice.modelling import Voice, owners
from flows.steps.voice.sentences import LONGEST, sentences
from schemas.settings import Home
from schemas.speech import VoiceRecipe
from tests.tiny_voice import FRAMES, tiny_voice

pytest.importorskip("piper")
pytest.importorskip("onnx")

RECIPE = {
    "name": "tiny",
    "kind": "voice",
    "model": "rottie-tts",
    "width": 16,
    "layers": 1,
    "held_out": 3,
    "fit": {"steps": 3, "batch": 2, "evaluate_every": 2, "checkpoint_every": 2},
    "gate": {"less": "mel_cepstral_distortion_db"},
}


@pytest.fixture(scope="module")
def speech():
    with Synthesizer() as made:
        yield made


def source(speech, part="train", batch=3):
    return Source(speech, symbols(), "en-us", part, batch, 0)


def test_frames_belong_to_ids_in_turn():
    durations = torch.tensor([[2, 0, 3, 0], [0, 1, 0, 1]])
    owner, position = owners(durations, 6)
    assert owner.tolist() == [[0, 0, 2, 2, 2, 3], [1, 3, 3, 3, 3, 3]]
    assert position.shape == (2, 6, 6)
    assert position[0, :5, 0].tolist() == pytest.approx([0.25, 0.75, 1 / 6, 0.5, 5 / 6])


def test_padding_changes_nothing(speech):
    torch.manual_seed(0)
    voice = Voice(256, RATE, 16, 2).eval()
    examples = source(speech).examples(0, 3)
    together = collated(examples)
    hidden = voice.encode(together.ids, together.ids_mask)
    frames = voice.decode(hidden, together.owner, together.position, together.frames_mask)
    for row, example in enumerate(examples):
        alone = collated([example])
        inner = voice.encode(alone.ids)
        single = voice.decode(inner, alone.owner, alone.position)
        count = single.hertz.shape[1]
        assert torch.allclose(hidden[row, : len(example.ids)], inner[0], atol=1e-5)
        assert torch.allclose(frames.pulses[row, :count], single.pulses[0], atol=1e-4)


def test_a_batch_is_a_function_of_seed_and_step(speech):
    first = list(islice(source(speech, batch=1).batches(0), 18))
    later = next(source(speech, batch=1).batches(17))
    assert torch.equal(first[17].ids, later.ids)
    assert len({tuple(batch.ids[0].tolist()) for batch in first}) >= 9
    assert all(batch.audio.shape[1] == batch.owner.shape[1] * HOP for batch in first)


def test_sentences_are_single_bounded_and_no_part_says_anothers():
    said = {part: set(islice(sentences(part, 1), 400)) for part in ("train", "test")}
    assert all(0 < len(text) <= LONGEST for texts in said.values() for text in texts)
    assert len(said["train"]) > 300
    assert list(islice(sentences("train", 1), 5)) == list(islice(sentences("train", 1), 5))


@pytest.mark.slow
def test_a_step_lessens_the_loss(speech):
    torch.manual_seed(0)
    voice = Voice(256, RATE, 16, 1)
    batch = collated([source(speech).example("The light is on.")])
    voice.settle(batch.hertz, batch.voiced, batch.audio)
    learner = VoiceLearner(voice, source(speech), [batch])
    optimizer = torch.optim.AdamW(voice.parameters(), 5e-3)
    with torch.no_grad():
        before = learner.evaluate()
    for _ in range(8):
        optimizer.zero_grad()
        loss, _ = learner.loss(batch, 0.0)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        after = learner.evaluate()
    assert after["validation_loss"] < before["validation_loss"]
    assert after["validation_duration"] < before["validation_duration"]


def test_a_sound_is_nearest_to_itself():
    torch.manual_seed(0)
    sound = torch.randn(1, 8000)
    assert float(spectral_distance(sound, sound)) < 1e-3 < float(spectral_distance(0.5 * sound, sound))


def test_stock_piper_speaks_an_export_with_its_alignments(tmp_path):
    model = tiny_voice(tmp_path)
    code = """
import json, sys
from piper import PiperVoice, SynthesisConfig
voice = PiperVoice.load(sys.argv[1])
chunks = list(voice.synthesize("It is 21 degrees. Done!", include_alignments=True))
slow = list(voice.synthesize("Done!", SynthesisConfig(length_scale=2.0)))
told = [[len(c.audio_float_array), len(c.phoneme_ids), [int(a.num_samples) for a in c.phoneme_alignments]] for c in chunks]
print(json.dumps(told))
print(len(slow[0].audio_float_array))
"""
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=True)
    told, slow = map(json.loads, done.stdout.splitlines())
    assert len(told) == 2
    for samples, ids, alignment in told:
        assert samples == ids * FRAMES * HOP == sum(alignment)
    assert slow == 2 * told[1][0]


def test_the_export_says_what_the_trained_voice_says(tmp_path):
    import onnxruntime

    model = tiny_voice(tmp_path)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    ids = np.array([[1, 0, 20, 0, 14, 0, 33, 0, 2]], np.int64)
    given = {"input": ids, "input_lengths": np.array([9]), "scales": np.array([0.0, 1.0, 0.8], np.float32)}
    audio, durations = session.run(None, given)
    torch.manual_seed(0)
    voice = Voice(256, RATE, 16, 1).eval()
    owner, position = owners(torch.full((1, 9), FRAMES), 9 * FRAMES)
    with torch.no_grad():
        frames = voice.decode(voice.encode(torch.from_numpy(ids)), owner, position)
        expected = voice(frames, torch.zeros(1, 9 * FRAMES * HOP))[0].numpy()
    assert durations.reshape(-1).tolist() == [FRAMES] * 9
    assert np.abs(audio.reshape(-1) - expected).max() < 1e-3


@pytest.mark.slow
def test_trains_measures_and_seals_a_voice_and_finds_it_again(tmp_path, monkeypatch):
    home = Home(tmp_path)
    recipe = VoiceRecipe.model_validate(RECIPE)
    made = training.train(recipe, home, say=lambda line: None)
    assert {path.name for path in made.folder.iterdir()} >= {"voice.onnx", "voice.onnx.json", "README.md", "figures.json"}
    assert {"mel_cepstral_distortion_db", "length_error", "clipped", "first_audio_p50_ms"} <= made.figures.keys()
    assert not (made.run / "checkpoints").exists()
    monkeypatch.setattr(training, "fitted", None)
    assert training.train(recipe, home, say=print) == made
    assert measure(made.folder, 2).keys() == made.figures.keys()
