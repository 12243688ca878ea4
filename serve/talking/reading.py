"""A text as it is read aloud: numbers with their units, times, dates, abbreviations, names of entities; no markup, code or emoji.

Plain numbers are left to the voice, which reads them in its language. Other languages than those of reading_tables.py get
their markup removed and nothing else. Does not cover what is shown, which stays as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from urllib.parse import urlsplit

from schemas.errors import TextUnspeakable
from serve.engines.spoken_pieces import sayable
from serve.talking.reading_tables import READINGS, Readings

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LINKS = ((re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)"), r"\1"), (re.compile(r"\]\([^()\s]*\)"), ""))
"""Links and pictures, and the end of one that began in an earlier clause."""
_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>()\[\]\"']*[^\s<>()\[\]\"'.,;:!?*_`]", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]{2,}")
_MARKUP = (
    (re.compile(r"^[-*_=|: \t]{3,}$", re.MULTILINE), ""),  # rules, and those of tables
    (re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE), ""),
    (re.compile(r"[ \t]*\|[ \t]*"), ", "),
    (re.compile(r"^[ \t]*(?:[-*+•]|#{1,6}|>+)[ \t]+", re.MULTILINE), ""),  # lists, headings, quotations
    (re.compile(r"</?[a-zA-Z][^<>]{0,200}>"), " "),
    (re.compile(r"\*+|~~|`+"), ""),
    (re.compile(r"(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)"), ""),
    (re.compile(r"(?<=\w)[ \t]*\n\s*(?=\S)"), ". "),
)
_ENTITY = re.compile(
    r"\b(?:light|switch|sensor|binary_sensor|climate|cover|fan|lock|media_player|vacuum|scene|script|button|input_\w+|number"
    r"|select|weather|person|todo|timer|automation|camera|humidifier|water_heater|valve|siren|update)\.(?=[a-z0-9_]+\b)"
)
_SNAKE = re.compile(r"(?<=[^\W_])_+(?=[^\W_])")
_NUMBER = r"(?<!\d)(?<!\d[.,])\d+(?:[.,]\d+)*"  # whole: begun anywhere, long ones would be tried from each of their digits
_SPACE = "[ \u00a0\u202f]?"
_TIME = re.compile(r"\b([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d)?(?![\d:])(?: ?([ap])\.?m\b\.?)?(?: Uhr\b)?", re.IGNORECASE)
_HOUR = re.compile(r"\b(\d{1,2}) ?([ap])\.?m\b\.?", re.IGNORECASE)
_DATES = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:T(?=\d)|(?!\d))"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b"),
)
_TO = re.compile(r"(?<=\d)\s?–\s?(?=\d)")
_MINUS = re.compile(r"(?<![\w.,)])[-−–](?=\d)")
_NUMBERED = re.compile(r"#(?=\d)|\bN(?:o|r)\. ?(?=\d)|№ ?")
_MONEY = re.compile(rf"(?P<before>[€$£]) ?(?P<amount>{_NUMBER})|(?P<sum>{_NUMBER}) ?(?P<after>[€$£])")
_PARTS = {"½": "5", "¼": "25", "¾": "75"}


def read(text: str, language: str = "en") -> str:
    """On one line; empty where nothing is left to say."""
    plain = _without_markup(text)
    if (kind := language[:2].lower()) in READINGS:
        plain = _reader(kind).read(plain)
    plain = "".join(sayable(c) for c in unicodedata.normalize("NFC", plain))
    return re.sub(r"\s+(?=[,.;:!?](?:\s|$))", "", " ".join(plain.split()))


def read_out(text: str, language: str = "en") -> str:
    """As ``read``. Raises TextUnspeakable where no letter or digit is left to say."""
    plain = read(text, language)
    if not any(map(str.isalnum, plain)):
        raise TextUnspeakable("the text has nothing to say")
    return plain


def _without_markup(text: str) -> str:
    """Of links the words, of addresses the host, of entity ids the name."""
    text = _BLANKS.sub(" ", _FENCE.sub(" ", text))
    for pattern, instead in _LINKS:
        text = pattern.sub(instead, text)
    text = _URL.sub(lambda found: _host(found[0]), text)
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    return _SNAKE.sub(" ", _ENTITY.sub("", text))


def _host(address: str) -> str:
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


class _Reader:
    """One language."""

    def __init__(self, words: Readings) -> None:
        self._words = words
        units = f"(?P<unit>{_any_of(words.units)})(?![\\w²³/°%])"
        self._measure = re.compile(rf"(?<![\w.,])(?P<number>{_NUMBER})(?P<space>{_SPACE}){units}")
        self._from_to = re.compile(rf"({_NUMBER})-({_NUMBER})(?={_SPACE}{units})")
        self._short = re.compile(rf"(?<!\w)(?:{_any_of(words.abbreviations)})(?!\w)")

    def read(self, text: str) -> str:
        words = self._words
        text = self._short.sub(lambda found: words.abbreviations[found[0]], text)
        for pattern in _DATES:
            text = pattern.sub(self._date, text)
        text = _TIME.sub(self._time, text)
        text = _HOUR.sub(lambda found: f"{found[1]} {found[2].lower()} m", text)
        text = re.sub(r"(?<=\d)[½¼¾]", lambda found: words.point + _PARTS[found[0]], text)
        text = _MONEY.sub(self._money, text)
        text = _NUMBERED.sub(f"{words.number} ", text)
        text = self._from_to.sub(rf"\1 {words.to} \2", _TO.sub(f" {words.to} ", text))
        text = self._measure.sub(self._measured, _MINUS.sub(f"{words.minus} ", text))
        return self._symbols(text)

    def _date(self, found: re.Match[str]) -> str:
        month, day = int(found["month"]), int(found["day"])
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return found[0]
        name, year = self._words.months[month - 1], found["year"]
        said = f"{day}. {name} {year}" if self._words.day_first else f"{name} {day}, {year}"
        return f"{said} " if found[0].endswith("T") else said

    def _time(self, found: re.Match[str]) -> str:
        hour, minute, half = int(found[1]), int(found[2]), found[3]
        if self._words.day_first:
            return f"{hour} Uhr" + (f" {minute}" if minute else "")
        if half is None and (hour >= 13 or hour == 0):
            half, hour = "p" if 13 <= hour < 24 else "a", hour % 12 or 12
        minutes = f" {minute}" if minute >= 10 else f" oh {minute}" if minute else "" if half else " o'clock"
        return f"{hour}{minutes}" + (f" {half.lower()} m" if half else "")

    def _money(self, found: re.Match[str]) -> str:
        amount = found["amount"] or found["sum"]
        one, several = self._words.currencies[found["before"] or found["after"]]
        parts = re.fullmatch(r"(.*)[.,](\d\d)", amount)
        whole, cents = (parts[1], int(parts[2])) if parts else (amount, 0)
        return f"{whole} {one if whole == '1' else several}" + (f" {cents}" if cents else "")

    def _measured(self, found: re.Match[str]) -> str:
        if found["unit"] == "s" and not found["space"] and re.search(r"\bthe $", found.string[: found.start()]):
            return found[0]  # the 90s
        one, several = self._words.units[found["unit"]]
        return f"{found['number']} {one if found['number'] == '1' else several}"

    def _symbols(self, text: str) -> str:
        said = self._words.symbols
        text = re.sub(r"(?<=\w)[=&+@×→≈<>](?=\w)|(?<=\s)[=&+@×→≈<>≤≥±](?=\s)", lambda found: f" {said[found[0]]} ", text)
        text = re.sub(r"[½¼¾]|[~±≈≤≥<>] ?(?=\d)", lambda found: f"{said[found[0].strip()]} ", text)
        return re.sub(r"[\\^#<>{}\[\]~=|]", " ", text)


@cache
def _reader(language: str) -> _Reader:
    return _Reader(READINGS[language])


def _any_of(written: Iterable[str]) -> str:
    return "|".join(re.escape(one) for one in sorted(written, key=len, reverse=True))
