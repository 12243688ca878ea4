"""Writing a content-addressed folder whole or not at all, whatever kills the process on the way.

A version is built in a hidden folder beside its target and renamed into place when everything is on disk. The builder
holds an advisory lock inside that folder; a lock that nobody holds marks the leavings of a dead run, which the next run
removes. Process ids would not do: they are reused, and mean nothing on a shared file system.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import DiskFull

_PREFIX, _LOCK = ".building-", ".lock"
_SETTLING = 60.0  # seconds in which a folder may have no lock: its owner is about to take it, or to rename the folder
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def new_version(target: Path) -> Iterator[Path]:
    """Yield an empty folder; when the block ends well, it becomes ``target``. On any error nothing is left behind.

    Where another process put the same version there first, its folder stays and ours is dropped: the content is the
    same. Raises DiskFull when the disk, or the quota, is full.
    """
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target.parent)
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f"{_PREFIX}{target.name}-"))
        try:
            with (folder / _LOCK).open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield folder
                (folder / _LOCK).unlink()
                _flush(folder)
                _place(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn "no space left" into DiskFull; every other error passes unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull("no space left to write", where=str(where)) from error
        raise


def remove_leftovers(folder: Path) -> list[str]:
    """Delete unfinished versions below ``folder`` that no living process builds; their names, for the log."""
    removed = []
    for path in folder.glob(f"{_PREFIX}*"):
        if _abandoned(path):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path.name)
    return removed


def _abandoned(path: Path) -> bool:
    try:
        with (path / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        try:
            return time.time() - path.stat().st_mtime > _SETTLING
        except FileNotFoundError:
            return False


def _flush(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _fsync(path)
    _fsync(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(folder: Path, target: Path) -> None:
    try:
        folder.chmod(0o755)  # mkdtemp makes 700; finished versions follow the mode of the folder they lie in
        folder.rename(target)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return
    _fsync(target.parent)
