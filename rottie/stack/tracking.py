"""Program ``python -m rottie.stack.tracking server ...``: MLflow's server in this very process.

MLflow's command line prepares the database, then starts uvicorn as a child and waits for it with everything it has
imported, 280 MB, still in memory. Here uvicorn runs in the first process, and what it needs is imported once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn


def become(command: Sequence[str], *, extra_env: Mapping[str, str] | None = None, **_: Any) -> NoReturn:
    """Run ``python -m uvicorn ...`` here, where everything that it needs is imported already; exec anything else."""
    os.environ.update(extra_env or {})
    if list(command[1:3]) == ["-m", "uvicorn"]:
        from uvicorn.main import main as serve

        serve(args=list(command[3:]), prog_name="uvicorn")
        raise SystemExit(0)
    os.execvp(command[0], list(command))  # noqa: S606 - no shell is wanted


def main() -> None:
    import mlflow.server
    from mlflow.cli import cli

    if hasattr(mlflow.server, "_exec_cmd"):  # a later MLflow without it starts its child as before
        setattr(mlflow.server, "_exec_cmd", become)  # noqa: B010 - private, hence no plain assignment
    cli(sys.argv[1:], prog_name="mlflow")


if __name__ == "__main__":
    main()
