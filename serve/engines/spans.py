"""Which strings an argument may take when it must come from the request or the home, as GBNF rules.

A value is a run of whole words of the request, a name of the home, or up to three of these joined by ", ". Words are split
at white space; the ends of a run may drop punctuation that belongs to the sentence ("Croatia?" or "Clapton's").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.home_lines import parse_line
from schemas.prompt import clean

MAX_WORDS = 400
MAX_NAMES = 5000
MAX_NAME_LENGTH = 120
# Formats that a string argument may declare (JSON Schema's ``format``), and the rules that they are decoded by.
ENTITY, AREA = "home-entity", "home-area"
DOMAINS = "x-domains"  # beside ``format: home-entity``: of what kinds the thing is
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ENDINGS = ("'s", "’s", "'", "’")


def literal(text: str) -> str:
    """``text`` as a GBNF string."""
    parts = [_ESCAPES.get(c) or (f"\\x{ord(c):02X}" if ord(c) < 32 or ord(c) == 127 else c) for c in text]
    return '"' + "".join(parts) + '"'


def json_literal(text: str) -> str:
    """What ``text`` looks like inside a JSON string, as a GBNF string."""
    return literal(json.dumps(text, ensure_ascii=False)[1:-1])


@dataclass(frozen=True)
class HomeNames:
    """What a home's lines name (see schemas.home_lines), as written and in lower case, each once; no aliases.

    ``kinds`` are the domains of the entities, name by name.
    """

    entities: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    kinds: tuple[frozenset[str], ...] = ()

    def within(self, domains: Iterable[str]) -> tuple[str, ...]:
        """Names of entities of these domains."""
        wanted = frozenset(domains)
        return tuple(name for name, kinds in zip(self.entities, self.kinds, strict=True) if kinds & wanted)

    def only(self, meant: Iterable[str]) -> HomeNames:
        """With those entities alone that ``meant`` names; the same where it names none of them."""
        wanted = {form for name in map(clean, meant) for form in (name, name.lower())}
        kept = [(name, kinds) for name, kinds in zip(self.entities, self.kinds, strict=True) if name in wanted]
        return HomeNames(tuple(name for name, _ in kept), self.areas, tuple(kinds for _, kinds in kept)) if kept else self


@lru_cache(maxsize=8)
def home_names(lines: tuple[str, ...]) -> HomeNames:
    found = [read for read in (parse_line(clean(line)) for line in lines) if read]
    kinds: dict[str, set[str]] = {}
    for line in found:
        for form in _distinct((line.names[0], line.names[0].lower())):
            kinds.setdefault(form, set()).add(line.domain)
    areas = _distinct(form for line in found if line.area for form in (line.area[0], line.area[0].lower()))
    return HomeNames(tuple(kinds), tuple(areas), tuple(map(frozenset, kinds.values())))


def starts(word: str) -> list[str]:
    """Ways in which a word may begin a longer run: whole, or without punctuation before it."""
    return _distinct([word, _without_front(word)])


def ends(word: str) -> list[str]:
    """Ways in which a word may end a run: whole, or without some of the punctuation after it."""
    found = [word]
    core = word
    while core and not core[-1].isalnum():
        core = core[:-1]
        found.append(core)
    for ending in _ENDINGS:
        found.extend(form.removesuffix(ending) for form in tuple(found) if form.endswith(ending))
    return _distinct(found)


def alone(word: str) -> list[str]:
    """Ways in which a word may be a run of its own."""
    return _distinct([form for begin in starts(word) for form in ends(begin)])


def run_rules(request: str, home: HomeNames) -> dict[str, str] | None:
    """Rules of which ``span`` matches the inside of a JSON string; None when there is nothing to choose from, or too much.

    One rule a word, so that the grammar grows linearly: a run that starts at word i is word i alone, or word i and the
    tail that starts at word i+1. Where the home has any, ``home-entity`` and ``home-area`` match one of its names.
    """
    words = clean(request).split()
    if not (words or home.entities) or len(words) > MAX_WORDS or len(home.entities) + len(home.areas) > MAX_NAMES:
        return None
    rules: dict[str, str] = {}
    firsts = []
    for i, word in enumerate(words):
        last = i == len(words) - 1
        firsts.append(f"run{i}")
        rules[f"run{i}"] = _either(alone(word)) + ("" if last else f' | ({_either(starts(word))}) " " tail{i + 1}')
        if i:
            rules[f"tail{i}"] = _either(ends(word)) + ("" if last else f' | {json_literal(word)} " " tail{i + 1}')
    named = name_rules(home)
    if named is None:
        return None
    rules |= named
    firsts += named
    rules["piece"] = " | ".join(firsts)
    rules["span"] = 'piece (", " piece (", " piece)?)?'
    return rules


def name_rules(home: HomeNames) -> dict[str, str] | None:
    """The rules ``home-entity`` and ``home-area``, where the home has any; None where they are too many or too long to list."""
    rules = {}
    if len(home.entities) + len(home.areas) > MAX_NAMES:
        return None
    for rule, names in ((ENTITY, home.entities), (AREA, home.areas)):
        if names:
            trie = trie_of(names)
            if trie is None:
                return None
            rules[rule] = trie
    return rules


def _without_front(word: str) -> str:
    for at, character in enumerate(word):
        if character.isalnum():
            return word[at:]
    return word


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _either(texts: Iterable[str]) -> str:
    return " | ".join(json_literal(text) for text in texts)


@lru_cache(maxsize=128)
def trie_of(names: tuple[str, ...]) -> str | None:
    """One of ``names``; None where one is too long. A home keeps its names from request to request."""
    return _trie(names)


def _trie(names: Sequence[str]) -> str | None:
    """Alternatives that share their beginnings: llama.cpp then follows one path for many names, not one path for each."""
    if any(len(name) > MAX_NAME_LENGTH for name in names):
        return None
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name[:1], []).append(name[1:])
    parts = []
    for first, rests in groups.items():
        if first:
            shared = _shared(rests)
            below = _trie(_distinct(rest[len(shared) :] for rest in rests))
            ended = any(len(rest) == len(shared) for rest in rests)
            inner = f" ({below}){'?' if ended else ''}" if below else ""
            parts.append(json_literal(first + shared) + inner)
    return " | ".join(parts)


def _shared(texts: Sequence[str]) -> str:
    """The longest common beginning."""
    low, high = min(texts), max(texts)
    length = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:length]
