"""Where state lives: every path below ROTTIE_HOME, named once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigError


@dataclass(frozen=True)
class Home:
    """The folder that holds all state of one installation (ROTTIE_HOME, default ``.rottie`` in the working directory)."""

    root: Path

    @classmethod
    def current(cls) -> Home:
        return cls(Path(os.environ.get("ROTTIE_HOME", ".rottie")).expanduser().resolve())

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def models(self) -> Path:
        """bases/, candidates/, exports/, served/: one content-addressed folder each."""
        return self.root / "models"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def checkpoints(self) -> Path:
        return self.root / "checkpoints"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What the running stack needs: sockets, process ids, generated configuration. Mode 700."""
        return self.root / "run"

    @property
    def secrets(self) -> Path:
        """One secret a file, mode 600, in a folder of mode 700."""
        return self.root / "secrets"

    def secret(self, *, env: str | None = None, file: str | None = None) -> str:
        """A secret out of a variable of the environment or a file in ``secrets``. Raises ConfigError, naming the place."""
        place = f"the variable {env}" if env else str(self.secrets / (file or ""))
        try:
            found = os.environ.get(env, "") if env else (self.secrets / (file or "")).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found.strip():
            raise ConfigError("a secret is missing", where=place, hint=f"Put it into {place}; a file gets mode 600.")
        return found.strip()

    @property
    def mlflow_db(self) -> Path:
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def prefect(self) -> Path:
        return self.root / "prefect"

    @property
    def serve_config(self) -> Path:
        """The last Serve config that was rolled out; the stack applies it again after a restart."""
        return self.root / "serve" / "config.json"

    @property
    def actions_db(self) -> Path:
        """The log of every action."""
        return self.root / "rottie.db"

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of what is kept in tables: the same file as the log of actions."""
        return f"sqlite:///{self.actions_db}"

    @property
    def home_state(self) -> Path:
        """The states of the assistant's home, as they were after the last change."""
        return self.root / "home.json"

    @property
    def api_key(self) -> Path:
        return self.root / "api_key"
