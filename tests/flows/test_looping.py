from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from flows.steps import checkpointing, founding, looping, muon, optimising, stepping, training
from flows.steps.feeding import Feed
from flows.steps.job import Job
from flows.steps.launching import fitted
from flows.steps.modelling import load_model, load_tokenizer
from flows.steps.packing import Encoder
from schemas.errors import ConfigError, DiskFull, IntegrityError, SourceMissing, StackDown, TrainingDiverged, TrainingError
from schemas.pipeline import Lora, PretrainedBase, Training
from schemas.profile import Profile, Workers
from schemas.settings import Home
from tests.flows.training_rows import conversations, curve, pipeline, write_dataset

ALONE = Profile(name="here", workers=Workers(launcher="alone"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def dataset(home):
    return write_dataset(home.datasets / "rows")


@pytest.fixture(scope="module")
def base(home, dataset):
    return founding.found(dataset, pipeline().training, ALONE, home)


@pytest.fixture(autouse=True)
def _no_tracking(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def job(folder: Path, dataset, base, **recipe) -> Job:
    for name in ("out", "run"):
        (folder / name).mkdir(parents=True)
    return Job(
        id="test",
        dataset=dataset,
        base=base.path,
        training=pipeline(**recipe).training,
        workers=ALONE.workers,
        out=str(folder / "out"),
        checkpoints=str(folder / "checkpoints"),
        run=str(folder / "run"),
    )


def lines(item: Job) -> list[dict]:
    return [json.loads(line) for line in item.metrics_file.read_text().splitlines()]


def test_it_learns_and_leaves_a_model_folder(tmp_path, dataset, base):
    item = job(tmp_path, dataset, base, steps=30, evaluate_every=10)
    looping.run(item)
    told = lines(item)
    assert [line["step"] for line in told] == list(range(1, 31))
    assert told[-1]["loss"] < told[0]["loss"] / 1.5
    assert told[-1]["validation_loss"] < told[9]["validation_loss"]
    assert item.read_result()["loss"] == told[-1]["loss"]
    tokenizer = load_tokenizer(Path(item.out))
    prompt = tokenizer("hello", return_tensors="pt")["input_ids"]
    assert load_model(Path(item.out))(prompt).logits.shape[-1] == len(tokenizer)


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path, dataset, base, optimizer):
    recipe = {"steps": 12, "checkpoint_every": 5, "swap_values": 0.5, "optimizer": optimizer}
    straight = job(tmp_path / "a", dataset, base, **recipe)
    looping.run(straight)
    cut = job(tmp_path / "b", dataset, base, **recipe)

    def pull_the_plug(metrics):
        if metrics["step"] == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looping.run(cut, pull_the_plug)
    looping.run(cut)
    assert [line["step"] for line in lines(cut)] == [*range(1, 9), *range(6, 13)]
    assert lines(cut)[-1]["loss"] == lines(straight)[-1]["loss"]
    weights = [(Path(item.out) / "model.safetensors").read_bytes() for item in (straight, cut)]
    assert weights[0] == weights[1]


def test_an_adapter_is_trained_kept_and_merged(tmp_path, dataset, base):
    recipe = {"method": {"kind": "lora", "rank": 4, "alpha": 8}, "steps": 6, "checkpoint_every": 3}
    item = job(tmp_path, dataset, base, **recipe)
    looping.run(item)
    names = {path.name for path in (Path(item.out) / "adapter").iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json"} <= names
    assert not any(path.suffix in {".bin", ".pt"} for path in Path(item.out).rglob("*"))
    before, after = load_model(Path(base.path)), load_model(Path(item.out))
    assert torch.equal(before.get_input_embeddings().weight, after.get_input_embeddings().weight)
    changed = [not torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True)]
    assert any(changed)
    assert isinstance(item.training.method, Lora)


def test_an_adapter_on_a_layer_that_does_not_exist(tmp_path, dataset, base):
    item = job(tmp_path, dataset, base, method={"kind": "lora", "targets": ["no_such_proj"]})
    with pytest.raises(ConfigError, match="no_such_proj"):
        looping.run(item)
    assert isinstance(item.read_error(), ConfigError)


def test_a_loss_that_is_not_finite_stops_and_says_so(tmp_path, dataset, base, monkeypatch):
    item = job(tmp_path, dataset, base)
    normal = stepping.Loss.forward
    monkeypatch.setattr(stepping.Loss, "forward", lambda self, batch: normal(self, batch) * float("nan"))
    with pytest.raises(TrainingDiverged):
        looping.run(item)
    told = item.read_error()
    assert isinstance(told, TrainingDiverged)
    assert told.code == "training.diverged"


def test_a_full_disk_is_called_one(tmp_path, dataset, base, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    item = job(tmp_path, dataset, base, checkpoint_every=1)
    monkeypatch.setattr(checkpointing, "save_file", full)
    with pytest.raises(DiskFull):
        looping.run(item)


def test_rows_that_are_all_too_long(tmp_path, dataset, base):
    item = job(tmp_path, dataset, base)
    short = item.model_copy(update={"training": item.training.model_copy(update={"sequence": 20})})
    with pytest.raises(TrainingError, match="no row fits into 20 tokens"):
        looping.run(short)


def test_shares_of_all_workers_make_the_whole_step(base):
    feed = Feed(conversations(40), Encoder(load_tokenizer(base.folder)), pipeline(swap_values=0.5).training)
    step = next(feed.steps(0, 0))
    for world in (1, 2, 3):
        shares = [feed.batch(step, rank, world) for rank in range(world)]
        assert sum(float(share.weights.sum()) for share in shares) == feed.weight(step)


def test_the_order_is_a_function_of_seed_and_place(base):
    def feed(seed: int) -> Feed:
        return Feed(conversations(40), Encoder(load_tokenizer(base.folder)), pipeline(swap_values=0.5, seed=seed).training)

    def taken(source, epoch=0, start=0, count=9):
        steps = source.steps(epoch, start)
        return [next(steps) for _ in range(count)]

    def tokens(source, steps):
        return [source.batch(step, 0, 1).tokens.tolist() for step in steps]

    one = feed(0)
    straight = taken(one)
    again = feed(0)
    later = taken(again, straight[3].epoch, straight[3].taken, 5)
    assert straight[-1].epoch > 0
    assert tokens(again, later) == tokens(one, straight[4:])
    assert tokens(one, straight) != tokens(feed(1), taken(feed(1)))


def test_muon_takes_the_layers_matrices_and_adamw_the_rest(base):
    model = load_model(base.folder)
    optimizer = optimising.build_optimizer(model, pipeline(optimizer="muon", matrix_rate=0.5, learning_rate=0.25).training)
    optimising.set_rate(optimizer, 100, Training(steps=1000))
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == (0.5 if name.startswith("model.layers.") and parameter.ndim == 2 else 0.25)


def test_muons_directions_are_near_orthogonal():
    torch.manual_seed(0)
    for shape in ((3, 8, 8), (2, 16, 6), (2, 6, 16)):
        values = torch.linalg.svdvals(muon.orthogonal(torch.randn(shape)))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_muon_takes_the_steps_of_torchs_own():
    torch.manual_seed(0)
    start = [torch.randn(12, 8), torch.randn(8, 12), torch.randn(8, 8)]
    mine, theirs = ([torch.nn.Parameter(matrix.clone()) for matrix in start] for _ in range(2))
    ours = muon.Muon(mine, lr=0.05, weight_decay=0.1)
    other = torch.optim.Muon(theirs, lr=0.05, momentum=0.95, weight_decay=0.1)
    for _ in range(4):
        for a, b in zip(mine, theirs, strict=True):
            a.grad = b.grad = torch.randn_like(a)
        ours.step()
        other.step()
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=0.02, rtol=0)  # theirs iterates in bfloat16


def test_muon_and_an_adapter_do_not_go_together():
    with pytest.raises(ValidationError, match="muon needs method full"):
        pipeline(optimizer="muon", method={"kind": "lora"})


def test_the_rate_rises_stays_and_falls_to_nothing():
    recipe = Training(steps=100, warmup=0.1, decay=0.4)
    shares = [optimising.rate_share(step, recipe) for step in range(100)]
    assert shares[0] == pytest.approx(0.1)
    assert shares[9:60] == [1.0] * 51
    assert shares[99] == pytest.approx(1 / 40)
    assert shares[60:] == sorted(shares[60:], reverse=True)
    assert optimising.rate_share(0, Training(steps=1)) > 0


@pytest.mark.slow
def test_train_makes_a_candidate_once(home, dataset, base, monkeypatch):
    spec = pipeline(steps=4, seed=5)
    made = training.train(dataset, base, spec, ALONE, home)
    assert made.parents == (dataset.id, base.id)
    assert made.metrics["step"] == 4
    assert made.parameters == base.parameters
    assert len(curve(made.folder)) == 4
    assert not (home.checkpoints / made.id).exists()
    monkeypatch.setattr(training, "launch", lambda *_: pytest.fail("trained again"))
    assert training.train(dataset, base, spec, ALONE, home) == made
    other = training.train(dataset, base, spec.model_copy(update={"name": "twin"}), ALONE, home)
    assert (other.id, other.pipeline) == (made.id, "twin")


@pytest.mark.slow
def test_an_altered_candidate_is_refused(home, dataset, base):
    made = training.train(dataset, base, pipeline(steps=3, seed=6), ALONE, home)
    (made.folder / "config.json").write_text("{}")
    with pytest.raises(IntegrityError, match="SHA-256"):
        training.train(dataset, base, pipeline(steps=3, seed=6), ALONE, home)


def test_the_name_of_a_candidate_follows_what_made_it(dataset, base):
    spec = pipeline()
    same = training.candidate_id(dataset, base, spec)
    assert training.candidate_id(dataset, base, spec.model_copy(update={"description": "words"})) == same
    assert training.candidate_id(dataset, base, pipeline(learning_rate=0.02)) != same
    assert training.candidate_id(dataset, base.model_copy(update={"id": "other"}), spec) != same
    assert training.candidate_id(dataset.model_copy(update={"id": "other"}), base, spec) != same


def test_without_an_answer_from_mlflow_nothing_is_trained(home, dataset, base, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StackDown, match="MLflow"):
        training.train(dataset, base, pipeline(seed=7), ALONE, home)
    assert not list((home.models / "candidates").glob(".building*"))


def test_without_an_address_there_is_no_ray(home, dataset, base, monkeypatch):
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    with pytest.raises(StackDown, match="Ray"):
        training.train(dataset, base, pipeline(seed=8), Profile(name="ray", workers=Workers(launcher="ray")), home)


def test_fewer_workers_where_memory_is_short(caplog):
    plenty = fitted(Workers(launcher="torchrun", count=2, memory_gb=0.001), batch=8)
    assert plenty.count == 2
    assert fitted(Workers(launcher="torchrun", count=3, memory_gb=1e6), batch=8).count == 1
    assert "memory" in caplog.text
    assert fitted(Workers(launcher="torchrun", count=4, memory_gb=0.001), batch=2).count == 2


def test_a_base_is_made_once_and_the_same_for_the_same_rows(home, dataset, base, tmp_path):
    assert founding.found(dataset, pipeline().training, ALONE, home) == base
    again = founding.found(dataset, pipeline().training, ALONE, Home(tmp_path))
    assert again.id == base.id
    assert (again.folder / "model.safetensors").read_bytes() == (base.folder / "model.safetensors").read_bytes()
    assert founding.found(dataset, pipeline(learning_rate=0.5).training, ALONE, home).id == base.id


@pytest.mark.slow
def test_a_folder_serves_as_base(home, dataset, base):
    recipe = pipeline().training.model_copy(update={"base": PretrainedBase(kind="pretrained", source=base.path)})
    copied = founding.found(dataset, recipe, ALONE, home)
    assert copied.id != base.id
    assert copied.parameters == base.parameters == load_model(copied.folder).num_parameters()
    trained = training.train(dataset, copied, pipeline(steps=2), ALONE, home)
    assert trained.parents == (dataset.id, copied.id)


def test_bases_that_cannot_be_used(home, dataset, base, tmp_path):
    def found(source: str, revision: str | None = None):
        spec = PretrainedBase(kind="pretrained", source=source, revision=revision)
        return founding.found(dataset, pipeline().training.model_copy(update={"base": spec}), ALONE, home)

    with pytest.raises(SourceMissing):
        found("/no/such/folder")
    with pytest.raises(ConfigError, match="pinned"):
        found("owner/name")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TrainingError, match="safetensors"):
        found(str(tmp_path))


@pytest.mark.slow
def test_plain_next_token_training_can_come_first(home, dataset):
    spec = pipeline(steps=2).training
    recipe = spec.model_copy(update={"base": spec.base.model_copy(update={"pretrain_steps": 3})})
    first = founding.found(dataset, recipe, ALONE, home)
    assert first.id != founding.found(dataset, spec, ALONE, home).id
    assert (first.folder / "model.safetensors").is_file()
    assert not (first.folder / "pretrained").exists()


@pytest.mark.slow
def test_two_workers_under_torchrun_learn_what_one_learns(home, dataset, base):
    spec = pipeline(steps=6, batch=4, seed=21, optimizer="muon")
    two = Profile(name="two", workers=Workers(launcher="torchrun", count=2, memory_gb=0.1))
    made = training.train(dataset, base, spec, two, home)
    other = Home(home.root / "other")
    one = training.train(dataset, base, spec, ALONE, other)
    losses = [[line["loss"] for line in curve(item.folder)] for item in (made, one)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.slow
def test_a_worker_without_held_out_rows_takes_part_in_their_loss(home, base):
    """One pack of held-out rows and two workers: the one without a share must not leave the other waiting for it."""
    lone = write_dataset(home.datasets / "lone", rows=20)
    spec = pipeline(steps=2, batch=2, evaluate_every=1)
    two = Profile(name="two", workers=Workers(launcher="torchrun", count=2, memory_gb=0.1))
    made = training.train(lone, base, spec, two, home)
    assert [line["validation_loss"] > 0 for line in curve(made.folder)] == [True, True]


def test_small_numbers_survive_a_training_run_in_the_same_process(tmp_path, dataset, base):
    looping.run(job(tmp_path, dataset, base, steps=1))
    smallest = float("5e-324")
    assert smallest * 2 > smallest


@pytest.mark.slow
def test_the_loop_runs_as_a_program(tmp_path, dataset, base):
    item = job(tmp_path, dataset, base, steps=2)
    command = [sys.executable, "-m", "flows.steps.looping", "--job", str(item.write())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert item.read_result()["step"] == 2


@pytest.mark.slow
def test_workers_that_fail_are_quoted(home, dataset, base):
    """Errors that are not ours reach the user from the workers' own output: the first one, not its consequences."""
    spec = pipeline(steps=1)
    broken = base.model_copy(update={"id": "b" * 16, "path": str(home.root / "broken")})
    shutil.copytree(base.path, broken.path)
    (Path(broken.path) / "tokenizer.json").write_text("{}")
    place = Profile(name="one", workers=Workers(launcher="torchrun", count=1, memory_gb=0.1, max_failures=0))
    with pytest.raises(TrainingError, match=r"ended with code 1: .*(Exception|Error)"):
        training.train(dataset, broken, spec, place, home)
