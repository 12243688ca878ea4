"""Sentences that people say and home-assistant-intents has not, in its own template language.

They are joined to the package's by intent; its lists, rules and replies serve them too. RESPONSES are
the replies that it lacks.
"""

from __future__ import annotations

import re
from typing import Any

_DIMMABLE = {"domain": ["light"]}
_PERCENT = "{brightness}[([ ]%)| percent]"
_DEGREES = "{temperature}[([ ]°)|( degree[s])]"
_SWITCHED = {"domain": ["light", "switch", "fan", "media_player", "input_boolean", "climate"]}
_RUNNING = {"domain": ["switch", "fan", "input_boolean"]}
# Of other covers, such as awnings, up and down may mean either.
_HANGING = {"domain": ["cover"], "device_class": ["blind", "curtain", "shade", "shutter", "garage"]}
_PLAYER = {"domain": ["media_player"]}

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

# A name as it stands in a sentence: with what may come before and after it.
NAMED = {
    "en": re.compile(r"(?:(?:the|my|our) )?(.+?)(?: (?:too|also|as well))?", re.IGNORECASE),
    "de": re.compile(r"(?:(?:der|die|das|den|mein|meine|unser|unsere) )?(.+?)(?: auch)?", re.IGNORECASE),
}

# What stands between two orders in one sentence.
JOINING = {"en": r",? and then |,? and |,? then |, ", "de": r",? und dann |,? und |,? dann |, "}

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
            {
                "sentences": ["(start|run) [<the>] {name}"],
                "requires_context": _RUNNING,
                "response": "default",
            },
            {
                "sentences": ["(start|run) [<the>] {name}", "start [<the>] scene {name}"],
                "requires_context": {"domain": ["scene"]},
                "response": "scene",
            },
            {
                "sentences": ["[(put|pull|roll|move)] [<the>] {name} [all the way] up", "(put|pull|roll) up [<the>] {name}"],
                "requires_context": _HANGING,
                "response": "cover",
            },
            {
                "sentences": ["make sure [that] [<the>] {name} is [turned] on"],
                "requires_context": _SWITCHED,
                "response": "default",
            },
            {
                "sentences": ["make sure [that] [<the>] {name} is locked"],
                "requires_context": {"domain": ["lock"]},
                "response": "lock",
            },
            {
                "sentences": ["lock [up] <all> [<the>] door[s]"],
                "slots": {"domain": "lock"},
                "response": "lock",
            },
        ],
        "HassTurnOff": [
            {
                "sentences": ["<turn> off <all> <light>", "<turn> <all> <light> off", "all <light> off"],
                "slots": {"domain": "light"},
                "response": "light_all",
            },
            {
                "sentences": [
                    "<turn> off everything <in> [<the>] {area}",
                    "<turn> everything <in> [<the>] {area} off",
                    "<turn> everything off <in> [<the>] {area}",
                ],
                "response": "everything",
            },
            {
                "sentences": ["kill [<the>] {name}", "make sure [that] [<the>] {name} is [turned] off"],
                "requires_context": _SWITCHED,
                "response": "default",
            },
            {
                "sentences": ["stop [<the>] {name}"],
                "requires_context": _RUNNING,
                "response": "default",
            },
            {
                "sentences": [
                    "[(put|pull|roll|move)] [<the>] {name} [all the way] down",
                    "(put|pull|roll) down [<the>] {name}",
                    "make sure [that] [<the>] {name} is (closed|shut)",
                ],
                "requires_context": _HANGING,
                "response": "cover",
            },
        ],
        "HassLightSet": [
            {
                "sentences": [
                    f"[<the>] {{name}} at {_PERCENT}",
                    f"(put|bring|take|turn) [<the>] {{name}} [(on|up|down)] (to|at) {_PERCENT}",
                ],
                "requires_context": _DIMMABLE,
                "response": "brightness",
            },
            {
                "sentences": ["full brightness (on|for) [<the>] {name}", "[<the>] {name} [(to|at|on)] full [brightness]"],
                "slots": {"brightness": 100},
                "requires_context": _DIMMABLE,
                "response": "brightness",
            },
            {
                "sentences": ["half brightness (on|for) [<the>] {name}", "[<the>] {name} [(to|at|on)] half [brightness]"],
                "slots": {"brightness": 50},
                "requires_context": _DIMMABLE,
                "response": "brightness",
            },
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
        "HassSetPosition": [
            {
                "sentences": ["[<the>] {name} (to|at) {position}[([ ]%)| percent]"],
                "requires_context": {"domain": ["cover"]},
                "response": "default",
            },
            {
                "sentences": ["[(put|set|open|close|move)] [<the>] {name} (halfway|half way) [(open|closed|up|down)]"],
                "slots": {"position": 50},
                "requires_context": {"domain": ["cover"]},
                "response": "default",
            },
        ],
        "HassClimateSetTemperature": [
            {
                "sentences": [
                    f"(put|bring|take|turn) [<the>] {{name}} [(up|down)] to {_DEGREES}",
                    f"[<the>] {{name}} (to|at) {_DEGREES}",
                ],
                "requires_context": {"domain": ["climate"]},
                "response": "default",
            },
            {
                "sentences": [
                    f"(set|put|turn|bring) [<the>] (heating|heat|thermostat|temperature) [(up|down)] to {_DEGREES}",
                    "(make|set) it [to] {temperature} degrees",
                ],
                "response": "default",
            },
        ],
        "HassSetVolume": [
            {
                "sentences": ["[<the>] {name} volume [(to|at)] {volume:volume_level}[([ ]%)| percent]"],
                "requires_context": _PLAYER,
                "response": "default",
            }
        ],
        "HassSetVolumeRelative": [
            {
                "sentences": ["turn [<the>] {name} {volume_step}", "turn {volume_step} [<the>] {name}"],
                "requires_context": _PLAYER,
                "response": "default",
            },
            {
                "sentences": ["[make] [<the>] {name} louder", "louder on [<the>] {name}"],
                "slots": {"volume_step": "up"},
                "requires_context": _PLAYER,
                "response": "default",
            },
            {
                "sentences": ["[make] [<the>] {name} quieter", "quieter on [<the>] {name}"],
                "slots": {"volume_step": "down"},
                "requires_context": _PLAYER,
                "response": "default",
            },
        ],
        "HassMediaNext": [
            {
                "sentences": ["next (track|song|episode)", "skip [(this|the)] (track|song|episode)"],
                "response": "default",
            }
        ],
        "HassStartTimer": [
            {
                "sentences": ["[(set|start)] [(a|my)] timer for an hour and a half", "[(set|start)] an hour and a half timer"],
                "slots": {"hours": 1, "minutes": 30},
                "response": "default",
            },
            {
                "sentences": ["[(set|start)] [(a|my)] timer for an hour", "[(set|start)] (an|one) hour timer"],
                "slots": {"hours": 1},
                "response": "default",
            },
        ],
        "HassVacuumStart": [
            {
                "sentences": [
                    "send [<the>] {name} to clean",
                    "tell [<the>] {name} to start cleaning",
                    "{name} [go [and]] (clean|vacuum|hoover) [up]",
                ],
                "requires_context": {"domain": ["vacuum"]},
                "response": "default",
            },
            {
                "sentences": ["start (cleaning|vacuuming|hoovering)", "start [<the>] (vacuum [cleaner]|hoover)"],
                "response": "default",
            },
        ],
        "HassVacuumCleanArea": [{"sentences": ["hoover [<the>] {area}"], "response": "default"}],
        "HassGetState": [
            {
                "sentences": ["(what is|what's|whats) on [<the>] {name}"],
                "requires_context": {"domain": ["todo"]},
                "response": "list",
            },
            {
                "sentences": ["[are [there]] any <light> (still|left) {on_off_states:state}"],
                "slots": {"domain": "light"},
                "response": "any",
            },
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
        "HassGetState": {
            "list": "{% set found = state_attr(state.entity_id, 'items') or [] %}"
            "{{ 'On ' ~ slots.name ~ ': ' ~ (found | join(', ')) if found else 'There is nothing on ' ~ slots.name }}"
        },
    },
}
