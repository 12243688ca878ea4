"""The assistant as it is shipped, behind Ray Serve on a Ray of its own: for benchmarks that talk to it from outside."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from flows.steps.rolling_out import roll_out
from schemas.loading import load_assistant
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve.api.doors import read_key
from tests.cluster.conftest import RayHead, start_ray, stop_tree, wait_for_dashboard
from tests.household import starter

READY_S = 240


@dataclass(frozen=True)
class Served:
    """``url`` and ``key`` of the API."""

    head: RayHead
    url: str
    key: str


def serve_starters(head: RayHead, overrides: tuple[str, ...] = ()) -> Served:
    """Roll the shipped assistant out on ``head``, whose environment is set; ready to hear, answer and speak when it returns."""
    dashboard, gcs = (int(url.rsplit(":", 1)[1]) for url in (head.dashboard, head.address))
    profile = Profile(name="bench", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=dashboard, ray_gcs=gcs)))
    home = Home(head.home)
    roll_out(starter(), load_assistant("home", overrides), profile, home, timeout_s=READY_S)
    served = Served(head, f"http://127.0.0.1:{head.api_port}", read_key(home.api_key))
    _speaks(served)
    return served


def _speaks(served: Served) -> None:
    with httpx.Client(
        base_url=served.url, headers={"Authorization": f"Bearer {served.key}"}, trust_env=False, timeout=30
    ) as http:
        deadline = time.monotonic() + READY_S
        while True:
            body = http.post("/v1/assist", json={"text": "what time is it", "speak": True})
            if body.status_code == 200 and body.json()["audio"]:
                return
            assert time.monotonic() < deadline, body.text
            time.sleep(0.5)


@contextmanager
def served_starters(overrides: tuple[str, ...] = (), proxied: bool = True) -> Iterator[Served]:
    """As the local stack runs it: behind HAProxy, or behind Serve's own proxy."""
    root = Path(tempfile.mkdtemp(prefix="rottie-"))
    process, head = start_ray(root, proxied)
    before = dict(os.environ)
    try:
        wait_for_dashboard(process, head)
        os.environ.pop("RAY_ADDRESS", None)
        os.environ.update(head.env)
        yield serve_starters(head, overrides)
    finally:
        os.environ.clear()
        os.environ.update(before)
        stop_tree(process)
        shutil.rmtree(root, ignore_errors=True)
