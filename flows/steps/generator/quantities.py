"""Numbers as people say them: in digits most often, in words now and then."""

from __future__ import annotations

from functools import cache
from random import Random

from unicode_rbnf import RbnfEngine

IN_WORDS = 0.22  # share of numbers that are spelled out
_ENGLISH = RbnfEngine.for_language("en")


@cache
def words(number: int) -> str:
    """``twenty one``, without the hyphen that recognisers leave out."""
    return _ENGLISH.format_number(number).text.replace("-", " ")


def said(rng: Random, number: int | float) -> str:
    """``21``, ``twenty one``, ``21.5`` or ``twenty one point five``."""
    spelled = rng.random() < IN_WORDS
    if number == int(number):
        return words(int(number)) if spelled else str(int(number))
    whole, tenth = int(number), round(number * 10) % 10
    if not spelled:
        return f"{whole}.{tenth}"
    return f"{words(whole)} and a half" if tenth == 5 and rng.random() < 0.5 else f"{words(whole)} point {words(tenth)}"


def percent(rng: Random, number: int, bare: bool = True) -> str:
    """``40%``, ``40 percent``, ``forty percent`` or, where it may be bare, ``40``; now and then ``half``."""
    kind = rng.random()
    if number in _SHARES and kind < 0.12:
        return _SHARES[number]
    text = said(rng, number)
    if text[0].isdigit():
        return text + ("%" if kind < 0.45 else " percent" if kind < 0.8 or not bare else "")
    return text + (" percent" if kind < 0.85 or not bare else "")


_SHARES = {50: "half", 25: "a quarter", 75: "three quarters"}


def degrees(rng: Random, number: int | float, bare: bool = True) -> str:
    """``21``, ``21 degrees``, ``twenty one degrees``; never without the unit where it may not be bare."""
    text = said(rng, number)
    if not bare:
        return f"{text} degrees"
    return text + rng.choice(("", "", " degrees", " degrees", " degrees celsius") if text[0].isdigit() else ("", " degrees"))


def count(rng: Random, number: int, unit: str) -> str:
    """``5 minutes``, ``one minute``, ``a minute``."""
    if number == 1:
        return rng.choice((f"1 {unit}", f"one {unit}", f"{'an' if unit == 'hour' else 'a'} {unit}"))
    return f"{said(rng, number)} {unit}s"


def duration(rng: Random, hours: int, minutes: int, seconds: int) -> str:
    """``1 hour and 30 minutes``, ``an hour and a half``, ``ninety seconds``, ``half an hour``; at least one is not 0."""
    kind = rng.random()
    if (hours, minutes, seconds) == (0, 30, 0) and kind < 0.4:
        return "half an hour"
    if (hours, minutes, seconds) == (0, 15, 0) and kind < 0.2:
        return "a quarter of an hour"
    if minutes == 30 and hours and not seconds and kind < 0.5:
        return "an hour and a half" if hours == 1 else f"{said(rng, hours)} and a half hours"
    if seconds == 30 and minutes and not hours and kind < 0.3:
        return "a minute and a half" if minutes == 1 else f"{said(rng, minutes)} and a half minutes"
    units = ((hours, "hour"), (minutes, "minute"), (seconds, "second"))
    spoken = [count(rng, number, unit) for number, unit in units if number]
    if len(spoken) == 1:
        return spoken[0]
    joint = rng.choice((" and ", " ", " and "))
    return ", ".join(spoken[:-1]) + joint + spoken[-1]
