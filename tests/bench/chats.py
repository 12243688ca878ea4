"""Eight chats at once, tokens a second, and the time to the first token of a second turn.

    python -m tests.bench.chats [--pairs N] [--sizes 30m,1b] [--threads N] [--peers control,bare,llama_cpp,prefix]

Ours is the engine through serve.turn.Answerer. Peers, on the same GGUF of random weights, threads and prompts: ourselves (the
control: its ratio must be 1), ``xllamacpp.Server`` driven directly by a thread for each chat, and ``python -m
llama_cpp.server`` over HTTP (where llama-cpp-python is installed). A chat has four turns behind a system text that all share;
a round is all chats at once, with new words in every round. Rounds alternate; a ratio is of neighbours.

``prefix``: time to the first token of a turn whose prompt begins with 512 tokens that were computed before, against one that
shares nothing; the ratio is cold over warm.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from schemas.artifacts import ModelManifest
from schemas.conversation import Message
from schemas.pipeline import Decoding
from schemas.prompt import END, render_prompt
from tests.bench.comparing import interval, keep
from tests.bench.weights import ONE_BILLION, THIRTY_MILLION, Shape, write_random

CHATS = 8
CONTEXT = 1024
SHARED = 512
TURNS = 4
SYSTEM = "You are the voice of a home."
SIZES = {"30m": (THIRTY_MILLION, 24), "1b": (ONE_BILLION, 8)}

Run = Callable[[int], float]
"""A round's number to tokens a second."""


def conversation(number: int, chat: int, turn: int) -> tuple[Message, ...]:
    """About a token a letter. Each turn goes on from the one before, with answers that no model gave: so that prompts are
    equal for everybody.
    """
    said = [Message(role="system", content=SYSTEM)]
    for before in range(turn):
        said.append(Message(role="user", content=f"{number} {chat}: and now?"))
        said.append(Message(role="assistant", content=f"It is {chat} and {before}."))
    return (*said, Message(role="user", content=f"{number} {chat}: and now?"))


def manifest(weights: Path) -> ModelManifest:
    return ModelManifest(
        candidate="0123456789abcdef",
        pipeline="bench",
        dataset="fedcba9876543210",
        context=CONTEXT,
        parameters=1,
        decoding=Decoding(arguments="free"),
        tools=(),
        home=False,
        serve=weights.name,
        files={weights.name: "0" * 64},
    )


@contextmanager
def ours(weights: Path, threads: int, new: int) -> Iterator[Run]:
    from schemas.events import TurnFinished
    from serve.engines.protocol import Sampling
    from serve.engines.xllamacpp import XllamacppEngine
    from serve.turn import Answerer, TurnRequest

    engine = XllamacppEngine(weights, context=CONTEXT, slots=CHATS, threads=threads)
    answerer = Answerer(engine, manifest(weights))
    sampling = Sampling(max_tokens=new)

    async def chat(number: int, chat: int) -> int:
        tokens = 0
        for turn in range(TURNS):
            request = TurnRequest(conversation(number, chat, turn), tools=(), sampling=sampling)
            async for event in answerer.answer(request):
                if isinstance(event, TurnFinished):
                    tokens += event.completion_tokens
        return tokens

    async def together(number: int) -> float:
        began = time.perf_counter()
        tokens = await asyncio.gather(*(chat(number, one) for one in range(CHATS)))
        return sum(tokens) / (time.perf_counter() - began)

    with asyncio.Runner() as runner:
        try:
            yield lambda number: runner.run(together(number))
        finally:
            engine.close()


@contextmanager
def bare(weights: Path, threads: int, new: int) -> Iterator[Run]:
    """llama-server's engine with its own defaults, as far as they do not change what is computed."""
    xllamacpp: Any = importlib.import_module("xllamacpp")
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights)
        parameters.n_parallel, parameters.n_ctx = CHATS, CHATS * CONTEXT
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.n_gpu_layers, parameters.verbosity, parameters.fit_params = 0, -1, False
        parameters.hostnames = [f"{folder}/s.sock"]
        server = xllamacpp.Server(parameters)

        def chat(number: int, chat: int) -> int:
            tokens = 0

            def take(chunk: dict[str, Any]) -> bool:
                nonlocal tokens
                tokens += chunk.get("usage", {}).get("completion_tokens", 0)
                return False

            for turn in range(TURNS):
                prompt = render_prompt(conversation(number, chat, turn), (), ())
                server.handle_completions({**greedy(prompt, new), "stream": True, "top_k": 0}, take)
            return tokens

        yield _threaded(chat)


@contextmanager
def llama_cpp(weights: Path, threads: int, new: int) -> Iterator[Run]:
    """Without streaming, which costs it nothing for chunks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--port", str(port)]
    command += ["--n_ctx", str(CONTEXT), "--n_threads", str(threads), "--n_threads_batch", str(threads), "--verbose", "false"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def post(prompt: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        connection.request("POST", "/v1/completions", json.dumps(greedy(prompt, new)), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())["usage"]["completion_tokens"]

    def chat(number: int, chat: int) -> int:
        return sum(post(render_prompt(conversation(number, chat, turn), (), ())) for turn in range(TURNS))

    try:
        for _ in range(240):
            try:
                post("x")
                break
            except OSError:
                time.sleep(0.25)
        yield _threaded(chat)
    finally:
        process.terminate()
        process.wait()


def greedy(prompt: str, new: int) -> dict[str, Any]:
    return {"prompt": prompt, "max_tokens": new, "temperature": 0.0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}


def _threaded(chat: Callable[[int, int], int]) -> Run:
    pool = ThreadPoolExecutor(CHATS)

    def together(number: int) -> float:
        began = time.perf_counter()
        tokens = sum(pool.map(lambda one: chat(number, one), range(CHATS)))
        return tokens / (time.perf_counter() - began)

    return together


PEERS = {"control": ours, "bare": bare, "llama_cpp": llama_cpp}


def compare(run: Run, other: Run, pairs: int) -> dict[str, Any]:
    """Who begins changes from pair to pair."""
    numbers = iter(range(1, 10**6))
    for warm in (run, other):
        warm(next(numbers))
    found = []
    for pair in range(pairs):
        first = run(next(numbers)) if pair % 2 else None
        theirs = other(next(numbers))
        found.append((first or run(next(numbers)), theirs))
    ratios = [mine / theirs for mine, theirs in found]
    return {
        "ours": median(mine for mine, _ in found),
        "peer": median(theirs for _, theirs in found),
        "ratio": median(ratios),
        "ratio_95": interval(ratios, draws=4000),
    }


def first_token(weights: Path, threads: int, pairs: int) -> dict[str, Any]:
    """Seconds to the first token: cold, and after a turn that began with the same 512 tokens."""
    from serve.engines.protocol import Sampling
    from serve.engines.xllamacpp import XllamacppEngine

    engine = XllamacppEngine(weights, context=CONTEXT, slots=2, threads=threads)

    async def seconds(prompt: str) -> float:
        began = time.perf_counter()
        async for _ in engine.generate(prompt, Sampling(max_tokens=1)):
            break
        return time.perf_counter() - began

    async def measure() -> list[tuple[float, float]]:
        found = []
        for pair in range(pairs + 1):
            shared = f"{pair:<8}" + "once upon a time " * 100
            shared = shared[:SHARED]
            cold = await seconds(f"{shared} and then?{END}")
            found.append((cold, await seconds(f"{shared} and then?{END} It went on. What next?{END}")))
        return found[1:]

    try:
        found = asyncio.run(measure())
    finally:
        engine.close()
    ratios = [cold / warm for cold, warm in found]
    return {
        "cold_s": median(cold for cold, _ in found),
        "warm_s": median(warm for _, warm in found),
        "ratio": median(ratios),
        "ratio_95": interval(ratios, draws=4000),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--sizes", default="30m,1b")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", default="control,bare,llama_cpp,prefix")
    parser.add_argument("--new", type=int, default=0, help="tokens of a reply, in place of what suits the size")
    parser.add_argument("--models", type=Path, help="a folder that keeps the models for the next time")
    asked = parser.parse_args()
    results: dict[str, Any] = {"pairs": asked.pairs, "chats": CHATS, "threads": asked.threads, "cpus": os.cpu_count()}
    with ExitStack() as stack:
        folder = asked.models or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for size in asked.sizes.split(","):
            shape, new = SIZES[size]
            weights = _model(folder, size, shape)
            for peer in asked.peers.split(","):
                load = os.getloadavg()[0]
                if peer == "prefix":
                    found = first_token(weights, asked.threads, asked.pairs)
                else:
                    shared = weights, asked.threads, asked.new or new
                    with ours(*shared) as run, PEERS[peer](*shared) as other:
                        found = compare(run, other, asked.pairs)
                results[f"{size}_{peer}"] = {**found, "load": [load, os.getloadavg()[0]]}
                print(f"{size} {peer}:", json.dumps(results[f"{size}_{peer}"]), flush=True)
    keep("chats", results)


def _model(folder: Path, size: str, shape: Shape) -> Path:
    weights = folder / f"{size}.gguf"
    if not weights.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_random(weights, shape)
    return weights


if __name__ == "__main__":
    main()
