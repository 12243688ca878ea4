"""What the voice learns to say: an assistant's replies around generated names, numbers, times and dates, requests, and words
that nobody has said before, so that every sound meets every other.

Single sentences and clauses without end, the same for the same seed; of one part's names alone. Does not cover the sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from flows.steps.generating import generate
from flows.steps.generator.lexicons import words
from flows.steps.generator.lexicons.rooms import EVERYDAY
from flows.steps.generator.lexicons.things import KINDS
from flows.steps.generator.words import invented, items, pick, words_of
from schemas.pipeline import HomeSource, Part

LONGEST = 110  # characters
_NOUNS = tuple(noun for kind in KINDS for noun in kind.nouns)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_STATES = ("on", "off", "open", "closed", "locked", "unlocked", "playing", "paused", "idle", "unavailable", "at home", "away")
_WEATHER = ("sunny", "cloudy", "rainy", "windy", "foggy", "partly cloudy", "clear", "snowy")
_REPLIES = (
    "Done.", "Okay.", "Yes.", "No.", "Sure!", "All right.", "Sorry?", "Good morning!", "Good night.", "You're welcome.",
    "I turned on the {thing}.", "I turned off the {thing}.", "Turned on {n} lights.", "The {thing} is {state}.",
    "The {thing} is {state}, and the {thing} is {state}.", "Sorry, there is no {thing} here.", "Which one do you mean?",
    "Do you mean the {thing} or the {thing}?", "It is {degrees} in the {room}.", "It's {degrees} outside, and {weather}.",
    "The {thing} is at {n} percent.", "I set the {thing} to {n}%.", "Brightness is now {n} percent.",
    "On in the {room}: {thing}, {thing} and {thing}.", "Your timer for {n} minutes is done.",
    "I started a timer for {n} minutes and {m} seconds.", "There are {n} minutes and {m} seconds left.", "It is {time}.",
    "It's {time} on {date}.", "Today is {date}.", "You have an alarm at {time}.", "The sun sets at {time}.",
    "I added {item} to the {list} list.", "Your {list} list has {n} items: {item}, {item} and {item}.",
    "Sorry, I cannot do that in this home.", "{person} is {state}.", "Playing {song} by {artist}.",
    "The volume is at {n} percent.", "I could not reach the {thing}; please try again.", "Nothing is {state} in the {room}.",
    "Shall I close the {thing}?", "The {thing} does not answer.", "I'll remind you at {time} to {task}.",
    "What would you like me to do?", "How long should the timer be?", "{degrees}", "{time}.", "{n}.", "{n}, {m}, {n}, {m}.",
    "Locked.", "The door is open, the window is closed; everything else is fine.", "I'm afraid I don't know that.",
    "It will be {weather} in {n} days.", "The {thing} used {n}.{digit} kilowatt hours.",
    "The {room}, the {room} and the {room}.", "Is the {thing} {state}?", "Please wait a moment...", "About {big} metres.",
    "Room {n}, floor {digit}.", "Your code is {digit} {digit} {digit} {digit}.", "That was in {year}.", "The {thing}",
    "in the {room},",
)  # fmt: skip
_MADE_UP = (
    "{w} {w} {w} {w} {w}.", "The {w} was {w} by a {w}.", "{w}, {w}, {w} and {w}.", "Is {w} a {w} or a {w}?", "{w} {w}!",
    "We should have {w} those {w} before they {w}.", "Though {w}, your {w} could measure {w}.",
    "They joyfully {w} which {w} he chose.", "Her usual {w} {w} with thick, rough {w}.",
    "What a huge young {w}; watch it, George!", "{w} or {w}: {w}.", "How {w} was the {w} yesterday?",
)  # fmt: skip
_ONSETS = words(
    "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p ph pl pr qu r s sc sh shr sk sl sm sn sp spl squ st str sw "
    "t th thr tr tw v w wh y z"
)
_VOWELS = words("a e i o u ai ay ea ee oa oi oo ou ow oy au aw ar er ir or ur ie igh ue air ear ure")
_CODAS = words(
    "b ck d dge f ft g ge ks l ld lf lk lm lp lt m mp n nce nd ng nk nt p pt ps rd rk rl rm rn rt s sh sk sp st t tch "
    "th ve x z le el"
)
_FOREIGN = (
    *("Küche", "Schlafzimmer", "Büro", "Flur", "salle de bain", "chambre", "cuisine", "cocina", "dormitorio", "baño", "jardín"),
    *("keittiö", "sovrum", "kjøkken", "łazienka", "kuchnia", "koupelna", "mutfak", "gabinetto", "soggiorno", "quarto", "varanda"),
    *("кухня", "спальня", "κουζίνα", "キッチン", "厨房", "مطبخ", "מטבח", "रसोई"),
)


def sentences(part: Part, seed: int) -> Iterator[str]:
    """Without end; each of at most ``LONGEST`` characters, with no sentence's end but its last."""
    rng = Random(f"{seed}:{part}:voice")  # noqa: S311 - sentences to learn from, not secrets
    asked = _requests(part, seed)
    while True:
        kind = rng.random()
        if kind < 0.45:
            text = _filled(rng, part, pick(rng, _REPLIES))
        elif kind < 0.65:
            text = _written(rng, next(asked))
        elif kind < 0.97:
            text = _made_up(rng)
        else:
            text = f"The {pick(rng, _FOREIGN)} is {pick(rng, _STATES)}."
        if 0 < len(text) <= LONGEST:
            yield text[0].upper() + text[1:]


def _requests(part: Part, seed: int) -> Iterator[str]:
    """Requests and replies of generated homes."""
    while True:
        for row in generate(HomeSource(kind="home", rows=100_000, homes=12_500, seed=seed, part=part)):
            for message in row.messages:
                if message.role in ("user", "assistant") and message.content:
                    yield message.content
        seed += 1


def _written(rng: Random, text: str) -> str:
    """The first sentence of ``text``, with the marks that a writer would set."""
    for mark in (". ", "! ", "? ", "\n"):
        text = text.partition(mark)[0] + mark.strip() if mark in text else text
    text = text.rstrip()
    return text if text.endswith((".", "!", "?")) or rng.random() < 0.2 else text + pick(rng, "....!?")


def _filled(rng: Random, part: Part, pattern: str) -> str:
    said = words_of(part)
    made = {
        "thing": lambda: _thing(rng, part),
        "room": lambda: pick(rng, EVERYDAY if rng.random() < 0.5 else said.areas),
        "person": lambda: pick(rng, said.people).title(),
        "item": lambda: items(rng, part),
        "task": lambda: pick(rng, said.tasks),
        "list": lambda: pick(rng, said.lists),
        "song": lambda: pick(rng, said.songs),
        "artist": lambda: pick(rng, said.artists),
        "state": lambda: pick(rng, _STATES),
        "weather": lambda: pick(rng, _WEATHER),
        "n": lambda: str(rng.randint(0, 100)),
        "m": lambda: str(rng.randint(1, 60)),
        "digit": lambda: str(rng.randint(0, 9)),
        "big": lambda: str(rng.randint(100, 20_000)),
        "year": lambda: str(rng.randint(1900, 2035)),
        "degrees": lambda: _degrees(rng),
        "time": lambda: _time(rng),
        "date": lambda: f"{pick(rng, _DAYS)}, {rng.randint(1, 31)} {pick(rng, _MONTHS)}",
    }
    parts = pattern.split("{")
    return parts[0] + "".join(made[name]() + rest for name, _, rest in (part.partition("}") for part in parts[1:]))


def _thing(rng: Random, part: Part) -> str:
    said, noun = words_of(part), pick(rng, _NOUNS)
    kind = rng.random()
    if kind < 0.4:
        return f"{pick(rng, EVERYDAY)} {noun}"
    if kind < 0.7:
        return f"{pick(rng, said.modifiers)} {noun}"
    if kind < 0.85:
        return f"{invented(rng, part)} {noun}"
    return f"{pick(rng, said.people).title()}'s {noun}"


def _degrees(rng: Random) -> str:
    number = f"{rng.randint(-15, 38)}" + (f".{rng.randint(0, 9)}" if rng.random() < 0.4 else "")
    return number + pick(rng, (" degrees", " °C", "°", " degrees Celsius"))


def _time(rng: Random) -> str:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    if rng.random() < 0.5:
        return f"{hour:02d}:{minute:02d}"
    return f"{hour % 12 or 12}:{minute:02d} {pick(rng, ('AM', 'PM', 'a.m', 'p.m'))}"


def _made_up(rng: Random) -> str:
    parts = pick(rng, _MADE_UP).split("{w}")
    return parts[0] + "".join(_word(rng) + rest for rest in parts[1:])


def _word(rng: Random) -> str:
    """Of one to three syllables, with sounds that English spells."""
    word = ""
    for _ in range(pick(rng, (1, 1, 2, 2, 2, 3))):
        word += (pick(rng, _ONSETS) if rng.random() < 0.85 else "") + pick(rng, _VOWELS)
        word += pick(rng, _CODAS) if rng.random() < 0.45 else ""
    return word + pick(rng, ("", "", "", "", "s", "ed", "ing", "ly", "er", "'s", "ness"))
