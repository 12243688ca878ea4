"""The OpenAPI document, true to what is served: bodies that are read by hand, errors, and who may come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter

from serve.api.doors import OPEN
from serve.api.wire import Body

Bodies = Mapping[tuple[str, str], type[BaseModel]]

_ALWAYS = (401, 421, 500)
_USUAL = (400, 403, 404, 409, 413, 424, 429, 503, 504)
_MEANINGS = {
    400: "The request is refused: the body, a setting or its size in tokens.",
    401: "The API key is missing or wrong.",
    403: "Whoever holds this key has no right to this.",
    404: "No such model, or no such thing.",
    409: "It does not fit what is there now.",
    413: "The body is too long.",
    421: "The Host header names another machine.",
    424: "A tool outside of this home failed.",
    426: "What is here is a WebSocket.",
    429: "Too often; Retry-After tells when to come back.",
    500: "Something failed that should not have.",
    503: "Nothing can answer now, or too many wait; Retry-After tells when to come back.",
    504: "It took longer than the assistant's time limit.",
}
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


class ErrorShown(Body):
    message: str
    type: str
    code: str
    param: str | None
    where: str | None
    hint: str | None


class ErrorReply(Body):
    """OpenAI's shape, with where and hint beside it."""

    error: ErrorShown


def answers(kind: Any, *statuses: int, events: str | None = None) -> dict[int | str, dict[str, Any]]:
    """What FastAPI's ``responses`` takes: ``kind`` with 200, and an error with each of ``statuses``.

    ``events``: what server-sent events carry where the request asks for a stream.
    """
    good: dict[str, Any] = {"model": kind}
    if events is not None:
        good["content"] = {"text/event-stream": {"schema": _event(events)}}
    return {200: good, **{status: {"model": ErrorReply} for status in statuses}}


def _event(carried: str) -> dict[str, Any]:
    """One server-sent event."""
    data = {"type": "string", "contentMediaType": "application/json", "description": carried}
    return {"type": "object", "properties": {"data": data, "event": {"type": "string"}}, "required": ["data"]}


def describe(app: FastAPI, bodies: Bodies, forms: Bodies, messages: Iterable[type[BaseModel]] = ()) -> None:
    """Put ``bodies`` ({(method, path): kind}) of JSON, ``forms`` with files, every route's errors and the key into the document
    of ``app``, and the ``messages`` of WebSockets.
    """
    plain = app.openapi
    finished: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not finished:
            finished.update(_finished(plain(), bodies, forms))
            for kind in messages:
                finished["components"]["schemas"][kind.__name__] = _closed(kind)
        return finished

    app.openapi = openapi  # type: ignore[method-assign]


def _finished(document: dict[str, Any], bodies: Bodies, forms: Bodies) -> dict[str, Any]:
    components = document.setdefault("components", {})
    parts = components.setdefault("schemas", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    _add(parts, ErrorReply, "serialization")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, path)
            for media, kinds in (("application/json", bodies), ("multipart/form-data", forms)):
                if kind := kinds.get((method, path)):
                    _add(parts, kind, "validation")
                    content = {media: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
                    operation["requestBody"] = {"required": True, "content": content}
    # FastAPI's own, for what it would have read itself.
    for name in ("HTTPValidationError", "ValidationError"):
        parts.pop(name, None)
    return document


def _closed(kind: type[BaseModel]) -> dict[str, Any]:
    """With all that it refers to inside it, since names of messages need not differ from those of bodies."""
    return TypeAdapter(kind).json_schema(ref_template=f"#/components/schemas/{kind.__name__}/$defs/{{model}}", mode="validation")


def _complete(operation: dict[str, Any], path: str) -> None:
    """Errors, and the key. A route that declares no error of its own may answer with any of the usual ones."""
    operation["security"] = [] if path in OPEN else [{"key": []}]
    given = operation["responses"]
    given.pop("422", None)
    errors: tuple[int, ...] = () if path in OPEN else _ALWAYS
    if path.startswith("/v1/") and not any(status.startswith(("4", "5")) for status in given):
        errors += _USUAL
    if path in OPEN:
        given.setdefault("421", {})
    for status in errors:
        given.setdefault(str(status), {})
    for status, response in given.items():
        if status.isdigit() and int(status) in _MEANINGS and "content" not in response:
            reference = {"schema": {"$ref": "#/components/schemas/ErrorReply"}}
            response |= {"content": {"application/json": reference}}
        if int(status) in _MEANINGS:
            response["description"] = _MEANINGS[int(status)]
        if status in ("429", "503"):
            response["headers"] = _RETRY
    operation["responses"] = dict(sorted(given.items()))


def _add(parts: dict[str, Any], kind: type[BaseModel], mode: Any) -> None:
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}", mode=mode)
    parts.update(schema.pop("$defs", {}))
    parts[kind.__name__] = schema
