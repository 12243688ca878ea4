"""Where the running stack keeps sockets and Ray's session, and whether the disk has room."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import psutil

from rottie.stack.identity import stack_id
from rottie.stack.keys import private_folder
from schemas.errors import DiskFull, StackError
from schemas.settings import Home

# A Unix socket's path has at most 107 bytes. Ray adds 63 of its own (session_<time>_<pid>/sockets/plasma_store), its HAProxy
# up to 76 (h/<56 digits of the node>/s.<pid>.tmp).
SOCKET_LIMIT = 107
LONGEST_SUFFIX = 78
LEAST_FREE_BYTES = 10**9


def short_folder(home: Home) -> Path:
    """Ray's temporary folder: below ROTTIE_HOME where the path is short enough, else /tmp/rottie-<id>."""
    inside = home.run / "ray"
    if len(os.fsencode(inside)) + LONGEST_SUFFIX <= SOCKET_LIMIT:
        return inside
    return Path("/tmp") / f"rottie-{stack_id(home)}"  # noqa: S108 - mode 700 and its owner are checked in make_folders


def supervisor_socket(home: Home) -> Path:
    inside = home.run / "supervisor.sock"
    # supervisord binds <socket>.<pid> first, then renames it.
    return inside if len(os.fsencode(inside)) + 12 <= SOCKET_LIMIT else short_folder(home) / "supervisor.sock"


def ray_session(home: Home) -> Path:
    return short_folder(home) / "r"


def haproxy_folder(home: Home) -> Path:
    return short_folder(home) / "h"


def make_folders(home: Home) -> None:
    """Make every folder that the stack writes to. Raises StackError when someone else owns the short one."""
    for folder in (home.run, home.prefect):
        private_folder(folder)
    for folder in (home.logs, home.artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    short = short_folder(home)
    private_folder(short, create_only=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StackError(
            "the folder for sockets belongs to someone else",
            where=str(short),
            hint="Ask its owner to remove it, or choose another (or a shorter) ROTTIE_HOME.",
        )
    os.chmod(short, 0o700)


def check_disk(home: Home) -> None:
    """Raises DiskFull when less than 1 GB is free for the home or for the sockets' folder."""
    for folder in (home.root, short_folder(home).parent):
        there = folder
        while not there.exists():
            there = there.parent
        free = psutil.disk_usage(str(there)).free
        if free < LEAST_FREE_BYTES:
            raise DiskFull(f"{free / 1e9:.2f} GB are free; the stack needs at least 1 GB", where=str(there))


def clear_ray_sessions(home: Home, keep: int = 2) -> None:
    """Remove Ray's session folders except the newest ``keep``; they hold logs and sockets of heads that ended."""
    folder = ray_session(home)
    sessions = sorted(p for p in folder.glob("session_2*") if p.is_dir() and not p.is_symlink())
    for old in sessions[: max(0, len(sessions) - keep)]:
        shutil.rmtree(old, ignore_errors=True)


def remove_short_folder(home: Home) -> None:
    """Remove what a stopped stack leaves below /tmp, except Ray's newest logs, which explain a failure."""
    clear_ray_sessions(home, keep=1)
    supervisor_socket(home).unlink(missing_ok=True)
