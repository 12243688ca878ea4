"""What is said around a wake word: texts that only sound like it, and talk of all kinds; each part has words of its own.

Does not cover how it is spoken (scenes). Texts are plain lower case; any phrase of Latin letters serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from flows.steps.generator.lexicons import words as listed
from flows.steps.generator.words import invented, items, of_part, words_of
from schemas.pipeline import Part

_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "oa", "oo", "ow", "er", "ar", "or", "y")
_CONSONANTS = (
    *("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z"),
    *("ch", "sh", "th", "st", "br", "tr", "pl", "nd", "nt", "ck", "ll", "mm", "nn", "pp", "ss", "zz", "gg", "bb"),
)
_GREETINGS = ("hey", "hi", "hello", "okay", "ok", "oh", "say", "yes", "no", "hay", "he", "a", "the", "they", "may", "pay")

_EVERYDAY = listed("""
time person year way day thing man world life hand child eye woman place work week case point company number group problem fact
house water room mother area money story month lot right study book word business issue side kind head service friend father
power hour game line end member law car city community name president team minute idea body information back parent face others
level office door health art war history party result change morning reason research girl guy moment air teacher force education
foot boy age policy music market sense nation plan college interest death experience effect street image career language market
road table window picture garden kitchen winter summer autumn spring monday tuesday wednesday thursday friday saturday sunday
january february march april june july august september october november december one two three four five six seven eight nine
ten eleven twelve twenty thirty forty fifty hundred thousand million red green blue yellow orange purple brown black white grey
big small large little long short high low old young new early late hot cold warm cool dry wet fast slow hard soft strong weak
happy sad angry tired hungry thirsty ready steady pretty ugly rich poor clean dirty empty full open closed heavy light bright dark
be have do say get make go know take see come think look want give use find tell ask seem feel try leave call keep let begin help
show hear play run move live believe hold bring happen write provide sit stand lose pay meet include continue set learn lead
understand watch follow stop create speak read allow add spend grow open walk win offer remember love consider appear buy wait
serve die send expect build stay fall cut reach kill remain suggest raise pass sell require report decide pull return explain
hope develop carry break receive agree support hit produce eat cover catch draw choose always never often sometimes usually
really very quite almost already again together tomorrow yesterday tonight today maybe perhaps probably certainly actually
rotten rotary pottery lottery robot rocket pocket body copy hobby lobby coffee dotted spotted potato tomato party parrot carrot
rabbit ready reading writing riding rating rather ratio rocky rocking rotation routine route router rowdy ruddy roadie body
artist arctic auntie daddy muddy naughty haughty water daughter quarter order border hotter otter scottish cottage shot yacht
weather feather leather heavy hedge hazel haystack hated hairy harry holiday highway headache heyday neighbour paper table cable
station nation patient ocean machine engine danger stranger orange language message village image damage garage luggage sausage
doctor nurse lawyer farmer driver singer dancer painter writer player teacher baker butcher builder plumber captain soldier
apple banana cherry lemon peach pear grape melon berry onion garlic pepper cabbage lettuce spinach mushroom chicken beef pork
london paris berlin madrid rome vienna dublin boston denver dallas austin chicago toronto sydney oslo lisbon prague warsaw
computer keyboard monitor printer telephone television radio camera battery charger cable speaker microphone screen internet
football tennis hockey cricket swimming running cycling skiing boxing racing rowing climbing fishing hunting sailing surfing
""")
_LITTLE = listed("""
the a an this that these those my your his her our their some any no every each all both and or but so if when then than because
while of in on at to from with for about over under after before into out up down off is are was were be been am i you he she it
we they me him us them who what where why how not just only also too can could will would should must""")


def near(rng: Random, phrase: str, part: Part) -> str:
    """A text that shares sounds with ``phrase``; now and then it is spelled otherwise and sounds the same: see scenes."""
    words = phrase.split()
    kind = rng.random()
    if kind < 0.5:
        at = rng.randrange(len(words)) if rng.random() < 0.25 else len(words) - 1
        changed = _edited(rng, words[at])
        if rng.random() < 0.25:
            changed = _edited(rng, changed)
        return " ".join((*words[:at], changed, *words[at + 1 :]))
    if kind < 0.62:
        return " ".join(
            (*words[:-1], rng.choice((rng.choice(_everyday(part)), rng.choice(words_of(part).people), invented(rng, part))))
        )
    if kind < 0.74:
        first = rng.choice((*_GREETINGS, rng.choice(_everyday(part))))
        return " ".join((first, *words[1:])) if len(words) > 1 and first != words[0] else _edited(rng, phrase)
    if kind < 0.84:
        return rng.choice(words) if len(words) > 1 else words[0][: max(2, len(words[0]) // 2)]
    if kind < 0.92:
        return " ".join((words[-1], *words[:-1])) if len(words) > 1 else _edited(rng, words[0])
    cut = rng.randrange(1, max(2, len(words[-1])))
    return " ".join((*words[:-1], words[-1][:cut] + rng.choice(_VOWELS) + rng.choice(_CONSONANTS)))


def talk(rng: Random, part: Part) -> str:
    """A sentence that nobody may have said before: things to do, names, or common and invented words in any order."""
    kind = rng.random()
    words = words_of(part)
    if kind < 0.2:
        thing = rng.choice((items(rng, part), rng.choice(words.tasks), rng.choice(words.songs), rng.choice(words.films)))
        return f"{rng.choice(_OPENINGS)} {thing} {rng.choice(_LITTLE)} {rng.choice(_everyday(part))}"
    if kind < 0.3:
        return f"{rng.choice(words.people)} {rng.choice(_LITTLE)} {rng.choice(words.artists)} {rng.choice(_everyday(part))}"
    sequence = []
    for _ in range(rng.randint(3, 14)):
        draw = rng.random()
        sequence.append(
            rng.choice(_LITTLE) if draw < 0.35 else rng.choice(_everyday(part)) if draw < 0.88 else invented(rng, part)
        )
    return " ".join(sequence)


_OPENINGS = (
    *(
        "i should",
        "did you",
        "please",
        "we could",
        "they wanted to",
        "remind me about",
        "put",
        "what about",
        "hey",
        "hey can you",
    ),
    *("hey do you know", "let us talk about", "she said", "have you seen", "play", "turn to", "tell me about", "oh"),
)


def _everyday(part: Part) -> Sequence[str]:
    return _BY_PART[part]


_BY_PART: dict[Part, tuple[str, ...]] = {
    "train": of_part(_EVERYDAY, "train"),
    "validation": of_part(_EVERYDAY, "validation"),
    "test": of_part(_EVERYDAY, "test"),
}


def _edited(rng: Random, word: str) -> str:
    """``word`` with one run of vowels or of consonants changed, left out, or put in."""
    runs = _runs(word)
    at = rng.randrange(len(runs))
    like = _VOWELS if runs[at][0] in "aeiouy" else _CONSONANTS
    draw = rng.random()
    if draw < 0.75 or len(runs) < 3:
        runs[at] = rng.choice(like)
    elif draw < 0.88:
        del runs[at]
    else:
        runs.insert(at, rng.choice(_CONSONANTS if like is _VOWELS else _VOWELS))
    return "".join(runs)


def _runs(word: str) -> list[str]:
    runs: list[str] = []
    for letter in word:
        if runs and (letter in "aeiouy") == (runs[-1][-1] in "aeiouy"):
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs
