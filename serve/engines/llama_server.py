"""llama.cpp's server inside this process: how it is set up, and the calls that are made of it. Blocks; for threads.

It also opens a listener that cannot be turned off. That is bound to a socket file in a folder that only this user may enter,
and asks for a random key; tokenization goes through it, and prompts with images: the library has no direct call for those.
"""

from __future__ import annotations

import http.client
import importlib
import json
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, RequestError
from serve.engines.completions import as_direct, error_of
from serve.engines.pictures import blank

# A socket's path may be 108 bytes long at most.
_LONGEST_FOLDER = 80
_SAME = 4  # tokens that must have stood there before, for what followed them to be a guess
_BATCH = 512  # tokens: some models look at an image's tokens all at once, which must then be one batch
_SILENCE_S = 600.0  # between two tokens; before the first, images are looked at
_DATA = b"data: "


@dataclass(frozen=True)
class Guesses:
    """Up to ``tokens`` at once, by the model in ``draft``, or by what followed the same words before where that is None."""

    draft: Path | None = None
    tokens: int = 8


@dataclass(frozen=True)
class Sight:
    """The projector in ``file``, which makes at most ``tokens`` of an image, or as many as it likes where that is None."""

    file: Path
    tokens: int | None = None


class LlamaServer:
    """One model with ``slots`` sequences of ``context`` tokens each, decoded ``batch`` tokens at a time."""

    def __init__(
        self,
        path: Path,
        *,
        slots: int,
        context: int,
        batch: int,
        threads: int,
        gpu_layers: int,
        adapters: Sequence[Path] = (),
        embedding: bool = False,
        guesses: Guesses | None = None,
        sight: Sight | None = None,
    ) -> None:
        """Raises ModelUnusable when llama.cpp refuses the file, an adapter, a draft or a projector."""
        self._context = context
        self._sees = sight is not None
        temporary = tempfile.gettempdir()
        self._folder = Path(tempfile.mkdtemp(prefix="rottie-", dir=temporary if len(temporary) < _LONGEST_FOLDER else "/tmp"))  # noqa: S108
        self._key = secrets.token_urlsafe(24)
        self._connection: _SocketConnection | None = None
        parameters = library().CommonParams()
        parameters.model.path = str(path)
        parameters.n_parallel = slots
        parameters.n_ctx = context * slots
        parameters.n_batch = parameters.n_ubatch = batch
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.n_gpu_layers = gpu_layers
        parameters.lora_adapters = [_adapter(file) for file in adapters]
        parameters.lora_init_without_apply = True  # each request names its own
        parameters.embedding = embedding
        if embedding:
            parameters.pooling_type = library().llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        if guesses is not None:
            _speculate(parameters.speculative, guesses, threads, gpu_layers)
        _be_quiet_and_bounded(parameters)
        if sight is not None:
            _look(parameters, sight)
        parameters.hostnames = [str(self._folder / "llama.sock")]
        parameters.api_keys = [self._key]
        try:
            self._server: Any = library().Server(parameters)
        except RuntimeError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            if sight is None:
                raise ModelUnusable("llama.cpp cannot load this model file", where=str(path)) from error
            hint = "A projector is made for one model: take the mmproj file that is published beside these weights."
            told = f"llama.cpp cannot load this model file with the projector {sight.file.name}"
            raise ModelUnusable(told, where=str(path), hint=hint) from error

    def complete(self, request: dict[str, Any], deliver: Callable[[Any], bool] | None = None) -> Any:
        """The answer; with ``deliver``, its chunks as they come, until that returns True.

        The prompt is a text or token ids; with a projector and ``deliver`` it may also have images, as ``illustrated``.
        """
        server = self._server
        if server is None:
            raise EngineError("the model is closed")
        if deliver and self._sees and not isinstance(request["prompt"], str):
            return self._stream(request, deliver)
        return server.handle_completions(request, deliver) if deliver else server.handle_completions(request)

    def embed(self, text: str) -> dict[str, Any]:
        answer = self._server.handle_embeddings({"input": text, "encoding_format": "float"})
        if "error" in answer:
            raise error_of(answer["error"], self._context)
        return answer

    def media_mark(self) -> str:
        """What stands in a prompt where an image is: random, made by llama.cpp for this process, and told to nobody.

        Raises ModelUnusable where the projector is not for images.
        """
        status, told = self._insist("/props", None)
        if status != HTTPStatus.OK or not told.get("modalities", {}).get("vision"):
            raise ModelUnusable("the projector is not one for images", hint="Name the one for images as engine.projector.")
        return told["media_marker"]

    def image_tokens(self, width: int, height: int) -> int:
        """Of an image of so many pixels: their number depends on nothing else. One caller at a time."""
        text = {"type": "text", "text": "a"}
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{blank(width, height).png}"}}
        return self._counted([text, image]) - self._counted([text])

    def _counted(self, parts: list[dict[str, Any]]) -> int:
        return self._ask("/v1/chat/completions/input_tokens", {"messages": [{"role": "user", "content": parts}]})["input_tokens"]

    def tokenize(self, text: str) -> list[int]:
        """Special tokens recognised, none added. One caller at a time: the connection is kept."""
        return self._ask("/tokenize", {"content": text, "add_special": False, "parse_special": True})["tokens"]

    def detokenize(self, tokens: Sequence[int]) -> str:
        """As ``tokenize``. Raises RequestError for an id that the vocabulary has not."""
        status, answer = self._insist("/detokenize", {"tokens": list(tokens)})
        if status != HTTPStatus.OK:
            raise RequestError("the model has no such token", hint="Send ids of its own vocabulary, or the text.")
        return answer["content"]

    def close(self) -> None:
        """Waits for replies still in work; may be called twice."""
        self._server = None
        self._hang_up()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _stream(self, request: dict[str, Any], deliver: Callable[[Any], bool]) -> None:
        """As ``complete``, by llama.cpp's own route: closing the connection ends the reply."""
        connection = _SocketConnection(self._folder / "llama.sock", _SILENCE_S)
        try:
            self._send(connection, "/completion", {**request, "n_probs": request.get("logprobs", 0)})
            response = connection.getresponse()
            if response.status != HTTPStatus.OK:
                deliver(json.loads(response.read()))
                return
            for line in response:
                if line.startswith(_DATA) and deliver(as_direct(json.loads(line.removeprefix(_DATA)))):
                    return
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise EngineError("llama.cpp does not answer") from error
        finally:
            connection.close()

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        status, answer = self._insist(path, body)
        if status != HTTPStatus.OK:
            raise error_of(answer.get("error", {}), self._context)
        return answer

    def _insist(self, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        try:
            return self._exchange(path, body)
        except (OSError, ValueError, http.client.HTTPException):
            self._hang_up()  # llama.cpp closes an idle connection after some seconds
            try:
                return self._exchange(path, body)
            except (OSError, ValueError, http.client.HTTPException) as error:
                self._hang_up()
                raise EngineError("llama.cpp does not answer") from error

    def _exchange(self, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = _SocketConnection(self._folder / "llama.sock")
        self._send(self._connection, path, body)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def _send(self, connection: http.client.HTTPConnection, path: str, body: dict[str, Any] | None) -> None:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def illustrated(prompt: str, images: Sequence[str]) -> dict[str, Any]:
    """What ``complete`` takes as a prompt with images: PNG in base64, one for each media mark in ``prompt``."""
    return {"prompt_string": prompt, "multimodal_data": list(images)}


def library() -> Any:
    """The package's names come from a compiled module that type checkers cannot look into."""
    return importlib.import_module("xllamacpp")


def _adapter(file: Path) -> Any:
    adapter = library().CommonAdapterLoraInfo()
    adapter.path, adapter.scale = str(file), 1.0
    return adapter


def _speculate(speculative: Any, guesses: Guesses, threads: int, gpu_layers: int) -> None:
    kinds = library().common_speculative_type
    if guesses.draft is None:
        speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
        speculative.ngram_simple.size_n, speculative.ngram_simple.size_m = _SAME, guesses.tokens
        return
    speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
    draft = speculative.draft
    draft.mparams.path, draft.n_max, draft.n_gpu_layers = str(guesses.draft), guesses.tokens, gpu_layers
    draft.cpuparams.n_threads = draft.cpuparams_batch.n_threads = threads


def _look(parameters: Any, sight: Sight) -> None:
    parameters.mmproj.path, parameters.mmproj_use_gpu = str(sight.file), parameters.n_gpu_layers > 0
    if sight.tokens is not None:
        parameters.image_max_tokens = sight.tokens
    parameters.n_batch = parameters.n_ubatch = max(parameters.n_batch, _BATCH)
    parameters.n_threads_http += parameters.n_parallel  # each reply about images holds one
    # Counting goes through a template: not through the model's, which is a program of unknown origin.
    parameters.chat_template = "{{ messages[0]['content'] }}"


def _be_quiet_and_bounded(parameters: Any) -> None:
    parameters.verbosity = -1  # llama.cpp logs prompts at some levels: a user's words must reach no log
    parameters.cache_ram_mib = 0  # the default keeps up to 8 GiB of old prompts
    parameters.fit_params = False  # would probe memory for seconds and change the context
    parameters.warmup = False
    parameters.ctx_shift = False
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.endpoint_props = False
    parameters.n_threads_http = 2


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float = 60) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
