"""What serving costs: a chat through the whole path against the Answerer called directly, swaps under load, memory.

``python -m tests.bench.serving`` starts a Ray of its own, prints a table and writes bench-results/serving.json. The pairs
alternate, so that both sides see the same machine; the ratio's interval is a bootstrap over pairs.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil

from flows.steps.rolling_out import roll_out
from schemas.artifacts import ModelRef
from schemas.assistant import Assistant, Limits, LlmEngine
from schemas.conversation import Message
from schemas.profile import Ports, Profile, Stack
from schemas.settings import Home
from serve.api.doors import read_key
from serve.engines.protocol import Sampling
from serve.models import open_model
from serve.turn import Answerer, TurnRequest
from tests.cluster.conftest import RayHead, start_ray, stop_tree, wait_for_dashboard
from tests.tiny import write_export

PAIRS, SWAPS, CLIENTS, TOKENS = 200, 6, 8, 16
TEXT = "turn on the hall lamp"
ENGINE = LlmEngine(kind="xllamacpp", context=512, slots=4)
ASSISTANT = Assistant(name="bench", engine=ENGINE, limits=Limits(max_tokens=64, queue=64))
BODY = {"model": "champion", "messages": [{"role": "user", "content": TEXT}], "max_tokens": TOKENS}


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"p50_ms": round(statistics.median(ordered), 2), "p95_ms": round(ordered[int(len(ordered) * 0.95)], 2)}


def difference(pairs: list[tuple[float, float]], resamples: int = 2000) -> dict[str, float]:
    """Median of (served - direct) in ms, with its 95% bootstrap interval."""
    gaps = [served - direct for direct, served in pairs]
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(gaps, k=len(gaps))) for _ in range(resamples))
    low, high = medians[int(resamples * 0.025)], medians[int(resamples * 0.975)]
    return {"median_ms": round(statistics.median(gaps), 2), "low_ms": round(low, 2), "high_ms": round(high, 2)}


async def direct(answerer: Answerer) -> float:
    request = TurnRequest(messages=(Message(role="user", content=TEXT),), sampling=Sampling(max_tokens=TOKENS))
    began = time.perf_counter()
    async for _ in answerer.answer(request):
        pass
    return (time.perf_counter() - began) * 1000


async def served(http: httpx.AsyncClient, stream: bool) -> float:
    began = time.perf_counter()
    reply = await http.post("/v1/chat/completions", json={**BODY, "stream": stream})
    assert reply.status_code == 200, reply.text
    return (time.perf_counter() - began) * 1000


async def latencies(url: str, key: str, folder: Path) -> dict[str, Any]:
    answerer = open_model(folder, ENGINE)
    headers = {"Authorization": f"Bearer {key}"}
    plain: list[tuple[float, float]] = []
    streamed: list[tuple[float, float]] = []
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
        for number in range(PAIRS + 20):
            one, two, three = await direct(answerer), await served(http, False), await served(http, True)
            if number >= 20:  # the first ones warm caches up
                plain.append((one, two))
                streamed.append((one, three))
    answerer.close()
    return {
        "direct": quantiles([a for a, _ in plain]),
        "served_plain": quantiles([b for _, b in plain]),
        "served_stream": quantiles([b for _, b in streamed]),
        "added_plain": difference(plain),
        "added_stream": difference(streamed),
    }


def throughput(url: str, key: str, seconds: float = 8) -> dict[str, float]:
    """Plain requests a second with CLIENTS at once."""
    with Load(url, key) as load:
        time.sleep(2)
        before, began = load.total, time.perf_counter()
        time.sleep(seconds)
        rate = (load.total - before) / (time.perf_counter() - began)
    return {"clients": CLIENTS, "requests_per_s": round(rate, 1), "failed": load.failed}


class Load:
    def __init__(self, url: str, key: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(url, key, i)) for i in range(CLIENTS)]

    def _ask(self, url: str, key: str, number: int) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
            while not self._stop.is_set():
                try:
                    reply = http.post("/v1/chat/completions", json={**BODY, "stream": bool(number % 2)})
                    ok = reply.status_code == 200 and '"error"' not in reply.text
                    self.outcomes["ok" if ok else f"HTTP {reply.status_code}"] += 1
                except httpx.HTTPError as error:
                    self.outcomes[type(error).__name__] += 1

    @property
    def total(self) -> int:
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        return self.total - self.outcomes["ok"]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def swaps(url: str, key: str, refs: list[ModelRef], profile: Profile, home: Home) -> dict[str, Any]:
    seconds = []
    with Load(url, key) as load:
        for number in range(SWAPS):
            began = time.perf_counter()
            roll_out(refs[(number + 1) % 2], ASSISTANT, profile, home)
            seconds.append(time.perf_counter() - began)
    median = round(statistics.median(seconds), 2)
    return {"swaps": SWAPS, "requests": load.total, "failed": load.failed, "seconds_a_swap": median, "outcomes": load.outcomes}


def memory(head: RayHead) -> dict[str, float]:
    """Proportional set size in MiB of the processes of this Ray, by title: pages shared between them count once."""
    sizes: Counter[str] = Counter()
    for process in psutil.process_iter(["environ", "cmdline", "name"]):
        if (process.info["environ"] or {}).get("ROTTIE_HOME") != str(head.home) or process.pid == os.getpid():
            continue
        line = process.info["cmdline"] or [process.info["name"]]
        words = [word for word in line if not word.startswith("-")]
        name = words[min(1, len(words) - 1)] if "python" in words[0] else words[0]
        sizes[Path(name.split(" ")[0].rpartition(":")[2]).name] += process.memory_full_info().pss / 2**20
    table = {name: round(size) for name, size in sizes.most_common(12)}
    return {"total": round(sum(sizes.values())), **table}


def reference(root: Path, version: str) -> ModelRef:
    manifest = write_export(root / version, seed=int(version))
    digest = manifest.files[manifest.serve]
    return ModelRef(name="rottie-llm", version=version, candidate="c", path=str(root / version), sha256=digest)


def main() -> None:
    root = Path(tempfile.mkdtemp(prefix="rottie-"))
    process, head = start_ray(root)
    try:
        wait_for_dashboard(process, head)
        os.environ.update(head.env)
        home, refs = Home(head.home), [reference(root, "1"), reference(root, "2")]
        dashboard, gcs = (int(url.rsplit(":", 1)[1]) for url in (head.dashboard, head.address))
        profile = Profile(name="bench", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=dashboard, ray_gcs=gcs)))
        began = time.perf_counter()
        roll_out(refs[0], ASSISTANT, profile, home)
        first = round(time.perf_counter() - began, 1)
        url, key = f"http://127.0.0.1:{head.api_port}", read_key(home.api_key)
        result: dict[str, Any] = {"first_roll_out_s": first}
        result["latency"] = asyncio.run(latencies(url, key, Path(refs[0].path)))
        result["throughput"] = throughput(url, key)
        result["swaps_under_load"] = swaps(url, key, refs, profile, home)
        result["memory_mib"] = memory(head)
    finally:
        stop_tree(process)
        shutil.rmtree(root, ignore_errors=True)
    target = Path("bench-results")
    target.mkdir(exist_ok=True)
    (target / "serving.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
