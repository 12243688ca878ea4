"""How names come out of keyboards and recognisers: one letter wrong, words split or joined, accents and marks left out."""

from __future__ import annotations

import re
import unicodedata
from random import Random

from flows.steps.generator.words import pick

_BESIDE = {
    letter: beside
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for letter, beside in ((c, row[max(0, i - 1) : i] + row[i + 1 : i + 2]) for i, c in enumerate(row))
}
_SOUNDS = (
    ("ee", "ea"), ("ea", "ee"), ("ai", "ay"), ("oo", "u"), ("ck", "k"), ("ph", "f"), ("c", "k"), ("k", "c"), ("ie", "y"),
    ("y", "ie"), ("z", "s"), ("ou", "ow"), ("ight", "ite"), ("th", "t"), ("gh", "g"), ("ll", "l"), ("tt", "t"), ("x", "ks"),
    ("v", "w"), ("qu", "kw"), ("er", "a"), ("or", "er"), ("i", "e"), ("a", "e"), ("o", "a"),
)  # fmt: skip
_COMPOUNDS = (
    "bed room", "bath room", "play room", "store room", "sun room", "work shop", "green house", "court yard", "back yard",
    "drive way", "hall way", "down stairs", "up stairs", "base ment", "cloak room", "stair case", "stair well", "spot light",
    "spot lights", "down light", "down lights", "flood light", "night light", "night stand", "sound bar", "dead bolt",
    "pad lock", "chande lier", "thermo stat", "air con", "dish washer", "book shelf", "fire place", "side board", "sky light",
    "sun shade", "de humidifier", "tele vision", "ward robe", "car port", "work room", "dark room", "head board", "up light",
    "wind mill", "sun flower", "lava lamp", "floor lamp", "desk lamp", "table lamp", "living room", "dining room",
)  # fmt: skip
_JOINED = {pair.replace(" ", ""): pair for pair in _COMPOUNDS}
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LETTERS = {"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "ı": "i", "đ": "d"}
_MARKS = re.compile(r"[^\w\s']|_")


def plainly(name: str) -> str:
    """A folded name as it is said: without hyphens, underscores and emoji; itself where it has none."""
    text = " ".join(_MARKS.sub(" ", name).replace("\ufe0f", " ").split())
    return text or name


def misspelled(rng: Random, name: str) -> str | None:
    """A folded ``name`` with one mistake in it; None where the mistake that was drawn has no place in it."""
    text = pick(rng, _MISTAKES)(rng, name)
    return text if text and text != name else None


def _letters(rng: Random, name: str) -> str | None:
    """One letter left out, doubled, swapped with the next or replaced by its neighbour, in a word of four letters at least."""
    words = name.split()
    able = [i for i, word in enumerate(words) if len(word) > 3 and word.isascii() and word.isalpha()]
    if not able:
        return None
    which = pick(rng, able)
    word = words[which]
    at, kind = int(rng.random() * (len(word) - 1)), rng.random()
    if kind < 0.3:
        words[which] = word[:at] + word[at + 1 :]
    elif kind < 0.5:
        words[which] = word[:at] + word[at] + word[at:]
    elif kind < 0.75:
        words[which] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    else:
        words[which] = word[:at] + pick(rng, _BESIDE[word[at]]) + word[at + 1 :]
    return " ".join(words)


def _sounds(rng: Random, name: str) -> str | None:
    """What sounds alike, once: "kitchen" as "citchen", "breezo" as "breazo"."""
    start = int(rng.random() * len(_SOUNDS))
    for heard, written in (*_SOUNDS[start:], *_SOUNDS[:start]):
        if heard in name:
            at = name.index(heard)
            return name[:at] + written + name[at + len(heard) :]
    return None


def _spaces(rng: Random, name: str) -> str | None:
    """Compounds split, pairs joined: "bed room", "livingroom"."""
    words = name.split()
    able = [i for i, word in enumerate(words) if word in _JOINED]
    if able:
        which = pick(rng, able)
        return " ".join([*words[:which], _JOINED[words[which]], *words[which + 1 :]])
    pairs = [i for i in range(len(words) - 1) if words[i].isalpha() and words[i + 1].isalpha()]
    if not pairs:
        return None
    which = pick(rng, pairs)
    return " ".join([*words[:which], words[which] + words[which + 1], *words[which + 2 :]])


def _marks(rng: Random, name: str) -> str | None:
    """Accents and apostrophes left out, a number in words: "kuche", "annas lamp", "spot two"."""
    text = name.replace("'", "")
    if not text.isascii():
        for letter, plain in _LETTERS.items():
            text = text.replace(letter, plain)
        if rng.random() < 0.3:
            text = text.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_DIGITS[int(word)] if word.isdecimal() and int(word) <= 10 else word for word in text.split())


_MISTAKES = (_letters, _letters, _letters, _sounds, _spaces, _marks)
