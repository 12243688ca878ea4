"""What went wrong, as OpenAI's ``error`` event: the connection goes on."""

from __future__ import annotations

from typing import Any

from schemas.errors import RottieError
from serve.api.faults import error_body


class Refused(Exception):
    """A message that cannot be followed now, by the code that OpenAI's own service has for it."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message, param


def fault(error: RottieError | Refused, cause: str | None = None) -> dict[str, Any]:
    """The field ``error`` of the event; ``cause`` is the event_id of the client's message."""
    if isinstance(error, Refused):
        told = {"type": "invalid_request_error", "code": error.code, "message": error.message, "param": error.param}
    else:
        body = error_body(error)["error"]
        told = {name: body[name] for name in ("type", "code", "message", "param")}
    return {**told, "event_id": cause}


def reason(told: dict[str, Any]) -> dict[str, Any]:
    """``RottieError.as_dict()`` as the error of a failed response or transcription."""
    return {"type": "server_error", "code": told["code"], "message": f"{told['message']}. {told['hint']}"}
