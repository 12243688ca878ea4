"""Which texts may begin a reply under a GBNF grammar: what the engine's sampler knows, and does not tell.

A state is the set of everything that may come next; it moves on a character at a time. Only rules that a text reaches are
parsed, and rules that come again with the next request are not parsed again. Grammars are those of grammar.py and
structured.py; left recursion, which llama.cpp refuses, ends in TooWide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

MOST = 20_000  # ways to go on that are looked at for one character
_ENDLESS = -1
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<some>\[(?:[^\]\\]|\\.)*\])|(?P<rule>[A-Za-z0-9-]+)'
    r"|(?P<repeat>[?*+]|\{\d+(?:,\d*)?\})|(?P<mark>[()|]))"
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_REPEATS = {"?": (0, 1), "*": (0, _ENDLESS), "+": (1, _ENDLESS)}

# ("text", str) | ("some", pattern) | ("rule", name) | ("any", sequences) | ("repeat", node, least, most)
Node = tuple[Any, ...]
Stack = tuple[Node, Any] | None
"""What is to come, nearest first: (node, the rest); None is the end of the reply."""
State = frozenset[Stack]


class TooWide(Exception):
    """The grammar has too many ways to go on, or something that is no GBNF."""


class Prefixes:
    """A grammar with the rule ``root``. ``start`` raises TooWide, as ``after`` does."""

    def __init__(self, grammar: str) -> None:
        lines = (line.partition(" ::= ") for line in grammar.splitlines() if line)
        self._rules = {name: body for name, _, body in lines}

    def start(self) -> State:
        return self._reached([(("rule", "root"), None)])

    def after(self, state: State, text: str) -> State:
        """Where ``text`` leads to from ``state``; empty where it is not admitted."""
        for character in text:
            state = self._reached(_moved(state, character))
        return state

    @staticmethod
    def may_end(state: State) -> bool:
        return None in state

    def _reached(self, stacks: Iterable[Stack]) -> State:
        """``stacks`` followed down to what stands for characters."""
        todo, seen, found = list(stacks), set[Stack](), set[Stack]()
        while todo:
            stack = todo.pop()
            if stack in seen:
                continue
            seen.add(stack)
            if len(seen) > MOST:
                raise TooWide
            if stack is None or stack[0][0] == "some" or (stack[0][0] == "text" and stack[0][1]):
                found.add(stack)
            else:
                todo += self._below(*stack)
        return frozenset(found)

    def _below(self, node: Node, rest: Stack) -> list[Stack]:
        kind = node[0]
        if kind == "text":
            return [rest]
        if kind == "rule":
            if node[1] not in self._rules:
                raise TooWide
            return [(_parsed(self._rules[node[1]]), rest)]
        if kind == "any":
            return [_before(sequence, rest) for sequence in node[1]]
        _, inner, least, most = node
        again: Node = ("repeat", inner, max(0, least - 1), most if most == _ENDLESS else most - 1)
        return [*([rest] if not least else []), *([(inner, (again, rest))] if most else [])]


def _moved(state: State, character: str) -> Iterable[Stack]:
    for stack in state:
        if stack is None:
            continue
        (kind, wanted, *_), rest = stack
        if kind == "text" and wanted[0] == character:
            yield (("text", wanted[1:]), rest)
        elif kind == "some" and wanted.match(character):
            yield rest


def _before(sequence: Iterable[Node], rest: Stack) -> Stack:
    for node in reversed(tuple(sequence)):
        rest = (node, rest)
    return rest


@lru_cache(maxsize=8192)
def _parsed(body: str) -> Node:
    """Raises TooWide for what is no GBNF."""
    groups: list[list[list[Node]]] = [[[]]]
    at, body = 0, body.rstrip()
    while at < len(body):
        found = _TOKEN.match(body, at)
        if found is None:
            raise TooWide
        at, kind, text = found.end(), found.lastgroup, found[found.lastgroup or 0]
        if kind == "mark" and text == "(":
            groups.append([[]])
        elif kind == "mark" and text == ")":
            inner = ("any", tuple(map(tuple, groups.pop())))
            groups[-1][-1].append(inner)
        elif kind == "mark":
            groups[-1].append([])
        elif kind == "repeat":
            groups[-1][-1].append(("repeat", groups[-1][-1].pop(), *_bounds(text)))
        elif kind == "text":
            groups[-1][-1].append(("text", _ESCAPE.sub(_plain, text[1:-1])))
        else:
            groups[-1][-1].append(("some", re.compile(text, re.DOTALL)) if kind == "some" else ("rule", text))
    return ("any", tuple(map(tuple, groups[0])))


def _bounds(text: str) -> tuple[int, int]:
    if text in _REPEATS:
        return _REPEATS[text]
    least, comma, most = text[1:-1].partition(",")
    return int(least), (int(most) if most else _ENDLESS) if comma else int(least)


def _plain(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    return chr(int(code, 16)) if code else _CONTROLS.get(found[4], found[4])
