"""llama.cpp's server scheduler inside this process, through xllamacpp: continuous batching, prefix cache, grammars.

The scheduler also opens a listener that cannot be turned off. It is bound to a socket file in a folder that only this user
may enter, and asks for a random key; tokenization goes through it, since the library has no direct call for that.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib
import json
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, Overloaded, PromptTooLong
from serve.engines.protocol import Delta, Embedding, Finished, Sampling, TokenScores

# llama.cpp rounds the context of a slot up to a multiple of this.
_CONTEXT_STEP = 256
# A socket's path may be 108 bytes long at most.
_LONGEST_FOLDER = 80


class XllamacppEngine:
    """One GGUF model with ``slots`` conversations of ``context`` tokens decoded at once; further ones wait their turn."""

    def __init__(self, path: Path, *, context: int, slots: int = 4, threads: int = 1, gpu_layers: int = 0) -> None:
        """Load the weights. Raises ModelUnusable when llama.cpp refuses the file."""
        self.context = context
        self.adapters: frozenset[str] = frozenset()
        temporary = tempfile.gettempdir()
        self._folder = Path(tempfile.mkdtemp(prefix="rottie-", dir=temporary if len(temporary) < _LONGEST_FOLDER else "/tmp"))  # noqa: S108
        self._key = secrets.token_urlsafe(24)
        try:
            self._server: Any = _library().Server(self._parameters(path, slots, threads, gpu_layers))
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise ModelUnusable("llama.cpp cannot load this model file", where=str(path)) from error
        # One token, now: the scheduler's loop starts in its own thread, and closing before it runs would wait forever.
        first = self._server.handle_completions({**_sampled(Sampling()), "prompt": "1", "max_tokens": 1})
        if "error" in first:
            raise ModelUnusable("llama.cpp cannot decode with this model file", where=str(path))
        self._pool = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="llama")
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama-tokens")

    def _parameters(self, path: Path, slots: int, threads: int, gpu_layers: int) -> Any:
        parameters = _library().CommonParams()
        parameters.model.path = str(path)
        parameters.n_parallel = slots
        parameters.n_ctx = -(-self.context // _CONTEXT_STEP) * _CONTEXT_STEP * slots
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.n_gpu_layers = gpu_layers
        parameters.verbosity = -1  # llama.cpp logs prompts at some levels: a user's words must reach no log
        parameters.cache_ram_mib = 0  # the default keeps up to 8 GiB of old prompts
        parameters.fit_params = False  # would probe memory for seconds and change the context
        parameters.warmup = False
        parameters.ctx_shift = False
        parameters.no_extra_bufts = True  # repacked weights (AMX) crash some processors on the first decode
        parameters.ui = False
        parameters.endpoint_slots = False
        parameters.endpoint_props = False
        parameters.n_threads_http = 2
        parameters.hostnames = [str(self._folder / "llama.sock")]
        parameters.api_keys = [self._key]
        return parameters

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None
    ) -> AsyncIterator[Delta | Finished]:
        """See LlmEngine. Text is valid UTF-8 in every delta: a character split over tokens is held until it is whole."""
        limit = await self._room(prompt, sampling.max_tokens)
        request = {**_sampled(sampling), "prompt": prompt, "max_tokens": limit, "stream": True}
        if grammar is not None:
            request["grammar"] = grammar
        async with aclosing(self._stream(request)) as chunks:
            async for chunk in chunks:
                choice = chunk["choices"][0]
                if choice["text"]:
                    yield Delta(choice["text"])
                if choice["finish_reason"] is not None:
                    yield _finished(choice["finish_reason"], chunk)
                    return
        raise EngineError("llama.cpp ended a reply without saying why")

    async def tokenize(self, text: str) -> list[int]:
        body = {"content": text, "add_special": False, "parse_special": True}
        answer = await asyncio.get_running_loop().run_in_executor(self._asking, self._post, "/tokenize", body)
        return answer["tokens"]

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        """Log-probabilities before any sampling, over the whole vocabulary.

        llama.cpp reports none for a token that is half a character, so it is made to choose a letter; the bias comes after
        the probabilities are taken.
        """
        tokens, letter = await self.tokenize(prompt), await self.tokenize("a")
        request = {**_sampled(Sampling()), "prompt": tokens, "max_tokens": 1, "logprobs": top, "logit_bias": [[letter[0], 1e4]]}
        async with aclosing(self._stream(request)) as chunks:
            async for chunk in chunks:
                best = chunk["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
                return TokenScores(tuple(tokens), {item["id"]: item["logprob"] for item in best})
        raise EngineError("llama.cpp returned no probabilities")

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        raise EngineError("this engine makes no embeddings")

    def close(self) -> None:
        """Waits for replies still in work; may be called twice."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _room(self, prompt: str, wanted: int) -> int:
        """Tokens that the reply may have. A context that is no multiple of 256 is not llama.cpp's own limit: count here."""
        if self.context % _CONTEXT_STEP == 0:
            return wanted
        tokens = len(await self.tokenize(prompt))
        if tokens >= self.context:
            raise _too_long(tokens, self.context)
        return min(wanted, self.context - tokens)

    async def _stream(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks of one completion as they come. Decoding runs in a thread; closing this iterator stops it at the next token."""
        server = self._server
        if server is None:
            raise EngineError("the model is closed")
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[dict[str, Any] | BaseException | None] = asyncio.Queue()
        stopped = threading.Event()
        deliver = _bridge(loop, chunks, stopped)

        def decode() -> None:
            try:
                if not stopped.is_set():
                    server.handle_completions(request, deliver)
            except Exception as error:  # the thread's only way to tell: re-raised by the reader below
                deliver(error)
            finally:
                deliver(None)

        work = self._pool.submit(decode)
        try:
            while (item := await chunks.get()) is not None:
                if isinstance(item, BaseException):
                    raise EngineError(f"llama.cpp failed: {type(item).__name__}") from item
                if "error" in item:
                    raise _error(item["error"], self.context)
                yield item
        finally:
            stopped.set()
            work.cancel()

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = _SocketConnection(self._folder / "llama.sock")
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EngineError("llama.cpp does not answer") from error
        finally:
            connection.close()
        if response.status != HTTPStatus.OK:
            raise _error(answer.get("error", {}), self.context)
        return answer


def _library() -> Any:
    """The package's names come from a compiled module that type checkers cannot look into."""
    return importlib.import_module("xllamacpp")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _bridge(loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[Any], stopped: threading.Event) -> Callable[[Any], bool]:
    """A callback for llama.cpp's thread: hands a chunk to the loop, and answers True when decoding shall stop."""

    def deliver(item: Any) -> bool:
        try:
            loop.call_soon_threadsafe(chunks.put_nowait, item)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return True
        return stopped.is_set()

    return deliver


def _sampled(sampling: Sampling) -> dict[str, Any]:
    """Every knob is named, since llama.cpp's defaults (top_k 40, min_p 0.05) are not neutral."""
    request: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "cache_prompt": True,
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if sampling.stop:
        request["stop"] = list(sampling.stop)
    return request


def _finished(reason: str, chunk: dict[str, Any]) -> Finished:
    usage, timings = chunk["usage"], chunk["timings"]
    return Finished(
        finish_reason="length" if reason == "length" else "stop",
        prompt_tokens=usage["prompt_tokens"],
        cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
        completion_tokens=usage["completion_tokens"],
        prompt_ms=timings["prompt_ms"],
        completion_ms=timings["predicted_ms"],
    )


def _too_long(tokens: int, context: int) -> PromptTooLong:
    return PromptTooLong(f"the conversation has {tokens} tokens; this model takes {context}", where="messages")


def _error(error: dict[str, Any], context: int) -> Exception:
    """llama.cpp's error, typed. Its message is passed on only where it cannot quote the prompt."""
    if error.get("type") == "exceed_context_size_error":
        return _too_long(error.get("n_prompt_tokens", 0), context)
    if error.get("type") == "unavailable_error":
        return Overloaded("the engine takes no more requests now")
    return EngineError(f"llama.cpp refused a request ({error.get('type', 'unknown')}, code {error.get('code', 0)})")
