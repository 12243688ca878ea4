"""Everyday requests: what people say to ordinary homes, written by hand, as rows that are judged like generated ones.

everyday.yaml says what is asked and what is right. Half of the requests, by a hash of their words, are for looking at (dev), as
when the known sentences are widened; the other half is only measured (test).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from flows.steps.scoring import Scored, summarise
from schemas.conversation import Conversation, Message, call
from schemas.errors import ConfigError
from schemas.hashing import content_id
from schemas.home_lines import home_lines
from schemas.loading import load_inventory
from serve.actions.tools import offered_for

Part = Literal["dev", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
FILE = Path(__file__).with_name("everyday.yaml")
_TIERS = ("intents", "model", "both")
_TOLD = (
    *(f"{name}_{tier}" for name in ("state_exact", "served", "wrong_action") for tier in _TIERS),
    *("asked_both", "state_agreed_both", "known_share", "exact_match"),
)


def everyday(most: int | None = None) -> list[tuple[str, Conversation]]:
    """The first ``most`` rows of each part, or all, with ids; tagged with their part and what they are about.

    Raises ConfigError.
    """
    rows = _read(FILE)
    return [one for part in PARTS for one in [row for row in rows if part in row[1].tags][:most]]


def said_of(scored: Scored) -> dict[str, float]:
    """``everyday.<part>.<figure>``: see flows.steps.judging. By category, what was served as it should be."""
    found: dict[str, float] = {}
    for part in PARTS:
        outcomes = [outcome for outcome in scored.outcomes if part in outcome.tags]
        if not outcomes:
            continue
        result = summarise("everyday", Scored(outcomes, scored.seconds))
        told = {"rows": float(result.rows)}
        for name in _TOLD:
            told |= {key: result.metrics[key] for end in ("", "_low", "_high") if (key := f"{name}{end}") in result.metrics}
        served = {tag: by["served_both"] for tag, by in result.by_tag.items() if tag not in PARTS and "served_both" in by}
        told |= {f"served_{tag}": share for tag, share in served.items()}
        found |= {f"everyday.{part}.{name}": round(value, 5) for name, value in told.items()}
    return found


@lru_cache(maxsize=1)
def _read(path: Path) -> Sequence[tuple[str, Conversation]]:
    document: dict[str, list[list[Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = []
    for name, entries in document.items():
        home = load_inventory(name)
        tools, lines = offered_for(frozenset(entity.domain for entity in home.entities)), home_lines(home)
        for about, said, *calls in entries:
            if not isinstance(said, str) or not all(isinstance(one, dict) and len(one) == 1 for one in calls):
                raise ConfigError(f"a request of {name!r} is not [category, request, calls...]", where=str(path))
            named = [pair for one in calls for pair in one.items()]
            made = tuple(call(tool, arguments, f"call_{number}") for number, (tool, arguments) in enumerate(named))
            answer = Message(role="assistant", tool_calls=made) if made else Message(role="assistant", content="All right.")
            part: Part = "dev" if int(content_id("part", said), 16) % 2 else "test"
            messages = (Message(role="user", content=said), answer)
            row = Conversation(messages=messages, tools=tools, home=lines, tags=(part, about))
            found.append((content_id("everyday", name, said), row))
    return tuple(found)
