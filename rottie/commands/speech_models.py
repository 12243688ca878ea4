"""rottie models (speech, remove), and what pull, info and verify do with a recogniser or a voice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    from flows.steps.pulling import RemoteSpeech
    from serve.speech_models import Pulled

_STAGES = {"stt": "recogniser", "tts": "voice"}


def register(group: typer.Typer) -> None:
    group.command(epilog="Example: rottie models speech --json | jq '.[].languages'")(speech)
    group.command(epilog="Example: rottie models remove en_US-lessac-medium")(remove)


def speech(as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Recognisers and voices: those that come with Rottie, and those that were pulled.

    An assistant's file names them as stt.model, tts.model or under languages.
    """
    from serve.speech_models import pulled

    rows = [*_starters(), *(told(one) for one in pulled())]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("name", "what", "languages", "size", "licence", "from"):
        table.add_column(column, vertical="top")
    for row in rows:
        size = f"{row['bytes'] / 1e6:,.0f} MB"
        table.add_row(
            f"[bold]{row['name']}[/bold]", _STAGES[row["stage"]], _few(row["languages"]), size, row["licence"], row["from"]
        )
    console().print(table)


def remove(name: str = typer.Argument(..., help="A recogniser or a voice that was pulled.")) -> None:
    """Delete a recogniser or a voice that was pulled. What is loaded answers on until the stack ends."""
    from flows.steps import pulling
    from schemas.settings import Home

    found = pulling.remove(name, Home.current())
    console().print(f"{found.name} is gone, {found.about.bytes / 1e6:,.0f} MB", highlight=False)


def pull(remote: RemoteSpeech, as_json: bool) -> None:
    """Of ``rottie models pull``."""
    from flows.steps import pulling
    from schemas.settings import Home

    err = console(stderr=True)
    err.print(f"{remote.origin.label}, {remote.size / 1e6:,.0f} MB", markup=False, highlight=False)
    made = pulling.pull(remote, Home.current())
    if as_json:
        print_json(told(made))
        return
    out = console()
    out.print(f"[bold]{made.name}[/bold] in {made.folder}", highlight=False)
    out.print(f"A {_STAGES[remote.stage]} for {_few(made.about.languages)}; licence: {_licence(made)}", highlight=False)
    if remote.card:
        out.print(f"Its own terms: {remote.origin.repository}, {remote.card}", highlight=False, markup=False)
    out.print(f"To use it: `model: {made.name}` in the section {remote.stage} of the assistant's file.", highlight=False)


def verify(name: str) -> None:
    """Of ``rottie models verify``."""
    from flows.steps import pulling
    from schemas.settings import Home

    found = pulling.check(name, Home.current())
    out = console()
    out.print(f"[green]ok[/green] {len(found.about.files)} file(s) have the SHA-256 sums of the manifest", highlight=False)
    out.print(f"[green]ok[/green] it can {'hear' if found.about.stage == 'stt' else 'speak'} on this machine", highlight=False)


def told(one: Pulled) -> dict[str, Any]:
    """Plain values by name."""
    about = one.about
    return {
        "name": one.name,
        "stage": about.stage,
        "languages": list(about.languages),
        "bytes": about.bytes,
        "licence": _licence(one),
        "from": about.origin.label,
        "folder": str(one.folder),
    }


def _starters() -> list[dict[str, Any]]:
    from serve.speech_models import SPEAKS, STARTER, STARTERS

    found = {
        stage: next(iter(sorted((STARTERS / stage).glob(kind))), None) for stage, kind in (("stt", "*.bin"), ("tts", "*.onnx"))
    }
    return [
        {
            "name": STARTER,
            "stage": stage,
            "languages": [SPEAKS],
            "bytes": file.stat().st_size,
            "licence": "Apache-2.0",
            "from": "comes with Rottie",
            "folder": str(file.parent),
        }
        for stage, file in found.items()
        if file is not None
    ]


def _licence(one: Pulled) -> str:
    return one.about.origin.license or "not told by the repository"


def _few(languages: list[str] | tuple[str, ...]) -> str:
    return f"{len(languages)} languages" if len(languages) > 6 else ", ".join(languages)
