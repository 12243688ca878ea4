"""How deep lists and objects stand in one another: bounded for everything that comes from outside.

What reads them further on (rendering, grammars, serialising) works by recursion and would fail late and badly.
"""

from __future__ import annotations

from typing import Any

DEEPEST = 64


def too_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Whether lists and objects stand more than ``deepest`` deep in one another; found without recursion."""
    level = [value]
    for _ in range(deepest):
        level = [inner for item in level if isinstance(item, dict | list) for inner in _inside(item)]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _inside(item: dict[str, Any] | list[Any]) -> Any:
    return item.values() if isinstance(item, dict) else item
