"""A real Ray head on loopback, with a token, ports and folders of its own. Only its own processes are ever stopped."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from rottie.stack import haproxy
from rottie.stack.serving import SERVING

START_S = 90


@dataclass
class RayHead:
    """``env`` is what a client of this cluster needs in its environment; ``api_port`` is free for Serve's proxy."""

    address: str
    dashboard: str
    home: Path
    api_port: int
    env: dict[str, str] = field(default_factory=dict)


def free_ports(count: int) -> list[int]:
    """Ports that nobody holds now, outside 10002-19999, which Ray's workers use."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if not 10002 <= port <= 19999 and port not in found:
            found.append(port)
    return found


def stop_tree(process: subprocess.Popen[bytes]) -> None:
    """End ``process`` and what it started: first in order, by TERM to the parent, then whatever is left."""
    try:
        tree = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        tree = []
    process.terminate()
    try:
        process.wait(4)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    for child in tree:
        if child.is_running():  # compares the start time too: never a stranger with the same id
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
    psutil.wait_procs(tree, timeout=5)


def start_ray(root: Path, proxied: bool = True) -> tuple[subprocess.Popen[bytes], RayHead]:
    """As the local stack runs it: behind HAProxy, or behind Serve's own proxy. The path of ``root`` has to be short."""
    gcs, client, dashboard, api = free_ports(4)
    home = root / "home"
    (home / "logs").mkdir(parents=True)
    token = root / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    url = f"http://127.0.0.1:{dashboard}"
    env = {
        "ROTTIE_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_API_SERVER_ADDRESS": url,
        "RAY_DASHBOARD_ADDRESS": url,
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **SERVING,
        **(haproxy.settings(root / "h") if proxied else {}),
    }
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"]
    command += ["--node-ip-address=127.0.0.1", f"--port={gcs}", f"--ray-client-server-port={client}", "--log-color=false"]
    command += ["--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
    command += ["--dashboard-agent-listen-port=0", "--num-cpus=4", f"--object-store-memory={150 * 2**20}"]
    command += [f"--temp-dir={root / 'ray'}"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    temporary = root / "tmp"  # what killed replicas leave behind goes with the rest
    temporary.mkdir()
    with (home / "logs" / "ray.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=inherited | env | {"TMPDIR": str(temporary)}, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    return process, RayHead(f"127.0.0.1:{gcs}", url, home, api, env)


def wait_for_dashboard(process: subprocess.Popen[bytes], head: RayHead) -> None:
    token = Path(head.env["RAY_AUTH_TOKEN_PATH"]).read_text()
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{head.dashboard}/api/version", headers={"Authorization": f"Bearer {token}"}).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise RuntimeError(f"Ray did not start:\n{(head.home / 'logs' / 'ray.log').read_text()[-2000:]}")


@pytest.fixture(scope="module")
def ray_head() -> Iterator[RayHead]:
    """One cluster for a module; its environment is set while the module's tests run."""
    # Not pytest's own folder: its path is too long for Ray's sockets.
    root = Path(tempfile.mkdtemp(prefix="rottie-", dir=tempfile.gettempdir()))
    process, head = start_ray(root)
    patch = pytest.MonkeyPatch()
    try:
        wait_for_dashboard(process, head)
        patch.delenv("RAY_ADDRESS", raising=False)
        for name, value in head.env.items():
            patch.setenv(name, value)
        yield head
    finally:
        patch.undo()
        stop_tree(process)
        shutil.rmtree(root, ignore_errors=True)
