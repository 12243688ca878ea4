"""rottie run, runs."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

import typer

from rottie.commands.entering import enter
from rottie.commands.printing import ago, console, print_json
from schemas.overrides import split_overrides

if TYPE_CHECKING:
    from rich.console import Console

NOT_PROMOTED = 10
_ENDS = ("_low", "_high")  # of intervals
BUILDING = ("retrain", "ingest", "validate", "train", "evaluate")
PRETRAINING = "pretrain_starter"
MEASURING = ("evaluate_starter",)
SPEECH = {"train_recogniser": "recogniser", "train_voice": "voice", "train_wake_word": "wake"}  # and their recipes
MOVING = ("promote", "rollback", "roll-out")
ALIASES = {
    "evaluate-starter": "evaluate_starter",
    "pretrain-starter": PRETRAINING,
    "roll-back": "rollback",
    "roll_out": "roll-out",
    "rollout": "roll-out",
}
FLOWS = (*BUILDING, PRETRAINING, *SPEECH, *MEASURING, *MOVING)
SET_HELP = "Override a value: pipeline.training.steps=10 or profile.workers.count=2; without a prefix, the pipeline's."


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie run retrain --pipeline starter --profile laptop --set training.steps=100")(run)
    app.command(epilog="Example: rottie runs --limit 5 --json")(runs)


def run(
    flow: str = typer.Argument(..., metavar="FLOW", help=f"One of: {', '.join(FLOWS)}."),
    pipeline: str = typer.Option("starter", "--pipeline", "-p", help="File under deployments/pipelines, or a path."),
    profile: str | None = typer.Option(None, "--profile", "-w", help="Where it runs; the running stack's by default."),
    version: str = typer.Option("", "--version", help="For promote: the version; the newest by default."),
    only: str = typer.Option("", "--only", help="For evaluate_starter: llm, stt, tts, wake or speech; all by default."),
    limit: int | None = typer.Option(
        None, "--limit", min=1, help="For evaluate_starter: rows of each, if not the cards' own number."
    ),
    budget: str = typer.Option("", "--budget", help="For training starter models: how long, such as 20m or 2h."),
    ship: bool = typer.Option(False, "--ship", help="For pretrain_starter: write models/starter/llm."),
    trained: str = typer.Option(
        "", "--trained", help="For pretrain_starter: a folder of flows.steps.pretraining; train nothing."
    ),
    inventory: str = typer.Option("", "--inventory", help="For train_recogniser: a home whose names it learns to hear."),
    overrides: list[str] = typer.Option([], "--set", help=SET_HELP),  # noqa: B008
    detach: bool = typer.Option(False, "--detach", help="Hand it to the worker and return at once."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON on stdout; the log goes to stderr."),
) -> None:
    """Run a flow here, with its log in the terminal.

    Exit code 0: promoted, or nothing had changed; 10: trained, but the gate did not let it become champion.
    """
    from schemas.errors import ConfigError
    from schemas.loading import load_pipeline

    flow = ALIASES.get(flow, flow.replace("-", "_") if flow.replace("-", "_") in SPEECH else flow)
    if flow not in FLOWS:
        raise ConfigError(f"there is no flow {flow!r}", where="FLOW", hint=f"Choose one of: {', '.join(FLOWS)}.")
    for_pipeline, for_profile = split_overrides(overrides)
    if flow in SPEECH:
        given = _speech_parameters(flow, "" if pipeline == "starter" else pipeline, budget, inventory, overrides)
        enter(profile, for_profile)
        _finish(flow, given, detach, as_json)
        return
    if flow == PRETRAINING and pipeline == "starter":
        pipeline = "starter_base"
    spec = load_pipeline(pipeline, for_pipeline)  # a wrong file or key is told before anything starts
    place, _ = enter(profile, for_profile)
    name = profile or place.name
    if flow in BUILDING:
        parameters: dict[str, Any] = {"pipeline": pipeline, "profile": name, "overrides": list(overrides)}
    elif flow == PRETRAINING:
        parameters = {"pipeline": pipeline, "profile": name, "overrides": list(overrides), "budget": minutes(budget)}
        parameters |= {"trained": trained, "ship": ship}
    elif flow in MEASURING:
        parameters = {"only": only, "limit": limit}
    else:
        parameters = {"model": spec.model, "profile": name} | ({"version": version} if flow == "promote" else {})
    _finish(flow, parameters, detach, as_json)


def _finish(flow: str, parameters: dict[str, Any], detach: bool, as_json: bool) -> None:
    if detach:
        _submit(flow, parameters, as_json)
        return
    # Libraries print as they please: with --json, stdout is kept for the result.
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
        result = run_here(flow, parameters, console(stderr=as_json))
    if as_json:
        print_json(result.model_dump(mode="json"))
    if (flow in ("retrain", PRETRAINING) or flow in SPEECH) and not (result.promoted or result.unchanged):
        raise typer.Exit(NOT_PROMOTED)


def _speech_parameters(flow: str, recipe: str, budget: str, inventory: str, overrides: list[str]) -> dict[str, Any]:
    """What a flow that trains a speech model takes; a wrong file, key or budget is told before anything starts."""
    from schemas.errors import ConfigError
    from schemas.loading import FOLDERS, load, load_inventory

    name = recipe or SPEECH[flow]
    kind = next(kind for kind in FOLDERS if kind.__name__.lower() == f"{SPEECH[flow]}recipe")
    load(kind, name, split_overrides(overrides)[0])
    if inventory:
        if flow != "train_recogniser":
            raise ConfigError(f"{flow} takes no inventory", where="--inventory")
        load_inventory(inventory)
    for_home = {"inventory": inventory or None} if flow == "train_recogniser" else {}
    return {"pipeline": name, "budget": minutes(budget), "overrides": list(overrides), **for_home}


def minutes(budget: str) -> float | None:
    """``20m``, ``90s``, ``1.5h`` or a bare number of minutes; None for nothing. Raises ConfigError."""
    from schemas.errors import ConfigError

    if not budget:
        return None
    number, unit = (budget[:-1], budget[-1]) if budget[-1] in "smh" else (budget, "m")
    try:
        value = float(number) * {"s": 1 / 60, "m": 1.0, "h": 60.0}[unit]
    except ValueError:
        value = 0.0
    if not 0 < value <= 10_080:
        raise ConfigError(f"{budget!r} is no time between a second and a week", where="--budget", hint="Write 20m, 90s or 2h.")
    return value


def run_here(flow: str, parameters: dict[str, Any], out: Console) -> Any:
    """Run ``flow`` in this process, against the Prefect server that the environment names, and print its result.

    Raises StackDown where that server ends meanwhile.
    """
    import importlib

    from httpx import TransportError

    from schemas.errors import StackDown

    begun = time.monotonic()
    with out.status(f"Loading the flow {flow}"):
        module = flow.replace("-", "_")
        function = getattr(importlib.import_module(f"flows.{module}"), module)
        _quieten()
    try:
        result = function(**parameters)
    except TransportError as error:
        hint = "Start it with `rottie up` and run the same command again: finished steps are kept."
        raise StackDown(f"the stack was stopped while {flow} ran", hint=hint) from error
    _print_result(out, flow, result, time.monotonic() - begun)
    return result


def _quieten() -> None:
    """Keep Prefect's tracebacks of our own errors off the terminal: the panel at the end says it once. The server has them."""
    import logging

    from prefect.logging.configuration import ensure_logging_setup
    from prefect.logging.handlers import PrefectConsoleHandler

    ensure_logging_setup()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.addFilter(for_the_terminal)


def for_the_terminal(record: Any) -> bool:
    """Whether a log record should be printed: not where it carries the traceback of a RottieError."""
    from schemas.errors import RottieError

    return not (record.exc_info and isinstance(record.exc_info[1], RottieError))


def _print_result(out: Console, flow: str, result: Any, seconds: float) -> None:
    from rich.panel import Panel
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in _told(result).items():
        table.add_row(f"[bold]{key}[/bold]", str(value))
    good = getattr(result, "promoted", True) or getattr(result, "unchanged", False)
    style = "green" if good else "yellow"
    out.print(Panel(table, title=f"{flow}, {ago(seconds)}", title_align="left", border_style=style, expand=False))


def _told(result: Any) -> dict[str, Any]:
    from schemas.artifacts import Appraisal, Candidate, Dataset, Decision, ModelRef, Report

    if isinstance(result, Decision):
        outcome = "unchanged" if result.unchanged else "promoted" if result.promoted else "not promoted"
        champion = result.champion.label if result.champion else "none"
        return {"outcome": outcome, "why": result.reason, "champion": champion, "candidate": result.candidate}
    if isinstance(result, Report):
        numbers = {name: f"{value:.4g}" for name, value in result.metrics().items()}
        return {"candidate": result.candidate, **numbers, "report": result.folder / "report.html"}
    if isinstance(result, Candidate):
        return {"candidate": result.id, "parameters": f"{result.parameters:,}", **result.metrics, "folder": result.path}
    if isinstance(result, Dataset):
        return {"dataset": result.id, "rows": result.rows, "validated": result.validated, "docs": result.docs or "-"}
    if isinstance(result, Appraisal):
        differing = {f"{each.part}.{each.figure}": f" (differs: the card says {each.card:.4g})" for each in result.differing}
        figures = {f"{part}.{name}": value for part, there in result.figures.items() for name, value in there.items()}
        shown = {name: f"{value:.4g}{differing.get(name, '')}" for name, value in figures.items() if not name.endswith(_ENDS)}
        return {**shown, "table": result.folder / "appraisal.md"}
    if isinstance(result, ModelRef):
        return {"champion": result.label, "sha256": result.sha256[:16]}
    return {"result": result}


def _submit(flow: str, parameters: dict[str, Any], as_json: bool) -> None:
    from rottie.prefect_api import submit

    found = submit(flow, parameters)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(f"Submitted [bold]{found['name']}[/bold] to {found['deployment']}; the worker starts it within some seconds.")
    out.print(f"[cyan]{found['url']}[/cyan]   or: rottie runs", soft_wrap=True)


def runs(
    limit: int = typer.Option(15, "--limit", "-n", min=1, max=200, help="How many, newest first."),
    scheduled: bool = typer.Option(False, "--scheduled", help="Also those that are planned for later."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """The latest flow runs: flow, state, duration and parameters."""
    from rottie.prefect_api import latest

    enter(None)
    rows = latest(limit, scheduled)
    if as_json:
        print_json(rows)
        return
    _print_runs(console(), rows)


def _print_runs(out: Console, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    if not rows:
        out.print("No runs yet. Start one: rottie run retrain --pipeline starter")
        return
    styles = {"COMPLETED": "green", "RUNNING": "blue", "FAILED": "red", "CRASHED": "red", "CANCELLED": "yellow"}
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("flow", "run", "state", "started", "took", "parameters"):
        table.add_column(column, overflow="fold" if column == "parameters" else "ellipsis")
    for row in rows:
        state = f"[{styles.get(row['type'], 'default')}]{row['state']}[/]"
        given = " ".join(f"{key}={value}" for key, value in row["parameters"].items() if value not in ("", [], None))
        started = (row["started"] or row["expected"] or "")[:19].replace("T", " ")
        table.add_row(row["flow"], row["name"], state, started, ago(row["seconds"]) if row["started"] else "", given)
    out.print(table)
