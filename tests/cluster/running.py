"""A real stack on ports and in a folder of its own, driven through the command line as a person would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.conftest import free_ports

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Stack:
    home: Path
    env: dict[str, str]
    api: str

    def rottie(self, *words: str, code: int = 0, seconds: int = 420, stream: str = "stdout") -> str:
        """Run the command line; what it printed on ``stream``. The log goes to the failure message."""
        done = subprocess.run(
            [sys.executable, "-m", "rottie.cli", *words], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=seconds
        )
        assert done.returncode == code, (
            f"rottie {' '.join(words)} -> {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        )
        return done.stdout if stream == "stdout" else done.stderr

    def json(self, *words: str, **options: Any) -> Any:
        return json.loads(self.rottie(*words, "--json", **options))

    def prefect(self, *words: str) -> str:
        code = (
            "import os,sys; from rottie.commands.entering import enter; enter(None); "
            "os.execv(sys.executable, [sys.executable, '-m', 'prefect', *sys.argv[1:]])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *words], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def client(self) -> httpx.Client:
        key = (self.home / "api_key").read_text().strip()
        return httpx.Client(base_url=self.api, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)

    def answering(self) -> str:
        """The version that the API says answers."""
        with self.client() as client:
            return client.get("/v1/models").json()["data"][0]["version"]


@contextmanager
def own_stack(**environment: str) -> Iterator[Stack]:
    """A home and ports for a stack, which is stopped at the end; nothing is started yet."""
    home = Path(tempfile.mkdtemp(prefix="rottie-"))
    names = ("API", "PREFECT", "MLFLOW", "RAY_DASHBOARD", "RAY_GCS", "WYOMING")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ROTTIE__", "RAY_", "PREFECT_", "MLFLOW_"))}
    env |= {f"ROTTIE__PROFILE__STACK__PORTS__{name}": str(port) for name, port in ports.items()}
    env |= {"ROTTIE_HOME": str(home), "COLUMNS": "160", **environment}
    stack = Stack(home, env, f"http://127.0.0.1:{ports['API']}")
    try:
        yield stack
    finally:
        stack.rottie("down")
    shutil.rmtree(home, ignore_errors=True)  # kept when the block failed: its logs tell why
