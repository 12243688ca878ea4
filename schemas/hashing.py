"""Content hashes and manifests: what gives every artifact its name, and what proves it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.errors import IntegrityError

MANIFEST = "manifest.json"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, so that equal data gives equal text. Models are dumped in JSON mode."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_dump)


def _dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot hash a {type(value).__name__}")


def content_id(*parts: Any) -> str:
    """First 16 hex digits of the SHA-256 of the parts' canonical JSON: an artifact's name."""
    return hashlib.sha256(canonical(list(parts)).encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sums(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """SHA-256 of every file below ``folder`` (or of ``names``), keyed by relative POSIX path; the manifest is left out."""
    paths = [folder / name for name in names] if names is not None else sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in paths if p.name != MANIFEST}


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Raise IntegrityError for the first file of ``expected`` that is missing below ``folder`` or has another sum."""
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise IntegrityError("a file named in the manifest is missing", where=str(path))
        if file_sha256(path) != digest:
            raise IntegrityError("a file does not match its SHA-256 sum", where=str(path))


def verify_manifest(folder: Path) -> None:
    """Where ``folder`` has a manifest, its ``files`` are as it says. Raises IntegrityError, also for one that cannot be read."""
    try:
        if (folder / MANIFEST).is_file():
            verify(folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError("the manifest cannot be read", where=str(folder / MANIFEST)) from error


def write_atomic(path: Path, data: str | bytes, mode: int = 0o644) -> None:
    """Write whole or not at all: a temporary file beside ``path``, flushed to disk, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data.encode() if isinstance(data, str) else data
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(raw)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False, default=_dump) + "\n")
