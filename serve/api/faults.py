"""Errors on the wire: OpenAI's shape, with where and hint beside it; unexpected ones without anybody's words."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from typing import Any

from schemas.errors import EngineError, RottieError

log = logging.getLogger("rottie.serve")
RETRY_AFTER_S = 1
_KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def error_body(error: RottieError, status: int | None = None) -> dict[str, Any]:
    """``{"error": {message, type, code, param, where, hint}}``."""
    status = status or error.status
    kind = _KINDS.get(
        status, "overloaded_error" if status == 503 else "server_error" if status >= 500 else "invalid_request_error"
    )
    return {
        "error": {
            "message": f"{error.message}. {error.hint}",
            "type": kind,
            "code": error.code,
            "param": error.where if status == 400 else None,
            "where": error.where,
            "hint": error.hint,
        }
    }


def _kinds(kind: type[RottieError]) -> Iterator[type[RottieError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def error_from(fields: dict[str, Any]) -> RottieError:
    """The error that ``RottieError.as_dict()`` described, of the same kind, so that its status is known again."""
    kinds = {kind.code: kind for kind in reversed(list(_kinds(RottieError)))}
    kind = kinds.get(str(fields.get("code")), EngineError)
    return kind(str(fields.get("message")), where=fields.get("where"), hint=fields.get("hint"))


def refusal_of(body: bytes, status: int) -> RottieError:
    """The error in the body of a refused request, as ``error_body`` wrote it; EngineError where there is none."""
    try:
        told = json.loads(body)["error"]
        message = str(told["message"]).removesuffix(f". {told.get('hint')}")
        return error_from({**told, "message": message})
    except (ValueError, KeyError, TypeError, AttributeError):
        return EngineError(f"the API answered {status}: {body[:200].decode(errors='replace')}")


def note(error: BaseException) -> EngineError:
    """Log an unexpected error by its type and place, and return what a caller may know of it.

    The message stays out of log and reply: it may quote what the user said.
    """
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    log.error("unexpected %s at %s", type(error).__name__, " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames)))
    return fault_of(error)


def fault_of(error: BaseException) -> EngineError:
    return EngineError("an unexpected error", where=type(error).__name__, hint="See the serve logs; the request may be repeated.")
