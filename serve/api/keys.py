"""The lines of the key file: who may come in, and as whom.

    KEY                                   the owner's: the role in the assistant's file, and the home's own routes
    KEY id=tablet role=guest area=hall    somebody else, known by this id; ``area``, where they are, may be left out

Empty lines and those that begin with # are skipped. A file with any other line lets nobody in: what it means is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from starlette.types import Scope

from schemas.action import Actor, Role
from schemas.errors import Denied, KeysUnusable

CALLER = "rottie.caller"  # in the ASGI scope: the Caller that the key belongs to
ROLES: tuple[Role, ...] = get_args(Role)
TAKEN = frozenset({"api", "mcp"})  # ids of those that hold an unmarked key
_FORM = {"id": r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "role": "|".join(ROLES), "area": r"[!-~]{1,200}"}


@dataclass(frozen=True)
class Caller:
    """Who holds a key. ``id`` None: whoever has an unmarked one."""

    id: str | None = None
    role: Role = "user"
    area: str | None = None

    @property
    def manages(self) -> bool:
        """Whether the home itself may be set and replaced."""
        return self.id is None or self.role == "admin"

    def actor(self, own: Actor) -> Actor:
        """Who this is to the policy and the log, where ``own`` is who holds an unmarked key."""
        if self.id is None:
            return own
        return own.model_copy(update={"id": self.id, "role": self.role, "area": self.area})

    def check_manages(self) -> None:
        """Raises Denied."""
        if not self.manages:
            hint = "Use a key of an admin, or one without a mark: `rottie keys list` tells which there are."
            raise Denied("this key may not set the home", where="Authorization", hint=hint)


OWNER = Caller()


def caller_of(scope: Scope) -> Caller:
    """Who sent what came through the door."""
    return scope[CALLER]


def keys_in(path: Path) -> dict[bytes, Caller]:
    """Every key of ``path``, in order. Raises KeysUnusable with the number of the line, never with what stands there; OSError."""
    found: dict[bytes, Caller] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if key_of(line) is None:
            continue
        try:
            key, caller = _read(line)
            if key in found:
                raise ValueError("has a key that an earlier line has")
            if caller.id is not None and any(caller.id == other.id for other in found.values()):
                raise ValueError("has an id that an earlier line has")
        except ValueError as error:
            raise KeysUnusable(f"line {number} of the key file {error}", where=f"{path}:{number}") from None
        found[key] = caller
    return found


def key_of(line: bytes) -> bytes | None:
    """The key that a line of the file holds; None for one that is skipped."""
    words = line.split(None, 1)
    return words[0] if words and not words[0].startswith(b"#") else None


def marked(caller: Caller) -> str:
    """What stands after the key of ``caller``. Raises ValueError for what no line may hold."""
    marks = {"id": caller.id, "role": caller.role, "area": caller.area}
    text = " ".join(f"{name}={value}" for name, value in marks.items() if value is not None)
    _marks(text.split(" "))
    return text


def _read(line: bytes) -> tuple[bytes, Caller]:
    if not line.isascii():
        raise ValueError("is not ASCII")
    key, *words = line.decode().split()
    return key.encode(), _caller(_marks(words)) if words else OWNER


def _caller(marks: Mapping[str, str]) -> Caller:
    return Caller(marks["id"], cast("Role", marks["role"]), marks.get("area"))


def _marks(words: list[str]) -> dict[str, str]:
    marks: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _FORM or name in marks:
            raise ValueError("may have id, role and area after the key, each once")
        if not re.fullmatch(_FORM[name], value):
            known = f": it is one of {', '.join(ROLES)}" if name == "role" else ""
            raise ValueError(f"has no {name} that can be{known}")
        marks[name] = value
    if not {"id", "role"} <= marks.keys():
        raise ValueError("needs both id and role, or neither")
    if marks["id"] in TAKEN:
        raise ValueError(f"has an id that is taken: {' and '.join(sorted(TAKEN))} stand for keys without marks")
    return marks
