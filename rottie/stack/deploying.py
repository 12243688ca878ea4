"""The Prefect side of a start: the work pool, and `prefect deploy --all` when the flows or prefect.yaml changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from rottie.stack.environment import clean
from rottie.stack.health import prefect_client
from schemas.errors import StackError
from schemas.hashing import content_id, file_sha256, write_atomic
from schemas.settings import Home

STAMP = "deployed.json"  # beside Prefect's database, so that it goes where that goes
DEPLOY_LIMIT_S = 180


def project_root() -> Path:
    """The folder with prefect.yaml, deployments/ and the flows."""
    return Path(__file__).resolve().parent.parent.parent


def prefect_file() -> Path:
    return project_root() / "prefect.yaml"


def ensure_pool(pool: str, variables: Mapping[str, str]) -> None:
    """Create the work pool of type process unless it is there."""
    with prefect_client(variables) as client:
        found = client.get(f"/work_pools/{pool}")
        if found.status_code == 200:
            return
        made = client.post("/work_pools/", json={"name": pool, "type": "process"})
        if made.status_code not in (200, 201, 409):
            raise StackError(f"Prefect refused the work pool: {made.status_code} {made.text[:200]}", where=f"work pool {pool}")


def deploy_all(home: Home, variables: Mapping[str, str]) -> bool:
    """Declare everything in prefect.yaml; False when nothing changed since the last time."""
    if not prefect_file().is_file():
        return False
    digest = declared_digest(variables)
    stamp = home.prefect / STAMP
    if _stamped(stamp) == digest and _deployments(variables) > 0:
        return False
    log = home.logs / "deploy.log"
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    with log.open("wb") as out:
        try:
            done = subprocess.run(
                command,
                cwd=project_root(),
                env={**clean(os.environ), **variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=DEPLOY_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(f"`prefect deploy --all` took over {DEPLOY_LIMIT_S} s", where=str(log)) from error
    if done.returncode != 0:
        raise StackError("`prefect deploy --all` failed", where=str(log), hint="Read the log; `rottie up` tries again.")
    write_atomic(stamp, json.dumps({"digest": digest, "at": time.time()}))
    return True


def declared_digest(variables: Mapping[str, str]) -> str:
    """Of prefect.yaml, the flow files (their parameters are declared too) and the server's address."""
    root = project_root()
    files = [prefect_file(), *sorted((root / "flows").glob("*.py"))]
    return content_id(_sums(files), variables["PREFECT_API_URL"], str(root))


def _sums(files: Iterable[Path]) -> dict[str, str]:
    return {path.name: file_sha256(path) for path in files if path.is_file()}


def _stamped(stamp: Path) -> str | None:
    try:
        return json.loads(stamp.read_text())["digest"]
    except (OSError, ValueError, KeyError):
        return None


def _deployments(variables: Mapping[str, str]) -> int:
    with prefect_client(variables) as client:
        try:
            answer = client.post("/deployments/count", json={})
            return int(answer.json()) if answer.status_code == 200 else 0
        except (httpx.HTTPError, ValueError):
            return 0
