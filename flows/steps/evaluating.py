"""Evaluate: export, prove that the export computes what was trained, score it as it will be served, and report."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from pydantic import ValidationError

from flows.steps.exporting import export
from flows.steps.parity import check_parity
from flows.steps.reporting import failures, tag_image, tag_table, write_report
from flows.steps.scoring import Scored, as_failure, run_suite, summarise
from flows.steps.storing import new_version
from schemas.artifacts import Candidate, Dataset, Exported, Report, SuiteResult
from schemas.errors import IntegrityError, RegistryError
from schemas.hashing import MANIFEST, content_id, sums, verify, write_json
from schemas.pipeline import Pipeline, Suite
from schemas.settings import Home

FORMAT = 3  # part of every report's name: raise it when metrics change their meaning
MOST_FAILURES = 200
REPORT, PAGE, FAILURES = "report.json", "report.html", "failures.jsonl"
BY_TAG = "by_tag-"  # and a suite's name
_TAG = "rottie.report"


def evaluate(candidate: Candidate, dataset: Dataset, pipeline: Pipeline, home: Home) -> Report:
    """The report on a candidate; made once, read again afterwards. Logged to the candidate's MLflow run where there is one.

    Raises EvaluationError, ParityError, ModelUnusable, DiskFull; RegistryError when MLflow cannot be reached (the report
    is kept: the next run only logs it).
    """
    exported = export(candidate, dataset, pipeline, home)
    name = content_id("report", FORMAT, exported.id, pipeline.suites)
    folder = home.reports / name
    report = _existing(folder)
    if report is None:
        report = _make(folder, candidate, dataset, pipeline, exported)
    _log(report)
    return report


def score(exported: Exported, dataset: Dataset, suite: Suite) -> SuiteResult:
    """One suite through the serving engine; also how a champion is compared on a candidate's rows."""
    return summarise(suite.name, run_suite(exported, dataset, suite))


def _make(folder: Path, candidate: Candidate, dataset: Dataset, pipeline: Pipeline, exported: Exported) -> Report:
    parity = check_parity(candidate, exported, dataset)
    scored = {suite.name: run_suite(exported, dataset, suite) for suite in pipeline.suites}
    report = Report(
        id=folder.name,
        path=str(folder),
        parents=(exported.id, candidate.id, dataset.id),
        candidate=candidate.id,
        exported=exported,
        suites=tuple(summarise(name, outcomes) for name, outcomes in scored.items()),
        parity=parity,
        mlflow_run=candidate.mlflow_run,
    )
    shutil.rmtree(folder, ignore_errors=True)  # there, but not whole
    with new_version(folder) as work:
        write_json(work / REPORT, report)
        write_report(work / PAGE, report, scored, candidate, dataset, pipeline)
        _write_failures(work / FAILURES, scored)
        files = (REPORT, PAGE, FAILURES, *_write_tags(work, report))
        write_json(
            work / MANIFEST,
            {"kind": "report", "id": report.id, "parents": list(report.parents), "sums": sums(work, files)},
        )
    return report


def _write_failures(path: Path, scored: dict[str, Scored]) -> None:
    """Rows that were not exact. They hold what users said, so this file stays here, readable by its owner only."""
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as handle:
        for suite, outcomes in scored.items():
            for outcome in failures(outcomes, MOST_FAILURES):
                handle.write(json.dumps({"suite": suite, **as_failure(outcome)}, ensure_ascii=False) + "\n")


def _write_tags(folder: Path, report: Report) -> list[str]:
    """A table and a chart by tag of each suite whose rows have any."""
    written = []
    for result in report.suites:
        if result.by_tag:
            table, image = f"{BY_TAG}{result.suite}.csv", f"{BY_TAG}{result.suite}.png"
            (folder / table).write_text(tag_table(result), encoding="utf-8")
            (folder / image).write_bytes(tag_image(result))
            written += [table, image]
    return written


def _existing(folder: Path) -> Report | None:
    try:
        verify(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sums"])
        return Report.model_validate_json((folder / REPORT).read_bytes())
    except (OSError, ValueError, KeyError, ValidationError, IntegrityError):
        return None


def _log(report: Report) -> None:
    """Metrics and the report's files into the candidate's run, once."""
    address = os.environ.get("MLFLOW_TRACKING_URI")
    if not (report.mlflow_run and address):
        return
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(address)
        if client.get_run(report.mlflow_run).data.tags.get(_TAG) == report.id:
            return
        for name, value in report.metrics().items():
            client.log_metric(report.mlflow_run, name, value)
        for kind, figures in report.parity.items():
            for name, value in figures.items() if isinstance(figures, dict) else ():
                client.log_metric(report.mlflow_run, f"parity.{kind}.{name}", value)
        for file in (report.folder / REPORT, report.folder / PAGE, *sorted(report.folder.glob(f"{BY_TAG}*"))):
            client.log_artifact(report.mlflow_run, str(file), "evaluation")
        client.set_tag(report.mlflow_run, _TAG, report.id)
    except MlflowException as error:
        raise RegistryError("MLflow did not take the report", where=address) from error
