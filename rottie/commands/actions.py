"""rottie actions: what was done in the home, by whom, and what came of it."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Any

import typer

from rottie.commands.asking import send
from rottie.commands.printing import console, print_json

LOOK_S = 1.0  # between two looks


def register(app: typer.Typer) -> None:
    app.command("actions", epilog="Example: rottie actions --limit 5")(show)


def show(
    limit: int = typer.Option(20, min=1, max=100, help="How many rows, from the newest back, or after --after."),
    after: int | None = typer.Option(None, min=0, help="The number of the last row that is known."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on with what is done from now on, until Ctrl-C."),
    as_json: bool = typer.Option(False, "--json", help="Print the rows as the API gives them; with --follow one a line."),
) -> None:
    """Show the log of actions, oldest first.

    A call that changes something has two rows; of these the table leaves out the first, unless its end is missing.
    """
    rows = _rows(limit, after)
    if not follow:
        print_json({"actions": rows}) if as_json else _print(rows)
        return
    last = after or 0
    while True:
        if rows and as_json:
            sys.stdout.write("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
            sys.stdout.flush()
        elif rows:
            _print(rows, head=False)
        last = rows[-1]["seq"] if rows else last
        time.sleep(LOOK_S)
        rows = _rows(100, last)


def _rows(limit: int, after: int | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query = f"?limit={limit}" + ("" if after is None else f"&after={after}")
    send("GET", f"/v1/actions{query}", None, None, lambda page: found.extend(page["actions"]))
    return found


def _print(rows: list[dict[str, Any]], head: bool = True) -> None:
    from rich.table import Table
    from rich.text import Text

    ended = {row["action_id"] for row in rows if row["phase"] != "begun"}
    columns = ("no", "when", "who", "role", "what", "came of it")
    table = Table(*columns, box=None, pad_edge=False, header_style="dim", show_header=head)
    for row in rows:
        if row["phase"] != "begun" or row["action_id"] not in ended:
            cells = (str(row["seq"]), _when(row["at"]), row["actor"], row["role"], _call(row), _outcome(row))
            table.add_row(*map(Text, cells))
    console().print(table if rows else "Nothing was done.")


def _call(row: dict[str, Any]) -> str:
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in row["arguments"].items())
    return f"{row['tool']}({given})"


def _outcome(row: dict[str, Any]) -> str:
    """``done: light.hall_lamp off -> on``, or why not."""
    error = (row["result"] or {}).get("error")
    if error is not None:
        return f"{row['phase']}: {error['message']}"
    before, after = row["before"] or {}, row["after"] or {}
    changed = [f"{name} {_state(before.get(name))} -> {_state(after.get(name))}" for name in after]
    return f"{row['phase']}{': ' if changed else ''}{', '.join(changed)}"


def _state(state: dict[str, Any] | None) -> str:
    return "nothing" if state is None else state["state"]


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
