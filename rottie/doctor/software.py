"""The installation: Python, packages against the lock, SQLite."""

from __future__ import annotations

import sqlite3
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rottie.doctor import Finding

SUPPORTED = ((3, 11), (3, 13))  # from the first, below the second
# A writer that resets the write-ahead log while another connection checkpoints could corrupt it: sqlite.org/wal.html.
WAL_RESET_FIXED = (3, 51, 3)


def check_python(found: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    text = ".".join(map(str, found))
    low, high = SUPPORTED
    if low <= found[:2] < high:
        return Finding("python", "ok", f"{text} at {sys.executable}")
    wanted = f"{low[0]}.{low[1]} or {high[0]}.{high[1] - 1}"
    return Finding("python", "fail", f"{text} is not supported", f"Install Python {wanted}, remove .venv and run `make run`.")


def check_sqlite(found: tuple[int, ...] = sqlite3.sqlite_version_info) -> Finding:
    text = ".".join(map(str, found))
    if found >= WAL_RESET_FIXED:
        return Finding("sqlite", "ok", text)
    advice = (
        "Rare, and each database here has one server process that writes it; leave it to that server, keep backups of "
        "ROTTIE_HOME, and prefer a Python that is linked with SQLite 3.51.3 or newer."
    )
    return Finding("sqlite", "warn", f"{text} may corrupt a write-ahead log when two connections reset it at once", advice)


def locked(path: Path) -> dict[str, str]:
    """Package -> version of a lock file, without those whose marker excludes this Python or system."""
    from packaging.requirements import Requirement

    pins = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith(("#", "-")):
            continue
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            pins[requirement.name.lower()] = str(requirement.specifier).removeprefix("==")
    return pins


def check_packages(lock: Path) -> Finding:
    if not lock.is_file():
        return Finding("packages", "warn", f"there is no {lock.name}", "Run from a checkout of the project.")
    wrong = []
    for name, wanted in locked(lock).items():
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if found.partition("+")[0] != wanted.partition("+")[0]:
            wrong.append(f"{name} is {found}, locked {wanted}")
    if wrong:
        shown = "; ".join(wrong[:5]) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        return Finding("packages", "warn", shown, "Install what is locked: `.venv/bin/pip install -r requirements.lock`.")
    return Finding("packages", "ok", f"{len(locked(lock))} packages as locked")
