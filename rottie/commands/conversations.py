"""rottie conversations: what was said and done before, as the API keeps it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

from rottie.commands.asking import newest, print_action, send
from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

ID = typer.Argument(..., metavar="ID|last", help="The conversation.")
JSON = typer.Option(False, "--json", help="Print the API's reply as it is.")


def register(app: typer.Typer) -> None:
    ours = typer.Typer(help="Conversations that are kept on this machine.", no_args_is_help=True)
    ours.command("list", epilog="Example: rottie conversations list --limit 5")(show_all)
    ours.command("show", epilog="Example: rottie conversations show last")(show_one)
    ours.command("delete", epilog="Example: rottie conversations delete last")(delete)
    app.add_typer(ours, name="conversations")


def show_all(
    limit: int = typer.Option(20, min=1, max=100, help="How many."),
    after: str | None = typer.Option(None, metavar="ID", help="The last one of the page before."),
    as_json: bool = JSON,
) -> None:
    """List conversations, those that were spoken in last first."""
    query = f"?limit={limit}" + (f"&after={quote(after, safe='')}" if after else "")
    send("GET", f"/v1/conversations{query}", None, None, print_json if as_json else _print_page)


def show_one(
    name: str = ID,
    limit: int = typer.Option(50, min=1, max=100, help="How many turns, from the newest back."),
    as_json: bool = JSON,
) -> None:
    """Show what was said and done in a conversation."""
    send("GET", f"{_path(name)}?limit={limit}", None, None, print_json if as_json else _print_one)


def delete(name: str = ID, as_json: bool = JSON) -> None:
    """Delete a conversation with all that was said in it."""
    done: Callable[[Any], None] = print_json if as_json else lambda _: console().print("Deleted.")
    send("DELETE", _path(name), None, None, done)


def _path(name: str) -> str:
    from schemas.errors import ConversationMissing

    chosen = newest() if name == "last" else name
    if chosen is None:
        raise ConversationMissing("no conversation is kept", hint="Begin one: rottie ask hello.")
    return f"/v1/conversations/{quote(chosen, safe='')}"


def _print_page(page: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("title", "turns", "last", "id", box=None, pad_edge=False, header_style="dim")
    for head in page["data"]:
        table.add_row(*map(Text, (head["title"], str(head["turns"]), _when(head["updated"]), head["id"])))
    console().print(table if page["data"] else "No conversation is kept.")


def _print_one(kept: dict[str, Any]) -> None:
    out = console()
    out.print(f"{kept['title']}, since {_when(kept['created'])}", style="bold", markup=False, highlight=False)
    if kept["has_more"]:
        out.print("Older turns are left out: --limit tells how many are shown.", style="dim")
    for turn in kept["exchanges"]:
        out.print(f"> {turn['text'] or '(confirmed)'}", markup=False, highlight=False)
        for action in turn["actions"]:
            print_action(action)
        out.print(turn["reply"] + ("" if turn["complete"] else " [broken off]"), markup=False, highlight=False)


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
