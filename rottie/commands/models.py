"""rottie models, promote, rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from rottie.commands.entering import enter
from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

MODEL = "rottie-llm"
MODEL_HELP = "The registered model."


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie models --json | jq '.[0].lineage'")(models)
    app.command(epilog="Example: rottie promote 3")(promote)
    app.command(epilog="Example: rottie rollback")(rollback)


def models(
    name: str | None = typer.Argument(None, help="One registered model; all by default."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Versions in the registry, newest first.

    With aliases, metrics, and the pipeline, dataset and candidate behind each.
    """
    out = console()
    enter(None)
    with console(stderr=True).status("Asking the registry"):
        from flows.steps.registering import versions

        rows = versions(name)
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("The registry is empty. Train a model: rottie run retrain --pipeline starter")
        return
    _print_versions(out, rows)


def _print_versions(out: Console, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("version", "alias", "created", "metrics", "made from"):
        table.add_column(column, vertical="top")
    for row in rows:
        metrics = row.get("metrics") or {}
        shown = "\n".join(f"{key} [bold]{value:.4g}[/bold]" for key, value in sorted(metrics.items()) if _telling(key))
        alias = "\n".join(f"[green]{alias}[/green]" for alias in row.get("aliases", ()))
        if row.get("rolled_back_at"):
            alias += "[yellow]rolled back[/yellow]"
        lineage = row.get("lineage") or {}
        parents = "\n".join(
            f"[dim]{key}[/dim] {lineage[key]}" for key in ("pipeline", "dataset", "candidate") if lineage.get(key)
        )
        created = str(row.get("created", ""))[:16].replace("T", " ")
        table.add_row(f"[bold]{row['name']}/{row['version']}[/bold]", alias, created, shown, parents)
    out.print(table)


def _telling(metric: str) -> bool:
    return metric.rpartition(".")[2] in ("exact_match", "valid_call_rate", "latency_p50_ms", "tokens_per_s")


def promote(
    version: str = typer.Argument("", help="The version; the newest by default."),
    model: str = typer.Option(MODEL, "--model", help=MODEL_HELP),
    profile: str | None = typer.Option(None, "--profile", "-w", help="Where it answers; the running stack by default."),
) -> None:
    """Make a version the champion by hand, past the gate.

    It answers as soon as it is loaded beside the old one; no request fails meanwhile.
    """
    _move("promote", {"model": model, "version": version}, profile)


def rollback(
    model: str = typer.Option(MODEL, "--model", help=MODEL_HELP),
    profile: str | None = typer.Option(None, "--profile", "-w", help="Where it answers; the running stack by default."),
) -> None:
    """Let the version that was champion before answer again.

    Retraining won't promote the one left behind by itself.
    """
    _move("rollback", {"model": model}, profile)


def _move(flow: str, parameters: dict[str, Any], profile: str | None) -> None:
    from rottie.commands.running import run_here

    place, _ = enter(profile)
    run_here(flow, {**parameters, "profile": profile or place.name}, console())
