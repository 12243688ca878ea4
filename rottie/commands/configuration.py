"""rottie config show: every value of a declaration, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from rottie.commands.printing import console, print_json

KINDS = ("pipeline", "profile", "assistant")


def register(app: typer.Typer) -> None:
    config = typer.Typer(no_args_is_help=True, help="Look at declarations.")
    config.command(epilog="Example: rottie config show pipeline starter --set training.steps=10")(show)
    app.add_typer(config, name="config")


def show(
    kind: str = typer.Argument(..., help=f"One of: {', '.join(KINDS)}."),
    name: str = typer.Argument(..., help="File under deployments/, or a path that ends in .yaml."),
    overrides: list[str] = typer.Option([], "--set", help="Try an override: dotted.key=value; may be repeated."),  # noqa: B008
    changed: bool = typer.Option(False, "--changed", help="Only values that are not defaults."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: key -> value, origin."),
) -> None:
    """Every value of a pipeline, profile or assistant, and where it comes from.

    The origin is a file with its line, an environment variable, --set or the default.
    """
    rows = resolved(kind, name, overrides)
    if changed:
        rows = {key: row for key, row in rows.items() if row["origin"] != "default"}
    if as_json:
        print_json(rows)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("key", "value", "origin"):
        table.add_column(column, overflow="fold")
    for key, row in rows.items():
        origin = str(row["origin"])
        style = "dim" if origin == "default" else "yellow" if origin.startswith(("--set", "environment")) else ""
        table.add_row(Text(key, style="bold" if style != "dim" else ""), Text(_shown(row["value"])), Text(origin, style=style))
    console().print(table)


def resolved(kind: str, name: str, overrides: list[str]) -> dict[str, dict[str, Any]]:
    """Dotted key -> value, origin, in the order of the schema. Raises ConfigError."""
    from schemas.assistant import Assistant
    from schemas.errors import ConfigError
    from schemas.loading import load
    from schemas.pipeline import Pipeline
    from schemas.profile import Profile

    kinds = {"pipeline": Pipeline, "profile": Profile, "assistant": Assistant}
    if kind not in kinds:
        raise ConfigError(f"there is no declaration of kind {kind!r}", where="KIND", hint=f"Choose one of: {', '.join(KINDS)}.")
    loaded = load(kinds[kind], name, [item.removeprefix(f"{kind}.") for item in overrides])
    return {
        key: {"value": value, "origin": _origin(key, loaded.origins)}
        for key, value in _leaves(loaded.value.model_dump(mode="json"))
    }


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of scalars, empty containers and lists of scalars."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}".lstrip("."))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{key}.{index}".lstrip("."))
    else:
        yield key, value


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """Of the key itself, of an element of its list, or of a whole mapping given by the environment or --set."""
    if key in origins:
        return origins[key]
    inside = [origin for known, origin in origins.items() if known.startswith(f"{key}.")]
    if inside:
        return inside[0]
    parent = key.rpartition(".")[0]
    while parent:
        origin = origins.get(parent, "")
        if origin.startswith(("--set", "environment")):
            return origin
        parent = parent.rpartition(".")[0]
    return "default"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "[]"
    return "-" if value is None else str(value)
