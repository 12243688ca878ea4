"""POST /v1/embeddings: texts as vectors of length 1."""

from __future__ import annotations

import array
import asyncio
import base64
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from schemas.errors import RequestError
from serve.api.bodies import attended, read_body
from serve.api.describing import answers
from serve.api.running import late
from serve.api.wire import Body, Passages, TokenId, Vectors, checked

if TYPE_CHECKING:
    from serve.api.gateway import Settings, Turns

PATH = "/v1/embeddings"
MOST_TEXTS = 256

NonEmpty = Annotated[str, Field(min_length=1)]
Tokens = Annotated[tuple[TokenId, ...], Field(min_length=1)]


class EmbeddingRequest(Body):
    model: str = "champion"
    input: (
        NonEmpty
        | Annotated[tuple[NonEmpty, ...], Field(min_length=1, max_length=MOST_TEXTS)]
        | Tokens
        | Annotated[tuple[Tokens, ...], Field(min_length=1, max_length=MOST_TEXTS)]
    ) = Field(description="Text, or token ids for the text that they stand for, one or several.")
    encoding_format: Literal["float", "base64"] | None = Field(
        default=None, description="base64: of little-endian 32-bit floats."
    )
    dimensions: int | None = Field(default=None, ge=1, description="The model's own number; others are refused.")
    user: str | None = None

    def passages(self) -> Passages:
        single = isinstance(self.input, str) or isinstance(self.input[0], int)
        return Passages(model=self.model, inputs=(self.input,) if single else self.input)  # type: ignore[arg-type]


class OneEmbedding(Body):
    object: Literal["embedding"]
    index: int
    embedding: tuple[float, ...] | str


class EmbeddingUsage(Body):
    prompt_tokens: int
    total_tokens: int


class Embeddings(Body):
    object: Literal["list"]
    data: tuple[OneEmbedding, ...]
    model: str
    usage: EmbeddingUsage


BODIES = {("post", PATH): EmbeddingRequest}


def add_embeddings(app: FastAPI, turns: Turns, settings: Settings) -> None:
    @app.post(PATH, responses=answers(Embeddings, 400, 404, 413, 503, 504))
    async def embed(request: Request) -> Response:
        """One vector for each text."""
        limits = settings.limits
        asked = checked(EmbeddingRequest, await read_body(request, limits.request_bytes))
        try:
            async with asyncio.timeout(limits.timeout_s):
                vectors = await attended(request, turns.embed(asked.passages()))
        except TimeoutError as error:
            raise late(limits) from error
        return JSONResponse(_reply(asked, vectors))


def _reply(asked: EmbeddingRequest, found: Vectors) -> dict[str, Any]:
    width = len(found.vectors[0])
    if asked.dimensions not in (None, width):
        raise RequestError(f"this model's vectors have {width} numbers", where="dimensions", hint="Leave it out.")
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if asked.encoding_format == "base64" else vector}
        for index, vector in enumerate(found.vectors)
    ]
    usage = {"prompt_tokens": found.tokens, "total_tokens": found.tokens}
    return {"object": "list", "data": data, "model": found.model, "usage": usage}


def _packed(vector: tuple[float, ...]) -> str:
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
