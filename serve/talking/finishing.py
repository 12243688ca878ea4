"""Does what was said so far sound finished? By its last words, so that a pause within a sentence does not end a turn.

Does not cover languages other than English and German, where everything sounds finished, nor tone of voice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DANGLING = {
    "en": (
        "a an the this that's these those my our your his her its their and or but then because if when while until unless to of"
        " for from with without at by into onto than about between except every each another some any all set change make put"
        " tell um uh er and's is are"
    ),
    "de": (
        "der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner dein deine unser unsere unserem"
        " und oder aber dann weil wenn falls bis dass im am zum zur vom ins ans von mit ohne für in bei nach über unter zwischen"
        " alle jede jeden jedes stelle stell setze äh ähm hm"
    ),
}
"""After these words something is still to come."""

_OPEN = {
    "en": (
        r"(turn|switch|put)( it| them)?( on| off| up| down)?",
        r"(turn|switch) (?!.*\b(on|off|up|down|to|out)\b).*",
        r"(set|change) (?!.*\b(to|at|for|as)\b)(?!.*\d).*",
        r".*\btimer for( \d+)?",
        r"(what|how|who|where|when|which|what's|how's)( (is|are|was|do|does|did|much|many|about))?",
        r"(the|a|in the|on the|to the|and the)\b \w+ (and|or)",
    ),
    "de": (
        r"(schalte?|mache?|drehe?)(?!.* (an|aus|ein|ab|auf|zu|heller|dunkler|wärmer|kälter|lauter|leiser|hoch|runter)\b).*",
        r"(stelle?|setze?)(?! .*\b(auf|ein|aus)\b)(?!.*\d).*",
        r".*\bauf",
        r"(was|wie|wer|wo|wann|welche[rsn]?)( (ist|sind|war|viel|viele|lange))?",
    ),
}
"""Beginnings that ask for more, as whole texts."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*%?")
_LAST = {language: frozenset(words.split()) for language, words in _DANGLING.items()}
_WHOLE = {language: re.compile("|".join(f"(?:{each})" for each in patterns)) for language, patterns in _OPEN.items()}


def finished(text: str, language: str, names: Sequence[str] = ()) -> bool:
    """Whether nothing need follow ``text``. ``names`` of the home: the beginning of one alone is not the end of a sentence."""
    words = _WORD.findall(text.lower())
    if language not in _LAST or not words:
        return True
    plain = " ".join(words)
    return words[-1] not in _LAST[language] and not _WHOLE[language].fullmatch(plain) and not _half_a_name(plain, names)


def _half_a_name(plain: str, names: Sequence[str]) -> bool:
    """Whether the text ends in the first words of a name, and in no whole name."""
    known = [" ".join(_WORD.findall(name.lower())) for name in names]
    if any(name and _ends(plain, name) for name in known):
        return False
    return any(_ends(plain, name.rsplit(" ", left)[0]) for name in known for left in range(1, name.count(" ") + 1))


def _ends(plain: str, part: str) -> bool:
    return plain == part or plain.endswith(f" {part}")
