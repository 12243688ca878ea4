"""Does what was said so far sound finished? By its last words, so that a pause within a sentence does not end a turn.

Does not cover languages other than English and German, where everything sounds finished, nor tone of voice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DANGLING = {
    "en": (
        "a an the this that's these those my our your his her its their and or but then because if when while until unless to of"
        " for from with without at by into onto than about between except every each another some any as so maybe just and's"
        " in is are i we i'm i'd i'll you're you'd we're we'd let let's could would can should will want need think sure be thank"
        " set change make turn put leave tell remind show give get um uh er erm hmm"
    ),
    "de": (
        "der die das den dem des eine einen einem einer eines mein meine meinen meinem meiner dein deine unser unsere unserem"
        " und oder aber dann weil wenn falls bis dass im am zum zur vom ins ans von mit ohne für in bei über unter zwischen"
        " alle jede jeden jedes ich du wir kannst könntest würdest möchte will stelle stell setze mach äh ähm hm"
    ),
}
"""After these words something is still to come."""

_OPEN = {
    "en": (
        r"(?!.*\b(gets?|have|want|let|made)\b).*\b(turn|switch|power|put|shut) (on|off|up|down)",
        r"(turn|switch) (?!.*\b(on|off|up|down|to|out)\b).*",
        r"(set|change) (?!.*\b(to|at|for|as|higher|lower|\w+er|scene|mode|timer|alarm|half|halfway|up|down)\b)(?!.*\d).*",
        r".*\b(can|could|would|will|do) you( just| please| be so kind| be so kind as| mind)?",
        r".*\b(tell|give|show|remind|let|get|excuse) me",
        r"(hey|hi|hello|please|switch|power|play|open|close|shut|lock|unlock|start|stop|dim|raise|lower|have|see|see that)",
        r".*\btimer for( \d+)?",
        r"(what|how|who|where|when|which|what's|how's)( (is|are|was|do|does|did|much|many|about))?",
    ),
    "de": (
        r"(schalte?|mache?|drehe?)(?!.* (an|aus|ein|ab|auf|zu|heller|dunkler|wärmer|kälter|lauter|leiser|hoch|runter)\b).*",
        r"(stelle?|setze?)(?! .*\b(auf|ein|aus)\b)(?!.*\d).*",
        r"(stelle?|setze?).*\bauf",
        r"(was|wie|wer|wo|wann|welche[rsn]?)( (ist|sind|war|viel|viele|lange))?",
    ),
}
"""Beginnings that ask for more, as whole texts."""

_SETTLED = re.compile(
    r".*\b(what|how|which)\b.* ((set|turned|switched) to|at|show)"  # a question
    r"|.*\b(where|what|who|how|which) (?!is\b|are\b).+ (is|are)"  # one in other words: "tell me where it is"
    r"|.*\bwhat (i|we) (need|want)"
)
_COURTESY = re.compile(
    r"( (would|will|could|can) you( please)?| (if|when|once|as soon as) (you (can|could|would|please)|possible)"
    r"| don't you think| if you don't mind| tell me)+"
)
"""What may come behind a whole request, and leaves it one."""
_LATELY = 40  # words that a pattern is tried on; longer texts are judged by their last word and names
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*%?")
_LAST = {language: frozenset(words.split()) for language, words in _DANGLING.items()}
_WHOLE = {language: re.compile("|".join(f"(?:{each})" for each in patterns)) for language, patterns in _OPEN.items()}


def finished(text: str, language: str, names: Sequence[str] = ()) -> bool:
    """Whether nothing need follow ``text``. ``names`` of the home: the beginning of one alone is not the end of a sentence."""
    words = _WORD.findall(text.lower())
    if language not in _LAST or not words:
        return True
    if len(words) <= _LATELY:
        words = _asked(words, language)
    if words[-1] in _LAST[language] and not _SETTLED.fullmatch(" ".join(words[-_LATELY:])):
        return False
    plain = " ".join(words)
    return (len(words) > _LATELY or not _WHOLE[language].fullmatch(plain)) and not _half_a_name(plain, names)


def _asked(words: list[str], language: str) -> list[str]:
    """Without the courtesy behind it, where anything that may be asked for stands before that."""
    text = " ".join(words)
    end = next((found.start() for found in _COURTESY.finditer(text) if found.end() == len(text)), None)
    before = text[:end].split() if language == "en" and end is not None else []
    return before if len(before) > 1 else words


def _half_a_name(plain: str, names: Sequence[str]) -> bool:
    """Whether the text ends in the first words of a name, and in no whole name."""
    known = [" ".join(_WORD.findall(name.lower())) for name in names]
    if any(name and _ends(plain, name) for name in known):
        return False
    return any(_ends(plain, name.rsplit(" ", left)[0]) for name in known for left in range(1, name.count(" ") + 1))


def _ends(plain: str, part: str) -> bool:
    return plain == part or plain.endswith(f" {part}")
