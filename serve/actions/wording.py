"""Requests in fewer words, for tier one: "would you mind turning the lamp off, please" is "turn the lamp off".

What courtesy puts around an order is taken away, and what people say in many ways is said in one: "the lamp should be off" is
"have the lamp off". Nothing is understood here: what comes out must still be a known sentence over the names of the home.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from re import Match, Pattern

from serve.actions.sentences import language

MARKS = " .!?,;:"
_ROUNDS = 6  # courtesies one inside the other, at most
_LAST = r"[\s,;:!.?]+(?:{})[\s,;:!.?]*$"
_PART = re.compile(r"(?<!\?P)<(\w+)>")


@dataclass(frozen=True)
class Wording:
    """``before`` and ``behind`` are left out, and ``ending`` where no free text ends so. ``asking`` stands before a participle:
    that one, and those that are ``joined`` to it, become verbs of ``verbs``. ``turns`` are replaced one after the other.
    """

    before: Pattern[str]
    behind: Pattern[str]
    ending: Pattern[str]
    asking: Pattern[str]
    joined: Pattern[str]
    verbs: dict[str, str]
    turns: tuple[tuple[Pattern[str], str], ...]

    def shorter(self, text: str, ending: bool) -> str:
        """``text`` once around; the same where there is nothing to shorten."""
        text = self.behind.sub("", text).strip(MARKS) or text
        if ending:
            text = self.ending.sub("", text).strip(MARKS) or text
        text = self.before.sub("", text, count=1).strip(MARKS) or text
        if self.asking.match(text):
            text = self.joined.sub(self._verb, self.asking.sub(self._verb, text, count=1))
        return text

    def _verb(self, found: Match[str]) -> str:
        return (found["joint"] or "") + self.verbs[found["doing"].casefold()]


@cache
def wording(tag: str) -> Wording | None:
    """What is known of the language of ``tag``; None for none."""
    data = language(tag).wording
    if not data:
        return None
    parts: dict[str, str] = {}
    for name, pattern in data.get("parts", {}).items():
        parts[name] = _filled(pattern, parts)

    def read(pattern: str) -> Pattern[str]:
        return re.compile(_filled(pattern, parts), re.IGNORECASE)

    doing = "(?P<doing>" + "|".join(data["verbs"]) + r")\b"
    return Wording(
        before=read(f"^(?:{'|'.join(data['before'])})(?:[,;:!.]+\\s*|\\s+)"),
        behind=read(_LAST.format("|".join(data["behind"]))),
        ending=read(_LAST.format("|".join(data["ending"]))),
        asking=read(f"(?P<joint>^)(?:{data['asking']}) {doing}"),
        joined=read(f"(?P<joint>{data['joint']}){doing}"),
        verbs=data["verbs"],
        turns=tuple((read(pattern), instead) for pattern, instead in data["turns"]),
    )


def _filled(pattern: str, parts: dict[str, str]) -> str:
    return _PART.sub(lambda found: f"(?:{parts[found[1]]})", pattern)


def bared(text: str, tag: str, ending: bool = True) -> str:
    """``text`` without the courtesies around it and the marks at its ends; without ``ending``, it keeps what a title may end
    with."""
    said, known = text.strip(MARKS), wording(tag)
    for _ in range(_ROUNDS if known else 0):
        shorter = known.shorter(said, ending) if known else said
        if shorter == said:
            break
        said = shorter
    return said


def plain(text: str, tag: str, ending: bool = True) -> str:
    """``bared``, and what can be said in many ways in one."""
    said, known = bared(text, tag, ending), wording(tag)
    for pattern, instead in known.turns if known else ():
        said = pattern.sub(instead, said)
    return said
