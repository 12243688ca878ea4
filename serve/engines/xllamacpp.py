"""llama.cpp's server scheduler inside this process, through xllamacpp: continuous batching, prefix cache, grammars, adapters.

What that lacks is here and beside it: stop strings that lose no text (pieces), one wake-up for many tokens (mailbox), a
limit to the queue, and a refusal of grammars that llama.cpp would print (gbnf).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, NoProjector, Overloaded, RequestError
from serve.engines.completions import error_of, finished, request_of, tokens_of, too_long
from serve.engines.gbnf import check_gbnf
from serve.engines.llama_server import Guesses, LlamaServer, Sight, illustrated
from serve.engines.mailbox import Letters, Mailbox
from serve.engines.pieces import Pieces, joined
from serve.engines.protocol import Delta, Embedding, Finished, Picture, Placed, Sampling, TokenScores, around
from serve.engines.vectors import check_texts, unit

# llama.cpp rounds the context of a slot up to a multiple of this.
_CONTEXT_STEP = 256
# Tokens that llama.cpp may put around an embedded text, and the most that it takes of one.
_MARKERS = 2
_EMBEDDED = 2048


class XllamacppEngine:
    """One GGUF model with ``slots`` conversations of ``context`` tokens decoded at once; ``queue`` further ones wait.

    Prompts are computed ``batch`` tokens at a time, and running replies go on in between.
    """

    def __init__(
        self,
        path: Path,
        *,
        context: int,
        slots: int = 4,
        threads: int = 1,
        gpu_layers: int = 0,
        batch: int = 128,
        queue: int = 64,
        adapters: Mapping[str, Path] | None = None,
        visible: Sequence[str] = (),
        guesses: Guesses | None = None,
        sight: Sight | None = None,
    ) -> None:
        """Load the weights. Raises ModelUnusable when llama.cpp refuses a file.

        ``visible``: control tokens that stand in a reply as their text, where they would otherwise be left out of it.
        """
        self.context = context
        self._visible = {"preserved_tokens": list(visible)} if visible else {}
        self._adapters = {name: number for number, name in enumerate(adapters or {})}
        self.adapters = frozenset(self._adapters)
        self._open = partial(LlamaServer, path, threads=threads, gpu_layers=gpu_layers)
        rounded = -(-context // _CONTEXT_STEP) * _CONTEXT_STEP
        files = tuple((adapters or {}).values())
        self._server = self._open(slots=slots, context=rounded, batch=batch, adapters=files, guesses=guesses, sight=sight)
        self._embedder: LlamaServer | None = None
        # One token, now: the scheduler's loop starts in its own thread, and closing before it runs would wait forever.
        if "error" in self._server.complete({**request_of(Sampling(max_tokens=1)), "prompt": "1"}):
            self._server.close()
            raise ModelUnusable("llama.cpp cannot decode with this model file", where=str(path))
        self._mark = self._find_mark() if sight else None
        self._image_tokens = lru_cache(maxsize=1024)(self._server.image_tokens)
        self._places, self._replies = slots + queue, 0
        self._pool = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="llama")
        self._asking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="llama-ask")
        self._mailbox: Mailbox | None = None

    async def generate(
        self,
        prompt: str,
        sampling: Sampling,
        grammar: str | None = None,
        adapter: str | None = None,
        images: Sequence[Placed] = (),
    ) -> AsyncIterator[Delta | Finished]:
        """See LlmEngine. Text is valid UTF-8 in every delta: a character split over tokens is held until it is whole."""
        request = {**request_of(sampling), **self._visible, **self._weights(adapter), "stream": True}
        request["prompt"] = await self._marked(prompt, images)
        request["max_tokens"] = await self._limit(prompt, images, sampling.max_tokens)
        if grammar is not None:
            check_gbnf(grammar)
            request["grammar"] = grammar
        pieces = Pieces(sampling.stop)
        in_one = sampling.in_one and not sampling.stop  # a stop string has to end it early
        async with aclosing(self._stream(request, in_one)) as bundles:
            async for chunks in bundles:
                delta, end = _read(chunks, pieces, sampling.logprobs)
                if delta is not None:
                    yield delta
                if end is not None:
                    yield end
                    return
        raise EngineError("llama.cpp ended a reply without saying why")

    async def image_tokens(self, picture: Picture) -> int:
        if self._mark is None:
            raise NoProjector("this model takes no images", where="messages")
        return await self._ask(self._image_tokens, picture.width, picture.height)

    async def tokenize(self, text: str) -> list[int]:
        return await self._ask(self._server.tokenize, text)

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return await self._ask(self._server.detokenize, tokens)

    async def score_next(self, prompt: str, top: int = 20) -> TokenScores:
        """Log-probabilities before any sampling, over the whole vocabulary.

        llama.cpp reports none for a token that is half a character, so it is made to choose a letter; the bias comes after
        the probabilities are taken.
        """
        tokens, letter = await self.tokenize(prompt), await self.tokenize("a")
        request = {**request_of(Sampling(max_tokens=1, logprobs=top, logit_bias=((letter[0], 1e4),))), **self._weights(None)}
        async with aclosing(self._stream({**request, "prompt": tokens, "stream": True})) as bundles:
            async for chunks in bundles:
                best = chunks[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
                return TokenScores(tuple(tokens), {item["id"]: item["logprob"] for item in best})
        raise EngineError("llama.cpp returned no probabilities")

    async def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """See LlmEngine. The mean of the last layer, by a server of its own that opens on first use.

        A text to be embedded must be one batch, and replies want small batches; the weights in memory are shared.
        """
        check_texts(texts)
        stopped = threading.Event()
        try:
            return await self._ask(self._embed, texts, stopped.is_set)
        finally:
            stopped.set()

    def close(self) -> None:
        """Waits for replies still in work; may be called twice."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._asking.shutdown(wait=True, cancel_futures=True)
        self._server.close()
        if self._embedder is not None:
            self._embedder.close()

    def _embed(self, texts: Sequence[str], stopped: Any) -> list[Embedding]:
        room = min(self.context, _EMBEDDED)
        if self._embedder is None:
            self._embedder = self._open(slots=1, context=room, batch=room, embedding=True)
        found = []
        for text in texts:
            if stopped():
                break
            if len(text.encode()) > room - _MARKERS and (tokens := len(self._server.tokenize(text))) > room - _MARKERS:
                raise too_long(tokens, room - _MARKERS, "input")
            answer = self._embedder.embed(text)
            found.append(Embedding(unit(answer["data"][0]["embedding"]), answer["usage"]["prompt_tokens"]))
        return found

    def _weights(self, adapter: str | None) -> dict[str, Any]:
        """llama.cpp forgets a slot's prefix when the next request on it asks for other weights."""
        if adapter is not None and adapter not in self._adapters:
            raise EngineError(f"the model has no adapter {adapter!r}")
        if not self._adapters:
            return {}
        return {"lora": [{"id": number, "scale": float(name == adapter)} for name, number in self._adapters.items()]}

    def _find_mark(self) -> str:
        try:
            return self._server.media_mark()
        except EngineError:
            self._server.close()
            raise

    async def _marked(self, prompt: str, images: Sequence[Placed]) -> str | dict[str, Any]:
        """The prompt as llama.cpp takes it: a mark for each image, and none in the text."""
        if self._mark is None:
            if images:
                raise NoProjector("this model takes no images", where="messages")
            return prompt
        broken = f"{self._mark[0]} {self._mark[1:]}"
        texts = [text.replace(self._mark, broken) for text in around(prompt, images)]
        if not images:
            return texts[0]
        if not texts[-1] or not await self.tokenize(texts[-1]):  # llama.cpp would end the process
            hint = "Use a model whose chat template begins the reply after what the user said."
            raise RequestError("an image cannot be the last of a prompt", where="messages", hint=hint)
        return illustrated(self._mark.join(texts), [image.picture.png for image in images])

    async def _limit(self, prompt: str, images: Sequence[Placed], wanted: int) -> int:
        """Tokens that the reply may have. A context that is no multiple of 256 is not llama.cpp's own limit: count here."""
        if self.context % _CONTEXT_STEP == 0:
            return wanted
        tokens = sum([len(await self.tokenize(text)) for text in around(prompt, images)]) + sum(image.tokens for image in images)
        if tokens >= self.context:
            raise too_long(tokens, self.context)
        return min(wanted, self.context - tokens)

    async def _ask(self, call: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._asking, call, *arguments)
        except RuntimeError as error:  # the pool's, after close
            raise EngineError("the model is closed") from error

    async def _stream(self, request: dict[str, Any], in_one: bool = False) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Chunks of one completion as they come, or all at its end. Decoding runs in a thread; closing this iterator stops it
        at the next token.
        """
        if self._replies >= self._places:
            raise Overloaded(f"{self._replies} requests are decoded or wait already")
        loop = asyncio.get_running_loop()
        if self._mailbox is None or self._mailbox.loop is not loop:
            self._mailbox = Mailbox(loop)
        letters, stopped = Letters(), threading.Event()
        post = partial(self._mailbox.post, letters)

        def decode() -> None:
            kept: list[Any] = []

            def deliver(chunk: Any) -> bool:
                if in_one:
                    kept.append(chunk)
                    return stopped.is_set()
                return not post(chunk) or stopped.is_set()

            try:
                if not stopped.is_set():
                    self._server.complete(request, deliver)
            except Exception as error:  # the thread's only way to tell: re-raised by the reader below
                kept.append(error)
            finally:
                post(*kept, None)

        try:
            work = self._pool.submit(decode)
        except RuntimeError as error:
            raise EngineError("the model is closed") from error
        self._replies += 1
        try:
            posted: list[Any] = []
            while not posted or posted[-1] is not None:
                posted = await letters.take()
                if chunks := _chunks(posted, self.context):
                    yield chunks
        finally:
            self._replies -= 1
            stopped.set()
            work.cancel()


def _chunks(posted: list[Any], context: int) -> list[dict[str, Any]]:
    """Without the mark of the end. Raises what the thread could not."""
    for item in posted:
        if isinstance(item, EngineError):
            raise item
        if isinstance(item, BaseException):
            raise EngineError(f"llama.cpp failed: {type(item).__name__}") from item
        if item is not None and "error" in item:
            raise error_of(item["error"], context)
    return [item for item in posted if item is not None]


def _read(chunks: list[dict[str, Any]], pieces: Pieces, alternatives: int | None) -> tuple[Delta | None, Finished | None]:
    """One delta of all that ``chunks`` say, and the end where they reach it."""
    said: list[Delta | None] = []
    end = None
    for chunk in chunks:
        choice = chunk["choices"][0]
        if choice["text"]:
            said.append(pieces.add(choice["text"], tokens_of(choice, alternatives)))
        if pieces.stopped or choice["finish_reason"] is not None:
            end = finished(chunk, stopped=pieces.stopped)
            said.append(pieces.rest())
            break
    return joined(said), end
