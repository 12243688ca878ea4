"""rottie models (list, pull, info, verify), promote, rollback. Recognisers and voices: rottie/commands/speech_models.py."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from rottie.commands import speech_models
from rottie.commands.entering import enter
from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    from rich.console import Console

MODEL = "rottie-llm"
MODEL_HELP = "The registered model."
PLACE_HELP = "A GGUF file, a model folder, VERSION or NAME/VERSION; or a recogniser or a voice by its name."
MOVE_JSON_HELP = "Print the champion as JSON on stdout; the log goes to stderr."


class _ListByDefault(TyperGroup):
    """``rottie models`` and ``rottie models NAME`` are ``rottie models list``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["list", *args])


def register(app: typer.Typer) -> None:
    group = typer.Typer(cls=_ListByDefault, help="Models: those in the registry, files, and those on the Hugging Face hub.")
    group.command("list", epilog="Example: rottie models list --json | jq '.[0].lineage'")(models)
    group.command(epilog="Example: rottie models pull Qwen/Qwen2.5-1.5B-Instruct-GGUF:Q4_K_M")(pull)
    group.command(epilog="Example: rottie models info 3")(info)
    group.command(epilog="Example: rottie models verify model-q8_0.gguf")(verify)
    speech_models.register(group)
    app.add_typer(group, name="models", epilog="Example: rottie models --json")
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
        if row.get("origin"):
            parents += f"\n[dim]pulled[/dim] {row['origin']}"
        created = str(row.get("created", ""))[:16].replace("T", " ")
        table.add_row(f"[bold]{row['name']}/{row['version']}[/bold]", alias, created, shown, parents)
    out.print(table)


def _telling(metric: str) -> bool:
    return metric.rpartition(".")[2] in ("exact_match", "valid_call_rate", "latency_p50_ms", "tokens_per_s")


def pull(
    name: str = typer.Argument(
        ...,
        metavar="OWNER/NAME[:FILE]",
        help="On the hub, and which file, quantisation or voice of it; a language lists its voices.",
    ),
    revision: str | None = typer.Option(None, "--revision", help="A commit, tag or branch; main by default."),
    model: str = typer.Option(MODEL, "--model", help="The registered model that it becomes a version of."),
    called: str | None = typer.Option(
        None, "--as", help="What a recogniser or a voice is called here; as on the hub by default."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Download a model and check it: GGUF, a recogniser of faster-whisper's, or a Piper voice.

    A GGUF model is registered as a version, and not promoted. A recogniser or a voice is kept under a name, for stt.model or
    tts.model of the assistant's file. An interrupted download goes on where it ended. HF_TOKEN opens what is not public,
    HF_ENDPOINT names another hub.
    """
    from flows.steps import downloading, pulling
    from schemas.settings import Home

    listing = downloading.look(name, revision)
    if (spoken := pulling.speech_in(listing, called)) is not None:
        speech_models.pull(spoken, as_json)
        return
    from flows.steps import registering

    enter(None)
    home, err = Home.current(), console(stderr=True)
    remote = downloading.weights_in(listing)
    err.print(f"{remote.origin.label}, {remote.size / 1e9:.2f} GB", markup=False, highlight=False)
    exported = downloading.pull(remote, home)
    ref = registering.register_pulled(exported, model, home)
    if as_json:
        print_json(ref.model_dump() | {"origin": remote.origin.model_dump()})
        return
    out = console()
    out.print(f"[bold]{ref.label}[/bold] in {ref.path}")
    of_it = "" if model == MODEL else f" --model {model}"
    out.print(f"Not scored here. To let it answer: rottie promote {ref.version}{of_it} --unscored", highlight=False)


def info(
    place: str = typer.Argument(..., metavar="FILE_OR_VERSION", help=PLACE_HELP),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """What a model file says about itself: family, size, quantisation, context, chat template, licence, SHA-256 sum."""
    from serve.model_info import info as described
    from serve.speech_models import pulled_one

    spoken = pulled_one(place)
    found = speech_models.told(spoken) if spoken is not None else described(_folder(place))
    if as_json:
        print_json(found)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    for key, value in found.items():
        if value is not None:
            many = isinstance(value, dict)
            shown = "\n".join(f"{k} {v}" for k, v in value.items() if v is not None) if many else _figure(value)
            table.add_row(f"[dim]{key.replace('_', ' ')}[/dim]", Text(shown))
    console().print(table)


def verify(
    place: str = typer.Argument(..., metavar="FILE_OR_VERSION", help=PLACE_HELP),
    engine: str = typer.Option("xllamacpp", "--engine", help="xllamacpp or llama_cpp: what it is decoded with."),
) -> None:
    """Check a model: its SHA-256 sums, its header, its chat template, and a decode in a process of its own."""
    from schemas.errors import ConfigError
    from serve.model_info import check
    from serve.speech_models import pulled_one

    if pulled_one(place) is not None:
        speech_models.verify(place)
        return
    if engine not in ("xllamacpp", "llama_cpp"):
        raise ConfigError(f"there is no engine {engine!r}", where="--engine", hint="Choose xllamacpp or llama_cpp.")
    out = console()
    for found in check(_folder(place), engine):
        out.print(f"[green]ok[/green] {found}", highlight=False)


def _folder(place: str) -> Path:
    """A path that exists is meant before a version of that name."""
    path = Path(place).expanduser()
    name, _, version = place.rpartition("/")
    if path.exists() or not version.isdigit():
        return path
    enter(None)
    from flows.steps.registering import located

    return Path(located(name or MODEL, version).path)


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def promote(
    version: str = typer.Argument("", help="The version; the newest that was scored by default."),
    model: str = typer.Option(MODEL, "--model", help=MODEL_HELP),
    profile: str | None = typer.Option(None, "--profile", "-w", help="Where it answers; the running stack by default."),
    unscored: bool = typer.Option(False, "--unscored", help="Also a downloaded model that was never scored here."),
    as_json: bool = typer.Option(False, "--json", help=MOVE_JSON_HELP),
) -> None:
    """Make a version the champion by hand, past the gate.

    It answers as soon as it is loaded beside the old one; no request fails meanwhile.
    """
    _move("promote", {"model": model, "version": version, "unscored": unscored}, profile, as_json)


def rollback(
    model: str = typer.Option(MODEL, "--model", help=MODEL_HELP),
    profile: str | None = typer.Option(None, "--profile", "-w", help="Where it answers; the running stack by default."),
    as_json: bool = typer.Option(False, "--json", help=MOVE_JSON_HELP),
) -> None:
    """Let the version that was champion before answer again.

    Retraining won't promote the one left behind by itself.
    """
    _move("rollback", {"model": model}, profile, as_json)


def _move(flow: str, parameters: dict[str, Any], profile: str | None, as_json: bool) -> None:
    from rottie.commands.running import run_here

    place, _ = enter(profile)
    # Libraries print as they please: with --json, stdout is kept for the result.
    with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
        result = run_here(flow, {**parameters, "profile": profile or place.name}, console(stderr=as_json))
    if as_json:
        print_json(result.model_dump(mode="json"))
