"""llama.cpp through llama-cpp-python: the same files and grammars by another binding, one conversation at a time.

For machines where llama.cpp must be built for the processor or its GPU. It has no scheduler: requests wait for each other.
"""

from __future__ import annotations

import asyncio
import codecs
import importlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, PromptTooLong
from serve.engines.protocol import Delta, Embedding, Finished, Sampling, TokenScores


class LlamaCppEngine:
    """One GGUF model. ``slots`` is taken for compatibility with other engines; this one decodes one reply at a time."""

    def __init__(self, path: Path, *, context: int, slots: int = 1, threads: int = 1, gpu_layers: int = 0) -> None:
        """Load the weights. Raises EngineError where the package is absent, ModelUnusable when it refuses the file."""
        self.context = context
        self.adapters: frozenset[str] = frozenset()
        self._library = _library()
        try:
            self._llama: Any = self._library.Llama(
                str(path),
                n_ctx=context,
                n_threads=threads,
                n_threads_batch=threads,
                n_gpu_layers=gpu_layers,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelUnusable("llama.cpp cannot load this model file", where=str(path)) from error
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._closed = False

    async def generate(
        self, prompt: str, sampling: Sampling, grammar: str | None = None, adapter: str | None = None
    ) -> AsyncIterator[Delta | Finished]:
        """See LlmEngine."""
        if self._closed:
            raise EngineError("the model is closed")
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Delta | Finished | BaseException] = asyncio.Queue()
        stopped = threading.Event()

        def decode() -> None:
            try:
                for piece in self._decode(prompt, sampling, grammar, stopped.is_set):
                    loop.call_soon_threadsafe(pieces.put_nowait, piece)
            except Exception as error:  # the thread's only way to tell: raised by the reader below
                loop.call_soon_threadsafe(pieces.put_nowait, error)

        work = self._pool.submit(decode)
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, EngineError | PromptTooLong):
                    raise piece
                if isinstance(piece, BaseException):
                    raise EngineError(f"llama.cpp failed: {type(piece).__name__}") from piece
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            stopped.set()
            work.cancel()

    def _decode(
        self, prompt: str, sampling: Sampling, grammar: str | None, stopped: Callable[[], bool]
    ) -> Iterator[Delta | Finished]:
        """Deltas and the end of one reply, in the worker's thread."""
        tokens = self._tokens(prompt)
        if len(tokens) >= self.context:
            raise PromptTooLong(f"the conversation has {len(tokens)} tokens; this model takes {self.context}", where="messages")
        cached = _common(self._llama._input_ids.tolist(), tokens)
        limit = min(sampling.max_tokens, self.context - len(tokens))
        began, first, count, reason = time.monotonic(), None, 0, "length"
        text, end = _Text(sampling.stop), self._llama.token_eos()
        for token in self._llama.generate(tokens, **self._sampled(sampling, grammar)):
            first = first or time.monotonic()
            if stopped():
                return
            if token == end or self._library.llama_vocab_is_eog(self._llama._model.vocab, token):
                reason = "stop"
                break
            count += 1
            if piece := text.add(self._llama.detokenize([token])):
                yield Delta(piece)
            if text.stopped:
                reason = "stop"
                break
            if count >= limit:
                break
        if piece := text.rest():
            yield Delta(piece)
        now = time.monotonic()
        prompt_ms = ((first or now) - began) * 1000
        completion_ms = (now - (first or now)) * 1000
        yield Finished("stop" if reason == "stop" else "length", len(tokens), cached, count, prompt_ms, completion_ms)

    def _sampled(self, sampling: Sampling, grammar: str | None) -> dict[str, Any]:
        if sampling.seed is not None:
            self._llama.set_seed(sampling.seed)
        rules = self._library.LlamaGrammar.from_string(grammar, verbose=False) if grammar is not None else None
        return {
            "temp": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
            "grammar": rules,
        }

    def _tokens(self, text: str) -> list[int]:
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)

    async def tokenize(self, text: str) -> list[int]:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._tokens, text)

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._score, prompt, top)

    def _score(self, prompt: str, top: int) -> TokenScores:
        tokens = self._tokens(prompt)
        if len(tokens) >= self.context:
            raise PromptTooLong(f"the prompt has {len(tokens)} tokens; this model takes {self.context}", where="messages")
        self._llama.reset()
        self._llama.eval(tokens)
        logits = self._llama._ctx.get_logits_ith(-1)[: self._llama.n_vocab()]
        highest = max(logits)
        total = highest + math.log(sum(math.exp(value - highest) for value in logits))
        best = sorted(range(len(logits)), key=lambda i: -logits[i])[:top]
        return TokenScores(tuple(tokens), {i: logits[i] - total for i in best})

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        raise EngineError("this engine makes no embeddings")

    def close(self) -> None:
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._llama.close()


class _Text:
    """Bytes of tokens to text: holds back unfinished characters, and whatever may be the beginning of a stop string."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = stops
        self._held = ""
        self.stopped = False

    def add(self, data: bytes) -> str:
        self._held += self._decoder.decode(data)
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            ready, self._held = self._held[: min(found)], ""
            return ready
        keep = max((n for stop in self._stops for n in range(1, len(stop)) if self._held.endswith(stop[:n])), default=0)
        ready = self._held[: len(self._held) - keep]
        self._held = self._held[len(ready) :]
        return ready

    def rest(self) -> str:
        return "" if self.stopped else self._held + self._decoder.decode(b"", final=True)


def _common(before: list[int], now: list[int]) -> int:
    """Tokens of ``now`` that need no decoding since the last reply began with them; the last one always does."""
    length = next((i for i, (a, b) in enumerate(zip(before, now, strict=False)) if a != b), min(len(before), len(now)))
    return min(length, len(now) - 1)


def _library() -> Any:
    try:
        return importlib.import_module("llama_cpp")
    except ImportError as error:
        raise EngineError(
            "llama-cpp-python is not installed",
            where="engine.kind",
            hint="Install it with `pip install 'rottie[llama-cpp]'` (it compiles for some minutes), or use kind: xllamacpp.",
        ) from error
