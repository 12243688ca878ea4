"""Rendering a chat template of unknown origin: asked of a process that may be lost, see jinja_process."""

from __future__ import annotations

import json
import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from schemas.errors import EngineError, ModelUnusable, RequestError

CHILD = Path(__file__).with_name("jinja_process.py")
# The process limits its own time on the processor; this is for one that does not get there.
TIMEOUT_S = 30.0
MAX_TEMPLATE = 2**20
MAX_ANSWER = 64 * 2**20


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
        self._process: subprocess.Popen[bytes] | None = None
        with self._lock:
            self._start()

    def render(self, **values: Any) -> str:
        """Raises TemplateRefused where the template does, EngineError where it took too much time or memory."""
        with self._lock:
            if self._process is None:
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
        # Nothing of this process's environment, which may hold keys, but where modules lie.
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"}
        if zone := os.environ.get("TZ"):
            environment["TZ"] = zone
        command = [sys.executable, "-P", str(CHILD)]
        self._process = process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._in, False)
        if "error" in self._ask(self._first):
            self._stop()
            raise ModelUnusable("the chat template in the file cannot be compiled", where=self._where)

    def _stop(self) -> None:
        if (process := self._process) is None:
            return
        self._process = None
        process.kill()
        process.communicate()  # waits, and closes the pipes

    def _ask(self, message: dict[str, Any]) -> dict[str, str]:
        raw = json.dumps(message).encode()
        try:
            deadline = time.monotonic() + TIMEOUT_S
            self._send(struct.pack("<I", len(raw)) + raw, deadline)
            length = struct.unpack("<I", self._receive(4, deadline))[0]
            if length > MAX_ANSWER:
                raise OSError("too long")
            return json.loads(self._receive(length, deadline))
        except (OSError, ValueError) as error:
            self._stop()
            raise EngineError(
                "this model's chat template took too much time or memory",
                where=self._where,
                hint="Shorten the conversation, or use another model file.",
            ) from error

    def _send(self, raw: bytes, deadline: float) -> None:
        view = memoryview(raw)
        while view:
            _wait(self._in, selectors.EVENT_WRITE, deadline)
            view = view[os.write(self._in, view) :]

    def _receive(self, length: int, deadline: float) -> bytes:
        got = bytearray()
        while len(got) < length:
            _wait(self._out, selectors.EVENT_READ, deadline)
            part = os.read(self._out, length - len(got))
            if not part:
                raise OSError("the process has ended")
            got += part
        return bytes(got)


def _wait(pipe: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise OSError("no answer in time")
