"""Is a text GBNF? Asked before llama.cpp is: what it cannot parse it prints, and grammars hold users' words."""

from __future__ import annotations

import re

from schemas.errors import GrammarUnusable

MAX_CHARACTERS = 1_000_000

_ESCAPE = r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[trn\\\"\[\]])"
_TERMINAL = re.compile(rf'"(?:[^"\\\n]|{_ESCAPE})*+"|\[(?:[^\]\\\n]|{_ESCAPE})++\]|#[^\n]*+')
# What stands in place of a terminal: it may be repeated, and is no name.
_HOLE = "."
_REST = re.compile(r"(?:\s++|[A-Za-z0-9-]++(?:\s*+::=)?+|[|().]|(?<=[A-Za-z0-9)._-])\s*+(?:[?*+]|\{\d{1,4}(?:,\d{0,4})?\}))*+")
_RULE = re.compile(r"([A-Za-z0-9-]++)\s*+::=")
_NAME = re.compile(r"(?<![{,\d])[A-Za-z0-9-]++(?![},])")
_PARENTHESES = re.compile(r"[()]|::=")


def check_gbnf(text: str) -> None:
    """Raises GrammarUnusable, without quoting the text. What this lets pass, llama.cpp may still refuse."""
    if len(text) > MAX_CHARACTERS:
        raise _unusable("it is too long")
    bare = _TERMINAL.sub(_HOLE, text)
    if not _REST.fullmatch(bare):
        raise _unusable("it does not parse")
    depth = 0
    for mark in _PARENTHESES.findall(bare):
        depth += {"(": 1, ")": -1, "::=": 0}[mark]
        if depth < 0 or (mark == "::=" and depth):
            break
    if depth:
        raise _unusable("its parentheses do not match")
    rules = set(_RULE.findall(bare))
    if "root" not in rules:
        raise _unusable("it has no rule `root`")
    if not set(_NAME.findall(bare)) <= rules:
        raise _unusable("it names a rule that it has not")


def _unusable(why: str) -> GrammarUnusable:
    return GrammarUnusable(f"the grammar cannot be used: {why}", where="grammar")
