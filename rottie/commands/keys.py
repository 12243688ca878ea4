"""rottie keys: who else may come in to the API, and as whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import typer

from rottie.commands.printing import console, print_json

if TYPE_CHECKING:
    from schemas.action import Role
    from serve.api.keys import Caller

JSON = typer.Option(False, "--json", help="Print JSON.")


def register(app: typer.Typer) -> None:
    ours = typer.Typer(help="Keys of the API: one a device or person, each with a role.", no_args_is_help=True)
    ours.command("add", epilog="Example: rottie keys add --id tablet --role guest --area hall")(add)
    ours.command("list", epilog="Example: rottie keys list")(show_all)
    ours.command("remove", epilog="Example: rottie keys remove --id tablet")(remove)
    app.add_typer(ours, name="keys")


def add(
    name: str = typer.Option(..., "--id", help="Who holds it, as the log of actions names them."),
    role: str = typer.Option(..., help="admin, user, guest or device: what the policy lets them do."),
    area: str | None = typer.Option(None, help="Id of the area where they are: what `the lights` means."),
    as_json: bool = JSON,
) -> None:
    """Make a key and print it.

    It counts at once. `rottie keys remove` withdraws it.
    """
    from rottie.stack.keys import private_folder
    from schemas.errors import KeysUnusable
    from schemas.hashing import write_atomic
    from schemas.settings import Home
    from serve.api.doors import ensure_key, new_key
    from serve.api.keys import Caller, keys_in, marked

    home = Home.current()
    private_folder(home.root, create_only=True)
    ensure_key(home.api_key)
    if any(caller.id == name for caller in keys_in(home.api_key).values()):
        raise KeysUnusable(
            "there is a key with this id", where="--id", hint="Choose another, or withdraw it by `rottie keys remove`."
        )
    caller = Caller(name, cast("Role", role), area)
    try:
        marks = marked(caller)
    except ValueError as error:
        raise KeysUnusable(f"the key {error}", where="rottie keys add") from None
    key, before = new_key(), home.api_key.read_text().rstrip("\n")
    write_atomic(home.api_key, f"{before}\n{key} {marks}\n".lstrip("\n"), 0o600)
    print_json({**_shown(caller), "key": key}) if as_json else print(key)


def remove(name: str = typer.Option(..., "--id", help="Whose key it is."), as_json: bool = JSON) -> None:
    """Withdraw a key, at once; requests that have begun end as they would have.

    Keys without marks have no id: delete their line in ROTTIE_HOME/api_key.
    """
    from schemas.errors import KeysUnusable
    from schemas.hashing import write_atomic
    from schemas.settings import Home
    from serve.api.keys import key_of, keys_in

    path = Home.current().api_key
    keys = {caller.id: key for key, caller in keys_in(path).items()} if path.exists() else {}
    if name not in keys:
        raise KeysUnusable("there is no key with this id", where="--id", hint="`rottie keys list` tells which there are.")
    kept = [line for line in path.read_bytes().splitlines(keepends=True) if key_of(line) != keys[name]]
    write_atomic(path, b"".join(kept), 0o600)
    print_json({"removed": name}) if as_json else print(f"The key of {name} is withdrawn.")


def show_all(as_json: bool = JSON) -> None:
    """List who has a key; the keys themselves stay in their file."""
    from schemas.errors import Unauthorised
    from schemas.settings import Home
    from serve.api.keys import keys_in

    path = Home.current().api_key
    try:
        callers = [*keys_in(path).values()]
    except FileNotFoundError:
        raise Unauthorised("there is no API key", where=str(path), hint="`rottie up` makes the first one.") from None
    if as_json:
        print_json([_shown(caller) for caller in callers])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table("id", "role", "area", box=None, pad_edge=False, header_style="dim")
    for caller in callers:
        table.add_row(*map(Text, (caller.id or "(owner)", caller.role if caller.id else "(the assistant's)", caller.area or "")))
    console().print(table)


def _shown(caller: Caller) -> dict[str, str | None]:
    """A key without marks has none of them."""
    return {"id": caller.id, "role": caller.role if caller.id else None, "area": caller.area}
