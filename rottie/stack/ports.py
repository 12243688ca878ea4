"""Checking the stack's ports before use, and saying who holds one that is taken."""

from __future__ import annotations

import contextlib
import errno
import socket

import psutil

from schemas.errors import PortInUse
from schemas.profile import Stack


def taken(host: str, port: int) -> bool:
    """Whether a listener can't be opened; connections of a server that just ended (TIME_WAIT) don't count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return True
            raise
    return False


def holder(port: int) -> str | None:
    """``name (pid n)`` of the process that listens on ``port``, where this user may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                if connection.pid is None:
                    return None
                return f"{_name(connection.pid)} (pid {connection.pid})"
    return None


def _name(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
        return " ".join(words)[:60] if words else process.name()
    except psutil.Error:
        return "a program"


def port_error(service: str, host: str, port: int) -> PortInUse:
    by = holder(port)
    variable = f"ROTTIE__PROFILE__STACK__PORTS__{service.upper()}"
    return PortInUse(
        f"port {port} of {service} is taken" + (f" by {by}" if by else ""),
        where=f"{host}:{port}",
        hint=f"Stop that program, or choose another port: --set stack.ports.{service}=<port>, or {variable}=<port>.",
    )


def reachable(host: str) -> str:
    """Where a client on this machine finds what listens on ``host``: all interfaces are reached through loopback."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound


def check_ports(stack: Stack) -> None:
    """Raises PortInUse for the first port of the stack that something else listens on."""
    for service, (host, port) in stack.listening.items():
        if taken(host, port):
            raise port_error(service, host, port)
