"""How people ask: sentence patterns for each action, and the courtesies around them.

Slots: {name} an entity, {area} an area, {things} the plural of a domain, {value} a number in digits, {item} a list entry.
Does not cover: references by another name than the home's own, and needs said indirectly ("it is dark in here").
"""

from __future__ import annotations

from random import Random

ACTIONS: dict[str, tuple[str, ...]] = {
    "turn_on": (
        "turn on the {name}",
        "turn the {name} on",
        "switch on the {name}",
        "switch the {name} on",
        "activate the {name}",
    ),
    "turn_off": (
        "turn off the {name}",
        "turn the {name} off",
        "switch off the {name}",
        "switch the {name} off",
        "shut off the {name}",
    ),
    "open": ("open the {name}", "open up the {name}", "get the {name} open", "let the {name} open"),
    "close": ("close the {name}", "shut the {name}", "get the {name} closed", "let the {name} close"),
    "lock": ("lock the {name}", "lock up the {name}", "make sure the {name} is locked", "get the {name} locked"),
    "unlock": ("unlock the {name}", "get the {name} unlocked", "open the lock of the {name}", "release the {name}"),
    "brightness": (
        "set the {name} to {value}%",
        "dim the {name} to {value}%",
        "set the brightness of the {name} to {value}",
        "set the {name} to {value} percent",
        "brighten the {name} to {value} percent",
        "make the {name} {value}% bright",
    ),
    "position": (
        "set the {name} to {value}%",
        "move the {name} to {value}%",
        "open the {name} to {value} percent",
        "put the {name} at {value}%",
        "set the position of the {name} to {value}",
    ),
    "temperature": (
        "set the {name} to {value}",
        "set the {name} to {value} degrees",
        "put the {name} at {value} degrees",
        "change the {name} to {value} degrees",
        "set the temperature of the {name} to {value}",
    ),
    "pause": ("pause the {name}", "put the {name} on pause", "pause what the {name} plays", "hold the {name} for a moment"),
    "unpause": ("resume the {name}", "unpause the {name}", "continue on the {name}", "let the {name} play on"),
    "start": ("start {name}", "send {name} to clean", "let {name} clean", "tell {name} to start cleaning", "have {name} vacuum"),
    "return": (
        "send {name} home",
        "send {name} back to its base",
        "dock {name}",
        "tell {name} to return",
        "stop {name} and dock it",
    ),
    "add": (
        "add {item} to the {name} list",
        "put {item} on the {name} list",
        "add {item} to {name}",
        "put {item} on {name}",
        "note {item} on my {name} list",
    ),
}

AREA_ACTIONS: dict[str, tuple[str, ...]] = {
    "turn_on": ("turn on the {things} in the {area}", "switch on all {things} in the {area}", "turn on the {area} {things}"),
    "turn_off": ("turn off the {things} in the {area}", "switch off all {things} in the {area}", "turn off the {area} {things}"),
    "everything_on": ("turn on everything in the {area}", "switch everything on in the {area}"),
    "everything_off": ("turn off everything in the {area}", "switch everything off in the {area}", "shut down the {area}"),
    "brightness": (
        "set the lights in the {area} to {value}%",
        "dim the {area} lights to {value} percent",
        "dim the {area} to {value}%",
        "set the brightness in the {area} to {value}",
    ),
}

NAME_IN_AREA = " in the {area}"

QUESTIONS: dict[str, tuple[str, ...]] = {
    "light": ("is the {name} on", "is the {name} still on", "did i leave the {name} on", "how bright is the {name}"),
    "switch": ("is the {name} on", "is the {name} running", "did i leave the {name} on"),
    "fan": ("is the {name} on", "is the {name} running"),
    "cover": ("is the {name} open", "is the {name} closed", "how far is the {name} open", "did i leave the {name} open"),
    "lock": ("is the {name} locked", "did i lock the {name}", "what is the state of the {name}"),
    "climate": ("what is the {name} set to", "how warm is it at the {name}", "is the {name} on"),
    "media_player": ("is the {name} playing", "what is the {name} playing", "is the {name} paused"),
    "vacuum": ("where is {name}", "is {name} cleaning", "is {name} docked"),
    "todo": ("what is on the {name} list", "how many things are on the {name} list", "is the {name} list empty"),
}
AREA_QUESTIONS = (
    "what is on in the {area}",
    "is anything on in the {area}",
    "how is the {area} doing",
    "which lights are on in the {area}",
)

TALK: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("hello", "hi", "hi there", "hey", "good day", "hello there"), ("Hello! What can I do for you?",)),
    (("good morning", "morning", "a good morning to you"), ("Good morning!",)),
    (("good night", "sleep well", "i am off to bed"), ("Good night!",)),
    (("thank you", "thanks", "thanks a lot", "many thanks", "great, thank you", "cheers"), ("You're welcome.",)),
    (("how are you", "how is it going", "how do you do", "are you well"), ("I'm well, thank you.",)),
    (("who are you", "what are you", "what is your name", "what can you do"), ("I am the assistant of this home.",)),
    (("bye", "goodbye", "see you", "see you later"), ("Goodbye!",)),
    (("never mind", "forget it", "it is fine", "leave it", "ok", "all right"), ("All right.",)),
)

ABSENT = "There is no {name} in this home."

_BEFORE = ("please ", "could you ", "can you ", "would you ", "i want you to ", "hey, ", "now ", "quick, ", "could you please ")
_AFTER = (" please", ", please", " now", " for me", ", thanks", " right away")
_ASKING = ("could you ", "can you ", "would you ", "could you please ")


def politely(rng: Random, sentence: str) -> str:
    """A command with or without a courtesy before or after it, and with or without a full stop."""
    kind = rng.random()
    if kind < 0.3:
        before = rng.choice(_BEFORE)
        return before + sentence + (rng.choice(("?", "")) if before in _ASKING else rng.choice((".", "", "")))
    if kind < 0.45:
        sentence += rng.choice(_AFTER)
    return sentence + rng.choice((".", "", ""))


def asked(rng: Random, sentence: str) -> str:
    """A question, most often with its mark."""
    return rng.choice(("", "", "", "tell me, ", "hey, ")) + sentence + rng.choice(("?", "?", ""))


def spoken(rng: Random, sentence: str) -> str:
    """Small talk, with or without a stop."""
    return sentence + rng.choice(("", "", ".", "!"))
