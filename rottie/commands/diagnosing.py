"""rottie doctor: what is wrong here, and what to do about it."""

from __future__ import annotations

import typer

from rottie.commands.entering import DEFAULT_PROFILE
from rottie.commands.printing import console, print_json

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}
MARKS = {"ok": "✔", "warn": "!", "fail": "✘"}


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: rottie doctor --json | jq '.[] | select(.level != \"ok\")'")(doctor)


def doctor(
    profile: str = typer.Option(DEFAULT_PROFILE, "--profile", "-w", help="The profile whose ports are checked."),
    quick: bool = typer.Option(False, "--quick", help="Leave out the decode and the measurement of threads."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Check this machine, and say what to do about each finding.

    Python, packages, SQLite, disk, memory, processor, GPU, ports, a quantised decode, threads. Exit code 1: something failed.
    """
    from rottie.doctor.examining import examine
    from rottie.stack.recording import running
    from schemas.loading import load_profile
    from schemas.settings import Home

    home = Home.current()
    record = running(home)
    place = record.profile if record is not None else load_profile(profile)
    out = console()
    found = []
    with console(stderr=True).status("Looking") as spinner:
        for finding in examine(home, place, quick, lambda what: spinner.update(f"Looking at {what}")):
            found.append(finding)
            if not as_json:
                style = STYLES[finding.level]
                out.print(f"[{style}]{MARKS[finding.level]}[/] [bold]{finding.check:10}[/] ", end="")
                out.print(finding.message, markup=False, highlight=False)
                if finding.advice:
                    out.print(f"             → {finding.advice}", style="dim", markup=False, highlight=False)
    if as_json:
        print_json([finding.as_dict() for finding in found])
    if any(finding.level == "fail" for finding in found):
        raise typer.Exit(1)
