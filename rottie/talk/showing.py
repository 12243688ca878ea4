"""What a person sees of a spoken conversation: what was heard, what was done, the reply, and where the time went."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from rottie.commands.asking import print_action
from schemas.errors import RottieError


class Screen:
    """On a terminal a sentence that is still being heard is written over as it grows; elsewhere only what is settled is told."""

    def __init__(self, console: Console, timings: bool = False) -> None:
        self._console, self._timings = console, timings
        self._live = console.is_terminal
        self._open = ""  # what stands in the line that has no end yet

    def note(self, text: str) -> None:
        self._line()
        self._console.print(text, style="dim", markup=False, highlight=False)

    def partial(self, stable: str, rest: str) -> None:
        if self._live:
            self._over("heard")
            text = f"{stable} {rest}".strip()[-self._console.width + 4 :]
            self._console.file.write(f"\x1b[2m… {text}\x1b[0m")
            self._console.file.flush()

    def heard(self, text: str) -> None:
        self._over("")
        self._console.print(f"“{text}”" if text else "(nothing)", style="bold", markup=False, highlight=False)

    def said(self, text: str) -> None:
        """More of the reply."""
        if self._open != "reply":
            self._over("reply")
            text = text.lstrip()
        self._console.print(text, end="", markup=False, highlight=False, soft_wrap=True)

    def replied(self) -> None:
        self._line()

    def action(self, action: dict[str, Any]) -> None:
        self._line()
        print_action(action)

    def timings(self, stages_ms: dict[str, float]) -> None:
        if self._timings:
            told = ", ".join(f"{name.replace('_', ' ')} {ms:.0f}" for name, ms in stages_ms.items())
            self.note(f"{told} ms")

    def trouble(self, error: RottieError) -> None:
        self._line()
        self._console.print(f"{error.message}. {error.hint}", style="yellow", markup=False, highlight=False)

    def _over(self, kind: str) -> None:
        """Begin a line of this kind: over one that is still being heard, below any other."""
        if self._open == "heard":
            self._console.file.write("\r\x1b[K")
        elif self._open != kind:
            self._line()
        self._open = kind

    def _line(self) -> None:
        if self._open == "heard":
            self._console.file.write("\r\x1b[K")
        elif self._open:
            self._console.print()
        self._open = ""
