"""rottie up, down, status."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from rottie.commands.entering import DEFAULT_PROFILE
from rottie.commands.printing import ago, console, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from rottie.stack.recording import Record
    from rottie.stack.starting import Started

SET_HELP = "Override a value of the profile, such as stack.ports.api=8010; may be repeated."


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie up --json | jq -r .urls.api")(up)
    app.command(epilog="Example: rottie down --json")(down)
    app.command(epilog="Example: rottie status --json | jq .services.ray.healthy")(status)


def up(
    profile: str = typer.Option(DEFAULT_PROFILE, "--profile", "-w", help="File under deployments/profiles, or a path."),
    foreground: bool = typer.Option(False, "--foreground", help="Stay, and stop everything at Ctrl-C."),
    train: bool = typer.Option(False, "--train", help="When no champion of our own exists yet, train one with --pipeline."),
    pipeline: str = typer.Option("starter", "--pipeline", "-p", help="The pipeline for --train."),
    starter: bool = typer.Option(True, help="When no champion exists yet, let the shipped starter model answer."),
    overrides: list[str] = typer.Option([], "--set", help=SET_HELP),  # noqa: B008
    as_json: bool = typer.Option(False, "--json", help="Print the addresses as JSON on stdout; the progress goes to stderr."),
) -> None:
    """Start the local stack and print its addresses.

    Ray, Prefect, MLflow, a worker, a Wyoming bridge and a watcher, on loopback, each restarted when it dies. A running stack is
    left as it is.
    """
    from schemas.errors import ConfigError
    from schemas.loading import load_profile
    from schemas.settings import Home

    if as_json and foreground:
        raise ConfigError("--foreground stays, and --json prints one document at the end", where="--json", hint="Leave one out.")
    place = load_profile(profile, [item.removeprefix("profile.") for item in overrides])
    out = console(stderr=as_json)
    if not place.stack.local:
        if as_json:
            print_json({"profile": place.name, "local": False, "urls": place.addresses.model_dump(exclude_none=True)})
            return
        out.print(f"Profile [bold]{place.name}[/bold] uses services that run elsewhere; there is nothing to start here.")
        for name, address in place.addresses.model_dump(exclude_none=True).items():
            out.print(f"  {name:8} {address}")
        return
    home = Home.current()
    if foreground:
        _stay(out, home, place, pipeline if train else None, starter)
        return
    # Libraries print as they please: with --json, stdout is kept for the result.
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
        started = _start(out, home, place)
        champion = _first_champion(out, place.name, pipeline if train else None, starter)
    if as_json:
        _print_started(started, home, champion)


def _print_started(started: Started, home: Any, champion: bool | None) -> None:
    found = {"profile": started.record.profile.name, "local": True, "urls": started.record.urls, "home": str(home.root)}
    found |= {"already": started.already, "seconds": round(started.seconds, 1)}
    print_json(found if champion is None else found | {"champion_answers": champion})


def _start(out: Console, home: Any, place: Any) -> Started:
    from rottie.stack.progress import Progress
    from rottie.stack.starting import bring_up

    with Progress(out, "Starting the stack") as progress:
        started = bring_up(home, place, progress)
    if started.already and started.record.profile != place:
        out.print(
            f"[yellow]The stack already runs with other settings (profile {started.record.profile.name}); "
            "it was left as it is. `rottie down` first to change them.[/yellow]"
        )
    print_addresses(out, started.record, home, "already running" if started.already else f"up in {started.seconds:.0f} s")
    return started


def _first_champion(out: Console, profile: str, pipeline: str | None, starter: bool) -> bool | None:
    from rottie.commands.beginning import first_champion

    return first_champion(out, profile, pipeline, starter)


def _stay(out: Console, home: Any, place: Any, pipeline: str | None, starter: bool) -> None:
    """Start, wait for a signal, stop. A stack that ran before this call is left running."""
    stop = threading.Event()

    def leave(number: int, frame: object) -> None:
        if stop.is_set():
            return  # a second Ctrl-C must not break off the stopping
        stop.set()
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    ours = True
    try:
        ours = not _start(out, home, place).already
        _first_champion(out, place.name, pipeline, starter)
        out.print("Press Ctrl-C to stop." if ours else "It was started elsewhere and goes on after Ctrl-C.")
        while not stop.wait(1):
            _look_after(home)
    except KeyboardInterrupt:
        out.print("\nStopping.")
    finally:
        stop.set()
        if ours:
            _stop(out, home)


def _look_after(home: Any) -> None:
    from rottie.stack.recording import running
    from schemas.errors import StackDown

    if running(home) is None:
        raise StackDown("the stack was stopped or killed from outside", where=str(home.root))


def print_addresses(out: Console, record: Record, home: Any, title: str) -> None:
    from rich.panel import Panel
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    secrets, wyoming = _short(home.secrets), record.urls.get("wyoming")
    for name, url, note in (
        ("API", record.urls["api"], f"key in {_short(home.api_key)}"),
        ("Prefect", record.urls["prefect"], f"sign in with the text in {secrets}/prefect_auth"),
        ("MLflow", record.urls["mlflow"], f"user rottie, password in {secrets}/mlflow_password"),
        ("Ray", record.urls["ray"], f"token in {secrets}/ray_token"),
        *([("Wyoming", wyoming, "for Home Assistant: recogniser, voice, assistant, wake word")] if wyoming else []),
        ("Logs", _short(home.logs), ""),
    ):
        table.add_row(f"[bold]{name}[/bold]", f"[cyan]{url}[/cyan]", f"[dim]{note}[/dim]")
    out.print(Panel(table, title=f"Rottie, {title}", title_align="left", border_style="green", expand=False))


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def down(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Stop every process of this stack, and no others.

    Also those that a killed stack of the same ROTTIE_HOME left behind.
    """
    from schemas.settings import Home

    home = Home.current()
    count, seconds = _stop(console(stderr=as_json), home)
    if as_json:
        print_json({"stopped": count, "seconds": round(seconds, 1), "home": str(home.root)})


def _stop(out: Console, home: Any) -> tuple[int, float]:
    """How many processes were stopped, and the seconds that it took."""
    from rottie.stack.stopping import stop_everything

    begun = time.monotonic()
    with out.status("Stopping") as spinner:
        count = stop_everything(home, lambda text: spinner.update(f"Stopping: {text}"))
    seconds = time.monotonic() - begun
    out.print(f"Stopped {count} processes in {seconds:.0f} s." if count else "Nothing was running.")
    return count, seconds


def status(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """What runs, and whether it answers.

    Exit code 0: all healthy; 1: something isn't; 8: the stack is down.
    """
    from rottie.stack.reporting import report
    from schemas.errors import StackDown
    from schemas.settings import Home

    home = Home.current()
    found = report(home)
    if as_json:
        print_json(found)
    elif found["running"]:
        _print_status(console(), found)
    if not found["running"]:
        if as_json:
            raise typer.Exit(StackDown.exit_code)
        raise StackDown("the stack is not running", where=str(home.root))
    if not found["healthy"]:
        raise typer.Exit(1)


def _print_status(out: Console, found: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("", "service", "state", "up", "pid", "address", ""):
        table.add_column(column, no_wrap=bool(column), overflow="fold")
    for name, row in found["services"].items():
        mark = "[green]✔[/green]" if row["healthy"] else "[dim]-[/dim]" if row["optional"] else "[red]✘[/red]"
        pid = str(row["pid"] or "")
        table.add_row(mark, name, row["state"].lower(), ago(row["uptime_s"]) if pid else "", pid, row["url"], row["detail"])
    out.print(table)
    memory = found["memory_mb"]
    out.print(
        f"[dim]profile {found['profile']}, {found['processes']} processes, {memory['pss']:.0f} MiB "
        f"(shared pages counted once), home {found['home']}[/dim]"
    )
