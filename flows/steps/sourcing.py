"""Lines of a JSONL file, one at a time and bounded, each as parsed JSON or with the reason why it is none."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from flows.steps.normalising import Rejected, parse
from schemas.conversation import Tool
from schemas.errors import DataError, SourceEmpty, SourceMissing

LONGEST_LINE = 1 << 20  # bytes; a chat row of a mebibyte is an accident, and a file without line breaks is no JSONL
_TOOLS = TypeAdapter(tuple[Tool, ...])
_WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True)
class Line:
    """``value`` is parsed JSON, or ``problem`` says why the line is dropped. ``number`` counts from 1."""

    number: int
    value: Any = None
    problem: Rejected | None = None


def expand(path: str) -> Path:
    """``path`` with ~ and $VARIABLES resolved; SourceMissing when there is no such file."""
    found = Path(os.path.expandvars(path)).expanduser()
    unset = re.findall(r"\$\{?(\w+)", str(found))
    if not found.exists():
        hint = f"Set the environment variable {unset[0]}, which the path uses." if unset else None
        raise SourceMissing("no such file", where=str(found), hint=hint)
    if not found.is_file():
        raise DataError("not a file", where=str(found), hint="Name one JSONL file; several files are several sources.")
    return found


def checked_sum(path: Path) -> str:
    """SHA-256 of a source file; raises for a file that is unreadable, empty or in a wide encoding."""
    digest = hashlib.sha256()
    with _opened(path) as handle:
        first = handle.read(4)
        if not first.removeprefix(codecs.BOM_UTF8).strip() and not handle.read(1):
            raise SourceEmpty("the file is empty", where=str(path))
        for mark, name in _WIDE.items():
            if first.startswith(mark):
                raise DataError(
                    f"the file is {name}, not UTF-8", where=f"{path}: byte 0", hint=f"Convert it: iconv -f {name} -t UTF-8."
                )
        handle.seek(0)
        while piece := handle.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def lines(path: Path, expected: str, limit: int | None = None) -> Iterator[Line]:
    """Every line that is not blank, at most ``limit`` of them. ``expected`` is the file's sum: a file that changes
    between the two looks would give a dataset that its name does not describe, so that raises DataError."""
    digest, number, given = hashlib.sha256(), 0, 0
    with _opened(path) as handle:
        for number, raw in _bounded(handle, digest):
            if raw is not None and not raw.strip():
                continue
            if given == limit:
                return
            given += 1
            yield _line(number, raw)
    if digest.hexdigest() != expected:
        raise DataError("the file changed while it was read", where=str(path), hint="Run again when its writer is done.")


def read_tools(path: Path) -> tuple[Tool, ...]:
    """The tools of a JSON list of OpenAI tool declarations; DataError names the entry and the key that is wrong."""
    with _opened(path) as handle:
        raw = handle.read()
    try:
        found = _TOOLS.validate_python(parse(raw.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8", where=f"{path}: byte {error.start}") from error
    except Rejected as error:
        raise DataError(f"not valid JSON: {error.detail}", where=str(path)) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{key or 'the whole file'}: {first['msg']}", where=str(path)) from error
    names = [tool.function.name for tool in found]
    if len(set(names)) != len(names):
        raise DataError(f"tool {next(n for n in names if names.count(n) > 1)!r} is declared twice", where=str(path))
    return found


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read the file: {error.strerror}", where=str(path)) from error


def _bounded(handle: BinaryIO, digest: Any) -> Iterator[tuple[int, bytes | None]]:
    """Line numbers and lines; None for a line beyond the bound, which is skipped without being held in memory."""
    number = 0
    while raw := handle.readline(LONGEST_LINE + 1):
        digest.update(raw)
        number += 1
        if len(raw) <= LONGEST_LINE or raw.endswith(b"\n"):
            yield number, raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = handle.readline(LONGEST_LINE)
            digest.update(raw)
        yield number, None


def _line(number: int, raw: bytes | None) -> Line:
    try:
        if raw is None:
            raise Rejected("line_too_long", f"more than {LONGEST_LINE} bytes")
        return Line(number, parse(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        return Line(number, problem=Rejected("not_utf8", f"byte {error.start} of the line is 0x{error.object[error.start]:02x}"))
    except Rejected as error:
        return Line(number, problem=error)
