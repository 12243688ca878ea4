"""Secrets of the local stack: made once, one a file, mode 600 in folders of mode 700, never in a log or a command line."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from schemas.errors import StackError
from schemas.hashing import write_atomic
from schemas.settings import Home
from serve.api.doors import new_key
from serve.api.keys import keys_in

MLFLOW_USER = "rottie"


def ray_token_path(home: Home) -> Path:
    return home.secrets / "ray_token"


def prefect_auth_path(home: Home) -> Path:
    return home.secrets / "prefect_auth"


def mlflow_password_path(home: Home) -> Path:
    return home.secrets / "mlflow_password"


def mlflow_session_path(home: Home) -> Path:
    return home.secrets / "mlflow_session_key"


def mlflow_auth_db(home: Home) -> Path:
    return home.root / "mlflow_auth.db"


def make_keys(home: Home) -> list[Path]:
    """Make the secrets that are missing and set every mode; the files made by this call.

    Raises KeysUnusable for a file of API keys that the gateway would refuse.
    """
    private_folder(home.root, create_only=True)
    private_folder(home.secrets)
    made = []
    for path, value in (
        (ray_token_path(home), secrets.token_hex(32)),
        (prefect_auth_path(home), f"rottie:{secrets.token_urlsafe(24)}"),
        (mlflow_password_path(home), secrets.token_urlsafe(24)),
        (mlflow_session_path(home), secrets.token_hex(32)),
        (home.api_key, new_key()),
    ):
        if not path.is_file() or not path.read_text().strip():
            write_atomic(path, value, 0o600)
            made.append(path)
        os.chmod(path, 0o600)
    keys_in(home.api_key)
    if mlflow_password_path(home) in made:
        # MLflow stores the password's hash on its first start and ignores a new one afterwards; the file holds nothing else.
        mlflow_auth_db(home).unlink(missing_ok=True)
    return made


def read_key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise StackError("a secret of the stack is missing", where=str(path), hint="`rottie up` makes it again.") from error


def private_folder(path: Path, *, create_only: bool = False) -> None:
    """Make ``path`` with mode 700; with ``create_only``, an existing folder keeps its mode."""
    existed = path.is_dir()
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (existed and create_only):
        os.chmod(path, 0o700)
