"""A text as pieces that are spoken one after another: whole sentences, and long ones by their clauses, the first one short.

What cannot be said (control characters, emoji) is left out. Language-neutral. Does not cover how numbers or abbreviations are
read, which is the voice's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from schemas.errors import TextUnspeakable

MAX_TEXT = 5000
FIRST, LONGEST = 60, 140  # characters up to which a piece is not cut, and beyond which it is cut anywhere
_SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+|(?<=[。！？])")
_CLAUSE = re.compile(r"(?<=[,;:،，；：—–])\s+|(?<=[，；：])|\s+(?=[—–-]\s)")
_SPOKEN_SYMBOLS = frozenset("°©®™№")


def cleaned(text: str, most: int = MAX_TEXT) -> str:
    """``text`` on one line, composed, without control characters, emoji and pictures.

    Raises TextUnspeakable where no letter or digit is left, or where there are more than ``most`` characters.
    """
    if len(text) > most:
        raise TextUnspeakable(f"the text has {len(text)} characters; {most} can be spoken at once")
    plain = " ".join("".join(sayable(c) for c in unicodedata.normalize("NFC", text)).split())
    if not any(c.isalnum() for c in plain):
        raise TextUnspeakable("the text has nothing to say")
    return plain


def pieces(text: str) -> Iterator[str]:
    """Pieces of a cleaned ``text`` in order, each of at most ``LONGEST`` characters and with something to say."""
    most = FIRST
    for sentence in _SENTENCE.split(text):
        for piece in _joined(_CLAUSE.split(sentence), most) if len(sentence) > most else [sentence]:
            for part in _cut(piece):
                if any(c.isalnum() for c in part):
                    yield part
                    most = LONGEST


def _joined(clauses: list[str], most: int) -> Iterator[str]:
    """Neighbouring clauses together, as long as they stay below ``most`` characters; the first alone, the rest up to LONGEST."""
    held = ""
    for clause in clauses:
        if held and len(held) + 1 + len(clause) > most:
            yield held
            held, most = clause, LONGEST
        else:
            held = f"{held} {clause}" if held else clause
    if held:
        yield held


def _cut(piece: str) -> Iterator[str]:
    while len(piece) > LONGEST:
        at = piece.rfind(" ", 0, LONGEST + 1)
        at = at if at > 0 else LONGEST
        yield piece[:at]
        piece = piece[at:].lstrip()
    yield piece


def sayable(character: str) -> str:
    """The character, or what is left of it: a space, or nothing of one that only joins others."""
    kind = unicodedata.category(character)
    if kind[0] in "CZ":
        return "" if kind == "Cf" else " "  # format characters join what they stand between
    if kind in ("So", "Sk", "Mn") and character not in _SPOKEN_SYMBOLS and (kind != "Mn" or 0xFE00 <= ord(character) <= 0xFE0F):
        return " "
    return character
