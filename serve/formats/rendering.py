"""Rendering a chat template of unknown origin: asked of a process that may be lost, see jinja_process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, RequestError
from serve.piping import Helper, HelperLost

CHILD = Path(__file__).with_name("jinja_process.py")
# The process limits its own time on the processor; this is for one that does not get there.
TIMEOUT_S = 30.0
MAX_TEMPLATE = 2**20


class TemplateRefused(RequestError):
    """The template raised an error of its own: it does not take such a conversation."""

    code = "request.template"
    default_hint = "Send a system message first, if any, then user and assistant in turns, calls followed by their results."


class Renderer:
    """One template in one process, started again when it was lost. Blocks for about a millisecond; safe from any thread."""

    def __init__(self, template: str, constants: dict[str, str], where: str = "") -> None:
        """``constants`` are names that every rendering sees. Raises ModelUnusable for what is no template."""
        if len(template) > MAX_TEMPLATE:
            raise ModelUnusable("the chat template is too long", where=where)
        self._first = {"template": template, "constants": constants}
        self._where = where
        self._lock = threading.Lock()
        self._helper: Helper | None = None
        with self._lock:
            self._start()

    def render(self, **values: Any) -> str:
        """Raises TemplateRefused where the template does, EngineError where it took too much time or memory."""
        with self._lock:
            if self._helper is None:
                self._start()
            answer = self._ask(values)
        if "text" not in answer:
            raise TemplateRefused("this model's chat template refuses the conversation", where="messages")
        return answer["text"]

    def close(self) -> None:
        """May be called twice; rendering afterwards starts the process again."""
        with self._lock:
            self._stop()

    def _start(self) -> None:
        self._helper = Helper(CHILD)
        if "error" in self._ask(self._first):
            self._stop()
            raise ModelUnusable("the chat template in the file cannot be compiled", where=self._where)

    def _stop(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.close()

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._helper is not None
        try:
            return self._helper.ask(message, TIMEOUT_S)[0]
        except HelperLost as error:
            self._helper = None
            raise EngineError(
                "this model's chat template took too much time or memory",
                where=self._where,
                hint="Shorten the conversation, or use another model file.",
            ) from error
