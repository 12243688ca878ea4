"""Sentences of tier one for the tools beside the home, in hassil's templates, and the calls that they stand for.

Only where a sentence is exact: a time that is said otherwise ("at five", "next week") is left to the model. ``{free_text}``
is any text; intents.py refuses one that is long or points back at something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

FREE_TEXT = "free_text"  # the list of the templates below
_HOURS, _MINUTES = "{timer_hours:hours}( |-)hour[s]", "{timer_minutes:minutes}( |-)minute[s]"
_SECONDS = "{timer_seconds:seconds}( |-)second[s]"
_IN = f"in ({_HOURS}|{_MINUTES}|{_SECONDS}|{_HOURS} [and] {_MINUTES})"
_TEXT = "{free_text:text}"


def _reminding(time: str, **slots: int) -> dict[str, Any]:
    return {"sentences": [f"remind me {time} to {_TEXT}", f"remind me to {_TEXT} {time}"], "slots": slots}


SENTENCES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "en": {
        "SetReminder": [
            _reminding(_IN),
            _reminding("in an hour", hours=1),
            _reminding("in half an hour", minutes=30),
            _reminding("in a minute", minutes=1),
        ],
        "ListReminders": [
            {
                "sentences": [
                    "(what are|list|show [me]|read [me]) [all] my reminders",
                    "(what|which) reminders (do I have|are set)",
                    "do I have [any] reminders",
                ]
            }
        ],
        "AddNote": [{"sentences": [f"(take|make|write [down]) a note[:] [that] {_TEXT}", f"note down [that] {_TEXT}"]}],
        "FindNotes": [{"sentences": ["(what are|list|show [me]|read [me]) [all] my notes", "do I have [any] notes"]}],
    }
}


def _reminder(slots: Mapping[str, Any]) -> dict[str, Any]:
    seconds = slots.get("hours", 0) * 3600 + slots.get("minutes", 0) * 60 + slots.get("seconds", 0)
    return {"text": slots["text"], "in_seconds": seconds}


ARGUMENTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "SetReminder": _reminder,
    "ListReminders": lambda slots: {},
    "AddNote": lambda slots: {"text": slots["text"]},
    "FindNotes": lambda slots: {},
}
RESPONSES: dict[str, dict[str, dict[str, str]]] = {
    "en": {"SetReminder": {"default": "All right, I will remind you"}, "AddNote": {"default": "I have noted it"}}
}
