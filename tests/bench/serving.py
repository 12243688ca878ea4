"""What Serve, the gateway and the turn loop add to the engine alone, ten swaps under load, memory.

    python -m tests.bench.serving [python|haproxy ...]

Starts a Ray of its own for each proxy, prints JSON and writes bench-results/serving.json. Both sides alternate within one
run, so that they see the same machine, and a control measures the engine against itself; intervals are bootstraps.
"""

from __future__ import annotations

import asyncio
import collections
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from flows.steps.rolling_out import apply, last_good, roll_out
from schemas.artifacts import ModelManifest, ModelRef
from schemas.assistant import Assistant, Limits, LlmEngine
from schemas.conversation import Message
from schemas.hashing import file_sha256, write_json
from schemas.pipeline import Decoding
from schemas.profile import Ports, Profile, Stack
from schemas.prompt import render_prompt
from schemas.settings import Home
from serve.api.doors import read_key
from serve.engines.protocol import Finished, Sampling
from serve.engines.xllamacpp import XllamacppEngine
from tests.bench import bare
from tests.bench.comparing import alternated, interval, keep
from tests.bench.weights import THIRTY_MILLION, write_random
from tests.cluster.conftest import RayHead, start_ray, stop_tree, wait_for_dashboard
from tests.cluster.load import MESSAGES, Load, plain
from tests.tiny import write_export

PAIRS, WINDOWS, WINDOW_S, SWAPS, CLIENTS = 200, 15, 1.0, 10, 8
TOKENS, LONG = 16, 64
PROXIES = ("python", "haproxy")
ENGINE = LlmEngine(kind="xllamacpp", context=2048, slots=CLIENTS)
ASSISTANT = Assistant(name="bench", engine=ENGINE, limits=Limits(max_tokens=1500, queue=64))
PROMPT = render_prompt(tuple(Message.model_validate(message) for message in MESSAGES), (), ())


def middle(values: list[float]) -> dict[str, float]:
    """The median with its interval."""
    low, high = interval(values)
    return {"median": round(statistics.median(values), 2), "low": round(low, 2), "high": round(high, 2)}


class Direct:
    """The engine alone in this process, with an event loop of its own."""

    def __init__(self, folder: Path) -> None:
        document = json.loads((folder / "model.json").read_text())
        self._engine = XllamacppEngine(folder / document["serve"], context=ENGINE.context, slots=CLIENTS)
        self._runner = asyncio.Runner()

    async def _one(self, tokens: int, stream: bool) -> int:
        async for piece in self._engine.generate(PROMPT, Sampling(max_tokens=tokens, in_one=not stream)):
            if isinstance(piece, Finished):
                return piece.completion_tokens
        return 0

    def milliseconds(self, stream: bool) -> float:
        began = time.perf_counter()
        self._runner.run(self._one(TOKENS, stream))
        return (time.perf_counter() - began) * 1000

    def tokens_per_s(self, stream: bool) -> float:
        """CLIENTS at once for WINDOW_S; what was begun is finished and counted."""
        began = time.perf_counter()

        async def ask() -> int:
            count = 0
            while time.perf_counter() - began < WINDOW_S:
                count += await self._one(LONG, stream)
            return count

        async def together() -> list[int]:
            return await asyncio.gather(*(ask() for _ in range(CLIENTS)))

        return sum(self._runner.run(together())) / (time.perf_counter() - began)

    def close(self) -> None:
        self._engine.close()
        self._runner.close()


class Line:
    """One connection to the API: a request is written at once, a reply read to its end.

    httpx takes a millisecond of its own for that, the standard library's client 0.1 to 0.2 and two packets.
    """

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._connect()
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n".encode()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The body of the reply, which must be a 200. A proxy that took on other applications has closed what was idle."""
        raw = json.dumps(body).encode()
        first = f"POST {path} HTTP/1.1\r\nContent-Length: {len(raw)}\r\n".encode()
        self._socket.sendall(first + self._head + b"\r\n" + raw)
        if not (status := self._reader.readline()):
            self.close()
            self._connect()
            self._socket.sendall(first + self._head + b"\r\n" + raw)
            status = self._reader.readline()
        length, chunked = 0, False
        while (header := self._reader.readline().lower()).strip():
            name, _, value = header.partition(b":")
            length = int(value) if name == b"content-length" else length
            chunked = chunked or (name == b"transfer-encoding" and b"chunked" in value)
        found = b"".join(self._chunks()) if chunked else self._reader.read(length)
        assert b" 200 " in status, (status, found[:300])
        return found

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._reader.readline(), 16):
            yield self._reader.read(size)
            self._reader.readline()
        self._reader.readline()

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


class Served:
    """The same through the whole path."""

    def __init__(self, head: RayHead, key: str) -> None:
        self._port, self._key = head.api_port, key
        self._line = Line(self._port, key)

    def bare_milliseconds(self) -> float:
        """Through the same proxy, over the same hops, with nothing to do."""
        began = time.perf_counter()
        assert self._line.post(bare.ROUTE, {"messages": MESSAGES})
        return (time.perf_counter() - began) * 1000

    @staticmethod
    def _post(line: Line, tokens: int, stream: bool) -> bytes:
        body = {"model": "champion", "messages": MESSAGES, "max_tokens": tokens, "tools": [], "stream": stream}
        return line.post("/v1/chat/completions", body | ({"stream_options": {"include_usage": True}} if stream else {}))

    def milliseconds(self, stream: bool) -> float:
        began = time.perf_counter()
        self._post(self._line, TOKENS, stream)
        return (time.perf_counter() - began) * 1000

    def tokens_per_s(self, stream: bool) -> float:
        began, counts = time.perf_counter(), [0] * CLIENTS

        def ask(number: int) -> None:
            line = Line(self._port, self._key)
            while time.perf_counter() - began < WINDOW_S:
                raw = self._post(line, LONG, stream)
                last = raw.rsplit(b"data: ", 2)[1] if stream else raw
                counts[number] += json.loads(last)["usage"]["completion_tokens"]
            line.close()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - began)


def latency(direct: Direct, served: Served) -> dict[str, Any]:
    """What is added, in ms: the difference of neighbours, a plain answer against the engine's in one piece and a streamed one
    against its stream. The control is the engine against itself; ``bare_serve`` is what Ray Serve takes by itself for the same
    hops.
    """
    sides: dict[str, Callable[[], float]] = {
        "direct_plain": lambda: direct.milliseconds(False),
        "direct_stream": lambda: direct.milliseconds(True),
        "again": lambda: direct.milliseconds(True),
        "plain": lambda: served.milliseconds(False),
        "stream": lambda: served.milliseconds(True),
        "bare": served.bare_milliseconds,
    }
    found = alternated(sides, PAIRS, warm=20)
    against = {"again": "direct_stream", "plain": "direct_plain", "stream": "direct_stream"}
    gaps = {name: [b - a for a, b in zip(found[alone], found[name], strict=True)] for name, alone in against.items()}
    p50 = {name: round(statistics.median(values), 2) for name, values in found.items()}
    added = {f"added_{name}": middle(gaps[name]) for name in ("plain", "stream")}
    return {"p50_ms": p50, "control": middle(gaps["again"]), "bare_serve": middle(found["bare"]), **added}


def throughput(direct: Direct, served: Served) -> dict[str, Any]:
    """Tokens/s with CLIENTS at once as a ratio to the engine alone, windows alternating; pairs as in ``latency``."""
    sides: dict[str, Callable[[], float]] = {
        "direct_plain": lambda: direct.tokens_per_s(False),
        "direct_stream": lambda: direct.tokens_per_s(True),
        "control": lambda: direct.tokens_per_s(True),
        "plain": lambda: served.tokens_per_s(False),
        "stream": lambda: served.tokens_per_s(True),
    }
    found = alternated(sides, WINDOWS, warm=1)
    result: dict[str, Any] = {"clients": CLIENTS}
    for name in ("direct_plain", "direct_stream"):
        result[f"{name}_tokens_per_s"] = round(statistics.median(found[name]), 1)
    against = {"control": "direct_stream", "plain": "direct_plain", "stream": "direct_stream"}
    return result | {
        name: middle([b / a for a, b in zip(found[alone], found[name], strict=True)]) for name, alone in against.items()
    }


def swaps(url: str, key: str, refs: list[ModelRef], profile: Profile, home: Home) -> dict[str, Any]:
    """Clients compare every reply with the whole one of the version that it names; streams are longer than a swap."""
    tokens, expected = 1200, {}
    for ref in refs:
        roll_out(ref, ASSISTANT, profile, home)
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=90) as client:
            body = {"model": "champion", "messages": MESSAGES}
            long, short = (plain(client, {**body, "max_tokens": count}) for count in (tokens, 8))
        expected[ref.label] = {"stream": long.text, "plain": short.text}
    seconds = []
    with Load(url, key, expected, CLIENTS, tokens) as load:
        for number in range(SWAPS):
            before = load.streams.total()
            began = time.perf_counter()
            roll_out(refs[number % 2], ASSISTANT, profile, home)
            seconds.append(time.perf_counter() - began)
            while load.streams.total() < before + 4:
                time.sleep(0.1)
    return {
        "swaps": SWAPS,
        "seconds_a_swap": round(statistics.median(seconds), 2),
        "replies": load.outcomes.total(),
        "streams": load.streams.total(),
        "not_whole": load.failures,
    }


def memory(head: RayHead) -> dict[str, float]:
    """Proportional set size in MiB of the processes of this Ray, by title: pages shared between them count once."""
    sizes: dict[str, float] = collections.defaultdict(float)
    for process in psutil.process_iter(["environ", "cmdline", "name"]):
        if (process.info["environ"] or {}).get("ROTTIE_HOME") != str(head.home) or process.pid == os.getpid():
            continue
        line = process.info["cmdline"] or [process.info["name"]]
        words = [word for word in line if not word.startswith("-")]
        name = words[min(1, len(words) - 1)] if "python" in words[0] else words[0]
        sizes[Path(name.split(" ")[0].rpartition(":")[2]).name] += process.memory_full_info().pss / 2**20
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:12]
    table = {name: round(size) for name, size in largest}
    return {"total": round(sum(sizes.values())), **table}


def tiny(root: Path, version: str, seed: int) -> ModelRef:
    """Seeds 2 and 4 say the same alone and in a batch, and go on until they are cut off."""
    manifest = write_export(root / version, seed=seed, context=ENGINE.context)
    return _reference(root / version, version, manifest)


def larger(root: Path, version: str) -> ModelRef:
    """Thirty million random weights: an engine with something to do."""
    (root / version).mkdir()
    weights = root / version / "30m.gguf"
    write_random(weights, THIRTY_MILLION)
    manifest = ModelManifest(
        candidate="0123456789abcdef",
        pipeline="bench",
        dataset="fedcba9876543210",
        context=ENGINE.context,
        parameters=1,
        decoding=Decoding(arguments="free"),
        tools=(),
        home=False,
        serve=weights.name,
        files={weights.name: file_sha256(weights)},
    )
    write_json(root / version / "model.json", manifest)
    return _reference(root / version, version, manifest)


def _reference(folder: Path, version: str, manifest: ModelManifest) -> ModelRef:
    digest = manifest.files[manifest.serve]
    return ModelRef(name="rottie-llm", version=version, candidate="c", path=str(folder), sha256=digest)


def beside_bare(home: Home) -> None:
    """The bare application beside ours, in the same Serve."""
    config = last_good(home)
    assert config is not None
    apply({**config, "applications": [*config["applications"], bare.APPLICATION]}, home)
    url = f"http://127.0.0.1:{config['http_options']['port']}{bare.ROUTE}"
    deadline = time.monotonic() + 60  # applying waits for the model alone
    while httpx.post(url, content=b"{}", trust_env=False).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.5)


@contextmanager
def engine_alone(ref: ModelRef) -> Any:
    direct = Direct(Path(ref.path))
    try:
        yield direct
    finally:
        direct.close()


def measure(proxy: str) -> dict[str, Any]:
    root = Path(tempfile.mkdtemp(prefix="rottie-"))
    process, head = start_ray(root, proxied=proxy == "haproxy")
    result: dict[str, Any] = {"load_before": os.getloadavg()[0]}
    try:
        wait_for_dashboard(process, head)
        os.environ.update(head.env)
        home = Home(head.home)
        small, other, large = tiny(root, "1", 2), tiny(root, "2", 4), larger(root, "3")
        dashboard, gcs = (int(url.rsplit(":", 1)[1]) for url in (head.dashboard, head.address))
        profile = Profile(name="bench", stack=Stack(ports=Ports(api=head.api_port, ray_dashboard=dashboard, ray_gcs=gcs)))
        began = time.perf_counter()
        roll_out(small, ASSISTANT, profile, home)
        result["first_roll_out_s"] = round(time.perf_counter() - began, 1)
        beside_bare(home)
        key = read_key(home.api_key)
        served = Served(head, key)
        with engine_alone(small) as direct:
            result["latency"] = latency(direct, served)
        if proxy == "python":
            result["swaps_under_load"] = swaps(f"http://127.0.0.1:{head.api_port}", key, [small, other], profile, home)
        roll_out(large, ASSISTANT, profile, home)
        with engine_alone(large) as direct:
            result["throughput"] = throughput(direct, served)
        result["memory_mib"] = memory(head)
    finally:
        stop_tree(process)
        shutil.rmtree(root, ignore_errors=True)
    return result | {"load_after": os.getloadavg()[0]}


def main() -> None:
    result = {proxy: measure(proxy) for proxy in sys.argv[1:] or PROXIES}
    print(keep("serving", result))


if __name__ == "__main__":
    main()
