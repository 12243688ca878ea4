"""What the user sees while services start: a live table on a terminal, one line a change elsewhere."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

MARKS = {"healthy": ("✔", "green"), "failed": ("✘", "red"), "skipped": ("-", "dim")}


class Progress:
    """Rows by name, each with a state and a detail; may be told from several threads."""

    def __init__(self, console: Console, title: str) -> None:
        self._console, self._title = console, title
        self._rows: dict[str, tuple[str, str]] = {}
        self._since: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def tell(self, name: str, state: str, detail: str = "") -> None:
        """``state`` is waiting, starting, healthy, failed, skipped or a word of its own."""
        with self._lock:
            before = self._rows.get(name, ("", ""))[0]
            self._rows[name] = (state, detail)
            now = time.monotonic()
            self._since.setdefault(name, now)
            if state in MARKS:
                self._took[name] = now - self._since[name]
            else:
                self._took.pop(name, None)
        if not self._live and state != before:
            self._console.print(f"{name}: {state}" + (f" ({detail})" if detail else ""), highlight=False)

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=False)
        with self._lock:
            for name, (state, detail) in self._rows.items():
                mark, style = MARKS.get(state, ("", "yellow"))
                sign = Text(mark, style=style) if mark else Spinner("dots", style=style)
                seconds = self._took.get(name, time.monotonic() - self._since[name])
                table.add_row(sign, name, Text(state, style=style), f"{seconds:5.1f} s", Text(detail, style="dim"))
        return table
