"""The command line. Commands live in rottie.commands, one module a theme; anything heavy is imported when it is needed."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from rottie.commands import (
    actions,
    asking,
    configuration,
    conversations,
    diagnosing,
    keys,
    mcp,
    models,
    running,
    speaking,
    stack,
    talking,
)
from rottie.commands.printing import print_error

EPILOG = "State lives under ROTTIE_HOME (default .rottie). `rottie COMMAND --help` shows an example of each."


class Boundary(TyperGroup):
    """The one place where errors become a panel (or JSON, where --json was asked for) and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        from schemas.errors import RottieError

        as_json = "--json" in [*getattr(ctx, "_protected_args", []), *ctx.args]
        try:
            return super().invoke(ctx)
        except RottieError as error:
            print_error(error, as_json)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(130) from error


app = typer.Typer(
    cls=Boundary,
    name="rottie",
    help="An assistant that its owner trains, and that gets better from its own use.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)
stack.register(app)
running.register(app)
models.register(app)
asking.register(app)
speaking.register(app)
talking.register(app)
mcp.register(app)
conversations.register(app)
actions.register(app)
keys.register(app)
configuration.register(app)
diagnosing.register(app)


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"rottie {installed('rottie')}")
        raise typer.Exit


def main() -> None:
    app()


if __name__ == "__main__":
    main()
