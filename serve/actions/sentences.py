"""Sentences that people say and home-assistant-intents has not, in its own template language.

They are joined to the package's by intent; its lists, rules and replies serve them too. RESPONSES are
the replies that it lacks.
"""

from __future__ import annotations

from typing import Any

_DIMMABLE = {"domain": ["light"]}
_PERCENT = "{brightness}[([ ]%)| percent]"

# A free text of these words alone ("the other one"), or one that ends with a word of the second kind ("eggs too"), means
# something that was said before. Languages that are not here have no such words known: their sentences are taken as said.
POINTING: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "en": (
        frozenset({"it", "that", "this", "them", "those", "these", "the", "a", "an", "one", "ones", "same", "other", "others"})
        | {"another", "next", "last", "first", "something", "else"},
        frozenset({"too", "also", "again", "instead"}),
    ),
    "de": (
        frozenset({"es", "das", "dies", "dieses", "diese", "den", "die", "der", "ihn", "sie", "dasselbe", "andere", "anderen"})
        | {"nächste", "letzte", "etwas", "anderes", "noch", "eins"},
        frozenset({"auch", "nochmal", "stattdessen"}),
    ),
}

SENTENCES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "en": {
        "HassTurnOn": [
            {
                "sentences": ["<turn> on <all> <light>", "<turn> <all> <light> on", "all <light> on"],
                "slots": {"domain": "light"},
                "response": "light_all",
            },
            {
                "sentences": ["<turn> on everything <in> [<the>] {area}", "<turn> everything <in> [<the>] {area} on"],
                "response": "everything",
            },
        ],
        "HassTurnOff": [
            {
                "sentences": ["<turn> off <all> <light>", "<turn> <all> <light> off", "all <light> off"],
                "slots": {"domain": "light"},
                "response": "light_all",
            },
            {
                "sentences": ["<turn> off everything <in> [<the>] {area}", "<turn> everything <in> [<the>] {area} off"],
                "response": "everything",
            },
        ],
        "HassLightSet": [
            {
                "sentences": [f"(dim|brighten) [<the>] {{name}} [<light>] to {_PERCENT}"],
                "requires_context": _DIMMABLE,
                "response": "brightness",
            },
            {
                "sentences": [f"(dim|brighten) [(<all>|<the>)] <light> <in> [<the>] {{area}} to {_PERCENT}"],
                "slots": {"domain": "light"},
                "response": "brightness",
            },
        ],
        "HassVacuumStart": [
            {
                "sentences": ["send [<the>] {name} to clean", "tell [<the>] {name} to start cleaning"],
                "requires_context": {"domain": ["vacuum"]},
                "response": "default",
            }
        ],
        "HassVacuumReturnToBase": [
            {
                "sentences": ["send [<the>] {name} (home|back to its base)", "dock [<the>] {name}"],
                "requires_context": {"domain": ["vacuum"]},
                "response": "default",
            }
        ],
    },
    "de": {
        "HassTurnOn": [
            {
                "sentences": ["(schalte|mach[e]) alle (Lichter|Lampen) (an|ein)", "alle (Lichter|Lampen) (an|ein)"],
                "slots": {"domain": "light"},
                "response": "light_all",
            }
        ],
        "HassTurnOff": [
            {
                "sentences": ["(schalte|mach[e]) alle (Lichter|Lampen) aus", "alle (Lichter|Lampen) aus"],
                "slots": {"domain": "light"},
                "response": "light_all",
            }
        ],
        "HassLightSet": [
            {
                "sentences": ["dimme [(den|die|das) ]{name} auf {brightness}[([ ]%)| Prozent]"],
                "requires_context": _DIMMABLE,
                "response": "brightness",
            }
        ],
    },
}

RESPONSES: dict[str, dict[str, dict[str, str]]] = {
    "en": {
        "HassTurnOn": {"everything": "Turned on everything in {{ slots.area }}"},
        "HassTurnOff": {"everything": "Turned off everything in {{ slots.area }}"},
    },
}
