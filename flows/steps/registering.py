"""The MLflow registry: versions with manifest, signature, card and parents; the alias ``champion``, which moves only here."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.artifacts import Candidate, Dataset, Exported, ModelManifest, ModelRef, Report
from schemas.errors import IntegrityError, NotScored, RegistryError, StackDown, VersionMissing
from schemas.hashing import MANIFEST, file_sha256, verify
from schemas.pipeline import Pipeline
from schemas.settings import Home

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
PROMOTED_AT, ROLLED_BACK = "promoted_at", "rolled_back_at"
STARTER = "starter-shipped"  # in place of a pipeline's name
_STARTER_METRICS = ("exact_match", "valid_call_rate", "served_both", "wrong_action_both", "latency_p50_ms", "tokens_per_s")
PULLED, ORIGIN, UNSCORED = "pulled", "origin", "promoted_unscored"


@contextlib.contextmanager
def registry() -> Iterator[MlflowClient]:
    """A client whose failures come out as our errors."""
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        raise StackDown("MLFLOW_TRACKING_URI is not set, so there is no registry", where="environment")
    # An answer that takes long is no answer here: the default of MLflow's client waits for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    import mlflow
    from mlflow.exceptions import MlflowException
    from requests.exceptions import ConnectionError as Unreachable

    try:
        yield mlflow.MlflowClient(tracking_uri=uri)
    except Unreachable as error:
        raise StackDown("the MLflow server does not answer", where=uri) from error
    except MlflowException as error:
        if "Max retries exceeded" in str(error) or "Connection refused" in str(error):
            raise StackDown("the MLflow server does not answer", where=uri) from error
        raise RegistryError(str(error.message), where=uri) from error


def find(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions, newest first; none where the model is not registered."""
    found = client.search_model_versions(f"name = '{name}'")
    return sorted(found, key=lambda version: int(version.version), reverse=True)


def _aliases(client: MlflowClient, name: str) -> dict[str, str]:
    models = client.search_registered_models(f"name = '{name}'")
    # Versions are int on SQLite and str over REST.
    return {alias: str(version) for alias, version in models[0].aliases.items()} if models else {}


def register(candidate: Candidate, report: Report, pipeline: Pipeline, home: Home) -> ModelRef:
    """Make a version of the candidate, or return the one that exists. Does not move the alias."""
    from flows.steps.describing import model_card

    with registry() as client:
        for version in find(client, pipeline.model):
            if version.tags.get("candidate") == candidate.id and version.tags.get("exported") == report.exported.id:
                return ref_of(version, home)
        card = model_card(candidate, report, pipeline)
        version = _log(client, candidate, report, pipeline, card)
        client.update_model_version(pipeline.model, version, description=card)
        return ref_of(client.get_model_version(pipeline.model, version), home)


def register_pulled(exported: Exported, name: str, home: Home) -> ModelRef:
    """Make a version of a downloaded model, or return the one that exists. Does not move the alias."""
    from flows.steps.describing import origin_card

    manifest = exported.manifest
    assert manifest.origin is not None
    with registry() as client:
        for version in find(client, name):
            if version.tags.get("exported") == exported.id:
                return ref_of(version, home)
        experiment = client.get_experiment_by_name(PULLED)
        number = experiment.experiment_id if experiment else client.create_experiment(PULLED)
        run = client.create_run(number, run_name=manifest.origin.label).info.run_id
        tags = {
            "candidate": manifest.candidate,
            "exported": exported.id,
            "pipeline": manifest.pipeline,
            "sha256": manifest.files[manifest.serve],
            ORIGIN: manifest.origin.label,
        }
        card = origin_card(manifest)
        version = _log_model(client, exported, name, run, tags, card)
        client.set_terminated(run)
        client.update_model_version(name, version, description=card)
        return ref_of(client.get_model_version(name, version), home)


def register_starter(exported: Exported, name: str, home: Home) -> ModelRef:
    """Make a version of the shipped starter with its card and figures, or return the one that exists. Moves no alias."""
    from flows.steps.starters import CARD, claimed

    manifest = exported.manifest
    with registry() as client:
        for version in find(client, name):
            if version.tags.get("exported") == exported.id:
                return ref_of(version, home)
        experiment = client.get_experiment_by_name(STARTER)
        number = experiment.experiment_id if experiment else client.create_experiment(STARTER)
        run = client.create_run(number, run_name=f"{STARTER} {exported.id}").info.run_id
        figures = claimed(exported.folder)
        tags = {
            "candidate": manifest.candidate,
            "dataset": manifest.dataset,
            "exported": exported.id,
            "pipeline": STARTER,
            "sha256": manifest.files[manifest.serve],
            **{f"metric.{key}": f"{figures[key]:.6g}" for key in _STARTER_METRICS if key in figures},
        }
        card = (exported.folder / CARD).read_text(encoding="utf-8")
        version = _log_model(client, exported, name, run, tags, card)
        client.set_terminated(run)
        client.update_model_version(name, version, description=card)
        return ref_of(client.get_model_version(name, version), home)


def _log(client: MlflowClient, candidate: Candidate, report: Report, pipeline: Pipeline, card: str) -> str:
    manifest = report.exported.manifest
    tags = {
        "candidate": candidate.id,
        "dataset": candidate.dataset,
        "exported": report.exported.id,
        "report": report.id,
        "pipeline": pipeline.name,
        "parents": " ".join(candidate.parents),
        "sha256": manifest.files[manifest.serve],
        **{f"metric.{name}": f"{value:.6g}" for name, value in report.metrics().items()},
    }
    return _log_model(client, report.exported, pipeline.model, candidate.mlflow_run, tags, card)


def _log_model(client: MlflowClient, exported: Exported, name: str, run: str | None, tags: dict[str, str], card: str) -> str:
    import mlflow
    from mlflow.models import Model

    from flows.steps import gguf_flavor

    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    info = Model.log(
        artifact_path=None,
        name="model",
        flavor=gguf_flavor,
        run_id=run,
        registered_model_name=name,
        tags=tags,
        flavor_name=gguf_flavor.FLAVOR,
        exported=exported,
        card=card,
    )
    version = str(info.registered_model_version)
    for key, value in tags.items():
        client.set_model_version_tag(name, version, key, value)
    return version


def ref_of(version: ModelVersion, home: Home) -> ModelRef:
    """The export's own folder where it is at hand and whole, else the registry's copy, downloaded once."""
    sha = version.tags.get("sha256", "")
    local = home.models / "exports" / version.tags.get("exported", "none")
    if not _holds(local, sha):
        local = home.models / "served" / f"{version.name}-{version.version}-{sha[:16]}"
        if not _holds(local, sha):
            _download(version, local)
    return ModelRef(
        name=version.name,
        version=str(version.version),
        candidate=version.tags.get("candidate", ""),
        path=str(local),
        sha256=sha,
    )


def _holds(folder: Path, sha: str) -> bool:
    """A language model is known by its weights; a speech model, which has several files, by its manifest and their sums."""
    described, manifest = folder / "model.json", folder / MANIFEST
    if described.is_file():
        weights = folder / ModelManifest.model_validate_json(described.read_text()).serve
        return weights.is_file() and file_sha256(weights) == sha
    if not manifest.is_file() or file_sha256(manifest) != sha:
        return False
    try:
        verify(folder, json.loads(manifest.read_text())["files"])
    except IntegrityError:
        return False
    return True


def _download(version: ModelVersion, target: Path) -> None:
    import shutil
    import tempfile

    from mlflow.artifacts import download_artifacts

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as temporary:
        uri = f"models:/{version.name}/{version.version}"
        got = download_artifacts(uri, dst_path=temporary, tracking_uri=os.environ["MLFLOW_TRACKING_URI"])
        if not _holds(Path(got), version.tags.get("sha256", "")):
            raise RegistryError("the downloaded weights do not match their SHA-256 sum", where=uri)
        if target.exists():
            shutil.rmtree(target)  # a damaged copy: the caller has just found that its sum is wrong
        Path(got).rename(target)


def located(name: str, version: str) -> ModelRef:
    """The version with its folder at hand. Raises VersionMissing."""
    with registry() as client:
        found = next((v for v in find(client, name) if str(v.version) == version), None)
        if found is None:
            raise VersionMissing(f"{name} has no version {version}", where=name)
        return ref_of(found, Home.current())


def champion(name: str, home: Home) -> ModelRef | None:
    with registry() as client:
        version = _aliases(client, name).get(CHAMPION)
        return None if version is None else ref_of(client.get_model_version(name, version), home)


def exported(ref: ModelRef) -> Exported:
    """The export that a version stands for, as evaluation takes it."""
    manifest = ModelManifest.model_validate_json((Path(ref.path) / "model.json").read_text())
    return Exported(id=ref.sha256[:16], path=ref.path, parents=(ref.candidate,), manifest=manifest)


def was_replaced(name: str, candidate_id: str) -> bool:
    """Whether the candidate has been champion before and is no longer: another version followed it, or it was rolled back."""
    with registry() as client:
        current = _aliases(client, name).get(CHAMPION)
        return any(
            version.tags.get("candidate") == candidate_id
            and str(version.version) != current
            and (PROMOTED_AT in version.tags or ROLLED_BACK in version.tags)
            for version in find(client, name)
        )


def promotable(name: str, version: str = "", unscored: bool = False) -> str:
    """The version that a person may promote by hand: the one named, else the newest that was scored.

    A downloaded model without a score takes ``unscored`` with its number, and its version is marked so. Raises VersionMissing
    and NotScored.
    """
    with registry() as client:
        known = find(client, name)
        chosen = next((v for v in known if str(v.version) == version or (not version and not _is_unscored(v))), None)
        if chosen is None:
            raise VersionMissing(f"{name} has no version {version or 'that was scored'}", where=name)
        if _is_unscored(chosen):
            if not unscored:
                raise NotScored(f"{name}/{chosen.version} was downloaded and never scored here", where=chosen.tags[ORIGIN])
            client.set_model_version_tag(name, str(chosen.version), UNSCORED, datetime.now(UTC).isoformat())
        return str(chosen.version)


def _is_unscored(version: ModelVersion) -> bool:
    return ORIGIN in version.tags and not any(key.startswith("metric.") for key in version.tags)


def promote(name: str, version: str, home: Home) -> ModelRef:
    """Point the alias at ``version``. Promoting by hand lifts an earlier rollback. Raises VersionMissing."""
    with registry() as client:
        found = next((v for v in find(client, name) if str(v.version) == str(version)), None)
        if found is None:
            raise VersionMissing(f"{name} has no version {version}", where=os.environ["MLFLOW_TRACKING_URI"])
        ref = ref_of(found, home)
        if ROLLED_BACK in found.tags:
            client.delete_model_version_tag(name, str(version), ROLLED_BACK)
        client.set_model_version_tag(name, str(version), PROMOTED_AT, datetime.now(UTC).isoformat())
        client.set_registered_model_alias(name, CHAMPION, str(version))  # the one step that takes effect
        return ref


def rollback(name: str, home: Home) -> ModelRef:
    """Point the alias back at the version that was champion before, and mark the present one. Raises VersionMissing."""
    with registry() as client:
        current = _aliases(client, name).get(CHAMPION)
        if current is None:
            raise VersionMissing(f"{name} has no champion to roll back", where=os.environ["MLFLOW_TRACKING_URI"])
        earlier = [
            version
            for version in find(client, name)
            if str(version.version) != current and PROMOTED_AT in version.tags and ROLLED_BACK not in version.tags
        ]
        if not earlier:
            raise VersionMissing(f"{name}/{current} is the only version that has ever been champion", where=name)
        target = max(earlier, key=lambda version: version.tags[PROMOTED_AT])
        ref = ref_of(target, home)
        client.set_model_version_tag(name, current, ROLLED_BACK, datetime.now(UTC).isoformat())
        client.set_registered_model_alias(name, CHAMPION, str(target.version))
        return ref


def withdraw(ref: ModelRef, previous: ModelRef | None) -> None:
    """Undo a promotion whose roll-out failed: the alias must name what answers."""
    with registry() as client:
        client.delete_model_version_tag(ref.name, ref.version, PROMOTED_AT)
        if previous is None:
            client.delete_registered_model_alias(ref.name, CHAMPION)
        else:
            client.set_registered_model_alias(previous.name, CHAMPION, previous.version)


def versions(name: str | None = None) -> list[dict[str, Any]]:
    """Every version, newest first: name, version, aliases, created (ISO 8601), metrics, and lineage by id."""
    with registry() as client:
        names = [name] if name else [model.name for model in client.search_registered_models()]
        rows = []
        for each in names:
            aliases = _aliases(client, each)
            rows += [
                _row(version, [alias for alias, at in aliases.items() if at == str(version.version)])
                for version in find(client, each)
            ]
        return rows


def _row(version: ModelVersion, aliases: list[str]) -> dict[str, Any]:
    tags = version.tags
    prefix = "metric."
    return {
        "name": version.name,
        "version": str(version.version),
        "aliases": aliases,
        "created": datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(),
        "metrics": {key.removeprefix(prefix): float(value) for key, value in tags.items() if key.startswith(prefix)},
        "lineage": {key: tags.get(key) for key in ("pipeline", "dataset", "candidate", "exported", "report", "parents")},
        "origin": tags.get(ORIGIN),
        "sha256": tags.get("sha256"),
        "run": version.run_id,
        "promoted_at": tags.get(PROMOTED_AT),
        "rolled_back_at": tags.get(ROLLED_BACK),
        "promoted_unscored": tags.get(UNSCORED),
    }


def attach_docs(candidate: Candidate, dataset: Dataset) -> None:
    """Put the dataset's manifest and Data Docs beside the training run, once, so that MLflow's page leads to them."""
    if candidate.mlflow_run is None:
        return
    with registry() as client:
        run = client.get_run(candidate.mlflow_run)
        if run.data.tags.get("rottie.data_docs") == dataset.id:
            return
        client.log_artifact(candidate.mlflow_run, str(dataset.folder / "manifest.json"), "dataset")
        if dataset.docs:
            client.log_artifacts(candidate.mlflow_run, dataset.docs, "data_docs")
        client.set_tag(candidate.mlflow_run, "rottie.data_docs", dataset.id)
        note = f"Dataset `{dataset.id}`: rows {dataset.rows}. Data Docs: artifact `data_docs/index.html`."
        client.set_tag(candidate.mlflow_run, "mlflow.note.content", note)
