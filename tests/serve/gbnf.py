"""A small recogniser of GBNF, written from llama.cpp's description of it: says whether a grammar accepts a text.

Works with sets of end positions, so it needs no backtracking and finds every reading. No left recursion.
"""

from __future__ import annotations

import re
from functools import cache

_TOKEN = re.compile(
    r'\s*(?:(?P<literal>"(?:[^"\\]|\\.)*")|(?P<class>\[(?:[^\]\\]|\\.)*\])|(?P<name>[A-Za-z0-9-]+)'
    r"|(?P<repeat>[?*+]|\{\d+(?:,\d*)?\})|(?P<mark>[()|]))"
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def _plain(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        return chr(int(code, 16)) if code else _CONTROLS.get(found[4], found[4])

    return _ESCAPE.sub(one, text)


def _tokens(body: str) -> list[tuple[str, str]]:
    found, at = [], 0
    body = body.rstrip()
    while at < len(body):
        match = _TOKEN.match(body, at)
        assert match is not None, f"not GBNF: {body[at : at + 40]!r}"
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


class Grammar:
    def __init__(self, text: str) -> None:
        self.rules = {}
        for line in text.split("\n"):
            if line:
                name, _, body = line.partition(" ::= ")
                assert re.fullmatch("[A-Za-z0-9-]+", name), name
                assert name not in self.rules, f"twice: {name}"
                self.rules[name] = self._parse(_tokens(body))
        self.text = ""

    def accepts(self, text: str) -> bool:
        self.text = text
        self._rule = cache(lambda name, at: frozenset(self._match(self.rules[name], at)))
        return len(text) in self._rule("root", 0)

    def _parse(self, tokens: list[tuple[str, str]]) -> tuple:
        stack: list[list[list]] = [[[]]]
        for kind, text in tokens:
            if kind == "mark" and text == "(":
                stack.append([[]])
            elif kind == "mark" and text == ")":
                group = stack.pop()
                stack[-1][-1].append(("any", group))
            elif kind == "mark":
                stack[-1].append([])
            elif kind == "repeat":
                low, high = {"?": (0, 1), "*": (0, 9999), "+": (1, 9999)}.get(text) or self._bounds(text)
                stack[-1][-1].append(("repeat", stack[-1][-1].pop(), low, high))
            elif kind == "literal":
                stack[-1][-1].append(("literal", _plain(text[1:-1])))
            elif kind == "class":
                stack[-1][-1].append(("class", re.compile(text, re.DOTALL)))
            else:
                stack[-1][-1].append(("rule", text))
        assert len(stack) == 1
        return ("any", stack[0])

    @staticmethod
    def _bounds(text: str) -> tuple[int, int]:
        low, comma, high = text[1:-1].partition(",")
        return int(low), int(high or 9999) if comma else int(low)

    def _match(self, node: tuple, at: int) -> set[int]:
        kind = node[0]
        if kind == "literal":
            return {at + len(node[1])} if self.text.startswith(node[1], at) else set()
        if kind == "class":
            return {at + 1} if at < len(self.text) and node[1].match(self.text[at]) else set()
        if kind == "rule":
            return set(self._rule(node[1], at))
        if kind == "any":
            return set().union(*(self._sequence(items, at) for items in node[1]))
        ends, front = ({at} if node[2] == 0 else set()), {at}
        for count in range(1, node[3] + 1):
            front = set().union(*(self._match(node[1], place) for place in front)) - (ends if count > node[2] else set())
            if not front:
                break
            if count >= node[2]:
                ends |= front
        return ends

    def _sequence(self, items: list, at: int) -> set[int]:
        front = {at}
        for item in items:
            front = set().union(*(self._match(item, place) for place in front)) if front else front
        return front
