"""A helper process that may be lost, asked over its pipes: JSON and bytes, each behind its length, within a deadline.

For libraries that must not share a process with the rest: under another licence, not safe in threads, or apt to crash. Does
not cover what the process does: that is a script which imports nothing of this project and reads with ``struct`` alone.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MAX_MESSAGE = 64 * 2**20


class HelperLost(OSError):
    """The process has ended, did not answer in time, or answered what cannot be read. It was killed."""


class Helper:
    """One process of ``script``. Not safe in threads: whoever uses it from several holds a lock around ask and answer."""

    def __init__(self, script: Path, arguments: tuple[str, ...] = ()) -> None:
        # Nothing of this process's environment, which may hold keys, but where modules lie.
        environment = {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONUTF8": "1",
            "OMP_NUM_THREADS": "1",
        }
        if zone := os.environ.get("TZ"):
            environment["TZ"] = zone
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self._in, False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, message: dict[str, Any], timeout_s: float, raw: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send ``message`` with ``raw`` behind it, and wait for one answer, both within ``timeout_s``. Raises HelperLost."""
        deadline = time.monotonic() + timeout_s
        self.send(message, timeout_s, raw)
        return self.receive(deadline - time.monotonic())

    def send(self, message: dict[str, Any], timeout_s: float, raw: bytes = b"") -> None:
        """``raw`` goes as it is, behind the message, which tells its length. Raises HelperLost."""
        head = json.dumps(message).encode()
        view, deadline = memoryview(struct.pack("<I", len(head)) + head + raw), time.monotonic() + timeout_s
        try:
            while view:
                _wait(self._in, selectors.EVENT_WRITE, deadline)
                view = view[os.write(self._in, view) :]
        except (OSError, ValueError) as error:
            raise self._lost() from error

    def receive(self, timeout_s: float) -> tuple[dict[str, Any], bytes]:
        """The next answer: a JSON object, and as many raw bytes as its ``bytes`` says. Raises HelperLost."""
        deadline = time.monotonic() + timeout_s
        try:
            head = json.loads(self._read(struct.unpack("<I", self._read(4, deadline))[0], deadline))
            return head, self._read(int(head.get("bytes", 0)), deadline)
        except (OSError, ValueError, AttributeError) as error:
            raise self._lost() from error

    def close(self) -> None:
        """Kill the process. May be called twice."""
        self._process.kill()
        self._process.communicate()  # waits, and closes the pipes

    def _read(self, length: int, deadline: float) -> bytes:
        if not 0 <= length <= MAX_MESSAGE:
            raise OSError("too long")
        got = bytearray()
        while len(got) < length:
            _wait(self._out, selectors.EVENT_READ, deadline)
            part = os.read(self._out, length - len(got))
            if not part:
                raise OSError("the process has ended")
            got += part
        return bytes(got)

    def _lost(self) -> HelperLost:
        self.close()
        return HelperLost("the helper process was lost")


def _wait(pipe: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise OSError("no answer in time")
