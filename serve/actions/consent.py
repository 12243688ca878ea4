"""Whether an answer to "Shall I turn on the hall lamp?" is a yes or a no, and nothing else.

Words of a person alone are looked at, never a model's. Does not cover what may be confirmed this way: serve/conversing.py.
"""

from __future__ import annotations

import re

_YES = {
    "en": (
        "yes yeah yep yup sure ok okay right correct exactly please alright absolutely definitely",
        (
            "yes please",
            "all right",
            "do it",
            "please do",
            "go ahead",
            "yes do it",
            "yes do",
            "that is right",
            "that's right",
            "that one",
            "do that",
        ),
    ),
    "de": (
        "ja jo klar ok okay genau richtig bitte gerne sicher jawohl",
        ("ja bitte", "mach das", "ja mach das", "tu das", "ja genau", "bitte mach das", "mach es"),
    ),
}
_NO = {
    "en": (
        "no nope nah stop cancel don't wrong",
        ("no thanks", "no thank you", "never mind", "nevermind", "do not", "don't do it", "not that", "leave it", "no don't"),
    ),
    "de": (
        "nein nee nö stopp halt abbrechen falsch",
        ("nein danke", "lass es", "lass das", "bitte nicht", "nicht das", "doch nicht"),
    ),
}
_WORDS = re.compile(r"[\w'’]+")
_MOST_WORDS = 4


def answers(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every yes and every no of a language, the plain words before the phrases."""
    code = language[:2].lower()
    said = [tables.get(code, tables["en"]) for tables in (_YES, _NO)]
    (yes, agreed), (no, refused) = ((tuple(words.split()), phrases) for words, phrases in said)
    return (*yes, *agreed), (*no, *refused)


def consent(text: str, language: str) -> bool | None:
    """True for a yes, False for a no, None for all that says more than that, such as "yes, and the other one"."""
    words = [word.replace("’", "'") for word in _WORDS.findall(text.lower())]
    if not words or len(words) > _MOST_WORDS:
        return None
    code = language[:2].lower()
    for answer, tables in ((True, _YES), (False, _NO)):
        alone, phrases = tables.get(code, tables["en"])
        if " ".join(words) in phrases or all(word in alone.split() for word in words):
            return answer
    return None
