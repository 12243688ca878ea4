"""llama.cpp through llama-cpp-python: the same files and grammars by another binding, one conversation at a time.

For machines where llama.cpp must be built for the processor or its GPU. It has no scheduler: requests wait for each other.
"""

from __future__ import annotations

import asyncio
import codecs
import ctypes
import importlib
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from schemas.errors import EngineError, ModelUnusable, NoProjector, Overloaded, RequestError, RottieError
from schemas.events import TokenLogprob, TopLogprob
from serve.engines.completions import too_long
from serve.engines.gbnf import check_gbnf
from serve.engines.pieces import Pieces
from serve.engines.protocol import Delta, Embedding, Finished, Picture, Placed, Sampling, TokenScores
from serve.engines.vectors import check_texts, unit

_EMBEDDED = 2048
_BLIND = "this engine takes no images"


class LlamaCppEngine:
    """One GGUF model. ``slots`` is taken for compatibility with other engines; this one decodes one reply at a time."""

    def __init__(
        self,
        path: Path,
        *,
        context: int,
        slots: int = 1,
        threads: int = 1,
        gpu_layers: int = 0,
        batch: int = 128,
        queue: int = 64,
        adapters: Mapping[str, Path] | None = None,
        visible: Sequence[str] = (),
    ) -> None:
        """Load the weights. Raises EngineError where the package is absent, ModelUnusable when it refuses a file.

        ``visible``: control tokens that stand in a reply as their text, where they would otherwise be left out of it.
        """
        self.context = context
        self._library = _library()
        shape = {"n_threads": threads, "n_threads_batch": threads, "n_gpu_layers": gpu_layers, "verbose": False}
        self._open = partial(self._library.Llama, str(path), **shape)
        try:
            self._llama: Any = self._open(n_ctx=context, n_batch=batch)
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelUnusable("llama.cpp cannot load this model file", where=str(path)) from error
        self._stopped: Callable[[], bool] = bool  # that is, never
        self._llama._ctx.decode = partial(self._compute, self._llama._ctx.decode)
        self._adapters = {name: self._adapter(file) for name, file in (adapters or {}).items()}
        self.adapters = frozenset(self._adapters)
        self._applied: str | None = None
        self._embedder: Any = None
        self._visible = {tokens[0] for tokens in map(self._tokens, visible) if len(tokens) == 1}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama")
        self._places, self._replies = 1 + queue, 0
        self._closed = False

    async def generate(
        self,
        prompt: str,
        sampling: Sampling,
        grammar: str | None = None,
        adapter: str | None = None,
        images: Sequence[Placed] = (),
    ) -> AsyncIterator[Delta | Finished]:
        """See LlmEngine."""
        if self._closed:
            raise EngineError("the model is closed")
        if images:
            raise NoProjector(_BLIND, where="messages")
        if adapter is not None and adapter not in self._adapters:
            raise EngineError(f"the model has no adapter {adapter!r}")
        if self._replies >= self._places:
            raise Overloaded(f"{self._replies} requests are decoded or wait already")
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Delta | Finished | BaseException] = asyncio.Queue()
        stopped = threading.Event()

        def decode() -> None:
            try:
                self._stopped = stopped.is_set
                if not stopped.is_set():
                    self._apply(adapter)
                for piece in self._decode(prompt, sampling, grammar):
                    loop.call_soon_threadsafe(pieces.put_nowait, piece)
            except _Stopped:
                return
            except Exception as error:  # the thread's only way to tell: raised by the reader below
                loop.call_soon_threadsafe(pieces.put_nowait, error)
            finally:
                self._stopped = bool

        work = self._pool.submit(decode)
        self._replies += 1
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, RottieError):
                    raise piece
                if isinstance(piece, BaseException):
                    raise EngineError(f"llama.cpp failed: {type(piece).__name__}") from piece
                yield piece
                if isinstance(piece, Finished):
                    return
        finally:
            self._replies -= 1
            stopped.set()
            work.cancel()

    async def image_tokens(self, picture: Picture) -> int:
        raise NoProjector(_BLIND, where="messages")

    def _compute(self, decode: Callable[[Any], None], batch: Any) -> None:
        """``decode`` of a batch, before which a reply that nobody reads any more ends.

        llama.cpp's own callback would be asked at every node of the graph, each time for Python's lock, and on a CPU alone.
        """
        if self._stopped():
            raise _Stopped
        decode(batch)

    def _decode(self, prompt: str, sampling: Sampling, grammar: str | None) -> Iterator[Delta | Finished]:
        """Deltas and the end of one reply, in the worker's thread."""
        # What the file wants at the beginning of every text comes first, as llama.cpp's own server has it.
        tokens = self._llama.tokenize(prompt.encode(), add_bos=True, special=True)
        if len(tokens) >= self.context:
            raise too_long(len(tokens), self.context)
        options = self._sampled(sampling, grammar)
        cached = _common(self._llama._input_ids.tolist(), tokens)
        limit = min(sampling.max_tokens, self.context - len(tokens))
        began, first, count, reason = time.monotonic(), None, 0, "length"
        characters, pieces, end = _Characters(), Pieces(sampling.stop), self._llama.token_eos()
        for token in self._llama.generate(tokens, **options):
            first = first or time.monotonic()
            if token == end or self._library.llama_vocab_is_eog(self._llama._model.vocab, token):
                reason = "stop"
                break
            count += 1
            logprob = self._logprob(token, sampling.logprobs) if sampling.logprobs is not None else None
            if whole := characters.add(self._llama.detokenize([token], special=token in self._visible), logprob):
                if (delta := pieces.add(*whole)) is not None:
                    yield delta
                if pieces.stopped:
                    reason = "stop"
                    break
            if count >= limit:
                break
        if (delta := pieces.rest()) is not None:
            yield delta
        now = time.monotonic()
        prompt_ms = ((first or now) - began) * 1000
        completion_ms = (now - (first or now)) * 1000
        yield Finished("stop" if reason == "stop" else "length", len(tokens), cached, count, prompt_ms, completion_ms)

    def _sampled(self, sampling: Sampling, grammar: str | None) -> dict[str, Any]:
        # It keeps the last one; the default stands for one that llama.cpp draws.
        self._llama.set_seed(self._library.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed)
        options = {
            "temp": max(0.0, sampling.temperature),
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "grammar": self._rules(grammar) if grammar is not None else None,
        }
        bias = {token: value for token, value in sampling.logit_bias if 0 <= token < self._llama.n_vocab()}
        if bias:
            options["logits_processor"] = self._library.LogitsProcessorList([partial(_biased, bias)])
        return options

    def _rules(self, grammar: str) -> Any:
        check_gbnf(grammar)
        return self._library.LlamaGrammar.from_string(grammar, verbose=False)

    def _logprob(self, token: int, alternatives: int) -> TokenLogprob:
        """Of the token just chosen, before any sampling: llama.cpp keeps its scores until the next token is computed."""
        scores = self._scores()
        best = np.argpartition(-scores, min(alternatives, len(scores) - 1))[:alternatives]
        best = best[np.argsort(-scores[best])]
        top = tuple(TopLogprob(**self._named(int(other), scores)) for other in best)
        return TokenLogprob(**self._named(token, scores), top_logprobs=top)

    def _named(self, token: int, scores: np.ndarray) -> dict[str, Any]:
        data = self._llama.detokenize([token])
        return {"token": data.decode("utf-8", "replace"), "logprob": float(scores[token]), "bytes": tuple(data)}

    def _scores(self) -> np.ndarray:
        """Natural-log probabilities of every next token, (vocabulary,)."""
        logits = np.ctypeslib.as_array(self._llama._ctx.get_logits_ith(-1), (self._llama.n_vocab(),)).astype(np.float64)
        shifted = logits - logits.max()
        return shifted - math.log(np.exp(shifted).sum())

    def _adapter(self, file: Path) -> Any:
        adapter = self._library.llama_adapter_lora_init(self._llama._model.model, str(file).encode())
        if not adapter:
            raise ModelUnusable("llama.cpp cannot load this adapter", where=str(file))
        return adapter

    def _apply(self, name: str | None) -> None:
        """Weights change: everything that was computed with others is forgotten."""
        if name == self._applied:
            return
        self._llama.reset()
        count = 0 if name is None else 1
        chosen = (self._library.llama_adapter_lora_p_ctypes * 1)(self._adapters.get(name) if name else None)
        if self._library.llama_set_adapters_lora(self._llama._ctx.ctx, chosen, count, (ctypes.c_float * 1)(1.0)):
            raise EngineError("llama.cpp cannot apply the adapter")
        self._applied = name

    def _tokens(self, text: str) -> list[int]:
        return self._llama.tokenize(text.encode(), add_bos=False, special=True)

    async def tokenize(self, text: str) -> list[int]:
        return await self._ask(self._tokens, text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        if any(not 0 <= token < self._llama.n_vocab() for token in tokens):
            raise RequestError("the model has no such token", hint="Send ids of its own vocabulary, or the text.")
        return (await self._ask(partial(self._llama.detokenize, special=True), list(tokens))).decode(errors="replace")

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        return await self._ask(self._score, prompt, top)

    def _score(self, prompt: str, top: int) -> TokenScores:
        tokens = self._tokens(prompt)
        if len(tokens) >= self.context:
            raise too_long(len(tokens), self.context)
        self._apply(None)
        self._llama.reset()
        self._llama.eval(tokens)
        scores = self._scores()
        best = np.argsort(-scores)[:top]
        return TokenScores(tuple(tokens), {int(token): float(scores[token]) for token in best})

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """See LlmEngine. The mean of the last layer, by a context of its own that opens on first use: its batch is a text."""
        check_texts(texts)
        stopped = threading.Event()
        try:
            return await self._ask(self._embed, texts, stopped.is_set)
        finally:
            stopped.set()

    def _embed(self, texts: Sequence[str], stopped: Callable[[], bool]) -> list[Embedding]:
        room = min(self.context, _EMBEDDED)
        if self._embedder is None:
            pooling = self._library.LLAMA_POOLING_TYPE_MEAN
            self._embedder = self._open(n_ctx=room, n_batch=room, n_ubatch=room, embedding=True, pooling_type=pooling)
        found = []
        for text in texts:
            if stopped():
                break
            if (tokens := len(self._embedder.tokenize(text.encode()))) > room:
                raise too_long(tokens, room, "input")
            found.append(Embedding(unit(self._embedder.embed(text)), tokens))
        return found

    async def _ask(self, call: Any, *arguments: Any) -> Any:
        if self._closed:
            raise EngineError("the model is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def close(self) -> None:
        """May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
        for adapter in self._adapters.values():
            self._library.llama_adapter_lora_free(adapter)
        self._llama.close()
        if self._embedder is not None:
            self._embedder.close()


class _Stopped(Exception):
    """Nobody reads the reply any more."""


class _Characters:
    """Bytes of tokens to whole characters, with the tokens that they came from."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._tokens: list[TokenLogprob] = []

    def add(self, data: bytes, token: TokenLogprob | None) -> tuple[str, tuple[TokenLogprob, ...]] | None:
        self._text += self._decoder.decode(data)
        if token is not None and data:
            self._tokens.append(token)
        if not self._text or self._decoder.getstate()[0]:
            return None
        whole = self._text, tuple(self._tokens)
        self._text, self._tokens = "", []
        return whole


def _biased(bias: Mapping[int, float], tokens: Any, scores: Any) -> Any:
    for token, value in bias.items():
        scores[token] += value
    return scores


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
