"""The engines of one stage of speech: the one that its section names, and those that other languages need.

At most MOST beside the first, loaded when somebody needs them; the one that rested longest gives way. Does not cover which model
a language needs: that is serve/speech_models.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from schemas.assistant import AUTO, RecogniserChoice, VoiceChoice
from schemas.errors import SpeechMissing
from serve.loaded import Closable, Loaded

MOST = 3
_REMEMBERED = 100  # languages that the choice is known of

Section = TypeVar("Section", bound=RecogniserChoice | VoiceChoice)
Engine = TypeVar("Engine", bound=Closable)


@dataclass(eq=False)
class _Other(Generic[Section, Engine]):
    loaded: Loaded[Section, Engine]
    users: int = 0
    dismissed: bool = False


class ByLanguage(Generic[Section, Engine]):
    """``load`` and ``choose`` block: the engine of a section's ``model``, and the model of a section for what is spoken (None:
    nothing is known of that). Both raise a RottieError."""

    def __init__(
        self,
        what: str,
        load: Callable[[Section], Engine],
        choose: Callable[[Section, str | None], str],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._choose = load, choose
        self._first: Loaded[Section, Engine] = Loaded(what, self._opened, now)
        self._fresh: Callable[[], Loaded[Section, Engine]] = lambda: Loaded(what, load, now)
        self._others: dict[str, _Other[Section, Engine]] = {}  # by model, in the order of their last use
        self._section: Section | None = None
        self._models: dict[str | None, str] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def want(self, section: Section) -> None:
        """Make ``section`` the goal; returns at once. Only inside a running event loop."""
        if section != self._section:
            for model in list(self._others):
                self._dismiss(model)
            self._models = {}
        self._section = section
        self._first.want(section)

    def retry(self) -> None:
        """As of Loaded, for all of them."""
        for loaded in (self._first, *(other.loaded for other in self._others.values())):
            loaded.retry()

    def status(self) -> dict[str, Any]:
        """Loaded.status() of the first, its model, and the languages that others are named for behind its own."""
        state, section = self._first.status(), self._section
        languages = [*state["languages"], *(section.languages if section else ())]
        model = {"model": self._models.get(None, section.model)} if section else {}
        return {**model, **state, "languages": list(dict.fromkeys(languages))}

    @asynccontextmanager
    async def hold(self, language: str | None = None) -> AsyncIterator[Engine]:
        """The engine for what is spoken, once it is loaded; it stays open until the block ends. Raises what loading raised."""
        other = await self._other(language)
        if other is None:
            async with self._first.hold() as engine:
                yield engine
            return
        try:
            async with other.loaded.hold() as engine:
                yield engine
        finally:
            other.users -= 1
            self._let_go(other)

    async def close(self) -> None:
        """Close what is open, after its last use."""
        for model in list(self._others):
            self._dismiss(model)
        await asyncio.gather(self._first.close(), *self._closing)

    def _opened(self, section: Section) -> Engine:
        """In a thread."""
        model = self._choose(section, None)
        if section == self._section:
            self._models[None] = model
        return self._load(section.model_copy(update={"model": model}))

    async def _other(self, language: str | None) -> _Other[Section, Engine] | None:
        """One that is held from now on; None for the first."""
        section = self._section
        if section is None or language is None or not (section.languages or section.model == AUTO):
            return None
        if len(self._models) >= _REMEMBERED:
            self._models = {}
        models = self._models
        try:
            for spoken in (None, language):
                if spoken not in models:
                    models[spoken] = await asyncio.to_thread(self._choose, section, spoken)
        except SpeechMissing:
            return None  # the first says what is missing
        if section != self._section or (model := models[language]) == models[None]:
            return None
        other = self._others.pop(model, None) or self._begun(section, model)
        self._others[model] = other
        other.users += 1
        for name in [name for name, one in self._others.items() if not one.users][: max(0, len(self._others) - MOST)]:
            self._dismiss(name)
        return other

    def _begun(self, section: Section, model: str) -> _Other[Section, Engine]:
        other = _Other(self._fresh())
        other.loaded.want(section.model_copy(update={"model": model, "languages": {}, "language": None}))
        return other

    def _dismiss(self, model: str) -> None:
        other = self._others.pop(model)
        other.dismissed = True
        self._let_go(other)

    def _let_go(self, other: _Other[Section, Engine]) -> None:
        if other.dismissed and not other.users:
            task = asyncio.create_task(other.loaded.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
