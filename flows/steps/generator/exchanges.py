"""What every maker of the generator makes: one request in a home, what came before it, and its right answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from flows.steps.generator.homes import Place
from schemas.conversation import Message, Tool
from schemas.pipeline import Part

Category = Literal[
    "light", "switch", "fan", "cover", "lock", "climate", "media", "vacuum", "list", "timer", "scene",
    "area", "floor", "all", "several", "relative", "indirect", "question",
    "followup", "correction", "failure", "refusal", "talk", "offtopic", "tools", "injection",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer: ``calls`` of (tool, arguments), or the ``reply`` that is spoken where there are none.

    ``earlier`` are the turns before the request, ``since`` the messages after it that are no answer yet (a call that
    failed and what the tool said). ``home`` are the lines at the newest request and ``tools`` what may be called; both
    None for the place's own. ``references`` are the kinds of reference in the request (exact, alias, described, ...).
    """

    category: Category
    request: str
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    reply: str = ""
    earlier: tuple[Message, ...] = ()
    since: tuple[Message, ...] = ()
    references: tuple[str, ...] = ()
    home: tuple[str, ...] | None = None
    tools: tuple[Tool, ...] | None = None


# None: this home has nothing that such a request could be about. All randomness comes from the Random that is given.
Maker = Callable[[Random, Place, Part], Exchange | None]
