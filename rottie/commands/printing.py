"""How commands print: tables and panels for people on a terminal, JSON for programs, errors on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.errors import RottieError


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr)


def print_json(value: Any) -> None:
    """One JSON document on stdout, without colours or wrapping."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_error(error: RottieError, as_json: bool) -> None:
    if as_json:
        sys.stderr.write(json.dumps({"error": error.as_dict()}, ensure_ascii=False) + "\n")
        return
    from rich.panel import Panel
    from rich.text import Text

    text = Text(error.message, style="bold")
    if error.where:
        text.append(f"\n{error.where}", style="cyan not bold")
    text.append(f"\n{error.hint}", style="not bold")
    console(stderr=True).print(Panel(text, title=error.code, title_align="left", border_style="red", expand=False))


def ago(seconds: float) -> str:
    """``seconds`` in one or two units: 42s, 3m 05s, 2h 10m, 4d 3h."""
    whole = int(seconds)
    for unit, size, below, small in (("d", 86400, 3600, "h"), ("h", 3600, 60, "m"), ("m", 60, 1, "s")):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // below:02d}{small}"
    return f"{whole}s"
