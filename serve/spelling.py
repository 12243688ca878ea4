"""The one written form of what is said: lower case, ASCII, numbers in digits, no punctuation but what belongs to a number.

Two texts that sound alike should be written alike: the recogniser cannot hear whether somebody thinks of "20%" or "twenty
percent". Does not cover how a text is read aloud, which is espeak-ng's.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "’": "'", "ʼ": "'"})
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_ONES.split())}
_LARGE = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
_UNITS = {"percent", "degree", "degrees", "minute", "minutes", "hour", "hours", "second", "seconds", "am", "pm", "o'clock"}
_SAME = {"all right": "alright", "okay": "ok", "favour": "favor", "half way": "halfway"}
_TWOFOLD = re.compile(rf"\b(?:{'|'.join(_SAME)})\b")
_KEPT = re.compile(r"[a-z]+(?:'[a-z]+)*'?|\d+(?:[.:]\d+)*|%")


def written(text: str) -> str:
    """``text`` in the written form; empty where it holds letters that ASCII has no likeness of (another script)."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower().translate(_LETTERS)) if not unicodedata.combining(c))
    plain = plain.replace("°c", " degrees").replace("°", " degrees").replace("&", " and ").replace("per cent", "percent")
    if any(ord(c) > 127 and unicodedata.category(c)[0] == "L" for c in plain):
        return ""
    kept = " ".join(_KEPT.findall(re.sub(r"(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d)", " ", plain)))
    words = _in_digits(_TWOFOLD.sub(lambda found: _SAME[found[0]], kept).split())
    return re.sub(r"(?<=\d) ?(?:percent|%)", "%", " ".join(words)).replace(" % ", " ")


def _in_digits(words: list[str]) -> list[str]:
    """Number words as digits; "one" stays a word unless it is part of a number or before a unit."""
    result: list[str] = []
    at = 0
    while at < len(words):
        value, end = _number(words, at)
        if end > at and words[at] == "hundred" and result[-1:] == ["a"]:
            result.pop()
        if end == at:
            result.append(words[at])
            at += 1
            continue
        after = words[end] if end < len(words) else ""
        alone = words[at:end] == ["one"] and after not in _UNITS
        result += ["one"] if alone else [value]
        at = end
    return result


def _number(words: list[str], at: int) -> tuple[str, int]:
    """The number that begins at ``at`` as digits, and where it ends; ``at`` itself where none begins."""
    value, end = _below_hundred(words, at)
    if _word(words, end) == "hundred" and (end > at or (at and words[at - 1] == "a")):
        rest = end + 1 + (_word(words, end + 1) == "and")
        more, after = _below_hundred(words, rest)
        value, end = (value or 1) * 100 + more, after if after > rest else end + 1
    if end > at and _word(words, end) == "point" and _word(words, end + 1) in _SMALL:
        return f"{value}.{_SMALL[words[end + 1]]}", end + 2
    return str(value), end


def _below_hundred(words: list[str], at: int) -> tuple[int, int]:
    first, second = _word(words, at), _word(words, at + 1)
    if first in _LARGE:
        ones = _SMALL.get(second, 0)
        return (_LARGE[first] + ones, at + 2) if 0 < ones < 10 else (_LARGE[first], at + 1)
    return (_SMALL[first], at + 1) if first in _SMALL else (0, at)


def _word(words: list[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""
