"""Training on streamed rows, alone on a machine, and what becomes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from flows.steps import optimising, priming, shipping, training
from flows.steps.exporting import export
from flows.steps.founding import random_model
from flows.steps.ingesting import ingest
from flows.steps.modelling import load_tokenizer, scratch_model
from flows.steps.pretraining import pretrain
from flows.steps.streaming import Streamed, held_out, vocabulary_rows
from schemas.errors import ConfigError, IntegrityError, StarterMissing, TrainingError
from schemas.hashing import sums
from schemas.loading import load_pipeline
from schemas.pipeline import HomeSource, ScratchBase, Training
from schemas.profile import Workers
from schemas.settings import Home

STREAM = {"kind": "home", "rows": 24, "homes": 3}
BASE = {"kind": "scratch", "vocabulary": 400, "hidden": 32, "layers": 2, "heads": 2, "kv_heads": 2, "intermediate": 64}
SMALL = Training.model_validate(
    {"base": {**BASE, "context": 4096, "copying": True}, "stream": STREAM, "steps": 7, "sequence": 4096, "batch": 1}
    | {"checkpoint_every": 3, "evaluate_every": 100, "learning_rate": 0.003}
)
WORKERS = Workers(launcher="alone")


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch):
    monkeypatch.setattr("flows.steps.streaming.VOCABULARY_ROWS", 200)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    rows = held_out(SMALL, rows=60, homes=6)
    assert isinstance(SMALL.base, ScratchBase)
    random_model(rows, SMALL.base, folder)
    return folder


def same(one, two) -> bool:
    rows = zip(one.rows, two.rows, strict=True)
    return one.packs == two.packs and all(np.array_equal(a.tokens, b.tokens) and a.prefix == b.prefix for a, b in rows)


def test_an_epoch_is_named_by_its_number_alone(base):
    feeds = [Streamed(base, "answers", SMALL) for _ in range(2)]
    try:
        first, second = feeds[0].epoch(0), feeds[0].epoch(1)
        assert same(second, feeds[1].epoch(1))
        assert not same(first, second)
        assert len(feeds[0]._waiting) <= 2
    finally:
        for feed in feeds:
            feed.close()


@pytest.mark.slow
def test_processes_make_the_rows_that_a_thread_makes(base):
    alone, many = Streamed(base, "answers", SMALL), Streamed(base, "answers", SMALL, processes=2)
    try:
        assert all(same(alone.epoch(number), many.epoch(number)) for number in (0, 1, 2))
    finally:
        alone.close()
        many.close()


def test_held_out_rows_and_the_vocabularys_are_not_trained_on():
    stream = SMALL.stream
    assert stream is not None
    vocabulary = {row.home for row in vocabulary_rows(stream) if row.home}
    held = {row.home for row in held_out(SMALL) if row.home}
    assert held
    assert not held & vocabulary


def test_the_rate_follows_the_clock_where_minutes_are_given():
    recipe = Training(minutes=10, warmup=0.1, decay=0.4, steps=1)
    shares = [optimising.rate_share(99, recipe, seconds) for seconds in (0, 30, 60, 300, 360, 480, 599, 700)]
    assert shares[0] < 0.01
    assert shares[1] == pytest.approx(0.5)
    assert shares[2:5] == pytest.approx([1, 1, 1])
    assert shares[5] == pytest.approx(0.5)
    assert 0 < shares[7] <= shares[6] < 0.02


def test_streamed_rows_are_not_made_over():
    with pytest.raises(ValidationError, match="swap_values"):
        Training.model_validate({"stream": STREAM, "swap_values": 0.5})


def test_a_primed_model_repeats_what_followed_before(base):
    import torch

    spec = ScratchBase(vocabulary=400, hidden=128, layers=2, heads=2, kv_heads=2, intermediate=64, rope_theta=1e5, copying=True)
    model = scratch_model(spec, load_tokenizer(base)).eval()
    some = torch.randperm(300, generator=torch.Generator().manual_seed(0))[:60][None]
    with torch.no_grad():
        logits = model(torch.cat([some, some], 1)).logits
    logits[0].scatter_(-1, torch.cat([some, some], 1)[0][:, None], float("-inf"))  # the present token itself
    right = logits[0, 61:-1].argmax(-1) == some[0, 2:]
    assert float(right.float().mean()) > 0.9
    assert priming.prime.__doc__


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_and_ends_as_one_that_was_not(tmp_path):
    straight = pretrain(SMALL, tmp_path / "straight", WORKERS)
    assert straight["step"] == 7
    assert (tmp_path / "straight" / "curves.png").stat().st_size > 1000

    class Killed(Exception):
        pass

    def kill(self, metrics):
        if metrics["step"] == 5:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.steps.pretraining._Teller.__call__", kill)
        with pytest.raises(Killed):
            pretrain(SMALL, tmp_path / "cut", WORKERS)
    pretrain(SMALL, tmp_path / "cut", WORKERS)
    steps = [json.loads(line)["step"] for line in (tmp_path / "cut" / "run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4, 5, 4, 5, 6, 7]
    assert sums(tmp_path / "cut" / "model") == sums(tmp_path / "straight" / "model")


@pytest.mark.slow
def test_it_runs_as_a_program_without_any_server_and_survives_a_kill(tmp_path):
    recipe = tmp_path / "small.yaml"
    spec = load_pipeline("starter_base").model_dump(mode="json") | {"training": SMALL.model_dump(mode="json")}
    spec["training"] |= {"minutes": 0.15, "checkpoint_every": 1}
    recipe.write_text(json.dumps(spec))
    watch = "import sys, runpy, flows.steps.streaming as rows; rows.VOCABULARY_ROWS = 200; sys.argv[0] = 'x';"
    watch += "runpy.run_module('flows.steps.pretraining', run_name='__main__');"
    watch += "assert not {'ray', 'prefect', 'mlflow', 'pyarrow', 'polars'} & set(sys.modules)"
    command = [sys.executable, "-c", watch, "--recipe", str(recipe), "--out", str(tmp_path / "out"), "--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 200
    while not list((tmp_path / "out" / "checkpoints").glob("step-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "held out: loss" in done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["seconds"] >= 0.15 * 60
    assert (tmp_path / "out" / "model" / "model.safetensors").is_file()


def test_a_recipe_without_a_stream_is_no_pretraining(tmp_path):
    with pytest.raises(ConfigError, match="streams"):
        pretrain(Training(), tmp_path, WORKERS)
    with pytest.raises(TrainingError, match="no pretraining"):
        training.adopt(tmp_path, ..., ..., Home(tmp_path))  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_was_trained_alone_is_taken_in_and_shipped(tmp_path):
    home = Home(tmp_path / "home")
    pretrain(SMALL, tmp_path / "alone", WORKERS)
    held = [HomeSource(kind="home", rows=24, homes=4, part=part) for part in ("validation", "test")]
    spec = load_pipeline("starter_base").model_copy(update={"training": SMALL, "sources": tuple(held)})
    dataset = ingest(spec.sources, spec.split, home)
    candidate = training.adopt(tmp_path / "alone", dataset, spec, home)
    assert candidate == training.adopt(tmp_path / "alone", dataset, spec, home)
    assert candidate.metrics["step"] == 7
    exported = export(candidate, dataset, spec, home)
    target = tmp_path / "starter" / "llm"
    figures = shipping.ship(candidate, exported, spec, target, rows=12)
    assert figures["rows"] == 12
    first = sums(target)
    shipping.ship(candidate, exported, spec, target, rows=12)
    weights = {name for name in first if name.endswith((".safetensors", ".gguf", ".json")) and name != "figures.json"}
    assert {name: first[name] for name in weights} == {name: sums(target)[name] for name in weights}
    found = shipping.open_starter(tmp_path / "starter")
    assert found.manifest.home
    assert "evaluate_starter" in (target / "README.md").read_text()
    assert not list(target.parent.glob(".*"))
    (target / "config.json").write_text("{}")
    with pytest.raises(IntegrityError):
        shipping.open_starter(tmp_path / "starter")
    with pytest.raises(StarterMissing):
        shipping.open_starter(tmp_path / "nowhere")
