"""Sentence patterns as data: a small notation, and which part (train, validation, test) a pattern belongs to.

One pattern a line. ``(a|b)`` is a choice, ``[a]`` may be left out, ``{name}`` a slot. A line belongs to one part by the hash
of its own text (words.of_part), so that adding a pattern moves no other, and every action can be said in every part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from flows.steps.generator.words import PARTS, of_part
from schemas.pipeline import Part

_CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
_SLOT = re.compile(r"{(\w+)}")
_LEANING = 1.4  # the first of thirty lines is drawn three times as often as it would be evenly
_MOST = 400  # forms of one line; more would be an accident of too many choices


def lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in (" ".join(raw.split()) for raw in text.splitlines()) if line)


def forms(line: str) -> tuple[str, ...]:
    """Every sentence that the notation of ``line`` stands for, slots left in."""
    found, open_ = [], [line]
    while open_:
        text = open_.pop()
        match = _CHOICE.search(text)
        if match is None:
            found.append(" ".join(text.split()).replace(" ,", ","))
            continue
        options = match[1].split("|") if match[1] is not None else [match[2], ""]
        open_ += [text[: match.start()] + option + text[match.end() :] for option in options]
    if len(found) > _MOST:
        raise ValueError(f"{line!r} stands for {len(found)} sentences, more than {_MOST}")
    return tuple(sorted(set(found)))


class Patterns:
    """The patterns of one action, the plainest first: they are said more often.

    ``draw`` first draws a line, so that a line of many forms weighs no more than another.
    """

    def __init__(self, text: str) -> None:
        found = lines(text)
        self.lines = {part: of_part(found, part) for part in PARTS}
        self._parsed = {part: tuple(map(_parsed, kept)) for part, kept in self.lines.items()}

    def draw(self, rng: Random, part: Part, slots: Mapping[str, object] | None = None) -> str:
        """One form; with ``slots``, one that needs no other slots than these."""
        found = self._parsed[part]
        for _ in range(8):
            choices = found[int(rng.random() ** _LEANING * len(found))]
            form, needed = choices[int(rng.random() * len(choices))]
            if slots is None or needed <= slots.keys():
                return form
        fitting = [form for choices in found for form, needed in choices if slots is None or needed <= slots.keys()]
        if not fitting:
            raise KeyError(f"no pattern of part {part} does with {sorted(slots or ())}")
        return rng.choice(fitting)


def _parsed(line: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((form, frozenset(_SLOT.findall(form))) for form in forms(line))
