"""Every figure on the cards of the starter models, measured again, and compared with what the cards say.

``llm``: held-out homes, names and phrasings through the serving engine, acted out. ``stt``, ``tts``, ``wake``: their own
``measure``. ``speech``: the starter voice says what is asked, the recogniser hears it, both tiers act. With the same number
of rows and the same seed a card's figures come out again, but for times, which are this machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Literal, get_args

from flows.steps.held_out import Found, measure_llm
from flows.steps.reporting import tag_image, tag_table
from flows.steps.scoring import Outcome, as_failure
from flows.steps.starters import Starter, claimed, starter_folder
from flows.steps.storing import new_version
from schemas.artifacts import Appraisal, Difference
from schemas.errors import ConfigError, RegistryError
from schemas.hashing import MANIFEST, content_id, file_sha256, sums, write_json
from schemas.settings import Home

Measured = Literal["llm", "stt", "tts", "wake", "speech"]
PARTS: tuple[Measured, ...] = get_args(Measured)
SPEECH: tuple[Starter, ...] = ("tts", "stt", "llm")
LIMITS: dict[Measured, int] = {"llm": 1500, "stt": 400, "tts": 200, "wake": 400, "speech": 200}
"""The numbers of rows where a card does not say how many its figures are of."""
_COUNTS = ("rows", "requests", "sentences")
_PACKAGES = {"stt": "recogniser", "tts": "voice", "wake": "wake"}
RESULT, TABLE, FAILURES = "appraisal.json", "appraisal.md", "failures.jsonl"
MOST_FAILURES = 200
EXPERIMENT, MOST_METRICS = "evaluate_starter", 900
_NEAR, _SHARE = 0.01, 0.02  # how far a figure may be from its card: absolutely, or of the card's
_TIMES = ("_ms", "_s", "seconds", "_real_time", "_rtf")


def parts(only: str) -> tuple[Measured, ...]:
    """The part that is named, or all for an empty text. Raises ConfigError."""
    if only and only not in PARTS:
        raise ConfigError(f"there is no starter model {only!r:.40}", where="only", hint=f"Choose one of: {', '.join(PARTS)}.")
    return tuple(part for part in PARTS if part == only or not only)


def appraise(only: Sequence[Measured] = (), limit: int | None = None, seed: int = 0, home: Home | None = None) -> Appraisal:
    """Measure the parts that ``only`` names (all where it names none), each on ``limit`` rows or as many as its card says.

    Writes appraisal.json, appraisal.md and, where rows were answered, their figures by tag as CSV and PNG and what was wrong,
    into ``reports/<id>``. Raises StarterMissing before anything is measured where a model is not shipped; EvaluationError.
    """
    wanted = tuple(dict.fromkeys(only)) or PARTS
    folders = {part: [starter_folder(name) for name in SPEECH] if part == "speech" else [starter_folder(part)] for part in wanted}
    cards = {part: _card(part, folders[part]) for part in wanted}
    rows = {part: limit or _rows(part, cards[part]) for part in wanted}
    found = {part: _measured(part, folders[part], rows[part], seed) for part in wanted}
    same_rows = limit is None and seed == 0
    name = content_id("appraisal", {part: [_sum(each) for each in there] for part, there in folders.items()}, limit, seed)
    target = (home or Home.current()).reports / f"starter-{name}"
    appraisal = Appraisal(
        path=str(target),
        rows=dict(rows),
        seed=seed,
        figures={part: each.figures for part, each in found.items()},
        cards=cards,
        differing=tuple(each for part in wanted if same_rows for each in differences(part, found[part].figures, cards[part])),
    )
    _write(target, appraisal, found)
    return appraisal


def differences(part: str, figures: Mapping[str, float], card: Mapping[str, float]) -> list[Difference]:
    """What the card says otherwise. Times are not compared: they are the machine's."""
    found = []
    for name, said in card.items():
        if name.endswith(_TIMES) or "_per_s" in name:
            continue
        measured = figures.get(name)
        if measured is None or abs(measured - said) > max(_NEAR, _SHARE * abs(said)):
            found.append(Difference(part=part, figure=name, card=said, measured=measured))
    return found


def markdown(appraisal: Appraisal) -> str:
    """The figures beside those of the cards, one table a part."""
    differing = {(each.part, each.figure) for each in appraisal.differing}
    lines = ["# Starter models, measured again", ""]
    for part, figures in appraisal.figures.items():
        card = appraisal.cards[part]
        lines += [f"## {part}: {appraisal.rows[part]} rows, seed {appraisal.seed}", ""]
        lines += ["| figure | measured | card | |", "|---|---|---|---|"]
        for name in dict.fromkeys((*figures, *card)):
            values = [f"{each[name]:.4g}" if name in each else "" for each in (figures, card)]
            lines.append(f"| {name} | {values[0]} | {values[1]} | {'differs' if (part, name) in differing else ''} |")
        lines.append("")
    return "\n".join(lines)


def log(appraisal: Appraisal) -> None:
    """Figures, tables and charts as a run in MLflow, where there is a server. Raises RegistryError."""
    address = os.environ.get("MLFLOW_TRACKING_URI")
    if not address:
        return
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param
    from mlflow.exceptions import MlflowException

    now = int(time.time() * 1000)
    figures = {f"{part}.{name}": value for part, there in appraisal.figures.items() for name, value in there.items()}
    metrics = [Metric(name, value, now, 0) for name, value in figures.items()]
    try:
        client = MlflowClient(address)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        number = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
        run = client.create_run(number, run_name=" ".join(appraisal.figures)).info.run_id
        client.log_batch(run, params=[Param(f"rows.{part}", str(rows)) for part, rows in appraisal.rows.items()])
        for at in range(0, len(metrics), MOST_METRICS):
            client.log_batch(run, metrics=metrics[at : at + MOST_METRICS])
        client.log_artifacts(run, appraisal.path, "appraisal")
        client.set_terminated(run)
    except MlflowException as error:
        raise RegistryError("MLflow did not take the appraisal", where=address) from error


def _measured(part: Measured, folders: Sequence[Path], limit: int, seed: int) -> Found:
    if part == "llm":
        return measure_llm(folders[0], limit, seed)
    if part == "speech":
        from flows.steps.aloud import measure_speech

        return measure_speech(*folders, limit=limit, seed=seed)
    package = import_module(f"flows.steps.{_PACKAGES[part]}.measuring")  # each brings libraries of its own
    return Found(package.measure(folders[0], limit, seed))


def _card(part: Measured, folders: Sequence[Path]) -> dict[str, float]:
    """Figures of spoken requests stand beside the models, since all of them have a part in it."""
    return claimed(folders[0].parent if part == "speech" else folders[0])


def _rows(part: Measured, card: Mapping[str, float]) -> int:
    return int(next((card[name] for name in _COUNTS if card.get(name, 0) >= 1), LIMITS[part]))


def _is_right(outcome: Outcome) -> bool:
    return "both" in outcome.acted.served if outcome.acted else outcome.exact


def _sum(folder: Path) -> str:
    manifest = folder / MANIFEST
    return file_sha256(manifest if manifest.is_file() else folder / "model.json")


def _write(target: Path, appraisal: Appraisal, found: Mapping[str, Found]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    with new_version(target) as work:
        write_json(work / RESULT, appraisal)
        (work / TABLE).write_text(markdown(appraisal), encoding="utf-8")
        for part, each in found.items():
            if each.result is not None:
                (work / f"by_tag-{part}.csv").write_text(tag_table(each.result), encoding="utf-8")
                (work / f"by_tag-{part}.png").write_bytes(tag_image(each.result))
                wrong = [as_failure(outcome) for outcome in each.scored.outcomes if not _is_right(outcome)][:MOST_FAILURES]
                (work / f"{part}-{FAILURES}").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in wrong))
            if each.everyday.outcomes:
                # Those of the other half are measured, and never looked at.
                seen = [outcome for outcome in each.everyday.outcomes if "dev" in outcome.tags and not _is_right(outcome)]
                lines = (json.dumps(as_failure(outcome), ensure_ascii=False) + "\n" for outcome in seen)
                (work / f"everyday-{FAILURES}").write_text("".join(lines))
        write_json(
            work / MANIFEST,
            {"kind": "appraisal", "sums": sums(work, [path.name for path in work.iterdir() if path.name[0] != "."])},
        )
