"""Tracking against a real MLflow store: a database file, no server."""

from __future__ import annotations

import json

import pytest

from flows.steps import founding, training
from schemas.errors import TrainingError
from schemas.profile import Profile, Workers
from schemas.settings import Home
from tests.flows.training_rows import pipeline, write_dataset

pytestmark = pytest.mark.slow
ALONE = Profile(name="here", workers=Workers(launcher="alone"))


@pytest.fixture
def client(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return MlflowClient(tracking_uri=uri)


def test_a_run_is_opened_fed_closed_and_taken_up_again(client, tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    dataset = write_dataset(home.datasets / "rows")
    spec = pipeline(steps=4, evaluate_every=2)
    base = founding.found(dataset, spec.training, ALONE, home)
    launch = training.launch

    def cancelled(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "launch", cancelled)
    with pytest.raises(KeyboardInterrupt):
        training.train(dataset, base, spec, ALONE, home)
    (experiment,) = [item for item in client.search_experiments() if item.name == "small"]
    (killed,) = client.search_runs([experiment.experiment_id])
    assert killed.info.status == "KILLED"

    def broken(*_args):
        raise TrainingError("the workers ended without a result")

    monkeypatch.setattr(training, "launch", broken)
    with pytest.raises(TrainingError):
        training.train(dataset, base, spec, ALONE, home)
    assert client.get_run(killed.info.run_id).info.status == "FAILED"

    monkeypatch.setattr(training, "launch", launch)
    made = training.train(dataset, base, spec, ALONE, home)
    assert made.mlflow_run == killed.info.run_id
    run = client.get_run(made.mlflow_run)
    assert run.info.status == "FINISHED"
    assert run.data.params["base.hidden"] == "32"
    assert run.data.params["learning_rate"] == "0.01"
    assert run.data.tags["candidate"] == made.id
    history = client.get_metric_history(made.mlflow_run, "loss")
    told = [json.loads(line) for line in (made.folder / "training.jsonl").read_text().splitlines()]
    assert [(item.step, item.value) for item in history] == [(line["step"], line["loss"]) for line in told]
    assert run.data.metrics["validation_loss"] == made.metrics["validation_loss"]
