"""Normal form of text: what rows are trained with and what requests must be put into before a model reads them."""

from __future__ import annotations

import re
import unicodedata

# Zero-width joiner and non-joiner are invisible but spell words (Persian, Indic scripts, emoji): they stay.
_KEPT = frozenset("\u200c\u200d")
_SPACES = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n{3,}")
# Printable ASCII with single spaces inside and none at the ends is in normal form already; most text is.
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")


def one_line(text: str) -> str:
    """NFC, runs of whitespace as one space, none at the ends, no control or invisible character.

    Idempotent. A run of whole words of ``text`` has a normal form that is a substring of the normal form of ``text``:
    an argument that was copied from a request is still a copy afterwards.
    """
    if _PLAIN.fullmatch(text):
        return text
    return _SPACES.sub(" ", _visible(text)).strip()


def block(text: str) -> str:
    """As ``one_line``, but line breaks stay (at most one blank line in a row): for system texts and replies."""
    if _PLAIN.fullmatch(text):
        return text
    lines = _BLANKS.sub(" ", _visible(text.replace("\r\n", "\n").replace("\r", "\n")))
    lines = "\n".join(line.strip() for line in lines.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def _visible(text: str) -> str:
    """Control characters become a space, since they may stand between words; format characters disappear."""
    if not text.isprintable():
        text = "".join(map(_shown, text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _shown(character: str) -> str:
    if character.isspace() or character in _KEPT:
        return character
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category == "Cf" else character
