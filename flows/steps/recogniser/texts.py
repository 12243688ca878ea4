"""What is said to the recogniser while it learns: requests of generated homes, names in odd places, numbers, short answers,
plain talk, a home's own words.

A stream of sentences as a person would write them, without end, the same for the same seed. Sentences whose words another
script is needed for are left out. Does not cover how they are spoken (clips), nor the written form (spelling).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from flows.steps.generator.homes import make_home
from flows.steps.generator.lexicons.things import KINDS
from flows.steps.generator.places import Place
from flows.steps.generator.requests import exchange
from flows.steps.generator.words import invented, of_part, pick, words_of
from schemas.inventory import Inventory
from schemas.pipeline import Part
from schemas.speech import RecogniserRecipe
from serve.actions.consent import answers
from serve.spelling import written

LONGEST = 110  # characters of a sentence
_REQUESTS_A_HOME = 12

_ACTIONS = (
    "turn on the {}", "turn off the {}", "turn the {} on", "turn the {} off", "switch on {}", "switch off {}", "open the {}",
    "close the {}", "lock the {}", "unlock the {}", "dim the {}", "start {}", "stop the {}", "pause {}", "is the {} on",
    "what about the {}", "play {}", "what is the {} set to", "where is {}", "activate {}", "run {}", "set the {}", "{}",
    "add {} to the list", "call it {}", "the {} please", "no i meant the {}", "tell {} to wait", "put {} on my list",
)  # fmt: skip
_NUMBERS = (
    "set the {name} to {n}%", "dim the {name} to {n} percent", "set the {name} to {d} degrees", "{n} percent", "{n}",
    "{d} degrees", "make it {d} degrees", "set a timer for {n} minutes", "set a timer for {m} seconds", "wake me in {n} hours",
    "{n} minutes", "turn the {name} to {n}", "volume {n}", "volume to {n} percent", "set the volume of the {name} to {n}%",
    "channel {n}", "open the {name} to {n}%", "put the {name} at {d}", "add {m} {item} to the list", "between {n} and {m}",
    "from {n} to {m} percent",
)  # fmt: skip
# What is said between requests, and to "Shall I?": few words, all of which must be right. The same in every part.
_BETWEEN = (
    "the first one", "the second one", "the other one", "the last one", "both", "both of them", "all of them", "neither",
    "again", "once more", "say that again", "what", "what did you say", "louder", "quieter", "brighter", "darker", "warmer",
    "cooler", "a bit more", "a bit less", "more", "less", "next", "previous", "pause", "resume", "continue", "wait", "help",
    "hello", "hi", "good morning", "good night", "thanks", "thank you", "thank you very much", "bye", "not now", "maybe later",
    "undo that", "take that back", "on", "off", "that's all", "nothing", "forget it", "stop that", "be quiet", "cancel that",
)  # fmt: skip
_ANSWERED = 0.08  # of all sentences
_TALKED = 0.12  # of the rest: without plain English a held-out way of asking is heard as one that training knows
# Those that are taken for one another, as often as all the rest together.
_ALIKE = (6, 60, 16, 15, 50, 5, 13, 30, 14, 40, 17, 70, 18, 80, 19, 90, 9, 11, 7, 12, 20, 2, 10, 1, 3, 4, 8)


def sentences(recipe: RecogniserRecipe, part: Part, inventory: Inventory | None = None) -> Iterator[str]:
    """Without end; each can be written in the written form and has at most ``LONGEST`` characters."""
    rng = Random(f"{recipe.fit.seed}:{part}:said")  # noqa: S311 - sentences to learn from, not secrets
    home_requests = requests(part, recipe.fit.seed)
    own = names_in(inventory) if inventory else []
    while True:
        kind = rng.random()
        if own and kind < recipe.home:
            text = pick(rng, _ACTIONS).format(pick(rng, own)) if rng.random() < 0.7 else _numbers(rng, pick(rng, own))
        elif rng.random() < _ANSWERED:
            text = between(rng)
        elif part == "train" and rng.random() < _TALKED:
            text = pick(rng, talk())
        elif rng.random() < recipe.names:
            text = _around_a_name(rng, part)
        elif rng.random() < 0.15:
            text = _numbers(rng, odd_name(rng, part))
        else:
            text = next(home_requests)
        if len(text) <= LONGEST and written(text):
            yield text


def requests(part: Part, seed: int) -> Iterator[str]:
    """What people ask of generated homes, without end."""
    return (text for text, _ in asked(part, seed))


def asked(part: Part, seed: int) -> Iterator[tuple[str, Place]]:
    """Requests and the homes they are for, home after home; without what is misspelled, which nobody says."""
    rng = Random(f"{seed}:{part}:asked")  # noqa: S311
    while True:
        place = make_home(rng, part)
        for _ in range(_REQUESTS_A_HOME):
            made = exchange(rng, place, part)
            if "misspelled" not in made.references:
                yield made.request, place


@cache
def talk() -> tuple[str, ...]:
    """Two thousand sentences of everyday talk, none of them a request to a home: some 5,000 words in plain contexts."""
    return tuple(Path(__file__).with_name("talk.txt").read_text(encoding="ascii").splitlines())


def names_in(inventory: Inventory) -> list[str]:
    """Every name and alias of a home that can be said: devices, areas, floors, people and lists."""
    found: list[str] = []
    for thing in (*inventory.entities, *inventory.areas, *inventory.floors):
        found += [thing.name, *thing.aliases]
    return [name for name in dict.fromkeys(found) if written(name)]


def odd_name(rng: Random, part: Part) -> str:
    """Of invented words, of people, rooms of other tongues, and of words that homes seldom hear."""
    words, noun = words_of(part), pick(rng, pick(rng, _named_kinds()).nouns)
    kind = rng.random()
    if kind < 0.3:
        return f"{invented(rng, part)} {noun}"
    if kind < 0.45:
        return f"{pick(rng, plain_words(part))} {noun}"
    if kind < 0.55:
        return f"{pick(rng, plain_words(part))} {pick(rng, plain_words(part))}"
    if kind < 0.65:
        return f"{pick(rng, words.people)}'s {noun}"
    if kind < 0.8:
        return f"{pick(rng, (*words.areas, *words.modifiers, *words.makers, *words.pets))} {noun}"
    if kind < 0.9:
        return pick(rng, (*words.areas, *words.everyday, *words.scenes, *words.lists, *words.timers, *words.weather))
    return f"{pick(rng, pick(rng, words.tongues).rooms)} {noun}"


def between(rng: Random) -> str:
    """A yes or a no, plain ones most often, or something as short."""
    yes, no = answers("en")
    kind = rng.random()
    if kind < 0.3:
        return pick(rng, ("yes", "no", "yes please", "no thanks", "stop", "cancel", "ok"))
    return pick(rng, yes if kind < 0.5 else no if kind < 0.7 else _BETWEEN)


def _around_a_name(rng: Random, part: Part) -> str:
    kind = rng.random()
    if kind < 0.12:  # words without a sentence, so that it listens instead of guessing
        return " ".join(pick(rng, plain_words(part)) for _ in range(rng.randint(2, 5)))
    if kind < 0.2:
        return f"add {_item(rng, part)} to {pick(rng, words_of(part).lists)}"
    return pick(rng, _ACTIONS).format(odd_name(rng, part))


def _numbers(rng: Random, name: str) -> str:
    def number() -> int:
        return pick(rng, _ALIKE) if rng.random() < 0.5 else rng.randint(0, 100)

    degrees = f"{rng.randint(5, 35)}{'.5' if rng.random() < 0.25 else ''}"
    return pick(rng, _NUMBERS).format(name=name, n=number(), m=number(), d=degrees, item=pick(rng, words_of("train").items))


def _item(rng: Random, part: Part) -> str:
    words = words_of(part)
    thing = pick(rng, (*words.items, *words.tasks))
    return f"{pick(rng, words.qualities)} {thing}" if rng.random() < 0.4 else thing


@cache
def _named_kinds() -> tuple:
    return tuple(kind for kind in KINDS if kind.nouns)


@cache
def plain_words(part: Part) -> tuple[str, ...]:
    """Some 1,700 plain words (coolname's), of which each part has its own."""
    from coolname.data import config

    found: set[str] = set()
    for entry in config.values():
        found |= set(entry.get("words", ()))
        found |= {word for phrase in entry.get("phrases", ()) for word in (phrase.split() if isinstance(phrase, str) else phrase)}
    return of_part(sorted(word for word in found if written(word) == word), part)
